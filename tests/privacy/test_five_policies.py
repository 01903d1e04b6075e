"""All profiles published in one installation: each workspace is ruled by its own, on its page, in its clocks and in
the engine. The figures are typed here a second time, from what the policies say, and read back by two roads: the
public page as a stranger gets it, and the database after the engine ran.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from logicrm.core import subjects
from logicrm.extensions import db
from logicrm.privacy import asked_anew, clocks, consent, deletion, profile, requests, versions
from logicrm.privacy import jobs as privacy_jobs
from logicrm.privacy.models import DataSubject
from logicrm.privacy.subjects import make_known
from tests.privacy.policies import business_of, inside_of, lone_firm, publish

RECEIVED = date(2027, 1, 4)  # a Monday


@dataclass(frozen=True)
class Typed:
    """What one business promises, typed by hand. `kept` is edited by its owner; the rest is the profile's."""

    country: str
    zone: str
    answer_page: str  # words on the page
    answer_due: date  # of a request for access of RECEIVED, by hand from a calendar
    support: str
    financial: str
    cookies: set[str]
    kept: str  # requests and answers, as the profile writes it
    kept_page: str
    kept_days: tuple[int, int]  # an age in days that stays, and one that goes
    grace: int


FIVE = {
    "logicrm": Typed(
        "RO", "Europe/Bucharest", "within 30 days", date(2027, 2, 3), "3 years", "7 years",
        {"analytics", "marketing", "preference"}, "P1Y", "1 year", (360, 370), 30,
    ),
    "logicnet": Typed(
        "RO", "Europe/Bucharest", "within one month", date(2027, 2, 4), "2 years", "7 years",
        {"analytics", "personalisation", "preference"}, "P18M", "18 months", (540, 555), 21,
    ),
    "crmsoftware": Typed(
        "US", "America/Los_Angeles", "within one month", date(2027, 2, 4), "2 years", "7 years",
        {"analytics", "marketing", "preference"}, "P2Y", "2 years", (725, 735), 30,
    ),
    "logitrack": Typed(
        "VN", "Asia/Ho_Chi_Minh", "7 working days", date(2027, 1, 13), "2 years", "11 years",
        {"analytics", "marketing", "preference"}, "P30M", "30 months", (905, 920), 14,
    ),
    "loro": Typed(
        "RO", "Europe/Bucharest", "within one month", date(2027, 2, 4), "2 years", "7 years",
        {"analytics", "preference"}, "P3Y", "3 years", (1090, 1100), 7,
    ),
}  # fmt: skip


@pytest.fixture
def firms(app: Flask, cast: Any) -> dict[str, uuid.UUID]:
    """One business for each profile there is, each with a policy of its own, in force since now."""
    assert set(profile.available()) == set(FIVE), "a new profile: type its figures into this test"
    made = {}
    for name, typed in FIVE.items():
        workspace_id, owner = lone_firm(app, name, profile=name, country=typed.country, zone=typed.zone)
        values = {
            "retention.requests.keep_for": typed.kept,
            "deletion.grace_days": typed.grace,
            "deletion.reminders": [3, 1],
        }
        with inside_of(app, workspace_id):
            publish(workspace_id, values, by=owner, now=datetime.now(UTC))
            db.session.commit()
        made[name] = workspace_id
    return made


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def row_of(page: str, name: str) -> str:
    """The row of the page's table of times that begins with a class of data."""
    rows = [text_of(row) for row in re.findall(r"<tr>.*?</tr>", page, re.S)]
    [found] = [row for row in rows if row.strip().startswith(name)]
    return found


@pytest.mark.parametrize("name", FIVE)
def test_the_page_says_what_was_typed(stranger: FlaskClient, firms: Any, name: str) -> None:
    typed, page = FIVE[name], stranger.get(f"/w/{name}/privacy").text
    said = text_of(page)
    assert "Version 1" in said and name.title() in said
    assert typed.answer_page in said
    assert f"{typed.grace} days after you ask" in said
    assert typed.support in row_of(page, "Support requests")
    assert typed.financial in row_of(page, "Invoices and payments")
    assert typed.kept_page in row_of(page, "Privacy requests and our answers")


@pytest.mark.parametrize("name", FIVE)
def test_the_clock_says_what_was_typed(app: Flask, firms: Any, name: str, now: datetime) -> None:
    typed = FIVE[name]
    with inside_of(app, firms[name]):
        policy = versions.of_workspace(firms[name], datetime.now(UTC))
        assert clocks.due(policy, RECEIVED, typed.country).on == typed.answer_due
        person = make_known("carla@customer.eu", now=now)
        noon = datetime(2027, 1, 4, 10, tzinfo=UTC)
        filed = requests.file(
            person.id,
            "access",
            "",
            profile=policy,
            country=typed.country,
            time_zone=typed.zone,
            language="en",
            now=noon,
        )
        assert filed.due_on == typed.answer_due


def test_the_engine_removes_in_each_workspace_what_its_own_policy_says(app: Flask, firms: Any) -> None:
    now = datetime.now(UTC)
    for name, typed in FIVE.items():
        with inside_of(app, firms[name]):
            for age in typed.kept_days:
                make_known(f"{age}@customer.eu", now=now - timedelta(days=age))
            db.session.commit()
    with app.app_context():
        list(privacy_jobs.retain_everywhere(app, now=now))
    for name, typed in FIVE.items():
        with inside_of(app, firms[name]):
            left = db.session.scalars(select(DataSubject.email)).all()
        assert left == [f"{typed.kept_days[0]}@customer.eu"], name


@pytest.mark.parametrize("name", FIVE)
def test_a_deletion_waits_as_long_as_was_typed(app: Flask, firms: Any, name: str, now: datetime) -> None:
    with inside_of(app, firms[name]):
        person = make_known("carla@customer.eu", now=now)
        subject = subjects.load("person", person.id)
        assert subject is not None
        made = deletion.schedule(subject)
        assert made.due_at - made.asked_at == timedelta(days=FIVE[name].grace)
        assert (made.profile, deletion.policy_of(made, made.asked_at).deletion.grace_days) == (name, FIVE[name].grace)


@pytest.mark.parametrize("name", FIVE)
def test_the_cookie_gate_asks_for_what_the_cookie_page_names(
    app: Flask, firms: Any, stranger: FlaskClient, name: str
) -> None:
    page = stranger.get(f"/w/{name}/privacy/cookies").text
    named = {
        kind for kind in ("analytics", "marketing", "personalisation", "preference") if f'id="kind-{kind}"' in page
    }
    assert named == FIVE[name].cookies
    stranger.post("/privacy/choice", data={"do": "accept", "site": name})
    with app.app_context():
        from logicrm.privacy.consent_models import CookieChoice

        chosen = db.session.scalars(select(CookieChoice)).one()
        assert (set(chosen.allowed), chosen.workspace_id) == (FIVE[name].cookies, firms[name])


def test_a_choice_at_one_business_is_none_about_other_cookies_of_another(
    app: Flask, firms: Any, stranger: FlaskClient
) -> None:
    """loro and logicnet differ in their kinds of cookies; crmsoftware and logitrack do not."""
    stranger.post("/privacy/choice", data={"do": "reject", "site": "loro"})
    assert 'class="cookies"' not in stranger.get("/w/loro/privacy").text
    assert 'class="cookies"' in stranger.get("/w/logicnet/privacy").text
    stranger.post("/privacy/choice", data={"do": "accept", "site": "logicnet"})
    for site in ("loro", "logicnet"):
        assert 'class="cookies"' not in stranger.get(f"/w/{site}/privacy").text, site
    cookie = stranger.get_cookie("cookie_choice")
    assert cookie is not None
    for site, wanted in (("loro", False), ("logicnet", True)):
        with app.test_request_context("/", headers={"Cookie": f"cookie_choice={cookie.value}"}):
            from logicrm.privacy import sites

            sites.visit(business_of(firms[site]))
            assert consent.allowed("analytics") is wanted, site


def test_nobody_is_ruled_by_a_neighbour(app: Flask, firms: Any, cast: Any) -> None:
    """Alpha published nothing: its profile rules as before, and reading one's own versions shows nobody else's."""
    with inside_of(app, cast.alpha):
        assert versions.ruling(business_of(cast.alpha).facts, datetime.now(UTC)) is None
        assert versions.of_workspace(cast.alpha, datetime.now(UTC)).retention["requests"].keep_for.years == 3
        from logicrm.privacy.policy_models import PolicyVersion

        assert db.session.scalar(select(func.count()).select_from(PolicyVersion)) == 0
    with inside_of(app, firms["loro"]):
        assert db.session.scalar(select(func.count()).select_from(PolicyVersion)) == 1
        assert asked_anew.here().facts.slug == "loro"
