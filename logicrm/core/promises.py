"""Promises: each sentence of the policy, what enforces it, what tests it, and what proves it.

    @promise("P-LOGI-54")
    def retain_support(now): ...            # this function enforces the promise

    @evidence("P-LOGI-54")
    def support_is_gone(now): ...           # looks at what the executor left; returns Evidence

    @pytest.mark.promise("P-LOGI-54")
    def test_support_data_goes_after_three_years(): ...

What several promises share (five policies promise erasure) is declared once as a *proof*, such as "erasure":
`@promise`, `@evidence` and the mark on a test take the name of a proof or the id of a promise. A promise that
says the same as another (`same_as`) is served by all that serves the other. What people do, not the program, is a
*control* of the register: who, how often, with which document.

A promise is never green because the policy says so: "kept" needs the run of an executor.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from flask_babel import LazyString

from logicrm.core.phrases import lazy_gettext
from logicrm.core.promised import (
    NO_EVIDENCE,
    STATE_WORDS,
    Control,
    Evidence,
    Kind,
    Promise,
    Proof,
    State,
    UnknownPromise,
    worst,
)
from logicrm.core.watermarks import Watermark, latest_watermark, leave_watermark
from logicrm.extensions import db

PACKAGE = "logicrm"
log = logging.getLogger(__name__)


EvidenceQuery = Callable[[datetime], Evidence | None]
ControlQuery = Callable[[str, datetime], Evidence | None]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Registry:
    """All promises, the code that enforces them, and the queries that look for evidence.

    `enforcers` and `queries` are kept by the id of a promise or the name of a proof.
    """

    rows: dict[str, Promise] = field(default_factory=dict)
    proofs: dict[str, Proof] = field(default_factory=dict)
    controls: dict[str, Control] = field(default_factory=dict)
    enforcers: dict[str, list[str]] = field(default_factory=dict)
    queries: dict[str, EvidenceQuery] = field(default_factory=dict)
    control_query: ControlQuery | None = None  # who keeps the register of controls says what it holds

    def register(self, row: Promise) -> Promise:
        """Add a promise. The same row again (a module loaded twice) is no harm; a different one raises ValueError."""
        known = self.rows.get(row.id)
        if known is not None and (known.kind, str(known.says)) != (row.kind, str(row.says)):
            raise ValueError(f"{row.id} is registered twice, with different words")
        self.rows[row.id] = row
        return row

    def enforced_by(self, name: str, function: Callable[..., Any]) -> None:
        """Note that a function enforces a promise, or all that share a proof."""
        rule = f"{function.__module__.removeprefix(PACKAGE + '.')}:{function.__qualname__}"
        known = self.enforcers.setdefault(name, [])
        if rule not in known:
            known.append(rule)

    def knows(self, name: str) -> bool:
        """True for the id of a promise and the name of a proof."""
        return name in self.rows or name in self.proofs

    def all(self, profile: str = "") -> list[Promise]:
        """Every promise (of one profile), in order of its id, with all the rules that enforce it."""
        for row in self.rows.values():
            self._all_known(row.proofs, self.knows)
            self._all_known(row.controls, self.controls.__contains__)
        self._all_known((*self.enforcers, *self.queries), self.knows)
        found = [self.get(promise_id) for promise_id in sorted(self.rows)]
        return [row for row in found if not profile or profile in row.profiles]

    def _all_known(self, names: Iterable[str], known: Callable[[str], bool]) -> None:
        for name in names:
            if not known(name):
                raise UnknownPromise(
                    f"{name} is no promise, proof or control of any policy; see {PACKAGE}/privacy/promises"
                )

    def get(self, promise_id: str) -> Promise:
        """One promise. Raises UnknownPromise."""
        self._all_known([promise_id], self.rows.__contains__)
        row = self.rows[promise_id]
        rules = [rule for name in row.served_by for rule in self._rules(name)]
        return replace(row, rules=tuple(dict.fromkeys(rules)))

    def _rules(self, name: str) -> list[str]:
        known = self.rows.get(name) or self.proofs.get(name)
        if isinstance(known, Proof) and not known.built():
            return []
        return [*(known.rules if known else ()), *self.enforcers.get(name, ())]

    def look(self, promise_id: str, now: datetime, seen: dict[str, Evidence] | None = None) -> Evidence:
        """Ask for the evidence of a promise in this workspace: the weakest of all that serves it.

        What people must do counts as well: without their part a promise is not shown as kept. `seen` remembers
        the answers of shared queries.
        """
        row = self.get(promise_id)
        seen = {} if seen is None else seen
        program = [self._ask(name, now, seen) for name in row.served_by if name in self.queries]
        people = [self._ask_register(key, now) for key in row.controls]
        both = worst([*program, *people])
        if program and both.state is State.NO_EVIDENCE and worst(program).state is State.KEPT:
            return replace(
                worst(program),
                state=State.NO_EVIDENCE,
                note=lazy_gettext("The program’s part is kept; people have not shown theirs yet."),
            )
        return both

    def look_at(self, name: str, now: datetime) -> Evidence:
        """Ask one query for evidence, by the id of a promise or the name of a proof that has one."""
        return self._ask(name, now, {})

    def _ask(self, name: str, now: datetime, seen: dict[str, Evidence]) -> Evidence:
        """A query that fails is no evidence, no error."""
        if name not in seen:
            try:
                with db.session.begin_nested():  # else one failed query would fail all after it on PostgreSQL
                    seen[name] = self.queries[name](now) or NO_EVIDENCE
            except Exception:  # a broken query is no evidence, and must not take the page with it
                log.exception("evidence query of %s failed", name)
                seen[name] = Evidence(State.NO_EVIDENCE, note=lazy_gettext("The check could not be made."))
        return seen[name]

    def _ask_register(self, key: str, now: datetime) -> Evidence:
        return (self.control_query(key, now) if self.control_query else None) or NO_EVIDENCE


registry = Registry()


def register(
    promise_id: str,
    *,
    kind: str = "",
    says: str | LazyString | None = None,
    figure: str = "",
    rule: str = "",
    proof: str = "",
    control: str = "",
    same_as: str = "",
    profiles: Iterable[str] = ("logicrm",),
    section: str = "",
) -> Promise:
    """Register a promise that a policy makes. `rule`, `proof` and `control` take several names, by comma.

    `same_as`: the id of another promise that says the same; kind, words, figure, section and all that serves it
    are taken over where they are not given here.
    """
    proofs, controls = _names(proof), _names(control)
    if same_as:
        model = registry.rows[same_as]
        kind, figure, section = kind or model.kind, figure or model.figure, section or model.section
        says = model.says if says is None else says
        proofs = (*proofs, same_as, *(name for name in model.proofs if name not in proofs))
        controls = controls or model.controls
    if says is None:
        raise TypeError(f"{promise_id} says nothing")
    row = Promise(promise_id, Kind(kind), says, figure, _names(rule), tuple(profiles), section, proofs, controls)
    return registry.register(row)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def proof(name: str, *, rule: str = "", built: Callable[[], bool] = lambda: True) -> None:
    """Declare what several promises share; `rule` may follow later, by `@promise(name)` on the function."""
    registry.proofs[name] = Proof(name, _names(rule), built)


def control(key: str, says: str | LazyString, cadence: str) -> None:
    """Declare what people do."""
    registry.controls[key] = Control(key, says, cadence)


def promise(name: str, **row: Any) -> Callable[[F], F]:
    """Mark the function that enforces a promise or a proof. With `kind=` and `says=` it registers the promise too."""
    if row:
        register(name, **row)

    def mark(function: F) -> F:
        registry.enforced_by(name, function)
        return function

    return mark


def evidence(*names: str) -> Callable[[F], F]:
    """Mark the function that looks for evidence of promises or proofs: `(now) -> Evidence | None`, in a workspace."""

    def mark(function: F) -> F:
        for name in names:
            if name in registry.queries and registry.queries[name] is not function:
                raise ValueError(f"{name} has two evidence queries")
            registry.queries[name] = function
        return function

    return mark


def from_watermark(
    executor: str,
    now: datetime,
    *,
    at_most: timedelta,
    cutoff: datetime | None = None,
    overdue: int = 0,
    figure: str | LazyString | Callable[[Watermark], str | LazyString] = "",
) -> Evidence:
    """Evidence from the last run of an executor in this workspace. `figure` may be made from what the run left.

    No run, or one older than `at_most`: no evidence. Rows that the run could not deal with, `overdue` rows
    counted now, or one left from before `cutoff`: breached. Otherwise kept.
    """
    mark = latest_watermark(executor)
    if mark is None:
        return NO_EVIDENCE
    said = figure(mark) if callable(figure) else figure
    facts: dict[str, Any] = {"figure": said, "rows": mark.rows_acted, "at": mark.ran_at, "run_id": mark.run_id}
    left_too_long = cutoff is not None and mark.oldest_left is not None and mark.oldest_left <= cutoff
    if mark.rows_overdue or overdue or left_too_long:
        return Evidence(State.BREACHED, **facts)
    if now - mark.ran_at > at_most:
        return Evidence(State.NO_EVIDENCE, **facts, note=lazy_gettext("The last check is too long ago to count."))
    return Evidence(State.KEPT, **facts)


def states(promises: Iterable[Promise], now: datetime) -> dict[str, Evidence]:
    """The evidence of each promise in this workspace, by id."""
    load_all()
    seen: dict[str, Evidence] = {}
    return {row.id: registry.look(row.id, now, seen) for row in promises}


# Finding and checking ----------------------------------------------------------------------------


@cache
def load_all() -> None:
    """Import, once, every `promises` and `promises_…` module of the package, so that the registry is complete."""
    package = importlib.import_module(PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
        if module.name.rpartition(".")[2].partition("_")[0] == "promises":
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
    "NO_EVIDENCE", "STATE_WORDS", "Control", "Evidence", "Kind", "Promise", "Proof", "Registry", "State",
    "UnknownPromise", "Watermark", "broken_rules", "control", "evidence", "from_watermark", "latest_watermark",
    "leave_watermark", "load_all", "promise", "proof", "register", "registry", "resolve", "states", "worst",
]  # fmt: skip
