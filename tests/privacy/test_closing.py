"""The end of a workspace: closed by its owner, read for thirty days, reopened or gone, with certificate and ledger."""

from __future__ import annotations

import csv
import io
import json
import uuid
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, text, update

from logicrm.accounts.models import Membership, User, UserSession, Workspace
from logicrm.core import files, tenancy
from logicrm.core.jobs import Job
from logicrm.core.jobs_worker import run_worker
from logicrm.core.promises import State, registry
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.leads.models import Lead
from logicrm.privacy import jobs as privacy_jobs
from logicrm.privacy import ledger, signing
from logicrm.privacy.models import Deletion
from logicrm.privacy.retaining import closing, holds
from tests.conftest import ALPHA, PASSWORD, Cast
from tests.factories import plant_one_of_each
from tests.privacy import acting, policies

pytestmark = pytest.mark.promise("termination")


@pytest.fixture
def full(app: Flask, cast: Cast) -> Cast:
    """One row in nearly every table of Alpha, and a published policy, which nothing may delete but this."""
    plant_one_of_each(app, cast.alpha, cast.users["alice"])
    with tenancy.working_in(app, cast.alpha):
        real = files.save(b"a scan", name="scan.txt", kind="attachment", max_bytes=100, media_type="text/plain")
        db.session.flush()
        for table in db.metadata.sorted_tables:  # the planted one has no content
            for key in table.foreign_key_constraints:
                if key.referred_table.name == "stored_file":
                    column = next(c for c in key.columns if c.name != "workspace_id")
                    db.session.execute(table.update().where(column.is_not(None)).values({column: real.id}))
        db.session.execute(delete(files.StoredFile).where(files.StoredFile.id != real.id))
        acting.agrees(datetime.now(UTC))
        policies.publish(
            cast.alpha, {"retention.support.keep_for": "P1Y"}, by=cast.users["alice"], now=datetime.now(UTC)
        )
        db.session.commit()
    return cast


def close(client: FlaskClient, name: str = ALPHA) -> int:
    return client.post("/privacy/closing/close", data={"typed": name}).status_code


def days_pass(app: Flask, days: float) -> None:
    """The closing was so many days earlier."""
    with app.app_context():
        for row in db.session.scalars(select(Deletion)).all():
            row.asked_at -= timedelta(days=days)
            row.due_at -= timedelta(days=days)
            db.session.execute(update(Workspace).where(Workspace.id == row.subject_id).values(closes_at=row.due_at))
        for job in db.session.scalars(select(Job).where(Job.kind.in_(("privacy.purge", "privacy.remind")))).all():
            job.run_at -= timedelta(days=days)
        db.session.commit()


def rows_of(app: Flask, place: uuid.UUID) -> dict[str, int]:
    """How many rows of each table name the workspace."""
    out = {}
    with app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select set_config('app.across', 'on', true)"))
        for table in db.metadata.sorted_tables:
            if "workspace_id" in table.columns:
                n = connection.execute(
                    select(func.count()).select_from(table).where(table.c.workspace_id == place)
                ).scalar_one()
                if n:
                    out[table.name] = n
        connection.rollback()
    return out


def content_of(place: uuid.UUID) -> list[str]:
    """What the store holds for a workspace."""
    return [key for key in files.store().keys(older_than=timedelta(seconds=-60)) if key.startswith(place.hex)]


def test_only_its_owner_closes_with_the_name_and_a_fresh_password(
    app: Flask, cast: Cast, alice: FlaskClient, mona: FlaskClient, inside: Callable[..., Any]
) -> None:
    assert mona.get("/privacy/closing").status_code == 200
    assert close(mona) == 403
    assert close(alice, "Alpha") == 422
    with app.app_context():
        stale = datetime.now(UTC) - timedelta(minutes=30)
        db.session.execute(update(UserSession).values(proven_at=stale))
        db.session.commit()
    assert close(alice) == 303
    with inside():
        assert closing.of(cast.alpha) is None
    alice.post("/confirm", data={"password": PASSWORD})
    assert close(alice) == 303
    with inside():
        row = closing.of(cast.alpha)
        assert row is not None and row.due_at - row.asked_at == timedelta(days=30)


def test_a_closed_workspace_is_read_and_nothing_else(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, mallory: FlaskClient
) -> None:
    assert close(alice) == 303
    page = bob.get("/leads/")
    assert page.status_code == 200 and "This workspace is closed" in page.get_data(as_text=True)
    before = rows_of(app, cast.alpha)
    wrong = []
    for rule in app.url_map.iter_rules():
        access = app.view_functions[rule.endpoint].__access__  # type: ignore[attr-defined]
        writes = "POST" in (rule.methods or set()) and access.kind in ("needs", "signed_in")
        if not writes or rule.arguments or access.in_grace or access.closing:
            continue
        answer = alice.post(rule.rule)
        if answer.status_code != 422 or "This workspace is closed" not in answer.get_data(as_text=True):
            wrong.append(f"{rule.rule}: {answer.status_code}")
    assert wrong == []
    assert rows_of(app, cast.alpha) == before
    assert mallory.post("/leads/", data={}).status_code != 303  # hers answers as ever
    assert "This workspace is closed" not in mallory.get("/leads/").get_data(as_text=True)


def test_an_open_workspace_can_be_reopened_by_its_owner_and_by_the_letter(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Callable[..., Any]
) -> None:
    close(alice)
    assert bob.post("/privacy/closing/reopen").status_code == 403
    days_pass(app, 29.99)
    assert alice.post("/privacy/closing/reopen").status_code == 303
    with inside():
        assert db.session.get_one(Workspace, cast.alpha).closes_at is None and closing.of(cast.alpha) is None
    assert alice.post("/privacy/closing/reopen").status_code == 409
    assert "This workspace is closed" not in bob.get("/leads/").get_data(as_text=True)


def test_not_a_minute_before_the_thirtieth_day(app: Flask, full: Cast, alice: FlaskClient) -> None:
    close(alice)
    days_pass(app, 30 - 1 / 1440)
    run_worker(app, until_idle=True, threads=1)
    assert "lead" in rows_of(app, full.alpha)


def test_then_everything_goes_with_ledger_and_certificate_and_nobody_elses(
    app: Flask, full: Cast, alice: FlaskClient, inside: Callable[..., Any]
) -> None:
    with inside(full.bravo):
        acting.agrees(datetime.now(UTC))
        db.session.commit()
    others = rows_of(app, full.bravo)
    with app.app_context():
        assert content_of(full.alpha)
    before = rows_of(app, full.alpha)
    assert len(before) > 25
    close(alice)
    days_pass(app, 30)
    run_worker(app, until_idle=True, threads=1)
    left = rows_of(app, full.alpha)
    assert set(left) <= {"job", "deletion", "outgoing_mail"}, left
    with app.app_context():
        assert db.session.get(Workspace, full.alpha) is None
        # Whoever worked nowhere else goes, too, each with a certificate of their own; Mallory stays.
        assert db.session.scalars(select(User.email)).all() == ["mallory@bravo.example"]
        rows = db.session.scalars(select(Deletion).where(Deletion.subject_kind == "workspace")).all()
        assert len(rows) == 1 and rows[0].state == "purged"
        certificate = rows[0].certificate
        assert certificate["controller"] == ALPHA and certificate["scope"] == "workspace"
        assert signing.holds(certificate, rows[0].signature)
        counted = {one["class"]: one["deleted"] for one in certificate["classes"]}
        assert counted["leads"] == sum(before.get(name, 0) for name in ("lead", "lead_address", "activity", "task"))
        assert counted["business"] == sum(
            before.get(n, 0) for n in ("contact", "shipment", "shipment_piece", "tracking_event")
        )
        events = [entry["event"] for entry in ledger.entries() if entry["deletion"] == str(rows[0].id)]
        assert events == ["begin", "done"]
        secret = rows[0].certificate_hash
        assert secret
    assert {k: v for k, v in rows_of(app, full.bravo).items() if k in others} == others
    assert alice.get("/leads/").status_code == 303  # signed out
    assert app.test_client().get("/w/alpha/privacy").status_code == 404
    with app.app_context():
        assert content_of(full.alpha) == []


def test_what_a_hold_keeps_stays_named_until_it_is_over_and_then_the_shell_goes(
    app: Flask, full: Cast, alice: FlaskClient, inside: Callable[..., Any]
) -> None:
    now = datetime.now(UTC)
    until = (now + timedelta(days=90)).date()
    with inside():
        lead = db.session.scalars(select(Lead.id)).first()
        holds.place(scope="record", table_name="lead", record_id=lead, ground="audit", reason="Case 9", until=until,
                    by=full.users["pia"], now=now)  # fmt: skip
        db.session.commit()
    close(alice)
    days_pass(app, 30)
    run_worker(app, until_idle=True, threads=1)
    left = rows_of(app, full.alpha)
    assert left["lead"] == 1 and "activity" not in left and "membership" not in left
    with app.app_context():
        row = db.session.scalars(select(Deletion).where(Deletion.subject_kind == "workspace")).one()
        kept = [one for one in row.certificate["classes"] if one["kept"]]
        assert {(one["kept_until"], one["kept_because"]) for one in kept} == {(until.isoformat(), "audit")}
        list(privacy_jobs.retain_everywhere(app, now=now + timedelta(days=30)))
        assert rows_of(app, full.alpha)["lead"] == 1
        list(privacy_jobs.retain_everywhere(app, now=now + timedelta(days=92)))
        db.session.rollback()
        assert db.session.get(Workspace, full.alpha, populate_existing=True) is None


def test_an_account_with_another_workspace_stays(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context():
        db.session.add(
            Membership(
                id=new_id(), workspace_id=cast.bravo, user_id=cast.users["bob"], role="sales", joined_at=datetime.now(UTC)
            )
        )  # fmt: skip
        db.session.commit()
    close(alice)
    days_pass(app, 30)
    run_worker(app, until_idle=True, threads=1)
    with app.app_context():
        assert set(db.session.scalars(select(User.email))) == {"mallory@bravo.example", "bob@alpha.example"}


def test_everything_can_be_taken_along_before(
    app: Flask, full: Cast, alice: FlaskClient, inside: Callable[..., Any]
) -> None:
    close(alice)
    assert alice.post("/privacy/closing/copy").status_code == 303
    run_worker(app, until_idle=True, threads=1)
    page = alice.get("/privacy/closing").get_data(as_text=True)
    assert "Download the archive" in page
    with inside():
        from logicrm.privacy import export

        copy = export.latest_export(closing.subject_of(full.alpha))
        assert copy is not None and copy.state == "ready", copy and copy.fault
        leads = db.session.execute(select(Lead.id, Lead.email)).all()
        copy_id = copy.id
    got = alice.post(f"/privacy/closing/copy/{copy_id}")
    assert got.status_code == 200
    with zipfile.ZipFile(io.BytesIO(got.data)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        rows = list(csv.DictReader(io.StringIO(archive.read("lead.csv").decode("utf-8-sig"))))
        names = set(archive.namelist())
        everything = b"".join(archive.read(name) for name in names)
    assert [(row["id"], row["email"]) for row in rows] == [(str(own), email or "") for own, email in leads]
    assert manifest["rows"]["lead.csv"] == len(leads) and {"contact.csv", "shipment.csv", "task.csv"} <= names
    assert b"a scan" in everything
    assert b"token_hash" not in everything and b"tracking_key" not in everything
    assert app.test_client().post(f"/privacy/closing/copy/{copy_id}").status_code == 303


def test_the_evidence_is_a_closing_that_was_carried_out(
    app: Flask, cast: Cast, alice: FlaskClient, inside: Callable[..., Any]
) -> None:
    now = datetime.now(UTC)
    close(alice)
    days_pass(app, 30)
    with inside(cast.bravo):
        closing.leave_watermark(now=now)
        assert registry.look("P-TRACK-32", now).state is State.NO_EVIDENCE
    run_worker(app, until_idle=True, threads=1)
    with inside(cast.bravo):
        closing.leave_watermark(now=now)
        for name in ("P-TRACK-32", "P-LORO-23", "P-LORO-24"):
            assert registry.look(name, now).state is State.KEPT, name
        # One that is late, and one that began before its day.
        row = db.session.scalars(select(Deletion).where(Deletion.subject_kind == "workspace")).one()
        row.due_at = row.begun_at + timedelta(days=1)
        db.session.flush()
        closing.leave_watermark(now=now + timedelta(minutes=1))
        assert registry.look("P-TRACK-32", now).state is State.BREACHED
