"""A new policy in the portal: the notice, and consent that is asked anew where the thing itself has changed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from logicrm.core import mail
from logicrm.core.jobs_worker import run_worker
from logicrm.extensions import db
from logicrm.privacy import asked_anew, contact, sites
from logicrm.privacy.consent_models import Consent
from logicrm.privacy.policy_models import PolicyReading
from tests.conftest import Cast
from tests.portal.conftest import CARL, CARLA
from tests.privacy.policies import agrees, business_of, inside_of, publisher, surveys_with


@pytest.fixture
def alpha_publishes(app: Flask, cast: Cast) -> Any:
    """alpha_publishes({path: value}): a version by Alice, as soon as it may begin; its number and its beginning."""
    return publisher(app, cast)


@pytest.fixture
def carla_agrees(app: Flask, cast: Cast) -> uuid.UUID:
    """To marketing and to surveys by e-mail, under the policy as it comes with the program."""
    return agrees(app, cast, CARLA)


def letter_to(app: Flask, address: str) -> str:
    """The text of the letter about the policy to an address."""
    with app.app_context():
        about = mail.OutgoingMail.subject.contains("privacy policy of")
        return db.session.scalars(
            select(mail.OutgoingMail.text).where(about, mail.OutgoingMail.to_address == address)
        ).one()


@pytest.mark.promise("P-LOGI-63")
def test_a_customer_sees_the_notice_in_the_portal(
    app: Flask,
    cast: Cast,
    enter: Any,
    alpha_publishes: Any,
) -> None:
    carla, carl = enter(CARLA), enter(CARL)
    alpha_publishes({"requests.answer": "P21D"})
    assert "The privacy policy has changed" in carla.get("/p/alpha/home").text
    assert carla.post("/p/alpha/policy-seen", data={"number": "1", "next": "/p/alpha/home"}).status_code == 303
    assert "The privacy policy has changed" not in carla.get("/p/alpha/choices").text
    assert "The privacy policy has changed" in carl.get("/p/alpha/home").text
    assert carl.post("/p/alpha/policy-seen", data={"number": "7"}).status_code == 404
    assert carla.post("/p/bravo/policy-seen", data={"number": "1"}).location == "/p/bravo/"


def test_no_consent_was_ever_given_by_using_something(
    app: Flask,
    cast: Cast,
    enter: Any,
    alpha_publishes: Any,
) -> None:
    alpha_publishes({"requests.answer": "P21D"})
    carla = enter(CARLA)
    carla.post("/p/alpha/policy-seen", data={"number": "1"})
    with inside_of(app, cast.alpha):
        hers = db.session.scalars(select(PolicyReading).where(PolicyReading.subject_id.is_not(None))).one()
        assert (hers.accepted_how, hers.seen_at is not None) == ("use", True)
        assert db.session.scalars(select(Consent)).all() == []


def test_the_person_is_told_and_asked_again_and_a_new_yes_counts(
    app: Flask,
    cast: Cast,
    enter: Any,
    carla_agrees: uuid.UUID,
    alpha_publishes: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _number, begins = alpha_publishes(surveys_with(app, cast, "contact", "communication", "location"))
    run_worker(app, until_idle=True)
    hers, bobs = (letter_to(app, to) for to in (CARLA, "bob@alpha.example"))
    assert "Something that you agreed to is concerned" in hers and "/p/alpha/choices" in hers
    assert "Something that you agreed to" not in bobs
    carla = enter(CARLA)
    before = carla.get("/p/alpha/choices").text
    assert before.count(" checked") == 2 and "Asked again" not in before
    with inside_of(app, cast.alpha):  # the job of the beginning, at its time
        asked_anew.end_what_changed(business_of(cast.alpha), begins)
        db.session.commit()
        assert [row.withdrawn_how for row in contact.history(carla_agrees) if row.purpose == "surveys"] == ["policy"]
    after = carla.get("/p/alpha/choices").text
    assert after.count(" checked") == 1 and "Asked again" in after
    with inside_of(app, cast.alpha):
        site = sites.of_business(business_of(cast.alpha), begins)
        contact.give(
            carla_agrees, "surveys", "email", profile=site.profile, business=site.name, language="en", how="portal", proof={},
            now=begins + timedelta(minutes=1),
        )  # fmt: skip
        assert contact.may_contact(CARLA, "surveys", "email", now=begins + timedelta(minutes=2)) == (True, "")
