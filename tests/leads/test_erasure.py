"""Tidying up is not erasure: what undo still remembers of a deleted lead goes when the person asks."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from logicrm.core import clock, subjects
from logicrm.core.history import Change
from logicrm.extensions import db
from logicrm.leads import services
from logicrm.leads.pipelines.services import ensure_pipeline
from logicrm.leads.timeline.services import add_activity
from logicrm.privacy import walk
from logicrm.privacy.subjects import make_known


@pytest.mark.promise("erasure")
def test_what_undo_remembers_of_a_deleted_lead_is_found_for_erasure(in_workspace: None) -> None:
    now = clock.now()
    ensure_pipeline(now)
    gone = services.add_lead({"first_name": "Jane", "email": "jane@example.com"}, by=None, now=now)
    other = services.add_lead({"first_name": "Mary", "email": "mary-jane@example.com"}, by=None, now=now)
    add_activity("note", "Jane likes blue lorries", lead=gone, by=None, now=now)
    db.session.flush()
    services.delete_leads([gone.id, other.id], by=None, now=now)
    person = make_known("jane@example.com", now=now)
    db.session.flush()

    found = walk.find(subjects.load("person", person.id)).ids("change")

    kept = db.session.scalars(select(Change).where(Change.id.not_in(found))).all()
    assert found and not any("jane" in str(c.before).lower() and "mary" not in str(c.before).lower() for c in kept)
    assert any("mary-jane@example.com" in str(c.before) for c in kept), "somebody else's stay"
