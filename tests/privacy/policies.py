"""Publishing a policy in tests: a workspace with a real contact, a draft with some figures changed, one call."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask

from logicrm.core import tenancy, workspaces
from logicrm.core.access import Role
from logicrm.core.schema import new_id
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import contact, drafts, publishing, sites, versions
from logicrm.privacy.policy_models import PolicyDraft, PolicyVersion
from logicrm.privacy.subjects import make_known
from tests.conftest import Cast

CONTACT = "privacy@alpha-freight.eu"  # a real-looking one: the cast's own ends in .example, which stops publishing


def business_of(workspace_id: uuid.UUID) -> Business:
    found = workspaces.by_id(workspace_id)
    assert found is not None
    return found


def reachable(workspace_id: uuid.UUID) -> Business:
    """Give the workspace a contact that may be published."""
    table = db.metadata.tables["workspace"]
    db.session.execute(
        table.update()
        .where(table.c.id == workspace_id)
        .values(privacy_contact=CONTACT, address="Strada Portului 1, Galați")
    )
    return business_of(workspace_id)


def edit(business: Business, values: dict[str, Any], *, by: uuid.UUID, now: datetime, profile: str = "") -> int:
    """Put a draft there: what is in force (or a profile) with other figures by path; return its revision."""
    draft = drafts.current(business, now)
    document = versions.written_from(profile, business) if profile else copy.deepcopy(draft.document)
    for path, value in values.items():
        *tables, last = path.split(".")
        place: Any = document
        for step in tables:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    row = db.session.query(PolicyDraft).first()
    if row is None:
        db.session.add(PolicyDraft(id=new_id(), document=document, revision=1, changed_at=now, changed_by=by))
    else:
        row.document, row.revision = document, row.revision + 1
    db.session.flush()
    return drafts.current(business, now).revision


def publish(
    workspace_id: uuid.UUID, values: dict[str, Any], *, by: uuid.UUID, now: datetime, profile: str = "",
    effective_on: date | None = None, raised: bool = False, summary: str = "",
) -> PolicyVersion:  # fmt: skip
    """Edit and publish, as soon as it may begin. In the workspace's context; the caller commits."""
    business = reachable(workspace_id)
    revision = edit(business, values, by=by, now=now, profile=profile)
    first = publishing.review(business, by=by, lang="en", now=now)
    assert first.stops == [], first.stops
    on = effective_on or (first.earliest if not raised else first.today + timedelta(days=14))
    return publishing.publish(
        business, revision=revision, newest=business.facts.policy, effective_on=on, raised=raised, summary=summary, by=by,
        lang="en", now=now,
    )  # fmt: skip


def lone_firm(app: Flask, name: str, *, profile: str, country: str, zone: str) -> tuple[uuid.UUID, uuid.UUID]:
    """(workspace, owner) of a business with nobody else in it, so that its policy may begin at once."""
    from logicrm.accounts.models import Membership, User, Workspace

    now = datetime.now(UTC)
    with app.app_context():
        workspace = Workspace(
            id=new_id(), slug=name, name=name.title(), country=country, time_zone=zone, currency="EUR",
            profile=profile, created_at=now,
        )  # fmt: skip
        user = User(
            id=new_id(),
            name=f"Owner of {name}",
            email=f"owner@{name}.eu",
            password_hash="",
            of_age=True,
            created_at=now,
        )
        db.session.add_all([workspace, user])
        db.session.flush()
        db.session.add(
            Membership(id=new_id(), workspace_id=workspace.id, user_id=user.id, role=Role.OWNER, joined_at=now)
        )
        db.session.commit()
        return workspace.id, user.id


def inside_of(app: Flask, workspace_id: uuid.UUID) -> Any:
    return tenancy.working_in(app, workspace_id)


def publisher(app: Flask, cast: Cast) -> Callable[..., tuple[int, datetime]]:
    """publish({path: value}): a version of Alpha's by Alice, committed; returns its number and its beginning."""

    def go(values: dict[str, Any], **how: Any) -> tuple[int, datetime]:
        with inside_of(app, cast.alpha):
            made = publish(cast.alpha, values, by=cast.users["alice"], **{"now": datetime.now(UTC), **how})
            found = made.number, made.effective_at
            db.session.commit()
        return found

    return go


def agrees(app: Flask, cast: Cast, email: str) -> uuid.UUID:
    """Somebody says yes to marketing and to surveys by e-mail, a day ago; their id."""
    with inside_of(app, cast.alpha):
        now, site = datetime.now(UTC) - timedelta(days=1), sites.of_business(business_of(cast.alpha))
        person = make_known(email, now=now)
        for purpose in ("marketing", "surveys"):
            contact.give(
                person.id, purpose, "email", profile=site.profile, business=site.name, language="en", how="portal",
                proof={}, now=now,
            )  # fmt: skip
        found = person.id
        db.session.commit()
    return found


def surveys_with(app: Flask, cast: Cast, *data: str) -> dict[str, Any]:
    """The policy's purposes, with other data used for surveys."""
    with inside_of(app, cast.alpha):
        rows = versions.as_json(versions.of_workspace(cast.alpha, datetime.now(UTC)))["purpose"]
    return {"purpose": [{**row, "data": list(data)} if row["name"] == "surveys" else row for row in rows]}
