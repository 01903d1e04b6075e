"""Legal holds: what is held stays, whoever asks; what is not, goes; and once it is over, all goes as if it had never been."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from logicrm.accounts.models import User, UserSession
from logicrm.core import subjects
from logicrm.core.errors import Missing, Refused
from logicrm.core.jobs_worker import run_worker
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy import deletion, profile, retention
from logicrm.privacy import jobs as privacy_jobs
from logicrm.privacy.consent_models import Consent
from logicrm.privacy.models import DataSubject, Deletion
from logicrm.privacy.request_models import PrivacyRequest
from logicrm.privacy.retaining import holds
from logicrm.privacy.retaining.models import HeldRow, LegalHold
from logicrm.privacy.subjects import make_known
from tests.conftest import Cast
from tests.privacy import acting

pytestmark = pytest.mark.promise("retention.holds")
LOGICRM = profile.load("logicrm")
OLD, NOW = datetime(2020, 1, 1, tzinfo=UTC), datetime(2029, 3, 1, 12, tzinfo=UTC)


def hold(by: uuid.UUID, *, until: date = date(2030, 1, 1), now: datetime = NOW, **what: Any) -> LegalHold:
    return holds.place(ground="claim", reason="Case 17", until=until, by=by, now=now, **what)


def run(now: datetime = NOW) -> dict[str, retention.Outcome]:
    return {one.rule.executor: one for one in retention.run(LOGICRM, now=now, tenant=True)}


def addresses() -> list[str]:
    return list(db.session.scalars(select(DataSubject.email).order_by(DataSubject.email)))


def test_a_held_record_stays_with_what_it_hangs_on_until_the_hold_is_over(in_workspace: None, cast: Cast) -> None:
    asked = acting.asked(OLD, "What do you hold?")
    asked.closed_at = OLD
    make_known("other@customer.example", now=OLD)
    hold(cast.users["pia"], scope="record", table_name="privacy_request", record_id=asked.id)
    found = run()
    assert found["privacy_request.closed_at"].held == 1 and found["privacy_request.closed_at"].due == 0
    assert addresses() == [acting.CARLA]  # with the person gone the request would have gone along
    held = db.session.scalars(select(LegalHold)).one()
    holds.lift(held.id, reason="settled", by=cast.users["pia"], now=NOW)
    run()
    assert addresses() == [] and db.session.scalar(select(func.count()).select_from(PrivacyRequest)) == 0


@pytest.mark.parametrize(("days", "left"), [(-1, [acting.CARLA]), (0, [acting.CARLA]), (1, [])])
def test_a_hold_ends_by_itself_after_its_last_day_there(
    in_workspace: None, cast: Cast, days: int, left: list[str]
) -> None:
    person = make_known(acting.CARLA, now=OLD)
    hold(cast.users["pia"], scope="subject", subject_kind="person", subject_id=person.id)
    # Ten at night in Greenwich is midnight in Bucharest.
    run(datetime(2030, 1, 1, 21, 59, 59, tzinfo=UTC) + timedelta(days=days))
    assert addresses() == left


def test_midnight_is_the_workspaces_own(in_workspace: None, cast: Cast) -> None:
    person = make_known(acting.CARLA, now=OLD)
    hold(cast.users["pia"], scope="subject", subject_kind="person", subject_id=person.id)
    run(datetime(2030, 1, 1, 22, 0, 0, tzinfo=UTC))
    assert addresses() == []


def test_a_held_person_keeps_also_what_came_after_the_hold(in_workspace: None, cast: Cast) -> None:
    acting.agrees(OLD)
    person = db.session.scalars(select(DataSubject)).one()
    hold(cast.users["pia"], scope="subject", subject_kind="person", subject_id=person.id)
    late = acting.asked(OLD, "later")
    late.closed_at = OLD
    db.session.flush()
    found = run()
    assert {name: one.held for name, one in found.items() if one.held} == {
        "consent.given_at": 1, "data_subject.last_seen_at": 1, "privacy_request.closed_at": 1,
    }  # fmt: skip
    assert addresses() == [acting.CARLA]


def test_a_held_class_stays_whole_and_takes_no_parent_along(in_workspace: None, cast: Cast) -> None:
    """Consents go with the person's row by the database itself: it must not."""
    acting.agrees(OLD)
    make_known("other@customer.example", now=OLD)
    hold(cast.users["pia"], scope="class", data_class="consent")
    run()
    assert addresses() == [acting.CARLA]
    assert db.session.scalar(select(func.count()).select_from(Consent)) == 1


def test_holds_of_one_business_keep_nothing_of_anothers(inside: Callable[..., Any], cast: Cast) -> None:
    with inside(cast.bravo):
        make_known(acting.CARLA, now=OLD)
        hold(cast.users["mallory"], scope="class", data_class="requests")
        db.session.commit()
    with inside():
        make_known(acting.CARLA, now=OLD)
        run()
        assert addresses() == []
    with inside(cast.bravo):
        assert addresses() == [acting.CARLA]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"ground": "because"}, "ground"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 301}, "reason"),
        ({"until": date(2029, 2, 28)}, "until"),
        ({"until": date(2040, 1, 1)}, "until"),
        ({"scope": "class", "data_class": "everything"}, "data_class"),
        ({"scope": "record", "table_name": "user", "record_id": uuid.uuid4()}, "table_name"),
        ({"scope": "record", "table_name": "lead", "record_id": uuid.uuid4()}, "record_id"),
        ({"scope": "subject", "subject_kind": "person", "subject_id": uuid.uuid4()}, "subject"),
    ],
)
def test_a_hold_needs_a_ground_a_reason_an_end_and_something_to_hold(
    in_workspace: None, cast: Cast, wrong: dict[str, Any], field: str
) -> None:
    what = {"scope": "class", "data_class": "consent", "ground": "claim", "reason": "x", "until": date(2030, 1, 1)}
    with pytest.raises(Refused) as refused:
        holds.place(**(what | wrong), by=cast.users["pia"], now=NOW)
    assert refused.value.field == field
    assert db.session.scalars(select(LegalHold)).all() == []


def test_an_account_of_another_business_cannot_be_held(in_workspace: None, cast: Cast) -> None:
    with pytest.raises(Refused):
        hold(cast.users["pia"], scope="subject", subject_kind="account", subject_id=cast.users["mallory"])


def test_lifting_twice_is_refused_and_a_foreign_hold_is_missing(inside: Callable[..., Any], cast: Cast) -> None:
    with inside():
        made = hold(cast.users["pia"], scope="class", data_class="consent").id
        holds.lift(made, reason="over", by=cast.users["pia"], now=NOW)
        with pytest.raises(Refused):
            holds.lift(made, reason="over", by=cast.users["pia"], now=NOW)
        db.session.commit()
    with inside(cast.bravo), pytest.raises(Missing):
        holds.lift(made, reason="over", by=cast.users["mallory"], now=NOW)


# Erasure ------------------------------------------------------------------------------------------


def test_an_erasure_leaves_what_is_held_names_it_and_ends_with_the_hold(
    app: Flask, cast: Cast, inside: Callable[..., Any]
) -> None:
    """One request of the person is held: it stays, locked to a day; all else goes; lifted, it goes as well."""
    now = datetime.now(UTC)
    until = (now + timedelta(days=400)).date()
    with inside():
        acting.agrees(now)
        kept, other = acting.asked(now, "the case"), acting.asked(now, "something else")
        kept_id, other_id, subject_id = kept.id, other.id, kept.subject_id
        hold(cast.users["pia"], scope="record", table_name="privacy_request", record_id=kept_id, until=until, now=now)
        db.session.commit()
        dry = deletion.plan(subjects.load("person", subject_id))
        assert [(one.kept, one.until, "legal hold" in one.because) for one in dry.kept] == [(2, until, True)]
        deletion.delete_now(subjects.load("person", subject_id))
        db.session.commit()
    run_worker(app, until_idle=True, threads=1)
    with inside():
        gone = db.session.scalars(select(Deletion)).one()
        assert gone.state == "purged" and gone.facts["left"] == 0
        lines = [one for one in gone.certificate["classes"] if one["kept_because"] == "claim"]
        assert [(one["kept"], one["kept_until"], one["kept_because"]) for one in lines] == [
            (2, until.isoformat(), "claim")
        ]
        assert db.session.scalars(select(PrivacyRequest.id)).all() == [kept_id] != [other_id]
        assert db.session.scalars(select(Consent)).all() == []
        held = db.session.scalars(select(LegalHold)).one()
        holds.lift(held.id, reason="settled", by=cast.users["pia"], now=now)
        db.session.commit()
        assert db.session.scalars(select(PrivacyRequest)).all() == [] and addresses() == []
        assert db.session.scalars(select(HeldRow)).all() == []


def test_a_held_account_is_erased_only_afterwards(app: Flask, cast: Cast, inside: Callable[..., Any]) -> None:
    now = datetime.now(UTC)
    bob = cast.users["bob"]
    with inside():
        hold(cast.users["pia"], scope="subject", subject_kind="account", subject_id=bob, now=now,
             until=(now + timedelta(days=3)).date())  # fmt: skip
        db.session.commit()
        deletion.delete_now(subjects.load("account", bob))
        db.session.commit()
    run_worker(app, until_idle=True, threads=1)
    with inside():
        assert db.session.get(User, bob) is not None
        assert db.session.scalars(select(UserSession).where(UserSession.user_id == bob)).all() == []
    with app.app_context():
        list(privacy_jobs.retain_everywhere(app, now=now + timedelta(days=5)))
    with inside():
        assert db.session.get(User, bob) is None


def test_dry_and_real_agree_and_a_held_row_of_a_shared_table_stays(in_workspace: None, cast: Cast) -> None:
    """Sessions lie in a table of the whole installation; the hold was set in a workspace."""
    own = new_id()
    db.session.add(
        UserSession(
            id=own, token_hash="t", user_id=cast.users["bob"], workspace_id=cast.alpha, epoch=0, created_at=OLD,
            seen_at=OLD, proven_at=OLD, expires_at=OLD,
        )
    )  # fmt: skip
    db.session.flush()
    hold(cast.users["pia"], scope="subject", subject_kind="account", subject_id=cast.users["bob"])
    dry = {o.rule.executor: (o.due, o.held) for o in retention.run(LOGICRM, now=NOW, tenant=False, dry=True)}
    real = {o.rule.executor: (o.acted, o.held) for o in retention.run(LOGICRM, now=NOW, tenant=False)}
    assert dry["user_session.expires_at"] == real["user_session.expires_at"] == (0, 1)
    assert db.session.scalar(select(UserSession.id)) == own
