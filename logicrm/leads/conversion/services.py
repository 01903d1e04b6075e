"""The story of a lead that becomes a customer: it belongs to neither area, so it is told here."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from logicrm.core import audit
from logicrm.customers import services as customers
from logicrm.extensions import db
from logicrm.leads import services as leads
from logicrm.leads.models import Lead
from logicrm.leads.timeline.models import Activity, Task
from logicrm.leads.timeline.services import add_activity


@dataclass(frozen=True)
class Converted:
    """`again` is True when the lead was a customer already; `found` when the contact was known before."""

    contact_id: uuid.UUID
    company_id: uuid.UUID | None
    again: bool = False
    found: bool = False


def convert_lead(lead_id: uuid.UUID, *, by: uuid.UUID | None, now: datetime) -> Converted:
    """Make a contact, and a company if one is named, of a lead; or link those that are known. The caller commits.

    The lead stays, linked, and its history shows on the contact's page. Of two calls one converts and the other
    gets the same contact. Missing when there is no such lead.
    """
    lead = leads.for_writing(lead_id)
    won = db.session.execute(
        update(Lead).where(Lead.id == lead_id, Lead.converted_at.is_(None))
        .values(converted_at=now, cold_from=None).execution_options(synchronize_session=False)
    )  # fmt: skip
    db.session.refresh(lead)
    if won.rowcount != 1 and lead.contact_id is not None:  # type: ignore[attr-defined]
        return Converted(lead.contact_id, lead.company_id, again=True)
    company = customers.company_for(lead.company, by=by, now=now, like=lead) if lead.company else None
    contact, found = customers.contact_for(lead, company, by=by, now=now)
    lead.contact_id, lead.company_id = contact.id, company.id if company else None
    db.session.flush()
    for model in (Activity, Task):
        db.session.execute(update(model).where(model.lead_id == lead_id).values(contact_id=contact.id))
    add_activity("convert", "", lead=lead, contact=contact, by=by, now=now)
    audit.record("lead.converted", lead, actor=by, known=found)
    return Converted(contact.id, lead.company_id, found=found)
