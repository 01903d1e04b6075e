"""Links that do one thing once: reset, invitation, demo. Looking spends nothing; acting spends once."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from logicrm.accounts import services, services_door
from logicrm.accounts.models import Invitation, Membership, OneTimeLink, User, UserSession, Workspace
from logicrm.core import tenancy
from logicrm.core.access import Role
from logicrm.core.errors import Refused
from logicrm.core.mail import OutgoingMail
from logicrm.extensions import db
from tests.conftest import PASSWORD

NEW = "nine green barges"
PERSON = {"name": "Nina New", "password": NEW, "of_age": "yes", "terms": "y"}


def last_link(app: Flask, kind: str) -> str:
    with app.app_context():
        text = db.session.scalars(select(OutgoingMail.text).order_by(OutgoingMail.id.desc())).first() or ""
    found = re.search(rf"http://localhost(/{kind}/[\w-]+)", text)
    assert found, text
    return found[1]


def count(app: Flask, model: Any) -> int:
    with app.app_context():
        return db.session.scalar(
            select(func.count()).select_from(model).execution_options(across_workspaces=True)
        ) or 0  # fmt: skip


# ------------------------------------------------------------------ reset


def test_a_reset_sets_the_password_and_ends_every_session(app: Flask, bob: Any, stranger: Any) -> None:
    stranger.post("/reset", data={"email": "BOB@alpha.example"})
    link = last_link(app, "reset")
    assert stranger.get(link).status_code == 200
    assert bob.get("/today/").status_code == 200
    assert stranger.post(link, data={"password": NEW}).headers["Location"] == "/sign-in"
    assert bob.get("/today/").status_code == 303
    data = {"email": "bob@alpha.example", "password": PASSWORD}
    assert stranger.post("/sign-in", data=data).status_code == 422
    assert stranger.post("/sign-in", data={**data, "password": NEW}).status_code == 303
    with app.app_context():
        told = db.session.scalars(select(OutgoingMail).order_by(OutgoingMail.id.desc())).first()
        assert told is not None and told.to_address == "bob@alpha.example" and "was changed" in told.subject


def test_a_mail_scanner_that_opens_the_link_spends_nothing(app: Flask, cast: Any, stranger: Any) -> None:
    stranger.post("/reset", data={"email": "bob@alpha.example"})
    link = last_link(app, "reset")
    assert [stranger.get(link).status_code for _ in range(5)] == [200] * 5
    assert stranger.post(link, data={"password": NEW}).status_code == 303


def test_a_reset_link_works_once(app: Flask, cast: Any, stranger: Any) -> None:
    stranger.post("/reset", data={"email": "bob@alpha.example"})
    link = last_link(app, "reset")
    stranger.post(link, data={"password": NEW})
    with app.app_context():
        before = db.session.scalar(select(User.password_hash).where(User.id == cast.users["bob"]))
    assert stranger.get(link).status_code == 404
    assert stranger.post(link, data={"password": "ten yellow trucks"}).status_code == 404
    with app.app_context():
        assert db.session.scalar(select(User.password_hash).where(User.id == cast.users["bob"])) == before


def test_a_weak_password_does_not_spend_the_link(app: Flask, cast: Any, stranger: Any) -> None:
    stranger.post("/reset", data={"email": "bob@alpha.example"})
    link = last_link(app, "reset")
    assert stranger.post(link, data={"password": "short"}).status_code == 422
    assert stranger.post(link, data={"password": NEW}).status_code == 303


def test_a_reset_link_dies_after_an_hour_and_with_the_next_password(app: Flask, cast: Any, now: datetime) -> None:
    with app.app_context():
        user = db.session.get_one(User, cast.users["bob"])
        secret = services.one_time_link(user, "reset", now=now, lasts=services.RESET_LASTS)
        db.session.commit()
        assert services.link_is_good(secret, "reset", now=now + timedelta(minutes=59))
        assert not services.link_is_good(secret, "reset", now=now + timedelta(minutes=60))
        assert not services.link_is_good(secret, "demo", now=now)
        user.security_epoch += 1
        db.session.commit()
        assert not services.link_is_good(secret, "reset", now=now)


def test_of_many_clicks_at_once_one_succeeds(app: Flask, cast: Any, now: datetime) -> None:
    with app.app_context():
        user = db.session.get_one(User, cast.users["bob"])
        secret = services.one_time_link(user, "reset", now=now, lasts=services.RESET_LASTS)
        db.session.commit()
    won, start = [], threading.Barrier(8)

    def click() -> None:
        with app.app_context():
            start.wait()
            try:
                services.spend_link(secret, "reset", now=now)
                db.session.commit()
                won.append(1)
            except Refused:
                db.session.rollback()

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [1]


def test_asking_for_a_reset_tells_nothing_about_the_account(app: Flask, cast: Any, stranger: Any) -> None:
    known = stranger.post("/reset", data={"email": "bob@alpha.example"})
    unknown = stranger.post("/reset", data={"email": "nobody@alpha.example"})
    assert (known.status_code, known.headers["Location"], known.text) == (
        unknown.status_code, unknown.headers["Location"], unknown.text,
    )  # fmt: skip
    assert count(app, OutgoingMail) == 1


def test_one_mailbox_is_not_flooded_and_the_answer_stays_the_same(app: Flask, cast: Any, stranger: Any) -> None:
    answers = {stranger.post("/reset", data={"email": "bob@alpha.example"}).status_code for _ in range(8)}
    assert answers == {303}
    assert count(app, OutgoingMail) == 5


def test_an_owner_does_not_find_a_members_reset_link(app: Flask, alice: Any, stranger: Any) -> None:
    stranger.post("/reset", data={"email": "bob@alpha.example"})
    with app.app_context():
        assert db.session.scalars(select(OutgoingMail.workspace_id)).all() == [None]
    assert "bob@alpha.example" not in alice.get("/settings/outbox").text


# ------------------------------------------------------------------ invitation


def test_an_invited_person_makes_an_account_and_is_in(app: Flask, cast: Any, alice: Any, stranger: Any) -> None:
    alice.post("/settings/people", data={"email": "Nina@alpha.example", "role": "dispatcher"})
    link = last_link(app, "join")
    page = stranger.get(link)
    assert page.status_code == 200 and "nina@alpha.example" in page.text
    assert stranger.post(link, data=PERSON).headers["Location"] == "/today/"
    with app.app_context():
        row = db.session.execute(
            select(User, Membership).join(Membership, Membership.user_id == User.id).where(User.name == "Nina New")
        ).one()
        assert (row.User.email, row.Membership.role, row.Membership.workspace_id) == (
            "nina@alpha.example", "dispatcher", cast.alpha,
        )  # fmt: skip
    assert stranger.get(link).status_code == 404
    assert app.test_client().post(link, data={**PERSON, "name": "Second"}).status_code == 404


def test_too_young_to_join_leaves_the_invitation_open(app: Flask, alice: Any, stranger: Any) -> None:
    alice.post("/settings/people", data={"email": "nina@alpha.example", "role": "sales"})
    link, before = last_link(app, "join"), count(app, User)
    assert stranger.post(link, data={**PERSON, "of_age": "no"}).status_code == 422
    assert count(app, User) == before
    assert stranger.get(link).status_code == 200


def test_who_has_an_account_joins_with_it_after_signing_in(
    app: Flask, cast: Any, alice: Any, mallory: Any, bob: Any, stranger: Any
) -> None:
    alice.post("/settings/people", data={"email": "mallory@bravo.example", "role": "sales"})
    link = last_link(app, "join")
    assert "Sign in to join" in stranger.get(link).text
    assert stranger.post(link, data=PERSON).status_code == 422  # the address is taken: no second account
    assert "another address" in bob.get(link).text
    assert bob.post(link).status_code == 422
    assert mallory.post(link).status_code == 303
    assert "Alpha Freight" in mallory.get("/today/").text
    with app.app_context():
        held = db.session.scalars(select(Membership.workspace_id).where(Membership.user_id == cast.users["mallory"]))
        assert set(held) == {cast.alpha, cast.bravo}
    assert mallory.post(f"/workspaces/{cast.bravo}/open").status_code == 303
    assert "Bravo Couriers" in mallory.get("/today/").text


def test_an_invitation_lasts_seven_days(app: Flask, alice: Any, stranger: Any) -> None:
    alice.post("/settings/people", data={"email": "nina@alpha.example", "role": "sales"})
    link = last_link(app, "join")
    with app.app_context():
        db.session.execute(
            update(Invitation)
            .values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
            .execution_options(across_workspaces=True, synchronize_session=False)
        )
        db.session.commit()
    assert stranger.get(link).status_code == 404
    assert stranger.post(link, data=PERSON).status_code == 404


def test_a_withdrawn_invitation_and_an_old_one_open_nothing(
    app: Flask, alice: Any, stranger: Any, mallory: Any
) -> None:
    alice.post("/settings/people", data={"email": "nina@alpha.example", "role": "sales"})
    first = last_link(app, "join")
    act = re.search(r"/settings/people/invitations/[0-9a-f-]+", alice.get("/settings/people").text)
    assert act
    assert mallory.post(act[0] + "/cancel").status_code == 404
    assert mallory.post(act[0] + "/resend").status_code == 404
    assert stranger.get(first).status_code == 200
    alice.post(act[0] + "/resend")
    second = last_link(app, "join")
    assert (stranger.get(first).status_code, stranger.get(second).status_code) == (404, 200)
    act = re.search(r"/settings/people/invitations/[0-9a-f-]+", alice.get("/settings/people").text)
    assert act
    alice.post(act[0] + "/cancel")
    assert stranger.get(second).status_code == 404


# ------------------------------------------------------------------ demo


@pytest.fixture
def demo(app: Flask, cast: Any) -> None:
    with app.app_context():
        db.session.execute(update(Workspace).where(Workspace.id == cast.alpha).values(is_demo=True))
        db.session.commit()


def demo_link(app: Flask, role: str = "sales") -> Any:
    return app.test_cli_runner().invoke(args=["demo", "sign-in", role])


def test_a_demo_link_signs_in_once_by_a_button(app: Flask, demo: None, cast: Any, stranger: Any) -> None:
    result = demo_link(app)
    assert result.exit_code == 0
    link = result.output.strip().removeprefix("http://localhost")
    page = stranger.get(link)
    assert page.status_code == 200 and '<form method="post">' in page.text
    assert count(app, UserSession) == 0
    assert stranger.post(link).headers["Location"] == "/today/"
    with app.app_context():
        assert db.session.scalars(select(UserSession.user_id)).one() == cast.users["bob"]
    assert app.test_client().post(link).status_code == 404
    assert count(app, UserSession) == 1


def test_outside_demo_mode_there_is_no_demo_sign_in(
    app: Flask, demo: None, cast: Any, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = demo_link(app).output.strip().removeprefix("http://localhost")
    monkeypatch.setitem(app.config, "DEMO", False)
    result = demo_link(app)
    assert result.exit_code != 0 and "LOGICRM_DEMO" in result.output
    assert (stranger.get(link).status_code, stranger.post(link).status_code) == (404, 404)
    assert count(app, UserSession) == 0


def test_a_demo_link_is_never_made_for_a_real_workspace(app: Flask, cast: Any) -> None:
    result = demo_link(app)
    assert result.exit_code != 0 and "load the demo first" in result.output
    assert count(app, OneTimeLink) == 0


def test_demo_sign_in_wants_a_role_that_exists(app: Flask, demo: None) -> None:
    assert demo_link(app, "emperor").exit_code == 2


def test_the_demo_service_itself_refuses_outside_demo_mode(
    app: Flask, demo: None, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    with app.app_context():
        secret = services_door.demo_link(Role.OWNER, now=now) or ""
        db.session.commit()
        monkeypatch.setitem(app.config, "DEMO", False)
        with pytest.raises(Refused):
            services_door.use_demo_link(secret, now=now)
        assert tenancy.current() is None
