"""Whose policy a page shows: of the business in the address, of the member's workspace, or of the installation."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from flask import current_app, g, has_request_context

from logicrm.core import clock, languages, tenancy, workspaces
from logicrm.core.access import WorkspaceFacts, principal_or_none
from logicrm.core.workspaces import Business
from logicrm.privacy import profile as profiles
from logicrm.privacy import versions
from logicrm.privacy.profile import Profile
from logicrm.privacy.versions import Version


@dataclass(frozen=True)
class Site:
    """A policy with the name and identity of whoever answers for it. `slug` is "" for the installation's own.

    `version` is None where none rules (yet): then the profile comes with the program. `newest` is the latest that is
    published, which may be one that has not begun.
    """

    name: str
    slug: str
    profile: Profile
    workspace_id: uuid.UUID | None = None
    version: Version | None = None
    newest: Version | None = None


def of_business(business: Business, at: datetime | None = None) -> Site:
    """The site of a business: the policy that rules it at an instant (now, where none is given)."""
    version = versions.ruling(business.facts, at or clock.now())
    return of_version(business, version)


def of_version(business: Business, version: Version | None) -> Site:
    """The site of a business as one of its versions has it, in force or not; None: as before the first one."""
    facts = business.facts
    known = version.profile if version else versions.unpublished(business)
    return Site(facts.name, facts.slug, known, facts.id, version, next(iter(versions.published(facts)[-1:]), None))


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


# The cookie gate -----------------------------------------------------------------------------------


def visit(business: Business) -> None:
    """This request is on a page of this business: its policy says which cookies there may be."""
    g.visited = business.facts
    languages.at_home(business.facts.language)


def visited() -> WorkspaceFacts | None:
    """The business on whose page this request is: named in the address, the portal's, the member's; None: nobody's."""
    if not has_request_context():
        return None
    if "visited" not in g:
        who = principal_or_none()
        place = tenancy.current()
        if who is not None and place in (None, who.workspace.id):
            g.visited = who.workspace
        else:
            business = (workspaces.met(place) or workspaces.by_id(place)) if place else None
            g.visited = business.facts if business else None
    found: WorkspaceFacts | None = g.visited
    return found


def gate_profile() -> Profile:
    """The policy that the cookies of this page follow. Asked on every page, so it costs a member no statement."""
    facts = visited()
    if facts is None:
        return installation().profile
    version = versions.ruling(facts, clock.now())
    return version.profile if version else profiles.load(facts.profile)
