"""Some hundred rows of a file into the leads, in one transaction with the place where the import goes on."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from logicrm.accounts import services as accounts
from logicrm.core import history, tenancy, workspaces
from logicrm.core.history import Change
from logicrm.core.many import insert_many
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.leads import bulk
from logicrm.leads import services as leads
from logicrm.leads.board import ranks
from logicrm.leads.importing.folding import fold
from logicrm.leads.imports import looking
from logicrm.leads.imports.models import Duplicates, ImportProblem, ImportRun, RunState
from logicrm.leads.imports.rows import LEAD_FIELDS, SHOWN_NAMES, Failed, Plan, Ready, further_of, merged, new_lead
from logicrm.leads.models import Lead, LeadAddress
from logicrm.leads.pipelines import queries as pipelines
from logicrm.leads.pipelines.services import ensure_pipeline

BATCH = 500


class Moved(Exception):
    """The import is not where this worker left it: cancelled, or another worker has it. Roll back."""


def plan_of(run: ImportRun) -> Plan:
    """Everything that does not change from row to row. Reads only."""
    workspace_id = tenancy.current()
    business = workspaces.by_id(workspace_id) if workspace_id else None
    assert business is not None and run.started_at is not None
    choices, zone = run.choices, ZoneInfo(business.facts.time_zone)
    offered = pipelines.choices()
    stages: dict[str, uuid.UUID] = {}
    for stage in offered.stages:  # the first pipeline comes first and wins
        stages.setdefault(fold(stage.name), stage.id)
    owners: dict[str, uuid.UUID] = {}
    for _membership, user in accounts.members():
        owners.setdefault(fold(user.name), user.id)
        owners[user.email] = user.id
    wanted = uuid.UUID(choices["stage_id"])
    stage_id = wanted if offered.stage(wanted) else ensure_pipeline(run.started_at).id
    owner_id = uuid.UUID(choices["owner_id"]) if choices.get("owner_id") else None
    return Plan(
        mapping=looking.as_mapping(run.columns), duplicates=Duplicates(choices["duplicates"]),
        country=choices["country"], owner_id=owner_id if offered.owner(owner_id) else None, stage_id=stage_id,
        source=choices["source"], tag=choices["tag"], currency=business.facts.currency,
        today=run.started_at.astimezone(zone).date(), zone=zone, stages=stages, owners=owners,
    )  # fmt: skip


@dataclass
class _Batch:
    """What the rows of one batch come to."""

    new: list[dict[str, Any]] = field(default_factory=list)
    by_email: dict[str, dict[str, Any]] = field(default_factory=dict)  # of the new ones
    by_phone: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    failed: list[Failed] = field(default_factory=list)
    notes: list[tuple[str, str, int]] = field(default_factory=list)


def write(run: ImportRun, rows: Sequence[Ready | Failed], plan: Plan) -> None:
    """Import rows and move the run on. The caller commits. Raises Moved, and Conflict when an editor was faster.

    `run` is the import as it was when its last batch was committed. All rows get the instant at which the import
    began, so an import that was broken off and resumed leaves the same leads as one that was not.
    """
    now = run.started_at
    assert now is not None
    batch = _Batch()
    known = _Known(run, [row for row in rows if isinstance(row, Ready)], plan, now=now)
    for row in rows:
        if isinstance(row, Failed):
            batch.failed.append(row)
            batch.counts["failed"] += 1
            continue
        batch.counts[_one(row, batch, known, plan, now=now)] += 1
        batch.notes += [(sentence, word, row.line) for sentence, word in row.notes]
    bulk.insert_leads(batch.new, now=now, import_run_id=run.id, first=run.created)
    known.note_changes()
    insert_many(ImportProblem, [_problem(one, run.id, now) for one in batch.failed])
    _move_on(run, len(rows), batch)


def _one(row: Ready, batch: _Batch, known: _Known, plan: Plan, *, now: datetime) -> str:
    """Import one row; return under what it counts."""
    if plan.duplicates is not Duplicates.CREATE:
        in_file = next((lead for e in row.emails if (lead := batch.by_email.get(e))), None)
        in_file = in_file or next(
            (lead for p in row.phones if (lead := batch.by_phone.get(p)) and same_person(lead, row)), None
        )
        if in_file is not None:
            return "skipped" if plan.duplicates is Duplicates.SKIP else _into_new(in_file, row, batch, plan)
        there = known.match(row)
        if there is not None:
            return "skipped" if plan.duplicates is Duplicates.SKIP else known.update(there, row)
    lead = {**new_lead(row, plan, now=now), "id": new_id()}
    batch.new.append(lead)
    _findable(lead, row, batch)
    return "created"


def _findable(lead: dict[str, Any], row: Ready, batch: _Batch) -> None:
    for address in row.emails:
        batch.by_email.setdefault(address, lead)
    for number in row.phones:
        batch.by_phone.setdefault(number, lead)


def _into_new(lead: dict[str, Any], row: Ready, batch: _Batch, plan: Plan) -> str:
    """A row about somebody whom an earlier row of this batch added."""
    whole = {**dict.fromkeys(LEAD_FIELDS, ""), **lead}
    changes = merged(whole, row, plan)
    more = further_of(whole, row, set(lead.get("further", [])))
    if not changes and not more:
        return "skipped"
    lead.update(changes)
    if more:
        lead["further"] = [*lead.get("further", []), *more]
    _findable(lead, row, batch)
    return "updated"


def same_person(lead: Any, row: Ready) -> bool:
    """May a shared phone number mean the same person? Not when both address and name differ: firms share phones."""
    get = lead.get if isinstance(lead, dict) else lambda key: getattr(lead, key)
    theirs, ours = get("email"), row.values.get("email")
    if not theirs or not ours or theirs == ours:
        return True
    name = lambda first, last: fold(f"{first or ''} {last or ''}")  # noqa: E731
    return name(get("first_name"), get("last_name")) == name(row.values.get("first_name"), row.values.get("last_name"))


class _Known:
    """The leads that rows of a batch may speak of, found by a few statements for all of them."""

    def __init__(self, run: ImportRun, rows: list[Ready], plan: Plan, *, now: datetime) -> None:
        self.run, self.plan, self.now = run, plan, now
        self.emails: dict[str, uuid.UUID] = {}
        self.phones: dict[str, uuid.UUID] = {}
        self.leads: dict[uuid.UUID, Lead] = {}
        self.addresses: dict[uuid.UUID, set[tuple[str, str]]] = {}
        self.before: dict[uuid.UUID, tuple[dict[str, Any], int]] = {}
        self.added: list[LeadAddress] = []
        if plan.duplicates is Duplicates.CREATE:
            return
        self.emails = bulk.find_by_emails(address for row in rows for address in row.emails)
        self.phones = bulk.find_by_phones(number for row in rows for number in row.phones)
        ids = sorted({*self.emails.values(), *self.phones.values()})
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            self.leads |= {lead.id: lead for lead in db.session.scalars(select(Lead).where(Lead.id.in_(some)))}
            if plan.duplicates is Duplicates.UPDATE:
                further = select(LeadAddress.lead_id, LeadAddress.kind, LeadAddress.value)
                for one in db.session.execute(further.where(LeadAddress.lead_id.in_(some))):
                    self.addresses.setdefault(one.lead_id, set()).add((one.kind, one.value))

    def match(self, row: Ready) -> Lead | None:
        """Whose row this is: by any of its addresses, then by any of its numbers."""
        for address in row.emails:
            if (lead_id := self.emails.get(address)) in self.leads:
                return self.leads[lead_id]  # type: ignore[index]
        for number in row.phones:
            lead = self.leads.get(self.phones.get(number))  # type: ignore[arg-type]
            if lead is not None and same_person(lead, row):
                return lead
        return None

    def update(self, lead: Lead, row: Ready) -> str:
        """Fill a lead that is there. One whose processing is restricted is left as it is."""
        if lead.restricted:
            row.notes.append(("The processing of this person's data is restricted: nothing was changed.", ""))
            return "skipped"
        seen = self.addresses.setdefault(lead.id, set())
        values = {key: getattr(lead, key) for key in LEAD_FIELDS}
        changes = merged(values, row, self.plan)
        more = further_of(values, row, seen)
        if changes.keys() <= {"tags"} and not more and set(changes.get("tags", [])) - set(lead.tags) <= {self.plan.tag}:
            changes = {}  # nothing new about the lead: an import's tag alone is no news
        if not changes and not more:
            return "skipped"
        self.before.setdefault(lead.id, (history.snapshot(lead), lead.version))
        if "stage_id" in changes and lead.import_run_id != self.run.id:
            changes |= {"stage_since": self.now, "position": ranks.newest(self.now)}
        for key, value in changes.items():
            setattr(lead, key, value)
        lead.name_key = leads.name_key(lead.first_name, lead.last_name, lead.company, lead.email)
        lead.company_key = leads.company_key(lead.company)
        for kind, value in more:
            self.added.append(LeadAddress(id=new_id(), lead_id=lead.id, kind=kind, value=value))
            seen.add((kind, value))
        return "updated"

    def note_changes(self) -> None:
        """Write the changes down for undo: one entry for each lead, however many rows speak of it."""
        if not self.before:
            return
        act = db.session.scalar(select(history.ChangeSet).where(history.ChangeSet.id == self.run.change_set_id))
        assert act is not None
        db.session.add_all(self.added)
        leads._flush()
        earlier = select(Change).where(Change.change_set_id == act.id, Change.row_id.in_(list(self.before)))
        noted = {change.row_id: change for change in db.session.scalars(earlier.order_by(Change.id))}
        for lead_id, (before, version) in self.before.items():
            self._note(act, self.leads[lead_id], before, version, noted.get(lead_id))
        for address in self.added:
            if not self._is_ours(self.leads[address.lead_id], noted.get(address.lead_id)):
                leads.note(act, address, None)

    def _is_ours(self, lead: Lead, change: Change | None) -> bool:
        """True for a lead that this very import added: undo removes it whole."""
        return lead.import_run_id == self.run.id and (change is None or change.before is None)

    def _note(
        self, act: history.ChangeSet, lead: Lead, before: dict[str, Any], version: int, noted: Change | None
    ) -> None:
        if self._is_ours(lead, noted) and version == expected_version(noted):
            if noted is None:
                noted = Change(
                    id=new_id(), change_set_id=act.id, row_kind="lead", row_id=lead.id, before=None, after={}
                )
                db.session.add(noted)
            noted.after = {"version": lead.version}
        elif noted is not None and noted.before and _as_noted(before, noted):
            now = history.snapshot(lead)
            changed = {k for k in now if now[k] != before[k]} - {"version"}
            noted.before = {**{k: before[k] for k in changed}, **noted.before}
            noted.after = {**(noted.after or {}), **{k: now[k] for k in changed}}
            if version == noted.after["_version"]:
                noted.after["_version"] = lead.version
        else:
            change = history.note(act, lead, before)
            # Undo compares what the import wrote, not the version; but whether somebody edited in between, it tells.
            change.before, change.after = (
                {**{k: v for k, v in (values or {}).items() if k != "version"}, "_version": number}
                for values, number in ((change.before, version), (change.after, lead.version))
            )


def _as_noted(before: dict[str, Any], noted: Change) -> bool:
    """True when a lead still says what this import wrote the last time."""
    return all(before[key] == value for key, value in (noted.after or {}).items() if key in before)


def expected_version(change: Change | None) -> int:
    """The version that a lead of an import has while nobody but the import changed it."""
    return int((change.after or {}).get("version", 1)) if change is not None and change.before is None else 1


def _problem(one: Failed, run_id: uuid.UUID, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(), "import_run_id": run_id, "line": one.line, "email_key": one.email, "created_at": now,
        "cells": [looking.storable(cell) for cell in one.cells],
        "sentences": [[sentence.template, _plain(sentence.params)] for sentence in one.sentences],
    }  # fmt: skip


def _plain(params: dict[str, object]) -> dict[str, object]:
    return {key: value if isinstance(value, int) else looking.storable(str(value)) for key, value in params.items()}


def _move_on(run: ImportRun, rows: int, batch: _Batch) -> None:
    """Commit to the new place together with the rows, unless somebody moved the run meanwhile."""
    counts = batch.counts
    moved = db.session.execute(
        update(ImportRun)
        .where(ImportRun.id == run.id, ImportRun.state == RunState.RUNNING, ImportRun.next_row == run.next_row)
        .values(
            next_row=run.next_row + rows, created=run.created + counts["created"], faults=0,
            updated=run.updated + counts["updated"], skipped=run.skipped + counts["skipped"],
            failed=run.failed + counts["failed"], notes=counted(run.notes, batch.notes),
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Moved


def counted(notes: list[Any], found: list[tuple[str, str, int]]) -> list[Any]:
    """Notes as [sentence, {"name": word}, how often, first line], with those of one more batch."""
    if not found:
        return notes
    kept = {(n[0], n[1].get("name", "")): list(n) for n in notes if len(n) == 4}
    for sentence, word, line in found:
        if (sentence, word) not in kept and sum(key[0] == sentence for key in kept) >= SHOWN_NAMES:
            word = "…"  # the rest together
        one = kept.setdefault((sentence, word), [sentence, {"name": word} if word else {}, 0, line])
        one[2] += 1
    return [n for n in notes if len(n) != 4] + list(kept.values())


__all__ = ["BATCH", "Moved", "counted", "expected_version", "plan_of", "same_person", "write"]
