"""Every class of every policy at its boundary: the day before, the day, the day after; and what never expires.

The figures were typed from the policies (what they are silent on: from the product's own table), the days by hand from a
calendar; neither is read from the code. Most classes have no table of their own yet, so the engine is shown each figure
on a stand-in: a table of people whose rows declare that class.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select, update

from logicrm.accounts.models import Workspace
from logicrm.core.pii import Erase, Keep
from logicrm.core.schema import new_id
from logicrm.customers.models import Contact
from logicrm.extensions import db
from logicrm.privacy import profile, retention
from logicrm.privacy.consent_models import CookieChoice
from logicrm.privacy.models import DataSubject
from logicrm.privacy.request_models import PrivacyRequest, RequestState
from logicrm.privacy.retaining import holds
from logicrm.privacy.retaining.models import LegalHold
from logicrm.privacy.subjects import make_known
from tests.conftest import Cast
from tests.privacy import acting

pytestmark = pytest.mark.promise("retention")

_SAME = {
    ("business", "relationship_ended"): "P3Y", ("leads", "last_contact"): "P2Y", ("usage", "recorded"): "P2Y",
    ("location", "recorded"): "P90D", ("consent", "withdrawn"): "P3Y", ("requests", "request_closed"): "P3Y",
    ("security", "recorded"): "P1Y", ("logs", "ended"): "P30D", ("export", "made"): "P7D", ("backups", "made"): "P30D",
    ("marketing", "consent_given"): "P7Y", ("marketing", "opted_out"): "P30D",
    ("account", "deletion_requested"): "P30D",
}  # fmt: skip
#: profile → (class, event) → how long.
FIGURES: dict[str, dict[tuple[str, str], str]] = {
    "logicrm": _SAME | {
        ("account", "account_ended"): "P3Y", ("account", "last_used"): "P3Y", ("support", "case_closed"): "P3Y",
        ("financial", "issued"): "P7Y",
    },
    "logicnet": _SAME | {
        ("account", "account_ended"): "P30D", ("account", "last_used"): "P3Y", ("support", "case_closed"): "P2Y",
        ("financial", "issued"): "P7Y",
    },
    "crmsoftware": _SAME | {
        ("account", "account_ended"): "P30D", ("account", "last_used"): "P3Y", ("support", "case_closed"): "P2Y",
        ("financial", "issued"): "P7Y",
    },
    "logitrack": _SAME | {
        ("account", "account_ended"): "P30D", ("support", "case_closed"): "P2Y", ("financial", "issued"): "P11Y",
    },
    "loro": _SAME | {
        ("account", "account_ended"): "P30D", ("account", "last_used"): "P3Y", ("support", "case_closed"): "P2Y",
        ("financial", "issued"): "P7Y",
    },
}  # fmt: skip
#: how long → (event, first instant at which it is over), on the wall clock of Bucharest; typed from a calendar.
ENDS: dict[str, list[tuple[str, str]]] = {
    "P7D": [("2026-02-25 09:30", "2026-03-04 09:30"), ("2028-02-25 09:30", "2028-03-03 09:30")],
    "P30D": [
        ("2026-01-31 09:30", "2026-03-02 09:30"),
        ("2028-01-31 09:30", "2028-03-01 09:30"),  # a leap year
        ("2026-03-10 00:30", "2026-04-09 00:30"),  # over the beginning of summer time, half past midnight there
        ("2026-12-31 23:59", "2027-01-30 23:59"),
    ],
    "P90D": [("2026-01-01 09:30", "2026-04-01 09:30"), ("2027-12-02 09:30", "2028-03-01 09:30")],
    "P1Y": [("2027-02-28 09:30", "2028-02-28 09:30"), ("2028-02-29 09:30", "2029-03-01 00:00")],
    "P2Y": [("2026-08-31 09:30", "2028-08-31 09:30"), ("2028-02-29 00:30", "2030-03-01 00:00")],
    "P3Y": [("2025-03-01 00:30", "2028-03-01 00:30"), ("2028-02-29 09:30", "2031-03-01 00:00")],
    "P7Y": [("2021-12-31 09:30", "2028-12-31 09:30"), ("2028-02-29 09:30", "2035-03-01 00:00")],
    "P11Y": [("2021-12-31 09:30", "2032-12-31 09:30"), ("2028-02-29 09:30", "2039-03-01 00:00")],
}
BUCHAREST = ZoneInfo("Europe/Bucharest")
DAY = timedelta(days=1)


def there(text: str, zone: ZoneInfo = BUCHAREST) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def stand_in(monkeypatch: pytest.MonkeyPatch, data_class: str, event: str, known: profile.Profile) -> None:
    main = known.retention[data_class].anchor
    rule = Keep(data_class, anchor="last_seen_at", event="" if event == main else event)
    monkeypatch.setattr(DataSubject, "__retention__", (rule,))


def left_over(known: profile.Profile, at: datetime) -> bool:
    """Is the row there, with its address, after a run at this moment?"""
    retention.run(known, now=at, tenant=True)
    db.session.expire_all()
    return db.session.scalar(select(DataSubject.email)) not in (None, "")


def test_the_table_names_every_figure_of_every_policy() -> None:
    for name, figures in FIGURES.items():
        stated = {
            (rule.name, trigger.anchor): str(trigger.keep_for)
            for rule in profile.load(name).retention.values()
            for trigger in rule.triggers
        }
        assert stated == figures, name


@pytest.mark.parametrize("name", FIGURES)
def test_the_day_before_the_day_and_the_day_after(
    in_workspace: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    known = profile.load(name)
    wrong = []
    for (data_class, event), how_long in FIGURES[name].items():
        stand_in(monkeypatch, data_class, event, known)
        for begun, over in ENDS[how_long]:
            end = there(over)
            seen = []
            for at in (end - DAY, end - timedelta(seconds=1), end):
                if not seen or not seen[-1]:
                    make_known("jane@example.com", now=there(begun))
                seen.append(left_over(known, at))
            make_known("late@example.com", now=there(begun))
            seen.append(left_over(known, end + DAY))
            if seen != [True, True, False, False]:
                wrong.append((data_class, event, begun, seen))
            db.session.execute(delete(DataSubject))
    assert wrong == []


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "America/New_York", "Pacific/Auckland", "Europe/London"])
def test_a_leap_day_ends_at_midnight_of_the_workspace_and_not_of_greenwich(
    in_workspace: None, cast: Cast, zone: str
) -> None:
    """Two years from 29 February 2028 are over when 1 March 2030 begins, there."""
    db.session.execute(update(Workspace).where(Workspace.id == cast.alpha).values(time_zone=zone))
    make_known("jane@example.com", now=there("2028-02-29 12:00", ZoneInfo(zone)))
    known = profile.load("logicrm").with_values({"retention.requests.keep_for": "P2Y"})
    midnight = there("2030-03-01 00:00", ZoneInfo(zone))
    assert left_over(known, midnight - timedelta(seconds=1))
    assert not left_over(known, midnight)


def test_a_missing_anchor_never_expires(in_workspace: None) -> None:
    """Nothing says when the business with this person ended, or when this request was closed."""
    db.session.add(
        Contact(
            first_name="Ann",
            name_key="",
            created_at=there("1999-01-01 00:00"),
            last_contact_at=there("1999-01-01 00:00"),
        )
    )
    acting.asked(there("1999-01-01 00:00"), "an open request")
    db.session.execute(update(DataSubject).values(last_seen_at=there("2090-01-01 00:00")))
    for known in map(profile.load, FIGURES):
        retention.run(known, now=there("2090-01-01 00:00"), tenant=True)
    assert db.session.scalar(select(Contact.first_name)) == "Ann"
    assert db.session.scalar(select(PrivacyRequest.id)) is not None


@pytest.mark.parametrize("name", FIGURES)
def test_a_reopened_case_counts_anew_from_its_second_end(in_workspace: None, name: str) -> None:
    """Closed, reopened before its time was over, closed again: three years from the second closing."""
    known = profile.load(name)
    case = acting.asked(there("2020-05-01 10:00"), "a case")
    db.session.execute(update(DataSubject).values(last_seen_at=there("2090-01-01 00:00")))

    def is_there(at: str) -> bool:
        retention.run(known, now=there(at), tenant=True)
        return db.session.scalar(select(PrivacyRequest.id)) is not None

    case.state, case.closed_at = RequestState.FULFILLED, there("2020-06-01 10:00")
    db.session.flush()
    assert is_there("2023-05-31 10:00")
    case.state, case.closed_at = RequestState.IN_PROGRESS, None
    db.session.flush()
    assert is_there("2023-06-01 10:00") and is_there("2030-01-01 10:00")
    case.state, case.closed_at = RequestState.FULFILLED, there("2030-01-15 10:00")
    db.session.flush()
    assert is_there("2033-01-15 09:59")
    assert not is_there("2033-01-15 10:00")


def test_a_case_that_is_reopened_while_the_run_looks_stays(in_workspace: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are collected first; the batch looks again before it deletes."""
    case = acting.asked(there("2020-05-01 10:00"), "a case")
    case.closed_at = there("2020-06-01 10:00")
    db.session.execute(update(DataSubject).values(last_seen_at=there("2090-01-01 00:00")))
    db.session.flush()
    found = retention._Batches._next

    def reopened_meanwhile(self: Any, last: Any, size: int) -> list[Any]:
        keys = found(self, last, size)
        db.session.execute(update(PrivacyRequest).values(closed_at=None))
        return keys

    monkeypatch.setattr(retention._Batches, "_next", reopened_meanwhile)
    outcomes = retention.run(profile.load("logicrm"), now=there("2030-01-01 00:00"), tenant=True)
    assert [(one.due, one.acted) for one in outcomes if one.due] == [(1, 0)]
    assert db.session.scalar(select(PrivacyRequest.id)) is not None


@pytest.mark.promise("retention.holds")
@pytest.mark.parametrize("name", FIGURES)
def test_a_hold_on_each_class_keeps_it_beyond_its_end(
    in_workspace: None, cast: Cast, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    known, now = profile.load(name), there("2030-01-01 12:00")
    for data_class in sorted({data_class for data_class, _event in FIGURES[name]}):
        stand_in(monkeypatch, data_class, known.retention[data_class].anchor, known)
        make_known("jane@example.com", now=there("2000-01-01 00:00"))
        holds.place(scope="class", data_class=data_class, ground="authority", reason="order 5", by=cast.users["pia"],
                    until=there("2030-01-10 12:00").date(), now=now)  # fmt: skip
        assert left_over(known, now) and left_over(known, there("2030-01-10 12:00")), data_class
        assert not left_over(known, there("2030-01-11 12:00")), data_class
        db.session.execute(delete(LegalHold))
        db.session.execute(delete(DataSubject))


# Minimum and maximum; anonymous; locked away ------------------------------------------------------


@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_of_a_class_ends_inside_its_minimum(
    in_workspace: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Invoices must stay seven (or eleven) years: a rule of the same class that counts shorter waits, too."""
    known = profile.load(name)
    years = int(FIGURES[name]["financial", "issued"][1:-1])
    data = {**known.data, "retention": {**known.data["retention"]}}
    assert str(known.retention["financial"].minimum) == str(known.retention["financial"].maximum) == f"P{years}Y"
    stand_in(monkeypatch, "financial", "issued", known)
    make_known("jane@example.com", now=there("2020-06-15 12:00"))
    # A figure that somebody slipped past the check of contradictions.
    monkeypatch.setattr(retention.Rule, "period", lambda self, policy: known.deletion.grace)
    assert data and left_over(known, there(f"{2020 + years}-06-15 11:59"))
    assert not left_over(known, there(f"{2020 + years}-06-15 12:00"))


def test_anonymous_rows_stay_without_anybody_in_them_for_good(
    in_workspace: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Usage is made anonymous: no value, no id that leads back, no copy in the undo log; counted as such, once."""
    monkeypatch.setattr(Contact, "__retention__", (Keep("usage", anchor="created_at"),))
    made = Contact(
        first_name="Ann", name_key="", last_name="Qzjx", email="ann@example.com", phone="0700", note="Qzjx", tags=["Qzjx"],
        created_at=there("2020-01-01 00:00"), last_contact_at=there("2020-01-01 00:00"),
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    own = made.id
    outcome = next(
        o for o in retention.run(profile.load("logicrm"), now=there("2030-01-01 00:00"), tenant=True) if o.due
    )
    assert (outcome.action, outcome.acted) == ("anonymise", 1)
    db.session.expire_all()
    row = db.session.execute(select(Contact.__table__).where(Contact.__table__.c.id == own)).mappings().one()
    assert not [name for name, value in row.items() if "Qzjx" in str(value) or "ann" in str(value).lower()]
    assert [
        o.due for o in retention.run(profile.load("logicrm"), now=there("2030-01-01 00:00"), tenant=True) if o.due
    ] == []


def test_an_anonymous_row_has_no_id_that_leads_back(
    in_workspace: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids are no personal values of their own, but they say whose a row is."""
    monkeypatch.setattr(CookieChoice, "__retention__", (Keep("usage", anchor="at"),))
    at = there("2020-01-01 00:00")
    db.session.add(
        CookieChoice(
            visitor_hash="h", account_id=cast.users["bob"], person_id=new_id(), workspace_id=cast.alpha, allowed=["x"],
            refused=[], how="choose", gpc=False, wording="w", at=at, ends_at=at,
        )
    )  # fmt: skip
    db.session.flush()
    for _twice in range(2):
        retention.run(profile.load("logicrm"), now=there("2030-01-01 00:00"), tenant=False)
    db.session.expire_all()
    row = db.session.scalars(select(CookieChoice)).one()
    assert (row.account_id, row.person_id, row.allowed, row.how) == (None, None, [], "")


def test_what_is_locked_away_goes_at_its_maximum(in_workspace: None, monkeypatch: pytest.MonkeyPatch) -> None:
    known = profile.load("logicrm").with_values(
        {
            "retention.business.action": "restrict",
            "retention.business.keep_for": "P1Y",
            "retention.business.maximum": "P3Y",
        }
    )
    db.session.add(
        Contact(
            first_name="Ann", name_key="", created_at=there("2020-01-01 00:00"), last_contact_at=there("2020-01-01 00:00"),
            relationship_ended_at=there("2020-06-15 12:00"),
        )
    )  # fmt: skip
    db.session.flush()
    seen = []
    for at in ("2021-06-15 11:59", "2021-06-15 12:00", "2023-06-15 11:59", "2023-06-15 12:00"):
        retention.run(known, now=there(at), tenant=True)
        db.session.expire_all()
        seen.append(db.session.scalar(select(Contact.restricted)))
    assert seen == [False, True, True, None]


def test_what_cannot_be_locked_away_is_left_and_breaks_the_promise(
    in_workspace: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table without a lock: nothing pretends, the rows show as left undone."""
    known = profile.load("logicrm").with_values({"retention.requests.action": "restrict"})
    make_known("jane@example.com", now=there("2000-01-01 00:00"))
    outcome = next(o for o in retention.run(known, now=there("2030-01-01 00:00"), tenant=True) if o.due)
    assert (outcome.due, outcome.acted) == (1, 0)


def test_a_row_that_must_say_whose_it_is_cannot_be_anonymous_and_is_deleted() -> None:
    rule = next(r for r in retention.rules(tenant=True) if r.executor == "privacy_request.closed_at")
    known = profile.load("logicrm").with_values({"retention.requests.action": "anonymise"})
    assert rule.action(known) == "delete"
    stays = retention.Rule(Contact, Keep("usage", anchor="created_at", action=Erase.BLANK))
    assert stays.action(known) == "anonymise"
