"""Outgoing mail: a row in the caller's transaction, sent by the worker, the same message however often it is tried.

    mail.send(user.email, "reset", mail_class=mail.TRANSACTIONAL, purpose="account", link=link)

renders `mail/reset.txt`, whose first line is `Subject: …` and whose second is empty, and `mail/reset.html`
when there is one. A rollback un-asks it. SMTP cannot take part in a transaction: a worker killed between
the server's yes and our commit sends again, under the same Message-ID, by which mailboxes tell it is one.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import parseaddr
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from jinja2 import TemplateNotFound
from sqlalchemy import Index, String, Text, event, func, select, update
from sqlalchemy.orm import Mapped

from logicrm.core import database, egress, files, jobs, mail_delivery, tenancy
from logicrm.core.errors import Refused
from logicrm.core.mail_delivery import Refusal
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Keep, personal, plain
from logicrm.core.schema import Id, db_now, new_id
from logicrm.extensions import db

TRANSACTIONAL, MARKETING = "transactional", "marketing"
TRIES = 8
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\[\]\x00-\x1f]{1,64}@[^\s@<>(),;:\"\\\[\]\x00-\x1f]{1,190}")


class MailState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    WITHHELD = "withheld"  # the gate said no at the moment of sending
    WAITING = "waiting"  # its way out is not in the register of recipients; it goes once it is
    FAILED = "failed"


class BadMail(Refused):
    """A message that cannot be sent as asked: a bad address, a line break in a header, no way to unsubscribe."""


class OutgoingMail(db.Model):
    """One message to one address. Global, because a password is reset in no workspace.

    The address is the key by which it is found for an account as for a person: what was sent to an
    address is about whoever it belongs to. `subject_kind` and `subject_id` say what it was about.
    """

    __tablename__ = "outgoing_mail"
    __label__ = _l("Letters that we sent")
    __table_args__ = (Index(None, "to_address"), Index(None, "workspace_id", "id"))
    __about__ = (
        About("account", by="to_address"), About("person", by="to_address"),
        # To a former address, or to a colleague about them: no less about the person.
        About("account", via=("subject_id", "*")), About("person", via=("subject_id", "*")),
    )  # fmt: skip
    __retention__ = (
        Keep("logs", anchor="created_at", days=30, why=_l("to see what went out when somebody misses it")),
    )

    id: Mapped[uuid.UUID] = plain(Id(), primary_key=True, default=new_id, why="names the message, and its Message-ID")
    workspace_id: Mapped[uuid.UUID | None] = plain(Id(), why="the tenant it speaks for; none for the installation")
    to_address: Mapped[str] = personal(String(254), category="contact", keep="logs", label=_l("Sent to"))
    subject: Mapped[str] = personal(String(300), category="communication", keep="logs", label=_l("Subject"))
    text: Mapped[str] = personal(Text, category="communication", keep="logs", label=_l("Text"))
    html: Mapped[str] = personal(Text, default="", category="communication", keep="logs", label=_l("Formatted text"))
    headers: Mapped[dict[str, Any]] = personal(
        default=dict, category="communication", keep="logs", export=False, label=_l("Headers (the unsubscribe link)")
    )
    attachments: Mapped[list[str]] = plain(default=list, why="ids of stored files of the workspace")
    message_id: Mapped[str] = plain(String(200), why="stable over all tries, so that mailboxes know a repetition")
    mail_class: Mapped[str] = plain(String(20), why="transactional or marketing")
    purpose: Mapped[str] = plain(String(60), why="which consent or ground it stands on")
    subject_kind: Mapped[str] = plain(String(40), default="", why="table of what it is about")
    subject_id: Mapped[uuid.UUID | None] = plain(Id(), why="row of what it is about")
    state: Mapped[str] = plain(String(10), default=MailState.QUEUED, why="moves by conditional updates only")
    reason: Mapped[str] = plain(String(200), default="", why="why it was withheld or failed, in our words")
    created_at: Mapped[datetime] = plain(why="when it was asked for; starts the retention clock")
    sent_at: Mapped[datetime | None] = plain(why="when the mail server took it")


# ---------------------------------------------------------------------------------- the gate

Gate = Callable[[OutgoingMail], tuple[bool, str]]
_gates: list[Gate] = []


def gate(may_send: Gate) -> Gate:
    """Register a check that is asked when a message is about to leave, not only when it was written.

    `may_send(mail)` returns (may it, why not in our words). All must agree. Without any gate marketing
    is withheld: nobody can say that it is permitted.
    """
    _gates.append(may_send)
    return may_send


def _may_send(mail: OutgoingMail) -> tuple[bool, str]:
    if mail.mail_class == MARKETING and not _gates:
        return False, "nobody can say that marketing is permitted"
    for may_send in _gates:
        may, reason = may_send(mail)
        if not may:
            return False, reason
    return True, ""


# ---------------------------------------------------------------------------------- asking


def send(
    to: str,
    template: str,
    *,
    mail_class: str,
    purpose: str,
    workspace_id: uuid.UUID | None = None,
    subject_kind: str = "",
    subject_id: uuid.UUID | None = None,
    list_unsubscribe: str | None = None,
    reply_to: str | None = None,
    attachments: Sequence[files.StoredFile] = (),
    **context: Any,
) -> OutgoingMail:
    """Write a message and ask the worker to send it, in the caller's transaction; the caller commits.

    to: one address, nothing else. template: name under `templates/mail`. workspace_id: the present one
    unless given. list_unsubscribe: for marketing an https address that unsubscribes by POST (RFC 8058).
    attachments: stored files of the workspace. context: the template's. Raises BadMail.
    """
    if mail_class not in (TRANSACTIONAL, MARKETING):
        raise ValueError(f"mail_class is {TRANSACTIONAL} or {MARKETING}, not {mail_class!r}")
    to = _address(to)
    headers = _headers(mail_class, list_unsubscribe, reply_to)
    subject, text, html = render(template, **context)
    mail = OutgoingMail(
        id=new_id(), workspace_id=workspace_id or tenancy.current(), to_address=to, subject=subject, text=text,
        html=html, headers=headers, attachments=[str(file.id) for file in attachments], mail_class=mail_class,
        purpose=purpose, subject_kind=subject_kind, subject_id=subject_id, state=MailState.QUEUED,
        created_at=db_now(),
    )  # fmt: skip
    mail.message_id = f"<{mail.id}@{_domain()}>"
    db.session.add(mail)
    _ask(mail)
    return mail


_STOPPED = (MailState.FAILED, MailState.WITHHELD, MailState.WAITING)


def send_again(mail_id: uuid.UUID) -> bool:
    """Queue a message that failed, was withheld or waits again; True when this call did it. The caller commits."""
    again = (
        update(OutgoingMail)
        .where(OutgoingMail.id == mail_id, _mine(), OutgoingMail.state.in_(_STOPPED))
        .values(state=MailState.QUEUED, reason="")
    )
    if db.session.execute(again).rowcount != 1:  # type: ignore[attr-defined]
        return False
    mail = db.session.get_one(OutgoingMail, mail_id)
    _ask(mail)
    return True


def waiting() -> int:
    """How many messages of the present workspace wait because their way out is not in the register of recipients."""
    asked = select(func.count()).select_from(OutgoingMail).where(_mine(), OutgoingMail.state == MailState.WAITING)
    return db.session.scalar(asked) or 0


def send_waiting(limit: int = 500) -> int:
    """Queue messages that wait for a recipient to be listed; return how many. The caller commits."""
    asked = select(OutgoingMail.id).where(_mine(), OutgoingMail.state == MailState.WAITING)
    return sum(
        send_again(mail_id) for mail_id in db.session.scalars(asked.order_by(OutgoingMail.id).limit(limit)).all()
    )


def _ask(mail: OutgoingMail) -> None:
    jobs.enqueue("mail.send", args={"mail": mail.id}, key=f"mail:{mail.id}", workspace_id=mail.workspace_id)


def render(template: str, **context: Any) -> tuple[str, str, str]:
    """Return (subject, text, html or "") of a template of mail. Raises BadMail when the subject has line breaks."""
    context.setdefault("base_url", current_app.config["BASE_URL"])
    # Not render_template: a page's navigation and theme are no part of a letter, and need a request.
    templates = current_app.jinja_env
    whole = templates.get_template(f"mail/{template}.txt").render(**context).lstrip("\n")
    head, _, text = whole.partition("\n\n")
    if not head.startswith("Subject: "):
        raise BadMail(f"mail/{template}.txt must begin with a line 'Subject: …' and an empty one")
    subject = _one_line("subject", head.removeprefix("Subject: ").strip())
    try:
        html = templates.get_template(f"mail/{template}.html").render(**{"subject": subject, **context})
    except TemplateNotFound as missing:
        if missing.name != f"mail/{template}.html":
            raise
        html = ""
    return subject, text.strip("\n") + "\n", html


def _headers(mail_class: str, list_unsubscribe: str | None, reply_to: str | None) -> dict[str, str]:
    headers = {} if reply_to is None else {"Reply-To": _address(reply_to)}
    if mail_class == MARKETING and not list_unsubscribe:
        raise BadMail("A marketing message must carry an address to unsubscribe.")
    if list_unsubscribe:
        url = _one_line("list_unsubscribe", list_unsubscribe)
        if not url.startswith(("https://", current_app.config["BASE_URL"] + "/")) or re.search(r"[\s<>]", url):
            raise BadMail("The address to unsubscribe must begin with https://.")
        headers |= {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return headers


def _one_line(name: str, value: str) -> str:
    if any(c in value for c in "\r\n\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"):
        raise BadMail(f"The {name} of a message cannot hold a line break.")
    return value[:300]


def _address(value: str) -> str:
    _one_line("address", value)
    if len(value) > 254 or not _ADDRESS.fullmatch(value):
        raise BadMail("This is not an e-mail address.", field="email")
    return value


def _domain() -> str:
    """The domain that our message ids end in: the sender's."""
    sender = parseaddr(current_app.config["MAIL_FROM"])[1]
    return sender.rpartition("@")[2] or urlsplit(current_app.config["BASE_URL"]).hostname or "localhost"


# ---------------------------------------------------------------------------------- sending


@jobs.job("mail.send", max_attempts=TRIES, title=_l("Send mail"))
def _send(job: jobs.JobContext) -> None:
    with database.reading():  # the conversation with the server holds no write lock
        mail = db.session.get(OutgoingMail, uuid.UUID(job.args["mail"]))
        if mail is None:  # erased meanwhile: also what an earlier try, killed in its middle, had written by then
            mail_delivery.remove_copy(uuid.UUID(job.args["mail"]))
            return
        if mail.state != MailState.QUEUED:
            return
        may, reason = _may_send(mail)
        letter = _letter(mail) if may else None
        db.session.rollback()
    if letter is None:
        _settle(job, {"state": MailState.WITHHELD, "reason": reason})
        return
    try:
        mail_delivery.deliver(letter)
    except egress.NotListed as no:
        _settle(job, {"state": MailState.WAITING, "reason": no.message[:200]})
        return
    except Exception as fault:
        final = isinstance(fault, Refusal)
        if final or job.last_attempt:
            words = str(fault) if final else f"given up after {job.faults + 1} tries ({type(fault).__name__})"
            _settle(job, {"state": MailState.FAILED, "reason": words}, finish=False)
        if final:
            raise jobs.GiveUp(str(fault)) from fault
        raise
    _settle(job, {"state": MailState.SENT, "sent_at": db_now(), "reason": ""})


def _settle(job: jobs.JobContext, values: Mapping[str, Any], *, finish: bool = True) -> None:
    """Record the outcome together with the job's end."""
    mail_id = uuid.UUID(job.args["mail"])
    settled = db.session.execute(
        update(OutgoingMail).where(OutgoingMail.id == mail_id, OutgoingMail.state == MailState.QUEUED).values(**values),
        execution_options={"synchronize_session": False},
    )
    erased = select(OutgoingMail.id).where(OutgoingMail.id == mail_id)
    if settled.rowcount == 0 and db.session.scalar(erased) is None:  # type: ignore[attr-defined]
        mail_delivery.remove_copy(mail_id)  # erased while it was being sent
    if finish:
        job.finish_in_this_transaction()
    db.session.commit()


def _letter(mail: OutgoingMail) -> mail_delivery.Letter:
    attached = []
    for file_id in mail.attachments:
        file = db.session.scalar(select(files.StoredFile).where(files.StoredFile.id == uuid.UUID(file_id)))
        if file is not None:  # deleted meanwhile: the message goes without it
            attached.append((file.name, file.media_type, files.read(file)))
    return mail_delivery.Letter(
        id=mail.id, to=mail.to_address, subject=mail.subject, text=mail.text, html=mail.html,
        headers=dict(mail.headers), message_id=mail.message_id, at=mail.created_at, attached=attached,
    )  # fmt: skip


# ---------------------------------------------------------------------------------- looking and forgetting


def _mine() -> Any:
    """Messages of the present workspace; outside one (command line) all."""
    workspace_id = tenancy.current()
    return OutgoingMail.workspace_id == workspace_id if workspace_id is not None else OutgoingMail.id.is_not(None)


def recent(limit: int = 50) -> list[OutgoingMail]:
    """The newest messages of the present workspace, newest first."""
    return list(db.session.scalars(select(OutgoingMail).where(_mine()).order_by(OutgoingMail.id.desc()).limit(limit)))


def get(mail_id: uuid.UUID) -> OutgoingMail | None:
    """The message with this id in the present workspace, or None."""
    return db.session.scalar(select(OutgoingMail).where(OutgoingMail.id == mail_id, _mine()))


def forget(mail: OutgoingMail) -> None:
    """Remove the written copy of a message, if there is one. Its row is the caller's to delete."""
    mail_delivery.remove_copy(mail.id)


def forget_addresses(addresses: Sequence[str]) -> int:
    """Delete every message to these addresses, rows and written copies; return how many. The caller commits."""
    wanted = [address.lower() for address in addresses]
    rows = db.session.scalars(select(OutgoingMail).where(func.lower(OutgoingMail.to_address).in_(wanted))).all()
    for row in rows:
        db.session.delete(row)
    for path in files_of(addresses):
        path.unlink(missing_ok=True)
    return len(rows)


files_of = mail_delivery.files_of


@event.listens_for(OutgoingMail, "after_delete")
def _forget_copy(_mapper: Any, _connection: Any, mail: OutgoingMail) -> None:
    # Should the transaction roll back, the message is still there to be sent; only its copy is gone.
    forget(mail)


@jobs.every("mail.sweep", seconds=3600, title=_l("Remove copies of deleted mail"))
def _sweep(job: jobs.JobContext) -> None:
    with database.reading():
        for mail_id, path in mail_delivery.copies():
            if db.session.scalar(select(OutgoingMail.id).where(OutgoingMail.id == mail_id)) is None:
                path.unlink(missing_ok=True)
    send_waiting()  # the settings may list by now what they did not
    db.session.commit()


__all__ = [
    "MARKETING", "TRANSACTIONAL", "BadMail", "MailState", "OutgoingMail", "files_of", "forget", "forget_addresses",
    "gate", "get", "recent", "render", "send", "send_again",
]  # fmt: skip
