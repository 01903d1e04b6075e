"""Requests that a human answers: filed with both clocks, answered or refused with a ground. The callers commit."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from sqlalchemy import select, update

from logicrm.core import audit, mail
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import ngettext
from logicrm.core.promises import promise
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy import authorities, clocks
from logicrm.privacy.models import DataSubject
from logicrm.privacy.profile import Profile
from logicrm.privacy.request_models import DENIALS, KIND_WORDS, UNANSWERED, PrivacyRequest, RequestState

LONGEST_WORDS = 5000
MOST_OPEN = 20  # of one person: more is a mistake or mischief, and the oldest ones still get their answer


@dataclass(frozen=True)
class Row:
    """A request as a list shows it."""

    request: PrivacyRequest
    email: str


@promise("requests.intake")
@promise("clock.requests")
def file(
    subject_id: uuid.UUID, kind: str, words: str, *, profile: Profile, country: str, time_zone: str, language: str,
    now: datetime, came_by: str = "portal",
) -> PrivacyRequest:  # fmt: skip
    """File a request received now, due by the earlier of the policy's day and the law's.

    Refuses an unknown kind, and text longer than 5,000 characters.
    """
    if kind not in KIND_WORDS:
        raise Refused(_("Choose what you want from the list."), field="kind")
    if len(words) > LONGEST_WORDS:
        raise Refused(_("Use at most %(n)s characters.", n=LONGEST_WORDS), field="words")
    waiting = db.session.scalars(
        select(PrivacyRequest.id)
        .where(PrivacyRequest.subject_id == subject_id, PrivacyRequest.state.in_(UNANSWERED))
        .limit(MOST_OPEN)
    ).all()
    if len(waiting) >= MOST_OPEN:
        raise Refused(_("You have many open requests already. We answer them first."), field="kind")
    due = clocks.due(profile, now.astimezone(ZoneInfo(time_zone)).date(), country, kind=kind)
    made = PrivacyRequest(
        id=new_id(), subject_id=subject_id, kind=kind, words=words.strip(), language=language, came_by=came_by,
        received_at=now, due_on=due.on, policy_due_on=due.policy_on, legal_due_on=due.legal_on, regime=due.regime,
        state=RequestState.OPEN,
    )  # fmt: skip
    db.session.add(made)
    audit.record("request.filed", made, kind=kind, due=due.on.isoformat())
    return made


def take_back(request_id: uuid.UUID, *, now: datetime) -> None:
    """The person does not want an answer any more."""
    if not _move(request_id, RequestState.REVOKED, now=now):
        raise Refused(_("This request was answered already."))
    audit.record("request.taken_back", object_kind="privacy_request", object_id=request_id)


def begin(request_id: uuid.UUID, *, by: uuid.UUID) -> None:
    """Somebody works on it."""
    begun = db.session.execute(
        update(PrivacyRequest)
        .where(PrivacyRequest.id == request_id, PrivacyRequest.state == RequestState.OPEN)
        .values(state=RequestState.IN_PROGRESS, handled_by=by)
        .execution_options(synchronize_session=False)
    )
    if begun.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(_("Somebody was faster: this request is not waiting any more."))
    audit.record("request.begun", object_kind="privacy_request", object_id=request_id, actor=by)


@promise("clock.requests")
def extend(
    request_id: uuid.UUID, *, reason: str, by: uuid.UUID, profile: Profile, business: str, country: str, time_zone: str,
    now: datetime,
) -> PrivacyRequest:  # fmt: skip
    """Take longer, once, and tell the person why, inside the first period (GDPR Art. 12(3)).

    Refused without reasons, after the first day to answer by, a second time, and where the policy's own promise leaves
    no more time.
    """
    if not reason.strip() or len(reason) > LONGEST_WORDS:
        raise Refused(_("Say why it takes longer, in words for the person."), field="extension_reason")
    zone = ZoneInfo(time_zone)
    found = db.session.scalars(select(PrivacyRequest).where(PrivacyRequest.id == request_id)).one()
    received = found.received_at.astimezone(zone).date()
    due = clocks.due(profile, received, country, kind=found.kind, extended=True)
    if due.on <= found.due_on:
        raise Refused(
            _("The policy promises an answer by that day, and leaves no more time."), field="extension_reason"
        )
    moved = db.session.execute(
        update(PrivacyRequest)
        .where(
            PrivacyRequest.id == request_id, PrivacyRequest.state.in_(UNANSWERED),
            PrivacyRequest.extended_at.is_(None), PrivacyRequest.due_on >= now.astimezone(zone).date(),
        )
        .values(
            extended_at=now, extension_reason=reason.strip(), due_on=due.on, policy_due_on=due.policy_on,
            legal_due_on=due.legal_on, regime=due.regime, handled_by=by,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(
            _("It can be extended once, before the first day to answer by is over."), field="extension_reason"
        )
    db.session.expire_all()
    longer = db.session.scalars(select(PrivacyRequest).where(PrivacyRequest.id == request_id)).one()
    person = db.session.scalars(select(DataSubject).where(DataSubject.id == longer.subject_id)).one()
    language = longer.language or person.language or "en"
    with force_locale(language):
        mail.send(
            person.email, "request_extended", mail_class=mail.TRANSACTIONAL, purpose="legal", subject_kind="person",
            subject_id=person.id, language=language, business=business, kind=KIND_WORDS[longer.kind],
            words=longer.extension_reason, due_on=longer.due_on, contact=profile.identity.contact,
            authority=authorities.authority_for(profile.identity.country),
        )  # fmt: skip
    audit.record("request.extended", longer, actor=by, due=longer.due_on.isoformat())
    return longer


@promise("requests.answer")
def answer(
    request_id: uuid.UUID, *, fulfilled: bool, words: str, reason: str, by: uuid.UUID, profile: Profile, business: str,
    now: datetime,
) -> PrivacyRequest:  # fmt: skip
    """Close a request and write to the person. A refusal names its ground, the authority and the court.

    Refuses a refusal without a ground, and a request that is closed already.
    """
    if not fulfilled and reason not in DENIALS:
        raise Refused(_("Choose the ground of the refusal."), field="reason")
    if not words.strip():
        raise Refused(_("Say in a sentence what was done, or why it was not."), field="answer")
    state = RequestState.FULFILLED if fulfilled else RequestState.DENIED
    said = {"answer": words.strip()[:LONGEST_WORDS], "reason": "" if fulfilled else reason, "handled_by": by}
    if not _move(request_id, state, now=now, **said):
        raise Refused(_("This request is closed already."))
    db.session.expire_all()
    closed = db.session.scalars(select(PrivacyRequest).where(PrivacyRequest.id == request_id)).one()
    person = db.session.scalars(select(DataSubject).where(DataSubject.id == closed.subject_id)).one()
    language = closed.language or person.language or "en"
    with force_locale(language):
        mail.send(
            person.email, "request_answered", mail_class=mail.TRANSACTIONAL, purpose="legal", subject_kind="person",
            subject_id=person.id, language=language, business=business, kind=KIND_WORDS[closed.kind],
            fulfilled=fulfilled, ground=DENIALS.get(closed.reason, ""), words=closed.answer,
            authority=authorities.authority_for(profile.identity.country), contact=profile.identity.contact,
        )  # fmt: skip
    audit.record("request.answered", closed, actor=by, state=str(state), reason=closed.reason)
    return closed


def _move(request_id: uuid.UUID, state: RequestState, *, now: datetime, **values: object) -> bool:
    moved = db.session.execute(
        update(PrivacyRequest)
        .where(PrivacyRequest.id == request_id, PrivacyRequest.state.in_(UNANSWERED))
        .values(state=state, closed_at=now, **values)
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]


def of_subject(subject_id: uuid.UUID) -> list[PrivacyRequest]:
    """What a person asked, newest first."""
    asked = select(PrivacyRequest).where(PrivacyRequest.subject_id == subject_id)
    return list(db.session.scalars(asked.order_by(PrivacyRequest.id.desc()).limit(100)))


def waiting(limit: int = 100) -> list[Row]:
    """Requests without an answer, the most urgent first."""
    return _rows(PrivacyRequest.state.in_(UNANSWERED), PrivacyRequest.due_on, PrivacyRequest.id, limit=limit)


def closed(limit: int = 100) -> list[Row]:
    """The newest answered ones."""
    return _rows(PrivacyRequest.state.not_in(UNANSWERED), PrivacyRequest.id.desc(), limit=limit)


def get(request_id: uuid.UUID) -> Row | None:
    """One request, or None."""
    return next(iter(_rows(PrivacyRequest.id == request_id, PrivacyRequest.id, limit=1)), None)


def _rows(condition: object, *order: object, limit: int) -> list[Row]:
    asked = (
        select(PrivacyRequest, DataSubject.email)
        .join(DataSubject, PrivacyRequest.subject_id == DataSubject.id)
        .where(condition)  # type: ignore[arg-type]
        .order_by(*order)  # type: ignore[arg-type]
        .limit(limit)
    )
    return [Row(request, email) for request, email in db.session.execute(asked)]


def days_left(request: PrivacyRequest, today: date) -> int:
    """Whole days until the answer is late; negative when it is."""
    return (request.due_on - today).days


def left_words(days: int) -> tuple[str, str]:
    """('3 days left', tone)."""
    if days < 0:
        return ngettext("%(num)d day late", "%(num)d days late", -days), "bad"
    if days == 0:
        return _("Due today"), "warn"
    return ngettext("%(num)d day left", "%(num)d days left", days), "warn" if days <= 5 else "neutral"
