"""Calendar arithmetic: how long is kept, and by which day an answer is due.

Two clocks run beside each other for each request, the one of the policy and the one of the
law, and the earlier day counts. "30 days" and "one month" are different things: a request of
30 January is due under the law on the last day of February.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Self

import holidays

if TYPE_CHECKING:
    from logicrm.privacy.profile import Profile

_ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(\d+)H)?")


@dataclass(frozen=True)
class Duration:
    """A length of calendar time, as ISO 8601 writes it: P3Y, P1M, P30D, PT72H."""

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `P3Y`, `P6M`, `P2W`, `P30D`, `PT72H` or a mix. Raises ValueError for anything else, P0D included."""
        found = _ISO.fullmatch(text)
        years, months, weeks, days, hours = (int(part or 0) for part in found.groups()) if found else (0,) * 5
        if not (years or months or weeks or days or hours):
            raise ValueError(f"{text!r} is no duration")
        return cls(years, months, weeks * 7 + days, hours)

    def __str__(self) -> str:
        day = "".join(f"{n}{unit}" for n, unit in ((self.years, "Y"), (self.months, "M"), (self.days, "D")) if n)
        return f"P{day}" + (f"T{self.hours}H" if self.hours else "")

    def cutoff(self, now: datetime) -> datetime:
        """The latest anchor whose time is up at `now`: `anchor <= cutoff(now)` is due, anything later is kept."""
        earlier = now - timedelta(days=self.days, hours=self.hours)
        year, month = _shift(earlier.year, earlier.month, -self._in_months())
        return earlier.replace(year=year, month=month, day=min(earlier.day, monthrange(year, month)[1]))

    def expires(self, anchor: datetime) -> datetime:
        """The first instant at which `anchor` is due, so that `anchor <= cutoff(now)` is `expires(anchor) <= now`.

        Where the day does not exist (29 February and a year on) the last day of that month is kept in full.
        """
        year, month = _shift(anchor.year, anchor.month, self._in_months())
        if anchor.day > monthrange(year, month)[1]:
            year, month = _shift(year, month, 1)
            later = anchor.replace(year=year, month=month, day=1, hour=0, minute=0, second=0, microsecond=0)
        else:
            later = anchor.replace(year=year, month=month)
        return later + timedelta(days=self.days, hours=self.hours)

    def last_day(self, start: date) -> date:
        """The last day of a period that begins with an event on `start`, that day not counted.

        Months and years end on the same-numbered day, or the last of the month (Regulation 1182/71 Art. 3(2)(c)).
        """
        if self.hours:
            raise ValueError("a period of hours has no last day; use expires()")
        year, month = _shift(start.year, start.month, self._in_months())
        return date(year, month, min(start.day, monthrange(year, month)[1])) + timedelta(days=self.days)

    def is_longer_than(self, other: Duration) -> bool:
        """True when this period ends later than the other for an event of the same instant."""
        return self.expires(_EPOCH) > other.expires(_EPOCH)

    def _in_months(self) -> int:
        return self.years * 12 + self.months


_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)


def _shift(year: int, month: int, months: int) -> tuple[int, int]:
    year, zero_based = divmod(year * 12 + month - 1 + months, 12)
    return year, zero_based + 1


# Working days ------------------------------------------------------------------------------------


@cache
def _calendar(country: str) -> holidays.HolidayBase | None:
    """Public holidays of a country (ISO 3166-1), filled year by year as asked; None where nobody lists them."""
    try:
        return holidays.country_holidays(country) if country else None
    except NotImplementedError:
        return None


def settled_until(country: str) -> int | None:
    """The last year whose days off are settled, or None where nothing is moved from year to year.

    Some governments (Viet Nam's for Tết) decide each year which days are moved and made up for; what lies beyond the
    last decision that the calendar knows is computed, and may be decided otherwise. 0: nobody lists this country.
    """
    listed = _calendar(country)
    if listed is None:
        return 0
    decided = set(getattr(listed, "special_public_holidays", ()))
    last = max(decided, default=0)
    return last if {last - 1, last - 2} <= decided else int(listed.end_year)


def is_holiday(day: date, country: str) -> bool:
    """True for Saturdays, Sundays and public holidays: the days on which no legal period ends.

    Source: Regulation 1182/71 Art. 2 and 3(4). Where nobody lists a country's holidays, weekends alone count.
    """
    listed = _calendar(country)
    return day.weekday() >= 5 or (listed is not None and day in listed)


def is_working_day(day: date, country: str) -> bool:
    """True for a day on which the country works: a Saturday, too, that makes up for a moved holiday."""
    listed = _calendar(country)
    return day.weekday() < 5 if listed is None else bool(listed.is_working_day(day))


def working_days_after(start: date, count: int, country: str) -> date:
    """The day that is `count` working days after `start`, which is not counted itself."""
    day = start
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day, country)
    return day


def unsettled(first: date, last: date, country: str) -> tuple[int, ...]:
    """The years of a period whose days off are not settled yet: its end may still move, and a page says so."""
    until = settled_until(country)
    return tuple(year for year in range(first.year, last.year + 1) if until is not None and year > until)


# What the law asks -------------------------------------------------------------------------------


@dataclass(frozen=True)
class LegalClock:
    """A deadline of a law, and the days between which it holds."""

    regime: str
    events: tuple[str, ...]
    within: Duration
    extension: Duration | None
    valid_from: date
    valid_until: date | None  # last day; None = still in force
    source: str
    working_days: int = 0  # where the law counts working days; then `within` says the same in days


#: What people may ask for. `inquiry` is a question about privacy: no law sets its clock, the policy does.
REQUEST_KINDS = (
    "access", "copy", "portability", "rectification", "erasure", "restriction", "objection",
    "withdrawal", "complaint", "minor", "inquiry",
)  # fmt: skip
_ASKED = tuple(kind for kind in REQUEST_KINDS if kind != "inquiry")

#: Deadlines as data. A changed law is a new row with its first day; the old row gets its last one.
LEGAL_CLOCKS = (
    LegalClock("gdpr", _ASKED, Duration(months=1), Duration(months=2), date(2018, 5, 25), None, "GDPR Art. 12(3)"),
    LegalClock("gdpr", ("breach",), Duration(hours=72), None, date(2018, 5, 25), None, "GDPR Art. 33(1)"),
    LegalClock(
        "vn", _ASKED, Duration(hours=72), None, date(2023, 7, 1), date(2025, 12, 31), "Decree 13/2023, Art. 14 to 16"
    ),
    # Calendar days: where sources read the decree as working days, the shorter reading protects the person.
    LegalClock(
        "vn", ("access", "copy", "portability", "rectification"), Duration(days=10), Duration(days=10),
        date(2026, 1, 1), None, "Law 91/2025, Decree 356/2025",
    ),
    LegalClock(
        "vn", ("withdrawal", "restriction", "objection", "complaint"), Duration(days=15), Duration(days=15),
        date(2026, 1, 1), None, "Law 91/2025, Decree 356/2025",
    ),
    LegalClock(
        "vn", ("erasure", "minor"), Duration(days=20), Duration(days=20),
        date(2026, 1, 1), None, "Law 91/2025, Decree 356/2025",
    ),
    LegalClock(
        "vn", ("first_word",), Duration(days=2), None, date(2026, 1, 1), None, "Law 91/2025, Decree 356/2025",
        working_days=2,
    ),
    LegalClock("vn", ("breach",), Duration(hours=72), None, date(2023, 7, 1), None, "Law 91/2025 Art. 23"),
)  # fmt: skip


def legal_clock(regime: str, event: str, on: date) -> LegalClock | None:
    """The deadline that a regime sets for an event of that day, or None."""
    for clock in LEGAL_CLOCKS:
        in_force = clock.valid_from <= on and (clock.valid_until is None or on <= clock.valid_until)
        if clock.regime == regime and event in clock.events and in_force:
            return clock
    return None


def answer_due(received: date, *, country: str, extended: bool = False, paused_days: int = 0) -> date:
    """Return the last day on which the GDPR lets a data-subject request be answered.

    One calendar month, or three when ``extended``; never 30 days. A request of 31 January falls due on
    the last day of February. A period that would end on a weekend or public holiday of ``country``
    (ISO 3166-1) ends on the next working day.

    ``received`` is a day in the workspace's time zone and isn't counted. ``paused_days`` are the days that a
    justified identity check took. Raises ValueError past year 9999.

    Source: GDPR Art. 12(3) and 12(6); Regulation 1182/71 Art. 3(1), 3(2)(c), 3(4).
    """
    months = Duration(months=3 if extended else 1)
    return _not_on_a_holiday(months.last_day(received) + timedelta(days=paused_days), country)


def legal_due(
    regime: str, kind: str, received: date, *, country: str, extended: bool = False, paused_days: int = 0
) -> date | None:
    """Return the last day that a regime ("gdpr", "vn") sets for this kind of request, or None where it sets none."""
    if regime == "gdpr" and kind in _ASKED:
        return answer_due(received, country=country, extended=extended, paused_days=paused_days)
    clock = legal_clock(regime, kind, received)
    if clock is None:
        return None
    # Hours count from the instant, which a day does not know: the stricter reading is the whole days in them.
    last = received + timedelta(hours=clock.within.hours) if clock.within.hours else clock.within.last_day(received)
    if extended and clock.extension is not None:
        last = clock.extension.last_day(last)
    return last + timedelta(days=paused_days)


def first_word_due(profile: Profile, received: date, country: str) -> date | None:
    """The day by which a law wants the person to hear that their request has come, or None where none says so."""
    found = []
    for regime in profile.regimes:
        clock = legal_clock(regime, "first_word", received)
        if clock is not None:
            found.append(working_days_after(received, clock.working_days, country))
    return min(found, default=None)


def policy_due(
    profile: Profile,
    received: date,
    country: str,
    *,
    kind: str = "access",
    extended: bool = False,
    paused_days: int = 0,
) -> date | None:
    """Return the last day that the policy itself promises, or None where it is silent.

    Thirty days are thirty days: a promise is not stretched by a weekend. Working days are those of ``country``.
    An extension stretches the promise as the profile says, once, or not at all where it names none. A question
    for which the policy has no time of its own is answered like a request.
    """
    asked = profile.requests
    own = asked.inquiry if kind == "inquiry" else None
    within = own or asked.answer
    if own is None and asked.answer_working_days:
        last = working_days_after(received, asked.answer_working_days, country)
    elif within is not None:
        last = within.last_day(received)
    else:
        return None
    if extended and asked.extension is not None:
        last = asked.extension.last_day(last)
    return last + timedelta(days=paused_days)


@dataclass(frozen=True)
class Due:
    """When an answer is due: the earlier of the policy's day and the law's."""

    on: date
    policy_on: date | None
    legal_on: date | None
    regime: str  # whose legal clock that is; "" where no law sets one
    unsettled: tuple[int, ...] = ()  # years whose days off the country has not settled yet

    @property
    def ruled_by(self) -> str:
        """Which clock rules: "policy" or "law" (the policy where both name the same day)."""
        return "policy" if self.on == self.policy_on else "law"

    def days_left(self, today: date) -> int:
        """Whole days until the answer is late; negative when it is."""
        return (self.on - today).days


def due(
    profile: Profile,
    received: date,
    country: str,
    *,
    kind: str = "access",
    extended: bool = False,
    paused_days: int = 0,
) -> Due:
    """Return both clocks of a request and the day that counts.

    A question that neither a law nor the policy times is treated as a request: a month.
    Raises ValueError for an unknown kind.
    """
    if kind not in REQUEST_KINDS:
        raise ValueError(f"unknown kind of request {kind!r}; one of {', '.join(REQUEST_KINDS)}")
    policy_on = policy_due(profile, received, country, kind=kind, extended=extended, paused_days=paused_days)
    legal = [
        (day, regime)
        for regime in profile.regimes
        if (day := legal_due(regime, kind, received, country=country, extended=extended, paused_days=paused_days))
    ]
    if not legal and policy_on is None:
        legal = [(answer_due(received, country=country, extended=extended, paused_days=paused_days), "gdpr")]
    legal_on, regime = min(legal, default=(None, ""))
    days = [day for day in (policy_on, legal_on) if day is not None]
    by_calendar = bool(profile.requests.answer_working_days) or regime == "gdpr"
    open_years = unsettled(received, max(days), country) if by_calendar else ()
    return Due(on=min(days), policy_on=policy_on, legal_on=legal_on, regime=regime, unsettled=open_years)


def _not_on_a_holiday(day: date, country: str) -> date:
    while is_holiday(day, country):
        day += timedelta(days=1)
    return day
