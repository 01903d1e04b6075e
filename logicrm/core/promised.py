"""The values that promises are spoken of in: what one is, what serves it, and what is known about it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from flask_babel import LazyString

from logicrm.core.phrases import lazy_gettext


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
    """A promise, proof or control is named that nobody declared."""


@dataclass(frozen=True)
class Promise:
    """One thing that the policy says and that can be true or false of the running system.

    says:     our own plain words; `%(figure)s` and names of the policy are filled in by the page.
    figure:   path into the profile ("retention.support.keep_for"), or "" when there is no figure.
    rules:    dotted places of the code that enforces it, "privacy.retention:run"; none = not built yet.
    profiles: the profiles that make this promise.
    section:  where it stands on the policy page.
    proofs:   what it shares with others: proofs, and ids of promises that say the same.
    controls: what people do for it.
    """

    id: str
    kind: Kind
    says: str | LazyString
    figure: str = ""
    rules: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ("logicrm",)
    section: str = ""
    proofs: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()

    @property
    def served_by(self) -> tuple[str, ...]:
        """The names under which rules, tests and evidence of this promise may be declared."""
        return (self.id, *self.proofs)

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
class Proof:
    """What several promises share. `built` says whether the program has it yet; until then its rules do not count."""

    name: str
    rules: tuple[str, ...] = ()
    built: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class Control:
    """What people do for a promise, and how often: an ISO 8601 period, or the field of the profile that says it."""

    key: str
    says: str | LazyString
    cadence: str


@dataclass(frozen=True)
class Evidence:
    """What is known about a promise. Only the run of an executor can make it "kept"."""

    state: State
    figure: str | LazyString = ""  # what was measured, for people: "0 rows overdue"
    rows: int = 0
    at: datetime | None = None
    run_id: uuid.UUID | None = None
    note: str | LazyString = ""

    def __post_init__(self) -> None:
        if self.state is State.KEPT and (self.at is None or self.run_id is None):
            raise ValueError("'kept' needs an executor's run: its time (at) and its run_id")


NO_EVIDENCE = Evidence(State.NO_EVIDENCE)
_LATEST = datetime.max.replace(tzinfo=UTC)


def worst(found: Iterable[Evidence]) -> Evidence:
    """Of several pieces of evidence the worst; of equal ones the oldest; no evidence when there is none."""
    return min(found, key=lambda one: (WORST_FIRST.index(one.state), one.at or _LATEST), default=NO_EVIDENCE)
