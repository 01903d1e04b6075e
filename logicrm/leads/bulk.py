"""Many leads at once, for imports: past the ORM's rows, not past its fences."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select, union_all

from logicrm.core import search, tenancy
from logicrm.core.many import insert_many
from logicrm.core.schema import new_id
from logicrm.core.search import SearchEntry
from logicrm.core.sources import known_source
from logicrm.extensions import db
from logicrm.leads.board import ranks
from logicrm.leads.models import Lead, LeadAddress
from logicrm.leads.pipelines.services import ensure_pipeline
from logicrm.leads.services import EDITABLE, company_key, name_key

_DEFAULTS: dict[str, Any] = {
    "first_name": "", "last_name": "", "company": "", "job_title": "", "email": None, "phone": None, "phone_typed": "",
    "mobile": None, "website": "", "street": "", "city": "", "region": "", "postcode": "", "country": "", "source": "",
    "industry": "", "company_size": "", "tax_code": "", "value_amount": None, "currency": "", "note": "",
    "external_id": None, "next_step": "", "owner_id": None, "next_task_at": None,
}  # fmt: skip
_TAKEN = EDITABLE | {"phone_typed", "created_at", "last_contact_at", "stage_since", "next_task_at", "further", "id"}
BATCH = 500


def insert_leads(
    rows: list[dict[str, Any]],
    *,
    now: datetime,
    import_run_id: uuid.UUID | None = None,
    source_kind: str = "import",
    first: int = 0,
) -> list[uuid.UUID]:
    """Insert leads whose values are in stored form already (see `services.cleaned`). The caller commits.

    A row may hold any editable field, `phone_typed`, `created_at`, `last_contact_at`, `id`, and `further`: a list
    of ("email" | "phone", value). `first` is how many rows of this import came before: it keeps them in their
    order on the board. Returns the ids, in the rows' order. Counts and sums of stages follow by themselves.
    """
    if not rows:
        return []
    workspace_id = tenancy.current()
    stage_id = ensure_pipeline(now).id
    leads, further, entries = [], [], []
    for nth, row in enumerate(rows):
        if unknown := set(row) - _TAKEN:
            raise TypeError(f"not a lead's field: {', '.join(sorted(unknown))}")
        lead = {**_DEFAULTS, **row}
        extra = lead.pop("further", ())
        created = lead.get("created_at") or now
        contacted = lead.get("last_contact_at") or created
        lead |= {
            "id": lead.get("id") or new_id(), "stage_id": lead.get("stage_id") or stage_id,
            "stage_since": lead.get("stage_since") or now,
            # Rows of a file keep their order: the first one comes first on the board.
            "position": ranks.newest(now, -(first + nth)), "created_at": created, "last_contact_at": contacted,
            "cold_from": contacted, "source_kind": known_source(source_kind), "import_run_id": import_run_id, "version": 1,
            "restricted": False, "tags": lead.get("tags") or [],
            "name_key": name_key(lead["first_name"], lead["last_name"], lead["company"], lead["email"]),
            "company_key": company_key(lead["company"]),
        }  # fmt: skip
        leads.append(lead)
        further += [{"id": new_id(), "lead_id": lead["id"], "kind": kind, "value": value} for kind, value in extra]
        seen = SimpleNamespace(__search__=Lead.__search__, __tablename__="lead", workspace_id=workspace_id, **lead)
        entries.append(search.entry_of(seen))
    for model, values in ((Lead, leads), (LeadAddress, further), (SearchEntry, entries)):
        insert_many(model, values)
    return [lead["id"] for lead in leads]


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    every = [v for v in dict.fromkeys(values) if v]
    for start in range(0, len(every), BATCH):
        yield every[start : start + BATCH]


def find_by_emails(emails: Iterable[str]) -> dict[str, uuid.UUID]:
    """Which of these addresses (in stored form) belong to a lead: address -> the oldest such lead."""
    found: dict[str, uuid.UUID] = {}
    for batch in _batches(emails):
        wanted: Any = union_all(
            select(Lead.email.label("value"), Lead.id.label("id")).where(Lead.email.in_(batch)),
            select(LeadAddress.value.label("value"), LeadAddress.lead_id.label("id")).where(
                LeadAddress.kind == "email", LeadAddress.value.in_(batch)
            ),
        )
        _oldest(found, wanted)
    return found


def find_by_phones(numbers: Iterable[str]) -> dict[str, uuid.UUID]:
    """Which of these numbers (E.164) belong to a lead: number -> the oldest such lead."""
    found: dict[str, uuid.UUID] = {}
    for batch in _batches(numbers):
        wanted: Any = union_all(
            select(Lead.phone.label("value"), Lead.id.label("id")).where(Lead.phone.in_(batch)),
            select(Lead.mobile.label("value"), Lead.id.label("id")).where(Lead.mobile.in_(batch)),
            select(LeadAddress.value.label("value"), LeadAddress.lead_id.label("id")).where(
                LeadAddress.kind == "phone", LeadAddress.value.in_(batch)
            ),
        )
        _oldest(found, wanted)
    return found


def _oldest(found: dict[str, uuid.UUID], wanted: Any) -> None:
    for value, lead_id in db.session.execute(wanted):
        if value not in found or lead_id < found[value]:
            found[value] = lead_id
