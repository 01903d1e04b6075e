"""Each check sees what it is there to see: here the fault is planted, and the check must count it."""

from __future__ import annotations

import logging
import ssl
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, text

from logicrm import create_app
from logicrm.accounts.models import User, UserSession
from logicrm.core import audit, checks, files, mail, mail_delivery, promises
from logicrm.core.checks import Checked
from logicrm.core.promises import State
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy import checks_consent, checks_data, checks_safety, checks_site
from logicrm.privacy.consent_models import Consent, Suppression
from logicrm.privacy.subjects import key_hash
from tests.privacy.acting import CARLA, agrees, asked, letter_to
from tests.privacy.mutations import MUTATIONS

promises.load_all()


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Flask]:
    """An application on a database of its own, whose tables a test may spoil."""
    app = create_app({"INSTANCE": tmp_path, "TESTING": True, "DATABASE_URL": f"sqlite:///{tmp_path / 'scratch.db'}"})
    with app.app_context():
        db.create_all()
        yield app
        db.session.remove()
        db.engine.dispose()


def test_an_undeclared_column_is_seen(scratch: Flask, now: datetime) -> None:
    assert checks_data.everything_is_declared(now).wrong == 0
    with db.engine.begin() as connection:
        connection.execute(text("alter table workspace add column nickname varchar(10)"))
    assert checks_data.everything_is_declared(now).wrong == 1, "the database has it, no model does"


def test_a_purpose_outside_the_policy_is_seen(in_workspace: None, now: datetime) -> None:
    letter_to(CARLA, now, purpose="service")
    assert checks_data.purposes_are_those_of_the_policy(now).wrong == 0
    letter_to(CARLA, now, purpose="curiosity")
    assert checks_data.purposes_are_those_of_the_policy(now).wrong == 1


def test_a_card_number_in_a_note_is_seen(in_workspace: None, now: datetime) -> None:
    request = asked(now, "Please send my copy. My card is 4111 1111 1111 1111.")
    assert checks_data.no_card_numbers_are_stored(now).wrong == 1
    request.words = "Please send my copy."
    db.session.flush()
    assert checks_data.no_card_numbers_are_stored(now).wrong == 0
    letter_to(CARLA, now, text="5555 5555 5555 4444")
    assert checks_data.no_card_numbers_are_stored(now).wrong == 1


def test_a_consent_that_was_no_act_is_seen(in_workspace: None, now: datetime) -> None:
    agrees(now)
    assert checks_consent.every_yes_was_an_act(now) == Checked(1, 0)
    db.session.execute(Consent.__table__.update().values(how="use"))
    assert checks_consent.every_yes_was_an_act(now) == Checked(1, 1)


def test_advertising_without_a_yes_is_seen(in_workspace: None, now: datetime) -> None:
    hour = timedelta(hours=1)
    agrees(now - 5 * hour)
    letter_to(CARLA, now - 4 * hour, purpose="marketing", kind=mail.MARKETING)
    assert checks_consent.advertising_had_a_yes(now) == Checked(1, 0)
    letter_to(CARLA, now - 6 * hour, purpose="marketing", kind=mail.MARKETING)  # before the yes
    letter_to(CARLA, now - 4 * hour, purpose="surveys", kind=mail.MARKETING)  # another purpose
    letter_to("dan@customer.example", now - 4 * hour, purpose="marketing", kind=mail.MARKETING)  # nobody's yes
    assert checks_consent.advertising_had_a_yes(now) == Checked(4, 3)
    db.session.add(
        Suppression(
            id=new_id(), address_hash=key_hash(CARLA), channel="email", purpose="", since=now - 3 * hour, how="staff"
        )
    )
    letter_to(CARLA, now - 2 * hour, purpose="marketing", kind=mail.MARKETING)  # after the objection
    db.session.flush()
    assert checks_consent.advertising_had_a_yes(now) == Checked(5, 4)
    assert checks_consent.advertising_has_a_way_out(now) == Checked(5, 0)
    db.session.execute(mail.OutgoingMail.__table__.update().values(headers={}))
    db.session.expire_all()
    assert checks_consent.advertising_has_a_way_out(now) == Checked(5, 5)


def test_a_late_answer_is_seen(in_workspace: None, now: datetime) -> None:
    received = now - timedelta(days=29)
    request = asked(received, "Tell me")
    assert checks_consent.requests_are_answered_in_time(now) == Checked(1, 0)
    assert checks_consent.requests_are_answered_in_time(now + timedelta(days=5)) == Checked(1, 1)
    request.state, request.closed_at = "fulfilled", received + timedelta(days=40)
    db.session.flush()
    assert checks_consent.requests_are_answered_in_time(now + timedelta(days=60)) == Checked(1, 1), "it was late"
    request.closed_at = received + timedelta(days=2)
    db.session.flush()
    assert checks_consent.requests_are_answered_in_time(now + timedelta(days=60)) == Checked(1, 0)


def test_a_route_without_a_guard_is_seen(app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    with app.app_context():
        assert checks_site.every_route_is_guarded(now).wrong == 0
        monkeypatch.setitem(app.view_functions, "planted.open", lambda: "")
        assert checks_site.every_route_is_guarded(now).wrong == 1


@pytest.mark.parametrize(
    ("header", "value", "wrong"),
    [
        ("Set-Cookie", "theme=dark; Path=/", 6),
        ("Set-Cookie", "tracker=1; Path=/", 6),
        ("Set-Cookie", "sid=1; Path=/", 0),
        ("Content-Security-Policy", "script-src 'self' https://ads.example", 6),
    ],
)
def test_a_cookie_or_a_foreign_script_before_the_choice_is_seen(
    app: Flask, cast: Any, now: datetime, header: str, value: str, wrong: int
) -> None:
    def plant(response: Any) -> Any:
        response.headers.add(header, value) if header == "Set-Cookie" else response.headers.set(header, value)
        return response

    hooks = app.after_request_funcs.setdefault(None, [])
    with app.app_context():
        assert checks_site.nothing_optional_before_a_choice(now) == Checked(6, 0)
        hooks.insert(0, plant)  # the last to be asked
        try:
            assert checks_site.nothing_optional_before_a_choice(now) == Checked(6, wrong)
        finally:
            hooks.remove(plant)


def test_a_promise_that_the_page_does_not_show_is_seen(
    app: Flask, cast: Any, inside: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inside():
        assert checks_site.the_policy_is_shown_whole(now) == Checked(66, 0)
    row = promises.registry.rows["P-LOGI-54"]
    monkeypatch.setitem(promises.registry.rows, "P-LOGI-54", promises.Promise(
        row.id, row.kind, row.says, row.figure, row.rules, row.profiles, "nowhere", row.proofs
    ))  # fmt: skip
    with inside():
        assert checks_site.the_policy_is_shown_whole(now) == Checked(66, 1)


def test_readable_files_are_seen(app: Flask, inside: Any, now: datetime) -> None:
    with inside():
        before = checks_safety.what_is_stored_is_encrypted(now)
        kept = files.save(b"waybill", name="waybill.txt", kind="attachment", max_bytes=100)
        db.session.commit()
        assert checks_safety.what_is_stored_is_encrypted(now) == Checked(before.considered + 1, before.wrong)
        store: Any = files.store()
        (store.root / kept.storage_key).write_bytes(b"waybill in the clear")
        letter = uuid.uuid4()
        mail_delivery.write_copy(letter, b"Subject: hello\r\n\r\nJane")
        try:
            assert checks_safety.what_is_stored_is_encrypted(now) == Checked(before.considered + 2, before.wrong + 2)
        finally:
            mail_delivery.path_of(letter).unlink()
            store.remove(kept.storage_key)


def test_a_plain_database_file_is_seen(app: Flask, tmp_path: Path, now: datetime) -> None:
    """The same look, at the header of a file that SQLite itself wrote."""
    import sqlite3

    plain = tmp_path / "plain.db"
    with sqlite3.connect(plain) as connection:
        connection.execute("create table t (x)")
    assert plain.read_bytes().startswith(checks_safety.PLAIN_SQLITE)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            assert list(checks_safety._database_file()) == [0]


def test_a_table_outside_the_fences_is_seen(scratch: Flask, now: datetime) -> None:
    assert checks_safety.workspaces_cannot_meet(now).wrong == 0
    with db.engine.begin() as connection:
        connection.execute(text("drop table watermark"))
        connection.execute(text("create table watermark (id blob primary key, workspace_id blob, executor varchar)"))
    assert checks_safety.workspaces_cannot_meet(now).wrong == 1, "its key does not hold the workspace"
    with db.engine.begin() as connection:
        connection.execute(text("drop table watermark"))
    assert checks_safety.workspaces_cannot_meet(now).wrong == 1, "it is not there at all"


def test_a_question_that_reaches_another_workspace_is_seen(
    inside: Any, cast: Any, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    with inside(cast.bravo):
        agrees(now)
        db.session.commit()
    with inside():
        agrees(now)
        db.session.commit()
        assert checks_safety.nothing_of_another_workspace_is_seen(now).wrong == 0
        if db.engine.dialect.name == "sqlite":  # PostgreSQL's own fence would still hold
            MUTATIONS["isolation"](monkeypatch.setattr)
            assert checks_safety.nothing_of_another_workspace_is_seen(now).wrong >= 2


def test_a_broken_chain_of_events_is_seen(in_workspace: None, now: datetime) -> None:
    for _number in range(3):
        audit.record("lead.made")
    db.session.flush()
    assert checks_safety.the_chain_of_events_holds(now) == Checked(3, 0)
    db.session.execute(audit.AuditEvent.__table__.update().where(audit.AuditEvent.sequence == 2).values(action="x"))
    db.session.expire_all()
    assert checks_safety.the_chain_of_events_holds(now).wrong == 1


def test_a_log_that_names_people_is_seen(app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    from logicrm.core.logs import Lines

    ours = logging.StreamHandler()
    ours.setFormatter(Lines())
    monkeypatch.setattr(app.logger, "handlers", [ours])
    with app.app_context():
        assert checks_safety.logs_name_nobody(now) == Checked(3, 0)
        plain = logging.StreamHandler()
        plain.setFormatter(logging.Formatter("%(message)s"))
        monkeypatch.setattr(app.logger, "handlers", [ours, plain])
        assert checks_safety.logs_name_nobody(now) == Checked(6, 3)


def test_a_readable_password_and_an_endless_session_are_seen(app: Flask, cast: Any, inside: Any, now: datetime) -> None:
    from logicrm.accounts import checks as accounts

    with inside():
        assert accounts.passwords_are_hashed(now) == Checked(7, 0)
        assert accounts.sessions_end(now) == Checked(0, 0)
        assert accounts.members_are_of_age(now) == Checked(7, 0)
        db.session.execute(User.__table__.update().where(User.id == cast.users["bob"]).values(password_hash="lorries"))
        db.session.execute(User.__table__.update().where(User.id == cast.users["dan"]).values(of_age=False))
        db.session.execute(
            insert(UserSession).values(
                id=new_id(), token_hash="a" * 64, user_id=cast.users["bob"], workspace_id=cast.alpha, epoch=0,
                created_at=now, seen_at=now, proven_at=now, expires_at=now + timedelta(days=30),
            )
        )  # fmt: skip
        db.session.expire_all()
        assert accounts.passwords_are_hashed(now) == Checked(7, 1)
        assert accounts.sessions_end(now) == Checked(1, 1)
        assert accounts.members_are_of_age(now) == Checked(7, 1)


# The line ------------------------------------------------------------------------------------------


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """tls(maximum) -> address of a server of our own that speaks TLS up to that version."""
    servers: list[HTTPServer] = []
    paper = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(paper))

    def start(maximum: ssl.TLSVersion) -> str:
        server = HTTPServer(("localhost", 0), BaseHTTPRequestHandler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(paper)
        context.maximum_version = maximum
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"https://localhost:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def certificate(folder: Path) -> Path:
    """A certificate for localhost that vouches for itself, with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    since = datetime.now(UTC) - timedelta(days=1)
    paper = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(since).not_valid_after(since + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "localhost.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + paper.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.promise("transit")
@pytest.mark.parametrize(
    ("speaks", "asked_for", "state"),
    [
        (ssl.TLSVersion.TLSv1_3, "tls13", State.KEPT),
        (ssl.TLSVersion.TLSv1_2, "tls13", State.BREACHED),
        (ssl.TLSVersion.TLSv1_2, "tls12", State.KEPT),
        (ssl.TLSVersion.TLSv1_3, "https", State.KEPT),
    ],
)
def test_what_the_line_really_speaks_is_held_against_the_policy(
    app: Flask, cast: Any, inside: Any, monkeypatch: pytest.MonkeyPatch, tls: Any, speaks: ssl.TLSVersion,
    asked_for: str, state: State, now: datetime,
) -> None:  # fmt: skip
    runs = {"tls13": "logicrm", "tls12": "loro", "https": "logitrack"}[asked_for]
    with inside():
        workspace = db.metadata.tables["workspace"]
        db.session.execute(workspace.update().where(workspace.c.id == cast.alpha).values(profile=runs, country=""))
        db.session.commit()
        assert promises.registry._ask("transit", now, {}).state is State.NO_EVIDENCE
    monkeypatch.setitem(app.config, "BASE_URL", tls(speaks))
    with app.app_context():
        seen = checks_safety.the_line_is_encrypted(now)
    assert seen == Checked({ssl.TLSVersion.TLSv1_2: 12, ssl.TLSVersion.TLSv1_3: 13}[speaks])
    with inside():
        checks.leave({"transit": seen}, now=now)
        assert promises.registry._ask("transit", now, {}).state is state


def test_a_plain_line_is_wrong_except_on_one_machine(
    app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    with app.app_context():
        assert checks_safety.the_line_is_encrypted(now) is None, "http://localhost: nothing travels"
        monkeypatch.setitem(app.config, "BASE_URL", "http://crm.example")
        assert checks_safety.the_line_is_encrypted(now) == Checked(0, 1)
        monkeypatch.setitem(app.config, "BASE_URL", "https://localhost:1")
        assert checks_safety.the_line_is_encrypted(now) == Checked(0, 1), "nobody answers"
