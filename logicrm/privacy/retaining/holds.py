"""Holds: one record, one person's data or one class of data stays although its time is over, for a ground, until a day.

Retention and erasure ask here, and nobody else. What a hold keeps is written out row by row (`HeldRow`), together with
the rows that it cannot be without, so that any statement can leave them out. What an erasure had to leave is done once
no hold keeps it. The callers commit.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, or_, select, update

from logicrm.core import audit, subjects, tenancy, watermarks, workspaces
from logicrm.core.errors import Missing, Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.promises import promise
from logicrm.core.schema import Base, Id, new_id
from logicrm.core.subjects import Subject
from logicrm.extensions import db
from logicrm.privacy import vocabulary, walk
from logicrm.privacy.retaining.models import CLASS, RECORD, SUBJECT, HeldRow, LegalHold
from logicrm.privacy.walk import TablePlan

LONGEST = timedelta(days=10 * 366)
LONGEST_REASON = 300
_EVERYWHERE = {tenancy.ACROSS: True}


def today_of(place: uuid.UUID | None, now: datetime) -> date:
    """The day that it is in a workspace."""
    business = (workspaces.met(place) or workspaces.by_id(place)) if place else None
    return now.astimezone(ZoneInfo(business.facts.time_zone) if business else UTC).date()


def in_force(now: datetime) -> list[LegalHold]:
    """The holds of the present workspace that keep something now."""
    return list(db.session.scalars(select(LegalHold).where(*_still(today_of(tenancy.current(), now)))))


def _still(today: date) -> tuple[Any, ...]:
    return LegalHold.lifted_at.is_(None), LegalHold.until >= today


def every_hold() -> list[LegalHold]:
    """All holds of the present workspace, the newest first."""
    return list(db.session.scalars(select(LegalHold).order_by(LegalHold.id.desc()).limit(200)))


# Setting and lifting ------------------------------------------------------------------------------


@promise("retention.holds")
def place(
    *, scope: str, table_name: str = "", record_id: uuid.UUID | None = None, subject_kind: str = "",
    subject_id: uuid.UUID | None = None, data_class: str = "", ground: str, reason: str, until: date, by: uuid.UUID,
    now: datetime,
) -> LegalHold:  # fmt: skip
    """Set a hold. Refuses one without a ground, a reason or an end, and one on what is not here."""
    today = today_of(tenancy.current(), now)
    if ground not in vocabulary.HOLD_GROUNDS:
        raise Refused(_("Choose why it must stay."), field="ground")
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Refused(_("Say why in 1 to %(n)s characters.", n=LONGEST_REASON), field="reason")
    if not today <= until <= today + LONGEST:
        raise Refused(_("Choose a last day between today and ten years from now."), field="until")
    if scope == RECORD:
        _must_be_here(table_name, record_id)
    elif scope == SUBJECT:
        if subject_id is None or subject_kind not in subjects.ADAPTERS or not _is_ours(subject_kind, subject_id):
            raise Refused(_("There is nobody here with this address."), field="subject")
    elif scope != CLASS or data_class not in vocabulary.DATA_CLASSES:
        raise Refused(_("Choose a class of data."), field="data_class")
    made = LegalHold(
        id=new_id(), scope=scope, table_name=table_name if scope == RECORD else "",
        record_id=record_id if scope == RECORD else None, subject_kind=subject_kind if scope == SUBJECT else "",
        subject_id=subject_id if scope == SUBJECT else None, data_class=data_class if scope == CLASS else "",
        ground=ground, reason=" ".join(reason.split()), set_by=by, set_at=now, until=until,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    audit.record("hold.set", made, actor=by, scope=scope, ground=ground, until=until.isoformat())
    refresh(made)
    _leave_watermark(now)
    return made


def tables() -> dict[str, Any]:
    """Table → model of what a hold on one record may name: rows of this workspace that hold something personal."""
    found = {}
    for mapper in Base.registry.mappers:
        model = mapper.class_
        if tenancy.is_tenant(model.__table__) and hasattr(model, "__about__") and walk.declared_personal(model):
            found[model.__tablename__] = model
    return dict(sorted(found.items()))


def _must_be_here(table_name: str, record_id: uuid.UUID | None) -> None:
    model = tables().get(table_name)
    if model is None:
        raise Refused(_("Choose a kind of record."), field="table_name")
    if record_id is None or db.session.scalar(select(model.id).where(model.id == record_id)) is None:
        raise Refused(_("There is no such record here."), field="record_id")


def _is_ours(kind: str, subject_id: uuid.UUID) -> bool:
    subject = subjects.load(kind, subject_id)
    return subject is not None and tenancy.current() in (subject.workspace_id, *subject.workspaces)


@promise("retention.holds")
def lift(hold_id: uuid.UUID, *, reason: str, by: uuid.UUID, now: datetime) -> LegalHold:
    """End a hold before its day. What only it kept goes with the next run. Missing when there is none."""
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Refused(_("Say why in 1 to %(n)s characters.", n=LONGEST_REASON), field="lift_reason")
    moved = db.session.execute(
        update(LegalHold)
        .where(LegalHold.id == hold_id, *_still(today_of(tenancy.current(), now)))
        .values(
            lifted_at=now, lifted_by=by, lift_reason=" ".join(reason.split()), until=today_of(tenancy.current(), now)
        )
        .execution_options(synchronize_session=False)
    )
    held = db.session.scalar(select(LegalHold).where(LegalHold.id == hold_id).execution_options(populate_existing=True))
    if held is None:
        raise Missing
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(_("This hold is over already."))
    audit.record("hold.lifted", held, actor=by)
    let_go(now=now)
    _leave_watermark(now)
    return held


def _leave_watermark(now: datetime) -> None:
    count = len(in_force(now))
    watermarks.leave_watermark("retention.holds", ran_at=now, rows_considered=count, rows_acted=count)


# What is held -------------------------------------------------------------------------------------


def refresh_all(*, now: datetime) -> None:
    """Write out what the holds in force keep, rows that came since included."""
    for hold in in_force(now):
        refresh(hold)


def refresh(hold: LegalHold) -> None:
    """Write out what one hold keeps: the record or all about the person, and the rows that these cannot be without."""
    wanted: dict[str, set[uuid.UUID]] = defaultdict(set)
    if hold.scope == RECORD and hold.record_id is not None:
        wanted[hold.table_name].add(hold.record_id)
    elif hold.scope == SUBJECT and hold.subject_id is not None:
        _collect(wanted, hold)
    if not wanted:
        return
    _with_parents(wanted)
    for name, ids in wanted.items():
        known = set()
        for some in walk.batches(ids):
            rows = select(HeldRow.row_id).where(
                HeldRow.hold_id == hold.id, HeldRow.table_name == name, HeldRow.row_id.in_(some)
            )
            known |= set(db.session.scalars(rows))
        fresh = [{"id": new_id(), "hold_id": hold.id, "table_name": name, "row_id": own} for own in sorted(ids - known)]
        for start in range(0, len(fresh), walk.BATCH):
            db.session.execute(HeldRow.__table__.insert(), [
                {**row, "workspace_id": hold.workspace_id, "act": ""} for row in fresh[start : start + walk.BATCH]
            ])  # fmt: skip


@walk.beyond_portal()
def _collect(wanted: dict[str, set[uuid.UUID]], hold: LegalHold) -> None:
    subject = subjects.load(hold.subject_kind, hold.subject_id) if hold.subject_id else None
    if subject is None:
        return
    for name, rows in walk.find(subject).tables.items():
        # A hold of one business reaches nothing of another's.
        wanted[name] |= {
            key for key, (at, _abouts) in rows.by_key.items()
            if isinstance(key, uuid.UUID) and at in (None, hold.workspace_id)
        }  # fmt: skip


def _with_parents(wanted: dict[str, set[uuid.UUID]]) -> None:
    """Add the rows with which a kept row would go, or without which it could not be."""
    models = {mapper.local_table.name: mapper.class_ for mapper in Base.registry.mappers}  # type: ignore[attr-defined]
    waiting = {name: set(ids) for name, ids in wanted.items()}
    while waiting:
        name, ids = waiting.popitem()
        model = models.get(name)
        if model is None:
            continue
        for key in model.__table__.foreign_key_constraints:
            column = next((c for c in key.columns if c.name != "workspace_id"), None)
            parent = key.referred_table.name
            if column is None or parent == "workspace" or not isinstance(column.type, Id):
                continue
            if (key.ondelete or "").upper() == "SET NULL":
                continue
            pointer = getattr(model, column.key)
            new = set()
            for some in walk.batches(ids):
                rows = select(pointer).where(walk.key_of(model).in_(some), pointer.is_not(None))
                new |= set(db.session.scalars(rows))
            new -= wanted[parent]
            if new:
                wanted[parent] |= new
                waiting.setdefault(parent, set()).update(new)


def whole_classes(names: Iterable[str], now: datetime) -> list[uuid.UUID]:
    """Workspaces in which one of these classes is held as a whole: the present one, or (outside any) all of them."""
    rows = select(LegalHold.workspace_id).where(
        LegalHold.scope == CLASS, LegalHold.data_class.in_(sorted(names)), *_still(now.date())
    )
    options = {} if tenancy.current() else _EVERYWHERE
    return list(db.session.scalars(rows.distinct(), execution_options=options))


def held_classes(now: datetime) -> set[str]:
    """Classes that are held as a whole in the present workspace."""
    if tenancy.current() is None:
        return set()
    today = today_of(tenancy.current(), now)
    return set(db.session.scalars(select(LegalHold.data_class).where(LegalHold.scope == CLASS, *_still(today))))


@dataclass(frozen=True)
class Kept:
    """Why and until when a hold keeps a row."""

    ground: str
    until: date


def of_rows(table_name: str, keys: Iterable[Any], now: datetime) -> dict[uuid.UUID, Kept]:
    """Which of these rows a hold keeps, in whichever workspace it was set; the longest one counts."""
    found: dict[uuid.UUID, Kept] = {}
    for some in walk.batches(key for key in keys if isinstance(key, uuid.UUID)):
        rows = (
            select(HeldRow.row_id, LegalHold.ground, LegalHold.until)
            .join(LegalHold, LegalHold.id == HeldRow.hold_id)
            .where(HeldRow.table_name == table_name, HeldRow.row_id.in_(some), *_still(now.date() - timedelta(days=1)))
        )
        for own, ground, until in db.session.execute(rows, execution_options=_EVERYWHERE):
            if own not in found or until > found[own].until:
                found[own] = Kept(ground, until)
    return found


@promise("retention.holds")
def spare(
    plans: dict[str, TablePlan], subject: Subject, *, now: datetime, note: bool = False, only_look: bool = False
) -> None:
    """Take out of a plan of erasure what a hold keeps. `note`: write down what was left, to be done afterwards;
    `only_look`: write nothing at all, for a page."""
    if not only_look:
        _refresh_of(subject, now)
    for name, one in plans.items():
        kept = of_rows(name, {*one.delete, *set().union(*one.blank.values())}, now)
        whole = _by_class(one, now)
        kept |= whole
        if whole:  # its parents stay, without what they say about anybody: they would take it along
            walk.spare_parents(TablePlan(one.rows, keep=set(whole)), plans, subject)
        for key, why in kept.items():
            act = _take_out(one, key)
            if act:
                one.held[key] = (why.ground, why.until)
                if note:
                    _note(name, key, act)


def _refresh_of(subject: Subject, now: datetime) -> None:
    """Rows about the person that came after their hold was set."""
    theirs = select(LegalHold).where(
        LegalHold.scope == SUBJECT, LegalHold.subject_kind == subject.kind, LegalHold.subject_id == subject.id,
        *_still(now.date() - timedelta(days=1)),
    )  # fmt: skip
    if tenancy.current() is not None:
        for hold in db.session.scalars(theirs):
            refresh(hold)


def _by_class(one: TablePlan, now: datetime) -> dict[Any, Kept]:
    rows = select(LegalHold.workspace_id, LegalHold.ground, LegalHold.until).where(
        LegalHold.scope == CLASS, LegalHold.data_class == walk.data_class(one.model), *_still(now.date())
    )
    by_place = {
        at: Kept(ground, until) for at, ground, until in db.session.execute(rows, execution_options=_EVERYWHERE)
    }
    if not by_place:
        return {}
    return {key: by_place[at] for key, (at, _abouts) in one.rows.by_key.items() if at in by_place}


def _take_out(one: TablePlan, key: Any) -> str:
    if key in one.delete:
        one.delete.discard(key)
        return "delete"
    parts = [part for part, keys in one.blank.items() if key in keys]
    for part in parts:
        one.blank[part].discard(key)
    return f"blank:{parts[0]}" if parts else ""


def _note(name: str, key: Any, act: str) -> None:
    db.session.execute(
        update(HeldRow)
        .where(HeldRow.table_name == name, HeldRow.row_id == key)
        .values(act=act)
        .execution_options(synchronize_session=False, **_EVERYWHERE)
    )


# Afterwards ---------------------------------------------------------------------------------------


def let_go(*, now: datetime, commit: Callable[[], None] = lambda: None) -> int:
    """Do what an erasure left because of holds that are over, and forget what they kept; return the rows erased."""
    from logicrm.privacy.retaining import acting

    done = 0
    today = today_of(tenancy.current(), now)
    over = select(LegalHold.id).where(or_(LegalHold.lifted_at.is_not(None), LegalHold.until < today))
    while True:
        rows = db.session.execute(
            select(HeldRow.id, HeldRow.table_name, HeldRow.row_id, HeldRow.act)
            .where(HeldRow.hold_id.in_(over))
            .limit(walk.BATCH)
        ).all()
        if not rows:
            return done
        seen = delete(HeldRow).where(HeldRow.id.in_([row.id for row in rows]))
        db.session.execute(seen.execution_options(synchronize_session=False))
        left: dict[tuple[str, str], list[uuid.UUID]] = defaultdict(list)
        for row in rows:
            if row.act:
                left[row.table_name, row.act].append(row.row_id)
        for (name, act), keys in left.items():
            free = sorted(set(keys) - set(of_rows(name, keys, now)))
            done += acting.finish(name, free, act)
        commit()
