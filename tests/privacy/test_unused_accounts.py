"""Accounts that nobody uses: warned, kept by signing in, and then gone the way that every account goes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from logicrm.accounts import services
from logicrm.accounts.models import Membership, User
from logicrm.core.jobs_worker import run_worker
from logicrm.core.mail import OutgoingMail
from logicrm.core.promises import State, registry
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy import jobs as privacy_jobs
from logicrm.privacy import profile
from logicrm.privacy.models import Deletion, RetentionRun
from logicrm.privacy.retaining import accounts, closing
from logicrm.privacy.retaining.models import AccountWarning
from tests.conftest import PASSWORD, Cast

LOGICRM = profile.load("logicrm")
#: Bucharest is two hours ahead in winter: noon there.
LAST_USED = datetime(2026, 3, 1, 10, tzinfo=UTC)
END = datetime(2029, 3, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def last_used(user_id: uuid.UUID, at: datetime | None) -> None:
    db.session.execute(update(User).where(User.id == user_id).values(last_seen_at=at))
    db.session.flush()


def letters_to(address: str) -> list[str]:
    rows = select(OutgoingMail.subject).where(OutgoingMail.to_address == address).order_by(OutgoingMail.id)
    return list(db.session.scalars(rows))


def runs(*, at: datetime, known: profile.Profile = LOGICRM) -> dict[str, Any]:
    return {one.rule.executor: one for one in accounts.run(known, now=at)}


@pytest.mark.promise("retention.account_unused")
def test_three_years_less_thirty_and_seven_days_bring_a_letter_each_and_the_day_brings_the_end(
    in_workspace: None, cast: Cast
) -> None:
    last_used(cast.users["bob"], LAST_USED)
    seen = []
    for at in (END - 31 * DAY, END - 30 * DAY, END - 29 * DAY, END - 8 * DAY, END - 7 * DAY, END - DAY):
        runs(at=at)
        seen.append(len(letters_to("bob@alpha.example")))
        assert db.session.scalar(select(Deletion)) is None, at
    assert seen == [0, 1, 1, 1, 2, 2]
    runs(at=END - timedelta(seconds=1))
    assert db.session.scalar(select(Deletion)) is None
    done = runs(at=END)["user.last_seen_at"]
    assert (done.due, done.acted) == (1, 1)
    gone = db.session.scalars(select(Deletion)).one()
    assert gone.subject_id == cast.users["bob"] and gone.at_once and gone.facts["because"] == "last_used"
    assert "your data" in letters_to("bob@alpha.example")[-1].lower()


@pytest.mark.promise("retention.account_unused")
def test_signing_in_stops_it_and_says_so(app: Flask, cast: Cast, inside: Callable[..., Any], stranger: Any) -> None:
    with inside():
        last_used(cast.users["bob"], LAST_USED)
        runs(at=END - 7 * DAY)
        assert db.session.scalar(select(AccountWarning.days)) is not None
        db.session.commit()
    stranger.post("/sign-in", data={"email": "bob@alpha.example", "password": PASSWORD})
    assert "about to be deleted" in stranger.get("/today/").get_data(as_text=True)
    with inside():
        assert db.session.scalars(select(AccountWarning)).all() == []
        assert runs(at=END)["user.last_seen_at"].due == 0


def test_a_warning_that_comes_late_still_gives_its_days(in_workspace: None, cast: Cast) -> None:
    """Nothing ran for a year: nobody is deleted unwarned, and the letter names the later day."""
    last_used(cast.users["bob"], LAST_USED)
    late = END + 300 * DAY
    first = runs(at=late)["user.last_seen_at"]
    assert (first.due, first.acted) == (1, 0)
    assert len(letters_to("bob@alpha.example")) == 1
    assert runs(at=late + 6 * DAY)["user.last_seen_at"].acted == 0
    assert runs(at=late + 7 * DAY)["user.last_seen_at"].acted == 1


def test_a_missing_anchor_never_expires(in_workspace: None, cast: Cast) -> None:
    last_used(cast.users["bob"], None)
    assert {one.due for one in runs(at=END + 40000 * DAY).values()} == {0}


def test_the_only_owner_stays_for_the_others(in_workspace: None, cast: Cast) -> None:
    last_used(cast.users["alice"], LAST_USED)
    last_used(cast.users["bob"], END - DAY)
    runs(at=END - 7 * DAY)
    done = runs(at=END)["user.last_seen_at"]
    assert (done.due, done.acted, done.excused) == (1, 0, 1)
    assert db.session.scalar(select(Deletion)) is None and closing.of(cast.alpha) is None


def test_a_business_in_which_nobody_works_any_more_closes_with_its_days(inside: Callable[..., Any], cast: Cast) -> None:
    """Mallory is alone in Bravo: her account cannot go before her business, so that one closes."""
    with inside(cast.bravo):
        last_used(cast.users["mallory"], LAST_USED)
        runs(at=END - 7 * DAY)
        runs(at=END)
        row = closing.of(cast.bravo)
        assert row is not None and row.due_at - row.asked_at == 30 * DAY
        assert "closes on" in letters_to("mallory@bravo.example")[-1]
        runs(at=END + DAY)  # once
        assert len(db.session.scalars(select(Deletion)).all()) == 1


def test_the_policy_of_the_first_workspace_rules(inside: Callable[..., Any], cast: Cast) -> None:
    """Bob joined Bravo later: Alpha's run looks after him, Bravo's does not."""
    with inside(cast.bravo):
        db.session.add(
            Membership(
                id=new_id(), workspace_id=cast.bravo, user_id=cast.users["bob"], role="sales",
                joined_at=datetime.now(UTC) + DAY,
            )
        )  # fmt: skip
        last_used(cast.users["bob"], LAST_USED)
        db.session.commit()
        assert runs(at=END + 300 * DAY)["user.last_seen_at"].due == 0
    with inside():
        assert runs(at=END + 300 * DAY)["user.last_seen_at"].due == 1


@pytest.mark.promise("retention.account")
@pytest.mark.parametrize(
    ("name", "ended", "end"),
    [
        ("logicrm", datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2029, 3, 1, 10, tzinfo=UTC)),
        ("logicrm", datetime(2028, 2, 29, 10, tzinfo=UTC), datetime(2031, 2, 28, 22, tzinfo=UTC)),  # 1 March, there
        ("logitrack", datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 31, 9, tzinfo=UTC)),  # summer time began
        ("loro", datetime(2026, 1, 31, 10, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)),
    ],
)
def test_an_account_that_left_its_last_workspace_goes_after_the_policys_time(
    in_workspace: None, cast: Cast, name: str, ended: datetime, end: datetime
) -> None:
    services.remove_member(cast.users["bob"], by=cast.users["alice"])
    row = db.session.get_one(User, cast.users["bob"], populate_existing=True)
    assert row.ended_in == cast.alpha and row.ended_at is not None
    row.ended_at = ended
    db.session.flush()
    known = profile.load(name)
    assert runs(at=end - timedelta(seconds=1), known=known)["user.ended_at"].due == 0
    assert runs(at=end, known=known)["user.ended_at"].acted == 1


@pytest.mark.promise("retention.account")
def test_whoever_comes_back_has_not_ended(in_workspace: None, cast: Cast) -> None:
    bob = cast.users["bob"]
    services.remove_member(bob, by=cast.users["alice"])
    services.join(db.session.get_one(User, bob, populate_existing=True), cast.alpha, "sales", now=END)
    row = db.session.get_one(User, bob, populate_existing=True)
    assert (row.ended_at, row.ended_in) == (None, None)


@pytest.mark.promise("retention.account_unused", "retention.account")
def test_the_daily_run_carries_it_out_to_the_end_and_its_evidence_is_the_run(
    app: Flask, cast: Cast, inside: Callable[..., Any]
) -> None:
    with inside():
        last_used(cast.users["bob"], datetime.now(UTC) - timedelta(days=1096 + 8))
        assert registry.look("P-SOFT-50", datetime.now(UTC)).state is State.NO_EVIDENCE
        db.session.commit()
    now = datetime.now(UTC)
    with app.app_context():
        list(privacy_jobs.retain_everywhere(app, now=now - 8 * DAY))
        list(privacy_jobs.retain_everywhere(app, now=now))
    run_worker(app, until_idle=True, threads=1)
    with inside():
        assert db.session.get(User, cast.users["bob"]) is None
        done = db.session.scalars(select(RetentionRun).where(RetentionRun.executor == "user.last_seen_at")).all()
        assert sum(one.acted for one in done if one.workspace_id == cast.alpha) == 1
        # The run at which the warning was late left the row behind; the one after it has not.
        assert registry.look("P-SOFT-50", now).state is State.KEPT
        assert registry.look("P-LOGI-51", now).state is State.KEPT
        assert registry.look("P-SOFT-50", now + 3 * DAY).state is State.NO_EVIDENCE


@pytest.mark.promise("retention.account_unused")
def test_an_account_that_is_left_too_long_breaks_the_promise(
    app: Flask, cast: Cast, inside: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    with inside():
        last_used(cast.users["bob"], now - timedelta(days=1200))
        db.session.commit()
    monkeypatch.setattr(accounts, "_delete", lambda *_: "waiting")
    with app.app_context():
        list(privacy_jobs.retain_everywhere(app, now=now))
    with inside():
        assert registry.look("P-SOFT-50", now).state is State.BREACHED
