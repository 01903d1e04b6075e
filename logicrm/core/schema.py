"""What every table is made of: the declarative base, identifiers, and instants in UTC.

The same Python types map to the best column of each database: an `Id` is 16 bytes in
SQLite and `uuid` in PostgreSQL; an instant is sortable ISO text in SQLite and
`timestamptz` in PostgreSQL.
"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import uuid_utils.compat
from sqlalchemy import BLOB, JSON, BigInteger, Date, DateTime, MetaData, String, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_id() -> uuid.UUID:
    """Return a UUIDv7: unique everywhere and sorted by the time it was made (RFC 9562)."""
    return uuid_utils.compat.uuid7()


class Id(TypeDecorator[uuid.UUID]):
    """A UUID: 16 bytes in SQLite (half of the text form in every index), `uuid` in PostgreSQL."""

    impl = BLOB
    cache_ok = True

    @property
    def python_type(self) -> type[uuid.UUID]:
        return uuid.UUID

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Uuid() if dialect.name == "postgresql" else BLOB(16))

    def process_bind_param(self, value: uuid.UUID | str | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not isinstance(value, uuid.UUID):
            value = uuid.UUID(value)
        return value if dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> uuid.UUID | None:
        if value is None or isinstance(value, uuid.UUID):
            return value
        return uuid.UUID(bytes=bytes(value))


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant. A naive datetime is refused: it would be read in the wrong zone."""

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: pass an aware one")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class db_now(FunctionElement[datetime]):
    """The database's own clock, in SQL. Purges compare with it, so a web host's clock cannot hasten one."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(db_now, "sqlite")
def _db_now_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"


@compiles(db_now, "postgresql")
def _db_now_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return "clock_timestamp()"


# JSONB in PostgreSQL so that it can be indexed; JSON text in SQLite.
Json = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    """Root of all models. Columns come from `core.pii`: `personal(…)` or `plain(…)`."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            uuid.UUID: Id(),
            datetime: UtcDateTime(),
            date: Date(),
            str: String(200),
            int: BigInteger(),
            dict[str, Any]: Json,
            list[Any]: Json,
            list[str]: Json,
        },
    )

    def __repr__(self) -> str:
        # Never a value: a repr ends up in logs and error reports.
        return f"<{type(self).__name__} {getattr(self, 'id', '')}>"


LongText = Text
