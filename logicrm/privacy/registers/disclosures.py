"""The register of what authorities and courts asked for: on which ground, approved by whom, given or refused, told to
whom. Nothing is handed over on one person's word. The callers commit.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import force_locale
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import FileStorage

from logicrm.core import audit, files, mail
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.promises import promise
from logicrm.core.schema import new_id
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import authorities, versions, vocabulary
from logicrm.privacy.models import DataSubject
from logicrm.privacy.profile import Profile
from logicrm.privacy.registers.models import (
    NOT_TOLD,
    UNDECIDED,
    Disclosure,
    DisclosurePerson,
    DisclosureState,
)

A_YEAR = timedelta(days=365)
LONGEST = 5000
TRIES = 3
MOST_PEOPLE = 200  # addresses in one form


@dataclass(frozen=True)
class Asked:
    """What an authority wants, as it stands in its letter."""

    authority: str
    ground: str
    wanted: str
    whose: str
    people_count: int
    asked_at: datetime
    reference: str = ""
    law: str = ""


def grounds(profile: Profile) -> dict[str, Any]:
    """The grounds that the policy in force names, in its order: no other can be chosen."""
    return {name: vocabulary.DISCLOSURES[name] for name in profile.disclosures}


@promise("P-LOGI-17")
def record(profile: Profile, asked: Asked, *, upload: FileStorage | None, by: uuid.UUID, now: datetime) -> Disclosure:
    """Write down that an authority asks, with its letter. Refuses grounds that the policy does not name, and no letter."""
    if asked.ground not in grounds(profile):
        raise Refused(_("Our policy does not name this ground, so nothing may be given on it."), field="ground")
    if asked.asked_at > now:
        raise Refused(_("This time is still to come."), field="asked_at")
    if upload is None:
        raise Refused(
            _("Add the order or the letter itself: without it nobody can check the ground."), field="document"
        )
    file = files.save_upload(upload, "evidence", entity="disclosure")
    db.session.flush()
    made = _numbered(asked, file.id, by, now)
    file.entity_id = made.id
    audit.record("disclosure.recorded", made, actor=by, number=made.number, ground=made.ground)
    return made


def _numbered(asked: Asked, file_id: uuid.UUID, by: uuid.UUID, now: datetime) -> Disclosure:
    for _attempt in range(TRIES):
        number = (db.session.scalar(select(func.max(Disclosure.number))) or 0) + 1
        try:
            with db.session.begin_nested():
                made = Disclosure(
                    id=new_id(), number=number, authority=asked.authority.strip()[:200],
                    reference=asked.reference.strip()[:100], ground=asked.ground, law=asked.law.strip()[:300],
                    wanted=asked.wanted.strip()[:LONGEST], whose=asked.whose.strip()[:300],
                    people_count=asked.people_count, file_id=file_id, asked_at=asked.asked_at,
                    state=DisclosureState.ASKED, recorded_at=now, recorded_by=by,
                )  # fmt: skip
                db.session.add(made)
            return made
        except IntegrityError:  # somebody else was faster: the next number
            continue
    raise Refused(_("Somebody else is writing at this moment. Please try again."))


@promise("P-LOGI-17")
def approve(disclosure_id: uuid.UUID, *, reason: str, profile: Profile, by: uuid.UUID, now: datetime) -> None:
    """The second pair of eyes says yes. Refuses whoever wrote it down, and a ground that the policy no longer names."""
    asked = _one(disclosure_id)
    if asked.recorded_by == by or asked.recorded_by is None:
        raise Refused(_("Somebody else than who wrote it down must approve it."))
    if asked.ground not in grounds(profile):
        raise Refused(_("Our policy does not name this ground, so nothing may be given on it."))
    _decide(disclosure_id, DisclosureState.APPROVED, [DisclosureState.ASKED], reason, by, now, four_eyes=True)


def refuse(disclosure_id: uuid.UUID, *, reason: str, by: uuid.UUID, now: datetime) -> None:
    """Nothing is given. One person may say no; the reason stands in the register."""
    _decide(disclosure_id, DisclosureState.REFUSED, UNDECIDED, reason, by, now)


def _decide(
    disclosure_id: uuid.UUID, state: str, before: Any, reason: str, by: uuid.UUID, now: datetime, **more: Any
) -> None:
    if not reason.strip():
        raise Refused(_("Say why: this is what a court would read."), field="reason")
    said = {"reason": reason.strip()[:LONGEST], "decided_at": now, "decided_by": by, **more}
    if not _move(disclosure_id, before, state=state, **said):
        raise Refused(_("Somebody else has decided this already."))
    audit.record("disclosure.decided", object_kind="disclosure", object_id=disclosure_id, actor=by, state=str(state))


@promise("P-LOGI-17")
def give(disclosure_id: uuid.UUID, *, given: str, at: datetime, by: uuid.UUID, now: datetime) -> None:
    """Write down what was handed over and when. Refused until somebody else has approved it."""
    if not given.strip():
        raise Refused(_("Say what was handed over, as kinds and counts."), field="given")
    known = _one(disclosure_id)
    if at > now or (known.decided_at is not None and at < _minute(known.decided_at)):
        raise Refused(_("This is before it was approved, or still to come."), field="at")
    if not _move(
        disclosure_id,
        [DisclosureState.APPROVED],
        state=DisclosureState.GIVEN,
        given=given.strip()[:LONGEST],
        given_at=at,
    ):
        raise Refused(_("Nothing may be given before somebody else has approved it."))
    audit.record("disclosure.given", object_kind="disclosure", object_id=disclosure_id, actor=by)


def _minute(moment: datetime) -> datetime:
    """A form knows whole minutes only."""
    return moment.replace(second=0, microsecond=0)


def tell(disclosure_id: uuid.UUID, *, emails: str, business: Business, by: uuid.UUID, now: datetime) -> int:
    """Write to the people whose data was given, each once; return how many letters were written.

    Only from here on does the register know an address: before, a copy of somebody's data could betray an inquiry.
    """
    known = _one(disclosure_id)
    if known.state != DisclosureState.GIVEN:
        raise Refused(_("Nothing was given yet."), field="emails")
    addresses = list(dict.fromkeys(part.lower() for part in re.split(r"[\s,;]+", emails) if part))
    if not addresses or len(addresses) > MOST_PEOPLE:
        raise Refused(_("Enter the addresses, one on each line, %(n)s at most.", n=MOST_PEOPLE), field="emails")
    told = set(
        db.session.scalars(select(DisclosurePerson.email).where(DisclosurePerson.disclosure_id == disclosure_id))
    )
    new = [address for address in addresses if address not in told]
    wanted = select(DataSubject.email, DataSubject.language).where(DataSubject.email.in_(new))
    languages = {row.email: row.language for row in db.session.execute(wanted)}
    who = versions.policy_in_force(business, now).identity
    for address in new:
        person = DisclosurePerson(id=new_id(), disclosure_id=disclosure_id, email=address, told_at=now)
        db.session.add(person)
        language = languages.get(address) or business.facts.language or "en"
        with force_locale(language):
            mail.send(
                address, "disclosure_told", mail_class=mail.TRANSACTIONAL, purpose="legal",
                subject_kind=DisclosurePerson.__tablename__, subject_id=person.id, language=language,
                business=business.facts.name, sender_name=business.facts.name, authority_name=known.authority,
                given_at=known.given_at, ground=vocabulary.DISCLOSURES[known.ground], law=known.law, given=known.given,
                contact=who.dpo_email or who.contact, authority=authorities.authority_for(who.country),
            )  # fmt: skip
    _move(disclosure_id, [DisclosureState.GIVEN], told_at=now, not_told="", not_told_why="")
    audit.record("disclosure.told", object_kind="disclosure", object_id=disclosure_id, actor=by, letters=len(new))
    return len(new)


def do_not_tell(disclosure_id: uuid.UUID, *, code: str, why: str, by: uuid.UUID) -> None:
    """Say why the people are not told (yet). Refuses without a reason, and once they were told."""
    if code not in NOT_TOLD or not why.strip():
        raise Refused(_("Choose the ground, and say in a sentence why."), field="not_told")
    wanted = (
        update(Disclosure)
        .where(
            Disclosure.id == disclosure_id, Disclosure.state == DisclosureState.GIVEN, Disclosure.told_at.is_(None)
        )
        .values(not_told=code, not_told_why=why.strip()[:300])
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if db.session.execute(wanted).rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(_("Nothing was given yet, or the people have been told."))
    db.session.expire_all()
    audit.record("disclosure.not_told", object_kind="disclosure", object_id=disclosure_id, actor=by, code=code)


def _move(disclosure_id: uuid.UUID, states: Any, **values: Any) -> bool:
    moved = db.session.execute(
        update(Disclosure)
        .where(Disclosure.id == disclosure_id, Disclosure.state.in_(list(states)))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]


# Reading ------------------------------------------------------------------------------------------


def get(disclosure_id: uuid.UUID) -> Disclosure | None:
    """One, or None."""
    return db.session.scalar(select(Disclosure).where(Disclosure.id == disclosure_id))


def _one(disclosure_id: uuid.UUID) -> Disclosure:
    return db.session.scalars(select(Disclosure).where(Disclosure.id == disclosure_id)).one()


def listed(*, done: bool, limit: int = 100) -> list[Disclosure]:
    """Those that wait for a decision, the oldest first; or the newest decided ones."""
    decided = Disclosure.state.in_((DisclosureState.GIVEN, DisclosureState.REFUSED))
    wanted = select(Disclosure).where(decided if done else ~decided).limit(limit)
    return list(db.session.scalars(wanted.order_by(Disclosure.number.desc() if done else Disclosure.asked_at)))


def document(disclosure_id: uuid.UUID) -> files.StoredFile | None:
    """The authority's letter, or None."""
    wanted = select(files.StoredFile).join(Disclosure, Disclosure.file_id == files.StoredFile.id)
    return db.session.scalar(wanted.where(Disclosure.id == disclosure_id))


def people(disclosure_id: uuid.UUID) -> list[DisclosurePerson]:
    """Who was told."""
    wanted = select(DisclosurePerson).where(DisclosurePerson.disclosure_id == disclosure_id)
    return list(db.session.scalars(wanted.order_by(DisclosurePerson.email)))


@dataclass(frozen=True)
class Tally:
    """What the public page says of the last twelve months."""

    since: datetime
    asked: int
    given: int
    refused: int
    by_ground: dict[str, int]  # of those given
    people: int


def tally(now: datetime) -> Tally:
    """Count what was asked for in the last twelve months and what became of it. One statement."""
    since = now - A_YEAR
    wanted = select(Disclosure.state, Disclosure.ground, Disclosure.people_count).where(Disclosure.asked_at >= since)
    rows = db.session.execute(wanted).all()
    given = [row for row in rows if row.state == DisclosureState.GIVEN]
    return Tally(
        since, len(rows), len(given), sum(row.state == DisclosureState.REFUSED for row in rows),
        dict(Counter(row.ground for row in given)), sum(row.people_count for row in given),
    )  # fmt: skip
