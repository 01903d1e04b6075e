"""Retention: what a policy says goes, goes; by declarations, in small batches, with a brake.

Each `Keep` of a model is one executor, "table.anchor". Its cutoff comes from the workspace's policy (calendar
arithmetic, not 30-day months) or from the declaration's own days. A row whose anchor is NULL never expires.
Evidence is a `Watermark` per workspace and a `RetentionRun` line per executor.
"""

from __future__ import annotations

import statistics
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, select

from logicrm.core import files, mail, mail_delivery, search, tenancy, watermarks
from logicrm.core.pii import Erase, Keep
from logicrm.core.promises import promise
from logicrm.core.schema import Base, new_id
from logicrm.core.subjects import Subject
from logicrm.extensions import db
from logicrm.privacy import purge, walk
from logicrm.privacy.clocks import Duration
from logicrm.privacy.models import RetentionRun
from logicrm.privacy.profile import Profile
from logicrm.privacy.walk import BATCH, Rows, TablePlan

SAMPLES = 5
BRAKE_LEAST = 1000
BRAKE_FACTOR = 10
RUNS_COMPARED = 30


@dataclass(frozen=True)
class Rule:
    """One declared rule of one table."""

    model: Any
    keep: Keep

    @property
    def executor(self) -> str:
        return f"{self.model.__tablename__}.{self.keep.anchor}"

    @property
    def is_tenant(self) -> bool:
        return tenancy.is_tenant(self.model.__table__)

    @property
    def is_promised(self) -> bool:
        """True where the policy itself sets the figure, not a mechanism of ours."""
        return self.keep.days is None

    def period(self, profile: Profile) -> Duration | None:
        """How long is kept (no time at all where rows carry their own last day); None: nothing counts from this."""
        if self.keep.days is not None:
            return Duration(days=self.keep.days)
        figures = profile.retention[self.keep.data_class]
        return figures.counted_from(self.keep.event or figures.anchor)

    def cutoff(self, profile: Profile, now: datetime) -> datetime | None:
        """Rows with an anchor at or before this are due; None where this policy counts nothing from the event."""
        period = self.period(profile)
        return period.cutoff(now) if period is not None else None


@dataclass
class Outcome:
    """What one rule did, or (dry) would do. `samples` are ids only; `oldest_left` is the oldest anchor that stayed."""

    rule: Rule
    cutoff: datetime
    due: int
    usual: int
    considered: int = 0
    acted: int = 0
    braked: bool = False
    samples: list[Any] = field(default_factory=list)
    oldest_left: datetime | None = None


def rules(*, tenant: bool) -> list[Rule]:
    """The declared rules of the tables inside workspaces, or of the global ones."""
    found = [
        Rule(mapper.class_, keep)
        for mapper in Base.registry.mappers
        for keep in getattr(mapper.class_, "__retention__", ())
    ]
    return sorted((r for r in found if r.is_tenant == tenant), key=lambda r: r.executor)


def covers(data_class: str, event: str = "") -> bool:
    """True when some table goes by the policy's own figure of this class, counted from this event ("" = the main)."""
    return any(
        rule.is_promised and (rule.keep.data_class, rule.keep.event) == (data_class, event)
        for rule in [*rules(tenant=True), *rules(tenant=False)]
    )


@promise("retention")
@promise("P-LOGI-50")
def run(
    profile: Profile,
    *,
    now: datetime,
    tenant: bool,
    dry: bool = False,
    force: bool = False,
    commit: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Carry out the rules of the present workspace (`tenant`) or of the global tables.

    `commit` is called after each batch, so that nobody waits for a long lock. `force` passes the brake.
    A row is due when `anchor <= cutoff`; what is under a hold (`on_hold`, `restricted`) waits.
    """
    run_id = new_id()
    outcomes = []
    for rule in rules(tenant=tenant):
        cutoff = rule.cutoff(profile, now)
        if cutoff is None:
            continue
        outcome = _look(rule, cutoff)
        outcomes.append(outcome)
        if dry:
            continue
        outcome.braked = not force and outcome.due > max(BRAKE_LEAST, BRAKE_FACTOR * outcome.usual)
        while not outcome.braked and outcome.acted < outcome.due:
            done = _act(rule, outcome.cutoff)
            outcome.acted += done
            commit()
            if not done:
                break
        outcome.oldest_left = _oldest(rule)
        _leave_evidence(outcome, run_id, now, tenant)
        commit()
    return outcomes


def _due(rule: Rule, cutoff: datetime) -> list[Any]:
    """Conditions of the rows that are due. NULL is never `<=` anything."""
    anchor = getattr(rule.model, rule.keep.anchor)
    is_date = anchor.type.python_type is date
    return [anchor <= (cutoff.astimezone(UTC).date() if is_date else cutoff), *_subject_to(rule)]


def _subject_to(rule: Rule) -> list[Any]:
    """Conditions of the rows that the rule speaks of, whatever their age: with an anchor, and under no hold."""
    conditions: list[Any] = [getattr(rule.model, rule.keep.anchor).is_not(None)]
    columns = rule.model.__table__.columns
    conditions += [getattr(rule.model, name).is_(False) for name in ("on_hold", "legal_hold") if name in columns]
    if rule.keep.action is Erase.BLANK:
        # A blanked row stays: it would be due for ever, so it is known by having nothing left.
        values, _unique = purge.neutral_values(rule.model, walk.WHOLE)
        nullable = [getattr(rule.model, name).is_not(None) for name, value in values.items() if value is None]
        other = [getattr(rule.model, name) != value for name, value in values.items() if value is not None]
        conditions.append(db.or_(*nullable, *other))
    return conditions


def _oldest(rule: Rule) -> datetime | None:
    """The oldest anchor that is still there. It does not ask the cutoff: that a rule counted wrong must show."""
    found = db.session.scalar(select(func.min(getattr(rule.model, rule.keep.anchor))).where(*_subject_to(rule)))
    if isinstance(found, date) and not isinstance(found, datetime):
        return datetime.combine(found, datetime.min.time(), UTC)
    return found  # type: ignore[no-any-return]


def _look(rule: Rule, cutoff: datetime) -> Outcome:
    key = walk.key_of(rule.model)
    due = db.session.scalar(select(func.count()).select_from(rule.model).where(*_due(rule, cutoff))) or 0
    considered = db.session.scalar(select(func.count()).select_from(rule.model)) or 0
    samples = list(db.session.scalars(select(key).where(*_due(rule, cutoff)).limit(SAMPLES))) if due else []
    return Outcome(rule, cutoff, due, usual(rule), considered, samples=samples)


def usual(rule: Rule) -> int:
    """The median of what earlier runs of this rule had to do here; 0 when there was none."""
    here = tenancy.current() if rule.is_tenant else None
    place = RetentionRun.__table__.c.workspace_id
    earlier = db.session.scalars(
        select(RetentionRun.due)
        .where(
            RetentionRun.executor == rule.executor,
            place == here if here is not None else place.is_(None),
            RetentionRun.braked.is_(False),
        )
        .order_by(RetentionRun.ran_at.desc())
        .limit(RUNS_COMPARED)
    ).all()
    return int(statistics.median(earlier)) if earlier else 0


def _act(rule: Rule, cutoff: datetime) -> int:
    """Delete or blank one batch; return how many rows."""
    key = walk.key_of(rule.model)
    keys = list(db.session.scalars(select(key).where(*_due(rule, cutoff)).limit(BATCH)))
    if not keys:
        return 0
    here = tenancy.current() if rule.is_tenant else None
    nobody = Subject("", uuid.UUID(int=0), "", (), workspace_id=here)
    one = TablePlan(Rows(rule.model, {own: (here, set()) for own in keys}))
    if rule.keep.action is Erase.DELETE:
        one.delete = set(keys)
        _content_first(rule.model, keys)
    else:
        one.blank[walk.WHOLE] = set(keys)
    purge.apply({rule.model.__tablename__: one}, nobody)
    if here is not None:
        search.forget(rule.model.__tablename__, keys)
    return len(keys)


def _content_first(model: Any, keys: list[Any]) -> None:
    """Files and written copies of mail lie outside the database: they go with their rows."""
    if model is files.StoredFile:
        for (place,) in db.session.execute(select(files.StoredFile.storage_key).where(files.StoredFile.id.in_(keys))):
            files.store().remove(place)
    if model is mail.OutgoingMail:
        for own in keys:
            mail_delivery.remove_copy(own)


def _leave_evidence(outcome: Outcome, run_id: uuid.UUID, now: datetime, tenant: bool) -> None:
    rule = outcome.rule
    here = tenancy.current() if tenant else None
    db.session.add(
        RetentionRun(
            id=new_id(),
            run_id=run_id,
            workspace_id=here,
            executor=rule.executor,
            data_class=rule.keep.data_class,
            cutoff=outcome.cutoff,
            due=outcome.due,
            acted=outcome.acted,
            braked=outcome.braked,
            ran_at=now,
        )
    )


def leave_watermarks(outcomes: list[Outcome], *, now: datetime, everywhere: Sequence[Outcome] = ()) -> None:
    """One watermark for each class of data of this workspace, "retention:support", and one for each of its rules,
    "retention:support/case.closed_at".

    `everywhere`: what the run over the global tables did. Its rows are not counted here (they may be another
    workspace's), but what it left undone is left undone here, too.
    """
    by_class: dict[str, list[Outcome]] = {}
    for outcome in [*outcomes, *everywhere]:
        by_class.setdefault(outcome.rule.keep.data_class, []).append(outcome)
    for name, group in by_class.items():
        own = [one for one in group if one.rule.is_tenant]
        watermarks.leave_watermark(
            f"retention:{name}", ran_at=now, rows_considered=sum(o.considered for o in own),
            rows_acted=sum(o.acted for o in own), rows_overdue=sum(o.due - o.acted for o in group),
        )  # fmt: skip
        for one in group:
            watermarks.leave_watermark(
                mark_of(one.rule), ran_at=now, rows_considered=one.considered if one.rule.is_tenant else 0,
                rows_acted=one.acted if one.rule.is_tenant else 0, rows_overdue=one.due - one.acted,
                oldest_left=one.oldest_left,
            )  # fmt: skip


def mark_of(rule: Rule) -> str:
    """The name under which one rule leaves its watermark."""
    return f"retention:{rule.keep.data_class}/{rule.executor}"


def lines(outcomes: list[Outcome], *, dry: bool) -> Iterator[str]:
    """A table for the terminal: counts and ids, nothing personal."""
    for one in outcomes:
        if not one.due:
            continue
        act = "blank" if one.rule.keep.action is Erase.BLANK else "delete"
        did = f"would {act} {one.due}" if dry else f"{act}d {one.acted} of {one.due}".replace("blankd", "blanked")
        note = f"  STOPPED: usually {one.usual}; look, then run again with --yes" if one.braked else ""
        shown = f"  e.g. {', '.join(str(s) for s in one.samples)}" if dry and one.samples else ""
        yield f"  {one.rule.executor:40} {did:>24}  at or before {one.cutoff:%Y-%m-%d %H:%M}{note}{shown}"
