"""Publishing a policy: a look at everything that it would do, then one immutable version, and one winner.

The callers commit.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, update

from logicrm.core import audit, jobs, watermarks
from logicrm.core.errors import Conflict, Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.promises import promise
from logicrm.core.schema import new_id
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import drafts, profile, retention, telling, versions, versions_diff, versions_material
from logicrm.privacy.drafts import Draft, Stop
from logicrm.privacy.policy_models import PolicyDraft, PolicyVersion
from logicrm.privacy.profile import Profile
from logicrm.privacy.versions_diff import Change
from logicrm.privacy.versions_material import Reason

LONGEST_SUMMARY = 500
FURTHEST = timedelta(days=366)


@dataclass(frozen=True)
class Review:
    """What publishing a draft would do. `rules`: in force now; `known`: None while the draft contradicts itself."""

    draft: Draft
    rules: Profile
    known: Profile | None
    changes: list[Change]
    reasons: list[Reason]
    stops: list[Stop]
    people: telling.People
    earliest: date
    today: date

    @property
    def material(self) -> bool:
        return bool(self.reasons)


@dataclass(frozen=True)
class Removal:
    """What retention would remove now, by the figures in force and by the draft's. `stops`: so much more than usual
    that the engine would stop and ask."""

    executor: str
    data_class: str
    now: int
    then: int
    stops: bool


def review(business: Business, *, by: uuid.UUID, lang: str, now: datetime) -> Review:
    """Look a draft over: what changes, what is material, whom to tell, from when it may rule, what stops it."""
    draft = drafts.current(business, now)
    today = drafts.local_day(business, now)
    document = drafts.dated(draft.document, updated=today, effective=today)
    stops = drafts.stops(document)
    known = None if drafts.problems(document) else profile.from_data(document, file=_("the draft"))
    rules, newest = versions.policy_in_force(business, now), _newest(business, now)
    found = versions_diff.changes(rules, document, lang)
    since_newest = versions_diff.changes(newest, document, lang)
    if business.facts.policy and not since_newest:
        stops.append(Stop(_("Nothing to publish"), _("The draft says the same as the newest version."), ""))
    # People rely on what rules, and on what they were told is coming.
    reasons = list(dict.fromkeys(versions_material.reasons([*found, *since_newest])))
    people = telling.people(rules, known, but=by)
    policies = [rules, known] if known else [rules]
    earliest = versions_material.earliest(policies, material=bool(reasons), told=people.count, today=today)
    return Review(draft, rules, known, found, reasons, stops, people, earliest, today)


def _newest(business: Business, now: datetime) -> Profile:
    """The latest that people were told of, also when it does not rule yet."""
    newest = versions.published(business.facts)[-1:]
    return newest[0].profile if newest else versions.policy_in_force(business, now)


def removals(business: Business, known: Profile, *, now: datetime) -> list[Removal]:
    """What retention would remove here if the draft ruled now; tables in which nothing is due are left out."""
    present = _due(versions.policy_in_force(business, now), now)
    found = []
    for name, one in sorted(_due(known, now).items()):
        rules = present.get(name)
        stops = one.due > max(retention.BRAKE_LEAST, retention.BRAKE_FACTOR * one.usual)
        found.append(Removal(name, one.rule.keep.data_class, rules.due if rules else 0, one.due, stops))
    return [row for row in found if row.now or row.then]


def _due(policy: Profile, now: datetime) -> dict[str, retention.Outcome]:
    return {one.rule.executor: one for one in retention.run(policy, now=now, tenant=True, dry=True)}


@promise("P-LOGI-60")
@promise("P-LOGI-61")
def publish(
    business: Business, *, revision: int, newest: int, effective_on: date, raised: bool, summary: str, by: uuid.UUID,
    lang: str, now: datetime,
) -> PolicyVersion:  # fmt: skip
    """Make the draft a version that rules from the beginning of `effective_on` in the workspace's zone (today: now).

    `revision` and `newest` are those of the preview that was looked at: when somebody edited or published since, it
    is a Conflict. Refused with what stops it, and for a day before the earliest. `raised`: treat as material.
    """
    found = review(business, by=by, lang=lang, now=now)
    if found.draft.revision != revision or business.facts.policy != newest:
        raise _overtaken()
    if found.stops or found.known is None:
        raise Refused(_("Something stops publishing. It stands in the list."))
    material = found.material or raised
    policies = (found.rules, found.known)
    first = versions_material.earliest(policies, material=material, told=found.people.count, today=found.today)
    if effective_on < first:
        raise Refused(_("People must be told before. Choose a later day."), field="effective_on")
    if effective_on > found.today + FURTHEST:
        raise Refused(_("Choose a day within a year."), field="effective_on")
    if len(summary) > LONGEST_SUMMARY:
        raise Refused(_("Use at most %(n)s characters.", n=LONGEST_SUMMARY), field="summary")
    number = _take_number(business, newest)
    _take_draft(revision)
    document = drafts.dated(found.draft.document, updated=found.today, effective=effective_on)
    made = _store(business, number, document, material=material, summary=" ".join(summary.split()), by=by, now=now)
    telling.seen(made.id, account_id=by, now=now)
    watermarks.leave_watermark("policy:published", ran_at=now, rows_considered=len(found.changes), rows_acted=1)
    if material and found.people.count:
        jobs.enqueue("privacy.tell_policy", args={"version": made.id}, key=f"policy-told:{made.id}")
    jobs.enqueue("privacy.policy_begins", args={"version": made.id}, run_at=made.effective_at)
    return made


def _take_number(business: Business, newest: int) -> int:
    """Two owners who publish at once: one of them moves the number."""
    table = db.metadata.tables["workspace"]
    moved = db.session.execute(
        update(table)
        .where(table.c.id == business.facts.id, table.c.policy_number == newest)
        .values(policy_number=newest + 1)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise _overtaken()
    return newest + 1


def _take_draft(revision: int) -> None:
    """The draft becomes the version. Without one (revision 0) there must still be none."""
    gone = db.session.execute(
        delete(PolicyDraft).where(PolicyDraft.revision == revision).execution_options(synchronize_session=False)
    )
    if gone.rowcount != (1 if revision else 0):  # type: ignore[attr-defined]
        raise _overtaken()


def _store(
    business: Business, number: int, document: dict[str, object], *, material: bool, summary: str, by: uuid.UUID,
    now: datetime,
) -> PolicyVersion:  # fmt: skip
    known = profile.from_data(document, file=f"version {number}")
    assert known.last_updated is not None and known.effective is not None
    db.session.info[versions.UNSETTLED] = True
    made = PolicyVersion(
        id=new_id(), number=number, profile=known.name, document=document, hash=known.hash,
        last_updated=known.last_updated, effective_at=begins(business, known.effective, now), published_at=now,
        published_by=by, material=material, summary=summary,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    audit.record("policy.published", made, actor=by, number=number, hash=known.hash, material=material)
    return made


def begins(business: Business, day: date, now: datetime) -> datetime:
    """The first instant of a day in the workspace's zone; now, when that is over already."""
    return max(datetime.combine(day, time.min, ZoneInfo(business.facts.time_zone)).astimezone(now.tzinfo), now)


def _overtaken() -> Conflict:
    return Conflict(_("Somebody else has edited or published meanwhile. Nothing was published; look at it again."))
