"""Mail: asked for in the transaction, written by the worker, one message however often tried, and forgotten."""

from __future__ import annotations

import stat
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from logicrm.core import jobs, mail, mail_delivery, tenancy
from logicrm.core.jobs_worker import run_worker
from logicrm.core.mail import MARKETING, TRANSACTIONAL, BadMail, OutgoingMail
from logicrm.extensions import db
from tests.core import mechanisms
from tests.core.mail.posting import letters, post, row, written_to

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
    path = written_to(stage, mail_id)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    sent = row(stage, mail_id)
    assert (sent.state, sent.sent_at is not None) == ("sent", True)


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


@pytest.mark.promise("unsubscribe")
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
    raw = written_to(stage, first).read_bytes()
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


def begun(stage: Flask, mail_id: uuid.UUID) -> Path:
    """What a worker leaves that is killed while it writes."""
    path = written_to(stage, mail_id).with_name(f"{mail_id}.0011223344556677.unfinished")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"From: x\r\nTo: anna@customer.example\r\n\r\nDear An")
    return path


def test_what_a_killed_worker_began_to_write_goes_with_the_next_try_or_with_the_message(stage: Flask) -> None:
    tried_again, erased, kept = (post(stage) for _ in range(3))
    half = begun(stage, tried_again)
    run_worker(stage, until_idle=True)
    assert not half.exists() and len(letters(stage)) == 3
    found, swept = begun(stage, erased), begun(stage, kept)
    with stage.app_context():
        assert len(mail.files_of(["anna@customer.example"])) == 5
        db.session.delete(db.session.get_one(OutgoingMail, erased))
        db.session.commit()
        assert not found.exists()
        db.session.execute(sa.delete(OutgoingMail).where(OutgoingMail.id == kept))
        jobs.enqueue("mail.sweep")
        db.session.commit()
    run_worker(stage, until_idle=True)
    assert not swept.exists() and len(letters(stage)) == 1


def test_a_message_erased_after_its_killed_try_wrote_it_leaves_no_copy(stage: Flask) -> None:
    mail_id = post(stage)
    path = written_to(stage, mail_id)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"To: anna@customer.example\r\n\r\nDear Anna")
    with stage.app_context():
        db.session.execute(sa.delete(OutgoingMail))
        db.session.commit()
    run_worker(stage, until_idle=True)
    assert not path.exists()


def test_whoever_comes_late_does_not_take_the_sent_message_away(stage: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause longer than the lease: another worker has sent the message meanwhile."""
    mail_id = post(stage)
    deliver = mail_delivery.deliver

    def sent_meanwhile(letter: mail_delivery.Letter) -> None:
        deliver(letter)
        with stage.app_context():
            db.session.execute(sa.update(OutgoingMail).values(state="sent"))
            db.session.commit()

    monkeypatch.setattr(mail_delivery, "deliver", sent_meanwhile)
    run_worker(stage, until_idle=True)
    assert written_to(stage, mail_id).exists()


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
