"""Plant a unique string in every declared personal column of one subject, and look for it in every byte that is kept.

The walk over the models finds the columns, so that a new one is planted without anybody thinking of it.
"""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from sqlalchemy import JSON, inspect, select, text

from logicrm.accounts.models import Membership, User, Workspace
from logicrm.core import history, search, tenancy  # noqa: F401 - its tables belong to the walk
from logicrm.core.pii import Personal, declaration, models_about
from logicrm.core.schema import Id, new_id
from logicrm.core.subjects import Subject
from logicrm.extensions import db
from logicrm.privacy import walk

CANARY = "Qzjx"  # appears nowhere else; each planted value is Qzjx + a number + ending
NOW = datetime(2026, 1, 2, tzinfo=UTC)
_NUMBERS = itertools.count(1)  # of all plantations: what one leaves behind must not collide with the next


def make_place(name: str) -> uuid.UUID:
    """A workspace. The caller commits."""
    place = Workspace(
        id=new_id(), slug=name, name=name.title(), country="RO", time_zone="Europe/Bucharest", currency="EUR",
        created_at=NOW,
    )  # fmt: skip
    db.session.add(place)
    db.session.flush()
    return place.id


def make_user(place: uuid.UUID, name: str, email: str, role: str = "sales") -> uuid.UUID:
    """Somebody who signs in there. The caller commits."""
    user = User(id=new_id(), name=name, email=email, of_age=True, created_at=NOW, job_title=f"{name} job", phone="0")
    db.session.add(user)
    db.session.flush()
    db.session.add(Membership(id=new_id(), workspace_id=place, user_id=user.id, role=role, joined_at=NOW))
    db.session.flush()
    return user.id


class Plantation:
    """What was planted, and the ids of the rows that were made for it."""

    def __init__(self, subject: Subject, workspace_id: uuid.UUID, *, canary: str = CANARY) -> None:
        self.subject, self.workspace_id, self.canary = subject, workspace_id, canary
        self.values: dict[str, str] = {}  # canary -> table.column
        self.skipped: dict[str, str] = {}
        self.ids: dict[str, uuid.UUID] = {}
        self.props: dict[str, uuid.UUID] = {}  # rows of nobody, to which a reference must point

    def value(self, column: Any, part: str | None = None) -> Any:
        """A value for a column: a canary where it takes text, something of its type elsewhere."""
        mark = declaration(column)
        mine = isinstance(mark, Personal) and mark.part == part  # a row about two people: only this one's part
        kind = column.type.python_type if not isinstance(column.type, Id) else uuid.UUID
        if kind is str:
            length = getattr(column.type, "length", None) or 200
            text = f"{self.canary}{next(_NUMBERS):04d}w"
            if mine and length >= len(text):
                self.values[text] = f"{column.table.name}.{column.name}"
                return text
            return "x" if length < 8 else f"u{next(_NUMBERS):06d}"[:length]
        if isinstance(column.type, JSON):
            kind = type(column.default.arg(None)) if column.default is not None and column.default.is_callable else dict
            if mine:
                text = f"{self.canary}{next(_NUMBERS):04d}w"
                self.values[text] = f"{column.table.name}.{column.name}"
                return {"v": text} if kind is dict else [text]
            return kind()
        fixed = {datetime: NOW, date: date(2026, 1, 2), uuid.UUID: new_id(), bool: False,
                 int: next(_NUMBERS), float: 1.0, Decimal: Decimal(1), bytes: b"\x00" * 40}  # fmt: skip
        return fixed[kind]

    def plant(self) -> None:
        """Make one row for each declaration of the subject's kind (roots first, then what hangs on them)."""
        declared = models_about(self.subject.kind, db.Model)
        roots = [(m, a) for m, a in declared if a.by is not None]
        rest = [(m, a) for m, a in declared if a.via is not None]
        for model, about in roots:
            self._row(model, about, None)
        for _round in range(4):
            for model, about in list(rest):
                table = about.via[1]
                parent = self.ids.get(table) if table != "*" else self.subject.id
                if parent is not None:
                    self._row(model, about, parent)
                    rest.remove((model, about))
        for model, about in rest:
            self.skipped[model.__tablename__] = f"no parent row for {about}"

    def _row(self, model: Any, about: Any, parent: uuid.UUID | None) -> None:
        name = model.__tablename__
        if name in ("user", "data_subject", "search_entry", "membership", "deletion", "deletion_link", "stored_file"):
            return  # made by the test itself, or by the program
        column = about.by or about.via[0]
        values: dict[str, Any] = {}
        linking = {c.name: fk for fk in model.__table__.foreign_key_constraints for c in fk.columns}
        for attribute in inspect(model).column_attrs:
            own = attribute.columns[0]
            if own.name == "workspace_id":
                values[attribute.key] = self.workspace_id
            elif own.name == "id":
                values[attribute.key] = new_id()
            elif own.name == column:
                holds_id = isinstance(own.type, Id)
                values[attribute.key] = parent or (self.subject.id if holds_id else self.subject.emails[0])
            elif own.name in linking:
                made = self._made(linking[own.name].referred_table)
                if made is None and not own.nullable:
                    self.skipped[name] = f"{own.name} needs a row of {linking[own.name].referred_table.name}"
                    return
                values[attribute.key] = made
            else:
                values[attribute.key] = self.value(own, about.part)
        if "restricted" in values:
            values["restricted"] = False
        try:
            with db.session.begin_nested():
                db.session.add(model(**values))
        except Exception as fault:
            self.skipped[name] = type(fault).__name__ + str(fault)[:200]
            return
        if "id" in values:
            self.ids.setdefault(name, values["id"])

    def _made(self, table: Any) -> uuid.UUID | None:
        if table.name == "workspace":
            return self.workspace_id
        if table.name == "user":
            return self.subject.id if self.subject.kind == "account" else None
        if table.name in self.ids or table.name in self.props:
            return self.ids.get(table.name) or self.props[table.name]
        # A row of nobody in particular, so that the reference holds.
        for mapper in db.Model.registry.mappers:
            if mapper.local_table is table and not list(walk.declared_personal(mapper.class_)):
                row = self._plain_row(mapper.class_)
                if row is not None:
                    self.props[table.name] = row
                return row
        return None

    def _plain_row(self, model: Any) -> uuid.UUID | None:
        values: dict[str, Any] = {}
        linking = {c.name: fk for fk in model.__table__.foreign_key_constraints for c in fk.columns}
        for attribute in inspect(model).column_attrs:
            own = attribute.columns[0]
            if own.name == "workspace_id":
                values[attribute.key] = self.workspace_id
            elif own.name in linking:
                values[attribute.key] = None
            elif own.name != "id":
                values[attribute.key] = self.value(own)
        values["id"] = new_id()
        try:
            with db.session.begin_nested():
                db.session.add(model(**values))
        except Exception:
            return None
        return values["id"]


def bytes_kept(instance: Path) -> Iterator[tuple[str, bytes]]:
    """Every file that the program keeps, the keys left out; (name, content)."""
    for path in sorted(instance.rglob("*")):
        if path.is_file() and path.parent.name != "keys":
            yield str(path.relative_to(instance)), path.read_bytes()


def decrypted(database: Path, key: bytes) -> Iterator[tuple[str, bytes]]:
    """Every page of an encrypted database and of its write-ahead log as plain bytes, free pages included.

    SQLCipher 4 with a raw key: pages of 4096 bytes, AES-256-CBC, the last 80 are the IV and the HMAC; the first page
    begins with 16 bytes of salt.
    """
    size, tail = 4096, 80
    log = database.with_name(database.name + "-wal")
    whole = database.read_bytes()
    pages = [(number == 0, whole[at : at + size]) for number, at in enumerate(range(0, len(whole), size))]
    frames = log.read_bytes()[32:] if log.exists() else b""
    for at in range(0, len(frames), size + 24):
        pages.append((frames[at : at + 4] == b"\0\0\0\1", frames[at + 24 : at + 24 + size]))
    for number, (first, page) in enumerate(pages):
        start, end = 16 if first else 0, size - tail
        if len(page) == size:
            opened = Cipher(algorithms.AES(key), modes.CBC(page[end : end + 16])).decryptor()
            yield f"{database.name}, page {number}", opened.update(page[start:end]) + opened.finalize()


def rows_kept() -> Iterator[tuple[str, bytes]]:
    """Every row of every table of PostgreSQL as text; the bytes themselves are the server's."""
    connection = db.session.connection()
    connection.execute(text("select set_config('app.across', 'on', true)"))
    for table in db.metadata.sorted_tables:
        for (row,) in connection.execute(text(f'select cast(t as text) from "{table.name}" t')):
            yield f"a row of {table.name}", row.encode()


def hits(kept: Iterable[tuple[str, bytes]], needles: list[str]) -> list[str]:
    """Where a needle stands, in UTF-8 or UTF-16, also folded as search folds it."""
    found = []
    forms = {form for n in needles for form in (n, search.fold(n), n.lower(), n.upper())}
    for name, content in kept:
        for form in sorted(forms):
            if form.encode() in content or form.encode("utf-16-le") in content:
                found.append(f"{form} in {name}")
    return found


def row_hashes(skip: set[Any]) -> dict[str, str]:
    """A hash of every row of every table except those whose key is in `skip`, and what search knows of them."""
    out = {}
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":  # row-level security would hide the rows of all workspaces
        connection.execute(text("select set_config('app.across', 'on', true)"))
    for table in db.metadata.sorted_tables:
        for row in connection.execute(select(table)):
            key = row._mapping.get("id", row[0])
            if key in skip or row._mapping.get("ref_id") in skip:
                continue
            out[f"{table.name}:{key}"] = hashlib.sha256(repr(tuple(row)).encode()).hexdigest()
    return out


__all__ = [
    "CANARY", "NOW", "Plantation", "bytes_kept", "decrypted", "hits", "make_place", "make_user", "row_hashes",
    "rows_kept", "tenancy",
]  # fmt: skip
