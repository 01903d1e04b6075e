"""Workspaces, the people who work in them, and how they get in."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, relationship

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Erase, Keep, personal, plain
from logicrm.core.schema import Id, new_id
from logicrm.core.tenancy import InWorkspace
from logicrm.extensions import db


class Workspace(db.Model):
    """One business. Everything else belongs to exactly one."""

    __tablename__ = "workspace"
    __label__ = _l("The business itself")

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the workspace")
    slug: Mapped[str] = plain(String(60), unique=True, why="the workspace in the portal's addresses")
    name: Mapped[str] = plain(String(200), why="the business's name; firms are not data subjects")
    size: Mapped[str] = plain(String(20), default="", why="company size, business data of the policy")
    industry: Mapped[str] = plain(String(60), default="", why="industry, business data of the policy")
    tax_code: Mapped[str] = plain(String(40), default="", why="printed on invoices")
    address: Mapped[str] = plain(String(400), default="", why="the business's address on papers and policy")
    country: Mapped[str] = plain(String(2), why="ISO 3166-1: which holidays, law and authority count")
    time_zone: Mapped[str] = plain(String(60), why="IANA zone of its days and deadlines")
    currency: Mapped[str] = plain(String(3), why="ISO 4217, of amounts without one")
    language: Mapped[str] = plain(String(5), default="en", why="language of its public pages")
    profile: Mapped[str] = plain(String(40), default="logicrm", why="policy profile that rules until one is published")
    policy_number: Mapped[int] = plain(
        Integer, server_default="0", why="number of the newest published policy: pages know it without asking"
    )
    privacy_contact: Mapped[str] = plain(String(254), default="", why="published contact for privacy questions")
    created_at: Mapped[datetime] = plain(why="when it was made")
    closes_at: Mapped[datetime | None] = plain(why="closed by its owner: only read until then, then everything goes")
    is_demo: Mapped[bool] = plain(Boolean, default=False, why="made by the demo loader; doctor warns in production")


class User(db.Model):
    """Somebody who signs in. The same person may be a member of several workspaces."""

    __tablename__ = "user"
    __label__ = _l("Accounts of the team")
    __about__ = (About("account", by="id"),)
    __retention__ = (
        Keep(
            "account",
            anchor="ended_at",
            event="account_ended",
            through="account",
            why=_l("nobody works with it any more"),
        ),
        Keep(
            "account",
            anchor="last_seen_at",
            event="last_used",
            through="account",
            why=_l("nobody has used it for long"),
        ),
    )
    __search_label__ = "name"

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the account")
    name: Mapped[str] = personal(String(200), category="identity", keep="account", purpose="service", label=_l("Name"))
    email: Mapped[str] = personal(
        String(254), unique=True, category="contact", keep="account", purpose="service", label=_l("E-mail")
    )
    job_title: Mapped[str] = personal(
        String(120), default="", category="identity", keep="account", purpose="service", label=_l("Job title")
    )
    phone: Mapped[str] = personal(
        String(40), default="", category="contact", keep="account", purpose="service", label=_l("Phone")
    )
    password_hash: Mapped[str] = personal(
        String(200), default="", category="security", keep="account", purpose="security", export=False,
        label=_l("Password (only an Argon2id hash is held; never exported)"),
    )  # fmt: skip
    password_set_at: Mapped[datetime | None] = personal(
        category="security", keep="account", purpose="security", label=_l("Password last changed")
    )
    language: Mapped[str] = personal(
        String(5), default="", category="contact", keep="account", purpose="service", label=_l("Language")
    )
    of_age: Mapped[bool] = personal(
        Boolean, category="identity", keep="account", purpose="legal", label=_l("Said to be of the minimum age")
    )
    terms_version: Mapped[str] = personal(
        String(64), default="", category="consent", keep="account", purpose="legal",
        label=_l("Version of the terms accepted"),
    )  # fmt: skip
    terms_at: Mapped[datetime | None] = personal(
        category="consent", keep="account", purpose="legal", label=_l("When the terms were accepted")
    )
    security_epoch: Mapped[int] = plain(Integer, default=0, why="raised to end every session at once")
    created_at: Mapped[datetime] = personal(
        category="usage", keep="account", purpose="service", label=_l("Account made")
    )
    last_seen_at: Mapped[datetime | None] = personal(
        category="usage", keep="account", purpose="security", label=_l("Last used")
    )
    deletion_due_at: Mapped[datetime | None] = personal(
        category="consent", keep="account", purpose="legal", label=_l("Deletion scheduled for")
    )
    ended_at: Mapped[datetime | None] = personal(
        category="usage", keep="account", purpose="legal", label=_l("Left the last business")
    )
    ended_in: Mapped[uuid.UUID | None] = plain(Id(), index=True, why="that business: its policy rules what is left")

    memberships: Mapped[list[Membership]] = relationship(back_populates="user", passive_deletes=True)


class Membership(db.Model):
    """A user's role in a workspace. Read before any workspace is entered, so it is not narrowed to one."""

    __tablename__ = "membership"
    __label__ = _l("Roles in this business")
    __table_args__ = (Index("uq_membership_user", "workspace_id", "user_id", unique=True),)
    __about__ = (About("account", by="user_id"),)

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the row")
    workspace_id: Mapped[uuid.UUID] = plain(Id(), ForeignKey("workspace.id"), why="where")
    user_id: Mapped[uuid.UUID] = plain(Id(), ForeignKey("user.id", ondelete="CASCADE"), index=True, why="who")
    role: Mapped[str] = personal(String(20), category="identity", keep="account", purpose="service", label=_l("Role"))
    joined_at: Mapped[datetime] = personal(category="usage", keep="account", purpose="service", label=_l("Joined"))

    user: Mapped[User] = relationship(back_populates="memberships")
    workspace: Mapped[Workspace] = relationship()


class UserSession(db.Model):
    """A signed-in browser. Deleting the row signs it out on its next request, everywhere."""

    __tablename__ = "user_session"
    __label__ = _l("Signed-in devices")
    __about__ = (About("account", by="user_id"),)
    __retention__ = (Keep("logs", anchor="expires_at", days=30, why=_l("sessions that ended show who was signed in")),)

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the session to its owner")
    token_hash: Mapped[str] = plain(String(64), unique=True, why="SHA-256 of the cookie's token; the token is not kept")
    user_id: Mapped[uuid.UUID] = plain(Id(), ForeignKey("user.id", ondelete="CASCADE"), index=True, why="who")
    workspace_id: Mapped[uuid.UUID] = plain(Id(), ForeignKey("workspace.id"), why="where they work now")
    epoch: Mapped[int] = plain(Integer, why="the user's security_epoch at sign-in")
    created_at: Mapped[datetime] = personal(category="usage", keep="logs", purpose="security", label=_l("Signed in"))
    seen_at: Mapped[datetime] = personal(category="usage", keep="logs", purpose="security", label=_l("Last seen"))
    proven_at: Mapped[datetime] = personal(
        category="security", keep="logs", purpose="security", label=_l("Password last given")
    )
    expires_at: Mapped[datetime] = plain(why="12 hours after sign-in at the latest")
    browser: Mapped[str] = personal(
        String(120), default="", category="device", keep="logs", purpose="security", label=_l("Browser")
    )
    address: Mapped[str] = personal(
        String(45), default="", category="device", keep="logs", purpose="security", label=_l("Address (shortened)")
    )


class Invitation(InWorkspace, db.Model):
    """An open invitation by e-mail. Only the link's hash is kept; accepting spends it."""

    __tablename__ = "invitation"
    __label__ = _l("Invitations")
    __about__ = (About("account", by="email"), About("person", by="email"))
    __retention__ = (Keep("logs", anchor="expires_at", days=30, why=_l("an expired invitation says who was asked")),)

    email: Mapped[str] = personal(
        String(254), category="contact", keep="logs", purpose="service", label=_l("Invited address")
    )
    role: Mapped[str] = plain(String(20), why="role to be given")
    token_hash: Mapped[str] = plain(String(64), unique=True, why="SHA-256 of the link's secret")
    invited_by: Mapped[uuid.UUID | None] = plain(Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who asked")
    created_at: Mapped[datetime] = plain(why="when")
    expires_at: Mapped[datetime] = plain(why="seven days later")
    accepted_at: Mapped[datetime | None] = plain(why="when it was spent")


class OneTimeLink(db.Model):
    """A link that does one thing once: reset a password, sign in to the demo, cancel a deletion."""

    __tablename__ = "one_time_link"
    __label__ = _l("Links to set a password")
    __about__ = (About("account", by="user_id"),)
    __retention__ = (Keep("logs", anchor="expires_at", days=1, why=_l("a spent link opens nothing")),)

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the row")
    token_hash: Mapped[str] = plain(String(64), unique=True, why="SHA-256 of the link's secret")
    purpose: Mapped[str] = plain(String(20), why="reset, demo")
    user_id: Mapped[uuid.UUID] = plain(Id(), ForeignKey("user.id", ondelete="CASCADE"), index=True, why="whose")
    workspace_id: Mapped[uuid.UUID | None] = plain(Id(), ForeignKey("workspace.id"), why="which workspace it opens")
    epoch: Mapped[int] = plain(Integer, why="dies when the password or the sessions change")
    expires_at: Mapped[datetime] = personal(
        category="security", keep="logs", purpose="security", label=_l("Link expires")
    )
    used_at: Mapped[datetime | None] = personal(
        category="security", keep="logs", purpose="security", label=_l("Link used")
    )


class ApiToken(db.Model):
    """A program's way in. Read before any workspace is entered; revoking deletes the row, so it dies at once."""

    __tablename__ = "api_token"
    __label__ = _l("Keys for other programs")
    __table_args__ = (Index("ix_api_token_workspace_id", "workspace_id", "id"),)
    __about__ = (About("account", by="created_by", rows=Erase.BLANK),)

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the token to its workspace")
    token_hash: Mapped[str] = plain(String(64), unique=True, why="SHA-256 of the token; the token is not kept")
    workspace_id: Mapped[uuid.UUID] = plain(Id(), ForeignKey("workspace.id"), why="the one workspace it opens")
    name: Mapped[str] = plain(String(80), why="what the program is called")
    scopes: Mapped[list[str]] = plain(default=list, why="what it may do")
    created_by: Mapped[uuid.UUID | None] = personal(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), category="usage", keep="account", purpose="security",
        label=_l("Made the API token"),
    )  # fmt: skip
    created_at: Mapped[datetime] = plain(why="when it was made")
    last_used_at: Mapped[datetime | None] = plain(why="shows which tokens nobody uses any more")
