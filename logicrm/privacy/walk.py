"""Everything that is held about one person, found by the declarations of the tables and by nothing else.

Roots are rows whose declared column holds the subject's id or one of its addresses; from there `via` is
followed until nothing new appears. Matching is by key, never by substring. An account is followed through
all workspaces (the one reason why this file opens the fence), a person inside theirs.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask import g
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import InstrumentedAttribute

from logicrm.core import tenancy
from logicrm.core.pii import About, Erase, Personal, declaration, models_about, personal_columns
from logicrm.core.schema import Id
from logicrm.core.subjects import Subject
from logicrm.extensions import db

BATCH = 500
ANY = "*"
WHOLE = "*"  # the part that is all parts
Key = Any  # value of a row's own key: its id, or the single primary key of a table without ids


@dataclass
class Rows:
    """The found rows of one table: key → (workspace or None, the declarations by which it was found)."""

    model: Any
    by_key: dict[Key, tuple[uuid.UUID | None, set[About]]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.model.__tablename__)

    def __len__(self) -> int:
        return len(self.by_key)


@dataclass
class Found:
    """All rows about one subject, by table."""

    subject: Subject
    tables: dict[str, Rows] = field(default_factory=dict)

    def ids(self, table: str, part: str = "") -> set[uuid.UUID]:
        """Ids of the found rows of one table of which `part` is the subject's; of all rows for "*".

        What hangs on a row about two people is not all the subject's: it follows only from the same part.
        Copies of a row (search words, undo) are made of both, so they follow from any.
        """
        if table == ANY:
            keys = (key for rows in self.tables.values() for key in rows.by_key)
            return {self.subject.id} | {key for key in keys if isinstance(key, uuid.UUID)}
        rows = self.tables.get(table)
        if rows is None:
            return set()
        return {
            key
            for key, (_place, abouts) in rows.by_key.items()
            if isinstance(key, uuid.UUID) and any(about.part == part for about in abouts)
        }

    @property
    def count(self) -> int:
        return sum(len(rows) for rows in self.tables.values())


def key_of(model: Any) -> InstrumentedAttribute[Any]:
    """The attribute that names a row: `id`, or the only primary key of a table without one."""
    if "id" in model.__table__.columns:
        return model.id  # type: ignore[no-any-return]
    names = [c.key for c in inspect(model).primary_key]
    if len(names) != 1:
        raise TypeError(f"{model.__tablename__} has personal data and neither an id nor a single key")
    return getattr(model, names[0])  # type: ignore[no-any-return]


def batches(values: Iterable[Any], size: int = BATCH) -> Iterator[list[Any]]:
    """Cut into lists of at most `size`, in a stable order."""
    ordered = sorted(values)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def options(subject: Subject) -> dict[str, Any]:
    """Execution options of a statement about this subject."""
    return {"synchronize_session": False, tenancy.ACROSS: subject.workspace_id is None}


@contextmanager
def beyond_portal() -> Iterator[None]:
    """Lift the portal's second scope, not the workspace's: what a person may list is less than what is about them.

    Only services of this half run inside, with a subject whose identity was proven; also used as a decorator.
    """
    person = g.pop("portal_person", None)
    try:
        yield
    finally:
        if person is not None:
            g.portal_person = person


@beyond_portal()
def find(subject: Subject) -> Found:
    """Find every row about the subject. Inside the subject's workspace; outside any for accounts."""
    if subject.workspace_id is not None and tenancy.current() != subject.workspace_id:
        raise tenancy.NoWorkspace("a person is followed inside their own workspace")
    found = Found(subject)
    declared = models_about(subject.kind, db.Model)
    for model, about in declared:
        if about.by is not None:
            _collect(found, model, about, _values(model, about.by, subject))
    asked: dict[tuple[Any, About], set[uuid.UUID]] = defaultdict(set)
    grew = True
    while grew:
        grew = False
        for model, about in declared:
            if about.via is None:
                continue
            new = found.ids(about.via[1], about.part) - asked[model, about]
            asked[model, about] |= new
            grew = _collect(found, model, about, new, about.via[0]) or grew
    return found


def _values(model: Any, column: str, subject: Subject) -> set[Any]:
    """What the column holds for this subject: its id, or its addresses."""
    if isinstance(model.__table__.columns[column].type, Id):
        return {subject.id}
    return set(subject.emails)


def _collect(found: Found, model: Any, about: About, values: set[Any], column: str = "") -> bool:
    """Add the rows whose column holds one of the values; True when there was a new one."""
    if not values:
        return False
    key, attribute = key_of(model), getattr(model, column or about.by or "")
    tenant = tenancy.is_tenant(model.__table__)
    rows = found.tables.setdefault(model.__tablename__, Rows(model))
    before = len(rows)
    for some in batches(values):
        wanted = select(key, model.workspace_id if tenant else key).where(attribute.in_(some))
        for own, workspace_id in db.session.execute(wanted, execution_options=options(found.subject)):
            _place, abouts = rows.by_key.setdefault(own, (workspace_id if tenant else None, set()))
            abouts.add(about)
    if not rows.by_key:
        del found.tables[model.__tablename__]
    return len(rows) > before


# What becomes of them ------------------------------------------------------------------------------


@dataclass
class TablePlan:
    """What erasure does in one table: keys by act, and the ground for what is kept."""

    rows: Rows
    delete: set[Key] = field(default_factory=set)
    keep: set[Key] = field(default_factory=set)
    blank: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))  # by part of the row
    law: str = ""
    held: dict[Key, tuple[str, date]] = field(default_factory=dict)  # ground and last day of what a hold keeps

    @property
    def stays(self) -> set[Key]:
        """What is left as it is: kept by a law or by a hold."""
        return self.keep | set(self.held)

    @property
    def model(self) -> Any:
        return self.rows.model

    def places(self, keys: Iterable[Key]) -> Iterator[tuple[uuid.UUID | None, list[Key]]]:
        """The keys by workspace (so that the tables' own index serves), in batches."""
        by_place: dict[uuid.UUID | None, list[Key]] = defaultdict(list)
        for key in keys:
            by_place[self.rows.by_key[key][0]].append(key)
        for place, own in by_place.items():
            for some in batches(own):
                yield place, some


def plan(found: Found) -> dict[str, TablePlan]:
    """Decide per record, not per person: a retained record stays, and nothing else with it."""
    plans = {name: _table_plan(rows) for name, rows in found.tables.items()}
    # A kept row must not lose what it refers to, nor go with it: its parents stay, without personal values.
    for one in list(plans.values()):
        if one.keep:
            spare_parents(one, plans, found.subject)
    return plans


def _table_plan(rows: Rows) -> TablePlan:
    result = TablePlan(rows)
    for key, (_place, abouts) in rows.by_key.items():
        whole = [about for about in abouts if not about.part]
        kept = [about for about in abouts if about.rows is Erase.KEEP]
        if kept:
            result.keep.add(key)
            result.law = kept[0].law
        elif any(about.rows is Erase.DELETE for about in whole):
            result.delete.add(key)
        else:
            # A row about two people loses only the erased one's part, whatever else the declaration says.
            for about in abouts:
                result.blank[about.part].add(key)
    return result


def spare_parents(kept: TablePlan, plans: dict[str, TablePlan], subject: Subject) -> None:
    """What kept rows refer to stays as well, without personal values."""
    for key in kept.model.__table__.foreign_key_constraints:
        parent = plans.get(key.referred_table.name)
        column = next((c for c in key.columns if c.name != "workspace_id"), None)
        if parent is None or not parent.delete or column is None:
            continue
        pointing = getattr(kept.model, column.key)
        for place, some in kept.places(kept.keep):
            wanted = select(pointing).where(key_of(kept.model).in_(some), pointing.is_not(None))
            if place is not None:
                wanted = wanted.where(kept.model.workspace_id == place)
            for (own,) in db.session.execute(wanted, execution_options=options(subject)):
                if own in parent.delete:
                    parent.delete.discard(own)
                    parent.blank[""].add(own)


def data_class(model: Any) -> str:
    """The class of the policy under which a table's rows are counted."""
    for _column, mark in personal_columns(model.__table__):
        return mark.keep
    for keep in getattr(model, "__retention__", ()):
        return str(keep.data_class)
    return "account"


def label_of(model: Any) -> str:
    """What a table is called for people: its `__label__`, else its name."""
    return str(getattr(model, "__label__", "") or model.__tablename__.replace("_", " ").capitalize())


def latest_anchor(one: TablePlan, subject: Subject) -> datetime | None:
    """The latest instant from which the keeping of the kept rows counts, or None when it has not begun."""
    latest: datetime | None = None
    for keep in getattr(one.model, "__retention__", ()):
        anchor = getattr(one.model, keep.anchor)
        for place, some in one.places(one.keep):
            wanted = select(func.max(anchor)).where(key_of(one.model).in_(some))
            if place is not None:
                wanted = wanted.where(one.model.workspace_id == place)
            value = db.session.execute(wanted, execution_options=options(subject)).scalar()
            if isinstance(value, datetime) and (latest is None or value > latest):
                latest = value
    return latest


def load_rows(rows: Rows, columns: Sequence[str], subject: Subject) -> Iterator[tuple[Key, dict[str, Any]]]:
    """Yield (key, values of the columns) of found rows, in the order in which they were made."""
    one = TablePlan(rows)
    attributes = [getattr(rows.model, name) for name in columns]
    for place, some in one.places(rows.by_key):
        key = key_of(rows.model)
        wanted = select(key, *attributes).where(key.in_(some)).order_by(key)
        if place is not None:
            wanted = wanted.where(rows.model.workspace_id == place)
        for row in db.session.execute(wanted, execution_options=options(subject)):
            yield row[0], dict(zip(columns, row[1:], strict=True))


def parts_of(rows: Rows, key: Key) -> set[str]:
    """Which parts of a row are about the subject: {""} when the whole row is."""
    return {about.part for about in rows.by_key[key][1]}


def declared_personal(model: Any) -> dict[str, Personal]:
    """Attribute name → declaration, for each personal column of a model."""
    found = {}
    for attribute in inspect(model).column_attrs:
        mark = declaration(attribute.columns[0])
        if isinstance(mark, Personal):
            found[attribute.key] = mark
    return found


def load_models(wanted: Any, model: Any, place: uuid.UUID, subject: Subject) -> list[Any]:
    """Rows as objects, of one workspace; for an account also of another than the present one."""
    wanted = wanted.where(model.workspace_id == place)
    return list(db.session.scalars(wanted, execution_options=options(subject)))
