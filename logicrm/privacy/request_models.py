"""Requests that need a human: what was asked, by when it is answered, and what became of it."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped
from sqlalchemy.sql import ColumnElement

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Keep, personal, plain
from logicrm.core.schema import Id
from logicrm.core.tenancy import InWorkspace, Person, inside
from logicrm.extensions import db


class RequestState(StrEnum):
    """After the Data Rights Protocol; moves by conditional updates only."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    FULFILLED = "fulfilled"
    DENIED = "denied"
    REVOKED = "revoked"  # taken back by the person


UNANSWERED = (RequestState.OPEN, RequestState.IN_PROGRESS)
STATE_WORDS = {
    RequestState.OPEN: (_l("Received"), "info"),
    RequestState.IN_PROGRESS: (_l("In progress"), "info"),
    RequestState.FULFILLED: (_l("Done"), "good"),
    RequestState.DENIED: (_l("Refused"), "bad"),
    RequestState.REVOKED: (_l("Taken back"), "neutral"),
}
#: What somebody may ask for, in the order of the form; the words are those of the form.
KIND_WORDS = {
    "access": _l("Tell me more about the data that you hold (access)"),
    "rectification": _l("Correct something that I cannot correct here (rectification)"),
    "erasure": _l("Delete a part of my data (erasure)"),
    "restriction": _l("Keep my data, but do not use it (restriction)"),
    "objection": _l("Stop using my data for something (objection)"),
    "portability": _l("Hand my data to another business (portability)"),
    "complaint": _l("I want to complain"),
    "minor": _l("This is about a child’s data"),
    "inquiry": _l("I have a question about privacy"),
}
#: Why a request was refused. The person reads the words, so each names its ground.
DENIALS = {
    "not_you": _l("We could not make sure that you are the person concerned (GDPR Art. 12(6))."),
    "nothing": _l("We hold nothing that this concerns."),
    "law_keeps": _l("A law makes us keep it (GDPR Art. 17(3)(b))."),
    "claims": _l("We need it for a legal claim (GDPR Art. 17(3)(e))."),
    "others": _l("It would harm the rights of somebody else (GDPR Art. 15(4))."),
    "excessive": _l("It repeats earlier requests without a new reason (GDPR Art. 12(5))."),
}


class PrivacyRequest(InWorkspace, db.Model):
    """One right, asked for by one person, with the day by which it is answered."""

    __tablename__ = "privacy_request"
    __label__ = _l("Privacy requests")
    __table_args__ = (
        inside("subject_id", "data_subject", ondelete="CASCADE"),
        Index("ix_privacy_request_due", "workspace_id", "state", "due_on", "id"),
        Index("ix_privacy_request_subject", "workspace_id", "subject_id", "id"),
    )
    __about__ = (About("person", via=("subject_id", "data_subject")),)
    __retention__ = (Keep("requests", anchor="closed_at", why=_l("proof that the request was answered in time")),)

    subject_id: Mapped[uuid.UUID] = plain(Id(), why="who asks")
    kind: Mapped[str] = personal(
        String(20), category="consent", keep="requests", purpose="legal", label=_l("What you asked")
    )
    words: Mapped[str] = personal(
        Text, default="", category="communication", keep="requests", purpose="legal", label=_l("In your words")
    )
    language: Mapped[str] = plain(String(5), default="", why="language of the answer")
    came_by: Mapped[str] = plain(String(10), default="portal", why="portal, e-mail, letter, phone")
    received_at: Mapped[datetime] = personal(
        category="consent", keep="requests", purpose="legal", label=_l("Reached us")
    )
    due_on: Mapped[date] = plain(why="the earlier of the policy's day and the law's")
    policy_due_on: Mapped[date | None] = plain(why="the day that the policy promises")
    legal_due_on: Mapped[date | None] = plain(why="the last day that the law allows")
    regime: Mapped[str] = plain(String(10), default="", why="which law sets that day")
    state: Mapped[str] = plain(String(12), default=RequestState.OPEN, why="moves by conditional updates only")
    reason: Mapped[str] = plain(String(20), default="", why="code of the ground of a refusal")
    answer: Mapped[str] = personal(
        Text, default="", category="communication", keep="requests", purpose="legal", label=_l("Our answer")
    )
    closed_at: Mapped[datetime | None] = personal(
        category="consent", keep="requests", purpose="legal", label=_l("Answered on")
    )
    extended_at: Mapped[datetime | None] = plain(why="when the person was told that it takes longer; once at most")
    extension_reason: Mapped[str] = personal(
        Text, server_default="", default="", category="communication", keep="requests", purpose="legal",
        label=_l("Why it takes longer"),
    )  # fmt: skip
    handled_by: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), index=True, why="who answered"
    )

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        """Their own."""
        return cls.subject_id == person.subject_id
