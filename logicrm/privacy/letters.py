"""Letters about copies and deletions: to every known address, in the person's language."""

from __future__ import annotations

import uuid
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from flask import current_app
from flask_babel import force_locale

from logicrm.core import mail, mail_delivery
from logicrm.core.schema import db_now
from logicrm.core.subjects import Subject
from logicrm.privacy.models import Deletion

NOBODY = "undisclosed-recipients:;"


def absolute(endpoint: str, **values: Any) -> str:
    """The full address of a page, also where there is no request (jobs)."""
    path = current_app.url_map.bind("localhost").build(endpoint, values, force_external=False)
    return str(current_app.config["BASE_URL"]) + path


def on_paper(template: str, **context: Any) -> str:
    """A paper's HTML. Not render_template: a page's navigation and theme are no part of it, and need a request."""
    return str(current_app.jinja_env.get_template(template).render(**context))


def write(subject: Subject, template: str, to: str = "", **context: Any) -> None:
    """Queue a letter to one address, or to every known one, in the caller's transaction."""
    with force_locale(subject.language or "en"):
        for address in [to] if to else subject.emails:
            mail.send(
                address, template, mail_class=mail.TRANSACTIONAL, purpose="legal", subject_kind=subject.kind,
                subject_id=subject.id, workspace_id=subject.workspace_id, language=subject.language or "en", **context,
            )  # fmt: skip


def last_notice(
    deletion: Deletion, address: str, number: int, *, certificate_url: str, at: datetime
) -> mail.OutgoingMail:
    """Send the notice of a finished erasure from memory: no row and no file ever holds the address.

    Sent again after a crash it carries the same Message-ID. Returns the row that the outbox shows, without
    recipient, for the caller to add.
    """
    name = uuid.uuid5(deletion.id, f"notice-{number}")
    with force_locale(deletion.language or "en"):
        subject, text, html = mail.render(
            "deletion_done", reference=deletion.reference, certificate_url=certificate_url,
            language=deletion.language or "en",
        )  # fmt: skip
    sender = parseaddr(current_app.config["MAIL_FROM"])[1]
    letter = mail_delivery.Letter(
        id=name, to=NOBODY, subject=subject, text=text, html=html, at=at,
        message_id=f"<{name}@{sender.rpartition('@')[2] or 'localhost'}>",
    )  # fmt: skip
    message = mail_delivery.compose(letter)
    url = current_app.config["MAIL_URL"]
    if url.startswith("file:"):
        mail_delivery.write_copy(name, message.as_bytes())
    else:
        with mail_delivery.connected(url) as server:
            server.send_message(message, sender, [address])
    return mail.OutgoingMail(
        id=name, workspace_id=deletion.workspace_id, to_address="", subject=subject, text=text, html=html, headers={},
        attachments=[], message_id=letter.message_id, mail_class=mail.TRANSACTIONAL, purpose="legal",
        state=mail.MailState.SENT, created_at=db_now(), sent_at=db_now(),
    )  # fmt: skip
