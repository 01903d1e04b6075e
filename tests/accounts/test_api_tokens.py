"""API tokens: shown once, of one workspace, of fixed scopes, dead the moment they are revoked."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import select, update
from werkzeug.exceptions import Forbidden, TooManyRequests

from logicrm.accounts import views_api
from logicrm.accounts.models import ApiToken, UserSession
from logicrm.core import crypto, tenancy
from logicrm.core.access import Scope
from logicrm.extensions import db


def make(client: Any, *scopes: str) -> str:
    answer = client.post("/settings/tokens", data={"name": "Scanner", "scopes": list(scopes) or ["shipments:read"]})
    assert answer.status_code == 200
    found = re.search(r"lcrm_[\w-]{43}", answer.text)
    assert found
    return found[0]


def admitted(app: Flask, header: str, scope: Scope = Scope.READ_SHIPMENTS, method: str = "GET") -> Any:
    """The workspace that a request with this header enters, or None."""
    with app.test_request_context("/api/x", method=method, headers={"Authorization": header}):
        let_in = views_api.admit(scope)
        if method != "GET":
            db.session.commit()
        return tenancy.current() if let_in else None


def test_the_secret_is_shown_once_and_only_its_hash_is_kept(app: Flask, cast: Any, alice: Any) -> None:
    secret = make(alice)
    assert "lcrm_" not in alice.get("/settings/tokens").text
    with app.app_context():
        row = db.session.scalars(select(ApiToken)).one()
        assert (row.token_hash, row.workspace_id, row.scopes) == (
            crypto.token_hash(secret), cast.alpha, ["shipments:read"],
        )  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_opens_its_workspace_and_no_other(app: Flask, cast: Any, alice: Any, mallory: Any, method: str) -> None:
    ours, theirs = make(alice), make(mallory)
    assert admitted(app, f"Bearer {ours}", method=method) == cast.alpha
    assert admitted(app, f"bearer {theirs}", method=method) == cast.bravo
    with app.app_context():
        assert all(db.session.scalars(select(ApiToken.last_used_at)).all())


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic {}", "Bearer {}x", "Bearer lcrm_", "{}"])
def test_anything_else_opens_nothing(app: Flask, alice: Any, header: str) -> None:
    assert admitted(app, header.format(make(alice))) is None


def test_a_token_does_only_what_its_scopes_say(app: Flask, cast: Any, alice: Any) -> None:
    secret = make(alice, "shipments:read")
    with pytest.raises(Forbidden):
        admitted(app, f"Bearer {secret}", Scope.WRITE_EVENTS)
    assert admitted(app, f"Bearer {make(alice, 'events:write')}", Scope.WRITE_EVENTS) == cast.alpha


def test_a_revoked_token_is_dead_at_once(app: Flask, cast: Any, alice: Any, mallory: Any) -> None:
    secret = make(alice)
    with app.app_context():
        token_id = db.session.scalars(select(ApiToken.id)).one()
    assert mallory.post(f"/settings/tokens/{token_id}/revoke").status_code == 404
    assert admitted(app, f"Bearer {secret}") == cast.alpha
    assert alice.post(f"/settings/tokens/{token_id}/revoke").status_code == 303
    assert admitted(app, f"Bearer {secret}") is None
    assert alice.post(f"/settings/tokens/{uuid.uuid4()}/revoke").status_code == 404


def test_guessing_and_flooding_are_limited(app: Flask, alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views_api, "REFUSALS_IN_FIVE_MINUTES", 2)
    monkeypatch.setattr(views_api, "CALLS_A_MINUTE", 3)
    secret = make(alice)
    assert [admitted(app, "Bearer lcrm_guess") for _ in range(2)] == [None, None]
    with pytest.raises(TooManyRequests):
        admitted(app, "Bearer lcrm_guess")
    for _ in range(3):
        admitted(app, f"Bearer {secret}")
    with pytest.raises(TooManyRequests):
        admitted(app, f"Bearer {secret}")


def test_views_learn_which_program_calls(app: Flask, alice: Any) -> None:
    secret = make(alice)
    with app.test_request_context("/api/x", headers={"Authorization": f"Bearer {secret}"}):
        assert views_api.admit(Scope.READ_SHIPMENTS)
        assert g.api_caller.scopes == {Scope.READ_SHIPMENTS} and g.time_zone == "Europe/Bucharest"


@pytest.mark.parametrize(
    "data", [{"name": "", "scopes": ["shipments:read"]}, {"name": "x"}, {"name": "x", "scopes": ["all"]}]
)
def test_a_token_needs_a_name_and_known_scopes(app: Flask, alice: Any, data: dict[str, Any]) -> None:
    assert alice.post("/settings/tokens", data=data).status_code == 422
    with app.app_context():
        assert not db.session.scalars(select(ApiToken)).all()


def test_making_a_token_asks_for_the_password_again(app: Flask, alice: Any) -> None:
    with app.app_context():
        db.session.execute(update(UserSession).values(proven_at=datetime.now(UTC) - timedelta(minutes=11)))
        db.session.commit()
    answer = alice.post("/settings/tokens", data={"name": "x", "scopes": ["shipments:read"]})
    assert answer.headers["Location"] == "/confirm?next=/settings/tokens"
    with app.app_context():
        assert not db.session.scalars(select(ApiToken)).all()


@pytest.mark.parametrize("who", ["mona", "bob", "dan", "pia"])
def test_only_owners_have_to_do_with_tokens(client_of: Any, who: str) -> None:
    client = client_of(who)
    assert client.get("/settings/tokens").status_code == 403
    assert client.post("/settings/tokens", data={"name": "x", "scopes": ["shipments:read"]}).status_code == 403
