"""Finding companies and contacts."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import false, select

from logicrm.core import keyset, search
from logicrm.core.history import ChangeSet
from logicrm.core.keyset import Cursor, Listing, Page, Segment
from logicrm.customers.models import Company, Contact
from logicrm.extensions import db

FOUND = 200
CONTACT_COLUMNS = (
    Contact.id, Contact.first_name, Contact.last_name, Contact.email, Contact.phone_typed, Contact.job_title,
    Contact.city, Contact.company_id, Contact.last_contact_at, Contact.created_at, Company.name.label("company_name"),
)  # fmt: skip
COMPANY_COLUMNS = (
    Company.id, Company.name, Company.city, Company.country, Company.phone, Company.email, Company.industry,
    Company.created_at,
)  # fmt: skip


def contact(contact_id: uuid.UUID) -> Contact | None:
    """One contact, or None."""
    return db.session.scalar(select(Contact).where(Contact.id == contact_id))


def company(company_id: uuid.UUID) -> Company | None:
    """One company, or None."""
    return db.session.scalar(select(Company).where(Company.id == company_id))


def act(act_id: uuid.UUID) -> ChangeSet | None:
    """A change set, or None."""
    return db.session.scalar(select(ChangeSet).where(ChangeSet.id == act_id))


def _searched(model: Any, kind: str, words: str) -> tuple[Any, dict[str, Any]] | None:
    """The table, or those of its rows that hold the words; None when the words cannot be looked up."""
    return search.among(model, kind, words, limit=FOUND) if words else (model, {})


def contacts(words: str, cursor: Cursor | None, *, descending: bool = False, sort: str = "name") -> Page:
    """One page of contacts, in one statement."""
    searched = _searched(Contact, "contact", words)
    if searched is None:
        return Page([], 0, None, None)
    who, params = searched
    return keyset.read(
        _people, who, sort == "created", params=params, cursor=cursor, descending=descending, counted=True
    )


def _people(who: Any, newest: bool) -> Listing:
    key = who.created_at if newest else who.name_key
    joins = ((Company, Company.id == Contact.company_id),)
    return Listing(CONTACT_COLUMNS, (Segment("", (), (key, who.id)),), (who.restricted == false(),), joins)


def companies(words: str, cursor: Cursor | None, *, descending: bool = False, sort: str = "name") -> Page:
    """One page of companies, in one statement."""
    searched = _searched(Company, "company", words)
    if searched is None:
        return Page([], 0, None, None)
    firm, params = searched
    return keyset.read(
        _firms, firm, sort == "created", params=params, cursor=cursor, descending=descending, counted=True
    )


def _firms(firm: Any, newest: bool) -> Listing:
    key = firm.created_at if newest else firm.name_key
    return Listing(COMPANY_COLUMNS, (Segment("", (), (key, firm.id)),))


def people_of(company_id: uuid.UUID) -> list[Contact]:
    """The people of a company, by name (at most a hundred)."""
    wanted = select(Contact).where(Contact.company_id == company_id, Contact.restricted == false())
    return list(db.session.scalars(wanted.order_by(Contact.name_key, Contact.id).limit(100)))


def find_contact_by_email(email: str) -> Contact | None:
    """The contact with this address (in stored form: small letters), or None."""
    return db.session.scalar(select(Contact).where(Contact.email == email).order_by(Contact.id).limit(1))


def company_named(name: str, tax_code: str = "") -> Company | None:
    """The company with this tax code, else with this name whatever its case and diacritics; None when new."""
    if tax_code:
        known = db.session.scalar(select(Company).where(Company.tax_code == tax_code).limit(1))
        if known is not None:
            return known
    return db.session.scalar(
        select(Company).where(Company.name_key == search.fold(name)[:120]).order_by(Company.id).limit(1)
    )


def contact_named(company_id: uuid.UUID, key: str, email: str | None) -> Contact | None:
    """Somebody of this name at this company. Another e-mail address means another person of the same name."""
    wanted = select(Contact).where(Contact.company_id == company_id, Contact.name_key == key)
    if email:
        wanted = wanted.where(Contact.email.is_(None))
    return db.session.scalar(wanted.order_by(Contact.id).limit(1))


def contact_choices(words: str = "", *, limit: int = 20) -> list[tuple[uuid.UUID, str]]:
    """(id, 'Ana Pop, Pop Logistics') of contacts that match, or the first by name: for fields that choose a person."""
    wanted = (
        select(Contact.id, Contact.first_name, Contact.last_name, Contact.email, Company.name)
        .outerjoin(Company, Company.id == Contact.company_id)
        .where(Contact.restricted == false())
    )
    if words.strip():
        wanted = wanted.where(Contact.id.in_([r for _k, r in search.find(words, kinds=("contact",), limit=limit)]))
    rows = db.session.execute(wanted.order_by(Contact.name_key, Contact.id).limit(limit))
    return [
        (r.id, ", ".join(p for p in (f"{r.first_name} {r.last_name}".strip() or r.email or "–", r.name) if p))
        for r in rows
    ]


def company_choices(*, limit: int = 500) -> list[tuple[uuid.UUID, str]]:
    """(id, name) of companies by name."""
    rows = db.session.execute(select(Company.id, Company.name).order_by(Company.name_key, Company.id).limit(limit))
    return [(r.id, r.name) for r in rows]
