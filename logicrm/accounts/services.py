"""What can be done with workspaces and accounts. The callers commit."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from flask import current_app
from sqlalchemy import delete, func, select, update

from logicrm.accounts import passwords, sessions
from logicrm.accounts.links import absolute
from logicrm.accounts.models import ApiToken, Invitation, Membership, OneTimeLink, User, UserSession, Workspace
from logicrm.core import audit, crypto, database, mail, tenancy
from logicrm.core.access import Role
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import db_now, new_id
from logicrm.extensions import db

RESET_LASTS = timedelta(hours=1)
DEMO_LASTS = timedelta(hours=12)
INVITATION_LASTS = timedelta(days=7)


def normal_email(address: str, *, field: str = "email") -> str:
    """Return the address in the one form in which it is stored and compared. Refuses what is none."""
    try:
        return validate_email(address.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise Refused(_("This is not an e-mail address."), field=field) from None


def make_workspace(
    *, name: str, country: str, time_zone: str, currency: str, language: str = "en", size: str = "",
    industry: str = "", tax_code: str = "", profile: str = "logicrm", now: datetime, is_demo: bool = False,
) -> Workspace:  # fmt: skip
    """Make a workspace and enter it."""
    if time_zone not in available_timezones():
        raise Refused(_("Choose a time zone from the list."), field="time_zone")
    workspace = Workspace(
        id=new_id(), slug=_free_slug(name), name=name.strip(), country=country, time_zone=time_zone,
        currency=currency, language=language, size=size, industry=industry, tax_code=tax_code, profile=profile,
        created_at=now, is_demo=is_demo,
    )  # fmt: skip
    db.session.add(workspace)
    db.session.flush()
    tenancy.enter(workspace.id)
    audit.record("workspace.made", workspace)
    return workspace


def _free_slug(name: str) -> str:
    from logicrm.core.search import fold

    base = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")[:40] or "workspace"
    taken = set(db.session.scalars(select(Workspace.slug).where(Workspace.slug.startswith(base))))
    return next(s for s in (base, *(f"{base}-{n}" for n in range(2, 10_000))) if s not in taken)


def make_user(
    *, name: str, email: str, password: str, of_age: bool, terms_version: str, now: datetime,
    job_title: str = "", phone: str = "", language: str = "", minimum_age: int = 16,
) -> User:  # fmt: skip
    """Make an account. Refuses who is too young (only the yes is kept), a taken address, a weak password."""
    if not of_age:
        raise Refused(_("You must be at least %(n)s years old to have an account.", n=minimum_age), field="of_age")
    email = normal_email(email)
    passwords.check_strength(password, about=[name, email])
    password_hash = passwords.hashed(password)  # slow: before the first statement takes SQLite's write lock
    if db.session.scalar(select(User.id).where(User.email == email)):
        raise Refused(_("There is an account with this address already. Sign in instead."), field="email")
    user = User(
        id=new_id(), name=name.strip(), email=email, password_hash=password_hash, password_set_at=now,
        of_age=True, terms_version=terms_version, terms_at=now, created_at=now, job_title=job_title, phone=phone,
        language=language,
    )  # fmt: skip
    db.session.add(user)
    db.session.flush()
    return user


def join(user: User, workspace_id: uuid.UUID, role: Role, *, now: datetime) -> Membership:
    """Make a user a member of the workspace."""
    membership = Membership(id=new_id(), workspace_id=workspace_id, user_id=user.id, role=role, joined_at=now)
    db.session.add(membership)
    user.ended_at = user.ended_in = None
    db.session.flush()
    audit.record("member.joined", actor=user.id, object_kind="user", object_id=user.id, role=str(role))
    return membership


def authenticate(email: str, password: str, *, now: datetime) -> tuple[User, uuid.UUID]:
    """Return (user, a workspace of theirs), or refuse in the same words and time whoever is asked for."""
    # Read by a connection of its own: hashing takes a sixth of a second, in which no write lock may be held.
    with database.reading(), db.engine.connect() as connection:
        found = connection.execute(
            select(User.id, User.password_hash).where(User.email == email.strip().lower())
        ).one_or_none()
    good = passwords.verify(found.password_hash if found else "", password)
    user = db.session.get(User, found.id) if found is not None and good else None
    membership = None
    if user is not None and found is not None and user.password_hash == found.password_hash:
        membership = db.session.scalar(
            select(Membership).where(Membership.user_id == user.id).order_by(Membership.joined_at).limit(1)
        )
    if user is None or membership is None:
        raise Refused(_("That e-mail and password do not go together."))
    if passwords.outdated(user.password_hash):
        user.password_hash = passwords.hashed(password)
    return user, membership.workspace_id


def invite(email: str, role: Role, *, by: uuid.UUID, by_name: str, workspace_name: str, now: datetime) -> Invitation:
    """Invite somebody by e-mail. A second invitation to the same address replaces the first."""
    email = normal_email(email)
    member = select(Membership.id).join(User).where(User.email == email, Membership.workspace_id == tenancy.current())
    if db.session.scalar(member):
        raise Refused(_("This person is in the workspace already."), field="email")
    for old in db.session.scalars(
        select(Invitation).where(Invitation.email == email, Invitation.accepted_at.is_(None))
    ).all():
        db.session.delete(old)
    secret = crypto.token()
    invitation = Invitation(
        id=new_id(), email=email, role=role, token_hash=crypto.token_hash(secret), invited_by=by, created_at=now,
        expires_at=now + INVITATION_LASTS,
    )  # fmt: skip
    db.session.add(invitation)
    mail.send(
        email, "invitation", mail_class="transactional", purpose="service", workspace_id=tenancy.current(),
        by_name=by_name, workspace_name=workspace_name, role=str(role), expires_at=invitation.expires_at,
        url=absolute("accounts.join_form", secret=secret),
    )  # fmt: skip
    audit.record("member.invited", invitation, actor=by, role=str(role))
    return invitation


def open_invitation(secret: str, *, now: datetime) -> Invitation | None:
    """Return the invitation that a link opens, or None when it is spent, expired or made up."""
    return db.session.scalar(
        select(Invitation)
        .where(
            Invitation.token_hash == crypto.token_hash(secret),
            Invitation.accepted_at.is_(None),
            Invitation.expires_at > now,
        )
        .execution_options(across_workspaces=True)
    )


def spend_invitation(invitation: Invitation, *, now: datetime) -> None:
    """Mark it accepted; of two racing clicks one wins."""
    won = db.session.execute(
        update(Invitation)
        .where(Invitation.id == invitation.id, Invitation.accepted_at.is_(None))
        .values(accepted_at=now)
        .execution_options(synchronize_session=False)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(_("This invitation was already used."))


def one_time_link(
    user: User, purpose: str, *, now: datetime, lasts: timedelta, workspace_id: uuid.UUID | None = None
) -> str:
    """Return the secret of a link that does one thing once. Only its hash is kept."""
    secret = crypto.token()
    link = OneTimeLink(
        id=new_id(), token_hash=crypto.token_hash(secret), purpose=purpose, user_id=user.id,
        workspace_id=workspace_id, epoch=user.security_epoch, expires_at=now + lasts,
    )  # fmt: skip
    db.session.add(link)
    return secret


def link_is_good(secret: str, purpose: str, *, now: datetime) -> bool:
    """True when the link could be spent now. Looking spends nothing: mail scanners look."""
    return db.session.scalar(_good_link(secret, purpose, now)) is not None


def _good_link(secret: str, purpose: str, now: datetime):  # type: ignore[no-untyped-def]
    return (
        select(OneTimeLink)
        .join(User, User.id == OneTimeLink.user_id)
        .where(
            OneTimeLink.token_hash == crypto.token_hash(secret),
            OneTimeLink.purpose == purpose,
            OneTimeLink.used_at.is_(None),
            OneTimeLink.expires_at > now,
            OneTimeLink.epoch == User.security_epoch,
        )
    )


def spend_link(secret: str, purpose: str, *, now: datetime) -> OneTimeLink:
    """Spend the link, once: of fifty at the same moment one succeeds."""
    link = db.session.scalar(_good_link(secret, purpose, now))
    if link is not None:
        won = db.session.execute(
            update(OneTimeLink)
            .where(OneTimeLink.id == link.id, OneTimeLink.used_at.is_(None))
            .values(used_at=now)
            .execution_options(synchronize_session=False)
        )
        if won.rowcount == 1:  # type: ignore[attr-defined]
            return link
    raise Refused(_("This link was used already, or has expired. Ask for a new one."))


def ask_reset(email: str, *, now: datetime) -> None:
    """Send a reset link if there is such an account; the answer to the caller is the same if not."""
    user = db.session.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None:
        return
    secret = one_time_link(user, "reset", now=now, lasts=RESET_LASTS)
    # In no workspace: an owner who reads the outbox must not find a member's link there. A demo has nothing to steal.
    demo = select(Membership.workspace_id).join(Workspace).where(Membership.user_id == user.id, Workspace.is_demo)
    mail.send(
        user.email, "reset", mail_class="transactional", purpose="security", name=user.name,
        url=absolute("accounts.new_password_form", secret=secret), subject_kind="account", subject_id=user.id,
        workspace_id=db.session.scalar(demo.limit(1)) if current_app.config["DEMO"] else None,
    )  # fmt: skip


def reset_password(secret: str, password: str, *, now: datetime) -> None:
    """Spend a reset link and set the password. Refuses a spent link, and a weak password without spending it."""
    link = spend_link(secret, "reset", now=now)
    user = db.session.execute(select(User).where(User.id == link.user_id)).scalar_one()
    set_password(user, password, now=now)


def set_password(user: User, password: str, *, now: datetime, field: str = "password") -> None:
    """Change the password and end every session and link that was made under the old one."""
    passwords.check_strength(password, about=[user.name, user.email], field=field)
    user.password_hash = passwords.hashed(password)
    user.password_set_at = now
    user.security_epoch += 1
    sessions.end_all(user.id)
    mail.send(
        user.email, "password_changed", mail_class="transactional", purpose="security", name=user.name,
        url=absolute("accounts.ask_reset_form"), subject_kind="account", subject_id=user.id,
    )  # fmt: skip


def members() -> list[tuple[Membership, User]]:
    """Members of the present workspace, by name."""
    rows = db.session.execute(
        select(Membership, User)
        .join(User)
        .where(Membership.workspace_id == tenancy.current())
        .order_by(User.name, User.id)
    )
    return [(membership, user) for membership, user in rows]


def _owners_left(without: uuid.UUID) -> int:
    # The rows are locked so that two last owners who leave at the same moment cannot both go.
    owners = db.session.scalars(
        select(Membership.user_id)
        .where(Membership.workspace_id == tenancy.current(), Membership.role == Role.OWNER)
        .with_for_update()
    ).all()
    return len([o for o in owners if o != without])


def change_role(user_id: uuid.UUID, role: Role, *, by: uuid.UUID) -> None:
    """Give a member another role, from their next request on. The last owner stays owner."""
    if role is not Role.OWNER and _owners_left(user_id) == 0:
        raise Refused(_("A workspace needs an owner. Make somebody else owner first."))
    changed = db.session.execute(
        update(Membership)
        .where(Membership.workspace_id == tenancy.current(), Membership.user_id == user_id)
        .values(role=role)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise LookupError(user_id)
    audit.record("member.role", actor=by, object_kind="user", object_id=user_id, role=str(role))


def remove_member(user_id: uuid.UUID, *, by: uuid.UUID) -> None:
    """Take somebody out of the workspace: their sessions here and the API tokens they made die at once."""
    if _owners_left(user_id) == 0:
        raise Refused(_("A workspace needs an owner. Make somebody else owner first."))
    here = tenancy.current()
    gone = db.session.execute(delete(Membership).where(Membership.workspace_id == here, Membership.user_id == user_id))
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise LookupError(user_id)
    db.session.execute(delete(UserSession).where(UserSession.user_id == user_id, UserSession.workspace_id == here))
    _note_end(user_id)
    # They know the secrets of the tokens they made.
    db.session.execute(delete(ApiToken).where(ApiToken.created_by == user_id, ApiToken.workspace_id == here))
    audit.record("member.left" if by == user_id else "member.removed", actor=by, object_kind="user", object_id=user_id)


def _note_end(user_id: uuid.UUID) -> None:
    """An account without a workspace has ended: from now on the time counts for which the policy keeps it."""
    elsewhere = select(Membership.id).where(Membership.user_id == user_id)
    db.session.execute(
        update(User)
        .where(User.id == user_id, ~elsewhere.exists())
        .values(ended_at=db_now(), ended_in=tenancy.current())
        .execution_options(synchronize_session=False)
    )


def any_workspace() -> bool:
    """True once the first workspace exists; until then the first page makes it."""
    return bool(db.session.scalar(select(func.count()).select_from(select(Workspace.id).limit(1).subquery())))
