"""My account and the workspace's facts."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from logicrm.accounts.models import Membership, User, UserSession, Workspace
from logicrm.core import tenancy
from logicrm.core.audit import AuditEvent
from logicrm.core.mail import OutgoingMail
from logicrm.extensions import db
from tests.conftest import PASSWORD

PROFILE = {"name": "Bob Brown", "job_title": "Sales lead", "phone": "+40 721 000 000", "language": "en"}


def user(app: Flask, cast: Any, name: str) -> User:
    with app.app_context():
        found = db.session.get_one(User, cast.users[name])
        db.session.expunge(found)
        return found


@pytest.mark.parametrize("who", ["alice", "mona", "bob", "dora", "dan", "sue", "pia"])
def test_everybody_has_an_account_page_and_a_way_to_their_data(client_of: Any, who: str) -> None:
    page = client_of(who).get("/settings/account")
    assert page.status_code == 200
    assert 'href="/my-data' in page.text or "My data" in page.text


@pytest.mark.promise("account.edit")
def test_facts_are_changed_and_the_audit_trail_holds_no_value(app: Flask, cast: Any, bob: Any) -> None:
    assert bob.post("/settings/account", data=PROFILE).status_code == 303
    held = user(app, cast, "bob")
    assert (held.name, held.job_title, held.phone, held.language) == tuple(PROFILE.values())
    with app.app_context():
        tenancy.enter(cast.alpha)
        event = db.session.scalars(select(AuditEvent)).one()
        assert event.facts == {"fields": ["job_title", "language", "name", "phone"]}


def test_a_form_cannot_set_what_it_does_not_show(app: Flask, cast: Any, bob: Any) -> None:
    before = user(app, cast, "bob")
    bob.post("/settings/account", data={**PROFILE, "email": "x@y.example", "role": "owner", "security_epoch": "9"})
    after = user(app, cast, "bob")
    assert (after.email, after.security_epoch, after.password_hash) == (before.email, 0, before.password_hash)
    with app.app_context():
        assert db.session.scalar(select(Membership.role).where(Membership.user_id == cast.users["bob"])) == "sales"


def test_a_new_password_ends_every_other_session(app: Flask, cast: Any, bob: Any, client_of: Any) -> None:
    other = client_of("bob")
    data = {"current": PASSWORD, "password": "nine green barges"}
    assert bob.post("/settings/account/password", data={**data, "current": "wrong"}).status_code == 422
    assert other.get("/today/").status_code == 200
    assert bob.post("/settings/account/password", data=data).status_code == 303
    assert other.get("/today/").status_code == 303
    assert bob.get("/today/").status_code == 200  # this browser went on, under a new token
    with app.app_context():
        assert len(db.session.scalars(select(UserSession).where(UserSession.user_id == cast.users["bob"])).all()) == 1


def test_guessing_the_present_password_is_limited(bob: Any) -> None:
    data = {"current": "wrong", "password": "nine green barges"}
    codes = [bob.post("/settings/account/password", data=data).status_code for _ in range(11)]
    assert codes == [422] * 10 + [429]


def test_a_new_address_wants_the_password_and_tells_the_old_one(
    app: Flask, cast: Any, bob: Any, client_of: Any
) -> None:
    other = client_of("bob")
    assert bob.post("/settings/account/email", data={"email": "new@alpha.example", "password": "no"}).status_code == 422
    assert user(app, cast, "bob").email == "bob@alpha.example"
    data = {"email": "New@alpha.example", "password": PASSWORD}
    assert bob.post("/settings/account/email", data=data).status_code == 303
    assert user(app, cast, "bob").email == "new@alpha.example"
    assert (bob.get("/today/").status_code, other.get("/today/").status_code) == (200, 303)
    with app.app_context():
        assert db.session.scalars(select(OutgoingMail.to_address)).all() == ["bob@alpha.example"]


def test_the_address_of_somebody_else_cannot_be_taken(app: Flask, cast: Any, bob: Any) -> None:
    data = {"email": "mallory@bravo.example", "password": PASSWORD}
    assert bob.post("/settings/account/email", data=data).status_code == 422
    assert user(app, cast, "bob").email == "bob@alpha.example"


def test_one_browser_or_all_others_are_signed_out(app: Flask, cast: Any, bob: Any, client_of: Any) -> None:
    phone, desk = client_of("bob"), client_of("bob")
    assert phone.get("/today/").status_code == desk.get("/today/").status_code == 200
    with phone.session_transaction() as cookie:
        from logicrm.core import crypto

        digest = crypto.token_hash(cookie["_user_id"])
    with app.app_context():
        session_id = db.session.scalar(select(UserSession.id).where(UserSession.token_hash == digest))
    assert bob.post(f"/settings/account/sessions/{session_id}/end").status_code == 303
    assert (phone.get("/today/").status_code, desk.get("/today/").status_code) == (303, 200)
    assert bob.post("/settings/account/sessions/end-others").status_code == 303
    assert (desk.get("/today/").status_code, bob.get("/today/").status_code) == (303, 200)


def test_nobody_ends_somebody_elses_session(app: Flask, cast: Any, bob: Any, mallory: Any) -> None:
    with app.app_context():
        bobs = db.session.scalar(select(UserSession.id).where(UserSession.user_id == cast.users["bob"]))
    assert mallory.post(f"/settings/account/sessions/{bobs}/end").status_code == 404
    assert mallory.post(f"/settings/account/sessions/{uuid.uuid4()}/end").status_code == 404
    assert bob.get("/today/").status_code == 200


def test_nobody_opens_a_workspace_that_is_not_theirs(cast: Any, bob: Any) -> None:
    assert bob.post(f"/workspaces/{cast.bravo}/open").status_code == 404
    assert "Alpha Freight" in bob.get("/today/").text


def test_who_leaves_is_out(app: Flask, cast: Any, bob: Any) -> None:
    assert bob.post("/settings/account/leave").headers["Location"] == "/sign-in"
    assert bob.get("/today/").status_code == 303
    with app.app_context():
        assert not db.session.scalars(select(Membership).where(Membership.user_id == cast.users["bob"])).all()


# ------------------------------------------------------------------ the workspace

FACTS = {
    "workspace": "Alpha Freight SRL", "size": "10-49", "industry": "road", "tax_code": "RO9", "address": "Str. Lungă 1",
    "privacy_contact": "DPO@alpha.example", "country": "RO", "time_zone": "Europe/Bucharest", "currency": "RON",
    "language": "en",
}  # fmt: skip


def facts(app: Flask, workspace_id: uuid.UUID) -> tuple[str, ...]:
    with app.app_context():
        w = db.session.get_one(Workspace, workspace_id)
        return (w.name, w.size, w.industry, w.tax_code, w.address, w.privacy_contact, w.currency)


def test_an_owner_changes_the_workspace_and_only_this_one(app: Flask, cast: Any, alice: Any) -> None:
    bravo = facts(app, cast.bravo)
    assert alice.post("/settings/workspace", data=FACTS).status_code == 303
    assert facts(app, cast.alpha) == (
        "Alpha Freight SRL", "10-49", "road", "RO9", "Str. Lungă 1", "dpo@alpha.example", "RON",
    )  # fmt: skip
    assert facts(app, cast.bravo) == bravo


def test_a_manager_sees_the_facts_and_changes_none(app: Flask, cast: Any, mona: Any, bob: Any) -> None:
    before = facts(app, cast.alpha)
    page = mona.get("/settings/workspace").text
    assert "Europe/Bucharest" in page and '<form class="form' not in page
    assert mona.post("/settings/workspace", data=FACTS).status_code == 403
    assert bob.get("/settings/workspace").status_code == 403
    assert facts(app, cast.alpha) == before


@pytest.mark.parametrize(
    "change",
    [{"privacy_contact": "nobody"}, {"time_zone": ""}, {"country": "XX"}, {"currency": "ABC"}, {"workspace": ""}],
)
def test_bad_facts_are_refused(app: Flask, cast: Any, alice: Any, change: dict[str, str]) -> None:
    before = facts(app, cast.alpha)
    assert alice.post("/settings/workspace", data={**FACTS, **change}).status_code == 422
    assert facts(app, cast.alpha) == before


def test_settings_lead_to_what_the_role_may_open(alice: Any, bob: Any) -> None:
    assert alice.get("/settings/").headers["Location"] == "/settings/workspace"
    assert bob.get("/settings/").headers["Location"] == "/settings/account"
    tabs = bob.get("/settings/account").text.split('class="tabs"')[1].split("</nav>")[0]
    assert tabs.count("<a ") == 1
