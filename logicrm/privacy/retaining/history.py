"""What retention did and will do, for the officer: by class of data, from lines that the runs left behind."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from logicrm.core import jobs, tenancy, workspaces
from logicrm.core.watermarks import Watermark
from logicrm.extensions import db
from logicrm.privacy import retention, vocabulary
from logicrm.privacy.clocks import Duration
from logicrm.privacy.models import RetentionRun
from logicrm.privacy.profile import Profile
from logicrm.privacy.retaining import accounts
from logicrm.privacy.retaining.rules import Rule, every_rule, here

SHOWN_RUNS = 14
DAILY = "privacy.retain"


@dataclass(frozen=True)
class RunLine:
    """One run over one class."""

    at: datetime
    due: int
    acted: int
    held: int
    stopped: bool


@dataclass(frozen=True)
class RuleLine:
    """One rule: its figure, the oldest row that the last run left, and whether that is older than the figure."""

    executor: str
    label: str
    counted_from: str
    period: Duration | None
    promised: bool
    ran_at: datetime | None
    oldest_left: datetime | None
    too_old: bool
    shared: bool  # a table of the whole installation: its rows are counted for no single business


@dataclass
class ClassLine:
    """One class of data."""

    name: str
    rules: list[RuleLine] = field(default_factory=list)
    runs: list[RunLine] = field(default_factory=list)  # the newest first

    @property
    def label(self) -> str:
        return str(vocabulary.DATA_CLASSES[self.name])

    @property
    def removed(self) -> int:
        return sum(one.acted for one in self.runs)

    @property
    def active(self) -> bool:
        """True when one of the runs had something to do."""
        return any(one.due or one.held for one in self.runs)

    @property
    def last(self) -> RunLine | None:
        return self.runs[0] if self.runs else None

    @property
    def wrong(self) -> bool:
        return any(one.too_old for one in self.rules) or bool(self.last and self.last.stopped)


def next_run(now: datetime) -> datetime:
    """When retention runs next, if a worker is there."""
    return jobs.HANDLERS[DAILY].period(now)[1]


def classes(profile: Profile, *, now: datetime) -> tuple[list[ClassLine], list[str]]:
    """(classes that some table holds, names of those that no table of the program holds yet). Three statements."""
    lines: dict[str, ClassLine] = {}
    marks = {
        one.executor: one for one in db.session.scalars(select(Watermark).where(Watermark.executor.like("retention:%")))
    }
    for rule in every_rule():
        line = lines.setdefault(rule.keep.data_class, ClassLine(rule.keep.data_class))
        line.rules.append(_rule_line(rule, profile, marks.get(retention.mark_of(rule)), now))
    for name, runs in _runs().items():
        if name in lines:
            lines[name].runs = runs
    order = [name for name in vocabulary.DATA_CLASSES if name in lines]
    return [lines[name] for name in order], [name for name in vocabulary.DATA_CLASSES if name not in lines]


def _rule_line(rule: Rule, profile: Profile, mark: Watermark | None, now: datetime) -> RuleLine:
    period = rule.period(profile)
    local = here(mark.ran_at if mark else now, tenant=rule.is_tenant or bool(rule.through))
    cutoff = period.cutoff(local) if period else None  # the figure's own, whatever the run counted by
    left = mark.oldest_left if mark else None
    figures = profile.retention[rule.keep.data_class]
    event = rule.keep.event or figures.anchor
    return RuleLine(
        rule.executor, label_of(rule), str(vocabulary.ANCHORS.get(event, "")) if rule.is_promised else str(rule.keep.why),
        period, rule.is_promised, mark.ran_at if mark else None, left,
        bool(left and cutoff and left <= cutoff), not rule.is_tenant and not rule.through,
    )  # fmt: skip


def label_of(rule: Rule) -> str:
    """What the table is called for people."""
    return str(getattr(rule.model, "__label__", "") or rule.model.__tablename__.replace("_", " ").capitalize())


def _runs() -> dict[str, list[RunLine]]:
    line = RetentionRun.__table__.c
    rows = db.session.execute(
        select(
            line.data_class, line.ran_at, func.sum(line.due), func.sum(line.acted), func.sum(line.held),
            func.max(db.case((line.braked, 1), else_=0)),
        )
        .where(line.workspace_id == tenancy.current())
        .group_by(line.data_class, line.ran_at)
        .order_by(line.ran_at.desc())
        .limit(SHOWN_RUNS * len(vocabulary.DATA_CLASSES))
    )  # fmt: skip
    found: dict[str, list[RunLine]] = defaultdict(list)
    for name, at, due, acted, held, braked in rows:
        if len(found[name]) < SHOWN_RUNS:
            found[name].append(RunLine(at, int(due), int(acted), int(held), bool(braked)))
    return found


def preview(profile: Profile, *, now: datetime) -> list[retention.Outcome]:
    """What a run would do here now; changes nothing."""
    found = retention.run(profile, now=now, tenant=True, dry=True) + accounts.run(profile, now=now, dry=True)
    return [one for one in found if one.due or one.held]


def may_be_released(executor: str) -> Rule | None:
    """The rule of this workspace by its name, or None. Rules of shared tables are the operator's to let run."""
    rules = [
        phase for rule in every_rule() if rule.is_tenant for phase in (rule, Rule(rule.model, rule.keep, end=True))
    ]
    return next((one for one in [*rules, *accounts.of_accounts()] if one.executor == executor), None)


def zone() -> Any:
    """The present workspace's zone, by its name."""
    place = tenancy.current()
    business = workspaces.by_id(place) if place else None
    return business.facts.time_zone if business else "UTC"
