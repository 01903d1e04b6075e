"""What a person does in the portal, and what they never see: another customer's, another business's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from logicrm.core import tenancy
from logicrm.extensions import db
from logicrm.privacy.consent_models import Consent, Suppression
from logicrm.privacy.models import DataSubject, Deletion, Export
from logicrm.privacy.request_models import PrivacyRequest
from tests.conftest import Cast
from tests.portal.conftest import CARL, CARLA, code_for, letters

Enter = Callable[..., FlaskClient]


def rows(app: Flask, workspace_id: uuid.UUID, model: Any) -> list[Any]:
    with tenancy.working_in(app, workspace_id):
        found = list(db.session.scalars(select(model)))
        db.session.expunge_all()
        return found


def proven(app: Flask, browser: FlaskClient, purpose: str, email: str = CARLA) -> str:
    assert browser.post(f"/p/alpha/prove/{purpose}").status_code == 303
    return code_for(app, email)


def test_every_page_opens_and_names_only_the_person(enter: Enter) -> None:
    carla = enter(CARLA)
    for page in ("home", "details", "choices", "copy", "requests", "delete"):
        text = carla.get(f"/p/alpha/{page}").text
        assert CARLA in text, page
        assert CARL not in text, page


def test_a_session_of_one_business_is_none_at_another(enter: Enter) -> None:
    carla = enter(CARLA)
    for page in ("home", "details", "choices", "copy", "requests", "delete"):
        answer = carla.get(f"/p/bravo/{page}")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/p/bravo/")


@pytest.mark.promise("explain")
def test_the_first_page_says_what_is_held_why_and_how_long(enter: Enter) -> None:
    text = enter(CARLA).get("/p/alpha/home").text
    assert "Address that you proved" in text
    assert "Doing what the law asks" in text
    assert "counted from when" in text


@pytest.mark.promise("consent.opt_in")
def test_nothing_is_ticked_before_somebody_ticks_it(app: Flask, cast: Cast, enter: Enter) -> None:
    assert " checked" not in enter(CARLA).get("/p/alpha/choices").text.split("<form", 3)[-1]
    assert rows(app, cast.alpha, Consent) == []


@pytest.mark.promise("consent.withdraw")
def test_a_consent_is_given_and_taken_back_with_its_words(app: Flask, cast: Cast, enter: Enter) -> None:
    carla = enter(CARLA)
    carla.post("/p/alpha/choices", data={"allow": "marketing.email"})
    [given] = rows(app, cast.alpha, Consent)
    assert (given.purpose, given.channel, given.how, given.withdrawn_at) == ("marketing", "email", "portal", None)
    assert "Alpha Freight may write to me by e-mail" in given.wording
    carla.post("/p/alpha/choices", data={"allow": "marketing.email"})
    assert len(rows(app, cast.alpha, Consent)) == 1
    carla.post("/p/alpha/choices", data={})
    [ended] = rows(app, cast.alpha, Consent)
    assert ended.withdrawn_at is not None


def test_a_made_up_purpose_is_passed_over(app: Flask, cast: Cast, enter: Enter) -> None:
    enter(CARLA).post("/p/alpha/choices", data={"allow": ["security.email", "marketing.pigeon"]})
    assert rows(app, cast.alpha, Consent) == []


def test_the_receipt_of_another_customer_is_a_missing_page(app: Flask, cast: Cast, enter: Enter) -> None:
    carla, carl = enter(CARLA), enter(CARL)
    carla.post("/p/alpha/choices", data={"allow": "marketing.email"})
    [given] = rows(app, cast.alpha, Consent)
    receipt = carla.get(f"/p/alpha/receipts/{given.id}.json")
    assert json.loads(receipt.data)["consentReceiptID"] == str(given.id)
    foreign, missing = (
        carl.get(f"/p/alpha/receipts/{given.id}.json"),
        carl.get(f"/p/alpha/receipts/{uuid.uuid4()}.json"),
    )
    assert foreign.status_code == missing.status_code == 404


@pytest.mark.promise("objection")
def test_an_objection_closes_every_channel_at_once(app: Flask, cast: Cast, enter: Enter) -> None:
    carla = enter(CARLA)
    carla.post("/p/alpha/choices", data={"allow": "marketing.email"})
    carla.post("/p/alpha/object")
    assert all(row.withdrawn_at for row in rows(app, cast.alpha, Consent))
    closed = rows(app, cast.alpha, Suppression)
    assert {row.channel for row in closed} >= {"email", "sms"}
    assert not any(CARLA in str(vars(row)) for row in closed)
    assert rows(app, cast.bravo, Suppression) == []


@pytest.mark.promise("clock.requests", "requests.intake")
def test_a_request_is_filed_with_both_clocks_and_only_its_owner_sees_it(
    app: Flask, cast: Cast, enter: Enter, sue: FlaskClient, now: datetime
) -> None:
    carla, carl = enter(CARLA), enter(CARL)
    carla.post("/p/alpha/requests", data={"kind": "restriction", "words": "Only until the invoice is right"})
    [filed] = rows(app, cast.alpha, PrivacyRequest)
    assert filed.policy_due_on is not None and filed.legal_due_on is not None
    assert filed.due_on == min(filed.policy_due_on, filed.legal_due_on)
    assert timedelta(27) <= filed.due_on - now.date() <= timedelta(31)
    assert "Only until the invoice" in carla.get("/p/alpha/requests").text
    assert "Only until the invoice" not in carl.get("/p/alpha/requests").text
    assert carl.post(f"/p/alpha/requests/{filed.id}/back").status_code == 404
    assert rows(app, cast.alpha, PrivacyRequest)[0].state == "open"
    assert CARLA in sue.get("/privacy/requests").text
    assert sue.get(f"/privacy/requests/{filed.id}").status_code == 200


def test_an_unknown_kind_is_refused(app: Flask, cast: Cast, enter: Enter) -> None:
    assert enter(CARLA).post("/p/alpha/requests", data={"kind": "everything"}).status_code == 422
    assert rows(app, cast.alpha, PrivacyRequest) == []


@pytest.mark.promise("requests.answer")
def test_a_refusal_names_ground_authority_and_court(app: Flask, cast: Cast, enter: Enter, sue: FlaskClient) -> None:
    enter(CARLA).post("/p/alpha/requests", data={"kind": "erasure", "words": "All invoices"})
    [filed] = rows(app, cast.alpha, PrivacyRequest)
    where = f"/privacy/requests/{filed.id}/answer"
    assert sue.post(where, data={"outcome": "denied", "answer": "No."}).status_code == 422
    assert rows(app, cast.alpha, PrivacyRequest)[0].state == "open"
    assert (
        sue.post(where, data={"outcome": "denied", "reason": "law_keeps", "answer": "Until 2033."}).status_code == 303
    )
    letter = letters(app, CARLA)[-1]
    assert "17(3)(b)" in letter and "dataprotection.ro" in letter and "court" in letter
    assert sue.post(where, data={"outcome": "fulfilled", "answer": "Yes after all"}).status_code == 422
    assert rows(app, cast.alpha, PrivacyRequest)[0].state == "denied"


def test_another_business_does_not_see_the_request(app: Flask, cast: Cast, enter: Enter, mallory: FlaskClient) -> None:
    enter(CARLA).post("/p/alpha/requests", data={"kind": "access"})
    [filed] = rows(app, cast.alpha, PrivacyRequest)
    assert mallory.get(f"/privacy/requests/{filed.id}").status_code == 404
    assert CARLA not in mallory.get("/privacy/requests").text


@pytest.mark.promise("export")
def test_a_copy_wants_a_fresh_code(app: Flask, cast: Cast, enter: Enter) -> None:
    carla = enter(CARLA)
    assert carla.post("/p/alpha/copy", data={"code": "AAAA AAAA"}).status_code == 422
    with app.app_context():
        assert list(db.session.scalars(select(Export))) == []
    code = proven(app, carla, "export")
    assert carla.post("/p/alpha/copy", data={"code": code}).status_code == 303
    with app.app_context():
        [asked] = db.session.scalars(select(Export))
        assert asked.subject_kind == "person"


def test_a_code_for_a_copy_deletes_nothing(app: Flask, cast: Cast, enter: Enter) -> None:
    carla = enter(CARLA)
    code = proven(app, carla, "export")
    assert carla.post("/p/alpha/delete", data={"code": code}).status_code == 422
    with app.app_context():
        assert list(db.session.scalars(select(Deletion))) == []


def test_a_copy_of_another_customer_is_a_missing_page(app: Flask, cast: Cast, enter: Enter) -> None:
    carla, carl = enter(CARLA), enter(CARL)
    carla.post("/p/alpha/copy", data={"code": proven(app, carla, "export")})
    with app.app_context():
        export_id = db.session.scalars(select(Export.id)).one()
    assert carl.post(f"/p/alpha/copy/{export_id}/json").status_code == 404
    assert carl.post(f"/p/alpha/copy/{uuid.uuid4()}/json").status_code == 404


def due(app: Flask, cast: Cast, email: str) -> Any:
    return next(row.deletion_due_at for row in rows(app, cast.alpha, DataSubject) if row.email == email)


@pytest.mark.promise("erasure")
def test_deletion_is_scheduled_and_taken_back_with_one_click(
    app: Flask, cast: Cast, enter: Enter, now: datetime
) -> None:
    carla = enter(CARLA)
    assert "What would go" in carla.get("/p/alpha/delete").text
    assert carla.post("/p/alpha/delete", data={"code": proven(app, carla, "delete")}).status_code == 303
    when = due(app, cast, CARLA)
    assert timedelta(days=30) <= when - now <= timedelta(days=30, minutes=5)
    assert due(app, cast, CARL) is None
    assert "Keep my data" in carla.get("/p/alpha/home").text
    assert carla.post("/p/alpha/delete/back").status_code == 303
    assert due(app, cast, CARLA) is None


def test_in_the_grace_one_can_still_copy_object_and_cancel_and_nothing_else(
    app: Flask, cast: Cast, enter: Enter
) -> None:
    carla = enter(CARLA)
    carla.post("/p/alpha/delete", data={"code": proven(app, carla, "delete")})
    assert carla.post("/p/alpha/choices", data={"allow": "marketing.email"}).status_code == 422
    assert carla.post("/p/alpha/requests", data={"kind": "access"}).status_code == 422
    assert rows(app, cast.alpha, Consent) == rows(app, cast.alpha, PrivacyRequest) == []
    assert carla.post("/p/alpha/copy", data={"code": proven(app, carla, "export")}).status_code == 303
    assert carla.post("/p/alpha/object").status_code == 303
    again = enter(CARLA)  # whoever left can come back in
    assert again.post("/p/alpha/delete/back").status_code == 303


def test_delete_now_wants_the_words_and_a_fresh_code(app: Flask, cast: Cast, enter: Enter) -> None:
    carla = enter(CARLA)
    code = proven(app, carla, "delete")
    assert carla.post("/p/alpha/delete/now", data={"typed": "delete", "code": code}).status_code == 422
    assert carla.post("/p/alpha/delete/now", data={"typed": "delete my data", "code": "AAAA"}).status_code == 422
    with app.app_context():
        assert list(db.session.scalars(select(Deletion))) == []
    assert carla.post("/p/alpha/delete/now", data={"typed": "Delete my data", "code": code}).status_code == 200
    with app.app_context():
        [made] = db.session.scalars(select(Deletion))
        assert made.at_once is True


def test_one_cannot_cancel_the_deletion_of_another(app: Flask, cast: Cast, enter: Enter) -> None:
    carla, carl = enter(CARLA), enter(CARL)
    carla.post("/p/alpha/delete", data={"code": proven(app, carla, "delete")})
    assert carl.post("/p/alpha/delete/back").status_code == 422
    assert due(app, cast, CARLA) is not None


def test_what_is_done_in_the_portal_stands_in_the_chain(app: Flask, cast: Cast, enter: Enter) -> None:
    from logicrm.core.audit import AuditEvent, broken_links

    carla = enter(CARLA)
    carla.post("/p/alpha/choices", data={"allow": "marketing.email"})
    carla.post("/p/alpha/object")
    with tenancy.working_in(app, cast.alpha):
        actions = [event.action for event in db.session.scalars(select(AuditEvent))]
        assert {"consent.given", "consent.withdrawn", "marketing.objection"} <= set(actions)
        assert list(broken_links()) == []


@pytest.mark.parametrize("model", [DataSubject, Consent, Suppression, PrivacyRequest])
def test_the_second_scope_hides_the_rows_of_other_customers(
    app: Flask, cast: Cast, enter: Enter, customers: Any, model: Any
) -> None:
    """Also from a query that names nobody: the fence lies below the queries."""
    for browser in (enter(CARLA), enter(CARL)):
        browser.post("/p/alpha/requests", data={"kind": "access"})
        browser.post("/p/alpha/choices", data={"allow": "marketing.email"})
        browser.post("/p/alpha/object")
    everybody = {row.id for row in rows(app, cast.alpha, model)}
    with app.app_context():
        tenancy.enter_portal(cast.alpha, tenancy.Person(customers["carla"], CARLA))
        carlas = set(db.session.scalars(select(model.id)))
    with app.app_context():
        tenancy.enter_portal(cast.alpha, tenancy.Person(customers["carl"], CARL))
        carls = set(db.session.scalars(select(model.id)))
    assert carlas and carls and not carlas & carls
    assert carlas | carls == everybody


@pytest.fixture
def contacts(app: Flask, cast: Cast, now: datetime) -> None:
    from logicrm.customers import services

    for email, name in ((CARLA, "Carla"), (CARL, "Carl")):
        with tenancy.working_in(app, cast.alpha):
            services.add_contact({"first_name": name, "last_name": "Ionescu", "email": email}, by=None, now=now)
            db.session.commit()


@pytest.mark.promise("rectification")
def test_what_is_wrong_is_corrected_at_once_and_nobody_else_is_touched(
    app: Flask, cast: Cast, enter: Enter, contacts: None
) -> None:
    from logicrm.core.audit import AuditEvent
    from logicrm.customers.models import Contact

    carla = enter(CARLA)
    assert "Ionescu" in carla.get("/p/alpha/details").text
    sent = {"contact.last_name": "Popescu", "contact.email": "evil@x.example", "contact.restricted": "1"}
    assert carla.post("/p/alpha/details", data=sent).status_code == 303
    found = {row.email: (row.first_name, row.last_name, row.restricted) for row in rows(app, cast.alpha, Contact)}
    assert found == {CARLA: ("Carla", "Popescu", False), CARL: ("Carl", "Ionescu", False)}
    with tenancy.working_in(app, cast.alpha):
        facts = [e.facts for e in db.session.scalars(select(AuditEvent)) if e.action == "person.corrected"]
    assert facts == [{"provider": "contact", "fields": ["last_name"]}]


def test_too_long_a_name_is_refused_and_nothing_is_changed(
    app: Flask, cast: Cast, enter: Enter, contacts: None
) -> None:
    from logicrm.customers.models import Contact

    carla = enter(CARLA)
    answer = carla.post("/p/alpha/details", data={"contact.first_name": "x" * 101})
    assert answer.status_code == 422 and "at most 100" in answer.text
    assert {row.first_name for row in rows(app, cast.alpha, Contact)} == {"Carla", "Carl"}
