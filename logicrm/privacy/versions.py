"""Which policy rules a workspace at a moment: the one place that answers it, for pages, clocks, engine and gate.

The highest published version whose time has come; before the first one, the workspace's profile as it comes with
the program, with the business itself as the controller. Versions never change, so what was read once is remembered
for good, by the number of the newest one: that number is part of the workspace's facts, which every page has anyway.
"""

from __future__ import annotations

import json
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from threading import Lock
from typing import Any

from babel import Locale
from flask import current_app
from sqlalchemy import select

from logicrm.core import tenancy, workspaces
from logicrm.core.access import WorkspaceFacts
from logicrm.core.subjects import Subject
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import profile as profiles
from logicrm.privacy import vocabulary
from logicrm.privacy.policy_models import PolicyVersion
from logicrm.privacy.profile import Profile
from logicrm.privacy.profile_schema import ProfileError

REMEMBERED = 256  # workspaces per process; a version is some 10 kB
UNSETTLED = "logicrm.policy_unsettled"  # this session has published something that may still be rolled back


class Altered(RuntimeError):
    """A stored version is not what was published: the database was changed behind the program's back."""


@dataclass(frozen=True)
class Version:
    """A published policy, as values."""

    id: uuid.UUID
    number: int
    profile: Profile
    last_updated: date
    effective_at: datetime
    published_at: datetime
    material: bool
    summary: str


def ruling(facts: WorkspaceFacts, at: datetime) -> Version | None:
    """The version that rules at an instant, or None while the profile itself does."""
    return next((one for one in reversed(published(facts)) if one.effective_at <= at), None)


def policy_in_force(business: Business, at: datetime) -> Profile:
    """The policy that rules a business at an instant. Every reader of a figure asks here."""
    version = ruling(business.facts, at)
    return version.profile if version else unpublished(business)


def policy_before(business: Business, version: Version) -> Profile:
    """What was public before a version: the one before it, else the profile as it comes with the program."""
    if version.number > 1:
        return published(business.facts)[version.number - 2].profile
    return unpublished(business)


def of_workspace(workspace_id: uuid.UUID, at: datetime) -> Profile:
    """The policy that rules a workspace at an instant. Raises LookupError when there is no such workspace."""
    business = workspaces.by_id(workspace_id)
    if business is None:
        raise LookupError(f"no workspace {workspace_id}")
    return policy_in_force(business, at)


def of_subject(subject: Subject, at: datetime) -> Profile:
    """The policy under which a person's data is held: their business's; an account's first workspace's."""
    place = subject.workspace_id or next(iter(subject.workspaces), None)
    business = workspaces.by_id(place) if place else None
    return policy_in_force(business, at) if business else profiles.load(subject.profile)


def published(facts: WorkspaceFacts) -> tuple[Version, ...]:
    """Every version of a workspace, the oldest first. Public, so it may be read from any workspace and the portal."""
    if not facts.policy:
        return ()
    key = (facts.id, facts.policy)
    with _lock:
        held = _remembered().get(key)
        if held is not None:
            _remembered().move_to_end(key)
            return held
    rows = db.session.execute(
        select(*(getattr(PolicyVersion, name) for name in _COLUMNS))
        .where(PolicyVersion.workspace_id == facts.id, PolicyVersion.number <= facts.policy)
        .order_by(PolicyVersion.number),
        execution_options={tenancy.ACROSS: True},
    )
    found = tuple(_as_values(row) for row in rows)
    if not db.session.info.get(UNSETTLED):
        with _lock:
            _remembered()[key] = found
            while len(_remembered()) > REMEMBERED:
                _remembered().popitem(last=False)
    return found


_lock = Lock()
# Columns, not rows of the model: another workspace's row must not stay in the session.
_COLUMNS = (
    "id", "number", "document", "hash", "last_updated", "effective_at", "published_at", "material", "summary",
)  # fmt: skip


def _remembered() -> OrderedDict[tuple[uuid.UUID, int], tuple[Version, ...]]:
    kept: OrderedDict[tuple[uuid.UUID, int], tuple[Version, ...]]
    kept = current_app.extensions.setdefault("logicrm.policy_versions", OrderedDict())
    return kept


def _as_values(row: Any) -> Version:
    known = profiles.from_data(row.document, file=f"version {row.number}")
    if known.hash != row.hash:
        raise Altered(f"policy version {row.id} does not have the hash that was published")
    return Version(
        row.id, row.number, known, row.last_updated, row.effective_at, row.published_at, row.material, row.summary
    )


# The profile as it comes with the program ----------------------------------------------------------


def unpublished(business: Business) -> Profile:
    """The workspace's profile with the business as the controller: what rules before anything was published."""
    facts = business.facts
    return _with_identity(facts.profile, facts.name, facts.country, business.address, business.privacy_contact)


@lru_cache(maxsize=256)
def _with_identity(name: str, controller: str, country: str, address: str, contact: str) -> Profile:
    known = profiles.load(name)
    try:
        return known.with_values(_identity(controller, country, address, contact))
    except ProfileError:
        # What a workspace typed cannot be printed as a policy: the profile's own words are better than no page.
        return known


def _identity(controller: str, country: str, address: str, contact: str) -> dict[str, Any]:
    values: dict[str, Any] = {"identity.controller": controller}
    if country:
        values["identity.country"] = country
        law = Locale("en").territories.get(country, country)
        values["identity.governing_law"] = f"{law}; the GDPR" if country in vocabulary.EEA else str(law)
    lines = [line.strip() for line in address.replace(",", "\n").splitlines() if line.strip()]
    values["identity.address"] = values["identity.dpo_address"] = [controller, *lines]
    if contact:
        values["identity.privacy_email"] = values["identity.dpo_email"] = contact
    return values


def written_from(name: str, business: Business) -> dict[str, Any]:
    """The tables of a profile with the business's own name and addresses, as JSON has them: where a draft begins.

    Not checked: what does not fit together is for whoever edits it to see and mend.
    """
    facts = business.facts
    document = as_json(profiles.load(name))
    identity = document.setdefault("identity", {})
    for path, value in _identity(facts.name, facts.country, business.address, business.privacy_contact).items():
        identity[path.removeprefix("identity.")] = value
    return document


def as_json(known: Profile) -> dict[str, Any]:
    """A profile's tables as JSON has them (days as texts), for a draft or a version. The hash stays the same."""
    document: dict[str, Any] = json.loads(profiles.canonical(known.data))
    return document
