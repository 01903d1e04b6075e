"""Telling people about a new policy: whom, by which letter, who has seen it, and who accepted the terms by using
the service. Accepting is written down as that and as nothing else: no consent ever comes of it. The callers commit.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from logicrm.core import mail, tenancy, watermarks
from logicrm.core.access import WorkspaceFacts
from logicrm.core.promises import promise
from logicrm.core.schema import new_id
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import asked_anew, letters, versions, versions_diff
from logicrm.privacy.models import DataSubject
from logicrm.privacy.policy_models import PolicyReading
from logicrm.privacy.profile import Profile
from logicrm.privacy.versions import Version
from logicrm.privacy.versions_diff import Change

BATCH = 100  # letters of one transaction
LISTED = 12  # changes in a letter; the page has them all
SIGN_UP, USE = "sign_up", "use"
REMEMBERED = 4096


@dataclass(frozen=True)
class People:
    """Who must be told of a change: members and customers who have been in the portal. `anew`: consents that end."""

    members: int
    customers: int
    anew: int

    @property
    def count(self) -> int:
        return self.members + self.customers


def people(before: Profile, after: Profile | None, *, but: uuid.UUID | None = None) -> People:
    """Count whom a new policy concerns in this workspace, save the member who publishes it."""
    member, user = _tables()
    members = select(func.count()).select_from(member.join(user, user.c.id == member.c.user_id)).where(*_mine())
    if but is not None:
        members = members.where(member.c.user_id != but)
    customers = select(func.count()).select_from(DataSubject).where(DataSubject.deletion_due_at.is_(None))
    anew = asked_anew.would_end(before, after) if after else 0
    return People(db.session.scalar(members) or 0, db.session.scalar(customers) or 0, anew)


def _tables() -> tuple[Any, Any]:
    """Members and their accounts, read from their tables by name: this half imports no area."""
    return db.metadata.tables["membership"], db.metadata.tables["user"]


def _mine() -> tuple[Any, ...]:
    member, user = _tables()
    return member.c.workspace_id == tenancy.current(), user.c.deletion_due_at.is_(None)


# Seen, accepted -----------------------------------------------------------------------------------


@promise("P-LOGI-63")
def unseen(
    facts: WorkspaceFacts, *, account_id: uuid.UUID | None = None, subject_id: uuid.UUID | None = None
) -> Version | None:
    """The newest version of a workspace when this person has not said yet that they have seen it, else None.

    What was seen once stays seen, so it is remembered: a page asks the database only while there is a banner.
    """
    newest = next(iter(versions.published(facts)[-1:]), None)
    if newest is None:
        return None
    key = (newest.id, account_id or subject_id)
    with _lock:
        if key in _seen():
            return None
    done = db.session.scalar(
        select(PolicyReading.seen_at).where(
            PolicyReading.version_id == newest.id, *_whose(account_id, subject_id), PolicyReading.seen_at.is_not(None)
        )
    )
    if done is None:
        return newest
    with _lock:
        _seen()[key] = None
        while len(_seen()) > REMEMBERED:
            _seen().popitem(last=False)
    return None


_lock = Lock()


def _seen() -> OrderedDict[tuple[uuid.UUID, uuid.UUID | None], None]:
    kept: OrderedDict[tuple[uuid.UUID, uuid.UUID | None], None]
    kept = current_app.extensions.setdefault("logicrm.policy_seen", OrderedDict())
    return kept


def _whose(account_id: uuid.UUID | None, subject_id: uuid.UUID | None) -> tuple[Any, ...]:
    return PolicyReading.account_id == account_id, PolicyReading.subject_id == subject_id


def seen(
    version_id: uuid.UUID, *, account_id: uuid.UUID | None = None, subject_id: uuid.UUID | None = None, now: datetime
) -> None:
    """Note that a person has said that they have seen a version. Twice is as once."""
    if _note(version_id, account_id, subject_id, PolicyReading.seen_at, {"seen_at": now}):
        watermarks.leave_watermark("policy:seen", ran_at=now, rows_considered=1, rows_acted=1)


@promise("terms")
@promise("P-LOGI-64")
def accepted(
    business: Business, *, how: str, account_id: uuid.UUID | None = None, subject_id: uuid.UUID | None = None,
    now: datetime,
) -> None:  # fmt: skip
    """Note that a person uses the service under the version in force, which accepts its terms. No consent.

    how: "sign_up" or "use". Nothing is noted where nothing was published: then the account itself says which terms.
    """
    version = versions.ruling(business.facts, now)
    if version is not None:
        values = {"accepted_at": now, "accepted_how": how}
        _note(version.id, account_id, subject_id, PolicyReading.accepted_at, values)


def _note(
    version_id: uuid.UUID, account_id: uuid.UUID | None, subject_id: uuid.UUID | None, once: Any, values: dict[str, Any]
) -> bool:
    """Write values into a person's row about a version, unless `once` stands there already; True when written."""
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    row = insert(PolicyReading).values(
        id=new_id(), workspace_id=tenancy.current(), version_id=version_id, account_id=account_id,
        subject_id=subject_id, **{"accepted_how": "", **values},
    )  # fmt: skip
    done = db.session.execute(
        row.on_conflict_do_update(
            index_elements=["workspace_id", "version_id", "account_id" if account_id else "subject_id"],
            set_=values,
            where=once.is_(None),
        ).returning(PolicyReading.id)
    )
    return done.first() is not None


# Letters ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """Somebody to write to."""

    kind: str  # account, person
    id: uuid.UUID
    email: str
    name: str
    language: str


@promise("P-LOGI-62")
def tell_some(business: Business, version: Version, before: Profile, *, now: datetime, limit: int = BATCH) -> int:
    """Write to some of those who were not written to yet about this version; return how many they are, 0 at the end.

    The note that somebody was told and their letter are one transaction, so nobody is told twice.
    """
    readers = _not_told(version.id, limit)
    said: dict[str, list[Change]] = {}
    for reader in readers:
        account_id, subject_id = (reader.id, None) if reader.kind == "account" else (None, reader.id)
        if _note(version.id, account_id, subject_id, PolicyReading.told_at, {"told_at": now}):
            language = reader.language or business.facts.language or "en"
            with force_locale(language):
                if language not in said:
                    said[language] = versions_diff.changes(before, version.profile.data, language)
                _write(business, version, before, reader, said[language], language)
    return len(readers)


def _not_told(version_id: uuid.UUID, limit: int) -> list[Reader]:
    member, user = _tables()
    know = (
        PolicyReading.version_id == version_id,
        or_(PolicyReading.told_at.is_not(None), PolicyReading.seen_at.is_not(None)),
    )
    told = select(PolicyReading.account_id).where(*know, PolicyReading.account_id.is_not(None))
    accounts = (
        select(user.c.id, user.c.email, user.c.name, user.c.language)
        .join(member, member.c.user_id == user.c.id)
        .where(*_mine(), user.c.id.not_in(told))
        .order_by(user.c.id)
        .limit(limit)
    )
    found = [Reader("account", *row) for row in db.session.execute(accounts)]
    told = select(PolicyReading.subject_id).where(*know, PolicyReading.subject_id.is_not(None))
    subjects = (
        select(DataSubject.id, DataSubject.email, DataSubject.language)
        .where(DataSubject.deletion_due_at.is_(None), DataSubject.id.not_in(told))
        .order_by(DataSubject.id)
        .limit(limit - len(found))
    )
    if len(found) < limit:
        found += [Reader("person", own, email, "", language) for own, email, language in db.session.execute(subjects)]
    return found


def untold(version_id: uuid.UUID) -> int:
    """How many people should have been written to about a version and were not; at most a batch is counted."""
    return len(_not_told(version_id, BATCH))


def _write(
    business: Business, version: Version, before: Profile, reader: Reader, changes: list[Change], language: str
) -> None:
    slug = business.facts.slug
    mail.send(
        reader.email, "policy_changed", mail_class=mail.TRANSACTIONAL, purpose="notices", subject_kind=reader.kind,
        subject_id=reader.id, language=language, business=business.facts.name, sender_name=business.facts.name,
        name=reader.name, begins=version.profile.effective, summary=version.summary, changes=changes[:LISTED],
        more=max(0, len(changes) - LISTED), anew=_anew(reader, before, version.profile),
        url=letters.absolute("notices.version_of", slug=slug, number=version.number),
        choices_url=letters.absolute("portal.choices", slug=slug),
    )  # fmt: skip


def _anew(reader: Reader, before: Profile, after: Profile) -> bool:
    """True when the person has agreed to something that will be asked for anew."""
    if reader.kind != "person":
        return False
    held = asked_anew.of_person(reader.id)
    return any(not asked_anew.covers(before, after, row.purpose, row.channel) for row in held)
