"""Telling people: a notice until they have seen it, one letter each when it matters, consent anew only where the thing
that was agreed to has changed; and using the service is accepting its terms, never a consent.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from logicrm.core import mail, promises
from logicrm.core.jobs_worker import run_worker
from logicrm.core.promises import State
from logicrm.extensions import db
from logicrm.privacy import contact, jobs_policy, sites, telling, versions
from logicrm.privacy.consent_models import Consent, CookieChoice
from logicrm.privacy.policy_models import PolicyReading, PolicyVersion
from logicrm.privacy.subjects import make_known
from tests.conftest import PASSWORD, Cast
from tests.privacy.policies import agrees, business_of, inside_of, publisher, surveys_with

CARLA, CARL = "carla@customer.example", "carl@customer.example"


@pytest.fixture
def alpha_publishes(app: Flask, cast: Cast) -> Any:
    """alpha_publishes({path: value}): a version by Alice, as soon as it may begin; its number and its beginning."""
    return publisher(app, cast)


@pytest.fixture
def customers(app: Flask, cast: Cast) -> dict[str, uuid.UUID]:
    """Two people who have been in Alpha's portal, one of them in Bravo's too."""
    made = {}
    for name, place, email in (("carla", cast.alpha, CARLA), ("carl", cast.alpha, CARL), ("there", cast.bravo, CARLA)):
        with inside_of(app, place):
            made[name] = make_known(email, now=datetime.now(UTC)).id
            db.session.commit()
    return made


def readings(app: Flask, workspace_id: uuid.UUID) -> list[PolicyReading]:
    with inside_of(app, workspace_id):
        found = list(db.session.scalars(select(PolicyReading).order_by(PolicyReading.id)))
        db.session.expunge_all()
        return found


def letters_about(app: Flask, words: str = "privacy policy of") -> list[tuple[str, str]]:
    with app.app_context():
        rows = db.session.execute(
            select(mail.OutgoingMail.to_address, mail.OutgoingMail.text).where(
                mail.OutgoingMail.subject.contains(words)
            )
        )
        return sorted((to, text) for to, text in rows)


# The notice -----------------------------------------------------------------------------------------


@pytest.mark.promise("P-LOGI-63")
def test_a_notice_stands_on_every_page_until_it_is_seen(
    app: Flask, cast: Cast, bob: FlaskClient, mona: FlaskClient, mallory: FlaskClient, alpha_publishes: Any
) -> None:
    assert "The privacy policy" not in bob.get("/today/").text
    alpha_publishes({"requests.answer": "P21D"}, summary="We answer faster.")
    for client, path in ((bob, "/today/"), (bob, "/leads/"), (mona, "/today/")):
        page = client.get(path).text
        assert "The privacy policy has changed" in page and "We answer faster." in page
    assert "The privacy policy has changed" not in mallory.get("/today/").text
    answer = bob.post("/privacy/seen", data={"number": "1", "next": "/leads/"})
    assert (answer.status_code, answer.location) == (303, "/leads/")
    assert "The privacy policy has changed" not in bob.get("/leads/").text
    assert "The privacy policy has changed" in mona.get("/leads/").text
    alpha_publishes({"requests.answer": "P20D"})
    assert "The privacy policy has changed" in bob.get("/leads/").text


def test_a_notice_costs_no_statement_once_it_was_seen(
    app: Flask, bob: FlaskClient, alpha_publishes: Any, count_queries: Any
) -> None:
    alpha_publishes({"requests.answer": "P21D"})
    bob.post("/privacy/seen", data={"number": "1"})
    bob.get("/today/")
    with count_queries() as sent:
        bob.get("/today/")
    assert [one for one in sent if "policy" in one and "policy_number" not in one] == []


def test_looking_is_not_saying_that_one_has_seen_it(
    app: Flask, cast: Cast, bob: FlaskClient, alpha_publishes: Any
) -> None:
    """A mail scanner or a preloading browser opens every link."""
    alpha_publishes({"requests.answer": "P21D"})
    for path in ("/w/alpha/privacy", "/w/alpha/privacy/versions/1", "/privacy/policy"):
        bob.get(path)
    assert bob.get("/privacy/seen").status_code in (404, 405)
    assert "The privacy policy has changed" in bob.get("/today/").text
    assert [row.account_id for row in readings(app, cast.alpha)] == [cast.users["alice"]]


def test_only_what_is_published_can_be_seen(bob: FlaskClient, mallory: FlaskClient, alpha_publishes: Any) -> None:
    alpha_publishes({"requests.answer": "P21D"})
    for number in ("2", "0", "-1", "", "x", "9" * 30):
        assert bob.post("/privacy/seen", data={"number": number}).status_code == 404, number
    assert mallory.post("/privacy/seen", data={"number": "1"}).status_code == 404


def test_the_notice_says_from_when(bob: FlaskClient, alpha_publishes: Any) -> None:
    _number, begins = alpha_publishes({"retention.leads.keep_for": "P3Y"})
    local = (begins + timedelta(hours=3)).date()
    assert f"The privacy policy changes on {local.day} {local:%b %Y}" in bob.get("/today/").text


# Letters --------------------------------------------------------------------------------------------


@pytest.mark.promise("P-LOGI-62")
def test_a_material_change_is_written_to_everybody_once(
    app: Flask,
    cast: Cast,
    customers: Any,
    alpha_publishes: Any,
) -> None:
    alpha_publishes({"retention.leads.keep_for": "P3Y"}, summary="We keep requests for offers longer.")
    for _again in range(3):
        run_worker(app, until_idle=True)
        with inside_of(app, cast.alpha):
            db.session.commit()
    members = {f"{name}@alpha.example" for name in ("mona", "bob", "dora", "dan", "sue", "pia")}
    told = letters_about(app)
    assert [to for to, _text in told] == sorted(members | {CARLA, CARL})
    for _to, text in told:
        assert "We keep requests for offers longer." in text
        assert "People who asked us for an offer: Kept for: 2 years -> 3 years" in text
        assert "/w/alpha/privacy/versions/1" in text
    assert all(row.told_at for row in readings(app, cast.alpha) if row.account_id != cast.users["alice"])


@pytest.mark.promise("P-LOGI-62")
def test_a_change_that_takes_nothing_away_is_not_written_about(
    app: Flask,
    cast: Cast,
    customers: Any,
    alpha_publishes: Any,
) -> None:
    alpha_publishes({"requests.answer": "P21D"})
    run_worker(app, until_idle=True)
    assert letters_about(app) == []
    alpha_publishes({"requests.answer": "P20D"}, raised=True)
    run_worker(app, until_idle=True)
    assert len(letters_about(app)) == 8


@pytest.mark.promise("P-LOGI-62")
def test_letters_and_the_note_that_somebody_was_told_stand_or_fall_together(
    app: Flask, cast: Cast, customers: Any, alpha_publishes: Any
) -> None:
    """Three are committed, three are lost half way (test_policy_told_killed.py does it with kill -9): eight in the end."""
    alpha_publishes({"retention.leads.keep_for": "P3Y"})
    with inside_of(app, cast.alpha):
        business = business_of(cast.alpha)
        [version] = versions.published(business.facts)
        before = versions.policy_before(business, version)
        for end in (db.session.commit, db.session.rollback):
            assert telling.tell_some(business, version, before, now=datetime.now(UTC), limit=3) == 3
            end()
    assert len(letters_about(app)) == 3
    run_worker(app, until_idle=True)
    to = [address for address, _text in letters_about(app)]
    assert len(to) == len(set(to)) == 8


def test_whoever_has_seen_it_already_gets_no_letter_and_nobody_who_is_leaving(
    app: Flask,
    cast: Cast,
    bob: FlaskClient,
    customers: Any,
    alpha_publishes: Any,
) -> None:
    from logicrm.core import subjects
    from logicrm.privacy import deletion

    alpha_publishes({"retention.leads.keep_for": "P3Y"})
    bob.post("/privacy/seen", data={"number": "1"})
    with inside_of(app, cast.alpha):
        carl = subjects.load("person", customers["carl"])
        assert carl is not None
        deletion.schedule(carl)
        db.session.commit()
    run_worker(app, until_idle=True)
    told = {to for to, _text in letters_about(app)}
    assert CARLA in told and not told & {CARL, "bob@alpha.example", "alice@alpha.example", "mallory@bravo.example"}


# Acceptance -----------------------------------------------------------------------------------------


@pytest.mark.promise("terms")
@pytest.mark.promise("P-LOGI-64")
def test_signing_in_accepts_the_terms_and_consents_to_nothing(
    app: Flask, cast: Cast, stranger: FlaskClient, alpha_publishes: Any
) -> None:
    alpha_publishes({"requests.answer": "P21D"})
    for _twice in range(2):
        answer = app.test_client().post("/sign-in", data={"email": "bob@alpha.example", "password": PASSWORD})
        assert answer.status_code == 303
    [mine] = [row for row in readings(app, cast.alpha) if row.account_id == cast.users["bob"]]
    assert mine.accepted_how == "use" and mine.accepted_at is not None
    assert (mine.seen_at, mine.told_at) == (None, None)
    with inside_of(app, cast.alpha):
        assert db.session.scalar(select(func.count()).select_from(Consent)) == 0
        assert db.session.scalar(select(func.count()).select_from(CookieChoice)) == 0


@pytest.mark.promise("P-LOGI-64")
def test_terms_that_have_not_begun_are_not_accepted_yet(app: Flask, cast: Cast, alpha_publishes: Any) -> None:
    alpha_publishes({"retention.leads.keep_for": "P3Y"})
    app.test_client().post("/sign-in", data={"email": "bob@alpha.example", "password": PASSWORD})
    assert [row.account_id for row in readings(app, cast.alpha) if row.accepted_at] == []


# Consent anew ---------------------------------------------------------------------------------------


@pytest.fixture
def carla_agrees(app: Flask, cast: Cast) -> uuid.UUID:
    """To marketing and to surveys by e-mail, under the policy as it comes with the program."""
    return agrees(app, cast, CARLA)


@pytest.mark.promise("P-LOGI-64")
@pytest.mark.parametrize("offset, sends", [(-1, True), (0, False), (1, False)])
def test_a_yes_ends_at_that_second_where_more_data_is_used_and_nowhere_else(
    app: Flask, cast: Cast, carla_agrees: uuid.UUID, alpha_publishes: Any, offset: int, sends: bool
) -> None:
    values = surveys_with(app, cast, "contact", "communication", "location")
    _number, begins = alpha_publishes(values)
    at = begins + timedelta(seconds=offset)
    with inside_of(app, cast.alpha):
        assert contact.may_contact(CARLA, "surveys", "email", now=at)[0] is sends
        assert contact.may_contact(CARLA, "marketing", "email", now=at) == (True, "")
        held = {row.purpose for row in contact.current(carla_agrees, at)}
        assert held == ({"marketing", "surveys"} if sends else {"marketing"})


@pytest.mark.parametrize(
    "values, goes_on",
    [
        ({"retention.marketing.keep_for": "P2Y"}, {"marketing", "surveys"}),
        ({"requests.answer": "P10D"}, {"marketing", "surveys"}),
        ({"channels": ["email", "sms"]}, {"marketing", "surveys"}),
        ({"channels": ["sms"]}, set()),
        ({"identity.privacy_email": "data@alpha-freight.eu"}, {"marketing", "surveys"}),
    ],
    ids=["kept shorter", "answered faster", "one more channel", "no e-mail any more", "another mailbox"],
)  # fmt: skip
def test_other_changes_end_no_consent(
    app: Flask, cast: Cast, carla_agrees: uuid.UUID, alpha_publishes: Any, values: dict[str, Any], goes_on: set[str]
) -> None:
    _number, begins = alpha_publishes(values)
    with inside_of(app, cast.alpha):
        assert {row.purpose for row in contact.current(carla_agrees, begins)} == goes_on


def test_less_data_is_still_what_was_agreed_to(
    app: Flask, cast: Cast, carla_agrees: uuid.UUID, alpha_publishes: Any
) -> None:
    _number, begins = alpha_publishes(surveys_with(app, cast, "contact"))
    with inside_of(app, cast.alpha):
        assert contact.may_contact(CARLA, "surveys", "email", now=begins) == (True, "")


def test_a_new_yes_replaces_a_stale_one_even_before_the_job_ran(
    app: Flask, cast: Cast, carla_agrees: uuid.UUID, alpha_publishes: Any
) -> None:
    _number, begins = alpha_publishes(surveys_with(app, cast, "contact", "communication", "location"))
    with inside_of(app, cast.alpha):
        site = sites.of_business(business_of(cast.alpha), begins)
        contact.give(
            carla_agrees, "surveys", "email", profile=site.profile, business=site.name, language="en", how="portal", proof={},
            now=begins,
        )  # fmt: skip
        rows = [
            (row.withdrawn_how, row.given_at == begins)
            for row in contact.history(carla_agrees)
            if row.purpose == "surveys"
        ]
        assert rows == [("", True), ("policy", False)]


# Evidence -------------------------------------------------------------------------------------------


@pytest.mark.promise("P-LOGI-62")
def test_the_evidence_is_what_was_done_and_a_letter_that_is_missing_shows(
    app: Flask,
    cast: Cast,
    customers: Any,
    alpha_publishes: Any,
) -> None:
    def state(name: str, at: datetime) -> State:
        with inside_of(app, cast.alpha):
            return promises.registry.look(name, at).state

    now = datetime.now(UTC)
    names = [f"P-LOGI-{n}" for n in (60, 61, 62, 63, 64)]
    assert {state(name, now) for name in names} == {State.NO_EVIDENCE}
    alpha_publishes({"retention.leads.keep_for": "P3Y"})
    run_worker(app, until_idle=True)
    later = now + timedelta(days=2)
    assert [state(name, later) for name in names[:4]] == [State.KEPT] * 4
    with inside_of(app, cast.alpha):
        make_known("late@customer.eu", now=now)
        db.session.commit()
    assert state("P-LOGI-62", later) is State.BREACHED


def test_every_job_of_a_version_says_what_is_wrong_when_the_version_is_not_there(app: Flask, cast: Cast) -> None:
    from logicrm.core.jobs import GiveUp, JobContext

    with inside_of(app, cast.alpha):
        job = JobContext(
            uuid.uuid4(), "privacy.tell_policy", cast.alpha, {"version": str(uuid.uuid4())}, 1, 3, "t", lambda *_a: None
        )
        for run in (jobs_policy.tell_job, jobs_policy.begins_job):
            with pytest.raises(GiveUp):
                run(job)
        assert db.session.scalars(select(PolicyVersion)).all() == []
