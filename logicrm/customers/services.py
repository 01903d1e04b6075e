"""What can be done with companies and contacts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm.exc import StaleDataError

from logicrm.core import audit, history, search
from logicrm.core.errors import Conflict, Missing, Refused
from logicrm.core.history import ChangeSet, Undone
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import new_id
from logicrm.core.sources import known_source
from logicrm.customers import queries
from logicrm.customers.models import Company, Contact
from logicrm.customers.queries import contact_choices, find_contact_by_email
from logicrm.extensions import db
from logicrm.leads.services import name_key, normal_email, normal_phone, note

CONTACT_FIELDS = frozenset(
    (
        "first_name", "last_name", "job_title", "email", "phone", "mobile", "street", "city", "region", "postcode",
        "country", "language", "note", "tags", "company_id", "owner_id",
    )
)  # fmt: skip
COMPANY_FIELDS = frozenset(
    (
        "name", "tax_code", "email", "phone", "website", "street", "city", "region", "postcode", "country", "industry",
        "size", "note", "owner_id",
    )
)  # fmt: skip


class LeadLike(Protocol):
    """What a conversion reads of a lead."""

    first_name: Any
    last_name: Any
    company: Any
    job_title: Any
    email: Any
    phone: Any
    phone_typed: Any
    mobile: Any
    website: Any
    street: Any
    city: Any
    region: Any
    postcode: Any
    country: Any
    industry: Any
    company_size: Any
    tax_code: Any
    tags: Any
    owner_id: Any
    last_contact_at: Any
    source_kind: Any
    import_run_id: Any


def _checked(values: dict[str, Any], allowed: Iterable[str], country: str) -> dict[str, Any]:
    unknown = set(values) - set(allowed)
    if unknown:
        raise TypeError(f"not a customer's field: {', '.join(sorted(unknown))}")
    clean = {k: v.strip() if isinstance(v, str) else v for k, v in values.items()}
    if "email" in clean:
        clean["email"] = normal_email(clean["email"])
    if "country" in clean:
        clean["country"] = (clean["country"] or "").upper()
    return clean


def _contact_values(values: dict[str, Any], country: str) -> dict[str, Any]:
    clean = _checked(values, CONTACT_FIELDS, country)
    where = clean.get("country") or country
    if "phone" in clean:
        clean["phone_typed"] = (clean["phone"] or "")[:60]
        clean["phone"] = normal_phone(clean["phone"], where)
    if "mobile" in clean:
        clean["mobile"] = normal_phone(clean["mobile"], where)
    if clean.get("company_id") is not None and queries.company(clean["company_id"]) is None:
        raise Refused(_("Choose a company from the list."), field="company_id")
    return clean


def add_contact(
    values: dict[str, Any],
    *,
    by: uuid.UUID | None,
    now: datetime,
    country: str = "",
    source_kind: str = "you",
    import_run_id: uuid.UUID | None = None,
) -> Contact:
    """Add a person at a customer. The caller commits. Refused without name, e-mail and phone."""
    clean = _contact_values(values, country)
    if not any(clean.get(k) for k in ("first_name", "last_name", "email", "phone", "mobile")):
        raise Refused(_("Give a name, an e-mail address or a phone number."), field="last_name")
    contact = Contact(
        **{"first_name": "", "last_name": "", **clean}, id=new_id(), created_at=now, last_contact_at=now,
        source_kind=known_source(source_kind), import_run_id=import_run_id, name_key="",
    )  # fmt: skip
    contact.name_key = name_key(contact.first_name, contact.last_name, "", contact.email)
    db.session.add(contact)
    audit.record("contact.added", contact, actor=by)
    return contact


def add_company(values: dict[str, Any], *, by: uuid.UUID | None, now: datetime) -> Company:
    """Add a firm. The caller commits. Refused without a name."""
    clean = _checked(values, COMPANY_FIELDS, "")
    clean["email"] = clean.get("email") or ""
    if not clean.get("name"):
        raise Refused(_("Give the company's name."), field="name")
    company = Company(**clean, id=new_id(), created_at=now, name_key=search.fold(clean["name"])[:120])
    db.session.add(company)
    audit.record("company.added", company, actor=by)
    return company


def _edited(
    row: Any, clean: dict[str, Any], version: int, kind: str, *, by: uuid.UUID | None, now: datetime
) -> ChangeSet | None:
    if row.version != version:
        raise Conflict(_("Somebody else changed this after you opened it."))
    before = history.snapshot(row)
    for key, value in clean.items():
        setattr(row, key, value)
    if isinstance(row, Contact):
        row.name_key = name_key(row.first_name, row.last_name, "", row.email)
    else:
        row.name_key = search.fold(row.name)[:120]
    if history.snapshot(row) == before:
        return None
    try:
        db.session.flush()
    except StaleDataError as stale:
        raise Conflict(_("Somebody else changed this at the same moment.")) from stale
    act = history.begin(f"{kind}.edit", by=by, now=now)
    note(act, row, before)
    audit.record(f"{kind}.changed", row, actor=by, fields=sorted(clean))
    return act


def update_contact(
    contact_id: uuid.UUID,
    changes: dict[str, Any],
    version: int,
    *,
    by: uuid.UUID | None,
    now: datetime,
    country: str = "",
) -> ChangeSet | None:
    """Change a contact. The caller commits. Conflict when `version` is not the present one; Missing when missing."""
    contact = queries.contact(contact_id)
    if contact is None:
        raise Missing(contact_id)
    if contact.restricted:
        raise Refused(
            _("The processing of this person's data is restricted. Nothing may be changed until that is lifted.")
        )
    return _edited(contact, _contact_values(changes, country), version, "contact", by=by, now=now)


def update_company(
    company_id: uuid.UUID, changes: dict[str, Any], version: int, *, by: uuid.UUID | None, now: datetime
) -> ChangeSet | None:
    """Change a firm. The caller commits. Conflict when `version` is not the present one; Missing when missing."""
    company = queries.company(company_id)
    if company is None:
        raise Missing(company_id)
    clean = _checked(changes, COMPANY_FIELDS, "")
    if "email" in clean:
        clean["email"] = clean["email"] or ""
    if "name" in clean and not clean["name"]:
        raise Refused(_("Give the company's name."), field="name")
    return _edited(company, clean, version, "company", by=by, now=now)


def undo(act_id: uuid.UUID, *, by: uuid.UUID | None, now: datetime) -> Undone:
    """Take back an act on customers. The caller commits. Missing when it is not one of those."""
    act = queries.act(act_id)
    if act is None or not act.kind.startswith(("contact.", "company.")):
        raise Missing(act_id)
    done = history.undo(act_id, by=by, now=now)
    db.session.flush()
    return done


def company_for(name: str, *, by: uuid.UUID | None, now: datetime, like: LeadLike) -> Company:
    """The company of this name (whatever its case and diacritics), made from the lead when it is new."""
    known = queries.company_named(name, like.tax_code)
    if known is not None:
        return known
    return add_company(
        {
            "name": name, "tax_code": like.tax_code, "website": like.website, "street": like.street,
            "city": like.city, "region": like.region, "postcode": like.postcode, "country": like.country,
            "industry": like.industry, "size": like.company_size, "owner_id": like.owner_id,
        },
        by=by, now=now,
    )  # fmt: skip


def contact_for(
    lead: LeadLike, company: Company | None, *, by: uuid.UUID | None, now: datetime
) -> tuple[Contact, bool]:
    """The contact that a lead becomes, and whether it was known: by e-mail, else by name at the same company."""
    known = queries.find_contact_by_email(lead.email) if lead.email else None
    if known is None and company is not None and (lead.first_name or lead.last_name):
        known = queries.contact_named(company.id, name_key(lead.first_name, lead.last_name, "", None), lead.email)
    if known is not None:
        if known.company_id is None and company is not None:
            known.company_id = company.id
        return known, True
    contact = Contact(
        id=new_id(), first_name=lead.first_name, last_name=lead.last_name, job_title=lead.job_title,
        email=lead.email, phone=lead.phone, phone_typed=lead.phone_typed, mobile=lead.mobile, street=lead.street,
        city=lead.city, region=lead.region, postcode=lead.postcode, country=lead.country, tags=list(lead.tags or []),
        company_id=company.id if company else None, owner_id=lead.owner_id, created_at=now,
        last_contact_at=lead.last_contact_at, source_kind=lead.source_kind, import_run_id=lead.import_run_id,
        name_key=name_key(lead.first_name, lead.last_name, lead.company, lead.email),
    )  # fmt: skip
    db.session.add(contact)
    audit.record("contact.added", contact, actor=by, source="lead")
    return contact, False


__all__ = [
    "add_company", "add_contact", "company_for", "contact_choices", "contact_for", "find_contact_by_email",
    "normal_email", "undo",
    "update_company", "update_contact",
]  # fmt: skip
