"""The draft of a policy: begun from what rules or from a profile, edited part by part, looked over before publishing.

The callers commit.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from logicrm.core import audit, tenancy
from logicrm.core.errors import Conflict
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import new_id
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import cookies_registry, policy_fields, policy_forms, profile, versions, vocabulary, words
from logicrm.privacy.clocks import Duration
from logicrm.privacy.policy_forms import Group, Typed
from logicrm.privacy.policy_models import PolicyDraft
from logicrm.privacy.profile import Profile
from logicrm.privacy.profile_schema import Problem, ProfileError

#: What publishing writes itself.
DATES = ("last_updated", "effective")
_PERIOD = re.compile(r"\bP(?:\d+[YMWD])*(?:T\d+H)?(?<=[YMWDH])\b")


@dataclass(frozen=True)
class Draft:
    """What would be published. `revision` is 0 while nobody has edited anything: then it is what rules now."""

    document: dict[str, Any]
    revision: int
    changed_at: datetime | None = None


@dataclass(frozen=True)
class Stop:
    """One thing that stops publishing. `part` is where it can be mended, "" when in no form."""

    label: str
    says: str
    part: str


def current(business: Business, now: datetime) -> Draft:
    """The workspace's draft, or what it would begin from: the newest version, else what rules."""
    row = db.session.scalar(select(PolicyDraft))
    if row is not None:
        return Draft(row.document, row.revision, row.changed_at)
    newest = versions.published(business.facts)[-1:]
    base = newest[0].profile if newest else versions.policy_in_force(business, now)
    return Draft(versions.as_json(base), 0)


def start(business: Business, source: str, *, revision: int, by: uuid.UUID, now: datetime) -> None:
    """Begin anew from a profile. Raises LookupError for one that there is not, Conflict when somebody was faster."""
    document = versions.written_from(source, business)
    _store(document, revision=revision, by=by, now=now)
    audit.record(
        "policy.draft_started", object_kind="policy_draft", object_id=business.facts.id, actor=by, profile=source
    )


def discard(*, by: uuid.UUID, revision: int) -> None:
    """Throw the draft away. Raises Conflict when somebody has edited it since."""
    gone = db.session.execute(
        delete(PolicyDraft).where(PolicyDraft.revision == revision).execution_options(synchronize_session=False)
    )
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise _overtaken()
    audit.record("policy.draft_discarded", object_kind="policy_draft", object_id=tenancy.current(), actor=by)


def save(
    business: Business, part: str, typed: Typed, *, revision: int, by: uuid.UUID, now: datetime
) -> list[Group] | None:
    """Save one part as it was typed; None when it is saved, else the form again with what is wrong with it.

    Only what belongs to this part can refuse it: what does not fit together with another part stops publishing.
    Raises LookupError for a part that there is not, Conflict when somebody has edited the draft since.
    """
    draft = current(business, now)
    saved = policy_forms.apply(part, draft.document, typed)
    shown = policy_forms.groups(part, draft.document)
    names = [one.name for group in shown for one in group.inputs]
    errors = dict(saved.errors)
    known = {(problem.path, problem.says) for problem in problems(draft.document)}
    for problem in problems(saved.document):
        place = policy_fields.place_in(policy_fields.place_of(problem.path), saved.document)
        name = policy_forms.input_of(place, saved, names)
        # A mistake of a whole table that was there before is not this form's.
        if name and (name == place or (problem.path, problem.says) not in known):
            errors.setdefault(name, readable(f"{problem.says} {problem.mend}"))
    if errors:
        policy_forms.show_typed(shown, typed, errors)
        return shown
    if saved.document != draft.document:
        _store(saved.document, revision=revision, by=by, now=now)
        audit.record("policy.draft_saved", object_kind="policy_draft", object_id=business.facts.id, actor=by, part=part)
    return None


def _store(document: dict[str, Any], *, revision: int, by: uuid.UUID, now: datetime) -> None:
    """Write the draft over the revision that was shown; somebody else's newer one is not lost."""
    if revision:
        values = {"document": document, "revision": revision + 1, "changed_at": now, "changed_by": by}
        moved = db.session.execute(
            update(PolicyDraft)
            .where(PolicyDraft.revision == revision)
            .values(values)
            .execution_options(synchronize_session=False)
        )
        written = moved.rowcount == 1  # type: ignore[attr-defined]
    else:
        insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
        row = insert(PolicyDraft).values(
            id=new_id(), workspace_id=tenancy.current(), document=document, revision=1, changed_at=now, changed_by=by
        )
        made = db.session.execute(row.on_conflict_do_nothing().returning(PolicyDraft.id)).first()
        written = made is not None
    if not written:
        raise _overtaken()
    db.session.expire_all()


def _overtaken() -> Conflict:
    return Conflict(
        _("Somebody else has changed the draft meanwhile. Look at it, then save again if you still want to.")
    )


# What stops publishing ----------------------------------------------------------------------------


def problems(document: Mapping[str, Any]) -> tuple[Problem, ...]:
    """What is wrong with a document by the profile's own rules; () when nothing is."""
    try:
        profile.from_data(dict(document), file=_("the draft"))
    except ProfileError as fault:
        return fault.problems
    return ()


def dated(document: Mapping[str, Any], *, updated: date, effective: date) -> dict[str, Any]:
    """The document with the days that publishing writes into it."""
    return {**document, "last_updated": updated.isoformat(), "effective": effective.isoformat()}


def local_day(business: Business, now: datetime) -> date:
    """The day in the workspace's zone."""
    return now.astimezone(ZoneInfo(business.facts.time_zone)).date()


def stops(document: dict[str, Any]) -> list[Stop]:
    """Everything that stops a document from being published, in words, each with the form that mends it."""
    try:
        known = profile.from_data(document, file=_("the draft"))
    except ProfileError as fault:
        return [_stop(one, document) for one in fault.problems]
    found = [_stop(one, document) for one in profile.before_publishing(known)]
    found += _without_rule(known)
    found += [
        Stop(one, _("The program sets this cookie, but the policy has no such kind of cookies."), "cookies")
        for one in cookies_registry.outside_policy(known)
    ]
    return found


def _without_rule(known: Profile) -> Sequence[Stop]:
    return [
        Stop(
            _("Data without a rule"),
            _("The program holds data that this policy does not cover. %(what)s", what=line), "purposes",
        )
        for line in profile.columns_without_rule(known, db.metadata)
    ]  # fmt: skip


def _stop(problem: Problem, document: Mapping[str, Any]) -> Stop:
    place = policy_fields.place_in(policy_fields.place_of(problem.path), dict(document))
    label = policy_fields.label_of(place, dict(document))
    return Stop(label, readable(f"{problem.says} {problem.mend}"), policy_fields.part_of(place))


def readable(text: str) -> str:
    """A message of the profile's validation for people: "7 years" for P7Y."""
    return _PERIOD.sub(lambda found: words.period(Duration.parse(found[0])), text)


def keeping_rows(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(class of data, its name, how long) for the page that lists them."""
    rules = document.get("retention", {})
    return [
        (name, str(label), readable(str(rules.get(name, {}).get("keep_for", "–"))))
        for name, label in vocabulary.DATA_CLASSES.items()
    ]


def purpose_rows(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(purpose, its name, its legal basis) for the page that lists them."""
    held = {row.get("name"): row.get("basis", "") for row in document.get("purpose", [])}
    return [
        (name, str(label), str(policy_fields.BASES.get(held.get(name, ""), "–")))
        for name, label in vocabulary.PURPOSES.items()
    ]
