"""kill -9 at random moments while people are written to about a new policy: one letter each, nobody left out."""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from logicrm.core import mail, tenancy
from logicrm.core.access import Role
from logicrm.core.mail import MailState
from logicrm.extensions import db
from logicrm.privacy.policy_models import PolicyReading
from logicrm.privacy.subjects import make_known
from tests.killing import Killer, make_app
from tests.privacy.planting import make_place, make_user
from tests.privacy.policies import publish

PEOPLE = 110  # a batch and a bit


def begin(app: Flask, place: uuid.UUID, owner: uuid.UUID) -> Callable[[], int]:
    """A function that publishes one more version, each keeping something a month longer; it returns the number."""
    months = itertools.count(25)

    def go() -> int:
        with tenancy.working_in(app, place):
            values = {"retention.leads.keep_for": f"P{next(months)}M"}
            number = publish(place, values, by=owner, now=datetime.now(UTC)).number
            db.session.commit()
        return number

    return go


def check(app: Flask, place: uuid.UUID, number: int) -> None:
    """Each person has one letter about this version, that went out, and one row that says so."""
    with tenancy.working_in(app, place):
        told = db.session.scalars(select(PolicyReading).where(PolicyReading.told_at.is_not(None))).all()
        assert len(told) == number * PEOPLE
        about = mail.OutgoingMail.text.contains(f"/privacy/versions/{number}\n")
        rows = db.session.execute(select(mail.OutgoingMail.to_address, mail.OutgoingMail.state).where(about)).all()
        assert Counter(state for _to, state in rows) == {MailState.SENT: PEOPLE}
        assert max(Counter(to for to, _state in rows).values()) == 1


def kill_and_check(folder: Path, url: str, *, kills: int) -> int:
    app = make_app(folder, url)
    with app.app_context():
        db.create_all()
        place = make_place("harbour")
        owner = make_user(place, "Olga Owner", "olga@harbour.eu", Role.OWNER)
        db.session.commit()
    with tenancy.working_in(app, place):
        for n in range(PEOPLE):
            make_known(f"customer{n}@example.eu", now=datetime.now(UTC))
        db.session.commit()
    publishes = begin(app, place, owner)
    killer = Killer(app, "privacy.tell_policy", share=0.9)
    first = publishes()
    killer.measure()
    check(app, place, first)
    fell = killer.rounds(kills, publishes, lambda number: check(app, place, number))
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return fell


@pytest.mark.slow
def test_ten_kills_leave_nobody_untold_and_tell_nobody_twice(tmp_path: Path, each_database: str) -> None:
    assert kill_and_check(tmp_path, each_database, kills=10) >= 10
