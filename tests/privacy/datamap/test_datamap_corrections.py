"""Whoever received a value is told when it is corrected (GDPR Art. 19), and nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from logicrm.core import tenancy
from logicrm.core.mail import OutgoingMail
from logicrm.customers.services import add_contact
from logicrm.extensions import db
from logicrm.privacy.datamap import corrections
from logicrm.privacy.datamap.models import Recipient
from tests.conftest import Cast
from tests.portal.conftest import CARLA, customers, enter  # noqa: F401 - fixtures
from tests.privacy.registering import add, days

TOLD, NOT_TOLD = "data@told.example", "data@nottold.example"


@pytest.fixture
def carla(app: Flask, cast: Cast, enter: Callable[..., FlaskClient], now: datetime) -> FlaskClient:  # noqa: F811
    with tenancy.working_in(app, cast.alpha):
        add_contact({"first_name": "Carla", "last_name": "Ionescu", "email": CARLA, "phone": "+40 721 000 000"},
                    by=None, now=now)  # fmt: skip
        who = cast.users["alice"]
        add(who, name="Told", hosts="", data=["identity"], contact_email=TOLD)
        add(who, name="No such data", hosts="", data=["financial"], contact_email=NOT_TOLD)
        add(who, name="No mailbox", hosts="", data=["identity"])
        add(who, name="Gone", hosts="", data=["identity"], contact_email=NOT_TOLD, ended_on=days(-1))
        db.session.commit()
    return enter(CARLA)


def letters(app: Flask) -> list[OutgoingMail]:
    with app.app_context():
        wanted = select(OutgoingMail).where(OutgoingMail.to_address.in_([TOLD, NOT_TOLD]))
        return list(db.session.scalars(wanted))


@pytest.mark.promise("rectification")
def test_a_correction_reaches_those_who_received_the_value(app: Flask, cast: Cast, carla: FlaskClient) -> None:
    sent = {"contact.last_name": "Popescu", "contact.first_name": "Carla"}
    assert carla.post("/p/alpha/details", data=sent).status_code == 303
    [letter] = letters(app)
    assert (letter.to_address, letter.workspace_id, letter.purpose) == (TOLD, cast.alpha, "legal")
    assert "Popescu" in letter.text and CARLA in letter.text and "Ionescu" not in letter.text
    assert "Carla\n" not in letter.text  # what did not change is none of their business
    assert letter.subject_kind == "person" and isinstance(letter.subject_id, uuid.UUID)


def test_a_value_of_a_kind_that_they_do_not_get_is_not_told(app: Flask, carla: FlaskClient) -> None:
    assert carla.post("/p/alpha/details", data={"contact.phone": "+40 721 111 111"}).status_code == 303
    assert letters(app) == []


def test_nothing_corrected_nobody_told(app: Flask, carla: FlaskClient) -> None:
    assert carla.post("/p/alpha/details", data={"contact.last_name": "Ionescu"}).status_code == 303
    assert letters(app) == []


def test_a_refused_correction_tells_nobody(app: Flask, carla: FlaskClient) -> None:
    sent = {"contact.last_name": "Popescu", "contact.first_name": "x" * 500}
    assert carla.post("/p/alpha/details", data=sent).status_code == 422
    assert letters(app) == []


@pytest.mark.usefixtures("in_workspace")
def test_the_kind_of_a_value_comes_from_its_declaration() -> None:
    assert corrections.categories_of("last_name") == {"identity"}
    assert corrections.categories_of("phone") == {"contact"}
    assert corrections.categories_of("nobody_declares_this") == {"contact"}


@pytest.mark.promise("erasure")
def test_a_mailbox_that_is_somebodys_own_address_goes_with_them(app: Flask, cast: Cast, now: datetime) -> None:
    """The firm stays in the register, its mailbox is emptied: what the declaration says, the purge does."""
    from logicrm.privacy import walk
    from logicrm.privacy.subjects import as_subject, make_known

    with tenancy.working_in(app, cast.alpha):
        add(cast.users["alice"], hosts="", contact_email=CARLA)
        person = make_known(CARLA, now=now)
        db.session.flush()
        found = walk.find(as_subject(person))
        plan = walk.plan(found)["recipient"]
        assert plan.delete == set() and len(plan.blank[""]) == 1
        db.session.commit()
        assert db.session.scalar(select(Recipient.contact_email)) == CARLA
