"""Codes that open the portal, and the browsers in which it is open. Global tables, like the sessions of members:
they are read by a secret before anybody is anywhere; the workspace of a row is compared by the code that reads it.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Integer, String
from sqlalchemy.orm import Mapped

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Keep, personal, plain
from logicrm.core.schema import Id, new_id
from logicrm.extensions import db


class PortalCode(db.Model):
    """A code to one address, asked for in one browser, for one thing. Only its keyed hash is kept."""

    __tablename__ = "portal_code"
    __label__ = _l("Codes for the customer portal")
    __table_args__ = (Index("ix_portal_code_browser", "browser_hash", "purpose"),)
    __about__ = (About("person", by="email"),)
    __retention__ = (Keep("logs", anchor="expires_at", days=1, why=_l("an expired code opens nothing")),)

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the code")
    workspace_id: Mapped[uuid.UUID] = plain(Id(), ForeignKey("workspace.id"), index=True, why="whose portal")
    email: Mapped[str] = personal(
        String(254), index=True, category="contact", keep="logs", purpose="security", label=_l("Address of a code")
    )
    language: Mapped[str] = plain(String(5), default="", why="language of the letter")
    browser_hash: Mapped[str] = plain(String(64), why="SHA-256 of the secret in the browser that asked")
    purpose: Mapped[str] = plain(String(10), why="enter, export or delete: a code does one of them")
    code_hash: Mapped[str] = plain(String(64), default="", why="keyed hash; empty until it was sent, or for ever")
    tries: Mapped[int] = plain(Integer, default=0, why="how often it was guessed; five are the end")
    created_at: Mapped[datetime] = personal(
        category="security", keep="logs", purpose="security", label=_l("Code asked for")
    )
    expires_at: Mapped[datetime] = plain(why="ten minutes later")
    used_at: Mapped[datetime | None] = personal(
        category="security", keep="logs", purpose="security", label=_l("Code used")
    )


class PortalSession(db.Model):
    """A browser in which one person is in one portal. Deleting the row ends it on the next request."""

    __tablename__ = "portal_session"
    __label__ = _l("Visits of the customer portal")
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "subject_id"], ["data_subject.workspace_id", "data_subject.id"], ondelete="CASCADE"
        ),
        Index("ix_portal_session_subject", "workspace_id", "subject_id"),
    )
    __about__ = (About("person", by="subject_id"),)
    __retention__ = (Keep("logs", anchor="expires_at", days=1, why=_l("an ended session opens nothing")),)

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the session")
    token_hash: Mapped[str] = plain(String(64), unique=True, why="SHA-256 of the cookie's token; the token is not kept")
    workspace_id: Mapped[uuid.UUID] = plain(Id(), why="whose portal")
    subject_id: Mapped[uuid.UUID] = plain(Id(), why="who is in")
    created_at: Mapped[datetime] = personal(
        category="security", keep="logs", purpose="security", label=_l("Portal opened")
    )
    seen_at: Mapped[datetime] = personal(
        category="security", keep="logs", purpose="security", label=_l("Portal last used")
    )
    expires_at: Mapped[datetime] = plain(why="eight hours after it was opened, at the latest")
