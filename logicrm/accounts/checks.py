"""Checks of accounts: how passwords are kept, how long sessions last, who was let in."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from logicrm.accounts import sessions
from logicrm.accounts.models import Membership, User, UserSession
from logicrm.core import tenancy
from logicrm.core.checks import Checked, check
from logicrm.extensions import db

SLACK = timedelta(minutes=1)


def _members() -> list[User]:
    """Everybody who works in the present workspace."""
    here = tenancy.current()
    wanted = select(User).join(Membership, Membership.user_id == User.id).where(Membership.workspace_id == here)
    return list(db.session.scalars(wanted))


@check("passwords")
def passwords_are_hashed(now: datetime) -> Checked:
    """Members with a password, and how many of them it could be read of."""
    kept = [user.password_hash for user in _members() if user.password_hash]
    return Checked(len(kept), sum(1 for one in kept if not one.startswith("$argon2id$")))


@check("sessions")
def sessions_end(now: datetime) -> Checked:
    """Signed-in browsers, and how many last longer than half a day, or hold a token that could be used."""
    here = tenancy.current()
    held = db.session.scalars(select(UserSession).where(UserSession.workspace_id == here)).all()
    longest = sessions.ABSOLUTE + SLACK
    wrong = [one for one in held if one.expires_at - one.created_at > longest or len(one.token_hash) != 64]
    return Checked(len(held), len(wrong))


@check("age")
def members_are_of_age(now: datetime) -> Checked:
    """Members, and how many of them never said that they are old enough."""
    members = _members()
    return Checked(len(members), sum(1 for user in members if not user.of_age))


@check("terms")
def members_accepted_terms(now: datetime) -> Checked:
    """Members, and how many of them are here without having accepted the terms in an act of their own."""
    members = _members()
    return Checked(len(members), sum(1 for user in members if user.terms_at is None or not user.terms_version))
