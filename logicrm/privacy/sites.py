"""Whose policy a page shows: of the business in the address, of the member's workspace, or of the installation."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from babel import Locale
from flask import current_app

from logicrm.core import tenancy, workspaces
from logicrm.core.access import principal_or_none
from logicrm.core.workspaces import Business
from logicrm.privacy import profile as profiles
from logicrm.privacy import vocabulary
from logicrm.privacy.profile import Profile
from logicrm.privacy.profile_schema import ProfileError


@dataclass(frozen=True)
class Site:
    """A policy with the name and identity of whoever answers for it. `slug` is "" for the installation's own."""

    name: str
    slug: str
    profile: Profile
    workspace_id: uuid.UUID | None = None


def of_slug(slug: str) -> Site | None:
    """The site of a business, or None when there is none by this name."""
    business = workspaces.by_slug(slug)
    return of_business(business) if business else None


def of_business(business: Business) -> Site:
    """The site of a business: its policy with itself as the controller."""
    facts = business.facts
    known = _with_identity(facts.profile, facts.name, facts.country, business.address, business.privacy_contact)
    return Site(facts.name, facts.slug, known, facts.id)


def here() -> Site:
    """The site of this request: the workspace that it works in, the member's, else the installation's."""
    who = principal_or_none()
    workspace_id = tenancy.current() or (who.workspace.id if who else None)
    business = workspaces.by_id(workspace_id) if workspace_id else None
    return of_business(business) if business else installation()


def installation() -> Site:
    """The installation's own policy, for whoever comes to no business in particular."""
    known = profiles.load(current_app.config["PROFILE"])
    return Site(known.identity.controller, "", known)


@lru_cache(maxsize=256)
def _with_identity(name: str, controller: str, country: str, address: str, contact: str) -> Profile:
    known = profiles.load(name)
    values: dict[str, Any] = {"identity.controller": controller}
    if country:
        values["identity.country"] = country
        law = Locale("en").territories.get(country, country)
        values["identity.governing_law"] = f"{law}; the GDPR" if country in vocabulary.EEA else str(law)
    lines = [line.strip() for line in address.replace(",", "\n").splitlines() if line.strip()]
    if lines:
        values["identity.address"] = [controller, *lines]
    else:
        values["identity.address"] = [controller]
    values["identity.dpo_address"] = values["identity.address"]
    if contact:
        values["identity.privacy_email"] = values["identity.dpo_email"] = contact
    try:
        return known.with_values(values)
    except ProfileError:
        # What a workspace typed cannot be printed as a policy: the profile's own words are better than no page.
        return known
