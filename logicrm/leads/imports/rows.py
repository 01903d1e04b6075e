"""One row of a file as a lead would store it. Knows no database: whoever calls brings what the workspace has."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from logicrm.leads.importing import emails, phones
from logicrm.leads.importing.cleaning import CleanRow, clean_row, visible
from logicrm.leads.importing.folding import fold
from logicrm.leads.importing.headings import Mapping, base_field
from logicrm.leads.importing.table import Row
from logicrm.leads.importing.wording import Said, said
from logicrm.leads.imports.models import Duplicates

#: Characters that a lead's columns hold; a test holds it against the model.
MAX_CHARS = {
    "first_name": 100, "last_name": 100, "company": 200, "job_title": 120, "website": 300, "street": 300, "city": 120,
    "region": 120, "postcode": 20, "source": 60, "industry": 80, "company_size": 40, "tax_code": 40, "external_id": 120,
    "email": 254,
}  # fmt: skip
MAX_PHONE, MAX_TYPED, MAX_TAGS, MAX_TAG = 40, 60, 20, 40
MOST_VALUE = Decimal(10) ** 12
SHOWN_NAMES = 20  # unknown stages or owners that a note counts apart
_COPIED = (
    "first_name", "last_name", "company", "job_title", "email", "website", "street", "city", "region", "postcode",
    "country", "source", "industry", "company_size", "tax_code", "currency", "note", "external_id",
)  # fmt: skip
#: What a row may say about a lead, by the lead's columns.
LEAD_FIELDS = (*_COPIED, "phone", "mobile", "phone_typed", "value_amount", "owner_id", "stage_id", "tags")

Note = tuple[str, str]  # what was noticed: (sentence, the word in question or "")


@dataclass(frozen=True)
class Plan:
    """What an import does with every row: the mapping, the choices, and what the workspace has."""

    mapping: Sequence[Mapping]
    duplicates: Duplicates
    country: str
    owner_id: uuid.UUID | None
    stage_id: uuid.UUID
    source: str
    tag: str
    currency: str
    today: date
    zone: ZoneInfo
    stages: dict[str, uuid.UUID] = field(default_factory=dict)  # folded name → id
    owners: dict[str, uuid.UUID] = field(default_factory=dict)  # address, or folded name → id


@dataclass
class Ready:
    """A row that can be imported. `values` are in stored form and hold only what the file says."""

    line: int
    values: dict[str, Any]
    further: list[tuple[str, str]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def emails(self) -> list[str]:
        """All addresses of the row, the first one first."""
        first = [self.values["email"]] if self.values.get("email") else []
        return [*first, *(value for kind, value in self.further if kind == "email")]

    @property
    def phones(self) -> list[str]:
        """All numbers of the row."""
        own = [self.values[k] for k in ("phone", "mobile") if self.values.get(k)]
        return [*own, *(value for kind, value in self.further if kind == "phone")]


@dataclass
class Failed:
    """A row that cannot be imported, as it was read, and why."""

    line: int
    cells: list[str]
    sentences: list[Said]
    email: str | None


def prepare(row: Row, plan: Plan) -> Ready | Failed:
    """Turn a row into values for a lead, or into a named problem. Raises on no text."""
    if row.problem is not None:
        return _failed(row, [row.problem], None)
    clean = clean_row(row.cells, plan.mapping, default_country=plan.country, today=plan.today, zone=plan.zone)
    sentences = [error.message for error in clean.errors]
    values: dict[str, Any] = {key: clean.values[key] for key in _COPIED if key in clean.values}
    sentences += _too_long(values)
    amount = clean.values.get("value")
    if isinstance(amount, Decimal):
        if abs(amount) >= MOST_VALUE:
            sentences.append(said("This amount is too large for a lead."))
        else:
            values["value_amount"] = amount.quantize(Decimal("0.01"))
            values.setdefault("currency", plan.currency)
    else:
        values.pop("currency", None)
    if sentences:
        return _failed(row, sentences, clean)
    ready = Ready(row.line, values)
    _phones(ready, clean, row, plan)
    _rest(ready, clean, plan)
    # A note counts rows, so what differs from row to row is left out of it.
    ready.notes += [(re.sub(r"%\(\w+\)[sd]", "…", warning.message.template), "") for warning in clean.warnings]
    return ready


def _failed(row: Row, sentences: list[Said], clean: CleanRow | None) -> Failed:
    email = clean.values.get("email") if clean is not None else None
    if not isinstance(email, str):
        # Whose row it is must be known all the same: an erasure finds it by the address.
        found = (emails.normal(text) for cell in row.cells if "@" in cell for text in emails.split(cell[:2000])[:5])
        email = next((address for address in found if address), None)
    return Failed(row.line, list(row.cells), sentences, email)


def _too_long(values: dict[str, Any]) -> list[Said]:
    return [
        said(
            "%(field)s has %(found)d characters; at most %(limit)d fit.",
            field=key.replace("_", " ").capitalize(),
            found=len(text),
            limit=limit,
        )
        for key, limit in MAX_CHARS.items()
        if len(text := values.get(key) or "") > limit
    ]


def _phones(ready: Ready, clean: CleanRow, row: Row, plan: Plan) -> None:
    for key in ("phone", "mobile"):
        number = clean.values.get(key)
        if isinstance(number, str) and number:
            ready.values[key] = number[:MAX_PHONE]
    if ready.values.get("phone"):
        ready.values["phone_typed"] = _as_typed(row, plan)[:MAX_TYPED] or ready.values["phone"]
    for kind, key in (("email", "other_emails"), ("phone", "other_phones")):
        others = clean.values.get(key)
        for value in others if isinstance(others, list) else []:
            ready.further.append((kind, value[: 254 if kind == "email" else MAX_PHONE]))


def _as_typed(row: Row, plan: Plan) -> str:
    """The first phone number as the file writes it: that is how people read it."""
    for one in plan.mapping:
        if one.field and base_field(one.field) == "phone" and one.column < len(row.cells):
            typed = phones.split(visible(row.cells[one.column]))
            if typed:
                return typed[0]
    return ""


def _rest(ready: Ready, clean: CleanRow, plan: Plan) -> None:
    tags = clean.values.get("tags")
    if isinstance(tags, list) and tags:
        ready.values["tags"] = [tag[:MAX_TAG] for tag in tags[:MAX_TAGS]]
    if isinstance(day := clean.values.get("created_on"), date):
        # Noon, so that the day is the same in the zones around.
        ready.values["created_at"] = datetime.combine(day, time(12), plan.zone).astimezone(UTC)
    if isinstance(stage := clean.values.get("status"), str):
        if (stage_id := plan.stages.get(fold(stage))) is not None:
            ready.values["stage_id"] = stage_id
        else:
            ready.notes.append(("No stage is called “%(name)s”: these leads begin in the chosen stage.", stage[:60]))
    if isinstance(owner := clean.values.get("owner_email"), str):
        owner_id = plan.owners.get(owner.lower()) or plan.owners.get(fold(owner))
        if owner_id is not None:
            ready.values["owner_id"] = owner_id
        else:
            ready.notes.append(("“%(name)s” is nobody here: these leads get the chosen owner.", owner[:60]))
    if clean.values.get("consent_marketing"):
        # A file proves nothing: a right to send mail arises only where the person said yes to us.
        ready.notes.append(("The file says that these people allowed marketing. That was not imported.", ""))


def new_lead(ready: Ready, plan: Plan, *, now: datetime) -> dict[str, Any]:
    """The values of a lead that is added: the row's, and the choices where the row is silent.

    `now` is the last contact, from which the keeping counts: what the firm did with the person before is not known.
    """
    values = dict(ready.values)
    values.setdefault("stage_id", plan.stage_id)
    values.setdefault("owner_id", plan.owner_id)
    if plan.source:
        values.setdefault("source", plan.source)
    values["tags"] = with_tag(values.get("tags") or [], plan.tag)
    values["created_at"] = min(values.get("created_at") or now, now)
    values["last_contact_at"] = now
    if ready.further:
        values["further"] = ready.further
    return values


def with_tag(tags: list[str], tag: str) -> list[str]:
    """The tags and one more, without repeats, at most MAX_TAGS; the import's own tag is never the one left out."""
    kept = list(dict.fromkeys(tags))
    if tag and tag not in kept:
        kept = [*kept[: MAX_TAGS - 1], tag]
    return kept[:MAX_TAGS]


def merged(lead: dict[str, Any], ready: Ready, plan: Plan) -> dict[str, Any]:
    """What changes of a lead that is there: only filled cells count, and nothing is lost without a trace.

    A cell replaces the value, but: tags are added, a note is added below, and the address that mail goes to stays
    (a different one becomes a further address: see `further_of`).
    """
    changes: dict[str, Any] = {}
    for key, value in ready.values.items():
        if key in ("created_at", "email", "tags", "note"):
            continue
        if value not in (None, "") and lead[key] != value:
            changes[key] = value
    if not lead["email"] and ready.values.get("email"):
        changes["email"] = ready.values["email"]
    note = ready.values.get("note")
    if note and note not in lead["note"]:
        changes["note"] = f"{lead['note']}\n\n{note}".strip()
    tags = with_tag([*lead["tags"], *(t for t in ready.values.get("tags", []) if t not in lead["tags"])], plan.tag)
    if tags != lead["tags"]:
        changes["tags"] = tags
    if "currency" in changes and "value_amount" not in ready.values:
        del changes["currency"]
    return changes


def further_of(lead: dict[str, Any], ready: Ready, known: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Addresses and numbers of the row that the lead does not have yet."""
    own = {("email", lead["email"]), ("phone", lead["phone"]), ("phone", lead["mobile"])}
    first = [("email", ready.values["email"])] if ready.values.get("email") and lead["email"] else []
    return [pair for pair in dict.fromkeys([*first, *ready.further]) if pair not in own and pair not in known]


__all__ = [
    "LEAD_FIELDS", "MAX_CHARS", "SHOWN_NAMES", "Failed", "Note", "Plan", "Ready", "further_of", "merged", "new_lead",
    "prepare", "with_tag",
]  # fmt: skip
