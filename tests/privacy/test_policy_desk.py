"""The desk's pages on the policy, as a browser without JavaScript uses them: start, edit, look over, publish."""

from __future__ import annotations

import html
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from logicrm.core import audit
from logicrm.extensions import db
from logicrm.privacy import profile
from logicrm.privacy.policy_models import PolicyDraft, PolicyVersion
from logicrm.privacy.subjects import make_known
from tests.conftest import Cast
from tests.privacy.policies import inside_of, publish, reachable

DESK = "/privacy/desk/policy"


@pytest.fixture(autouse=True)
def contact(app: Flask, cast: Cast) -> None:
    with inside_of(app, cast.alpha):
        reachable(cast.alpha)
        db.session.commit()


def fields(page: str) -> dict[str, Any]:
    """What a browser would send if the (last) form of the page was sent as it is."""
    form = page.rsplit("<form", 1)[1].split("</form>")[0] if "form-wide" not in page else page.split("form-wide", 1)[1]
    form = form.split("</form>")[0]
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        box = 'type="checkbox"' in tag
        if name and (not box or " checked" in tag):
            sent.setdefault(name[1], []).append(html.unescape(value[1]) if value else "")
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.S):
        sent[name] = [html.unescape(text)]
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        sent[name] = [html.unescape(chosen[1]) if chosen else ""]
    return sent


def save(client: FlaskClient, part: str, **changes: Any) -> Any:
    """Open a part, change some inputs (dots as __), press Save."""
    sent = fields(client.get(f"{DESK}/part?part={part}").text)
    for name, value in changes.items():
        sent[name.replace("__", ".").replace(".unit", ":unit")] = value if isinstance(value, list) else [value]
    return client.post(f"{DESK}/part", data=sent)


def drafts(app: Flask, workspace_id: uuid.UUID) -> list[dict[str, Any]]:
    with inside_of(app, workspace_id):
        return [row.document for row in db.session.scalars(select(PolicyDraft))]


def published(app: Flask, workspace_id: uuid.UUID) -> list[dict[str, Any]]:
    with inside_of(app, workspace_id):
        return [row.document for row in db.session.scalars(select(PolicyVersion).order_by(PolicyVersion.number))]


def press_publish(client: FlaskClient, **changes: str) -> Any:
    sent = fields(client.get(f"{DESK}/publish").text)
    return client.post(f"{DESK}/publish", data={**sent, **changes})


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


# The story ------------------------------------------------------------------------------------------


@pytest.mark.promise("P-LOGI-60")
@pytest.mark.promise("P-LOGI-61")
def test_from_a_profile_to_a_published_policy(
    app: Flask, cast: Cast, alice: FlaskClient, stranger: FlaskClient
) -> None:
    page = alice.get(DESK).text
    assert "Nothing published yet" in page
    for name in profile.available():
        assert profile.load(name).title in page
    assert alice.post(f"{DESK}/start", data={"profile": "loro", "revision": "0"}).status_code == 303
    assert drafts(app, cast.alpha)[0]["identity"]["controller"] == "Alpha Freight"

    answer = save(alice, "retention.support", retention__support__keep_for="18", retention__support__keep_for__unit="M")
    assert answer.status_code == 303, text_of(answer.text)
    assert save(alice, "answers", requests__answer="21").status_code == 303

    page = text_of(alice.get(f"{DESK}/publish").text)
    assert "Support requests, messages and feedback: Kept for 3 years 18 months" in page
    assert "Answer to a request within 30 days 21 days" in page
    answer = press_publish(alice, summary="We keep less.")
    assert answer.status_code == 303, text_of(answer.text)
    [version] = published(app, cast.alpha)
    assert (version["name"], version["requests"]["answer"], version["retention"]["support"]["keep_for"]) == (
        "loro", "P21D", "P18M",
    )  # fmt: skip
    assert drafts(app, cast.alpha) == []
    public = text_of(stranger.get("/w/alpha/privacy/versions/1").text)
    today = datetime.now(ZoneInfo("Europe/Bucharest"))
    assert "18 months" in public and f"Last updated: {today.day} {today:%B %Y}" in public


def test_saving_without_a_change_changes_nothing(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    parts = [
        "identity",
        "answers",
        "purposes",
        "recipients",
        "cookies",
        "security",
        "retention.account",
        "purpose.marketing",
    ]
    for part in parts:
        assert save(alice, part).status_code == 303, part
    assert drafts(app, cast.alpha) == []
    assert "Nothing: the draft says what is in force." in alice.get(f"{DESK}/publish").text


@pytest.mark.parametrize("name", profile.available())
def test_every_part_of_every_profile_can_be_opened_and_saved_as_it_is(
    app: Flask, cast: Cast, alice: FlaskClient, name: str
) -> None:
    alice.post(f"{DESK}/start", data={"profile": name, "revision": "0"})
    before = drafts(app, cast.alpha)
    links = re.findall(r'href="/privacy/desk/policy/part\?part=([\w.]+)"', alice.get(DESK).text)
    assert len(links) == 6 + 14 + 17
    for part in links:
        answer = save(alice, part)
        assert answer.status_code == 303, (part, text_of(answer.text))
    assert drafts(app, cast.alpha) == before


def test_a_purpose_and_a_recipient_are_added_and_taken_out(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    assert save(alice, "purpose.insights", purpose__insights__basis="").status_code == 303
    assert (
        save(
            alice, "purpose.partners", purpose__partners__basis="consent", purpose__partners__data="contact"
        ).status_code
        == 303
    )
    added = {"recipient__5__category": "carriers", "recipient__5__name": "Deltă Lines", "recipient__5__country": "",
             "recipient__5__mechanism": "home", "recipient__5__contract": "art28"}  # fmt: skip
    assert save(alice, "recipients", recipient__0__category="", **added).status_code == 303
    [document] = drafts(app, cast.alpha)
    assert {row["name"] for row in document["purpose"]} >= {"partners"}
    assert "insights" not in {row["name"] for row in document["purpose"]}
    assert [row["category"] for row in document["recipient"]] == [
        "payments", "messaging", "support_tools", "analytics", "carriers",
    ]  # fmt: skip
    page = text_of(alice.get(f"{DESK}/publish").text)
    assert "Sharing with partners: Legal basis – your consent" in page
    assert "Carriers and other systems that you connect: Firm – Deltă Lines" in page


# Mistakes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part, typed, name, says",
    [
        ("retention.financial", {"retention__financial__keep_for": "6"}, "retention.financial.keep_for",
         "6 years is less than the minimum, 7 years. Write 7 years or more."),
        ("retention.support", {"retention__support__minimum": "5", "retention__support__minimum__unit": "Y"},
         "retention.support.minimum", "5 years is more than the maximum, 3 years."),
        ("retention.support", {"retention__support__keep_for": "soon"}, "retention.support.keep_for", "Write a whole number."),
        ("recipients", {"recipient__0__mechanism": "privacy_shield"}, "recipient.0.mechanism",
         "the Court of Justice struck it down on 16 July 2020"),
        ("recipients", {"recipient__1__mechanism": "home"}, "recipient.1.mechanism", "is outside the home region"),
        ("identity", {"identity__privacy_email": "write us"}, "identity.privacy_email", "is no e-mail address"),
        ("identity", {"identity__controller": ""}, "identity.controller", "is missing"),
        ("identity", {"minimum_age": "12"}, "minimum_age", "Write a number from 13 to 21."),
        ("answers", {"requests__answer_working_days": "7"}, "requests.answer_working_days", "stands beside answer"),
        ("answers", {"deletion__grace_days": "31"}, "deletion.grace_days", "Write a number from 0 to 30."),
        ("answers", {"deletion__accessible": ["export"]}, "deletion.accessible", "lacks &#39;cancel&#39;"),
        ("answers", {"breach__authority": "96"}, "breach.authority", "is longer than the law allows"),
        ("cookies", {"cookies__categories": ["analytics"]}, "cookies.categories", "lacks &#39;essential&#39;"),
        ("purpose.service", {"purpose__service__basis": ""}, "purpose.service.basis", "the program needs it"),
        ("purpose.marketing", {"purpose__marketing__basis": "contract"}, "purpose.marketing.basis", "cannot rest on contract"),
    ],
)  # fmt: skip
def test_a_mistake_stands_at_its_field_and_everything_typed_stays(
    app: Flask, cast: Cast, alice: FlaskClient, part: str, typed: dict[str, Any], name: str, says: str
) -> None:
    answer = save(alice, part, **typed)
    assert answer.status_code == 422
    assert f'href="#{name}"' in answer.text
    assert says in answer.text
    sent = fields(answer.text)
    for key, value in typed.items():
        assert sent.get(key.replace("__", ".").replace(".unit", ":unit"), [""]) == (
            value if isinstance(value, list) else [value]
        ), key
    assert drafts(app, cast.alpha) == []


@pytest.mark.parametrize(
    "values, label, says",
    [
        ({"retention.support.minimum": "P9Y"}, "Support requests", "9 years is more than the maximum, 3 years"),
        ({"recipient.0.mechanism": "privacy_shield"}, "Recipient 1, Hosting and storage: What protects", "16 July 2020"),
        ({"identity.privacy_email": None}, "E-mail for privacy questions", "is not stated"),
        ({"identity.privacy_email": "privacy@logicrm.example"}, "E-mail for privacy questions", "is an example"),
        ({"identity.address": None}, "Postal address", "is not stated"),
        ({"identity.governing_law": None}, "Law that governs", "is not stated"),
        ({"retention.logs": None}, "Sign-ins", "has no rule, but the program holds such data"),
        ({"purpose.0.data": ["identity"]}, "Data without a rule", "does not name the data"),
        ({"cookies.categories": ["essential", "analytics"]}, "theme", "the policy has no such kind of cookies"),
        ({"hosting.pinned": True}, "Nothing ever leaves these places", "protected"),
        ({"identity.country": "JP", "recipient.0.mechanism": "home"}, "Recipient 1", "outside the home region"),
    ],
)  # fmt: skip
def test_a_contradiction_stops_publishing_and_says_why(
    app: Flask, cast: Cast, alice: FlaskClient, values: dict[str, Any], label: str, says: str
) -> None:
    from tests.privacy.policies import business_of, edit

    with inside_of(app, cast.alpha):
        edit(business_of(cast.alpha), values, by=cast.users["alice"], now=datetime.now(UTC))
        db.session.commit()
    page = alice.get(f"{DESK}/publish").text
    stops = text_of(page.split('id="stops"')[1].split("</section>")[0])
    assert "stops publishing" in stops or "stop publishing" in stops
    assert label in stops and says in stops, stops
    assert 'name="effective_on"' not in page
    form = {"revision": "1", "newest": "0", "effective_on": (datetime.now(UTC) + timedelta(days=30)).date().isoformat()}
    assert alice.post(f"{DESK}/publish", data=form).status_code == 422
    assert published(app, cast.alpha) == []


def test_a_day_that_is_too_early_or_none_is_refused_beside_its_field(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    save(alice, "retention.leads", retention__leads__keep_for="3")
    for day in ("2020-01-01", datetime.now(UTC).date().isoformat(), "someday", "", "9999-12-31", "0001-01-01"):
        answer = press_publish(alice, effective_on=day, summary="Longer")
        assert answer.status_code == 422, day
        assert 'id="effective_on-error"' in answer.text and "Longer" in answer.text
    assert published(app, cast.alpha) == []


# What it would do -----------------------------------------------------------------------------------


def test_the_preview_says_what_retention_would_remove_whom_to_tell_and_what_is_asked_anew(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    from logicrm.privacy import contact, sites
    from tests.privacy.policies import business_of

    now = datetime.now(UTC)
    with inside_of(app, cast.alpha):
        site = sites.of_business(business_of(cast.alpha))
        for years, email in ((1, "one@customer.eu"), (2, "two@customer.eu"), (4, "four@customer.eu")):
            person = make_known(email, now=now - timedelta(days=365 * years + 5))
            for purpose in ("marketing", "surveys"):
                contact.give(
                    person.id, purpose, "email", profile=site.profile, business=site.name, language="en", how="portal",
                    proof={}, now=now - timedelta(days=9),
                )  # fmt: skip
        db.session.commit()
    save(alice, "retention.requests", retention__requests__keep_for="18", retention__requests__keep_for__unit="M")
    save(alice, "purpose.surveys", purpose__surveys__data=["contact", "communication", "business"])
    page = text_of(alice.get(f"{DESK}/publish").text)
    assert "data_subject.last_seen_at Privacy requests and our answers 1 2" in page
    assert "Members to tell 6" in page and "Customers to tell 3" in page
    assert "Consents to ask for anew 3" in page
    assert "Surveys: Data: more than before" in page
    with inside_of(app, cast.alpha):
        from logicrm.privacy.models import DataSubject

        assert len(db.session.scalars(select(DataSubject)).all()) == 3  # looked at, not removed


def test_the_preview_is_the_page_that_will_be_public(
    app: Flask, cast: Cast, alice: FlaskClient, stranger: FlaskClient
) -> None:
    save(alice, "answers", requests__answer="21")
    preview = alice.get(f"{DESK}/publish").text.split("What the page will say")[1]
    sentences = re.findall(r'<li id="p-[^"]+">(.*?)(?:<a class="state"|</li>)', preview, re.S)
    press_publish(alice)
    public = stranger.get("/w/alpha/privacy/versions/1").text
    said = re.findall(r'<li id="p-[^"]+">(.*?)(?:<a class="state"|</li>)', public, re.S)
    assert said == sentences and len(said) == 66


def test_an_owner_may_raise_what_is_material_and_never_lower_it(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    save(alice, "answers", requests__answer="21")
    assert 'name="raised"' in alice.get(f"{DESK}/publish").text
    today, later = (datetime.now(UTC) + timedelta(days=n) for n in (1, 16))
    assert press_publish(alice, raised="1", effective_on=today.date().isoformat()).status_code == 422
    assert press_publish(alice, raised="1", effective_on=later.date().isoformat()).status_code == 303
    save(alice, "answers", requests__answer="60")
    assert 'name="raised"' not in alice.get(f"{DESK}/publish").text
    assert press_publish(alice, raised="", effective_on=later.date().isoformat()).status_code == 303
    with inside_of(app, cast.alpha):
        assert [row.material for row in db.session.scalars(select(PolicyVersion))] == [True, True]


# Who, and two at once -------------------------------------------------------------------------------


@pytest.mark.parametrize("who, reads, writes", [
    ("alice", True, True), ("pia", True, True), ("mona", True, False), ("bob", False, False), ("sue", False, False),
    ("dan", False, False),
])  # fmt: skip
def test_owner_and_officer_publish_the_manager_reads(
    app: Flask, cast: Cast, client_of: Any, alice: FlaskClient, who: str, reads: bool, writes: bool
) -> None:
    save(alice, "answers", requests__answer="21")
    client = client_of(who)
    for path in (DESK, f"{DESK}/part?part=identity", f"{DESK}/publish"):
        assert (client.get(path).status_code == 200) is reads, path
    form = {"revision": "1", "newest": "0", "effective_on": (datetime.now(UTC) + timedelta(days=1)).date().isoformat()}
    for path in (f"{DESK}/start", f"{DESK}/discard", f"{DESK}/part"):
        assert (client.post(path, data={"part": "nothing"}).status_code == 403) is not writes, path
    assert (client.post(f"{DESK}/publish", data=form).status_code == 303) is writes
    assert len(published(app, cast.alpha)) == writes


def test_publishing_asks_for_the_password_of_whoever_signed_in_long_ago(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    from logicrm.accounts.models import UserSession

    save(alice, "answers", requests__answer="21")
    with app.app_context():
        db.session.execute(db.update(UserSession).values(proven_at=datetime.now(UTC) - timedelta(minutes=11)))
        db.session.commit()
    answer = press_publish(alice)
    assert (answer.status_code, published(app, cast.alpha)) == (303, [])
    assert "next=/privacy/desk/policy/publish" in answer.location


def test_the_second_of_two_owners_is_told(app: Flask, cast: Cast, alice: FlaskClient, pia: FlaskClient) -> None:
    save(alice, "answers", requests__answer="21")
    both = [fields(client.get(f"{DESK}/publish").text) for client in (alice, pia)]
    answers = [client.post(f"{DESK}/publish", data=sent) for client, sent in zip((alice, pia), both, strict=True)]
    assert [one.status_code for one in answers] == [303, 409]
    assert "Somebody else has edited or published meanwhile" in answers[1].text
    assert len(published(app, cast.alpha)) == 1


def test_an_edit_over_somebody_elses_is_not_silent(
    app: Flask, cast: Cast, alice: FlaskClient, pia: FlaskClient
) -> None:
    save(alice, "answers", requests__answer="21")
    mine = fields(alice.get(f"{DESK}/part?part=answers").text)
    save(pia, "answers", requests__answer="9")
    answer = alice.post(f"{DESK}/part", data={**mine, "requests.answer": "12"})
    assert answer.status_code == 409
    assert fields(answer.text)["requests.answer"] == ["12"]
    assert drafts(app, cast.alpha)[0]["requests"]["answer"] == "P9D"
    again = fields(answer.text)
    assert alice.post(f"{DESK}/part", data=again).status_code == 303
    assert drafts(app, cast.alpha)[0]["requests"]["answer"] == "P12D"


def test_another_workspaces_draft_is_neither_seen_nor_touched(
    app: Flask, cast: Cast, alice: FlaskClient, mallory: FlaskClient
) -> None:
    save(alice, "identity", identity__controller="Alpha Secret Holding")
    for path in (DESK, f"{DESK}/part?part=identity", f"{DESK}/publish"):
        assert "Secret Holding" not in mallory.get(path).text
    mallory.post(f"{DESK}/discard", data={"revision": "1"})
    mallory.post(f"{DESK}/start", data={"profile": "loro", "revision": "1"})
    assert drafts(app, cast.alpha)[0]["identity"]["controller"] == "Alpha Secret Holding"
    assert drafts(app, cast.bravo) == []


def test_every_act_is_in_the_chain_of_events(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    alice.post(f"{DESK}/start", data={"profile": "loro", "revision": "0"})
    save(alice, "answers", requests__answer="21")
    alice.post(f"{DESK}/discard", data={"revision": "2"})
    save(alice, "answers", requests__answer="21")
    press_publish(alice)
    with inside_of(app, cast.alpha):
        acts = [
            event.action for event in db.session.scalars(select(audit.AuditEvent).order_by(audit.AuditEvent.sequence))
        ]
        assert acts == [
            "policy.draft_started", "policy.draft_saved", "policy.draft_discarded", "policy.draft_saved", "policy.published",
        ]  # fmt: skip
        assert list(audit.broken_links()) == []


def test_a_part_that_there_is_not_is_missing(alice: FlaskClient) -> None:
    for part in ("nothing", "retention.nothing", "purpose.nothing", "retention", "purpose", "keeping"):
        assert alice.get(f"{DESK}/part?part={part}").status_code == 404, part
        assert alice.post(f"{DESK}/part", data={"part": part}).status_code == 404, part
    assert alice.post(f"{DESK}/start", data={"profile": "../logicrm"}).status_code == 404


def test_the_first_step_of_a_new_workspace_ends_with_publishing(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    assert "Publish your privacy policy" in alice.get("/today/").text
    with inside_of(app, cast.alpha):
        publish(cast.alpha, {"requests.answer": "P20D"}, by=cast.users["alice"], now=datetime.now(UTC))
        db.session.commit()
    assert "Publish your privacy policy" not in alice.get("/today/").text
