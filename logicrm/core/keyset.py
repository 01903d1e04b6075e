"""Pages by key, never by OFFSET: the last page costs what the first one does, and no row is seen twice.

A sorted list is a row of *segments*; each is one range of one index. Sorting by name is one segment. Sorting by
value is two: rows with a value, then rows without (empty ones come last in both directions, on both databases).
Sorting by owner is one per owner, in the order of their names, which no index of the rows could give.

    def _by_name(stage: bool) -> Listing:          # called once per shape of question, not once per page:
        where = (Lead.stage_id == bindparam("stage"),) if stage else ()     # values come as parameters
        return Listing(COLUMNS, (Segment("", (), (Lead.name_key, Lead.id)),), where)

    page = read(_by_name, True, params={"stage": stage}, cursor=Cursor.parse(request.args.get("at")), size=50)
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)

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


@dataclass(frozen=True)
class Listing:
    """What a list reads. Values that change from page to page are parameters (`bindparam`), never literals.

    columns:  what the rows have, the id among them
    segments: their order
    where:    what narrows all of them
    joins:    outer joins that `columns` need: (table, condition)
    """

    columns: tuple[Any, ...]
    segments: tuple[Segment, ...]
    where: tuple[ColumnElement[bool], ...] = ()
    joins: tuple[tuple[Any, ColumnElement[bool]], ...] = ()

    @property
    def id_column(self) -> Any:
        return self.segments[0].keys[-1]

    @property
    def id_index(self) -> int:
        return next(n for n, column in enumerate(self.columns) if getattr(column, "key", "") == self.id_column.key)

    @property
    def width(self) -> int:
        """Keys of the widest segment."""
        return max(len(segment.keys) for segment in self.segments)

    @property
    def searched(self) -> bool:
        """True when the rows are those of a search: few, and found with effort."""
        return bool(self.id_column.parent.is_aliased_class)

    @property
    def joined(self) -> bool:
        """True when keys are found first and columns joined to them: a join promises no order."""
        return self.searched or len(self.segments) > 1


@lru_cache(maxsize=512)
def _listing(make: Callable[..., Listing], shape: tuple[Hashable, ...]) -> Listing:
    # Building a statement takes longer than asking the database, so each shape is built once.
    return make(*shape)


def read(
    make: Callable[..., Listing],
    *shape: Hashable,
    params: dict[str, Any] | None = None,
    cursor: Cursor | None = None,
    descending: bool = False,
    size: int = 50,
    counted: bool = False,
    cap: int = CAP,
) -> Page:
    """Return one page of rows, in one statement.

    `make(*shape)` says what is read; `params` are the values of its parameters. `descending` turns the order
    inside each segment; the order of the segments is the listing's.
    A cursor that fits none of the segments (an address typed by hand, an owner who left) begins at the start.
    """
    listing = _listing(make, shape)
    back = cursor is not None and cursor.back
    order = list(reversed(listing.segments)) if back else list(listing.segments)
    start, values = _start(order, cursor)
    down = descending != back
    over = listing.searched and values is None and len(order) == 1
    count = "" if not counted else "over" if over else "apart"
    statement = _statement(make, shape, back, start, values is not None, down, size, count, cap)
    held = dict(params or {}) | {f"c{n}": value for n, value in enumerate(values or ())}
    rows = list(db.session.execute(statement, held))
    if listing.joined:
        rows = _sorted(rows, listing, down)
    more = len(rows) > size
    rows = rows[:size]
    if back:
        rows.reverse()
    total = None
    if counted:
        total = rows[0][-1] if rows else (0 if cursor is None else None)
    mark = lambda row, going_back: _cursor_at(row, order[start:], listing, going_back)  # noqa: E731
    before_this = more if back else values is not None
    after_this = values is not None if back else more
    return Page(
        rows, total,
        mark(rows[0], True) if rows and before_this else None,
        mark(rows[-1], False) if rows and after_this else None,
        cap,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _statement(
    make: Callable[..., Listing], shape: tuple[Hashable, ...], back: bool, start: int, resumed: bool, down: bool,
    size: int, count: str, cap: int,
) -> Select[Any]:  # fmt: skip
    """The statement of a page; the place where it resumes comes as the parameters c0, c1 …"""
    listing = _listing(make, shape)
    order = list(reversed(listing.segments)) if back else list(listing.segments)
    wide_keys = max((segment.keys for segment in order), key=len)
    parts = []
    for place, segment in enumerate(order[start:]):
        keys = [key.desc() if down else key for key in segment.keys]
        wanted = and_(true(), *listing.where, *segment.where)
        if place == 0 and resumed:
            wanted = and_(wanted, _beyond(segment.keys, down))
        named = [key.label(f"k{n}") for n, key in enumerate(segment.keys[:-1])]
        named += [cast(null(), wide_keys[n].type).label(f"k{n}") for n in range(len(named), listing.width - 1)]
        wide = [segment.keys[-1].label("key")] if listing.joined else list(listing.columns)
        part = select(*wide, literal(place).label("place"), *named).where(wanted).order_by(*keys).limit(_rows(size + 1))
        # A search's rows are counted while they are at hand.
        parts.append(part.add_columns(func.count().over().label("total")) if count == "over" else part)
    statement = _with_columns(listing, parts, size, "total" if count == "over" else "") if listing.joined else parts[0]
    if count == "apart":
        statement = statement.add_columns(_count(listing.id_column, listing.where, cap))
    for target, on in listing.joins:
        statement = statement.outerjoin(target, on)
    return statement


def _with_columns(listing: Listing, parts: list[Any], size: int, total: str) -> Select[Any]:
    """The columns of the rows whose keys are found by one range or one after the other."""
    if len(parts) == 1:
        found = parts[0].subquery("found")
    else:
        found = union_all(*(select(part.subquery()) for part in parts)).limit(_rows(size + 1)).subquery("found")
    names = ["place", *(f"k{n}" for n in range(listing.width - 1)), *([total] if total else [])]
    outer = listing.columns[listing.id_index]
    # An outer join, though no row is missing: SQLite takes its left side first. With an inner one it walked
    # every row of the workspace and looked each up among the fifty.
    return (
        select(*listing.columns, *(found.c[name] for name in names))
        .select_from(found)
        .outerjoin(outer.class_, found.c.key == outer)
    )


def _rows(count: int) -> Any:
    """How many rows are wanted, written out: of an unknown number PostgreSQL assumes a tenth of the table, and plans
    each page anew."""
    return literal_column(str(count))


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


def _beyond(keys: Sequence[Any], down: bool) -> ColumnElement[bool]:
    """Rows past c0, c1 … in this order. A row-value comparison would do, but SQLite does not see the index's
    range through it when the columns are mixed with other conditions, so the first column is said apart too."""
    values = [bindparam(f"c{n}", type_=key.type) for n, key in enumerate(keys)]
    steps = []
    for n, key in enumerate(keys):
        same = [k == v for k, v in zip(keys[:n], values[:n], strict=True)]
        steps.append(and_(*same, key < values[n] if down else key > values[n]))
    if len(keys) == 1:
        return steps[0]
    first = keys[0] <= values[0] if down else keys[0] >= values[0]
    return and_(first, or_(*steps))


def _sorted(rows: list[Row[Any]], listing: Listing, down: bool) -> list[Row[Any]]:
    """Segments first, then the keys, in the same direction in each: a join promises no order."""
    where_id, wide, width = listing.id_index, len(listing.columns), listing.width

    def inner(row: Row[Any]) -> tuple[Any, ...]:
        # Keys that a narrow segment has not are None in all of its rows.
        keys = (row[wide + 1 + n] for n in range(width - 1))
        return (*("" if key is None else key for key in keys), row[where_id].bytes)

    result: list[Row[Any]] = []
    for place in sorted({row[wide] for row in rows}):
        result += sorted((r for r in rows if r[wide] == place), key=inner, reverse=down)
    return result


def _cursor_at(row: Row[Any], order: list[Segment], listing: Listing, back: bool) -> Cursor:
    wide = len(listing.columns)
    segment = order[row[wide]]
    keys = [row[wide + 1 + n] for n in range(len(segment.keys) - 1)]
    return Cursor(segment.name, (*keys, row[listing.id_index]), back)


def _count(id_column: Any, where: Sequence[ColumnElement[bool]], cap: int) -> Any:
    inner = select(literal(1).label("one")).select_from(id_column.parent.entity).where(*where)
    return select(func.count()).select_from(inner.limit(_rows(cap + 1)).subquery("counted")).scalar_subquery()
