"""What people allowed, refused and took back: cookies of a browser, contact by purpose and channel, and the
list of those who must not be written to, which outlives the person's data.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped
from sqlalchemy.sql import ColumnElement

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Keep, personal, plain
from logicrm.core.schema import Id, Json, new_id
from logicrm.core.tenancy import InWorkspace, Person, inside
from logicrm.extensions import db


class CookieChoice(db.Model):
    """One choice about cookies, made in one browser. Global: a visitor belongs to no workspace.

    The browser keeps a random visitor id in an essential cookie, we keep only its keyed hash; so the row is
    nobody's until somebody who is signed in makes the choice. `person_id` is the end customer in the portal.
    """

    __tablename__ = "cookie_choice"
    __label__ = _l("Cookie choices")
    __table_args__ = (Index("ix_cookie_choice_visitor", "visitor_hash", "at"),)
    __about__ = (About("account", by="account_id"), About("person", by="person_id"))
    __retention__ = (Keep("consent", anchor="ends_at", why=_l("proof of a choice that counts no more")),)

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the choice and its receipt")
    visitor_hash: Mapped[str] = plain(String(64), why="keyed hash of the random id in the browser's cookie")
    account_id: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="CASCADE"), index=True, why="who was signed in when choosing"
    )
    person_id: Mapped[uuid.UUID | None] = plain(Id(), index=True, why="which end customer was in the portal")
    workspace_id: Mapped[uuid.UUID | None] = plain(Id(), why="whose pages it was made on; none for the installation")
    allowed: Mapped[list[str]] = personal(
        Json, default=list, category="consent", keep="consent", purpose="legal", label=_l("Cookies you allowed")
    )
    refused: Mapped[list[str]] = personal(
        Json, default=list, category="consent", keep="consent", purpose="legal", label=_l("Cookies you refused")
    )
    how: Mapped[str] = personal(
        String(12), category="consent", keep="consent", purpose="legal", label=_l("How you chose")
    )  # accept, reject, choose, gpc
    gpc: Mapped[bool] = personal(
        Boolean, default=False, category="consent", keep="consent", purpose="legal",
        label=_l("Your browser sent Global Privacy Control"),
    )  # fmt: skip
    wording: Mapped[str] = plain(String(16), why="version of the words and of the list of cookies that were shown")
    language: Mapped[str] = plain(String(5), default="", why="language in which it was shown")
    profile: Mapped[str] = plain(String(40), default="logicrm", why="policy that was in force")
    policy_hash: Mapped[str] = plain(String(64), default="", why="content of that policy")
    at: Mapped[datetime] = personal(category="consent", keep="consent", purpose="legal", label=_l("Chosen on"))
    ends_at: Mapped[datetime] = plain(why="when it stops counting: lapsed, or replaced; starts the retention clock")


class Consent(InWorkspace, db.Model):
    """A yes to be contacted for one purpose by one channel. Withdrawn rows stay as proof."""

    __tablename__ = "consent"
    __label__ = _l("Consents")
    __table_args__ = (
        inside("subject_id", "data_subject", ondelete="CASCADE"),
        # One yes at a time: two racing clicks make one row.
        Index(
            "uq_consent_current", "workspace_id", "subject_id", "purpose", "channel", unique=True,
            sqlite_where=db.text("withdrawn_at is null"), postgresql_where=db.text("withdrawn_at is null"),
        ),
        Index("ix_consent_subject", "workspace_id", "subject_id", "given_at"),
    )  # fmt: skip
    __about__ = (About("person", via=("subject_id", "data_subject")),)
    __retention__ = (
        Keep("consent", anchor="withdrawn_at", why=_l("proof of a consent that was taken back")),
        Keep("marketing", anchor="given_at", event="consent_given", why=_l("a yes does not last for ever")),
    )

    subject_id: Mapped[uuid.UUID] = plain(Id(), why="whose consent")
    purpose: Mapped[str] = personal(
        String(30), category="consent", keep="consent", purpose="legal", label=_l("For what")
    )
    channel: Mapped[str] = personal(
        String(20), category="consent", keep="consent", purpose="legal", label=_l("By which channel")
    )
    given_at: Mapped[datetime] = personal(category="consent", keep="consent", purpose="legal", label=_l("Given on"))
    withdrawn_at: Mapped[datetime | None] = personal(
        category="consent", keep="consent", purpose="legal", label=_l("Withdrawn on")
    )
    how: Mapped[str] = personal(
        String(20), category="consent", keep="consent", purpose="legal", label=_l("How it was given")
    )
    withdrawn_how: Mapped[str] = personal(
        String(20), default="", category="consent", keep="consent", purpose="legal", label=_l("How it was withdrawn")
    )
    wording: Mapped[str] = plain(Text, why="the words that were agreed to")
    wording_hash: Mapped[str] = plain(String(64), why="SHA-256 of the words, to see when they changed")
    language: Mapped[str] = plain(String(5), default="", why="language of the words")
    policy_hash: Mapped[str] = plain(String(64), default="", why="content of the policy that was in force")
    proof: Mapped[dict[str, Any]] = personal(
        default=dict, category="consent", keep="consent", purpose="legal", label=_l("How we know that it was you")
    )

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        """Their own."""
        return cls.subject_id == person.subject_id


class Suppression(InWorkspace, db.Model):
    """An address that must not be written to for advertising, as a keyed hash. It survives erasure: an import
    years later must not bring the person back. Without the key nobody can read the address from it.
    """

    __tablename__ = "suppression"
    __label__ = _l("Addresses that get no advertising")
    __table_args__ = (
        Index("uq_suppression", "workspace_id", "address_hash", "channel", "purpose", unique=True),
    )  # fmt: skip

    address_hash: Mapped[str] = plain(String(64), why="keyed hash of the address")
    channel: Mapped[str] = plain(String(20), why="which channel is closed")
    purpose: Mapped[str] = plain(String(30), default="", why="which purpose; empty closes all advertising")
    since: Mapped[datetime] = plain(why="when the person objected")
    how: Mapped[str] = plain(String(20), why="unsubscribe, portal, staff: how the objection reached us")

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        """Their own address's."""
        from logicrm.privacy.subjects import key_hash

        return cls.address_hash == key_hash(person.email)
