"""The parts of a policy profile: plain, unchangeable values, checked by `profile.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from logicrm.privacy.clocks import Duration


@dataclass(frozen=True)
class Identity:
    """Who answers for the data, and how to reach them. What a policy does not state is empty, and stops publishing."""

    controller: str
    country: str  # ISO 3166-1
    governing_law: str
    court: str  # "" where the policy names none
    address: tuple[str, ...]
    privacy_email: str
    dpo_email: str
    dpo_address: tuple[str, ...]

    @property
    def contact(self) -> str:
        """Where somebody writes about privacy: the mailbox, else the postal address, else nothing."""
        return self.privacy_email or ", ".join(self.address)


@dataclass(frozen=True)
class Requests:
    """How soon requests are answered. None and 0 where the policy is silent: the law alone counts."""

    answer: Duration | None
    answer_working_days: int
    inquiry: Duration | None
    extension: Duration | None  # None: the policy's own time is never stretched


@dataclass(frozen=True)
class DeletionTerms:
    """What happens between a request for deletion and the purge."""

    grace_days: int
    reminders: tuple[int, ...]  # days before the purge, largest first
    accessible: tuple[str, ...]
    delete_now: bool
    minors_wait: bool

    @property
    def grace(self) -> Duration:
        """The wait as a period."""
        return Duration(days=self.grace_days)


@dataclass(frozen=True)
class Termination:
    """What happens to the data of a business that leaves the service."""

    keep_days: int
    accessible: tuple[str, ...]

    @property
    def wait(self) -> Duration:
        """The days as a period."""
        return Duration(days=self.keep_days)


@dataclass(frozen=True)
class BreachTerms:
    """How soon a breach is told. `people` is None where the law's "without undue delay" is all that is said."""

    authority: Duration
    people: Duration | None


@dataclass(frozen=True)
class Hosting:
    """Where the data lies, and whether any of it may leave."""

    regions: tuple[str, ...]
    pinned: bool


@dataclass(frozen=True)
class Automation:
    """What programs may conclude about people."""

    profiling: str
    decisions: str


@dataclass(frozen=True)
class Trigger:
    """An event that starts a clock of keeping."""

    keep_for: Duration
    anchor: str
    ground: str

    def cutoff(self, now: datetime) -> datetime:
        """Rows whose anchor is at or before this instant are due."""
        return self.keep_for.cutoff(now)


@dataclass(frozen=True)
class RetentionRule:
    """How long one class of data is kept, from which event, and what happens then."""

    name: str
    keep_for: Duration
    anchor: str
    action: str
    ground: str
    criterion: str
    minimum: Duration | None
    maximum: Duration | None
    warn_days: tuple[int, ...]  # letters to the person so many days before, the largest first
    while_used: bool  # nothing goes as long as the service is used
    also: tuple[Trigger, ...]  # other events; whichever comes first ends the keeping

    @property
    def duration(self) -> Duration:
        """The main figure."""
        return self.keep_for

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """All events that end the keeping, the main one first."""
        return (Trigger(self.keep_for, self.anchor, self.ground), *self.also)

    def counted_from(self, anchor: str) -> Duration | None:
        """The figure that counts from this event, or None."""
        return next((t.keep_for for t in self.triggers if t.anchor == anchor), None)

    def cutoff(self, now: datetime, anchor: str = "") -> datetime:
        """Rows whose anchor is at or before this instant are due. Raises KeyError for an anchor that has no figure."""
        figure = self.counted_from(anchor or self.anchor)
        if figure is None:
            raise KeyError(f"retention.{self.name} counts nothing from {anchor!r}")
        return figure.cutoff(now)


@dataclass(frozen=True)
class Purpose:
    """Why data is used, on exactly one legal basis."""

    name: str
    basis: str
    data: tuple[str, ...]

    @property
    def needs_consent(self) -> bool:
        """True where nothing may happen before the person says yes."""
        return self.basis == "consent"


@dataclass(frozen=True)
class RecipientTerms:
    """Somebody outside who may receive data: category, place, and what protects the transfer."""

    category: str
    name: str  # "" until the business has chosen one
    country: str  # "" = the home country, whichever that is
    mechanism: str
    contract: str


@dataclass(frozen=True)
class Security:
    """Statements on security, as words that the policy page spells out."""

    in_transit: str
    at_rest: str
    measures: tuple[str, ...]
    audits: str
