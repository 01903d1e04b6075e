"""Consent after a change of the policy: it goes on counting unless the very thing that was agreed to has changed.

That thing is a purpose by a channel, with the data used for it. Less data is still what was agreed to, more is not.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, func, select, update

from logicrm.core import audit, tenancy, workspaces
from logicrm.core.promises import promise
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import versions
from logicrm.privacy.consent_models import Consent
from logicrm.privacy.profile import Profile

ENDED_BY_POLICY = "policy"  # how a consent ended: the policy changed what it was about


def covers(old: Profile, new: Profile, purpose: str, channel: str) -> bool:
    """True when a yes that was given under one policy still says yes to the same under another."""
    if old.hash == new.hash:
        return True
    before, after = old.purposes.get(purpose), new.purposes.get(purpose)
    if before is None or after is None or not after.needs_consent or channel not in new.channels:
        return False
    return set(after.data) <= set(before.data)


def counts(purpose: str, channel: str, given_at: datetime, business: Business, now: datetime) -> bool:
    """True when a yes still counts: what it was about is what the policy in force says now."""
    given_under = versions.policy_in_force(business, given_at)
    return covers(given_under, versions.policy_in_force(business, now), purpose, channel)


def here() -> Business:
    """The business of this context. Asked anew each time: a policy may have been published since."""
    workspace_id = tenancy.current()
    business = workspaces.by_id(workspace_id) if workspace_id else None
    if business is None:
        raise tenancy.NoWorkspace("consent is given to a business")
    return business


def of_person(subject_id: uuid.UUID) -> list[Consent]:
    """What a person has said yes to and not taken back."""
    asked = select(Consent).where(Consent.subject_id == subject_id, Consent.withdrawn_at.is_(None))
    return list(db.session.scalars(asked.order_by(Consent.given_at, Consent.id)))


def would_end(before: Profile, after: Profile) -> int:
    """How many consents of this workspace would have to be asked for anew if one policy followed the other."""
    held = (
        select(Consent.purpose, Consent.channel, func.count())
        .where(Consent.withdrawn_at.is_(None))
        .group_by(Consent.purpose, Consent.channel)
    )
    return sum(n for purpose, channel, n in db.session.execute(held) if not covers(before, after, purpose, channel))


def stale(business: Business, now: datetime) -> list[ColumnElement[bool]]:
    """Conditions for the consents that do not count any more at an instant, one for each purpose, channel and time
    between two policies: a few statements, however many consents there are."""
    after = versions.policy_in_force(business, now)
    pairs = select(Consent.purpose, Consent.channel).where(Consent.withdrawn_at.is_(None)).distinct()
    found = []
    for purpose, channel in db.session.execute(pairs).all():
        for begins, ends, before in _stretches(business):
            if not covers(before, after, purpose, channel):
                found.append(
                    and_(
                        Consent.withdrawn_at.is_(None), Consent.purpose == purpose, Consent.channel == channel,
                        Consent.given_at >= begins, Consent.given_at < ends,
                    )
                )  # fmt: skip
    return found


_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def _stretches(business: Business) -> list[tuple[datetime, datetime, Profile]]:
    """The times during which one policy ruled: from, until (not included), which."""
    turns = sorted({one.effective_at for one in versions.published(business.facts)})
    edges = [_FIRST, *turns, _LAST]
    return [(a, b, versions.policy_in_force(business, a)) for a, b in itertools.pairwise(edges)]


@promise("P-LOGI-64")
def end_what_changed(business: Business, now: datetime, *, subject_id: uuid.UUID | None = None) -> int:
    """End the consents that do not count any more, of everybody or of one person; return how many. The caller commits.

    Nothing was sent on them since the policy began: the gate asks `counts` itself. This puts it on record, and makes
    room for a new yes.
    """
    ended = 0
    for condition in stale(business, now):
        end = update(Consent).where(condition).values(withdrawn_at=now, withdrawn_how=ENDED_BY_POLICY)
        if subject_id is not None:
            end = end.where(Consent.subject_id == subject_id)
        done = db.session.execute(end.execution_options(synchronize_session=False))
        ended += int(done.rowcount)  # type: ignore[attr-defined]
    if ended:
        db.session.expire_all()
        audit.record("consent.ended_by_policy", count=ended)
    return ended


def lapsed(history: Iterable[Consent], business: Business, now: datetime) -> set[tuple[str, str]]:
    """(purpose, channel) of what a person had agreed to and is asked anew: the newest yes ended, or counts no more,
    because of the policy. `history`: newest first."""
    newest: dict[tuple[str, str], Consent] = {}
    for row in history:
        newest.setdefault((row.purpose, row.channel), row)
    return {
        key
        for key, row in newest.items()
        if row.withdrawn_how == ENDED_BY_POLICY
        or (row.withdrawn_at is None and not counts(*key, row.given_at, business, now))
    }
