"""Pages by key, never by OFFSET: the last page costs what the first one does, and no row is seen twice.

A sorted list is a row of *segments*; each is one range of one index. Sorting by name is one segment. Sorting by
value is two: rows with a value, then rows without (empty ones come last in both directions, on both databases).
Sorting by owner is one per owner, in the order of their names, which no index of the rows could give.

    segments = [Segment("", (), (Lead.name_key, Lead.id))]
    page = read(columns, segments, where=[...], cursor=Cursor.parse(request.args.get("at")), size=50)
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import ColumnElement, Row, and_, cast, func, literal, null, or_, select, true, union_all
from sqlalchemy.orm import aliased

from logicrm.core import crypto
from logicrm.core.schema import Id
from logicrm.extensions import db

CAP = 10_000  # a list says "10,000+" beyond


@dataclass(frozen=True)
class Segment:
    """One range: rows for which `where` holds, in the order of `keys` (unique together; the last is the id)."""

    name: str
    where: tuple[ColumnElement[bool], ...]
    keys: tuple[Any, ...]


@dataclass(frozen=True)
class Cursor:
    """A place between two rows: after (or, going back, before) the row with these keys in this segment."""

    segment: str
    values: tuple[Any, ...]
    back: bool = False

    def __str__(self) -> str:
        # Sealed: keys are names and addresses of companies, and an address ends up in histories and proxies' logs.
        body = json.dumps([self.segment, int(self.back), *map(_to_text, self.values)], separators=(",", ":"))
        return base64.urlsafe_b64encode(crypto.seal("cursor", body.encode())).decode().rstrip("=")

    @classmethod
    def last(cls) -> Cursor:
        """The end of a list, read backwards: costs what the first page does."""
        return cls("", (), True)

    @classmethod
    def parse(cls, text: str | None) -> Cursor | None:
        """Read a cursor from an address; None when there is none or somebody made it up."""
        if not text or len(text) > 2000:
            return None
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            segment, back, *values = json.loads(crypto.unseal("cursor", sealed))
        except (ValueError, InvalidTag, crypto.BadKey):
            return None
        return cls(segment, tuple(values), bool(back))


def _to_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, int) else str(value)


def _from_text(column: Any, value: Any) -> Any:
    kind = uuid.UUID if isinstance(column.type, Id) else column.type.python_type
    return datetime.fromisoformat(value) if kind is datetime else kind(value)


@dataclass(frozen=True)
class Page:
    """One page of a list. `total` is counted up to `cap` + 1; None when nobody asked."""

    rows: list[Row[Any]]
    total: int | None
    previous: Cursor | None
    next: Cursor | None
    cap: int = CAP

    @property
    def more_than(self) -> bool:
        """True when nobody counted to the end: there are more than `cap`."""
        return self.total is not None and self.total > self.cap


def read(
    columns: Sequence[Any],
    segments: Sequence[Segment],
    *,
    where: Sequence[ColumnElement[bool]] = (),
    cursor: Cursor | None = None,
    descending: bool = False,
    size: int = 50,
    counted: bool = False,
    cap: int = CAP,
    joins: Sequence[tuple[Any, ColumnElement[bool]]] = (),
) -> Page:
    """Return one page of rows, in one statement. The rows have `columns`.

    `descending` turns the order inside each segment; the order of the segments is the caller's. `joins` are outer
    joins that `columns` need.
    A cursor that fits none of the segments (an address typed by hand, an owner who left) begins at the start.
    """
    back = cursor is not None and cursor.back
    order = list(reversed(segments)) if back else list(segments)
    start, values = _start(order, cursor)
    down = descending != back
    wide_keys = max((segment.keys for segment in segments), key=len)
    width = len(wide_keys)
    parts = []
    for place, segment in enumerate(order[start:]):
        keys = [key.desc() if down else key for key in segment.keys]
        wanted = and_(true(), *where, *segment.where)
        if place == 0 and values is not None:
            wanted = and_(wanted, _beyond(segment.keys, values, down))
        named = [key.label(f"k{n}") for n, key in enumerate(segment.keys[:-1])]
        named += [cast(null(), wide_keys[n].type).label(f"k{n}") for n in range(len(named), width - 1)]
        parts.append(
            select(literal(place).label("place"), segment.keys[-1].label("key"), *named)
            .where(wanted).order_by(*keys).limit(size + 1)
        )  # fmt: skip
    id_column = segments[0].keys[-1]
    if len(parts) == 1:
        found = parts[0].subquery("found")
    else:
        found = union_all(*(select(part.subquery()) for part in parts)).limit(size + 1).subquery("found")
    extra = [found.c.place, *(found.c[f"k{n}"] for n in range(width - 1))]
    if counted:
        extra.append(_count(id_column, where, cap))
    outer = columns[_id_index(columns, id_column)]
    # An outer join, though no row is missing: SQLite takes its left side first. With an inner one it walked
    # every row of the workspace and looked each up among the fifty.
    statement = select(*columns, *extra).select_from(found).outerjoin(outer.class_, found.c.key == outer)
    for target, on in joins:
        statement = statement.outerjoin(target, on)
    rows = list(db.session.execute(statement))
    wide = len(columns)
    rows.sort(key=lambda row: row[wide])  # segments first; then the keys, in the same direction in each
    rows = _sorted_inside(rows, wide, width, down, columns, id_column)
    more = len(rows) > size
    rows = rows[:size]
    if back:
        rows.reverse()
    total = None
    if counted:
        total = rows[0][-1] if rows else (0 if cursor is None else None)
    mark = lambda row, going_back: _cursor_at(row, order[start:], wide, width, columns, id_column, going_back)  # noqa: E731
    before_this = more if back else values is not None
    after_this = values is not None if back else more
    return Page(
        rows, total,
        mark(rows[0], True) if rows and before_this else None,
        mark(rows[-1], False) if rows and after_this else None,
        cap,
    )  # fmt: skip


def _start(order: list[Segment], cursor: Cursor | None) -> tuple[int, list[Any] | None]:
    if cursor is None:
        return 0, None
    for place, segment in enumerate(order):
        if segment.name == cursor.segment and len(segment.keys) == len(cursor.values):
            try:
                return place, [_from_text(k, v) for k, v in zip(segment.keys, cursor.values, strict=True)]
            except (ValueError, ArithmeticError, TypeError):
                break
    return 0, None


def _beyond(keys: Sequence[Any], values: Sequence[Any], down: bool) -> ColumnElement[bool]:
    """Rows past `values` in this order. A row-value comparison would do, but SQLite does not see the index's
    range through it when the columns are mixed with other conditions, so the first column is said apart too."""
    steps = []
    for n, key in enumerate(keys):
        same = [k == v for k, v in zip(keys[:n], values[:n], strict=True)]
        steps.append(and_(*same, key < values[n] if down else key > values[n]))
    if len(keys) == 1:
        return steps[0]
    first = keys[0] <= values[0] if down else keys[0] >= values[0]
    return and_(first, or_(*steps))


def _id_index(columns: Sequence[Any], id_column: Any) -> int:
    return next(n for n, column in enumerate(columns) if getattr(column, "key", "") == id_column.key)


def _sorted_inside(
    rows: list[Row[Any]], wide: int, width: int, down: bool, columns: Sequence[Any], id_column: Any
) -> list[Row[Any]]:
    where_id = _id_index(columns, id_column)

    def inner(row: Row[Any]) -> tuple[Any, ...]:
        # Keys that a narrow segment has not are None in all of its rows.
        keys = (row[wide + 1 + n] for n in range(width - 1))
        return (*("" if key is None else key for key in keys), row[where_id].bytes)

    result: list[Row[Any]] = []
    for place in sorted({row[wide] for row in rows}):
        result += sorted((r for r in rows if r[wide] == place), key=inner, reverse=down)
    return result


def _cursor_at(
    row: Row[Any], order: list[Segment], wide: int, width: int, columns: Sequence[Any], id_column: Any, back: bool
) -> Cursor:
    segment = order[row[wide]]
    keys = [row[wide + 1 + n] for n in range(len(segment.keys) - 1)]
    return Cursor(segment.name, (*keys, row[_id_index(columns, id_column)]), back)


def _count(id_column: Any, where: Sequence[ColumnElement[bool]], cap: int) -> Any:
    inner = select(literal(1).label("one")).select_from(id_column.parent.entity).where(*where)
    return select(func.count()).select_from(inner.limit(cap + 1).subquery("counted")).scalar_subquery()


def among(model: Any, ids: Sequence[uuid.UUID]) -> Any:
    """The rows of `model` with these ids (of a search, so a few hundred), to be filtered and sorted as if it were
    the table. The LIMIT is a fence: without it both databases walk the index of the sort and test each row."""
    fenced = select(model).where(model.id.in_(ids)).limit(len(ids))
    return aliased(model, fenced.subquery())
