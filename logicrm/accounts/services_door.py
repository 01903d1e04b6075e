"""Ways in: a new workspace, an invitation, a demo link; and what the policy asks of a new account."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import select

from logicrm.accounts import places, services
from logicrm.accounts.models import Invitation, Membership, OneTimeLink, User, Workspace
from logicrm.core import audit, clock, tenancy, workspaces
from logicrm.core.access import Role
from logicrm.core.errors import Refused
from logicrm.core.languages import LANGUAGES
from logicrm.core.phrases import gettext as _
from logicrm.extensions import db
from logicrm.privacy import sites, telling, versions


@dataclass(frozen=True)
class Terms:
    """What somebody agrees to: the policy in force, by its hash, and the age that it asks for."""

    version: str
    minimum_age: int


def terms(workspace_id: uuid.UUID | None = None, *, now: datetime | None = None) -> Terms:
    """The terms that rule a workspace at an instant (now); the installation's own when none is named."""
    if workspace_id is None:
        wanted = sites.installation().profile
    else:
        wanted = versions.of_workspace(workspace_id, now or clock.now())
    return Terms(wanted.hash, wanted.minimum_age)


def settled(facts: dict[str, str]) -> dict[str, str]:
    """A workspace's facts with zone, currency and language filled in from the country where none was chosen."""
    country = facts["country"]
    filled = {
        "time_zone": facts["time_zone"] or places.zone_of(country),
        "currency": facts["currency"] or places.currency_of(country),
        "language": facts["language"] or places.language_of(country, tuple(LANGUAGES)),
    }
    if not filled["time_zone"]:
        raise Refused(_("This country has several time zones. Choose yours."), field="time_zone")
    if not filled["currency"]:
        raise Refused(_("Choose a currency."), field="currency")
    return {**facts, **filled}


def sign_up(
    facts: dict[str, str], *, name: str, email: str, password: str, of_age: bool, now: datetime
) -> tuple[User, Workspace]:
    """Make a workspace and the account of its owner, and enter the workspace. Refuses who is too young."""
    agreed = terms()
    facts = settled(facts)
    user = services.make_user(
        name=name, email=email, password=password, of_age=of_age, terms_version=agreed.version, now=now,
        minimum_age=agreed.minimum_age,
    )  # fmt: skip
    workspace = services.make_workspace(
        name=facts["name"], country=facts["country"], time_zone=facts["time_zone"], currency=facts["currency"],
        language=facts["language"], size=facts["size"], industry=facts["industry"], tax_code=facts["tax_code"],
        profile=current_app.config["PROFILE"], now=now,
    )  # fmt: skip
    workspace.privacy_contact = user.email
    services.join(user, workspace.id, Role.OWNER, now=now)
    return user, workspace


def workspace_of(invitation: Invitation) -> Workspace:
    """Where an invitation leads."""
    return db.session.execute(select(Workspace).where(Workspace.id == invitation.workspace_id)).scalar_one()


def account_exists(email: str) -> bool:
    """True when somebody signs in with this address. Ask only for who has shown that the address is theirs."""
    return db.session.scalar(select(User.id).where(User.email == email)) is not None


def accept_as_new(
    invitation: Invitation, *, name: str, password: str, of_age: bool, now: datetime
) -> tuple[User, uuid.UUID]:
    """Make the account that an invitation asks for, and join. Spends the invitation."""
    agreed = terms(invitation.workspace_id, now=now)
    user = services.make_user(
        name=name, email=invitation.email, password=password, of_age=of_age, terms_version=agreed.version, now=now,
        minimum_age=agreed.minimum_age,
    )  # fmt: skip
    return _accepted(invitation, user, now)


def accept_as_member(invitation: Invitation, user_id: uuid.UUID, *, now: datetime) -> tuple[User, uuid.UUID]:
    """Join with the account one has. It must be that of the invited address. Spends the invitation."""
    user = db.session.execute(select(User).where(User.id == user_id)).scalar_one()
    if user.email != invitation.email:
        raise Refused(_("This invitation is for another address. Sign out, then open the link again."))
    return _accepted(invitation, user, now)


def _accepted(invitation: Invitation, user: User, now: datetime) -> tuple[User, uuid.UUID]:
    tenancy.enter(invitation.workspace_id)
    services.spend_invitation(invitation, now=now)
    if db.session.scalar(
        select(Membership.id).where(Membership.user_id == user.id, Membership.workspace_id == invitation.workspace_id)
    ):
        raise Refused(_("You are a member of this workspace already."))
    services.join(user, invitation.workspace_id, Role(invitation.role), now=now)
    business = workspaces.by_id(invitation.workspace_id)
    if business is not None:
        telling.accepted(business, how=telling.SIGN_UP, account_id=user.id, now=now)
    return user, invitation.workspace_id


def use_demo_link(secret: str, *, now: datetime) -> tuple[User, uuid.UUID]:
    """Spend a one-time demo link; return whom it signs in, and where. Only in demo mode."""
    if not current_app.config["DEMO"]:
        raise Refused(_("This installation is not in demo mode."))
    link: OneTimeLink = services.spend_link(secret, "demo", now=now)
    if link.workspace_id is None:
        raise Refused(_("This link was used already, or has expired. Ask for a new one."))
    user = db.session.execute(select(User).where(User.id == link.user_id)).scalar_one()
    tenancy.enter(link.workspace_id)
    audit.record("account.demo_sign_in", actor=user.id, object_kind="user", object_id=user.id)
    return user, link.workspace_id


def demo_link(role: Role, *, now: datetime) -> str | None:
    """The secret of a one-time link for the demo workspace's member of that role; None when there is none."""
    found = db.session.execute(
        select(User, Membership.workspace_id)
        .join(Membership, Membership.user_id == User.id)
        .join(Workspace, Workspace.id == Membership.workspace_id)
        .where(Workspace.is_demo, Membership.role == role)
        .order_by(Membership.joined_at, User.id)
        .limit(1)
    ).first()
    if found is None:
        return None
    user, workspace_id = found
    return services.one_time_link(user, "demo", now=now, lasts=services.DEMO_LASTS, workspace_id=workspace_id)
