"""Clocks against tables that were not computed by the program: official days off, church calendars, calendars of leap years.

Sources. Tết and moved days of Viet Nam: the Government's decisions on public holidays for 2024, 2025 and 2026, as told by
Viet Nam News and the Ministry of Home Affairs (2026: 16 to 20 February, https://helpall247.com/en/news/vietnam-2026-lunar-new-year-holiday).
Substitute days: Labour Code 45/2019, Art. 111(3) and 112. Easter: the western and eastern dates of the computus as churches
publish them (https://www.smart.net/~mmontes/ortheast.html has the eastern rule). Vietnamese clocks: Decree 356/2025 as told by
https://www.frasersvn.com/legal-updates-and-publications/the-next-chapter-in-data-protection-new-decree-guiding-the-personal-data-protection-law
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from logicrm.privacy import clocks, profile
from logicrm.privacy.clocks import Duration

pytestmark = pytest.mark.promise("clock.requests")
LOGITRACK, LOGICRM = profile.load("logitrack"), profile.load("logicrm")

#: Working days of the weeks around Tết on which Viet Nam does not work, weekends left out.
TET = {
    2024: [date(2024, 2, day) for day in (8, 9, 12, 13, 14)],  # first day Saturday the 10th: two substitute days
    2025: [date(2025, 1, day) for day in (27, 28, 29, 30, 31)],
    2026: [date(2026, 2, day) for day in (16, 17, 18, 19, 20)],
}
#: First day of the lunar year, also where the days around it are not decided yet.
LUNAR_NEW_YEAR = {2024: date(2024, 2, 10), 2025: date(2025, 1, 29), 2026: date(2026, 2, 17), 2027: date(2027, 2, 6)}


@pytest.mark.parametrize("year", TET)
def test_viet_nam_does_not_work_on_these_days_around_tet_and_on_all_others(year: int) -> None:
    first = LUNAR_NEW_YEAR[year] - timedelta(days=14)
    weekdays = [day for n in range(29) if (day := first + timedelta(days=n)).weekday() < 5]
    assert [day for day in weekdays if not clocks.is_working_day(day, "VN")] == TET[year]


@pytest.mark.parametrize("year", LUNAR_NEW_YEAR)
def test_the_lunar_year_begins_on_this_day(year: int) -> None:
    assert clocks.is_holiday(LUNAR_NEW_YEAR[year], "VN") and not clocks.is_working_day(LUNAR_NEW_YEAR[year], "VN")


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2024-02-07", "2024-02-23"),  # 15, 16, 19 to 23: Tết takes 8 to 14
        ("2024-02-05", "2024-02-21"),  # two days, Tết, 15, 16, 19, 20, 21
        ("2024-02-14", "2024-02-23"),  # asked on the last day of Tết
        ("2024-02-16", "2024-02-27"),  # a Friday
        ("2024-04-26", "2024-05-09"),  # Monday 29 April off, Saturday 4 May made up for it: 2, 3, 4, 6, 7, 8, 9
        ("2025-01-24", "2025-02-11"),  # the day before the long break
        ("2025-01-31", "2025-02-11"),
        ("2025-04-04", "2025-04-16"),  # Monday 7 April 2025, the Hung Kings
        ("2025-04-24", "2025-05-07"),  # Friday 2 May off, Saturday 26 April worked
        ("2025-08-29", "2025-09-11"),  # 1 and 2 September, National Day
        ("2026-02-13", "2026-03-03"),
        ("2026-02-06", "2026-02-24"),
        ("2026-02-22", "2026-03-03"),  # a Sunday inside the break
        ("2026-08-28", "2026-09-11"),  # Monday 31 August off for Saturday 22, then 1 and 2 September
    ],
)
def test_seven_working_days_in_viet_nam(received: str, due: str) -> None:
    found = clocks.due(LOGITRACK, date.fromisoformat(received), "VN", kind="erasure")
    assert found.policy_on == date.fromisoformat(due)


#: Easter Sunday: western, eastern.
EASTER = {
    2024: (date(2024, 3, 31), date(2024, 5, 5)), 2025: (date(2025, 4, 20), date(2025, 4, 20)),
    2026: (date(2026, 4, 5), date(2026, 4, 12)), 2027: (date(2027, 3, 28), date(2027, 5, 2)),
}  # fmt: skip


@pytest.mark.parametrize("year", EASTER)
def test_each_country_has_its_own_easter(year: int) -> None:
    western, eastern = EASTER[year]
    for sunday, country in ((western, "GB"), (western, "DE"), (eastern, "RO")):
        friday = sunday - timedelta(days=2)
        assert not clocks.is_working_day(friday, country), (country, "Good Friday")
    # Easter Monday: no holiday of all of Great Britain (Scotland works), one of Germany and of Romania.
    assert not clocks.is_working_day(western + timedelta(days=1), "DE")
    assert not clocks.is_working_day(eastern + timedelta(days=1), "RO")
    if western != eastern:
        assert clocks.is_working_day(western - timedelta(days=2), "RO")
        assert clocks.is_working_day(eastern + timedelta(days=1), "DE") or eastern == date(2024, 5, 5)


@pytest.mark.parametrize(
    ("received", "country", "legal"),
    [
        ("2024-04-03", "RO", "2024-05-07"),  # 3 May Good Friday, weekend, Easter Monday 6 May
        ("2026-03-10", "RO", "2026-04-14"),  # 10 April Good Friday, Easter 12 and 13
        ("2027-03-30", "RO", "2027-05-04"),  # 30 April Good Friday, 1 to 3 May
        ("2027-03-30", "GB", "2027-04-30"),
        # Good Friday, then Easter Monday, which is a day off in England but not in all of the country: it counts.
        ("2024-02-29", "GB", "2024-04-01"),
        ("2026-03-03", "GB", "2026-04-06"),
        ("2024-01-31", "RO", "2024-02-29"),
        ("2025-01-31", "RO", "2025-02-28"),
        ("2028-01-31", "RO", "2028-02-29"),
        ("2027-01-29", "RO", "2027-03-01"),  # 28 February 2027 is a Sunday
        ("2025-03-31", "RO", "2025-04-30"),
        ("2025-05-31", "RO", "2025-06-30"),
        ("2026-10-31", "RO", "2026-12-02"),  # 30 November (Saint Andrew) and 1 December (National Day)
        ("2025-11-25", "RO", "2025-12-29"),  # Christmas, 25 and 26, then a weekend
    ],
)
def test_a_month_by_the_law(received: str, country: str, legal: str) -> None:
    assert clocks.answer_due(date.fromisoformat(received), country=country) == date.fromisoformat(legal)


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("Asia/Ho_Chi_Minh", "2026-02-06T17:30+00:00", "2026-02-07"),  # half past midnight there
        ("America/New_York", "2026-03-08T04:30+00:00", "2026-03-07"),  # before summer time began there
        ("Europe/Bucharest", "2026-03-29T00:30+00:00", "2026-03-29"),  # the night in which an hour is missing
        ("Europe/Bucharest", "2026-10-24T21:30+00:00", "2026-10-25"),  # the night in which an hour comes twice
        ("Pacific/Kiritimati", "2026-01-30T10:30+00:00", "2026-01-31"),
    ],
)
def test_the_day_of_a_request_is_the_workspaces(zone: str, instant: str, day: str) -> None:
    assert datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)).date() == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("kind", "received", "legal"),
    [
        ("access", "2025-12-31", "2026-01-03"),  # Decree 13/2023: 72 hours
        ("access", "2026-01-01", "2026-01-11"),  # Law 91/2025 with Decree 356/2025: 10 days
        ("rectification", "2026-01-01", "2026-01-11"),
        ("portability", "2026-03-01", "2026-03-11"),
        ("restriction", "2026-01-01", "2026-01-16"),
        ("objection", "2026-01-01", "2026-01-16"),
        ("erasure", "2026-01-01", "2026-01-21"),
        ("erasure", "2025-12-31", "2026-01-03"),
    ],
)
def test_the_vietnamese_law_changed_with_the_year(kind: str, received: str, legal: str) -> None:
    assert clocks.legal_due("vn", kind, date.fromisoformat(received), country="VN") == date.fromisoformat(legal)


def test_withdrawals_take_fifteen_days_and_fifteen_more_once() -> None:
    day = date(2026, 3, 2)
    assert clocks.legal_due("vn", "objection", day, country="VN") == date(2026, 3, 17)
    assert clocks.legal_due("vn", "objection", day, country="VN", extended=True) == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("received", "due"),
    [("2025-12-31", None), ("2026-01-05", "2026-01-07"), ("2026-02-13", "2026-02-24"), ("2026-03-06", "2026-03-10")],
)
def test_the_first_word_within_two_working_days_since_2026(received: str, due: str | None) -> None:
    found = clocks.first_word_due(LOGITRACK, date.fromisoformat(received), "VN")
    assert found == (date.fromisoformat(due) if due else None)
    assert clocks.first_word_due(LOGICRM, date.fromisoformat(received), "RO") is None


@pytest.mark.parametrize("regime", ["gdpr", "vn"])
def test_a_breach_is_told_within_seventy_two_hours_also_over_summer_time(regime: str) -> None:
    known = clocks.legal_clock(regime, "breach", date(2026, 3, 27))
    assert known is not None and known.within == Duration(hours=72)
    begun = datetime(2026, 3, 27, 18, tzinfo=ZoneInfo("Europe/Bucharest"))
    # Three days later it is an hour later on the wall: an hour was left out on Sunday.
    assert (begun.astimezone(UTC) + timedelta(hours=72)).astimezone(begun.tzinfo).hour == 19
    assert known.within.expires(begun.astimezone(UTC)) == datetime(2026, 3, 30, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("country", "first", "last", "open_years"),
    [
        ("VN", date(2026, 1, 5), date(2026, 2, 1), ()),
        ("VN", date(2027, 1, 25), date(2027, 2, 20), (2027,)),  # nobody has decided which days Tết 2027 moves
        ("VN", date(2026, 12, 28), date(2027, 1, 8), (2027,)),
        ("RO", date(2027, 4, 1), date(2027, 5, 4), ()),  # nothing is moved from year to year
        ("XX", date(2026, 1, 1), date(2026, 1, 9), (2026,)),  # nobody lists its holidays
    ],
)
def test_a_year_that_is_not_settled_is_named(
    country: str, first: date, last: date, open_years: tuple[int, ...]
) -> None:
    assert clocks.unsettled(first, last, country) == open_years


def test_a_clock_over_an_unsettled_year_says_so_and_others_do_not() -> None:
    assert clocks.due(LOGITRACK, date(2027, 2, 1), "VN").unsettled == (2027,)
    assert clocks.due(LOGITRACK, date(2026, 2, 2), "VN").unsettled == ()
    assert clocks.due(LOGICRM, date(2027, 2, 1), "RO").unsettled == ()
