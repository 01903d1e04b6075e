"""What the tests of imports do again and again."""

from __future__ import annotations

import io
import re
import uuid
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from logicrm.core import tenancy
from logicrm.core.jobs_worker import run_worker
from logicrm.extensions import db
from logicrm.leads.imports.models import ImportRun
from logicrm.leads.models import Lead, LeadAddress

HEADINGS = "First Name,Last Name,Company,Email,Phone,City,Country,Tags,Note"


def csv_of(*rows: str, headings: str = HEADINGS) -> bytes:
    return "\r\n".join([headings, *rows, ""]).encode()


def many(count: int, *, domain: str = "many.example") -> bytes:
    return csv_of(
        *(f"Ana{n},Pop{n},Firm {n % 97},ana{n}@{domain},+4072{n:07},Cluj,RO,rail;sea,Note {n}" for n in range(count))
    )


def send(client: FlaskClient, content: bytes, name: str = "leads.csv") -> Any:
    return client.post("/leads/import", data={"file": (io.BytesIO(content), name)}, content_type="multipart/form-data")


def sent(client: FlaskClient, content: bytes, name: str = "leads.csv") -> str:
    """Send a file; return the address of its import."""
    answer = send(client, content, name)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def filled(html: str) -> dict[str, str]:
    """What the form of the preview would send as it stands."""
    form = html[html.index('id="mapping"') :] + html[: html.index('id="mapping"')]
    values: dict[str, str] = {}
    for name, body in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        options = re.findall(r'<option( selected)? value="([^"]*)"( selected)?', body)
        chosen = [value for before, value, after in options if before or after]
        values[name] = chosen[0] if chosen else options[0][1]
    values["shape"] = re.search(r'name="shape" value="(\w+)"', html)[1]  # type: ignore[index]
    for name in ("encoding", "separator", "header"):
        values.pop(name, None)
    return {"duplicates": "update", **values}


def start(client: FlaskClient, place: str, **changed: str) -> Any:
    page = client.get(place)
    assert page.status_code == 200, page.text
    return client.post(f"{place}/start", data={**filled(page.text), **changed})


def imported(app: Flask, client: FlaskClient, content: bytes, name: str = "leads.csv", **changed: str) -> str:
    """Send a file, start it as proposed, work until it has ended; return its address."""
    place = sent(client, content, name)
    answer = start(client, place, **changed)
    assert answer.status_code == 303, answer.text
    run_worker(app, until_idle=True, threads=1)
    return place


def run_of(place: str) -> ImportRun:
    """The import of an address, inside the workspace."""
    run = db.session.scalar(select(ImportRun).where(ImportRun.id == uuid.UUID(place.rsplit("/", 1)[1])))
    assert run is not None
    return run


def counts(place: str) -> tuple[int, int, int, int]:
    """Added, updated, skipped, failed."""
    run = run_of(place)
    return run.created, run.updated, run.skipped, run.failed


LOOSE = {"id", "stage_since", "position", "created_at", "last_contact_at", "cold_from", "import_run_id", "version"}


def leads(*, without: set[str] = LOOSE) -> list[dict[str, Any]]:
    """All leads, column by column, in the order of their e-mail and name; addresses beside them."""
    further: dict[uuid.UUID, list[tuple[str, str]]] = {}
    for one in db.session.scalars(select(LeadAddress)):
        further.setdefault(one.lead_id, []).append((one.kind, one.value))
    names = [a.key for a in Lead.__mapper__.column_attrs if a.key not in without]
    rows = [
        {**{n: getattr(lead, n) for n in names}, "further": sorted(further.get(lead.id, []))}
        for lead in db.session.scalars(select(Lead))
    ]
    return sorted(rows, key=lambda row: (row["email"] or "", row["name_key"], row["note"]))


def count_of(model: Any) -> int:
    from sqlalchemy import func

    return db.session.scalar(select(func.count()).select_from(model)) or 0


def working_in(app: Flask, workspace_id: uuid.UUID) -> Any:
    return tenancy.working_in(app, workspace_id)
