"""Breaches: what happened, by when who must hear of it, who is affected, and who was told."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Keep, personal, plain
from logicrm.core.schema import Id
from logicrm.core.tenancy import InWorkspace, inside
from logicrm.extensions import db


class BreachState(StrEnum):
    """Moves by conditional updates only."""

    FOUND = "found"
    TRIAGED = "triaged"  # somebody looked into it and stopped it
    DECIDED = "decided"  # risk and who is told
    CLOSED = "closed"


OPEN = (BreachState.FOUND, BreachState.TRIAGED, BreachState.DECIDED)
STATE_WORDS = {
    BreachState.FOUND: (_l("Found"), "bad"),
    BreachState.TRIAGED: (_l("Looked into"), "warn"),
    BreachState.DECIDED: (_l("Decided"), "info"),
    BreachState.CLOSED: (_l("Closed"), "good"),
}
RISKS = {
    "none": _l("No risk for anybody: written down here, nobody has to be told"),
    "risk": _l("A risk: the authority is told"),
    "high": _l("A high risk: the authority and the people are told"),
}
RISK_WORDS = {
    "": (_l("not decided"), "warn"),
    "none": (_l("no risk"), "good"),
    "risk": (_l("risk"), "warn"),
    "high": (_l("high risk"), "bad"),
}
#: The categories of core/pii.py in words for the desk and the authority; the people read those of the policy.
DATA_KINDS = {
    "identity": _l("names, job titles, firms"),
    "contact": _l("addresses, e-mail, phone numbers"),
    "business": _l("orders and shipments"),
    "communication": _l("messages and notes"),
    "consent": _l("choices and consents"),
    "security": _l("passwords (hashed), sessions, sign-ins"),
    "device": _l("devices and browsers"),
    "usage": _l("what was opened and when"),
    "location": _l("positions"),
    "financial": _l("invoices and payments"),
    "upload": _l("files"),
}
PEOPLE_KINDS = {
    "customers": _l("Customers and their staff"),
    "recipients": _l("Senders and recipients of shipments"),
    "leads": _l("People who asked for an offer"),
    "staff": _l("Our own staff"),
    "children": _l("Children"),
}
WAYS = {
    "form": _l("form on the authority’s website"),
    "email": _l("e-mail"),
    "letter": _l("letter by post"),
    "phone": _l("phone, then in writing"),
}
AUTHORITY, PEOPLE = "authority", "people"
FIRST, FURTHER = "first", "further"
AUDIENCES = {AUTHORITY: _l("To the authority"), PEOPLE: _l("To the people affected")}
PHASES = {FIRST: _l("First notice"), FURTHER: _l("Further notice")}


class Breach(InWorkspace, db.Model):
    """One incident, or one exercise, which is worked through in the same way and tells nobody."""

    __tablename__ = "breach"
    __label__ = _l("Breaches")
    __table_args__ = (
        UniqueConstraint("workspace_id", "number"),
        Index("ix_breach_state", "workspace_id", "state", "aware_at"),
    )

    number: Mapped[int] = plain(Integer, why="how it is called in letters")
    title: Mapped[str] = plain(String(150), why="what it is called at the desk; no names")
    is_exercise: Mapped[bool] = plain(Boolean, default=False, why="tried out, did not happen")
    state: Mapped[str] = plain(String(10), default=BreachState.FOUND, why="moves by conditional updates only")
    detected_at: Mapped[datetime] = plain(why="when somebody or something first noticed")
    aware_at: Mapped[datetime] = plain(why="when we knew that personal data is concerned; starts the law's clock")
    triaged_at: Mapped[datetime | None] = plain(why="when somebody had looked into it")
    began_at: Mapped[datetime | None] = plain(why="when it began, as far as is known")
    ended_at: Mapped[datetime | None] = plain(why="when it was over")
    happened: Mapped[str] = plain(Text, default="", why="what happened; the form asks for no names")
    data_kinds: Mapped[list[str]] = plain(default=list, why="categories of data concerned")
    people_kinds: Mapped[list[str]] = plain(default=list, why="kinds of people concerned")
    people_count: Mapped[int | None] = plain(Integer, why="about how many people")
    record_count: Mapped[int | None] = plain(Integer, why="about how many records")
    consequences: Mapped[str] = plain(Text, default="", why="what may come of it for the people")
    measures: Mapped[str] = plain(Text, default="", why="what was done against it and its consequences")
    risk: Mapped[str] = plain(String(5), default="", why="none, risk, high; empty until decided")
    reasons: Mapped[str] = plain(Text, default="", why="why the risk was judged so, and who is told or not")
    authority_due_at: Mapped[datetime | None] = plain(why="the earliest of the clocks towards the authority")
    authority_by: Mapped[str] = plain(String(60), default="", why="whose clock that is: a law, or the policy")
    people_due_at: Mapped[datetime | None] = plain(why="the policy's clock towards the people, where it has one")
    recorded_at: Mapped[datetime] = plain(why="when it was put into the register")
    recorded_by: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), index=True, why="who wrote it down"
    )
    decided_at: Mapped[datetime | None] = plain(why="when the risk was judged")
    decided_by: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), index=True, why="who judged it"
    )
    closed_at: Mapped[datetime | None] = plain(why="when nothing was left to do")


class BreachNotice(InWorkspace, db.Model):
    """One notice to the authority or to the people. Never changed."""

    __tablename__ = "breach_notice"
    __label__ = _l("Notices of a breach")
    __table_args__ = (
        inside("breach_id", "breach", ondelete="CASCADE"),
        inside("file_id", "stored_file"),
        Index("ix_breach_notice_breach", "workspace_id", "breach_id", "audience", "sent_at"),
    )

    breach_id: Mapped[uuid.UUID] = plain(Id(), why="of which breach")
    audience: Mapped[str] = plain(String(10), why="authority or people")
    phase: Mapped[str] = plain(String(8), why="first or further: what is not known yet follows in a further one")
    words: Mapped[str] = plain(Text, default="", why="what was added to the letter; no names")
    way: Mapped[str] = plain(String(10), default="", why="how the authority got it")
    reference: Mapped[str] = plain(String(100), default="", why="the authority's number of it")
    sent_at: Mapped[datetime] = plain(why="when it went out")
    due_at: Mapped[datetime | None] = plain(why="by when it had to")
    late_reason: Mapped[str] = plain(Text, default="", why="why it was late (GDPR Art. 33(1)); no names")
    file_id: Mapped[uuid.UUID | None] = plain(Id(), why="the letter as it went, encrypted in the file store")
    sent_by: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), index=True, why="who sent it"
    )

    @property
    def is_late(self) -> bool:
        """True when it went out after its time."""
        return self.due_at is not None and self.sent_at > self.due_at


class BreachPerson(InWorkspace, db.Model):
    """Somebody who is affected, found by a query over the declarations."""

    __tablename__ = "breach_person"
    __label__ = _l("Affected by a breach")
    __table_args__ = (
        inside("breach_id", "breach", ondelete="CASCADE"),
        UniqueConstraint("workspace_id", "breach_id", "email"),
        Index("ix_breach_person_email", "workspace_id", "email"),
        Index("ix_breach_person_asked", "workspace_id", "breach_id", "asked_for", "told_for"),
    )
    __about__ = (About("person", by="email"), About("account", by="email"))
    __retention__ = (Keep("requests", anchor="told_at", why=_l("proof that everybody affected was told")),)

    breach_id: Mapped[uuid.UUID] = plain(Id(), why="which breach")
    email: Mapped[str] = personal(
        String(254), category="contact", keep="requests", purpose="legal", label=_l("We wrote to you at")
    )
    found_in: Mapped[list[str]] = personal(
        default=list, category="business", keep="requests", purpose="legal", label=_l("Kinds of records affected")
    )
    found_at: Mapped[datetime] = plain(why="when the query found them")
    asked_for: Mapped[uuid.UUID | None] = plain(Id(), why="the newest notice that goes to them")
    asked_at: Mapped[datetime | None] = plain(why="when that was decided: letters that do not leave show by this")
    told_for: Mapped[uuid.UUID | None] = plain(Id(), why="the newest notice that went: each goes once")
    told_at: Mapped[datetime | None] = personal(
        category="communication", keep="requests", purpose="legal", label=_l("We told you on")
    )
