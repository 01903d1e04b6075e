"""What the tests of mail do again and again."""

from __future__ import annotations

import email
import uuid
from email import policy
from pathlib import Path
from typing import Any

from flask import Flask

from logicrm.core import mail, mail_delivery, tenancy
from logicrm.core.mail import TRANSACTIONAL, OutgoingMail
from logicrm.extensions import db


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


def written_to(stage: Flask, mail_id: uuid.UUID) -> Path:
    """Where a message is written."""
    with stage.app_context():
        return mail_delivery.path_of(mail_id)
