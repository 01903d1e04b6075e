"""The parts of a policy profile: plain, unchangeable values, checked by `profile.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from logicrm.privacy.clocks import Duration


@dataclass(frozen=True)
class Identity:
    """Who answers for the data, and how to reach them."""

    controller: str
    country: str  # ISO 3166-1
    governing_law: str
    address: tuple[str, ...]
    privacy_email: str
    dpo_email: str  # "" where the policy names no such address
    dpo_address: tuple[str, ...]


@dataclass(frozen=True)
class Requests:
    """How soon requests are answered. None and 0 where the policy is silent: the law alone counts."""

    answer: Duration | None
    answer_working_days: int
    inquiry: Duration | None
    extension: Duration


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
    warn_days: int
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
    country: str
    mechanism: str
    contract: str


@dataclass(frozen=True)
class Security:
    """Statements on security, as words that the policy page spells out."""

    in_transit: str
    at_rest: str
    measures: tuple[str, ...]
    audits: str
