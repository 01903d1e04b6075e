"""When is an answer due, and when is a time of keeping up? Days from the law and from calendars, not from the code."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logicrm.privacy import clocks, profile
from logicrm.privacy.clocks import Duration

LOGICRM = profile.load("logicrm")


@pytest.mark.promise("clock.requests")
@pytest.mark.parametrize(
    ("received", "legal"),
    [
        (date(2025, 1, 15), date(2025, 2, 17)),  # 15 February is a Saturday: Monday
        (date(2025, 1, 30), date(2025, 2, 28)),  # no 30 February: the last day, a Friday
        (date(2025, 1, 31), date(2025, 2, 28)),
        (date(2024, 1, 29), date(2024, 2, 29)),  # a leap year has the day
        (date(2024, 1, 30), date(2024, 2, 29)),
        (date(2024, 2, 29), date(2024, 3, 29)),
        (date(2025, 8, 31), date(2025, 9, 30)),
        (date(2025, 3, 18), date(2025, 4, 22)),  # Good Friday, Saturday, Orthodox Easter Sunday and Monday
        (date(2025, 12, 1), date(2026, 1, 5)),  # New Year's Day and 2 January, then a weekend
        (date(2025, 12, 31), date(2026, 2, 2)),  # over the year's end; 31 January is a Saturday
    ],
)
def test_the_law_gives_one_month_in_romania(received: date, legal: date) -> None:
    assert clocks.answer_due(received, country="RO") == legal


@pytest.mark.parametrize(
    ("received", "country", "legal"),
    [
        (date(2025, 3, 18), "DE", date(2025, 4, 22)),  # Easter Monday 21 April
        (date(2025, 3, 18), "US", date(2025, 4, 18)),  # Good Friday is no federal holiday
        (date(2026, 1, 17), "VN", date(2026, 2, 23)),  # Tết 2026, 16 to 20 February, then a weekend
        (date(2025, 11, 25), "XX", date(2025, 12, 25)),  # an unknown country has weekends only
    ],
)
def test_holidays_are_those_of_the_workspace_s_country(received: date, country: str, legal: date) -> None:
    assert clocks.answer_due(received, country=country) == legal


@pytest.mark.parametrize(
    ("received", "extended_to"),
    [
        (date(2025, 1, 31), date(2025, 4, 30)),
        (date(2025, 11, 30), date(2026, 3, 2)),
        (date(2023, 11, 29), date(2024, 2, 29)),
    ],
)
def test_an_extension_adds_two_months_to_the_first(received: date, extended_to: date) -> None:
    assert clocks.answer_due(received, country="RO", extended=True) == extended_to


def test_the_days_of_an_identity_check_do_not_count() -> None:
    assert clocks.answer_due(date(2025, 1, 31), country="RO", paused_days=3) == date(2025, 3, 3)


@pytest.mark.promise("clock.requests")
@pytest.mark.parametrize(
    ("received", "policy", "legal", "rules"),
    [
        (date(2025, 1, 30), date(2025, 3, 1), date(2025, 2, 28), "law"),  # 29 days: the month is shorter
        (date(2025, 1, 29), date(2025, 2, 28), date(2025, 2, 28), "policy"),
        (date(2026, 1, 30), date(2026, 3, 1), date(2026, 3, 2), "policy"),  # 28 February 2026 is a Saturday
        (date(2024, 1, 30), date(2024, 2, 29), date(2024, 2, 29), "policy"),
        (date(2025, 7, 1), date(2025, 7, 31), date(2025, 8, 1), "policy"),
    ],
)
def test_thirty_days_and_a_month_both_run_and_the_earlier_counts(
    received: date, policy: date, legal: date, rules: str
) -> None:
    due = clocks.due(LOGICRM, received, "RO")
    assert (due.policy_on, due.legal_on, due.on) == (policy, legal, min(policy, legal))
    assert due.ruled_by == rules
    assert due.days_left(due.on) == 0
    assert due.days_left(due.on + timedelta(days=1)) == -1


def test_an_extended_request_is_due_two_months_later_by_the_earlier_clock() -> None:
    due = clocks.due(LOGICRM, date(2025, 1, 31), "RO", extended=True)
    assert (due.policy_on, due.legal_on) == (date(2025, 5, 2), date(2025, 4, 30))
    assert due.on == date(2025, 4, 30)


@pytest.mark.promise("clock.requests", "P-LOGI-66")
def test_a_question_is_answered_within_thirty_days_and_no_law_times_it() -> None:
    due = clocks.due(LOGICRM, date(2025, 2, 1), "RO", kind="inquiry")
    assert (due.on, due.legal_on, due.regime) == (date(2025, 3, 3), None, "")


def test_an_unknown_kind_of_request_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        clocks.due(LOGICRM, date(2025, 2, 1), "RO", kind="wish")


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2026, 2, 9), date(2026, 2, 25)),  # 10–13 Feb are four, Tết and its weekends none, 23–25 three
        (date(2026, 2, 13), date(2026, 3, 3)),
        (date(2025, 4, 29), date(2025, 5, 13)),  # 30 April, 1 and 2 May are free
        (date(2025, 4, 18), date(2025, 4, 28)),  # Saturday 26 April 2025 is worked for 2 May
    ],
)
def test_seven_working_days_over_tet_and_moved_days(received: date, due: date) -> None:
    assert clocks.working_days_after(received, 7, "VN") == due


def test_a_policy_in_working_days_runs_beside_the_vietnamese_clock() -> None:
    tracking = LOGICRM.with_values(
        {"requests.answer": None, "requests.answer_working_days": 7, "regimes": ["vn"], "identity.country": "VN"}
    )
    due = clocks.due(tracking, date(2026, 2, 9), "VN", kind="erasure")
    assert (due.policy_on, due.legal_on, due.regime) == (date(2026, 2, 25), date(2026, 3, 1), "vn")
    access = clocks.due(tracking, date(2026, 2, 9), "VN", kind="access")
    assert (access.legal_on, access.on, access.ruled_by) == (date(2026, 2, 19), date(2026, 2, 19), "law")


def test_a_law_counts_from_its_first_day_to_its_last() -> None:
    old, new = (clocks.legal_clock("vn", "access", day) for day in (date(2025, 12, 31), date(2026, 1, 1)))
    assert old is not None and old.within == Duration(hours=72)
    assert new is not None and new.within == Duration(days=10)
    assert clocks.legal_clock("vn", "access", date(2023, 6, 30)) is None


# Durations ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["P3Y", "P1Y6M", "P30D", "PT72H", "P1M"])
def test_durations_are_written_as_they_are_read(text: str) -> None:
    assert str(Duration.parse(text)) == text


@pytest.mark.parametrize("text", ["", "P", "PT", "P0D", "3 years", "30", "P3", "p3y", "P-3D", "P3Y "])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        Duration.parse(text)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("iso", "anchor", "kept", "due"),
    [
        ("P3Y", "2022-06-10T09:00", "2025-06-10T08:59:59", "2025-06-10T09:00"),
        ("P1Y", "2024-02-29T10:00", "2025-02-28T23:59:59", "2025-03-01T00:00"),  # the day that is not there
        ("P1M", "2025-01-31T10:00", "2025-02-28T23:59:59", "2025-03-01T00:00"),
        ("P30D", "2025-01-31T10:00", "2025-03-02T09:59:59", "2025-03-02T10:00"),
        ("P7Y", "2018-12-31T00:00", "2025-12-30T23:59:59", "2025-12-31T00:00"),
        ("PT72H", "2025-03-28T12:00", "2025-03-31T11:59:59", "2025-03-31T12:00"),
    ],
)
def test_a_time_of_keeping_ends_at_this_instant_and_not_before(iso: str, anchor: str, kept: str, due: str) -> None:
    duration = Duration.parse(iso)
    assert duration.cutoff(at(kept)) < at(anchor) <= duration.cutoff(at(due))
    assert duration.expires(at(anchor)) == at(due)


instants = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


@given(
    st.builds(Duration, st.integers(0, 9), st.integers(0, 14), st.integers(0, 400), st.integers(0, 80)),
    instants,
    st.integers(-3, 3),
    st.integers(-1, 1),
)
def test_both_ways_of_counting_agree_at_every_boundary(
    duration: Duration, anchor: datetime, days: int, microseconds: int
) -> None:
    now = duration.expires(anchor) + timedelta(days=days, microseconds=microseconds)
    assert (anchor <= duration.cutoff(now)) == (duration.expires(anchor) <= now)
