"""Mail: asked for in the transaction, sent by the worker to a real SMTP server, one message however often tried."""

from __future__ import annotations

import datetime as dt
import email
import socket
import ssl
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader

from logicrm.core import files, jobs, mail, mail_delivery, tenancy
from logicrm.core.jobs_worker import run_worker
from logicrm.core.mail import MARKETING, TRANSACTIONAL, BadMail, OutgoingMail
from logicrm.extensions import db
from tests.core import mechanisms

TEMPLATES = {
    "mail/hello.txt": "Subject: Hello {{ name }}\n\nDear {{ name }},\n\nyour lorry is on its way.\n",
    "mail/plain.txt": "Subject: Plain\n\nOnly text.\n",
    "mail/hello.html": '{% extends "mail/base.html" %}{% block body %}<p>Dear {{ name }}</p>{% endblock %}',
    "mail/child.txt": '{% extends "mail/base.txt" %}{% block subject %}From base{% endblock %}'
    "{% block body %}Text{% endblock %}",
    "mail/headless.txt": "No subject here",
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Flask]:
    app = mechanisms.make_app(tmp_path)
    app.jinja_loader = ChoiceLoader([DictLoader(TEMPLATES), app.jinja_loader])
    app.extensions["test.workspace"] = mechanisms.make_tables(app)
    yield app


@pytest.fixture(autouse=True)
def no_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "_gates", [])


def post(stage: Flask, to: str = "anna@customer.example", template: str = "hello", **options: Any) -> uuid.UUID:
    options = {"mail_class": TRANSACTIONAL, "purpose": "account", "name": "Anna", **options}
    with tenancy.working_in(stage, stage.extensions["test.workspace"]):
        message = mail.send(to, template, **options)
        db.session.commit()
        return message.id


def row(stage: Flask, mail_id: uuid.UUID) -> OutgoingMail:
    with stage.app_context():
        found = db.session.get_one(OutgoingMail, mail_id)
        db.session.expunge(found)
        return found


def letters(stage: Flask) -> list[Any]:
    folder = stage.config["INSTANCE"] / "mail"
    return [email.message_from_bytes(p.read_bytes(), policy=policy.default) for p in sorted(folder.glob("*.eml"))]


class Sink:
    """A mail server that keeps what it takes, or answers as told."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.answers: list[str] = []  # to RCPT, before 250
        self.encrypted = self.signed_in = False

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.encrypted = session.ssl is not None
        self.signed_in = session.authenticated
        self.taken.append((envelope, email.message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@contextmanager
def smtp(**options: Any) -> Iterator[tuple[Sink, int]]:
    sink = Sink()
    server = Controller(sink, hostname="127.0.0.1", port=0, **options)
    server.port = free_port()
    server.start()
    try:
        yield sink, server.port
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(today - dt.timedelta(days=1)).not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    chain = tmp_path / "server.pem"
    chain.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    secret = tmp_path / "server.key"
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    return context, chain


# ------------------------------------------------------------------ writing


def test_by_default_a_message_becomes_a_private_file(stage: Flask) -> None:
    mail_id = post(stage, to="anna@customer.example", name="Ánna Đặng")
    assert letters(stage) == []
    run_worker(stage, until_idle=True)
    (letter,) = letters(stage)
    assert letter["To"] == "anna@customer.example"
    assert letter["From"] == "LogiCRM <no-reply@crm.example>"
    assert letter["Subject"] == "Hello Ánna Đặng"
    assert letter["Message-ID"] == f"<{mail_id}@crm.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Unsubscribe"] is None
    assert "your lorry" in letter.get_body(("plain",)).get_content()
    page = letter.get_body(("html",)).get_content()
    assert "Dear Ánna Đặng" in page
    for outside in ("<img", "http://", "https://", "<script"):
        assert outside not in page
    path = mail_delivery_path(stage, mail_id)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    sent = row(stage, mail_id)
    assert (sent.state, sent.sent_at is not None) == ("sent", True)


def mail_delivery_path(stage: Flask, mail_id: uuid.UUID) -> Path:
    with stage.app_context():
        return mail_delivery.path_of(mail_id)


def test_a_rollback_unasks_the_message(stage: Flask) -> None:
    with stage.app_context():
        mail.send("a@b.example", "plain", mail_class=TRANSACTIONAL, purpose="account")
        db.session.rollback()
    run_worker(stage, until_idle=True)
    assert letters(stage) == []


def test_sending_twice_is_one_message(stage: Flask) -> None:
    """A worker killed between the writing and its commit: the second try replaces the first."""
    mail_id = post(stage)
    run_worker(stage, until_idle=True)
    with stage.app_context():
        db.session.execute(sa.update(OutgoingMail).values(state="queued"))
        jobs.enqueue("mail.send", args={"mail": mail_id}, workspace_id=None)
        db.session.commit()
    run_worker(stage, until_idle=True)
    (letter,) = letters(stage)
    assert letter["Message-ID"] == f"<{mail_id}@crm.example>"


def test_markup_in_a_name_stays_text(stage: Flask) -> None:
    post(stage, name="<b>Anna</b>")
    run_worker(stage, until_idle=True)
    (letter,) = letters(stage)
    assert letter["Subject"] == "Hello <b>Anna</b>"
    assert "&lt;b&gt;" in letter.get_body(("html",)).get_content()


def test_templates_may_extend_the_base(stage: Flask) -> None:
    with stage.app_context():
        subject, text, html = mail.render("child")
    assert (subject, text, html) == ("From base", "Text\n\n-- \nLogiCRM\n", "")


@pytest.mark.parametrize(
    "to",
    ["anna@b.example\r\nBcc: x@y.example", "anna@b.example, eve@c.example", "Anna <a@b.example>", "anna", "@b.example",
     "a@b@c.example", "a b@c.example", "", "x" * 65 + "@b.example", "a@" + "b" * 300],
)  # fmt: skip
def test_one_address_and_nothing_else(stage: Flask, to: str) -> None:
    with pytest.raises(BadMail):
        post(stage, to=to)


def test_line_breaks_cannot_enter_headers(stage: Flask) -> None:
    for options in (
        {"name": "Anna\r\nBcc: eve@c.example"},
        {"name": "Anna\nBcc: eve@c.example"},
        {"name": "Anna\u2028x"},
        {"reply_to": "a@b.example\nBcc: eve@c.example"},
        {"mail_class": MARKETING, "list_unsubscribe": "https://crm.example/u\r\nBcc: eve@c.example"},
        {"template": "headless"},
    ):
        with pytest.raises(BadMail):
            post(stage, **options)
    with stage.app_context():
        assert db.session.scalar(sa.select(sa.func.count(OutgoingMail.id))) == 0


# ------------------------------------------------------------------ marketing


def test_marketing_carries_a_working_way_out_and_asks_at_the_moment_of_sending(stage: Flask) -> None:
    with pytest.raises(BadMail, match="unsubscribe"):
        post(stage, mail_class=MARKETING)
    with pytest.raises(BadMail, match="https"):
        post(stage, mail_class=MARKETING, list_unsubscribe="ftp://crm.example/u")
    link = "https://crm.example/u/" + "t" * 120
    may = {"send": True}
    mail.gate(lambda message: (may["send"], "the person withdrew"))
    first = post(stage, mail_class=MARKETING, list_unsubscribe=link)
    run_worker(stage, until_idle=True)
    raw = mail_delivery_path(stage, first).read_bytes()
    assert f"List-Unsubscribe: <{link}>\r\n".encode() in raw
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    second = post(stage, mail_class=MARKETING, list_unsubscribe=link)
    may["send"] = False  # withdrawn between the writing and the sending
    run_worker(stage, until_idle=True)
    held = row(stage, second)
    assert (held.state, held.reason) == ("withheld", "the person withdrew")
    assert len(letters(stage)) == 1


def test_without_a_gate_no_marketing_leaves(stage: Flask) -> None:
    held = post(stage, mail_class=MARKETING, list_unsubscribe="https://crm.example/u")
    post(stage, template="plain")
    run_worker(stage, until_idle=True)
    assert row(stage, held).state == "withheld"
    assert [letter["Subject"] for letter in letters(stage)] == ["Plain"]


# ------------------------------------------------------------------ real servers


def test_a_message_reaches_a_real_server_with_its_attachment(stage: Flask) -> None:
    with smtp() as (sink, port):
        stage.config["MAIL_URL"] = f"smtp://127.0.0.1:{port}"
        with tenancy.working_in(stage, stage.extensions["test.workspace"]):
            bill = files.save(b"%PDF-1.7 bill", name="hóa đơn.pdf", kind="attachment", max_bytes=1000)
            options = {"mail_class": TRANSACTIONAL, "purpose": "invoice", "attachments": [bill]}
            mail.send("anna@customer.example", "hello", **options, name="Anna")
            db.session.commit()
        run_worker(stage, until_idle=True)
    ((envelope, letter),) = sink.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@crm.example", ["anna@customer.example"])
    (attached,) = letter.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("hóa đơn.pdf", b"%PDF-1.7 bill")
    assert letters(stage) == []


def test_a_busy_server_is_tried_again_and_a_final_no_is_final(stage: Flask) -> None:
    with smtp() as (sink, port):
        stage.config["MAIL_URL"] = f"smtp://127.0.0.1:{port}"
        sink.answers = ["451 try later", "450 still busy"]
        later = post(stage)
        for _ in range(100):
            run_worker(stage, until_idle=True)
            if row(stage, later).state == "sent":
                break
            time.sleep(0.02)
        assert row(stage, later).state == "sent"
        assert len(sink.taken) == 1
        sink.answers = ["550 no such user anna@customer.example"]
        never = post(stage)
        run_worker(stage, until_idle=True)
    failed = row(stage, never)
    assert (failed.state, failed.reason) == ("failed", "the mail server refused the address (550)")
    with stage.app_context():
        work = db.session.scalars(sa.select(jobs.Job).where(jobs.Job.state == "failed")).one()
        assert work.error == failed.reason
        assert work.attempts == 1
        assert mail.send_again(never)
        assert not mail.send_again(never)
        db.session.commit()
    assert row(stage, never).state == "queued"


def test_a_server_that_is_away_costs_no_message(stage: Flask) -> None:
    stage.config["MAIL_URL"] = f"smtp://127.0.0.1:{free_port()}"
    stage.config["JOBS_BACKOFF_S"] = 0.0
    mail_id = post(stage)
    run_worker(stage, once=True)
    assert row(stage, mail_id).state == "queued"
    run_worker(stage, until_idle=True)
    failed = row(stage, mail_id)
    assert (failed.state, failed.reason) == ("failed", "given up after 8 tries (ConnectionRefusedError)")


@pytest.mark.parametrize("kind", ["smtps", "smtp+starttls"])
def test_certificates_are_verified_and_passwords_go_encrypted(
    stage: Flask, certificate: tuple[ssl.SSLContext, Path], kind: str
) -> None:
    context, chain = certificate

    def sign_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"user", b"p/ss"))

    options: dict[str, Any] = {"authenticator": sign_in, "auth_required": True}
    if kind == "smtps":
        options |= {"ssl_context": context, "auth_require_tls": False}  # the library takes only STARTTLS for TLS
    else:
        options |= {"tls_context": context, "require_starttls": True}
    with smtp(**options) as (sink, port):
        stage.config["JOBS_BACKOFF_S"] = 60
        stage.config["MAIL_URL"] = f"{kind}://user:p%2Fss@localhost:{port}"
        refused = post(stage)
        run_worker(stage, until_idle=True)
        assert sink.taken == []
        with stage.app_context():
            assert db.session.scalars(sa.select(jobs.Job)).one().error.startswith("SSLCertVerificationError")
        stage.config["MAIL_URL"] += f"?cafile={chain}"
        post(stage)
        run_worker(stage, until_idle=True)
    assert len(sink.taken) == 1
    assert sink.signed_in
    assert sink.encrypted or kind == "smtps"  # its port speaks nothing but TLS
    assert row(stage, refused).state == "queued"


def test_a_password_never_goes_over_a_plain_line() -> None:
    with pytest.raises(ValueError, match="starttls"), mail_delivery.connected("smtp://user:pass@mail.example:25"):
        pass


# ------------------------------------------------------------------ forgetting


def test_what_was_written_to_somebody_can_be_found_and_goes(stage: Flask) -> None:
    for to in ("Anna@customer.example", "anna@customer.example", "joanna@customer.example"):
        post(stage, to=to)
    run_worker(stage, until_idle=True)
    with stage.app_context():
        assert len(mail.files_of(["anna@CUSTOMER.example"])) == 2
        assert mail.forget_addresses(["anna@customer.example"]) == 2
        db.session.commit()
        assert [m.to_address for m in db.session.scalars(sa.select(OutgoingMail))] == ["joanna@customer.example"]
    assert [letter["To"] for letter in letters(stage)] == ["joanna@customer.example"]


def test_a_message_to_an_erased_person_is_not_sent(stage: Flask) -> None:
    post(stage)
    with stage.app_context():
        db.session.execute(sa.delete(OutgoingMail))
        db.session.commit()
    assert run_worker(stage, until_idle=True) == 1
    assert letters(stage) == []


def test_a_message_erased_while_it_is_sent_leaves_no_copy(stage: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    post(stage)
    deliver = mail_delivery.deliver

    def erased_meanwhile(letter: mail_delivery.Letter) -> None:
        with stage.app_context():
            db.session.execute(sa.delete(OutgoingMail))
            db.session.commit()
        deliver(letter)

    monkeypatch.setattr(mail_delivery, "deliver", erased_meanwhile)
    run_worker(stage, until_idle=True)
    assert letters(stage) == []


def test_copies_of_rows_that_retention_removed_are_swept(stage: Flask) -> None:
    post(stage)
    post(stage, to="bob@customer.example")
    run_worker(stage, until_idle=True)
    with stage.app_context():
        db.session.execute(sa.delete(OutgoingMail).where(OutgoingMail.to_address == "anna@customer.example"))
        jobs.enqueue("mail.sweep")
        db.session.commit()
    run_worker(stage, until_idle=True)
    assert [letter["To"] for letter in letters(stage)] == ["bob@customer.example"]


def test_only_the_own_workspace_is_listed(stage: Flask) -> None:
    post(stage, template="plain")
    with stage.app_context():
        other = mechanisms.add_workspace()
    with tenancy.working_in(stage, other):
        assert mail.recent() == []
    with tenancy.working_in(stage, stage.extensions["test.workspace"]):
        assert [m.subject for m in mail.recent()] == ["Plain"]
        assert mail.get(mail.recent()[0].id) is not None
