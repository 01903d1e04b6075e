"""Scheduling, taking back and hastening a deletion; who may not; what is told to whom."""

from __future__ import annotations

import random
import re
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from logicrm.accounts.models import User, UserSession
from logicrm.core import jobs, mail, subjects, tenancy
from logicrm.core.errors import Refused
from logicrm.extensions import db
from logicrm.privacy import deletion, ledger, purge
from logicrm.privacy import jobs as privacy_jobs
from logicrm.privacy.models import Deletion, DeletionLink, DeletionState


def bob_of(cast):
    return subjects.load("account", cast.users["bob"])


def schedule(inside, cast, who="bob", **how) -> uuid.UUID:
    with inside():
        row = deletion.schedule(subjects.load("account", cast.users[who]), **how)
        db.session.commit()
        return row.id


def set_due(app, deletion_id, seconds: float) -> None:
    """Move the due instant to so many seconds from now by the database's clock."""
    with app.app_context():
        due = purge.db_time() + timedelta(seconds=seconds)
        db.session.execute(update(Deletion).where(Deletion.id == deletion_id).values(due_at=due))
        db.session.commit()


def state_of(app, deletion_id) -> str:
    with app.app_context():
        return purge.get(deletion_id).state


def run(app, deletion_id) -> bool:
    with app.app_context():
        return privacy_jobs.run_purge(deletion_id)


@pytest.mark.promise("erasure", "erasure.grace")
def test_it_is_due_thirty_days_later_by_the_databases_clock(inside, cast, app):
    deletion_id = schedule(inside, cast)
    with app.app_context():
        row = purge.get(deletion_id)
        assert row.due_at - row.asked_at == timedelta(days=30)
        assert abs(row.asked_at - datetime.now(UTC)) < timedelta(seconds=20)
        assert db.session.get(User, cast.users["bob"]).deletion_due_at == row.due_at


def test_reminders_and_the_purge_are_asked_for_in_the_same_transaction(inside, cast, app):
    deletion_id = schedule(inside, cast)
    with app.app_context():
        row = purge.get(deletion_id)
        asked = db.session.scalars(select(jobs.Job).where(jobs.Job.kind.like("privacy.%"))).all()
        due = {(job.kind, job.args.get("days")): job.run_at for job in asked}
        assert due == {
            ("privacy.purge", None): row.due_at,
            ("privacy.remind", 14): row.due_at - timedelta(days=14),
            ("privacy.remind", 7): row.due_at - timedelta(days=7),
            ("privacy.remind", 1): row.due_at - timedelta(days=1),
        }


def test_a_rollback_un_asks_it(inside, cast, app):
    with inside():
        deletion.schedule(bob_of(cast))
        db.session.rollback()
    with app.app_context():
        assert db.session.scalars(select(Deletion)).all() == []
        assert db.session.scalars(select(jobs.Job)).all() == []
        assert db.session.get(User, cast.users["bob"]).deletion_due_at is None


def test_sessions_elsewhere_end_and_the_one_that_asked_stays(client_of, app, cast):
    here, elsewhere = client_of("bob"), client_of("bob")
    assert here.post("/privacy/mine/delete").status_code == 303
    assert here.get("/privacy/mine").status_code == 200
    assert elsewhere.get("/privacy/mine").status_code == 303
    with app.app_context():
        left = db.session.scalars(select(UserSession).where(UserSession.user_id == cast.users["bob"])).all()
        assert len(left) == 1


@pytest.mark.promise("erasure.grace")
def test_during_the_grace_only_my_data_is_open(bob):
    bob.post("/privacy/mine/delete")
    assert bob.get("/settings/account").headers["Location"] == "/privacy/mine"
    assert bob.post("/privacy/mine/copy").status_code == 303


def test_a_second_deletion_is_refused(inside, cast):
    schedule(inside, cast)
    with inside(), pytest.raises(Refused):
        deletion.schedule(bob_of(cast))


def test_the_last_owner_is_refused_and_nothing_changes(alice, inside, cast, app):
    answer = alice.post("/privacy/mine/delete")
    assert answer.status_code == 422
    assert "Alpha Freight" in answer.text
    with app.app_context():
        assert db.session.scalars(select(Deletion)).all() == []
        assert db.session.get(User, cast.users["alice"]).deletion_due_at is None


def test_of_two_owners_one_may_go_and_then_the_other_is_the_last(inside, cast, app):
    from logicrm.accounts.models import Membership

    with app.app_context():
        db.session.execute(update(Membership).where(Membership.user_id == cast.users["mona"]).values(role="owner"))
        db.session.commit()
    schedule(inside, cast, "alice")
    with inside(), pytest.raises(Refused):
        deletion.schedule(subjects.load("account", cast.users["mona"]))


def letters_to(app, address) -> list[mail.OutgoingMail]:
    with app.app_context():
        rows = db.session.scalars(select(mail.OutgoingMail).where(mail.OutgoingMail.to_address == address)).all()
        return sorted(rows, key=lambda row: row.id)


def link_in(text: str) -> str:
    return re.search(r"http://localhost(/privacy/cancel/\S+)", text)[1]


def test_the_letters_link_takes_it_back_by_post_and_never_by_get(inside, cast, app, stranger):
    deletion_id = schedule(inside, cast)
    letter = letters_to(app, "bob@alpha.example")[-1]
    link = link_in(letter.text)
    for _scan in range(3):
        assert stranger.get(link).status_code == 200
    assert state_of(app, deletion_id) == DeletionState.SCHEDULED
    assert stranger.post(link).status_code == 200
    assert state_of(app, deletion_id) == DeletionState.CANCELLED
    assert stranger.post(link).status_code == 410
    with app.app_context():
        assert db.session.get(User, cast.users["bob"]).deletion_due_at is None
        stored = db.session.scalars(select(DeletionLink.token_hash)).all()
    assert link.rsplit("/", 1)[1] not in stored


def test_a_made_up_link_opens_nothing(stranger, cast):
    assert stranger.get("/privacy/cancel/nothing").status_code == 410
    assert stranger.post("/privacy/cancel/nothing").status_code == 410
    assert stranger.get("/privacy/certificate/nothing").status_code == 404


def test_cancel_on_the_page_is_one_click(bob, app, cast):
    bob.post("/privacy/mine/delete")
    assert bob.post("/privacy/mine/delete/cancel").status_code == 303
    with app.app_context():
        assert db.session.scalar(select(Deletion.state)) == DeletionState.CANCELLED
    assert bob.get("/privacy/mine").status_code == 200


def test_no_reminder_after_a_cancel(inside, cast, app):
    deletion_id = schedule(inside, cast)
    with inside():
        assert deletion.remind(deletion_id, 14)
        assert deletion.cancel(deletion_id)
        db.session.commit()
    before = len(letters_to(app, "bob@alpha.example"))
    with inside():
        assert not deletion.remind(deletion_id, 7)
        db.session.commit()
    assert len(letters_to(app, "bob@alpha.example")) == before


@pytest.mark.promise("erasure", "erasure.grace")
@pytest.mark.parametrize("seconds, goes", [(1.5, False), (-1.0, True)])
def test_the_purge_begins_at_the_due_second_and_not_before(inside, cast, app, seconds, goes):
    deletion_id = schedule(inside, cast)
    set_due(app, deletion_id, seconds)
    assert run(app, deletion_id) is goes
    assert state_of(app, deletion_id) == (DeletionState.PURGED if goes else DeletionState.SCHEDULED)
    with app.app_context():
        assert (db.session.get(User, cast.users["bob"]) is None) is goes


def test_a_host_whose_clock_is_ahead_hastens_nothing(inside, cast, app):
    import time_machine

    deletion_id = schedule(inside, cast)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=40), tick=False):
        assert run(app, deletion_id) is False
    assert state_of(app, deletion_id) == DeletionState.SCHEDULED


def test_cancel_against_purge_has_one_winner_each_time(inside, cast, app):
    """100 trials: two threads, one cancels, one begins."""
    outcomes = set()
    for _trial in range(100):
        deletion_id = schedule(inside, cast)
        set_due(app, deletion_id, -1)
        won, gate = [], threading.Barrier(2)

        def cancel() -> None:
            with tenancy.working_in(app, cast.alpha):
                gate.wait()
                if deletion.cancel(deletion_id):
                    won.append("cancel")
                db.session.commit()

        def begin() -> None:
            with app.app_context():
                gate.wait()
                if random.random() < 0.5:
                    threading.Event().wait(0.004)
                if purge.begin(deletion_id):
                    won.append("purge")
                db.session.commit()

        threads = [threading.Thread(target=act) for act in (cancel, begin)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        outcomes |= set(won)
        expected = DeletionState.CANCELLED if won == ["cancel"] else DeletionState.PURGING
        assert state_of(app, deletion_id) == expected
        assert ledger_of(app, deletion_id) == ("" if won == ["cancel"] else "begin")
        with app.app_context():  # the stage for the next trial
            db.session.execute(update(Deletion).where(Deletion.id == deletion_id).values(state=DeletionState.CANCELLED))
            db.session.commit()
    assert outcomes == {"cancel", "purge"}


def test_delete_now_wants_the_name(bob, app):
    answer = bob.post("/privacy/mine/delete/now", data={"typed": "bob "[:2]})
    assert answer.status_code == 422
    with app.app_context():
        assert db.session.scalars(select(Deletion)).all() == []


def test_delete_now_goes_at_once_and_shows_where_the_certificate_will_be(bob, app, cast):
    answer = bob.post("/privacy/mine/delete/now", data={"typed": "Bob"})
    assert answer.status_code == 303
    page = answer.headers["Location"]
    with app.app_context():
        deletion_id = db.session.scalar(select(Deletion.id))
    assert run(app, deletion_id)
    text = bob.get(page).text
    assert "Everything is deleted" in text and "Genuine" not in text
    assert bob.get(page + "/paper.pdf").data.startswith(b"%PDF")


def test_a_stale_sign_in_must_be_proven_again(bob, app, cast):
    with app.app_context():
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        db.session.execute(update(UserSession).values(proven_at=long_ago))
        db.session.commit()
    for path in ("/privacy/mine/delete", "/privacy/mine/delete/now", "/privacy/mine/copy"):
        assert "/confirm" in bob.post(path, data={"typed": "Bob"}).headers["Location"]
    with app.app_context():
        assert db.session.scalars(select(Deletion)).all() == []


@pytest.mark.promise("erasure.minors")
def test_a_childs_data_does_not_wait(inside, cast, app):
    deletion_id = schedule(inside, cast, minor=True)
    with app.app_context():
        row = purge.get(deletion_id)
        assert row.due_at == row.asked_at
    assert run(app, deletion_id)


def test_a_purge_that_died_before_its_commit_and_was_cancelled_is_void_in_the_ledger(inside, cast, app):
    deletion_id = schedule(inside, cast)
    set_due(app, deletion_id, -1)
    with app.app_context():
        assert purge.begin(deletion_id)
        db.session.rollback()  # killed here
    assert ledger_of(app, deletion_id) == "begin"
    with inside():
        assert deletion.cancel(deletion_id)
        db.session.commit()
    assert ledger_of(app, deletion_id) == "void"
    with app.app_context():
        assert ledger.to_replay() == {k: v for k, v in ledger.to_replay().items() if v["deletion"] != str(deletion_id)}


def ledger_of(app, deletion_id) -> str:
    with app.app_context():
        return ledger.latest(str(deletion_id))


def test_the_sweep_finds_what_is_due_and_what_stopped_half_way(inside, cast, app):
    deletion_id = schedule(inside, cast)
    set_due(app, deletion_id, -1)
    with app.app_context():
        assert [row.id for row in deletion.due_and_stuck(datetime.now(UTC))] == [deletion_id]
        assert purge.begin(deletion_id)
        db.session.commit()
        assert [row.id for row in deletion.due_and_stuck(datetime.now(UTC))] == [deletion_id]
        values = {"state": DeletionState.PURGED, "sealed": None}
        for step, found in (("notice", [deletion_id]), (purge.LAST_STEP, [])):  # killed before the evidence
            db.session.execute(update(Deletion).values(step=step, **values))
            assert [row.id for row in deletion.due_and_stuck(datetime.now(UTC))] == found
        db.session.rollback()


def test_the_sweep_asks_for_a_purge_only_while_nobody_is_at_it(inside, cast, app):
    deletion_id = schedule(inside, cast, at_once=True)

    def asked() -> list[str]:
        with app.app_context():
            privacy_jobs.sweep_job(None)
            return sorted(db.session.scalars(select(jobs.Job.state).where(jobs.Job.kind == "privacy.purge")))

    assert asked() == ["waiting"]  # its own
    with app.app_context():
        db.session.execute(update(jobs.Job).values(state="failed", key=None))
        db.session.commit()
    assert asked() == ["failed", "waiting"]
    assert asked() == ["failed", "waiting"]
    assert run(app, deletion_id)
    with app.app_context():
        db.session.execute(update(jobs.Job).values(state="done", key=None))
        db.session.commit()
    assert asked() == ["done", "done"]
