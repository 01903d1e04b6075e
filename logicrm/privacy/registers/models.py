"""What people do and decide, written down: controls with their evidence, and what authorities asked for.

Texts are about the work, not about people: each form asks to leave names out, and the columns are declared so.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Keep, personal, plain
from logicrm.core.schema import Id
from logicrm.core.tenancy import InWorkspace, inside
from logicrm.extensions import db


class Control(InWorkspace, db.Model):
    """One thing that people do for a promise: who sees to it, and when somebody was last reminded."""

    __tablename__ = "control"
    __label__ = _l("Controls")
    __table_args__ = (UniqueConstraint("workspace_id", "key"),)

    key: Mapped[str] = plain(String(30), why="which control of privacy/promises/controls.py")
    owner_id: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), index=True, why="the member who sees to it"
    )
    began_on: Mapped[date] = plain(why="when the policy first asked for it; the first evidence counts from here")
    reminded_on: Mapped[date | None] = plain(why="day of the last reminder, so that each goes out once")


class ControlEvidence(InWorkspace, db.Model):
    """One time that it was done. Never changed: a mistake is followed by better evidence."""

    __tablename__ = "control_evidence"
    __label__ = _l("Evidence of controls")
    __table_args__ = (
        inside("control_id", "control", ondelete="CASCADE"),
        inside("file_id", "stored_file"),
        Index("ix_control_evidence_latest", "workspace_id", "control_id", "done_on"),
    )

    control_id: Mapped[uuid.UUID] = plain(Id(), why="what it shows")
    done_on: Mapped[date] = plain(why="the day on which it was done; the next one is due from here")
    words: Mapped[str] = plain(Text, default="", why="what was done and seen; the form asks for no names")
    file_id: Mapped[uuid.UUID | None] = plain(Id(), why="the document, encrypted in the file store")
    given_at: Mapped[datetime] = plain(why="when it was put into the register")
    given_by: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), index=True, why="who put it there"
    )


class DisclosureState(StrEnum):
    """Moves by conditional updates only."""

    ASKED = "asked"
    APPROVED = "approved"  # by somebody else than who wrote it down
    GIVEN = "given"
    REFUSED = "refused"


UNDECIDED = (DisclosureState.ASKED, DisclosureState.APPROVED)
DISCLOSURE_WORDS = {
    DisclosureState.ASKED: (_l("Asked for"), "warn"),
    DisclosureState.APPROVED: (_l("Approved, not given yet"), "info"),
    DisclosureState.GIVEN: (_l("Given"), "neutral"),
    DisclosureState.REFUSED: (_l("Refused"), "good"),
}
#: Why the person has not been told. The words are those of the form.
NOT_TOLD = {
    "forbidden": _l("A law or an order forbids it for now"),
    "harm": _l("It would harm an investigation, or somebody"),
    "unreachable": _l("Nobody can be reached"),
    "nobody": _l("What was given is about no person in particular"),
}


class Disclosure(InWorkspace, db.Model):
    """What an authority or a court asked for, and what became of it.

    Whose data it is stands here without a name or an address: a copy that the person asks for must not betray an
    inquiry of which a law keeps them in the dark. Once they are told, `DisclosurePerson` names them.
    """

    __tablename__ = "disclosure"
    __label__ = _l("What authorities asked for")
    __table_args__ = (
        UniqueConstraint("workspace_id", "number"),
        inside("file_id", "stored_file"),
        Index("ix_disclosure_asked", "workspace_id", "asked_at"),
    )

    number: Mapped[int] = plain(Integer, why="how it is called in letters")
    authority: Mapped[str] = plain(String(200), why="which authority or court asks")
    reference: Mapped[str] = plain(String(100), default="", why="their number of the case")
    ground: Mapped[str] = plain(String(20), why="which of the policy's grounds it stands on")
    law: Mapped[str] = plain(String(300), default="", why="the article or the order that it names")
    wanted: Mapped[str] = plain(Text, why="what they want; the form asks for no names")
    whose: Mapped[str] = plain(String(300), default="", why="whose data, by numbers of customers or shipments")
    people_count: Mapped[int] = plain(Integer, default=1, why="of how many people")
    file_id: Mapped[uuid.UUID | None] = plain(Id(), why="the order or the letter, encrypted in the file store")
    asked_at: Mapped[datetime] = plain(why="when it reached us")
    state: Mapped[str] = plain(String(10), default=DisclosureState.ASKED, why="moves by conditional updates only")
    recorded_at: Mapped[datetime] = plain(why="when it was put into the register")
    recorded_by: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), index=True, why="who wrote it down: may not approve it"
    )
    decided_at: Mapped[datetime | None] = plain(why="when it was approved or refused")
    decided_by: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), index=True, why="the second pair of eyes"
    )
    four_eyes: Mapped[bool] = plain(
        Boolean, default=False, why="two people decided; stays true when one of them is erased"
    )
    reason: Mapped[str] = plain(Text, default="", why="why it was approved or refused; no names")
    given: Mapped[str] = plain(Text, default="", why="what was handed over, as kinds and counts")
    given_at: Mapped[datetime | None] = plain(why="when it was handed over")
    told_at: Mapped[datetime | None] = plain(why="when the people were told")
    not_told: Mapped[str] = plain(String(12), default="", why="code of why they were not")
    not_told_why: Mapped[str] = plain(String(300), default="", why="that in words")


class DisclosurePerson(InWorkspace, db.Model):
    """Somebody who was told that their data was handed over."""

    __tablename__ = "disclosure_person"
    __label__ = _l("Handed over to an authority")
    __table_args__ = (
        inside("disclosure_id", "disclosure", ondelete="CASCADE"),
        UniqueConstraint("workspace_id", "disclosure_id", "email"),
        Index("ix_disclosure_person_email", "workspace_id", "email"),
    )
    __about__ = (About("person", by="email"), About("account", by="email"))
    __retention__ = (Keep("requests", anchor="told_at", why=_l("proof that the person was told")),)

    disclosure_id: Mapped[uuid.UUID] = plain(Id(), why="which one")
    email: Mapped[str] = personal(
        String(254), category="contact", keep="requests", purpose="legal", label=_l("We wrote to you at")
    )
    told_at: Mapped[datetime] = personal(
        category="communication", keep="requests", purpose="legal", label=_l("We told you on")
    )
