"""The portal's cast: Carla and Carl are customers of Alpha, and Carla is one of Bravo's as well."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from logicrm.core import tenancy
from logicrm.extensions import db
from tests.conftest import Cast

CARLA, CARL = "carla@customer.example", "carl@customer.example"


def run_jobs(app: Flask, kind: str = "portal.send_code") -> None:
    """Run the waiting jobs of one kind in this process, as the worker would."""
    from logicrm.core.jobs import HANDLERS, JobContext
    from logicrm.core.jobs_models import Job, JobState

    with app.app_context():
        waiting = [
            (row.id, row.workspace_id, dict(row.args))
            for row in db.session.scalars(select(Job).where(Job.kind == kind, Job.state == JobState.WAITING))
        ]
    for job_id, workspace_id, args in waiting:
        with tenancy.working_in(app, workspace_id):
            context = JobContext(job_id, kind, workspace_id, args, 1, 4, "test", lambda *_a: None)
            context._fence = lambda values: db.session.get_one(Job, job_id).__setattr__("state", JobState.DONE)  # type: ignore[method-assign]
            HANDLERS[kind].run(context)


def letters(app: Flask, to: str) -> list[str]:
    """Texts of the letters to an address, oldest first."""
    from logicrm.core.mail import OutgoingMail

    with app.app_context():
        rows = db.session.scalars(select(OutgoingMail).where(OutgoingMail.to_address == to).order_by(OutgoingMail.id))
        return [row.text for row in rows]


def code_for(app: Flask, to: str) -> str:
    """The code in the newest letter to an address."""
    run_jobs(app)
    found = re.findall(r"^([A-Z0-9]{4} [A-Z0-9]{4})$", letters(app, to)[-1], re.M)
    return str(found[-1])


@pytest.fixture
def customers(app: Flask, cast: Cast, now: datetime) -> dict[str, uuid.UUID]:
    """Carla and Carl are known to Alpha, Carla to Bravo too: ids of their rows."""
    from logicrm.privacy.subjects import make_known

    made = {}
    for name, workspace, email in (
        ("carla", cast.alpha, CARLA), ("carl", cast.alpha, CARL), ("carla at bravo", cast.bravo, CARLA),
    ):  # fmt: skip
        with app.app_context():
            tenancy.enter(workspace)
            made[name] = make_known(email, now=now).id
            db.session.commit()
    return made


@pytest.fixture
def enter(app: Flask, customers: Any) -> Callable[..., FlaskClient]:
    """enter("carla@…"): a browser in which she is in Alpha's portal."""

    def go(email: str, slug: str = "alpha") -> FlaskClient:
        browser = app.test_client()
        assert browser.post(f"/p/{slug}/code", data={"email": email}).status_code == 303
        answer = browser.post(f"/p/{slug}/enter", data={"code": code_for(app, email)})
        assert answer.status_code == 303, answer.text
        return browser

    return go
