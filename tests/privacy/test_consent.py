"""Consent to contact: the gate when a letter leaves, objections that outlive the person, one-click unsubscribing."""

from __future__ import annotations

import ast
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from logicrm.core import mail, tenancy, workspaces
from logicrm.extensions import db
from logicrm.privacy import contact, sites, vocabulary
from logicrm.privacy.consent_models import Consent, Suppression
from logicrm.privacy.models import DataSubject
from logicrm.privacy.subjects import make_known
from tests.conftest import Cast

CARLA = "carla@customer.example"


def site() -> sites.Site:
    workspace_id = tenancy.current()
    assert workspace_id is not None
    business = workspaces.by_id(workspace_id)
    assert business is not None
    return sites.of_business(business)


def says_yes(now: datetime, purpose: str = "marketing") -> uuid.UUID:
    person, here = make_known(CARLA, now=now), site()
    contact.give(
        person.id,
        purpose,
        "email",
        profile=here.profile,
        business=here.name,
        language="en",
        how="portal",
        proof={},
        now=now,
    )
    return person.id


def letter(purpose: str = "marketing", to: str = CARLA, mail_class: str = mail.MARKETING) -> mail.OutgoingMail:
    return mail.OutgoingMail(to_address=to, purpose=purpose, mail_class=mail_class, workspace_id=tenancy.current())


@pytest.mark.promise("gate.marketing")
def test_marketing_without_a_yes_does_not_leave(in_workspace: None) -> None:
    assert contact.may_send(letter())[0] is False
    assert contact.may_send(letter("legal", mail_class=mail.TRANSACTIONAL)) == (True, "")


@pytest.mark.promise("mail.classes")
@pytest.mark.parametrize("purpose", vocabulary.CONSENT_ONLY)
def test_advertising_does_not_pass_for_a_message_one_needs(in_workspace: None, purpose: str) -> None:
    may, why = contact.may_send(letter(purpose, mail_class=mail.TRANSACTIONAL))
    assert not may
    assert "yes" in why


@pytest.mark.promise("mail.classes")
def test_no_letter_of_the_program_calls_advertising_necessary() -> None:
    package = Path(contact.__file__).parent.parent
    sent = [
        {one.arg: one.value.value for one in call.keywords if isinstance(one.value, ast.Constant)}
        for path in package.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and any(one.arg == "mail_class" for one in call.keywords)
    ]
    assert len(sent) > 5
    assert [one for one in sent if one.get("purpose") in vocabulary.CONSENT_ONLY] == []


@pytest.mark.promise("gate.marketing")
def test_a_yes_counts_for_its_purpose_only(in_workspace: None, now: datetime) -> None:
    says_yes(now)
    assert contact.may_send(letter()) == (True, "")
    assert contact.may_send(letter(to=CARLA.upper())) == (True, "")
    assert contact.may_send(letter("surveys"))[0] is False
    assert contact.may_send(letter(to="carl@customer.example"))[0] is False


def test_a_yes_to_one_business_is_none_to_another(inside: Any, cast: Cast, now: datetime) -> None:
    with inside():
        says_yes(now)
        db.session.commit()
    with inside(cast.bravo):
        assert contact.may_send(letter())[0] is False


@pytest.mark.promise("consent.withdraw")
def test_withdrawal_takes_effect_before_the_next_letter(in_workspace: None, now: datetime) -> None:
    person = says_yes(now)
    contact.withdraw(person, how="portal", now=now, purpose="marketing", channel="email")
    assert contact.may_send(letter())[0] is False


@pytest.mark.promise("objection")
def test_an_objection_survives_the_erasure_of_the_person(in_workspace: None, now: datetime) -> None:
    person = says_yes(now)
    contact.object_to_marketing(person, CARLA, how="portal", now=now)
    db.session.execute(delete(Consent))
    db.session.execute(delete(DataSubject))
    assert contact.objected_at(CARLA) == now
    row = Consent(
        subject_id=make_known(CARLA, now=now).id, purpose="marketing", channel="email",
        given_at=now - timedelta(days=1), how="form", wording="", wording_hash="",
    )  # fmt: skip
    db.session.add(row)  # an old list brings her back, with a yes from before the objection
    db.session.flush()
    assert contact.may_send(letter()) == (False, "the person objected")


def test_a_later_yes_of_her_own_counts_again(in_workspace: None, now: datetime) -> None:
    contact.object_to_marketing(make_known(CARLA, now=now).id, CARLA, how="portal", now=now)
    says_yes(now + timedelta(minutes=1))
    assert contact.may_send(letter()) == (True, "")


def test_who_asked_for_deletion_gets_no_advertising(in_workspace: None, now: datetime) -> None:
    says_yes(now)
    person = db.session.scalars(select(DataSubject)).one()
    person.deletion_due_at = now + timedelta(days=30)
    db.session.flush()
    assert contact.may_send(letter())[0] is False


def test_the_gate_is_asked_at_the_outbox(in_workspace: None, now: datetime) -> None:
    assert contact.may_send in mail._gates


# Unsubscribing -----------------------------------------------------------------------------------


@pytest.fixture
def link(app: Flask, inside: Any, now: datetime) -> str:
    """The path of the unsubscribe link of a letter to Carla, who said yes twice."""
    with inside():
        says_yes(now)
        says_yes(now, "surveys")
        url = contact.unsubscribe_url(CARLA, "marketing")
        db.session.commit()
    return url.removeprefix("http://localhost")


def current(app: Flask, cast: Cast) -> set[str]:
    with tenancy.working_in(app, cast.alpha):
        return set(db.session.scalars(select(Consent.purpose).where(Consent.withdrawn_at.is_(None))))


def test_opening_the_link_stops_nothing(app: Flask, cast: Cast, stranger: FlaskClient, link: str) -> None:
    answer = stranger.get(link)
    assert answer.status_code == 200 and "Stop these messages" in answer.text
    assert CARLA not in answer.text and CARLA not in link
    stranger.head(link)
    assert current(app, cast) == {"marketing", "surveys"}


@pytest.mark.promise("unsubscribe")
@pytest.mark.parametrize("headers", [{}, {"Origin": "https://mail.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_mailbox_stops_it_with_one_post_and_no_cookie(
    app: Flask, cast: Cast, link: str, headers: dict[str, str]
) -> None:
    robot = app.test_client(use_cookies=False)
    answer = robot.post(link, data={"List-Unsubscribe": "One-Click"}, headers=headers)
    assert answer.status_code == 200
    assert answer.headers.getlist("Set-Cookie") == []
    assert current(app, cast) == {"surveys"}
    assert robot.post(link).status_code == 200  # twice is as once
    with tenancy.working_in(app, cast.alpha):
        assert len(list(db.session.scalars(select(Suppression)))) == 1


def test_everything_can_be_stopped_at_once(app: Flask, cast: Cast, stranger: FlaskClient, link: str) -> None:
    stranger.post(link, data={"what": "everything"})
    assert current(app, cast) == set()


def test_the_link_works_after_an_erasure(app: Flask, cast: Cast, stranger: FlaskClient, link: str) -> None:
    with tenancy.working_in(app, cast.alpha):
        db.session.execute(delete(DataSubject))
        db.session.commit()
    assert stranger.post(link).status_code == 200
    with tenancy.working_in(app, cast.alpha):
        assert db.session.scalars(select(Suppression.purpose)).all() == ["marketing"]


def test_a_changed_link_is_a_missing_page(app: Flask, cast: Cast, stranger: FlaskClient, link: str) -> None:
    for changed in (link[:-3] + "abc", "/u/x", "/u/" + "A" * 500):
        assert stranger.get(changed).status_code == 404
        assert stranger.post(changed).status_code == 404
    assert current(app, cast) == {"marketing", "surveys"}
