"""Checks of consent and requests: what was agreed to by an act, what was sent, what waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from logicrm.core import mail, tenancy
from logicrm.core.checks import Checked, check
from logicrm.core.mail import MARKETING, MailState
from logicrm.core.workspaces import by_id
from logicrm.extensions import db
from logicrm.privacy import contact, vocabulary
from logicrm.privacy.consent_models import Consent, Suppression
from logicrm.privacy.models import DataSubject
from logicrm.privacy.request_models import UNANSWERED, PrivacyRequest

A_YEAR = timedelta(days=365)


@check("opt_in")
def every_yes_was_an_act(now: datetime) -> Checked:
    """Consents, and how many were not given by an act of the person, or lack the words that were agreed to."""
    everyone = db.session.scalar(select(func.count()).select_from(Consent)) or 0
    without = db.session.scalar(
        select(func.count()).select_from(Consent).where(or_(Consent.how.not_in(contact.ACTS), Consent.wording == ""))
    )
    return Checked(everyone, without or 0)


@check("gate")
def advertising_had_a_yes(now: datetime) -> Checked:
    """Advertising that left, and how much of it without a yes for its purpose at that moment, or after a no."""
    sent = _advertising()
    return Checked(len(sent), sum(1 for letter in sent if not _permitted(letter)))


@check("unsubscribe")
def advertising_has_a_way_out(now: datetime) -> Checked:
    """Advertising that left, and how much of it without the headers by which mailboxes unsubscribe (RFC 8058)."""
    sent = _advertising()
    needed = ("List-Unsubscribe", "List-Unsubscribe-Post")
    return Checked(len(sent), sum(1 for letter in sent if not all(letter.headers.get(name) for name in needed)))


@check("messages")
def messages_are_what_they_say(now: datetime) -> Checked:
    """Messages that are no advertising, and how many of them have a purpose that only a yes allows."""
    letters = mail.OutgoingMail.__table__
    sent = db.session.execute(
        select(letters.c.purpose).where(letters.c.workspace_id == tenancy.current(), letters.c.mail_class != MARKETING)
    ).scalars()
    found = list(sent)
    return Checked(len(found), sum(1 for purpose in found if purpose in vocabulary.CONSENT_ONLY))


def _advertising() -> Sequence[mail.OutgoingMail]:
    letters = mail.OutgoingMail.__table__.c
    wanted = select(mail.OutgoingMail).where(
        letters.workspace_id == tenancy.current(), letters.mail_class == MARKETING, letters.state == MailState.SENT
    )
    return db.session.scalars(wanted).all()


def _permitted(letter: mail.OutgoingMail) -> bool:
    """What the gate should have said, asked of the stored choices and not of the gate."""
    at, hashed = letter.sent_at or letter.created_at, contact.address_hash(letter.to_address)
    given = db.session.scalars(
        select(Consent.given_at)
        .join(DataSubject, Consent.subject_id == DataSubject.id)
        .where(
            DataSubject.key_hash == hashed, Consent.purpose == letter.purpose, Consent.channel == contact.EMAIL,
            Consent.given_at <= at, or_(Consent.withdrawn_at.is_(None), Consent.withdrawn_at >= at),
        )
    ).all()  # fmt: skip
    refused = db.session.scalars(
        select(Suppression.since).where(
            Suppression.address_hash == hashed, Suppression.channel == contact.EMAIL,
            Suppression.purpose.in_(["", letter.purpose]), Suppression.since <= at,
        )
    ).all()  # fmt: skip
    return any(all(no < yes for no in refused) for yes in given)


@check("requests")
def requests_are_answered_in_time(now: datetime) -> Checked:
    """Requests of the last year and all open ones, and how many were answered late or wait too long."""
    here = tenancy.current()
    business = by_id(here) if here else None
    zone = ZoneInfo(business.facts.time_zone if business else "UTC")
    wanted = select(PrivacyRequest.due_on, PrivacyRequest.state, PrivacyRequest.closed_at).where(
        or_(PrivacyRequest.state.in_(UNANSWERED), PrivacyRequest.closed_at >= now - A_YEAR)
    )
    found = db.session.execute(wanted).all()
    late = [due for due, _state, closed in found if due < (closed or now).astimezone(zone).date()]
    return Checked(len(found), len(late))
