"""A test of the tests: with an enforcement switched off, the tests marked for its promise fail, and its evidence
is red or grey after the next run. A promise whose test cannot fail is not tested.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from logicrm.core import files, jobs_worker, mail, mail_delivery, promises, subjects, tenancy
from logicrm.core.promises import State
from logicrm.extensions import db
from logicrm.privacy import chain, contact, deletion, jobs, jobs_checks, purge
from logicrm.privacy import export as copies
from logicrm.privacy.models import Deletion
from tests.privacy.acting import CARLA, agrees, asked, letter_to
from tests.privacy.mutations import MUTATIONS

ROOT = Path(__file__).resolve().parent.parent.parent
NOW = datetime(2033, 3, 15, 12, tzinfo=UTC)
promises.load_all()


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTATIONS)
def test_the_marked_tests_notice_that_the_enforcement_is_gone(name: str) -> None:
    """Each in a process of its own: twelve times a few seconds."""
    marked = [
        test
        for test in chain.marked_tests(ROOT / "tests").by_promise[name]
        if "test_mutations.py" not in test and "/browser/" not in test
    ]
    assert marked

    def run(mutation: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "tests.privacy.mutations", *marked],
            cwd=ROOT, env={**os.environ, "MUTATION": mutation}, capture_output=True, text=True, timeout=600,
        )  # fmt: skip

    switched_off = run(name)
    assert switched_off.returncode == 1, switched_off.stdout[-2000:] + switched_off.stderr[-2000:]
    assert "1 failed" in switched_off.stdout or "FAILED" in switched_off.stdout
    assert "ERROR" not in switched_off.stdout, "the tests must fail, not break"


# What the page of promises says then ---------------------------------------------------------------


def night(app: Flask, at: datetime) -> None:
    with app.app_context():
        list(jobs.retain_everywhere(app, now=at))
        list(jobs_checks.check_everywhere(app, now=at))


def erase_bob(app: Flask, cast: Any, at: datetime) -> None:
    with tenancy.working_in(app, cast.alpha):
        subject = subjects.load("account", cast.users["bob"])
        assert subject is not None
        asked_for = deletion.schedule(subject, at_once=True).id
        db.session.commit()
    with app.app_context():
        db.session.execute(
            update(Deletion).where(Deletion.id == asked_for).values(due_at=purge.db_time() - timedelta(seconds=1))
        )
        db.session.commit()
        jobs.run_purge(asked_for)


def copy_of_bob(app: Flask, cast: Any, at: datetime) -> None:
    with tenancy.working_in(app, cast.alpha):
        subject = subjects.load("account", cast.users["bob"])
        assert subject is not None
        copies.request_export(subject)
        db.session.commit()
    jobs_worker.run_worker(app, until_idle=True)


def old_yes(app: Flask, cast: Any, at: datetime) -> None:
    with tenancy.working_in(app, cast.alpha):
        agrees(at - timedelta(days=3000))
        db.session.commit()


def advertise(app: Flask, cast: Any, at: datetime) -> None:
    with tenancy.working_in(app, cast.alpha):
        letter = mail.OutgoingMail(
            to_address=CARLA, purpose="marketing", mail_class=mail.MARKETING, workspace_id=cast.alpha
        )
        if contact.may_send(letter)[0]:
            letter_to(CARLA, at, purpose="marketing", kind=mail.MARKETING)
        db.session.commit()


def new_password(app: Flask, cast: Any, at: datetime) -> None:
    from logicrm.accounts import services
    from logicrm.accounts.models import User

    with tenancy.working_in(app, cast.alpha):
        services.set_password(db.session.get_one(User, cast.users["bob"]), "nine green lorries", now=at)
        db.session.commit()


def request(app: Flask, cast: Any, at: datetime) -> None:
    with tenancy.working_in(app, cast.alpha):
        asked(at - timedelta(days=5), "Tell me")  # in a month of 31 days
        db.session.commit()


def waybill(app: Flask, cast: Any, at: datetime) -> None:
    with tenancy.working_in(app, cast.alpha):
        for _mail_id, path in mail_delivery.copies():  # letters of other tests, which lie in the clear
            path.unlink()
        files.save(b"x" * 200_000, name="waybill.txt", kind="attachment", max_bytes=10**6)
        db.session.commit()


Act = Callable[[Flask, Any, datetime], None]
#: Proof -> what happens in the business before the night's run.
ACTS: dict[str, Act] = {
    "erasure": erase_bob, "retention": old_yes, "retention.marketing": old_yes, "gate.marketing": advertise,
    "clock.requests": request, "passwords": new_password, "export": copy_of_bob, "rest": waybill,
}  # fmt: skip


def state_after(app: Flask, cast: Any, name: str, at: datetime) -> State:
    ACTS[name](app, cast, at)
    night(app, at)
    with tenancy.working_in(app, cast.alpha):
        return promises.registry._ask(name, at + timedelta(minutes=1), {}).state


@pytest.mark.parametrize("name", ACTS)
def test_the_evidence_turns_when_the_enforcement_is_gone(
    app: Flask, cast: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    stored: Any
    with app.app_context():
        stored = files.store()
    at = datetime.now(UTC) if name in ("erasure", "export") else NOW
    try:
        with monkeypatch.context() as switched_off:
            MUTATIONS[name](switched_off.setattr)
            assert state_after(app, cast, name, at) in (State.BREACHED, State.NO_EVIDENCE)
    finally:
        for key in [*stored.keys(older_than=timedelta(0))] if name == "rest" else ():
            stored.remove(key)


@pytest.mark.parametrize("name", ACTS)
def test_and_is_green_when_it_is_there(app: Flask, cast: Any, name: str) -> None:
    """Else the test above would show nothing."""
    at = datetime.now(UTC) if name in ("erasure", "export") else NOW
    assert state_after(app, cast, name, at) is State.KEPT
