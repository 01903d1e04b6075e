"""What people do in tests of consent, requests and checks: say yes, ask, and get letters."""

from __future__ import annotations

from datetime import datetime

from logicrm.core import mail, tenancy, workspaces
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy import contact, sites
from logicrm.privacy import requests as desk
from logicrm.privacy.request_models import PrivacyRequest
from logicrm.privacy.sites import Site
from logicrm.privacy.subjects import make_known

CARLA = "carla@customer.example"


def site() -> Site:
    """The present workspace with its policy."""
    place = tenancy.current()
    business = workspaces.by_id(place) if place else None
    assert business is not None
    return sites.of_business(business)


def agrees(at: datetime) -> None:
    person, here = make_known(CARLA, now=at), site()
    contact.give(
        person.id, "marketing", "email", profile=here.profile, business=here.name, language="en", how="portal",
        proof={}, now=at,
    )  # fmt: skip


def asked(at: datetime, words: str) -> PrivacyRequest:
    person, here = make_known(CARLA, now=at), site()
    made = desk.file(
        person.id, "access", words, profile=here.profile, country="RO", time_zone="Europe/Bucharest", language="en",
        now=at,
    )  # fmt: skip
    db.session.flush()
    return made


def letter_to(to: str, at: datetime, *, purpose: str = "legal", kind: str = mail.TRANSACTIONAL, text: str = "") -> None:
    headers = {"List-Unsubscribe": "<https://x>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    db.session.add(
        mail.OutgoingMail(
            id=new_id(), workspace_id=tenancy.current(), to_address=to, subject="Hello", text=text,
            headers=headers if kind == mail.MARKETING else {}, attachments=[], message_id="<x@y>", mail_class=kind,
            purpose=purpose, state=mail.MailState.SENT, created_at=at, sent_at=at,
        )
    )  # fmt: skip
    db.session.flush()
