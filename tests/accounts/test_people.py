"""People: who may change whom, that it counts from the next request on, and that an owner always remains."""

from __future__ import annotations

import threading
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from logicrm.accounts import api_tokens, services
from logicrm.accounts.models import ApiToken, Membership, UserSession
from logicrm.core import tenancy
from logicrm.core.access import Role, Scope
from logicrm.core.audit import AuditEvent
from logicrm.core.errors import Refused
from logicrm.extensions import db


def roles(app: Flask) -> dict[uuid.UUID, str]:
    with app.app_context():
        return {row.user_id: row.role for row in db.session.scalars(select(Membership))}


def actions(app: Flask, cast: Any) -> list[str]:
    with app.app_context():
        tenancy.enter(cast.alpha)
        return list(db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.sequence)))


def test_the_list_names_everybody_here_and_nobody_else(alice: Any, mona: Any) -> None:
    for reader in (alice, mona):
        text = reader.get("/settings/people").text
        assert "bob@alpha.example" in text and "pia@alpha.example" in text
        assert "mallory" not in text.lower()


@pytest.mark.parametrize("who", ["bob", "dora", "dan", "sue", "pia"])
def test_other_roles_do_not_see_the_list(client_of: Any, who: str) -> None:
    assert client_of(who).get("/settings/people").status_code == 403


@pytest.mark.parametrize("who", ["mona", "bob", "dora", "dan", "sue", "pia"])
def test_only_an_owner_changes_people(app: Flask, cast: Any, client_of: Any, who: str) -> None:
    client, before = client_of(who), roles(app)
    bob = cast.users["bob"]
    assert client.post(f"/settings/people/{bob}/role", data={"role": "owner"}).status_code == 403
    assert client.post(f"/settings/people/{bob}/remove").status_code == 403
    assert client.post("/settings/people", data={"email": "x@alpha.example", "role": "owner"}).status_code == 403
    assert roles(app) == before


def test_a_removed_member_is_out_on_the_next_request(app: Flask, cast: Any, alice: Any, bob: Any) -> None:
    assert bob.get("/today/").status_code == 200
    assert alice.post(f"/settings/people/{cast.users['bob']}/remove").status_code == 303
    assert bob.get("/today/").headers["Location"].startswith("/sign-in")
    with app.app_context():
        assert not db.session.scalars(select(UserSession).where(UserSession.user_id == cast.users["bob"])).all()
    assert actions(app, cast) == ["member.removed"]


def test_a_demoted_owner_may_no_more_on_the_next_request(app: Flask, cast: Any, alice: Any, client_of: Any) -> None:
    alice.post(f"/settings/people/{cast.users['mona']}/role", data={"role": "owner"})
    mona = client_of("mona")
    assert mona.get("/settings/tokens").status_code == 200
    alice.post(f"/settings/people/{cast.users['mona']}/role", data={"role": "driver"})
    assert mona.get("/settings/tokens").status_code == 403
    assert roles(app)[cast.users["mona"]] == "driver"


def test_who_is_removed_takes_no_api_token_along(app: Flask, cast: Any, alice: Any, now: datetime) -> None:
    with app.app_context():
        tenancy.enter(cast.alpha)
        api_tokens.make("Scanner", [Scope.READ_SHIPMENTS], by=cast.users["mona"], now=now)
        api_tokens.make("Shop", [Scope.READ_SHIPMENTS], by=cast.users["alice"], now=now)
        db.session.commit()
    alice.post(f"/settings/people/{cast.users['mona']}/remove")
    with app.app_context():
        assert db.session.scalars(select(ApiToken.name)).all() == ["Shop"]


def test_ids_of_another_workspace_answer_like_missing_ones(app: Flask, cast: Any, mallory: Any) -> None:
    before = roles(app)
    for user_id in (cast.users["bob"], uuid.uuid4()):
        assert mallory.post(f"/settings/people/{user_id}/role", data={"role": "driver"}).status_code == 404
        assert mallory.post(f"/settings/people/{user_id}/remove").status_code == 404
    assert roles(app) == before


def test_an_unknown_role_changes_nothing(app: Flask, cast: Any, alice: Any) -> None:
    before = roles(app)
    assert alice.post(f"/settings/people/{cast.users['bob']}/role", data={"role": "emperor"}).status_code == 422
    assert alice.post("/settings/people", data={"email": "x@a.example", "role": "emperor"}).status_code == 422
    assert roles(app) == before


def test_the_last_owner_stays(app: Flask, cast: Any, alice: Any) -> None:
    before, me = roles(app), cast.users["alice"]
    alice.post(f"/settings/people/{me}/role", data={"role": "driver"})
    alice.post(f"/settings/people/{me}/remove")
    alice.post("/settings/account/leave")
    assert roles(app) == before
    assert "A workspace needs an owner" in alice.get("/settings/account").text


def test_an_invited_member_is_refused_a_second_invitation(alice: Any) -> None:
    answer = alice.post("/settings/people", data={"email": "bob@alpha.example", "role": "sales"})
    assert answer.status_code == 422 and "in the workspace already" in answer.text


def test_acts_on_people_ask_for_the_password_again(app: Flask, cast: Any, alice: Any, now: datetime) -> None:
    with app.app_context():
        db.session.execute(update(UserSession).values(proven_at=now - timedelta(minutes=11)))
        db.session.commit()
    before, bob = roles(app), cast.users["bob"]
    for path, data in (
        (f"/settings/people/{bob}/role", {"role": "owner"}),
        (f"/settings/people/{bob}/remove", {}),
        ("/settings/people", {"email": "x@alpha.example", "role": "owner"}),
    ):
        assert alice.post(path, data=data).headers["Location"] == "/confirm?next=/settings/people"
    assert roles(app) == before
    assert alice.post("/confirm", data={"password": "wrong"}).status_code == 422
    assert alice.post(f"/settings/people/{bob}/remove").headers["Location"].startswith("/confirm")
    with alice.session_transaction() as cookie:
        token = cookie["_user_id"]
    proof = {"password": "seven blue lorries", "next": "/settings/people"}
    assert alice.post("/confirm", data=proof).headers["Location"] == "/settings/people"
    with alice.session_transaction() as cookie:
        assert cookie["_user_id"] != token  # a proof rotates the token too
    assert alice.post(f"/settings/people/{bob}/remove").headers["Location"] == "/settings/people"
    assert bob not in roles(app)


def test_a_proof_never_leads_to_another_site(alice: Any) -> None:
    assert alice.get("/confirm?next=//evil.example").headers["Location"] == "/"


@pytest.mark.parametrize("act", ["leave", "demote"])
def test_of_two_last_owners_who_go_at_the_same_moment_one_stays(app: Flask, cast: Any, act: str) -> None:
    with app.app_context():
        db.session.execute(update(Membership).where(Membership.user_id == cast.users["mona"]).values(role=Role.OWNER))
        db.session.commit()
    start, refused, failed = threading.Barrier(2), [], []

    def go(name: str) -> None:
        with app.app_context():
            tenancy.enter(cast.alpha)
            start.wait()
            try:
                if act == "leave":
                    services.remove_member(cast.users[name], by=cast.users[name])
                else:
                    services.change_role(cast.users[name], Role.DRIVER, by=cast.users[name])
                db.session.commit()
            except Refused:
                db.session.rollback()
                refused.append(name)
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=go, args=(name,)) for name in ("alice", "mona")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(refused) == 1
    owners = [user for user, role in roles(app).items() if role == "owner" and user != cast.users["mallory"]]
    assert owners == [cast.users[refused[0]]]


def test_the_list_costs_the_same_whatever_its_length(alice: Any, count_queries: Any) -> None:
    with count_queries() as seen:
        assert alice.get("/settings/people").status_code == 200
    assert len(seen) <= 4, seen
