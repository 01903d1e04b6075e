"""Taking an import back, some hundred leads in one transaction: 100,000 of them are no work for a request.

First what it changed of leads that were there is put back, then the leads that it added are removed. Whatever
somebody worked on since is left alone and counted.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import delete, select, update

from logicrm.core import audit, history, search
from logicrm.core.history import Change
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.leads import services as leads
from logicrm.leads.imports.models import ImportRun, RunState
from logicrm.leads.imports.services_batch import Moved, expected_version
from logicrm.leads.models import Lead, LeadAddress

BATCH = 100  # an index that overwrites removed words takes some 2 ms a row, and nobody shall wait long for them


def added(run: ImportRun) -> list[uuid.UUID]:
    """Ids of the leads that the import added and that undo has not looked at yet, in order."""
    wanted = select(Lead.id).where(Lead.import_run_id == run.id)
    ids = sorted(db.session.scalars(wanted))
    after = run.undo_after if run.undo_step == "leads" else None
    return [lead_id for lead_id in ids if after is None or lead_id > after]


def put_back_some(run: ImportRun) -> bool:
    """Put back some of the changed leads, the newest change first; False when none is left. The caller commits."""
    wanted = select(Change).where(Change.change_set_id == run.change_set_id)
    if run.undo_after is not None:
        wanted = wanted.where(Change.id < run.undo_after)
    changes = list(db.session.scalars(wanted.order_by(Change.id.desc()).limit(BATCH)))
    if not changes:
        _move(run, undo_step="leads", undo_after=None)
        return False
    rows = {
        model: _rows(model, [c.row_id for c in changes if c.row_kind == model.__tablename__])
        for model in (Lead, LeadAddress)
    }
    restored = left = 0
    back: dict[Lead, int] = {}
    for change in changes:
        if change.row_kind == "lead" and change.before is not None:
            lead = rows[Lead].get(change.row_id)
            version = lead.version if lead is not None else 0
            if lead is not None and not lead.restricted and history.put_back(lead, change):
                restored += 1
                if version == (change.after or {}).get("_version"):
                    back[lead] = int(change.before["_version"])
            elif lead is not None:
                left += 1
        elif change.row_kind == "lead_address":
            address = rows[LeadAddress].get(change.row_id)
            if address is not None and address.value == (change.after or {}).get("value"):
                db.session.delete(address)
    leads._flush()
    _vouch_for(back)
    _move(
        run, undo_after=changes[-1].id, undo_done=run.undo_done + len(changes), restored=run.restored + restored,
        left_alone=run.left_alone + left,
    )  # fmt: skip
    return True


def _vouch_for(back: dict[Lead, int]) -> None:
    """Leads that an earlier import added are as that import left them again: tell its change set their new version.

    `back`: the leads, with their version before the import that is taken back; nobody else changed them since.
    """
    sources = select(ImportRun.id, ImportRun.change_set_id).where(
        ImportRun.id.in_({lead.import_run_id for lead in back if lead.import_run_id})
    )
    acts = {run_id: act for run_id, act in db.session.execute(sources) if act is not None}
    ours = {lead.id: lead for lead in back if lead.import_run_id in acts}
    marks = select(Change).where(Change.row_id.in_(list(ours)), Change.change_set_id.in_(set(acts.values())))
    noted = {change.row_id: change for change in db.session.scalars(marks) if change.before is None}
    for lead in ours.values():
        mark = noted.get(lead.id)
        if back[lead] != expected_version(mark):
            continue
        if mark is None:
            act = acts[lead.import_run_id]  # type: ignore[index]
            mark = Change(id=new_id(), change_set_id=act, row_kind="lead", row_id=lead.id, before=None, after={})
            db.session.add(mark)
        mark.after = {"version": lead.version}


def _rows(model: Any, ids: list[uuid.UUID]) -> dict[uuid.UUID, Any]:
    return {row.id: row for row in db.session.scalars(select(model).where(model.id.in_(ids)))} if ids else {}


def remove_some(run: ImportRun, ids: list[uuid.UUID]) -> None:
    """Remove those of these leads that nobody worked on since the import. The caller commits."""
    untouched = _untouched(run, ids)
    gone = [lead_id for lead_id in ids if lead_id in untouched]
    if gone:
        quiet: dict[str, Any] = {"synchronize_session": False}
        db.session.execute(delete(LeadAddress).where(LeadAddress.lead_id.in_(gone)).execution_options(**quiet))
        search.forget("lead", gone)
        db.session.execute(delete(Lead).where(Lead.id.in_(gone)).execution_options(**quiet))
    _move(
        run, undo_after=ids[-1], undo_done=run.undo_done + len(ids), removed=run.removed + len(gone),
        left_alone=run.left_alone + len(ids) - len(gone),
    )  # fmt: skip


def _untouched(run: ImportRun, ids: list[uuid.UUID]) -> set[uuid.UUID]:
    """Leads as the import left them: the version tells of edits, other tables of notes, tasks and the like."""
    columns = (Lead.id, Lead.version, Lead.restricted, Lead.converted_at, Lead.contact_id, Lead.next_task_at)
    found = db.session.execute(select(*columns).where(Lead.id.in_(ids))).all()
    noted = {
        change.row_id: change
        for change in db.session.scalars(
            select(Change)
            .where(Change.change_set_id == run.change_set_id, Change.row_id.in_(ids))
            .order_by(Change.id.desc())
        )
        if change.before is None and change.row_kind == "lead"
    }
    same = {
        one.id
        for one in found
        if one.version == expected_version(noted.get(one.id))
        and not one.restricted and one.converted_at is None and one.contact_id is None and one.next_task_at is None
    }  # fmt: skip
    for column in _hanging_on_leads():
        same -= set(db.session.scalars(select(column).where(column.in_(ids))))
    return same


def _hanging_on_leads() -> list[Any]:
    """The column of every table that refers to leads, whoever made it; their own addresses excepted."""
    return [
        mapper.get_property_by_column(column).class_attribute
        for mapper in Lead.registry.mappers
        if mapper.class_ is not LeadAddress
        for key in mapper.local_table.foreign_key_constraints  # type: ignore[attr-defined]
        if key.referred_table.name == "lead"
        for column in key.columns
        if column.name != "workspace_id"
    ]


def _move(run: ImportRun, **values: Any) -> None:
    """Move the run on unless somebody else did. Raises Moved."""
    after = ImportRun.undo_after == run.undo_after if run.undo_after else ImportRun.undo_after.is_(None)
    moved = db.session.execute(
        update(ImportRun)
        .where(
            ImportRun.id == run.id, ImportRun.state == RunState.UNDOING, ImportRun.undo_step == run.undo_step,
            ImportRun.undo_done == run.undo_done, after,
        )
        .values(faults=0, **values)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Moved


def end(run: ImportRun) -> None:
    """Mark the import as taken back. The caller commits. Raises Moved."""
    _move(run, state=RunState.UNDONE, undo_done=run.undo_total)
    audit.record("import.undone", run, removed=run.removed, restored=run.restored, left_alone=run.left_alone)
