"""Promises: each sentence of the policy, what enforces it, what tests it, and what proves it.

    @promise("P-LOGI-54")
    def retain_support(now): ...            # this function enforces the promise

    @evidence("P-LOGI-54")
    def support_is_gone(now): ...           # looks at what the executor left; returns Evidence

    @pytest.mark.promise("P-LOGI-54")
    def test_support_data_goes_after_three_years(): ...

A promise is never green because the policy says so: "kept" needs the run of an executor.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from flask_babel import LazyString, lazy_gettext

from logicrm.core.watermarks import Watermark, latest_watermark, leave_watermark
from logicrm.extensions import db

PACKAGE = "logicrm"
log = logging.getLogger(__name__)


class Kind(StrEnum):
    """Who can keep a promise."""

    SOFTWARE = "S"
    MIXED = "M"  # software proves a part, a control the rest
    ORGANISATIONAL = "O"  # software can only hold the evidence


class State(StrEnum):
    """What we can say about a promise now."""

    KEPT = "kept"
    BREACHED = "breached"
    NO_EVIDENCE = "no_evidence"
    OVERDUE = "overdue"  # an organisational promise whose evidence is too old


STATE_WORDS = {
    State.KEPT: lazy_gettext("Kept"),
    State.BREACHED: lazy_gettext("Not kept"),
    State.NO_EVIDENCE: lazy_gettext("No evidence yet"),
    State.OVERDUE: lazy_gettext("Overdue"),
}
#: From the worst to the best: of several workspaces the first one counts.
WORST_FIRST = (State.BREACHED, State.OVERDUE, State.NO_EVIDENCE, State.KEPT)


class UnknownPromise(LookupError):
    """A promise is named that no policy makes."""


@dataclass(frozen=True)
class Promise:
    """One thing that the policy says and that can be true or false of the running system.

    says:     our own plain words; `%(figure)s` and names of the policy are filled in by the page.
    figure:   path into the profile ("retention.support.keep_for"), or "" when there is no figure.
    rules:    dotted places of the code that enforces it, "privacy.retention:run"; none = not built yet.
    profiles: the profiles that make this promise.
    section:  where it stands on the policy page.
    """

    id: str
    kind: Kind
    says: str | LazyString
    figure: str = ""
    rules: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ("logicrm",)
    section: str = ""

    @property
    def anchor(self) -> str:
        """Its place on the page: "p-logi-54"."""
        return self.id.lower()

    @property
    def feature(self) -> str:
        """How far it is: "enforced", "control" (organisational, kept in the register) or "not built yet"."""
        if self.rules:
            return "enforced"
        return "control" if self.kind is Kind.ORGANISATIONAL else "not built yet"


@dataclass(frozen=True)
class Evidence:
    """What is known about a promise. Only the run of an executor can make it "kept"."""

    state: State
    figure: str = ""  # what was measured, for people: "0 rows overdue, oldest 12 days"
    rows: int = 0
    at: datetime | None = None
    run_id: uuid.UUID | None = None
    note: str | LazyString = ""

    def __post_init__(self) -> None:
        if self.state is State.KEPT and (self.at is None or self.run_id is None):
            raise ValueError("'kept' needs an executor's run: its time (at) and its run_id")


NO_EVIDENCE = Evidence(State.NO_EVIDENCE)
EvidenceQuery = Callable[[datetime], Evidence | None]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Registry:
    """All promises, the code that enforces them, and the queries that look for evidence."""

    rows: dict[str, Promise] = field(default_factory=dict)
    enforcers: dict[str, list[str]] = field(default_factory=dict)
    queries: dict[str, EvidenceQuery] = field(default_factory=dict)

    def register(self, row: Promise) -> Promise:
        """Add a promise. The same row again (a module loaded twice) is no harm; a different one raises ValueError."""
        known = self.rows.get(row.id)
        if known is not None and (known.kind, str(known.says)) != (row.kind, str(row.says)):
            raise ValueError(f"{row.id} is registered twice, with different words")
        self.rows[row.id] = row
        return row

    def enforced_by(self, promise_id: str, function: Callable[..., Any]) -> None:
        """Note that a function enforces a promise."""
        rule = f"{function.__module__.removeprefix(PACKAGE + '.')}:{function.__qualname__}"
        known = self.enforcers.setdefault(promise_id, [])
        if rule not in known:
            known.append(rule)

    def all(self, profile: str = "") -> list[Promise]:
        """Every promise (of one profile), in order of its id, with all the rules that enforce it."""
        for promise_id in (*self.enforcers, *self.queries):
            self.get(promise_id)
        found = [self.get(promise_id) for promise_id in sorted(self.rows)]
        return [row for row in found if not profile or profile in row.profiles]

    def get(self, promise_id: str) -> Promise:
        """One promise. Raises UnknownPromise."""
        if promise_id not in self.rows:
            raise UnknownPromise(f"{promise_id} is no promise of any policy; see logicrm/privacy/promises.py")
        row = self.rows[promise_id]
        return replace(row, rules=tuple(dict.fromkeys((*row.rules, *self.enforcers.get(promise_id, ())))))

    def look(self, promise_id: str, now: datetime) -> Evidence:
        """Ask for the evidence of a promise in this workspace. A query that fails is no evidence, no error."""
        query = self.queries.get(promise_id)
        if query is None:
            return NO_EVIDENCE
        try:
            with db.session.begin_nested():  # else one failed query would fail all after it on PostgreSQL
                return query(now) or NO_EVIDENCE
        except Exception:  # a broken query is no evidence, and must not take the page with it
            log.exception("evidence query of %s failed", promise_id)
            return Evidence(State.NO_EVIDENCE, note=lazy_gettext("The check could not be made."))


registry = Registry()


def register(
    promise_id: str,
    *,
    kind: str,
    says: str | LazyString,
    figure: str = "",
    rule: str = "",
    profiles: Iterable[str] = ("logicrm",),
    section: str = "",
) -> Promise:
    """Register a promise that a policy makes; `rule` ("privacy.clocks:due", several by comma) may follow later."""
    rules = tuple(part.strip() for part in rule.split(",") if part.strip())
    return registry.register(Promise(promise_id, Kind(kind), says, figure, rules, tuple(profiles), section))


def promise(promise_id: str, **row: Any) -> Callable[[F], F]:
    """Mark the function that enforces a promise. With `kind=` and `says=` it registers the promise as well."""
    if row:
        register(promise_id, **row)

    def mark(function: F) -> F:
        registry.enforced_by(promise_id, function)
        return function

    return mark


def evidence(*promise_ids: str) -> Callable[[F], F]:
    """Mark the function that looks for evidence: `(now) -> Evidence | None`, called inside a workspace."""

    def mark(function: F) -> F:
        for promise_id in promise_ids:
            if promise_id in registry.queries and registry.queries[promise_id] is not function:
                raise ValueError(f"{promise_id} has two evidence queries")
            registry.queries[promise_id] = function
        return function

    return mark


def from_watermark(
    executor: str,
    now: datetime,
    *,
    at_most: timedelta,
    cutoff: datetime | None = None,
    overdue: int = 0,
    figure: str = "",
) -> Evidence:
    """Evidence from the last run of an executor in this workspace.

    No run, or one older than `at_most`: no evidence. Rows that the run could not deal with, `overdue` rows
    counted now, or one left from before `cutoff`: breached. Otherwise kept.
    """
    mark = latest_watermark(executor)
    if mark is None:
        return NO_EVIDENCE
    facts: dict[str, Any] = {"figure": figure, "rows": mark.rows_acted, "at": mark.ran_at, "run_id": mark.run_id}
    left_too_long = cutoff is not None and mark.oldest_left is not None and mark.oldest_left <= cutoff
    if mark.rows_overdue or overdue or left_too_long:
        return Evidence(State.BREACHED, **facts)
    if now - mark.ran_at > at_most:
        return Evidence(State.NO_EVIDENCE, **facts, note=lazy_gettext("The last check is too long ago to count."))
    return Evidence(State.KEPT, **facts)


def states(promises: Iterable[Promise], now: datetime) -> dict[str, Evidence]:
    """The evidence of each promise in this workspace, by id."""
    load_all()
    return {row.id: registry.look(row.id, now) for row in promises}


def worst(found: Iterable[Evidence]) -> Evidence:
    """Of several workspaces' evidence the worst; no evidence when there is none."""
    return min(found, key=lambda one: WORST_FIRST.index(one.state), default=NO_EVIDENCE)


# Finding and checking ----------------------------------------------------------------------------


@cache
def load_all() -> None:
    """Import, once, every `promises` module of the package, so that the registry is complete."""
    package = importlib.import_module(PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
        if module.name.rpartition(".")[2] == "promises":
            importlib.import_module(module.name)


def resolve(rule: str) -> Any:
    """Return what a rule names: "privacy.clocks:due", anything after '#' being a remark.

    Raises LookupError with the reason when it is not there.
    """
    module, _colon, attribute = rule.split("#")[0].partition(":")
    try:
        found: Any = importlib.import_module(f"{PACKAGE}.{module}")
        for step in attribute.split("."):
            found = getattr(found, step)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"{rule} cannot be found: {error}") from error
    return found


def broken_rules(promises: Iterable[Promise]) -> Iterator[tuple[str, str]]:
    """Yield (promise id, reason) for each rule that names code which is not there."""
    for row in promises:
        for rule in row.rules:
            try:
                resolve(rule)
            except LookupError as error:
                yield row.id, str(error)


__all__ = [
    "NO_EVIDENCE", "STATE_WORDS", "Evidence", "Kind", "Promise", "Registry", "State", "UnknownPromise", "Watermark",
    "broken_rules", "evidence", "from_watermark", "latest_watermark", "leave_watermark", "load_all", "promise",
    "register", "registry", "resolve", "states", "worst",
]  # fmt: skip
