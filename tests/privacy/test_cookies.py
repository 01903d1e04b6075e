"""Cookies: nothing before a choice, a no as easy as a yes, and proof of it in the person's hands."""

from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from logicrm.core import clock
from logicrm.extensions import db
from logicrm.privacy import consent
from logicrm.privacy.consent_models import CookieChoice

PUBLIC = [
    "/privacy/policy", "/privacy/cookies", "/privacy/promises", "/privacy/preferences", "/privacy/receipts/verify",
    "/privacy/policy.json", "/privacy/cookies.json", "/privacy/promises.json", "/.well-known/gpc.json",
    "/w/alpha/privacy", "/w/alpha/privacy/cookies", "/w/alpha/privacy/promises", "/p/alpha/", "/p/alpha/code",
    "/no-such-page",
]  # fmt: skip


def choices(app: Flask) -> list[CookieChoice]:
    with app.app_context():
        found = list(db.session.scalars(select(CookieChoice).order_by(CookieChoice.at, CookieChoice.id)))
        db.session.expunge_all()
        return found


def allowed_for(app: Flask, browser: FlaskClient, category: str, headers: dict[str, str] | None = None) -> bool:
    """What the gate says in a request of this browser."""
    cookie = browser.get_cookie("cookie_choice")
    sent = {"Cookie": f"cookie_choice={cookie.value}"} if cookie else {}
    with app.test_request_context("/", headers=sent | (headers or {})):
        return consent.allowed(category)


@pytest.mark.promise("cookies.gate")
@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("headers", [{}, {"Sec-GPC": "1"}], ids=["plain", "gpc"])
def test_no_page_sets_a_cookie_before_a_choice(stranger: FlaskClient, cast: Any, path: str, headers: Any) -> None:
    answer = stranger.get(path, headers=headers)
    assert answer.status_code in (200, 404)
    assert answer.headers.getlist("Set-Cookie") == []


def test_all_three_answers_look_alike_and_cost_one_click(stranger: FlaskClient) -> None:
    banner = re.search(r'<section class="cookies".*?</section>', stranger.get("/privacy/policy").text, re.S)
    assert banner is not None
    buttons = re.findall(r'<(?:button|a) class="([^"]*)"', banner.group())
    assert buttons == ["btn", "btn", "btn"]
    assert "checked" not in banner.group()
    assert "csrf_token" not in banner.group()


@pytest.mark.promise("cookies.centre")
@pytest.mark.parametrize("how, yes", [("accept", {"analytics", "marketing", "preference"}), ("reject", set())])
def test_a_choice_is_recorded_and_the_banner_goes(app: Flask, stranger: FlaskClient, how: str, yes: set[str]) -> None:
    answer = stranger.post("/privacy/choice", data={"do": how, "next": "/privacy/policy"})
    assert (answer.status_code, answer.location) == (303, "/privacy/policy")
    [sent] = answer.headers.getlist("Set-Cookie")
    assert sent.startswith("cookie_choice=") and "HttpOnly" in sent and "SameSite=Lax" in sent
    [row] = choices(app)
    assert (set(row.allowed), row.how, row.gpc, len(row.wording)) == (yes, how, False, 16)
    assert set(row.allowed) | set(row.refused) == {"analytics", "marketing", "preference"}
    assert 'class="cookies"' not in stranger.get("/privacy/policy").text
    assert allowed_for(app, stranger, "analytics") is (how == "accept")


def test_the_preference_centre_gives_and_takes_one_category(app: Flask, stranger: FlaskClient) -> None:
    assert " checked" not in stranger.get("/privacy/preferences").text
    stranger.post("/privacy/choice", data={"do": "choose", "allow": "analytics"})
    assert allowed_for(app, stranger, "analytics") and not allowed_for(app, stranger, "marketing")
    assert stranger.get("/privacy/preferences").text.count(" checked") == 1
    stranger.post("/privacy/choice", data={"do": "choose"})
    assert not allowed_for(app, stranger, "analytics")
    first, second = choices(app)
    assert first.visitor_hash == second.visitor_hash
    assert first.ends_at == second.at < second.ends_at


def test_a_category_that_nobody_offers_cannot_be_allowed(app: Flask, stranger: FlaskClient) -> None:
    stranger.post("/privacy/choice", data={"do": "choose", "allow": ["tracking", "essential", "analytics"]})
    assert choices(app)[0].allowed == ["analytics"]
    assert stranger.post("/privacy/choice", data={"do": "whatever"}).status_code == 400


def test_taking_back_removes_the_cookies_themselves(stranger: FlaskClient) -> None:
    stranger.post("/theme", data={"theme": "dark"})
    assert stranger.get_cookie("theme") is not None
    stranger.post("/privacy/choice", data={"do": "reject"})
    assert stranger.get_cookie("theme") is None


def test_a_forged_or_old_choice_allows_nothing(
    app: Flask, stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger.post("/privacy/choice", data={"do": "accept"})
    cookie = stranger.get_cookie("cookie_choice")
    assert cookie is not None
    real = clock.now()
    with app.test_request_context("/", headers={"Cookie": f"cookie_choice={cookie.value}"}):
        monkeypatch.setattr(clock, "now", lambda: real + timedelta(days=200))
        assert not consent.allowed("analytics")
    monkeypatch.setattr(clock, "now", lambda: real)
    for sent in (cookie.value[:-2] + "xx", "x" * 2000, "", "{}"):
        with app.test_request_context("/", headers={"Cookie": f"cookie_choice={sent}"}):
            assert not consent.allowed("analytics")


def test_other_words_ask_again(app: Flask, stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger.post("/privacy/choice", data={"do": "accept"})
    monkeypatch.setattr(consent, "wording", lambda: "another-version")
    assert not allowed_for(app, stranger, "analytics")
    assert 'class="cookies"' in stranger.get("/privacy/policy").text


@pytest.mark.parametrize("value, counts", [
    ("1", True), (" 1 ", True), ("1, 1", True), ("0", False), ("true", False), ("01", False), ("1;q=1", False),
    ("", False),
])  # fmt: skip
def test_global_privacy_control_is_that_exact_value(app: Flask, value: str, counts: bool) -> None:
    from logicrm.privacy import gpc

    with app.test_request_context("/", headers={"Sec-GPC": value}):
        assert gpc.signalled() is counts


def test_the_signal_switches_off_an_earlier_yes(app: Flask, stranger: FlaskClient) -> None:
    stranger.post("/privacy/choice", data={"do": "accept"})
    signal = {"Sec-GPC": "1"}
    assert allowed_for(app, stranger, "analytics")
    assert not allowed_for(app, stranger, "analytics", signal)
    assert not allowed_for(app, stranger, "marketing", signal)
    assert allowed_for(app, stranger, "preference", signal)


def test_a_yes_given_in_knowledge_of_the_signal_counts(app: Flask, stranger: FlaskClient) -> None:
    signal = {"Sec-GPC": "1"}
    assert "Your browser asked us not to track you" in stranger.get("/privacy/policy", headers=signal).text
    stranger.post("/privacy/choice", data={"do": "choose", "allow": "analytics"}, headers=signal)
    assert choices(app)[0].gpc is True
    assert allowed_for(app, stranger, "analytics", signal)
    assert not allowed_for(app, stranger, "marketing", signal)


def test_the_objection_by_signal_is_recorded(app: Flask, stranger: FlaskClient) -> None:
    stranger.post("/privacy/choice", data={"do": "gpc"}, headers={"Sec-GPC": "1"})
    [row] = choices(app)
    assert (row.how, row.gpc, row.allowed) == ("gpc", True, [])
    assert stranger.get("/.well-known/gpc.json").json["gpc"] is True


def test_the_receipt_verifies_and_a_changed_one_does_not(app: Flask, stranger: FlaskClient) -> None:
    stranger.post("/privacy/choice", data={"do": "accept"})
    [row] = choices(app)
    receipt = json.loads(stranger.get(f"/privacy/receipts/{row.id}.json").data)
    kantara = {
        "version", "jurisdiction", "consentTimestamp", "collectionMethod", "consentReceiptID", "piiPrincipalId",
        "piiControllers", "policyUrl", "services", "sensitive", "spiCat",
    }  # fmt: skip
    assert kantara <= set(receipt)
    assert {"piiController", "contact", "address", "email", "phone"} <= set(receipt["piiControllers"][0])
    asked = stranger.post("/privacy/receipts/verify", data={"receipt": json.dumps(receipt)})
    assert asked.status_code == 200 and "Genuine" in asked.text
    for change in (
        {"consentTimestamp": receipt["consentTimestamp"] + 1}, {"sensitive": True}, {"signature": {"value": "00" * 64}},
    ):  # fmt: skip
        answer = stranger.post("/privacy/receipts/verify", data={"receipt": json.dumps(receipt | change)})
        assert answer.status_code == 422 and "Not genuine" in answer.text
    for text in ("", "hello", "[]", "{}", "[" * 5000, '{"version": 1, "signature": 3}', "null"):
        assert stranger.post("/privacy/receipts/verify", data={"receipt": text}).status_code == 422


def test_a_receipt_belongs_to_the_browser_that_chose(app: Flask, stranger: FlaskClient) -> None:
    stranger.post("/privacy/choice", data={"do": "accept"})
    [row] = choices(app)
    other = app.test_client()
    other.post("/privacy/choice", data={"do": "accept"})
    assert other.get(f"/privacy/receipts/{row.id}.json").status_code == 404
    assert other.get(f"/privacy/receipts/{uuid.uuid4()}.json").status_code == 404


def test_another_site_cannot_choose_for_somebody(app: Flask, stranger: FlaskClient) -> None:
    answer = stranger.post("/privacy/choice", data={"do": "accept"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert choices(app) == []


def test_the_answer_never_leads_off_the_site(stranger: FlaskClient) -> None:
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert stranger.post("/privacy/choice", data={"do": "reject", "next": target}).location == "/"


def test_a_members_choice_carries_the_account(app: Flask, alice: FlaskClient, cast: Any) -> None:
    alice.post("/privacy/choice", data={"do": "reject"})
    assert choices(app)[0].account_id == cast.users["alice"]


def test_each_business_is_the_controller_on_its_own_pages(stranger: FlaskClient, cast: Any) -> None:
    text = stranger.get("/w/alpha/privacy").text
    assert "Privacy policy of Alpha Freight" in text and "privacy@alpha.example" in text
    assert "Bravo" not in text
    assert stranger.get("/w/bravo/privacy.json").status_code == 404
    assert stranger.get("/w/bravo/privacy/policy.json").json["workspace"] == "Bravo Couriers"
    assert stranger.get("/w/nobody/privacy").status_code == 404


def test_the_policy_as_a_pdf(stranger: FlaskClient, cast: Any) -> None:
    for kind in ("policy", "cookies", "promises"):
        answer = stranger.get(f"/w/alpha/privacy/{kind}.pdf")
        assert answer.status_code == 200 and answer.data.startswith(b"%PDF-"), kind
