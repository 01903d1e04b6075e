"""The gate under a policy: who may be called for what, what becomes of a letter that may not leave, who sees why."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from logicrm.core import egress, filestore, mail, mail_delivery, tenancy
from logicrm.core.egress import Listed, NotListed, OutgoingConnection
from logicrm.core.jobs_models import JobState
from logicrm.core.mail import MailState, OutgoingMail
from logicrm.extensions import db
from tests.conftest import Cast
from tests.portal.conftest import run_jobs
from tests.privacy.registering import HOST, add, days, run_under


class FakeServer:
    """Stands where smtplib's would: notes who is called, and takes every message."""

    called: list[str] = []

    def __init__(self, host: str, *_: Any, **__: Any) -> None:
        FakeServer.called.append(host)

    def send_message(self, *_: Any) -> None: ...
    def quit(self) -> None: ...
    def close(self) -> None: ...


@pytest.fixture
def server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The installation sends its mail through HOST."""
    FakeServer.called = []
    monkeypatch.setattr(mail_delivery.smtplib, "SMTP", FakeServer)
    monkeypatch.setitem(app.config, "MAIL_URL", f"smtp://{HOST}:25")
    yield FakeServer.called


def listed_by_operator(monkeypatch: pytest.MonkeyPatch, app: Flask, *rows: Listed) -> None:
    monkeypatch.setattr(app.extensions["logicrm.egress"], "listed", rows)


def send(app: Flask) -> None:
    """Send what waits, and free the keys of what is done, as the worker does."""
    run_jobs(app, "mail.send")
    with app.app_context():
        jobs = db.metadata.tables["job"]
        db.session.execute(jobs.update().where(jobs.c.state == JobState.DONE).values(key=None))
        db.session.commit()


def post(app: Flask, place: uuid.UUID) -> uuid.UUID:
    with tenancy.working_in(app, place):
        letter = mail.send(
            "anna@customer.example", "reset", mail_class=mail.TRANSACTIONAL, purpose="account", name="Anna",
            link="https://x", minutes=30, language="en",
        )  # fmt: skip
        db.session.commit()
        return letter.id


def state_of(app: Flask, letter: uuid.UUID) -> tuple[str, str]:
    with app.app_context():
        row = db.session.get_one(OutgoingMail, letter)
        return str(row.state), row.reason


def answers(app: Flask) -> list[tuple[str, bool, str]]:
    with app.app_context():
        rows = db.session.scalars(select(OutgoingConnection).order_by(OutgoingConnection.first_at))
        return [(one.host, one.allowed, one.code) for one in rows]


# A letter to a stranger ----------------------------------------------------------------------------


@pytest.mark.promise("egress")
def test_an_unregistered_server_gets_no_letter_and_the_owner_sees_why(
    app: Flask, cast: Cast, server: list[str], alice: FlaskClient, bob: FlaskClient
) -> None:
    letter = post(app, cast.alpha)
    send(app)
    state, reason = state_of(app, letter)
    assert (server, state) == ([], MailState.WAITING)
    assert HOST in reason and "not in the register" in reason
    assert answers(app) == [(HOST, False, "unlisted")]
    page = re.sub(r"\s+", " ", html.unescape(alice.get("/privacy/desk/recipients").text))
    assert "1 letter waits" in page and f"{HOST}, for sending mail: not in the register, 1 times" in page
    assert f"/privacy/desk/recipients/new?host={HOST}" in page
    assert HOST in alice.get(f"/privacy/desk/recipients/new?host={HOST}").text
    assert bob.get("/privacy/desk/recipients").status_code == 403
    assert "1 letter waits" in alice.get("/today/").text and "letter waits" not in bob.get("/today/").text


def test_it_leaves_as_soon_as_the_server_is_registered(
    app: Flask, cast: Cast, server: list[str], alice: FlaskClient
) -> None:
    letter = post(app, cast.alpha)
    send(app)
    sent = {
        "category": "messaging", "name": "Postbird", "role": "processor", "country": "DE", "mechanism": "home",
        "kinds": ["contact", "communication"], "hosts": HOST, "revision": "0",
    }  # fmt: skip
    assert alice.post("/privacy/desk/recipients/new", data=sent).status_code == 303
    assert state_of(app, letter)[0] == MailState.QUEUED
    send(app)
    assert (server, state_of(app, letter)) == ([HOST], (MailState.SENT, ""))
    assert answers(app)[-1] == (HOST, True, "listed")
    assert "1 letter waits" not in alice.get("/privacy/desk/recipients").text


def test_one_workspaces_register_opens_nothing_for_another(app: Flask, cast: Cast, server: list[str]) -> None:
    with tenancy.working_in(app, cast.alpha):
        add(cast.users["alice"])
        db.session.commit()
    letter = post(app, cast.bravo)
    send(app)
    assert (server, state_of(app, letter)[0]) == ([], MailState.WAITING)


def test_what_the_operator_lists_is_let_through_for_its_job(
    app: Flask, cast: Cast, server: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed_by_operator(monkeypatch, app, Listed(HOST, "messaging", "Postbird", "DE", "home"))
    letter = post(app, cast.alpha)
    send(app)
    assert (server, state_of(app, letter)[0]) == ([HOST], MailState.SENT)
    # The policy of Loro names no firm for e-mail: there the same server is a stranger.
    with app.app_context():
        run_under(cast.bravo, "loro")
    letter = post(app, cast.bravo)
    send(app)
    assert state_of(app, letter)[0] == MailState.WAITING
    assert answers(app)[-1] == (HOST, False, "not_in_policy")


def test_a_letter_of_the_installation_asks_the_settings(
    app: Flask, cast: Cast, server: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def outside_any() -> uuid.UUID:
        with app.app_context():
            letter = mail.send("anna@customer.example", "reset", mail_class=mail.TRANSACTIONAL, purpose="account",
                               name="A", link="https://x", minutes=30, language="en")  # fmt: skip
            db.session.commit()
            return letter.id

    with tenancy.working_in(app, cast.alpha):
        add(cast.users["alice"])  # one firm's register says nothing about the installation
        db.session.commit()
    first = outside_any()
    send(app)
    assert state_of(app, first)[0] == MailState.WAITING
    listed_by_operator(monkeypatch, app, Listed(HOST, "messaging", "Postbird", "US", "home"))
    second = outside_any()
    send(app)
    assert state_of(app, second)[0] == MailState.SENT


def test_the_default_installation_sends_to_nobody_and_works(app: Flask, cast: Cast) -> None:
    letter = post(app, cast.alpha)
    send(app)
    assert state_of(app, letter)[0] == MailState.SENT
    assert answers(app) == [("", True, "local")]


# Why not -------------------------------------------------------------------------------------------

Change = dict[str, Any]


def refusal(app: Flask, place: uuid.UUID, service: str = "mail") -> str:
    with tenancy.working_in(app, place):
        try:
            egress.ask(service, HOST)
        except NotListed as no:
            return no.code
        return ""


@pytest.mark.parametrize(
    ("profile", "entry", "service", "code"),
    [
        ("logicrm", {}, "mail", ""),
        ("logicrm", {"contract_on": None}, "mail", ""),  # pointed out, not promised
        ("logicrm", {"contract_ends": days(-1)}, "mail", "contract"),
        ("logicrm", {"contract_ends": days(0)}, "mail", ""),
        ("logicrm", {"ended_on": days(0)}, "mail", "ended"),
        ("logicrm", {"ended_on": days(1)}, "mail", ""),
        ("logicrm", {"category": "analytics"}, "mail", "job"),
        ("logicrm", {"category": "messaging"}, "files", "job"),
        ("logicrm", {"country": "US", "mechanism": "scc"}, "mail", ""),
        pytest.param("logicnet", {"contract_on": None}, "mail", "contract", marks=pytest.mark.promise("egress.contracts")),
        ("logicnet", {}, "mail", ""),
        pytest.param("logitrack", {"country": "", "secrecy_on": None}, "mail", "secrecy",
                     marks=pytest.mark.promise("egress.secrecy")),
        ("logitrack", {"country": ""}, "mail", ""),
    ],
)  # fmt: skip
def test_why_a_registered_server_is_refused(
    app: Flask, cast: Cast, profile: str, entry: Change, service: str, code: str
) -> None:
    with app.app_context():
        run_under(cast.alpha, profile, "VN" if profile == "logitrack" else "RO")
    with tenancy.working_in(app, cast.alpha):
        add(cast.users["alice"], **entry)
        db.session.commit()
    assert refusal(app, cast.alpha, service) == code


@pytest.mark.promise("egress.regions")
@pytest.mark.parametrize(("profile", "country", "code"), [("logicnet", "US", "place"), ("logicrm", "US", ""),
                                                          ("logicnet", "FR", ""), ("loro", "US", "place")])  # fmt: skip
def test_under_an_eea_policy_nobody_outside_is_called(
    app: Flask, cast: Cast, profile: str, country: str, code: str
) -> None:
    """The entry is from before the policy: a stricter policy counts at once."""
    with tenancy.working_in(app, cast.alpha):
        add(cast.users["alice"], country=country, mechanism="home" if country == "FR" else "scc")
        db.session.commit()
        run_under(cast.alpha, profile)
    assert refusal(app, cast.alpha) == code


@pytest.mark.promise("egress.partners")
def test_whoever_uses_data_for_itself_gets_none_without_consent(app: Flask, cast: Cast) -> None:
    from logicrm.privacy.datamap.models import Recipient

    with tenancy.working_in(app, cast.alpha):
        add(cast.users["alice"])
        db.session.commit()
    assert refusal(app, cast.alpha) == ""
    with tenancy.working_in(app, cast.alpha):
        db.session.execute(Recipient.__table__.update().values(role="controller"))
        db.session.commit()
    assert refusal(app, cast.alpha) == "partners"


# Files ---------------------------------------------------------------------------------------------


def test_a_store_that_nobody_listed_gets_no_file_but_gives_up_what_it_has(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, inside: Callable[..., Any]
) -> None:
    class Client:
        did: list[str] = []

        def put_object(self, *_: Any, **__: Any) -> None:
            self.did.append("put")

        def remove_object(self, *_: Any) -> None:
            self.did.append("remove")

    store = filestore.S3Store("s3://k:s@s3.stranger.example/bucket")
    monkeypatch.setattr(store, "client", Client())
    with inside():
        key = filestore.new_key(cast.alpha)
        with pytest.raises(NotListed):
            store.put(key, [b"x"])
        with pytest.raises(NotListed):
            store.open(key)
        store.remove(key)
        assert Client.did == ["remove"]
        add(cast.users["alice"], hosts="s3.stranger.example")
        store.put(key, [b"x"])
        assert Client.did == ["remove", "put"]
