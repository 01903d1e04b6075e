"""Finding leads: lists by key, one lead, duplicates by index."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, select, union

from logicrm.core import keyset, search
from logicrm.core.keyset import Cursor, Page, Segment
from logicrm.customers.models import Contact
from logicrm.extensions import db
from logicrm.leads.models import Lead, LeadAddress, display_name
from logicrm.leads.pipelines.queries import Choices

SORTS = ("name", "company", "stage", "owner", "value", "created", "contacted")
FOUND = 200  # a search shows at most so many; more words narrow it
FEW = 1000  # several filters at once: rows are tested one by one, so counting stops early
COLUMNS = (
    Lead.id, Lead.first_name, Lead.last_name, Lead.company, Lead.email, Lead.phone_typed, Lead.city, Lead.stage_id,
    Lead.owner_id, Lead.value_amount, Lead.currency, Lead.created_at, Lead.last_contact_at, Lead.converted_at,
    Lead.next_task_at, Lead.tags, Lead.source,
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """Which leads a list shows. `owner` is a member's id, or NOBODY."""

    words: str = ""
    stage: uuid.UUID | None = None
    owner: uuid.UUID | str | None = None
    source: str = ""
    imported: uuid.UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    sort: str = "created"
    descending: bool = True

    @property
    def filtered(self) -> bool:
        """True when the list does not show everybody."""
        return bool(self.words or self.narrow)

    @property
    def narrow(self) -> int:
        """How many filters there are beside the words."""
        return sum(map(bool, (self.stage, self.owner, self.source, self.imported, self.since or self.until)))


NOBODY = "nobody"


def _where(wanted: Wanted, lead: Any = Lead) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [lead.restricted == false()]
    if wanted.stage:
        where.append(lead.stage_id == wanted.stage)
    if wanted.owner == NOBODY:
        where.append(lead.owner_id.is_(None))
    elif wanted.owner:
        where.append(lead.owner_id == wanted.owner)
    if wanted.source:
        where.append(lead.source == wanted.source)
    if wanted.imported:
        where.append(lead.import_run_id == wanted.imported)
    if wanted.since:
        where.append(lead.created_at >= wanted.since)
    if wanted.until:
        where.append(lead.created_at < wanted.until)
    return where


def _segments(wanted: Wanted, choices: Choices, lead: Any = Lead) -> list[Segment]:
    """The index ranges that make up the sorted list, in the order in which they are read."""
    by_name = (lead.name_key, lead.id)
    if wanted.sort == "stage":
        stages = [s for s in choices.stages if wanted.stage in (None, s.id)]
        made = [Segment(s.id.hex, (lead.stage_id == s.id,), by_name) for s in stages]
        return (list(reversed(made)) if wanted.descending else made) or [Segment("", (), by_name)]
    if wanted.sort == "owner":
        made = [Segment(key.hex, (lead.owner_id == key,), by_name) for key, _name in choices.owners]
        known = [key for key, _name in choices.owners]
        left = Segment("left", (lead.owner_id.is_not(None), lead.owner_id.not_in(known)), by_name)
        nobody = Segment(NOBODY, (lead.owner_id.is_(None),), by_name)
        return [*(reversed(made) if wanted.descending else made), left, nobody]
    if wanted.sort == "value":
        return [
            Segment("with", (lead.value_amount.is_not(None),), (lead.value_amount, lead.id)),
            Segment("none", (lead.value_amount.is_(None),), (lead.id,)),
        ]
    key = {"name": lead.name_key, "company": lead.company_key, "contacted": lead.last_contact_at}
    return [Segment("", (), (key.get(wanted.sort, lead.created_at), lead.id))]


def page(wanted: Wanted, choices: Choices, cursor: Cursor | None, *, size: int = 50) -> Page:
    """One page of the list: one statement, two when words are searched for."""
    lead: Any = Lead
    if wanted.words:
        ids = [ref for _kind, ref in search.find(wanted.words, kinds=("lead",), limit=FOUND)]
        if not ids:
            return Page([], 0, None, None)
        lead = keyset.among(Lead, ids)
    return keyset.read(
        COLUMNS, _segments(wanted, choices, lead), where=_where(wanted, lead), cursor=cursor,
        descending=wanted.descending, size=size, counted=True, cap=keyset.CAP if wanted.narrow < 2 else FEW,
    )  # fmt: skip


def ids_of(wanted: Wanted, *, limit: int = keyset.CAP) -> list[uuid.UUID]:
    """The ids of everything that a list would show, at most `limit`."""
    lead: Any = Lead
    if wanted.words:
        lead = keyset.among(Lead, [r for _kind, r in search.find(wanted.words, kinds=("lead",), limit=FOUND)])
    return list(db.session.scalars(select(lead.id).where(*_where(wanted, lead)).limit(limit)))


def lead(lead_id: uuid.UUID) -> Lead | None:
    """One lead, or None. Restricted leads are found here: whoever has the link sees that they are restricted."""
    return db.session.scalar(select(Lead).where(Lead.id == lead_id))


def addresses(lead_id: uuid.UUID) -> list[LeadAddress]:
    """A lead's further e-mail addresses and phones."""
    return list(
        db.session.scalars(
            select(LeadAddress).where(LeadAddress.lead_id == lead_id).order_by(LeadAddress.kind, LeadAddress.id)
        )
    )


@dataclass(frozen=True)
class Like:
    """Somebody who is known already. `reason` is "email" or "phone"; `kind` is "lead" or "contact"."""

    kind: str
    id: uuid.UUID
    name: str
    reason: str


def duplicates(email: str | None, phones: Iterable[str], *, but: uuid.UUID | None = None) -> list[Like]:
    """Who has this address or one of these numbers (both in stored form). Each branch is one index look-up."""
    numbers = [p for p in phones if p]
    branches = []
    if email:
        branches.append(select(Lead.id).where(Lead.email == email))
        branches.append(select(LeadAddress.lead_id).where(LeadAddress.kind == "email", LeadAddress.value == email))
    if numbers:
        branches.append(select(Lead.id).where(Lead.phone.in_(numbers)))
        branches.append(select(Lead.id).where(Lead.mobile.in_(numbers)))
        branches.append(select(LeadAddress.lead_id).where(LeadAddress.kind == "phone", LeadAddress.value.in_(numbers)))
    if not branches:
        return []
    ids = [i for (i,) in db.session.execute(union(*branches).limit(6)) if i != but]
    found = []
    if ids:
        rows = db.session.execute(
            select(Lead.id, Lead.first_name, Lead.last_name, Lead.company, Lead.email)
            .where(Lead.id.in_(ids), Lead.restricted == false()).limit(5)
        )  # fmt: skip
        found = [
            Like("lead", r.id, display_name(r.first_name, r.last_name, r.company, r.email),
                 "email" if email and r.email == email else "phone" if numbers else "email")
            for r in rows
        ]  # fmt: skip
    if email:
        people = db.session.execute(
            select(Contact.id, Contact.first_name, Contact.last_name, Contact.email)
            .where(Contact.email == email, Contact.restricted == false()).limit(2)
        )  # fmt: skip
        found += [Like("contact", r.id, display_name(r.first_name, r.last_name, "", r.email), "email") for r in people]
    return found


def of_contact(contact_id: uuid.UUID) -> list[Lead]:
    """The leads that became this contact, newest first."""
    return list(
        db.session.scalars(select(Lead).where(Lead.contact_id == contact_id).order_by(Lead.created_at.desc()).limit(20))
    )


def of_company(company_id: uuid.UUID) -> list[Lead]:
    """The leads that became customers at this company, newest first."""
    return list(
        db.session.scalars(select(Lead).where(Lead.company_id == company_id).order_by(Lead.created_at.desc()).limit(20))
    )


def stale(before: dict[uuid.UUID, datetime], *, limit: int = 6) -> list[Any]:
    """Leads of open stages without contact since the day of their stage, longest silent first."""
    segments = [
        Segment(key.hex, (Lead.stage_id == key, Lead.last_contact_at < moment), (Lead.last_contact_at, Lead.id))
        for key, moment in before.items()
    ]
    if not segments:
        return []
    return keyset.read(COLUMNS, segments, where=[Lead.restricted == false()], size=limit).rows
