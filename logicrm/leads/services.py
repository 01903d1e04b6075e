"""What can be done with leads. Each act is one transaction of the caller's and can be undone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import false, select, update
from sqlalchemy.orm.exc import StaleDataError

from logicrm.accounts.models import Membership
from logicrm.core import audit, history, search, tenancy
from logicrm.core.errors import Conflict, Missing, Refused
from logicrm.core.history import Change, ChangeSet, Undone
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import new_id
from logicrm.core.sources import known_source
from logicrm.extensions import db
from logicrm.leads import queries
from logicrm.leads.board import ranks
from logicrm.leads.importing import emails, phones
from logicrm.leads.models import LAST, Lead, LeadAddress
from logicrm.leads.pipelines import queries as pipelines
from logicrm.leads.pipelines.services import ensure_pipeline
from logicrm.leads.timeline.models import Activity, Task

#: What a person may change of a lead; everything else is the program's own.
EDITABLE = frozenset(
    (
        "first_name", "last_name", "company", "job_title", "email", "phone", "mobile", "website", "street", "city",
        "region", "postcode", "country", "source", "industry", "company_size", "tax_code", "value_amount", "currency",
        "note", "tags", "external_id", "next_step", "owner_id", "stage_id",
    )
)  # fmt: skip


def normal_email(text: str | None, *, field: str = "email") -> str | None:
    """The address in stored form; None for nothing. Refused when mail could never reach it."""
    text = (text or "").strip()
    if not text:
        return None
    address = emails.normal(text)
    if address is None:
        raise Refused(_("This is not an e-mail address: %(text)s", text=text[:60]), field=field)
    return address


def normal_phone(text: str | None, country: str) -> str | None:
    """E.164 when the number can be read (in `country` unless it says its own), else as typed; None for nothing."""
    text = (text or "").strip()
    return phones.normal(text, country.upper()).text[:40] if text else None


def name_key(first_name: str, last_name: str, company: str, email: str | None) -> str:
    """The name as it is sorted: family name first, without case and diacritics; nobody's name comes last."""
    return search.fold(f"{last_name} {first_name}".strip() or company or email or "")[:120] or LAST


def company_key(company: str) -> str:
    """The company as it is sorted; leads without one come last."""
    return search.fold(company)[:120] or LAST


def cleaned(values: dict[str, Any], country: str) -> dict[str, Any]:
    """Values as they are stored. `country` is where numbers without a code are from. Refused with the field's name."""
    unknown = set(values) - EDITABLE
    if unknown:
        raise TypeError(f"not a lead's field: {', '.join(sorted(unknown))}")
    clean: dict[str, Any] = {k: v.strip() if isinstance(v, str) else v for k, v in values.items()}
    if "email" in clean:
        clean["email"] = normal_email(clean["email"])
    if "phone" in clean:
        clean["phone_typed"] = (clean["phone"] or "")[:60]
        clean["phone"] = normal_phone(clean["phone"], clean.get("country") or country)
    if "mobile" in clean:
        clean["mobile"] = normal_phone(clean["mobile"], clean.get("country") or country)
    if "tags" in clean:
        clean["tags"] = list(dict.fromkeys(t.strip()[:40] for t in clean["tags"] or [] if t.strip()))[:20]
    if clean.get("value_amount") is not None:
        clean["value_amount"] = Decimal(clean["value_amount"]).quantize(Decimal("0.01"))
    for name in ("currency", "country"):
        if name in clean:
            clean[name] = (clean[name] or "").upper()
    if clean.get("owner_id") is not None and not _is_member(clean["owner_id"]):
        raise Refused(_("Choose somebody of this workspace."), field="owner_id")
    if "stage_id" in clean and pipelines.stage(clean["stage_id"]) is None:
        raise Refused(_("Choose a stage."), field="stage_id")
    if "external_id" in clean:
        clean["external_id"] = clean["external_id"] or None
    return clean


def _is_member(user_id: uuid.UUID) -> bool:
    # Memberships are read before a workspace is entered, so nothing narrows them for us.
    found = select(Membership.id).where(Membership.user_id == user_id, Membership.workspace_id == tenancy.current())
    return db.session.scalar(found) is not None


def add_lead(
    values: dict[str, Any],
    *,
    by: uuid.UUID | None,
    now: datetime,
    country: str = "",
    source_kind: str = "you",
    import_run_id: uuid.UUID | None = None,
    further: Sequence[tuple[str, str]] = (),
) -> Lead:
    """Add a lead at the top of its stage (the first open one by default). The caller commits.

    `further` are more addresses: ("email" | "phone", value). `source_kind` is "you" (typed in), "import" or
    "automatic" (the person sent it). Refused without any of name, company, e-mail, phone.
    """
    clean = cleaned(values, country)
    if not any(clean.get(k) for k in ("first_name", "last_name", "company", "email", "phone", "mobile")):
        raise Refused(_("Give a name, a company, an e-mail address or a phone number."), field="last_name")
    stage_id = clean.pop("stage_id", None) or ensure_pipeline(now).id
    lead = Lead(
        **{"first_name": "", "last_name": "", "company": "", **clean}, id=new_id(), stage_id=stage_id,
        stage_since=now, position=ranks.newest(now), created_at=now, last_contact_at=now, cold_from=now,
        source_kind=known_source(source_kind), import_run_id=import_run_id, name_key="",
    )  # fmt: skip
    _sorted_anew(lead)
    db.session.add(lead)
    db.session.flush()
    for kind, value in further:
        stored = normal_email(value) if kind == "email" else normal_phone(value, country)
        if stored:
            db.session.add(LeadAddress(id=new_id(), lead_id=lead.id, kind=kind, value=stored))
    audit.record("lead.added", lead, actor=by, source=source_kind)
    return lead


def _sorted_anew(lead: Lead) -> None:
    lead.name_key = name_key(lead.first_name, lead.last_name, lead.company, lead.email)
    lead.company_key = company_key(lead.company)


def for_writing(lead_id: uuid.UUID) -> Lead:
    """The lead, to be changed. Missing when there is none; Refused when its processing is restricted."""
    lead = queries.lead(lead_id)
    if lead is None:
        raise Missing(lead_id)
    if lead.restricted:
        raise Refused(
            _("The processing of this person's data is restricted. Nothing may be changed until that is lifted.")
        )
    return lead


def update_lead(
    lead_id: uuid.UUID,
    changes: dict[str, Any],
    version: int,
    *,
    by: uuid.UUID | None,
    now: datetime,
    country: str = "",
    was: dict[str, str] | None = None,
) -> ChangeSet | None:
    """Change a lead's fields. The caller commits. Returns the act (for undo), None when nothing changed.

    `version` is the one that the editor saw; `was` the values of the changed fields then, as typed. When somebody
    changed the lead since, it is a Conflict, unless `was` shows that these very fields are untouched.
    """
    lead = for_writing(lead_id)
    clean = cleaned(changes, country)
    touched = was is None or any(as_typed(lead, k) != was.get(k) for k in changes)
    if lead.version != version and touched:
        raise Conflict(_("Somebody else changed this after you opened it."), field=next(iter(changes), None))
    before = history.snapshot(lead)
    old_stage = lead.stage_id
    for key, value in clean.items():
        setattr(lead, key, value)
    _sorted_anew(lead)
    if lead.stage_id != old_stage:
        lead.position, lead.stage_since = ranks.newest(now), now
    if history.snapshot(lead) == before:
        return None
    _flush()
    act = history.begin("lead.edit", by=by, now=now)
    if lead.stage_id != old_stage:
        _note_move(act, lead, old_stage, by=by, now=now)
    note(act, lead, before)
    audit.record("lead.changed", lead, actor=by, fields=sorted(changes))
    return act


def as_typed(lead: Lead, name: str) -> str:
    """A field's value as a person would type it: what forms show, and what an editor says to have seen."""
    value = getattr(lead, name)
    if name == "phone":
        value = lead.phone_typed or lead.phone
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, Decimal):
        return format(value, "f").removesuffix(".00")
    return "" if value is None else str(value)


def _flush() -> None:
    try:
        db.session.flush()
    except StaleDataError as stale:
        raise Conflict(
            _("Somebody else changed or moved this at the same moment. Look again, and repeat it.")
        ) from stale


def note(
    act: ChangeSet,
    row: Any,
    before: dict[str, Any] | None,
    *,
    deleted: bool = False,
    email: str | None = None,
) -> None:
    """Remember a row's change for undo. The version is not part of it: it only ever rises."""
    change: Change = history.note(act, row, before, deleted=deleted, email=email)
    if before is not None and not deleted:
        change.before = {k: v for k, v in (change.before or {}).items() if k != "version"}
        change.after = {k: v for k, v in (change.after or {}).items() if k != "version"}


def _note_move(act: ChangeSet, lead: Lead, old_stage: uuid.UUID, *, by: uuid.UUID | None, now: datetime) -> None:
    moved = Activity(
        id=new_id(), lead_id=lead.id, contact_id=lead.contact_id, kind="stage", body="", at=now, author_id=by,
        facts={"from": str(old_stage), "to": str(lead.stage_id)},
    )  # fmt: skip
    db.session.add(moved)
    _flush()
    note(act, moved, None)


def move_lead(
    lead_id: uuid.UUID,
    stage_id: uuid.UUID,
    before: uuid.UUID | None,
    *,
    seen_in: uuid.UUID | None,
    by: uuid.UUID | None,
    now: datetime,
    shown: int = 30,
) -> ChangeSet | None:
    """Put a card into a stage, before another card. The caller commits. None when it stayed in its stage.

    Without `before` it becomes the last of the `shown` cards of its column. `seen_in` is the stage in which the
    mover saw it: when somebody moved it elsewhere since, it is a Conflict and nothing moves.
    """
    lead = for_writing(lead_id)
    if pipelines.stage(stage_id) is None:
        raise Missing(stage_id)
    if seen_in is not None and lead.stage_id != seen_in:
        raise Conflict(
            _("%(name)s was moved by somebody else meanwhile, so it was left where it is now.", name=lead.name)
        )
    snapshot, old_stage = history.snapshot(lead), lead.stage_id
    lead.position = _rank(stage_id, before, lead.id, now=now, shown=shown)
    if stage_id == old_stage:
        _flush()  # an order inside a column is nobody's loss: no undo, no entry in the history
        return None
    lead.stage_id, lead.stage_since = stage_id, now
    _flush()
    act = history.begin("lead.move", by=by, now=now)
    _note_move(act, lead, old_stage, by=by, now=now)
    note(act, lead, snapshot)
    audit.record("lead.moved", lead, actor=by)
    return act


def _rank(stage_id: uuid.UUID, before: uuid.UUID | None, but: uuid.UUID, *, now: datetime, shown: int) -> str:
    low: str | None
    column = select(Lead.position).where(Lead.stage_id == stage_id, Lead.restricted == false(), Lead.id != but)
    high = db.session.scalar(column.where(Lead.id == before)) if before else None
    if high is None:
        first = list(db.session.scalars(column.order_by(Lead.position, Lead.id).limit(shown)))
        if not first:
            return ranks.newest(now)
        low, high = (first[-2], first[-1]) if len(first) == shown > 1 else (first[-1], None)
    else:
        low = db.session.scalar(
            column.where(Lead.position < high).order_by(Lead.position.desc(), Lead.id.desc()).limit(1)
        )
    try:
        return ranks.between(low, high)
    except ranks.Full:
        return ranks.newest(now)


def change_many(
    ids: Sequence[uuid.UUID], changes: dict[str, Any], *, by: uuid.UUID | None, now: datetime
) -> tuple[ChangeSet, int]:
    """Give several leads a stage or an owner, as one act. Returns it and how many changed. The caller commits."""
    if set(changes) - {"stage_id", "owner_id"}:
        raise TypeError("only stage_id and owner_id change for many")
    clean = cleaned(changes, "")
    act = history.begin("lead.bulk", by=by, now=now)
    changed = 0
    for nth, lead in enumerate(_chosen(ids)):
        before, old_stage = history.snapshot(lead), lead.stage_id
        for key, value in clean.items():
            setattr(lead, key, value)
        if history.snapshot(lead) == before:
            continue
        if lead.stage_id != old_stage:
            lead.position, lead.stage_since = ranks.newest(now, len(ids) - nth), now
            _note_move(act, lead, old_stage, by=by, now=now)
        _flush()
        note(act, lead, before)
        changed += 1
    audit.record("lead.changed_many", actor=by, leads=changed, fields=sorted(changes))
    return act, changed


def _chosen(ids: Sequence[uuid.UUID]) -> list[Lead]:
    # Restricted people are not on any list, so an id of one was not ticked there: it is passed over.
    wanted = select(Lead).where(Lead.id.in_(list(ids)[:1000]), Lead.restricted == false()).order_by(Lead.id)
    return list(db.session.scalars(wanted))


def delete_leads(ids: Sequence[uuid.UUID], *, by: uuid.UUID | None, now: datetime) -> tuple[ChangeSet, int]:
    """Delete leads with what belongs to them, as one act that can be undone. The caller commits.

    This is tidying up, not erasure: undo keeps the values until it forgets them. Erasure is the privacy area's.
    """
    act = history.begin("lead.delete", by=by, now=now)
    leads = _chosen(ids)
    addresses = {lead.id: lead.email for lead in leads}
    # Children first: undo goes backwards, and needs the lead before what hangs on it.
    models: tuple[Any, ...] = (LeadAddress, Activity, Task)
    for model in models:
        for child in db.session.scalars(select(model).where(model.lead_id.in_(addresses)).order_by(model.id)):
            whose = addresses[child.lead_id]
            note(act, child, history.snapshot(child), deleted=True, email=whose)
    for lead in leads:
        note(act, lead, history.snapshot(lead), deleted=True)
        db.session.delete(lead)
    _flush()
    audit.record("lead.deleted", actor=by, leads=len(leads))
    return act, len(leads)


def undo(act_id: uuid.UUID, *, by: uuid.UUID | None, now: datetime) -> Undone:
    """Take back an act on leads. The caller commits. Missing when it is not one of those."""
    kind = db.session.scalar(select(ChangeSet.kind).where(ChangeSet.id == act_id))
    if kind is None or not kind.startswith("lead."):
        raise Missing(act_id)
    done = history.undo(act_id, by=by, now=now)
    db.session.flush()
    return done


def set_next_task(lead_id: uuid.UUID) -> None:
    """Keep the day of the first open task on the lead. The caller commits."""
    first = select(Task.due_at).where(Task.lead_id == lead_id, Task.done_at.is_(None)).order_by(Task.due_at).limit(1)
    db.session.execute(
        update(Lead).where(Lead.id == lead_id).values(next_task_at=db.session.scalar(first))
        .execution_options(synchronize_session="fetch")
    )  # fmt: skip
