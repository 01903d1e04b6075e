"""Who is affected by a breach: found by the declarations of the tables, counted first, listed then.

Every row's id holds the instant at which it was made (UUIDv7), so that "what was there by Tuesday" is a range of ids in
any table. Whose a row is, its `About` says: the column with the address itself, or the row by which it is reached.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.selectable import Select

from logicrm.core import tenancy
from logicrm.core.phrases import gettext as _
from logicrm.core.pii import About, models_about
from logicrm.core.schema import Id, new_id
from logicrm.extensions import db
from logicrm.privacy import walk
from logicrm.privacy.registers import members
from logicrm.privacy.registers.models import DisclosurePerson
from logicrm.privacy.registers.models_breach import BreachPerson

STAFF = "staff"  # the members of this workspace, whatever the range
DEEPEST = 4
BATCH = 500
#: What this register itself holds, and codes of people who knock at a door, say nothing of who is affected.
_NOT_ASKED = frozenset({BreachPerson.__tablename__, DisclosurePerson.__tablename__, "portal_code"})


@dataclass(frozen=True)
class Kind:
    """A kind of record that somebody may be found in. `name` is its table's, or "staff"."""

    name: str
    label: str


@dataclass(frozen=True)
class Count:
    """What a kind holds in the range: rows, and different addresses in them."""

    kind: Kind
    rows: int
    people: int


def kinds() -> list[Kind]:
    """The kinds of records by which people can be found in this workspace, by name."""
    found = {
        model.__tablename__: Kind(model.__tablename__, walk.label_of(model))
        for model, about in models_about("person", db.Model)
        if _address(model, about) is not None
    }
    return [*sorted(found.values(), key=lambda kind: kind.label.casefold()), Kind(STAFF, _("Staff of this workspace"))]


def _address(model: Any, about: About, depth: int = 0) -> tuple[Any, list[tuple[Any, Any]]] | None:
    """(column with the address, joins that lead there) from a row of `model`; None where there is no way."""
    table = model.__table__
    if depth > DEEPEST or not tenancy.is_tenant(table) or model.__tablename__ in _NOT_ASKED:
        return None
    if about.by is not None:
        column = table.columns[about.by]
        return None if isinstance(column.type, Id) else (getattr(model, about.by), [])
    name = about.via[1] if about.via else walk.ANY
    for parent, theirs in models_about("person", db.Model):
        if parent.__tablename__ == name and theirs.part == about.part:
            found = _address(parent, theirs, depth + 1)
            if found is not None and about.via is not None:
                here = and_(
                    getattr(model, about.via[0]) == parent.id,
                    table.c.workspace_id == parent.__table__.c.workspace_id,
                )
                return found[0], [(parent, here), *found[1]]
    return None


def _ways(name: str) -> list[tuple[Any, Any, list[tuple[Any, Any]]]]:
    """(model, address, joins) by which people are found in a table: a shipment has two of them."""
    found = []
    for model, about in models_about("person", db.Model):
        way = _address(model, about) if model.__tablename__ == name else None
        if way is not None:
            found.append((model, *way))
    return found


def first_id(at: datetime) -> uuid.UUID:
    """The lowest id that a row made at this instant can have (RFC 9562: 48 bits of milliseconds come first)."""
    return uuid.UUID(int=int(at.timestamp() * 1000) << 80)


def _made_between(model: Any, since: datetime | None, until: datetime | None) -> list[Any]:
    """Rows made from `since` on and before `until`."""
    return [
        *([model.id >= first_id(since)] if since else []),
        *([model.id < first_id(until)] if until else []),
    ]


def _addresses(name: str, since: datetime | None, until: datetime | None) -> list[Select[Any]]:
    found = []
    for model, address, joins in _ways(name):
        wanted = select(func.lower(address).label("email")).select_from(model)
        for parent, how in joins:
            wanted = wanted.join(parent, how)
        # An address that was not given is "" or NULL.
        found.append(wanted.where(func.coalesce(address, "").like("%@%"), *_made_between(model, since, until)))
    return found


def count(names: Iterable[str], since: datetime | None, until: datetime | None) -> list[Count]:
    """What each of these kinds holds in the range. Reads only."""
    counted = []
    for kind in [one for one in kinds() if one.name in set(names)]:
        if kind.name == STAFF:
            here = len(members.all_members())
            counted.append(Count(kind, here, here))
            continue
        model = _ways(kind.name)[0][0]
        rows = db.session.scalar(select(func.count()).select_from(model).where(*_made_between(model, since, until)))
        people = _everybody([kind.name], since, until)
        counted.append(Count(kind, rows or 0, len(people)))
    return counted


def _everybody(names: Iterable[str], since: datetime | None, until: datetime | None) -> dict[str, list[str]]:
    """Each address with the kinds of records in which it was found."""
    found: dict[str, set[str]] = {}
    for name in names:
        if name == STAFF:
            for one in members.all_members():
                found.setdefault(one.email.lower(), set()).add(name)
            continue
        for wanted in _addresses(name, since, until):
            for (email,) in db.session.execute(wanted.distinct()):
                found.setdefault(email, set()).add(name)
    return {email: sorted(where) for email, where in sorted(found.items())}


def people(names: Iterable[str], since: datetime | None, until: datetime | None) -> int:
    """How many different people are in any of these kinds in the range."""
    known = {kind.name for kind in kinds()}
    return len(_everybody([name for name in names if name in known], since, until))


def put_on_list(
    breach_id: uuid.UUID, names: Iterable[str], since: datetime | None, until: datetime | None, *, now: datetime
) -> int:
    """List everybody found as affected; return how many were not listed before. Twice is as once. The caller commits."""
    known = {kind.name for kind in kinds()}
    found = _everybody([name for name in names if name in known], since, until)
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    added, rows = 0, [
        {
            "id": new_id(), "workspace_id": tenancy.current(), "breach_id": breach_id, "email": email,
            "found_in": where, "found_at": now,
        }
        for email, where in found.items()
    ]  # fmt: skip
    for start in range(0, len(rows), BATCH):
        made = db.session.execute(
            insert(BreachPerson)
            .values(rows[start : start + BATCH])
            .on_conflict_do_nothing(index_elements=["workspace_id", "breach_id", "email"])
            .returning(literal(1))
        )
        added += len(made.all())
    return added


def empty(breach_id: uuid.UUID) -> int:
    """Take everybody off the list who has not been written to: the query was too wide. Return how many. The caller commits."""
    found = select(BreachPerson).where(BreachPerson.breach_id == breach_id, BreachPerson.asked_for.is_(None))
    gone = list(db.session.scalars(found))
    for person in gone:
        db.session.delete(person)
    return len(gone)
