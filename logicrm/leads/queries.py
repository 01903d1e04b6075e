"""Finding leads: lists by key, one lead, duplicates by index."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, false, select, union_all

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


#: Each filter of the list: its name in Wanted, and the condition on the leads. "nobody" is an owner of its own.
FILTERS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "stage": lambda lead: lead.stage_id == bindparam("stage"),
    "owner": lambda lead: lead.owner_id == bindparam("owner"),
    NOBODY: lambda lead: lead.owner_id.is_(None),
    "source": lambda lead: lead.source == bindparam("source"),
    "imported": lambda lead: lead.import_run_id == bindparam("imported"),
    "since": lambda lead: lead.created_at >= bindparam("since"),
    "until": lambda lead: lead.created_at < bindparam("until"),
}


def _active(wanted: Wanted) -> tuple[tuple[str, ...], dict[str, Any]]:
    """(the filters in use, their values)."""
    values = {name: getattr(wanted, name) for name in FILTERS if name != NOBODY and getattr(wanted, name)}
    if values.get("owner") == NOBODY:
        del values["owner"]
        return (*values, NOBODY), values
    return tuple(values), values


def _where(lead: Any, active: tuple[str, ...]) -> tuple[ColumnElement[bool], ...]:
    return (lead.restricted == false(), *(FILTERS[name](lead) for name in active))


def _listing(lead: Any, active: tuple[str, ...], sort: str, order: tuple[uuid.UUID, ...]) -> keyset.Listing:
    """The list in one order; `order`: the ids of the stages or owners that it goes by."""
    return keyset.Listing(COLUMNS, _segments(lead, sort, order), _where(lead, active))


def _segments(lead: Any, sort: str, order: tuple[uuid.UUID, ...]) -> tuple[Segment, ...]:
    """The index ranges that make up the sorted list, in the order in which they are read."""
    by_name = (lead.name_key, lead.id)
    if sort == "stage":
        return tuple(Segment(s.hex, (lead.stage_id == s,), by_name) for s in order) or (Segment("", (), by_name),)
    if sort == "owner":
        made = [Segment(key.hex, (lead.owner_id == key,), by_name) for key in order]
        left = Segment("left", (lead.owner_id.is_not(None), lead.owner_id.not_in(order)), by_name)
        return (*made, left, Segment(NOBODY, (lead.owner_id.is_(None),), by_name))
    if sort == "value":
        return (
            Segment("with", (lead.value_amount.is_not(None),), (lead.value_amount, lead.id)),
            Segment("none", (lead.value_amount.is_(None),), (lead.id,)),
        )
    key = {"name": lead.name_key, "company": lead.company_key, "contacted": lead.last_contact_at}
    return (Segment("", (), (key.get(sort, lead.created_at), lead.id)),)


def _order(wanted: Wanted, choices: Choices) -> tuple[uuid.UUID, ...]:
    """The ids that the sorted list goes by: no index of the leads has the order of stages or of owners' names."""
    if wanted.sort == "stage":
        ids = [s.id for s in choices.stages if wanted.stage in (None, s.id)]
    elif wanted.sort == "owner":
        ids = [key for key, _name in choices.owners]
    else:
        return ()
    return tuple(reversed(ids)) if wanted.descending else tuple(ids)


def page(wanted: Wanted, choices: Choices, cursor: Cursor | None, *, size: int = 50) -> Page:
    """One page of the list, in one statement."""
    searched = _searched(wanted.words)
    if searched is None:
        return Page([], 0, None, None)
    lead, params = searched
    active, values = _active(wanted)
    kept = None if wanted.words or set(active) - {"stage"} else _kept_count(wanted.stage, choices)
    found = keyset.read(
        _listing, lead, active, wanted.sort, _order(wanted, choices), params=params | values, cursor=cursor,
        descending=wanted.descending, size=size, counted=kept is None, cap=keyset.CAP if wanted.narrow < 2 else FEW,
    )  # fmt: skip
    return found if kept is None else replace(found, total=kept)


def _kept_count(stage: uuid.UUID | None, choices: Choices) -> int:
    """How many leads there are in a stage, or in all, from the sums that triggers keep: nothing is counted."""
    return sum(s.leads for s in choices.stages if stage in (None, s.id))


def ids_of(wanted: Wanted, *, limit: int = keyset.CAP) -> list[uuid.UUID]:
    """The ids of everything that a list would show, at most `limit`."""
    searched = _searched(wanted.words)
    if searched is None:
        return []
    lead, params = searched
    active, values = _active(wanted)
    return list(db.session.scalars(select(lead.id).where(*_where(lead, active)).limit(limit), params | values))


def _searched(words: str) -> tuple[Any, dict[str, Any]] | None:
    """The table, or those of its rows that hold the words; None when the words cannot be looked up."""
    return search.among(Lead, "lead", words, limit=FOUND) if words else (Lead, {})


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
    ids = [i for (i,) in db.session.execute(_same(bool(email), bool(numbers)), {"email": email, "numbers": numbers})]
    found, known = [], set(ids) - {but}
    if known:
        rows = db.session.execute(_NAMED, {"ids": list(known)})
        found = [
            Like("lead", r.id, display_name(r.first_name, r.last_name, r.company, r.email),
                 "email" if email and r.email == email else "phone" if numbers else "email")
            for r in rows if not r.restricted
        ][:5]  # fmt: skip
    if email:
        people = [r for r in db.session.execute(_CONTACTS, {"email": email}) if not r.restricted]
        found += [
            Like("contact", r.id, display_name(r.first_name, r.last_name, "", r.email), "email") for r in people[:2]
        ]
    return found


# Whether somebody is restricted is asked of the few rows that are found: as a condition it would tempt SQLite away
# from the index of the address, to one that begins with `restricted` and holds nearly everybody.
_NAMED = select(Lead.id, Lead.first_name, Lead.last_name, Lead.company, Lead.email, Lead.restricted).where(
    Lead.id.in_(bindparam("ids", expanding=True))
)
_CONTACTS = select(Contact.id, Contact.first_name, Contact.last_name, Contact.email, Contact.restricted)
_CONTACTS = _CONTACTS.where(Contact.email == bindparam("email")).limit(10)


@lru_cache
def _same(by_email: bool, by_number: bool) -> Any:
    """Ids of leads with the address or one of the numbers. UNION ALL of short ranges: a UNION sorts, and for that
    both databases walk the table in the order of its key."""
    numbers: Any = bindparam("numbers", expanding=True)
    branches = [select(Lead.id).where(false())]
    if by_email:
        branches.append(select(Lead.id).where(Lead.email == bindparam("email")))
        branches.append(
            select(LeadAddress.lead_id).where(LeadAddress.kind == "email", LeadAddress.value == bindparam("email"))
        )
    if by_number:
        branches.append(select(Lead.id).where(Lead.phone.in_(numbers)))
        branches.append(select(Lead.id).where(Lead.mobile.in_(numbers)))
        branches.append(select(LeadAddress.lead_id).where(LeadAddress.kind == "phone", LeadAddress.value.in_(numbers)))
    return union_all(*(select(branch.limit(10).subquery()) for branch in branches))


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
    if not before:
        return []
    params: dict[str, Any] = {f"s{n}": key for n, key in enumerate(before)}
    params |= {f"b{n}": moment for n, moment in enumerate(before.values())}
    return keyset.read(_stale, len(before), params=params, size=limit).rows


def _stale(stages: int) -> keyset.Listing:
    segments = tuple(
        Segment(
            str(n), (Lead.stage_id == bindparam(f"s{n}"), Lead.last_contact_at < bindparam(f"b{n}")),
            (Lead.last_contact_at, Lead.id),
        )
        for n in range(stages)
    )  # fmt: skip
    return keyset.Listing(COLUMNS, segments, (Lead.restricted == false(),))
