"""Retention: what a policy says goes, goes; by declarations, in small batches, with a brake.

Each `Keep` of a model is one executor, "table.anchor". Its cutoff comes from the workspace's policy (calendar
arithmetic, not 30-day months) or from the declaration's own days. What a hold keeps waits; what goes by the deletion of
an account is `retaining/accounts.py`'s. Evidence is a `Watermark` per workspace and a `RetentionRun` line per executor.

Looking is done in reading transactions; a batch is looked at again in the writing one, so that a case that was reopened
in between stays. A run that is killed has done whole batches and nothing else: the next one goes on with what is left.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, select, update

from logicrm.core import database, tenancy, watermarks
from logicrm.core.promises import promise
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy import walk
from logicrm.privacy.models import RetentionRun
from logicrm.privacy.profile import Profile
from logicrm.privacy.retaining import acting, holds
from logicrm.privacy.retaining import rules as keeping
from logicrm.privacy.retaining.models import RetentionRelease
from logicrm.privacy.retaining.rules import ANONYMISE, DELETE, RESTRICT, Rule, covers, here, rules

SAMPLES = 5
BRAKE_LEAST = 1000
BRAKE_FACTOR = 10
RUNS_COMPARED = 30
FIRST_BATCH, SMALLEST_BATCH, LARGEST_BATCH = 100, 10, 500
AIM_S = 0.02  # a batch holds the write lock about so long; the next one is made larger or smaller by it


@dataclass
class Outcome:
    """What one rule did, or (dry) would do. `samples` are ids only; `oldest_left` is the oldest anchor that stayed.

    `held`: rows that are due and that a hold keeps; they are not in `due`. `longest_s`: of the writing transactions.
    """

    rule: Rule
    cutoff: datetime
    due: int
    usual: int
    considered: int = 0
    acted: int = 0
    braked: bool = False
    samples: list[Any] = field(default_factory=list)
    oldest_left: datetime | None = None
    action: str = DELETE
    held: int = 0
    longest_s: float = 0.0
    released: bool = False
    excused: int = 0  # due, and kept for a reason that the policy knows: the only owner of a business


Force = bool | frozenset[str]


@promise("retention")
@promise("P-LOGI-50")
def run(
    profile: Profile,
    *,
    now: datetime,
    tenant: bool,
    dry: bool = False,
    force: Force = False,
    commit: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Carry out the rules of the present workspace (`tenant`) or of the global tables.

    `commit` is called after each batch, so that nobody waits for a long lock. `force` passes the brake, for all rules
    or for those named. A row is due when `anchor <= cutoff`; what is under a hold waits.
    """
    run_id = new_id()
    outcomes = []
    local = here(now, tenant=tenant)
    if tenant and not dry:
        holds.let_go(now=now, commit=commit)
        holds.refresh_all(now=now)
        commit()
    for declared in rules(tenant=tenant):
        for rule in declared.phases(profile) if not declared.through else ():
            outcome = _carry_out(rule, profile, local, dry=dry, force=force, commit=commit)
            if outcome is None:
                continue
            outcomes.append(outcome)
            if not dry:
                leave_line(outcome, run_id, now, tenant=tenant)
                commit()
    return outcomes


def _carry_out(
    rule: Rule, profile: Profile, now: datetime, *, dry: bool, force: Force, commit: Callable[[], None]
) -> Outcome | None:
    cutoff = rule.cutoff(profile, now)
    if cutoff is None:
        return None
    action = rule.action(profile)
    with database.reading():
        batches = _Batches(rule, cutoff, action, now)
        outcome = batches.look()
        released = not dry and is_released(rule, outcome)
        commit()
    if dry:
        return outcome
    forced = force is True or (isinstance(force, frozenset) and rule.executor in force) or released
    outcome.braked = not forced and stops(outcome)
    outcome.released = released
    if released:
        use_release(rule, now.astimezone(UTC))
    if not outcome.braked and outcome.due:
        batches.act(outcome, commit)
    with database.reading():
        outcome.oldest_left = batches.oldest()
        commit()
    return outcome


def stops(outcome: Outcome) -> bool:
    """True when so much more than usual is due that a human looks first."""
    return outcome.due > max(BRAKE_LEAST, BRAKE_FACTOR * outcome.usual)


class _Batches:
    """The rows of one rule, walked through once by their key."""

    def __init__(self, rule: Rule, cutoff: datetime, action: str, now: datetime) -> None:
        names = {rule.keep.data_class, walk.data_class(rule.model)}
        classes, held = holds.whole_classes(names, now), holds.held_classes(now)
        self.rule, self.cutoff, self.action = rule, cutoff, action
        self.key = walk.key_of(rule.model)
        self.free = keeping.not_held(rule.model, classes, tenant=rule.is_tenant, held_classes=held)
        self.due = keeping.due(rule, cutoff, action)
        # Holds are set in workspaces; a global table's rows may be under one of any of them.
        self.options = {} if rule.is_tenant else {tenancy.ACROSS: True}

    def _ask(self, statement: Any) -> Any:
        return db.session.execute(statement, execution_options=self.options)

    def look(self) -> Outcome:
        """Count what is due and what a hold keeps, with some ids."""
        count = select(func.count()).select_from(self.rule.model)
        all_due = self._ask(count.where(*self.due)).scalar() or 0
        due = (self._ask(count.where(*self.due, *self.free)).scalar() or 0) if all_due else 0
        samples: list[Any] = []
        if due:
            samples = list(self._ask(select(self.key).where(*self.due, *self.free).limit(SAMPLES)).scalars())
        return Outcome(
            self.rule, self.cutoff, due, usual(self.rule), self._ask(count).scalar() or 0, samples=samples,
            action=self.action, held=all_due - due,
        )  # fmt: skip

    def act(self, outcome: Outcome, commit: Callable[[], None]) -> None:
        """Batch after batch, each in a transaction of its own that looks once more at what it takes."""
        size, last = FIRST_BATCH, None
        while True:
            with database.reading():
                keys = self._next(last, size)
                commit()
            if not keys:
                return
            last = keys[-1]
            began = time.monotonic()
            still = select(self.key).where(self.key.in_(keys), *self.due, *self.free)
            done = acting.carry_out(self.rule.model, list(self._ask(still).scalars()), self.action)
            commit()
            took = time.monotonic() - began
            outcome.acted += done
            outcome.longest_s = max(outcome.longest_s, took)
            size = max(SMALLEST_BATCH, min(LARGEST_BATCH, int(size * min(2.0, AIM_S / max(took, 0.001)))))

    def _next(self, last: Any, size: int) -> list[Any]:
        after = [] if last is None else [self.key > last]
        wanted = select(self.key).where(*self.due, *self.free, *after).order_by(self.key).limit(size)
        return list(self._ask(wanted).scalars())

    def oldest(self) -> datetime | None:
        """The oldest anchor that is still there. It does not ask the cutoff: that a rule counted wrong must show."""
        meant = keeping.meant(self.rule, self.action)
        found = self._ask(select(func.min(keeping.anchor_of(self.rule))).where(*meant, *self.free)).scalar()
        if isinstance(found, date) and not isinstance(found, datetime):
            return datetime.combine(found, datetime.min.time(), self.cutoff.tzinfo)
        return found  # type: ignore[no-any-return]


# The brake -----------------------------------------------------------------------------------------


def usual(rule: Rule) -> int:
    """The median of what earlier runs of this rule had to do here; 0 when there was none."""
    place = tenancy.current() if rule.is_tenant or rule.through else None
    where = RetentionRun.__table__.c.workspace_id
    earlier = db.session.scalars(
        select(RetentionRun.due)
        .where(
            RetentionRun.executor == rule.executor,
            where == place if place is not None else where.is_(None),
            RetentionRun.braked.is_(False),
        )
        .order_by(RetentionRun.ran_at.desc())
        .limit(RUNS_COMPARED)
    ).all()
    return int(statistics.median(earlier)) if earlier else 0


def is_released(rule: Rule, outcome: Outcome) -> bool:
    """True with somebody's word that this rule may run, not used yet, and not about far fewer rows than are due now."""
    if not stops(outcome) or tenancy.current() is None:
        return False
    given = db.session.scalar(
        select(RetentionRelease.id)
        .where(
            RetentionRelease.executor == rule.executor,
            RetentionRelease.used_at.is_(None),
            RetentionRelease.due * 2 >= outcome.due,
        )
        .limit(1)
    )
    return given is not None


def use_release(rule: Rule, now: datetime) -> None:
    """One decision lets one run through."""
    db.session.execute(
        update(RetentionRelease)
        .where(RetentionRelease.executor == rule.executor, RetentionRelease.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )


# Evidence ------------------------------------------------------------------------------------------


def leave_line(outcome: Outcome, run_id: uuid.UUID, now: datetime, *, tenant: bool) -> None:
    """One line of the history."""
    rule = outcome.rule
    db.session.add(
        RetentionRun(
            id=new_id(), run_id=run_id, workspace_id=tenancy.current() if tenant else None, executor=rule.executor,
            data_class=rule.keep.data_class, cutoff=outcome.cutoff.astimezone(UTC), due=outcome.due,
            acted=outcome.acted, braked=outcome.braked, ran_at=now, action=outcome.action, held=outcome.held,
            considered=outcome.considered, oldest_left=outcome.oldest_left,
        )
    )  # fmt: skip


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
        own = [one for one in group if _is_own(one.rule)]
        watermarks.leave_watermark(
            f"retention:{name}", ran_at=now, rows_considered=sum(o.considered for o in own),
            rows_acted=sum(o.acted for o in own), rows_overdue=sum(_undone(o) for o in group),
        )  # fmt: skip
        for one in group:
            watermarks.leave_watermark(
                mark_of(one.rule), ran_at=now, rows_considered=one.considered if _is_own(one.rule) else 0,
                rows_acted=one.acted if _is_own(one.rule) else 0, rows_overdue=_undone(one),
                oldest_left=one.oldest_left,
            )  # fmt: skip


def _is_own(rule: Rule) -> bool:
    """True for what is counted in the workspace: its own tables, and the accounts whose home it is."""
    return rule.is_tenant or bool(rule.through)


def _undone(outcome: Outcome) -> int:
    return max(0, outcome.due - outcome.acted - outcome.excused)


def mark_of(rule: Rule) -> str:
    """The name under which one rule leaves its watermark."""
    return f"retention:{rule.keep.data_class}/{rule.executor}"


_WOULD = {DELETE: "would delete {n}", ANONYMISE: "would make {n} anonymous", RESTRICT: "would lock {n} away"}
_DID = {DELETE: "deleted {n} of {all}", ANONYMISE: "made {n} of {all} anonymous", RESTRICT: "locked {n} of {all} away"}


def lines(outcomes: list[Outcome], *, dry: bool) -> Iterator[str]:
    """A table for the terminal: counts and ids, nothing personal."""
    for one in outcomes:
        if not one.due and not one.held:
            continue
        words = _WOULD if dry else _DID
        did = words[one.action].format(n=one.due if dry else one.acted, all=one.due)
        note = f"  STOPPED: usually {one.usual}; look, then run again with --yes" if one.braked else ""
        kept = f"  {one.held} kept by a hold" if one.held else ""
        shown = f"  e.g. {', '.join(str(s) for s in one.samples)}" if dry and one.samples else ""
        yield f"  {one.rule.executor:40} {did:>24}  at or before {one.cutoff:%Y-%m-%d %H:%M}{kept}{note}{shown}"


__all__ = [
    "ANONYMISE", "BRAKE_FACTOR", "BRAKE_LEAST", "DELETE", "RESTRICT", "SAMPLES", "Outcome", "Rule", "covers", "here",
    "leave_line", "leave_watermarks", "lines", "mark_of", "rules", "run", "stops", "usual",
]  # fmt: skip
