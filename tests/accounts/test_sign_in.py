"""Signing in and out: uniform answers, limits, rotated tokens, and sessions that die at once."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from logicrm.accounts import passwords
from logicrm.accounts.links import on_site
from logicrm.accounts.models import User, UserSession
from logicrm.core import crypto, database
from logicrm.extensions import db
from tests.conftest import PASSWORD

ALICE = "alice@alpha.example"


def sign_in(client: Any, email: str = ALICE, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/sign-in", data={"email": email, "password": password, **more})


def sessions_in(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(UserSession)) or 0


def test_a_member_signs_in_with_address_and_password(app: Flask, cast: Any, stranger: Any) -> None:
    answer = sign_in(stranger, email="  Alice@ALPHA.example ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/today/")
    assert stranger.get("/today/").status_code == 200
    with app.app_context():
        held = db.session.scalars(select(UserSession)).one()
        with stranger.session_transaction() as cookie:
            assert held.token_hash == crypto.token_hash(cookie["_user_id"])
        assert held.user_id == cast.users["alice"]
        assert held.address == "127.0.0.0"


def test_known_and_unknown_addresses_get_the_same_answer(app: Flask, cast: Any, stranger: Any) -> None:
    known = sign_in(stranger, password="not the password")
    unknown = sign_in(stranger, email="nobody@alpha.example", password="not the password")
    assert known.status_code == unknown.status_code == 422
    assert known.text.replace(ALICE, "X") == unknown.text.replace("nobody@alpha.example", "X")
    assert sessions_in(app) == 0


def test_an_unknown_address_costs_a_hash_too(cast: Any, stranger: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    real = passwords.verify
    monkeypatch.setattr(passwords, "verify", lambda held, given: compared.append(held) or real(held, given))
    sign_in(stranger, email="nobody@alpha.example")
    sign_in(stranger, password="not the password")
    assert [bool(held) for held in compared] == [False, True]


def test_the_eleventh_try_in_five_minutes_is_refused_even_with_the_right_password(
    app: Flask, cast: Any, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "verify", lambda held, given: given == PASSWORD)
    monkeypatch.setattr(passwords, "outdated", lambda held: False)
    assert {sign_in(stranger, password="wrong").status_code for _ in range(10)} == {422}
    refused = sign_in(stranger)
    assert refused.status_code == 429
    assert "Too many tries" in refused.text
    assert sessions_in(app) == 0


def test_a_spread_attack_on_one_address_is_limited_too(cast: Any, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "verify", lambda held, given: False)
    codes = [
        app.test_client()
        .post("/sign-in", data={"email": ALICE, "password": "x"}, environ_base={"REMOTE_ADDR": f"198.51.100.{n}"})
        .status_code
        for n in range(11)
    ]
    assert codes == [422] * 10 + [429]


def test_no_write_lock_is_held_while_a_password_is_hashed(
    app: Flask, cast: Any, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def verify(held: str, given: str) -> bool:
        with db.engine.begin() as other:  # would wait for itself and fail if this request held the lock
            other.execute(update(User).where(User.id == cast.users["bob"]).values(job_title="free"))
        seen.append(held)
        return False

    monkeypatch.setattr(passwords, "verify", verify)
    assert sign_in(stranger).status_code == 422
    assert len(seen) == 1


def test_signing_in_never_keeps_a_token_that_was_there_before(app: Flask, cast: Any, stranger: Any) -> None:
    with stranger.session_transaction() as cookie:
        cookie["_user_id"] = "planted by a stranger"
        cookie["csrf_token"] = "planted too"
    sign_in(stranger)
    with stranger.session_transaction() as cookie:
        first = cookie["_user_id"]
        assert first != "planted by a stranger"
        assert cookie.get("csrf_token") != "planted too"
    stranger.post("/sign-out")
    sign_in(stranger)
    with stranger.session_transaction() as cookie:
        assert cookie["_user_id"] != first


def test_signing_out_kills_the_session_and_clears_the_browser(app: Flask, alice: Any) -> None:
    with alice.session_transaction() as cookie:
        token = cookie["_user_id"]
    answer = alice.post("/sign-out")
    assert answer.status_code == 303
    assert '"cache"' in answer.headers["Clear-Site-Data"] and '"storage"' in answer.headers["Clear-Site-Data"]
    assert sessions_in(app) == 0
    with alice.session_transaction() as cookie:
        cookie["_user_id"] = token  # the thief of an old cookie gets nowhere
    assert alice.get("/today/").status_code == 303


def test_signing_out_is_a_post(alice: Any) -> None:
    assert alice.get("/sign-out").status_code == 405
    assert alice.get("/today/").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"expires_at": datetime.now(UTC) - timedelta(seconds=1)},
        {"seen_at": datetime.now(UTC) - timedelta(minutes=31)},
        {"epoch": 7},
    ],
    ids=["absolute", "idle", "epoch"],
)
def test_a_session_ends_by_itself(app: Flask, alice: Any, change: dict[str, Any]) -> None:
    assert alice.get("/today/").status_code == 200
    with app.app_context():
        db.session.execute(update(UserSession).values(**change))
        db.session.commit()
    assert alice.get("/today/").headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize("method", ["get", "post"])
def test_last_seen_is_written_without_waiting_for_itself(app: Flask, alice: Any, method: str) -> None:
    before = datetime.now(UTC) - timedelta(minutes=5)
    with app.app_context():
        db.session.execute(update(UserSession).values(seen_at=before))
        db.session.commit()
    if method == "get":
        assert alice.get("/settings/account").status_code == 200
    else:
        form = {"name": "Alice", "job_title": "", "phone": "", "language": ""}
        assert alice.post("/settings/account", data=form).status_code == 303
    with app.app_context():
        assert (db.session.scalar(select(UserSession.seen_at)) or before) > before + timedelta(minutes=4)


def test_a_page_does_not_wait_for_somebody_who_writes(app: Flask, alice: Any) -> None:
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            pytest.skip("one writer at a time is SQLite's rule")
        db.session.execute(update(UserSession).values(seen_at=datetime.now(UTC) - timedelta(minutes=5)))
        db.session.commit()
        engine = db.engine
    with engine.connect() as writer:
        writer.execute(update(User).values(job_title="busy"))  # holds the write lock
        began = datetime.now(UTC)
        assert alice.get("/settings/account").status_code == 200
        assert datetime.now(UTC) - began < timedelta(seconds=2)
        writer.rollback()


def test_reading_is_honoured_inside_a_writing_request(app: Flask) -> None:
    with app.test_request_context("/", method="POST"):
        assert not database._reads_only()
        with database.reading():
            assert database._reads_only()


HOSTILE = [
    "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/\t/evil.example",
    "\\\\evil.example", "///evil.example", "/%0d%0aLocation:x\r\n", "evil.example", "/ok\n", "/a b", "",
]  # fmt: skip


@pytest.mark.parametrize("target", HOSTILE)
def test_next_never_leads_to_another_site(cast: Any, stranger: Any, target: str) -> None:
    assert on_site(target, "/safe") == "/safe"
    assert sign_in(stranger, next=target).headers["Location"] == "/today/"


def test_next_leads_back_to_where_one_wanted_to_go(cast: Any, stranger: Any) -> None:
    answer = stranger.get("/settings/account?x=1")
    assert answer.headers["Location"] == "/sign-in?next=/settings/account?x%3D1"
    page = stranger.get(answer.headers["Location"])
    assert 'value="/settings/account?x=1"' in page.text
    assert sign_in(stranger, next="/settings/account?x=1").headers["Location"] == "/settings/account?x=1"


def test_a_write_without_the_csrf_token_changes_nothing(app: Flask, cast: Any, stranger: Any) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        assert sign_in(stranger).status_code == 400
        assert sessions_in(app) == 0
        page = stranger.get("/sign-in").text
        token = page.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
        assert sign_in(stranger, csrf_token=token).status_code == 303
    finally:
        app.config["WTF_CSRF_ENABLED"] = False


def test_a_write_from_another_site_is_refused(app: Flask, cast: Any, stranger: Any) -> None:
    data = {"email": ALICE, "password": PASSWORD}
    assert stranger.post("/sign-in", data=data, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert sessions_in(app) == 0


def test_who_is_removed_from_every_workspace_cannot_sign_in(app: Flask, alice: Any, cast: Any, stranger: Any) -> None:
    assert alice.post(f"/settings/people/{cast.users['bob']}/remove").status_code == 303
    assert sign_in(stranger, email="bob@alpha.example").status_code == 422


def test_unknown_ids_are_missing(alice: Any) -> None:
    assert alice.post(f"/workspaces/{uuid.uuid4()}/open").status_code == 404
