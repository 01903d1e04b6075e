"""What tests of the registers share: a breach, a disclosure, an upload, a policy in another profile."""

from __future__ import annotations

import io
import uuid
from datetime import datetime
from typing import Any

from flask import Flask
from werkzeug.datastructures import FileStorage

from logicrm.core import jobs_worker, mail, tenancy, workspaces
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy.profile import Profile
from logicrm.privacy.registers import breaches, disclosures
from logicrm.privacy.registers.breaches import Facts
from logicrm.privacy.registers.disclosures import Asked
from logicrm.privacy.registers.models import Disclosure
from logicrm.privacy.registers.models_breach import Breach

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def upload(name: str = "report.pdf", content: bytes = PDF) -> FileStorage:
    return FileStorage(io.BytesIO(content), name, content_type="application/pdf")


def business() -> Business:
    place = tenancy.current()
    found = workspaces.by_id(place) if place else None
    assert found is not None
    return found


def runs(profile: str, place: uuid.UUID) -> None:
    """Let a workspace run another profile from now on."""
    table = db.metadata.tables["workspace"]
    db.session.execute(table.update().where(table.c.id == place).values(profile=profile))


def found_breach(
    by: uuid.UUID, detected_at: datetime, now: datetime, *, aware_at: datetime | None = None, exercise: bool = False
) -> Breach:
    made = breaches.record(
        business(), Facts("Lost scanner", "A scanner was lost.", ("contact",), ("recipients",), 12, 30),
        detected_at=detected_at, aware_at=aware_at, is_exercise=exercise, by=by, now=now,
    )  # fmt: skip
    db.session.flush()
    return made


def decided_breach(by: uuid.UUID, detected_at: datetime, now: datetime, *, risk: str = "high", **how: Any) -> Breach:
    made = found_breach(by, detected_at, now, **how)
    own = made.id
    breaches.triage(own, at=detected_at, measures="Locked.", by=by, now=now)
    breaches.decide(own, risk=risk, reasons="It had no lock.", consequences="Spam.", measures="Locked.", by=by, now=now)
    again = breaches.get(own)
    assert again is not None
    return again


def asked(profile: Profile, by: uuid.UUID, now: datetime, *, ground: str = "law", document: bool = True) -> Disclosure:
    wanted = Asked("District court", ground, "Addresses of two recipients", "shipments 17 and 18", 2, now)
    made = disclosures.record(profile, wanted, upload=upload("order.pdf") if document else None, by=by, now=now)
    db.session.flush()
    return made


def letters(app: Flask, place: uuid.UUID, template: str) -> list[tuple[str, str, str]]:
    """(address, subject, state) of the workspace's letters whose subject holds a word, after the worker was idle."""
    jobs_worker.run_worker(app, until_idle=True)
    with tenancy.working_in(app, place):
        return sorted(
            (one.to_address, one.subject, str(one.state)) for one in mail.recent(200) if template in one.subject
        )
