"""Rows for tests that need one of everything, made through the areas' own models."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from sqlalchemy import Table

from logicrm.core import tenancy
from logicrm.core.schema import Id, UtcDateTime, new_id
from logicrm.extensions import db

# The argument of a route -> the table whose row it names.
TABLES = {
    "lead_id": "lead", "contact_id": "contact", "company_id": "company", "shipment_id": "shipment",
    "event_id": "tracking_event", "act_id": "change_set", "change_set_id": "change_set", "run_id": "import_run",
    "stage_id": "stage", "task_id": "task", "job_id": "job", "mail_id": "outgoing_mail", "invitation_id": "invitation",
    "token_id": "api_token", "export_id": "privacy_export", "request_id": "privacy_request", "consent_id": "consent",
    "choice_id": "cookie_choice", "hold_id": "legal_hold", "breach_id": "breach", "notice_id": "breach_notice",
    "evidence_id": "control_evidence", "disclosure_id": "disclosure", "recipient_id": "recipient",
}  # fmt: skip
CANARY = "Canary"


def plant_one_of_each(app: Flask, workspace_id: uuid.UUID, user_id: uuid.UUID) -> dict[str, Any]:
    """Insert one row into each table of TABLES (and what they refer to); return {argument: id} and "secrets".

    Values come from the columns' types: texts are canaries that no page of another workspace may show.
    """
    found: dict[str, Any] = {"secrets": []}
    made: dict[str, dict[str, Any]] = {}
    with app.app_context():
        tenancy.enter(workspace_id)
        with db.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                from sqlalchemy import text

                connection.execute(text("select set_config('app.workspace', :w, true)"), {"w": str(workspace_id)})
            for table in db.metadata.sorted_tables:
                if table.name in TABLES.values() or table.name in _NEEDED:
                    row = _row(table, made, workspace_id, user_id, found["secrets"])
                    connection.execute(table.insert().values(row))
                    made[table.name] = row
    for argument, name in TABLES.items():
        found[argument] = made[name]["id"]
    found["waybill_number"] = made["shipment"]["waybill_number"]
    found["user_id"] = user_id
    found["workspace_id"] = workspace_id
    found["session_id"] = _a_session(app, workspace_id, user_id)
    return found


_NEEDED = {"pipeline", "data_subject", "stored_file", "control"}


def _a_session(app: Flask, workspace_id: uuid.UUID, user_id: uuid.UUID) -> uuid.UUID:
    from logicrm.accounts.models import UserSession

    now = datetime.now(UTC)
    with app.app_context():
        row = UserSession(
            id=new_id(), token_hash=uuid.uuid4().hex, user_id=user_id, workspace_id=workspace_id, epoch=0,
            created_at=now, seen_at=now, proven_at=now, expires_at=now,
        )  # fmt: skip
        db.session.add(row)
        db.session.commit()
        return row.id


def _row(
    table: Table, made: dict[str, Any], workspace_id: uuid.UUID, user_id: uuid.UUID, secrets: list[str]
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    keys: dict[str, Any] = {}
    for constraint in table.foreign_key_constraints:
        for element in constraint.elements:
            target = element.column.table.name
            if target == "workspace":
                keys[element.parent.name] = workspace_id
            elif target == "user":
                keys[element.parent.name] = user_id
            elif target in made:
                keys[element.parent.name] = made[target][element.column.name]
    for column in table.columns:
        if column.name in keys:
            row[column.name] = keys[column.name]
        elif column.name in ("workspace_id",):
            row[column.name] = workspace_id
        elif column.name == "id":
            row[column.name] = new_id()
        elif column.nullable or column.identity is not None or column.computed is not None:
            continue
        else:
            row[column.name] = _value(column, secrets)
    return row


def _value(column: Any, secrets: list[str]) -> Any:
    from sqlalchemy import JSON, Boolean, Date, Integer, LargeBinary, Numeric

    kind = column.type
    if isinstance(kind, Id):
        return new_id()
    if isinstance(kind, UtcDateTime):
        return datetime.now(UTC)
    for test, value in (
        (Boolean, False),
        (Integer, 0),
        (Numeric, 0),
        (Date, datetime.now(UTC).date()),
        (LargeBinary, b""),
    ):
        if isinstance(kind, test):
            return value
    if isinstance(kind, JSON):
        return column.default.arg({}) if column.default is not None and callable(column.default.arg) else []
    if column.default is not None and not callable(column.default.arg):
        return column.default.arg
    length = getattr(kind, "length", None) or 60
    word = f"{CANARY}{column.table.name}{column.name}{uuid.uuid4().hex}"[: min(length, 60)]
    if length >= 30:
        secrets.append(word)
    return word
