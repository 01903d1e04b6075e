"""Consent to be contacted, by purpose and channel; objections; and the gate that every marketing message passes
at the moment at which it would leave. The callers commit.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import force_locale
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from logicrm.core import audit, clock, crypto, mail, tenancy
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.promises import promise
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy import asked_anew, letters, subjects, vocabulary
from logicrm.privacy.consent_models import Consent, Suppression
from logicrm.privacy.models import DataSubject
from logicrm.privacy.profile import Profile

EMAIL = "email"
#: Purposes for which somebody is written to. The policy decides which of them it has.
WRITTEN = ("marketing", "product_updates", "insights", "surveys", "recommendations")


#: Acts by which somebody says yes. Going on to use the service is none of them.
ACTS = ("portal", "form")


@dataclass(frozen=True)
class Option:
    """One thing that a person may allow: a purpose by a channel, in the words that they agree to."""

    purpose: str
    channel: str
    purpose_words: str
    channel_words: str
    wording: str
    given: Consent | None = None


def address_hash(email: str) -> str:
    """The keyed hash of an address: the same by which its data subject is found again."""
    return subjects.key_hash(email)


def purposes(profile: Profile) -> list[str]:
    """What the policy asks consent for and somebody is written to about."""
    return [name for name in WRITTEN if name in profile.consent_purposes()]


def options(profile: Profile, business: str, current: Sequence[Consent] = ()) -> list[Option]:
    """Every purpose and channel of the policy, with the yes that there is. Nothing is ticked by itself."""
    given = {(row.purpose, row.channel): row for row in current}
    return [
        Option(
            purpose,
            channel,
            str(vocabulary.PURPOSES[purpose]),
            str(vocabulary.CHANNELS[channel]),
            wording(purpose, channel, business),
            given.get((purpose, channel)),
        )
        for purpose in purposes(profile)
        for channel in profile.channels
    ]


def wording(purpose: str, channel: str, business: str) -> str:
    """The sentence that somebody agrees to, in the language of the page."""
    return _(
        "%(business)s may write to me by %(channel)s about: %(purpose)s. I can take this back at any time.",
        business=business, channel=vocabulary.CHANNELS[channel], purpose=vocabulary.PURPOSES[purpose],
    )  # fmt: skip


def current(subject_id: uuid.UUID, now: datetime) -> list[Consent]:
    """The consents of a person that count now: not taken back, and about what the policy still says."""
    business = asked_anew.here()
    held = asked_anew.of_person(subject_id)
    return [row for row in held if asked_anew.counts(row.purpose, row.channel, row.given_at, business, now)]


def history(subject_id: uuid.UUID) -> list[Consent]:
    """Everything that a person ever allowed, newest first."""
    asked = select(Consent).where(Consent.subject_id == subject_id)
    return list(db.session.scalars(asked.order_by(Consent.given_at.desc(), Consent.id.desc())))


@promise("consent.opt_in")
def give(
    subject_id: uuid.UUID, purpose: str, channel: str, *, profile: Profile, business: str, language: str, how: str,
    proof: dict[str, str], now: datetime,
) -> None:  # fmt: skip
    """Record a yes of the person's own. A second click changes nothing. Refuses what the policy does not have.

    how: one of ACTS. proof: how we know that it was this person, without personal values.
    """
    if how not in ACTS:
        raise ValueError(f"a consent is given by an act ({', '.join(ACTS)}), not by {how!r}")
    if purpose not in purposes(profile) or channel not in profile.channels:
        raise Refused(_("This is not something to choose."))
    asked_anew.end_what_changed(asked_anew.here(), now, subject_id=subject_id)
    words = wording(purpose, channel, business)
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    row = insert(Consent).values(
        id=new_id(), workspace_id=tenancy.current(), subject_id=subject_id, purpose=purpose, channel=channel,
        given_at=now, how=how, withdrawn_how="", wording=words,
        wording_hash=hashlib.sha256(words.encode()).hexdigest(), language=language, policy_hash=profile.hash,
        proof=proof,
    )  # fmt: skip
    made = db.session.execute(row.on_conflict_do_nothing().returning(Consent.id)).first()
    if made is not None:
        audit.record(
            "consent.given", object_kind="consent", object_id=made[0], purpose=purpose, channel=channel, how=how
        )


@promise("consent.withdraw")
def withdraw(
    subject_id: uuid.UUID, *, how: str, now: datetime, purpose: str | None = None, channel: str | None = None
) -> int:
    """Take consents back, for one purpose and channel or for all; nothing more is sent. Returns how many."""
    ended = update(Consent).where(Consent.subject_id == subject_id, Consent.withdrawn_at.is_(None))
    if purpose is not None:
        ended = ended.where(Consent.purpose == purpose)
    if channel is not None:
        ended = ended.where(Consent.channel == channel)
    done = db.session.execute(
        ended.values(withdrawn_at=now, withdrawn_how=how).execution_options(synchronize_session=False)
    )
    count = int(done.rowcount)  # type: ignore[attr-defined]
    if count:
        db.session.expire_all()
        audit.record(
            "consent.withdrawn", object_kind="data_subject", object_id=subject_id, count=count, purpose=purpose or "",
            channel=channel or "", how=how,
        )  # fmt: skip
    return count


@promise("objection")
def suppress(hashed: str, *, channel: str, how: str, now: datetime, purpose: str = "") -> None:
    """Close a channel for an address; an objection is always accepted, also from whom we do not know."""
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    row = insert(Suppression).values(
        id=new_id(), workspace_id=tenancy.current(), address_hash=hashed, channel=channel, purpose=purpose, since=now,
        how=how,
    )  # fmt: skip
    db.session.execute(
        row.on_conflict_do_update(
            index_elements=["workspace_id", "address_hash", "channel", "purpose"],
            set_={"since": row.excluded.since, "how": row.excluded.how},
        )
    )
    audit.record("marketing.objection", channel=channel, purpose=purpose, how=how)


def object_to_marketing(subject_id: uuid.UUID, email: str, *, how: str, now: datetime) -> None:
    """Stop all advertising to a person, by every channel, at once and for good."""
    withdraw(subject_id, how=how, now=now)
    for channel in vocabulary.CHANNELS:
        suppress(address_hash(email), channel=channel, how=how, now=now)


def objected_at(email: str) -> datetime | None:
    """When the person objected to all advertising, or None."""
    return db.session.scalar(
        select(Suppression.since).where(
            Suppression.address_hash == address_hash(email), Suppression.channel == EMAIL, Suppression.purpose == ""
        )
    )


# The gate ----------------------------------------------------------------------------------------


@promise("gate.marketing")
def may_contact(email: str, purpose: str, channel: str, *, now: datetime) -> tuple[bool, str]:
    """(may it, why not): a current yes for this purpose and channel, about what the policy says, after any objection."""
    hashed = address_hash(email)
    row = db.session.execute(
        select(Consent.given_at, DataSubject.deletion_due_at)
        .join(DataSubject, Consent.subject_id == DataSubject.id)
        .where(
            DataSubject.key_hash == hashed,
            Consent.purpose == purpose,
            Consent.channel == channel,
            Consent.withdrawn_at.is_(None),
        )
    ).first()
    if row is None:
        return False, "no consent for this purpose and channel"
    if row.deletion_due_at is not None:
        return False, "the person asked for deletion"
    if not asked_anew.counts(purpose, channel, row.given_at, asked_anew.here(), now):
        return False, "the policy has changed what the consent was about"
    objected = db.session.scalar(
        select(Suppression.since).where(
            Suppression.address_hash == hashed,
            Suppression.channel == channel,
            Suppression.purpose.in_(["", purpose]),
            Suppression.since >= row.given_at,
        )
    )
    return (True, "") if objected is None else (False, "the person objected")


@promise("mail.classes")
@mail.gate
def may_send(letter: mail.OutgoingMail) -> tuple[bool, str]:
    """What the outbox asks when a message is about to leave. Advertising does not pass for a message one needs."""
    if letter.mail_class != mail.MARKETING:
        needs_yes = letter.purpose in vocabulary.CONSENT_ONLY
        return not needs_yes, "this purpose needs a yes, so it is advertising" if needs_yes else ""
    if tenancy.current() is None:
        return False, "marketing speaks for a business"
    return may_contact(letter.to_address, letter.purpose, EMAIL, now=clock.now())


# Unsubscribing -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unsubscribe:
    """What a link in a message stops."""

    workspace_id: uuid.UUID
    address_hash: str
    purpose: str
    channel: str


def unsubscribe_url(email: str, purpose: str, channel: str = EMAIL) -> str:
    """The address for List-Unsubscribe. It never ends and holds no address: old mail must work after an erasure too."""
    workspace_id = tenancy.current()
    if workspace_id is None:
        raise tenancy.NoWorkspace("an unsubscribe link outside a workspace")
    token = _links().dumps([workspace_id.hex, address_hash(email), purpose, channel])
    return letters.absolute("notices.unsubscribe", token=token)


def read_link(token: str) -> Unsubscribe | None:
    """What a link stops, or None when it is not ours. Looking changes nothing."""
    try:
        workspace, hashed, purpose, channel = _links().loads(token)
        return Unsubscribe(uuid.UUID(workspace), str(hashed), str(purpose), str(channel))
    except (BadData, ValueError, TypeError):
        return None


def stop(link: Unsubscribe, *, everything: bool, now: datetime) -> None:
    """Do what the link says, or stop every kind of advertising. Inside the link's workspace. Twice is as once."""
    channels = list(vocabulary.CHANNELS) if everything else [link.channel]
    for channel in channels:
        suppress(
            link.address_hash, channel=channel, purpose="" if everything else link.purpose, how="unsubscribe", now=now
        )
    subject_id = db.session.scalar(select(DataSubject.id).where(DataSubject.key_hash == link.address_hash))
    if subject_id is not None and everything:
        withdraw(subject_id, how="unsubscribe", now=now)
    elif subject_id is not None:
        withdraw(subject_id, how="unsubscribe", now=now, purpose=link.purpose, channel=link.channel)


def _links() -> URLSafeSerializer:
    return URLSafeSerializer(crypto.derive("unsubscribe"), salt="unsubscribe/1")


def in_english(purpose: str) -> str:
    """A purpose in the language of receipts."""
    with force_locale("en"):
        return str(vocabulary.PURPOSES[purpose])
