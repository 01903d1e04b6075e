"""Mail and real SMTP servers: busy ones, final ones, absent ones, and those that want a password."""

from __future__ import annotations

import datetime as dt
import email
import socket
import ssl
import time
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

from logicrm.core import files, jobs, mail, mail_delivery, tenancy
from logicrm.core.jobs_worker import run_worker
from logicrm.core.mail import TRANSACTIONAL
from logicrm.extensions import db
from tests.core.mail.posting import letters, post, row


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
