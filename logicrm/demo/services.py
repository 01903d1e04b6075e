"""Makes the demo workspace. The callers commit."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from flask import current_app
from sqlalchemy import select

from logicrm.accounts import services as accounts
from logicrm.accounts import services_door
from logicrm.accounts.models import Workspace
from logicrm.core import audit, database, search, tenancy
from logicrm.core.access import Role
from logicrm.core.errors import Refused
from logicrm.core.many import insert_many
from logicrm.core.search import SearchEntry
from logicrm.customers.models import Company, Contact
from logicrm.demo import freight, people, recipients, registers, rights
from logicrm.demo.drawing import Drawing
from logicrm.extensions import db
from logicrm.leads.bulk import insert_leads
from logicrm.leads.conversion.services import convert_lead
from logicrm.leads.models import Lead
from logicrm.leads.pipelines import queries as pipelines
from logicrm.leads.pipelines.services import ensure_pipeline
from logicrm.leads.services import name_key
from logicrm.leads.timeline.models import Activity, Task
from logicrm.shipments import bulk as shipments_bulk
from logicrm.shipments.models import Shipment, ShipmentPiece, TrackingEvent, TrackingLink

NAME = "Blue Lorry Logistics"
LEADS, SHIPMENTS = 400, 120  # what `make run` loads
BATCH = 2000
MOST_TASKS = 20_000
LARGE = (Lead, Activity, Task, Company, Contact, Shipment, ShipmentPiece, TrackingEvent, TrackingLink, SearchEntry)


def only_in_demo_mode() -> None:
    """Refuse everywhere else: made-up people have no place among a firm's own."""
    if not current_app.config["DEMO"]:
        raise Refused("this is no demo: set LOGICRM_DEMO=1 to allow demo data")


def load(*, leads: int, shipments: int, seed: int, now: datetime) -> uuid.UUID:
    """Make the demo workspace with everybody and everything in it; enter it and return its id.

    The same seed and `now` give the same rows, apart from secrets and the ids of accounts. One transaction: an
    interrupted load leaves nothing. Refused outside demo mode, and when there is a demo workspace already.
    """
    only_in_demo_mode()
    if db.session.scalar(select(Workspace.id).where(Workspace.is_demo).limit(1)):
        raise Refused("a demo workspace exists already: nothing was added")
    draw = Drawing(seed, now)
    members = _workspace_and_staff(now - timedelta(days=420))
    made = _leads(draw, leads, members)
    customers = _customers(draw, max(6, min(leads // 10, 2_000)), members)
    _shipments(draw, shipments, customers, members)
    database.count_afresh(db.session, *LARGE)
    _conversions(made, now)
    rights.fill(draw, customers, members)
    recipients.fill(draw, members)
    registers.fill(draw, members)
    audit.record("demo.loaded", leads=leads, shipments=shipments)
    return db.session.execute(select(Workspace.id).where(Workspace.is_demo)).scalar_one()


def _workspace_and_staff(since: datetime) -> dict[Role, uuid.UUID]:
    workspace = accounts.make_workspace(
        name=NAME, country="RO", time_zone="Europe/Bucharest", currency="EUR", language="en", size="10-49",
        industry="forwarding", tax_code="RO00000000", profile=current_app.config["PROFILE"], now=since, is_demo=True,
    )  # fmt: skip
    workspace.privacy_contact = "privacy@demo.example"
    workspace.address = "Strada Depozitelor 12, 010011 București"
    agreed, members = services_door.terms(workspace.id), {}
    for role, name, job_title in people.STAFF:
        user = accounts.make_user(
            name=name, email=f"{role}@demo.example", password=secrets.token_urlsafe(32), of_age=True,
            terms_version=agreed.version, now=since, job_title=job_title, minimum_age=agreed.minimum_age,
        )  # fmt: skip
        accounts.join(user, workspace.id, role, now=since)
        members[role] = user.id
    return members


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _leads(draw: Drawing, count: int, members: dict[Role, uuid.UUID]) -> list[tuple[uuid.UUID, Any, datetime]]:
    """Insert leads with their history and tasks; return (id, owner, last contact) of a few that were won."""
    ensure_pipeline(draw.now - timedelta(days=420))
    stages = [s.id for s in pipelines.choices().stages]
    owners = (members[Role.SALES], members[Role.MANAGER], members[Role.OWNER])
    drawn = (draw.lead(nth, at, stages, owners) for nth, at in enumerate(draw.leads_moments(count)))
    done, tasks_left = 0, MOST_TASKS
    won: list[tuple[uuid.UUID, Any, datetime]] = []
    for batch in _batches(drawn):
        tasks, history = [], []
        for row in batch:
            history += list(draw.activities(row))
            if tasks_left and row["owner_id"] and stages.index(row["stage_id"]) < 5 and draw.random.random() < 0.35:
                task = draw.task(row, overdue=draw.random.random() < 0.18)
                row["next_task_at"] = task["due_at"]
                tasks.append(task)
                tasks_left -= 1
            if stages[-2] == row["stage_id"] and len(won) < 12:
                won.append((row["id"], row["owner_id"], row["last_contact_at"]))
        insert_leads(batch, now=draw.now, source_kind="you", first=done)
        insert_many(Activity, history)
        insert_many(Task, tasks)
        if not done:  # each activity names a lead, and PostgreSQL has to find it among those of this transaction
            database.count_afresh(db.session, Lead, Activity, Task, SearchEntry)
        done += len(batch)
    return won


def _customers(draw: Drawing, count: int, members: dict[Role, uuid.UUID]) -> list[dict[str, Any]]:
    """Insert companies and their people; return the people with their firm's name."""
    companies: list[dict[str, Any]] = []
    contacts: list[dict[str, Any]] = []
    sales = members[Role.SALES]
    for _ in range(count):
        since = draw.now - timedelta(days=draw.random.uniform(20, 400))
        who = draw.someone()
        company = {
            "id": draw.id_at(since), "name": who.company, "name_key": search.fold(who.company)[:120],
            "tax_code": f"{who.country}{draw.random.randint(10**7, 10**8)}", "email": "", "phone": who.phone,
            "street": who.street, "city": who.city, "postcode": who.postcode, "country": who.country,
            "industry": draw.random.choice(people.INDUSTRIES), "size": draw.random.choice(people.SIZES),
            "owner_id": sales, "created_at": since,
        }  # fmt: skip
        companies.append(company)
        for person in [who] + [draw.someone(who.company) for _ in range(draw.random.choice((0, 0, 1, 2)))]:
            contacts.append(
                {
                    **asdict(person), "id": draw.id_at(since), "phone_typed": person.phone, "company_id": company["id"],
                    "job_title": draw.random.choice(people.JOBS), "owner_id": sales, "created_at": since,
                    "last_contact_at": since + (draw.now - since) * draw.random.random(),
                    "name_key": name_key(person.first_name, person.last_name, "", person.email),
                }
            )  # fmt: skip
    _insert(Company, companies)
    _insert(Contact, [{k: v for k, v in row.items() if k != "company"} for row in contacts])
    return contacts


def _insert(model: Any, rows: list[dict[str, Any]]) -> None:
    """Past the ORM's rows; the session stamps the workspace, search entries are written along."""
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        insert_many(model, batch)
        marks = {
            "workspace_id": tenancy.current(),
            "__search__": model.__search__,
            "__tablename__": model.__tablename__,
        }
        empty = dict.fromkeys(model.__search__, "")
        seen = [SimpleNamespace(**{**empty, **row, **marks}) for row in batch]
        insert_many(SearchEntry, [search.entry_of(entry) for entry in seen])


def _shipments(draw: Drawing, count: int, customers: list[dict[str, Any]], members: dict[Role, uuid.UUID]) -> None:
    """Insert shipments of all kinds. A few customers send most of them."""
    rows, happened = [], []
    for created_at, story in freight.plans(draw, count):
        customer = customers[int(len(customers) * draw.random.random() ** 2.5)]
        row = freight.shipment(draw, created_at, story, customer, members[Role.DISPATCHER])
        rows.append(row)
        happened += list(freight.events(draw, row, story, members[Role.DRIVER]))
    ids = shipments_bulk.insert_shipments(rows, prefix="BL")
    shipments_bulk.insert_events(happened)
    shipments_bulk.settle_all(ids)


def _conversions(won: list[tuple[uuid.UUID, Any, datetime]], now: datetime) -> None:
    """Make customers of a few won leads, by the way that people take."""
    for lead_id, owner_id, at in won:
        convert_lead(lead_id, by=owner_id, now=min(at, now))
