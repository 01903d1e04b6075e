"""Jobs, outbox, audit: what the program does and what people did, each workspace its own."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from logicrm.core import audit, jobs, mail, tenancy
from logicrm.core.jobs_models import Job, JobState
from logicrm.core.mail import OutgoingMail
from logicrm.extensions import db


@pytest.fixture
def mails(app: Flask, cast: Any) -> dict[str, uuid.UUID]:
    """One message in each workspace; each waits in a job."""
    made = {}
    for name, workspace_id in (("alpha", cast.alpha), ("bravo", cast.bravo)):
        with app.app_context():
            tenancy.enter(workspace_id)
            made[name] = mail.send(
                f"somebody@{name}.example", "reset", mail_class="transactional", purpose="security",
                name=f"<b>{name}</b>", url="http://localhost/reset/x",
            ).id  # fmt: skip
            db.session.commit()
    return made


def job_ids(app: Flask, cast: Any) -> tuple[uuid.UUID, uuid.UUID]:
    with app.app_context():
        held = {row.workspace_id: row.id for row in db.session.scalars(select(Job))}
    return held[cast.alpha], held[cast.bravo]


def state(app: Flask, job_id: uuid.UUID) -> str:
    with app.app_context():
        return db.session.get_one(Job, job_id).state


def test_an_owner_cancels_and_runs_again_her_own_jobs(app: Flask, cast: Any, alice: Any, mails: Any) -> None:
    ours, _theirs = job_ids(app, cast)
    assert "Send mail" in alice.get("/settings/jobs").text
    assert alice.post(f"/settings/jobs/{ours}/cancel").status_code == 303
    assert state(app, ours) == JobState.CANCELLED
    alice.post(f"/settings/jobs/{ours}/cancel")
    assert "moved on already" in alice.get("/settings/jobs").text
    assert alice.post(f"/settings/jobs/{ours}/retry").status_code == 303
    assert state(app, ours) == JobState.WAITING
    with app.app_context():
        tenancy.enter(cast.alpha)
        assert list(db.session.scalars(select(audit.AuditEvent.action).order_by(audit.AuditEvent.sequence))) == [
            "job.cancelled", "job.retried",
        ]  # fmt: skip


def test_jobs_of_another_workspace_are_missing(app: Flask, cast: Any, alice: Any, mails: Any) -> None:
    ours, theirs = job_ids(app, cast)
    page = alice.get("/settings/jobs").text
    assert str(ours) in page and str(theirs) not in page
    for job_id in (theirs, uuid.uuid4()):
        assert alice.post(f"/settings/jobs/{job_id}/cancel").status_code == 404
        assert alice.post(f"/settings/jobs/{job_id}/retry").status_code == 404
    assert state(app, theirs) == JobState.WAITING


def test_jobs_can_be_narrowed_to_one_state(alice: Any, mails: Any) -> None:
    assert "Send mail" in alice.get("/settings/jobs?state=waiting").text
    assert "Nothing here" in alice.get("/settings/jobs?state=failed").text
    assert "Send mail" in alice.get("/settings/jobs?state=rubbish").text


def test_the_jobs_page_refreshes_as_a_fragment(alice: Any, mails: Any) -> None:
    part = alice.get("/settings/jobs", headers={"HX-Request": "true", "HX-Target": "job-table"}).text
    assert "<html" not in part and 'id="job-table"' in part and "Send mail" in part


def test_the_outbox_shows_own_messages_as_text(alice: Any, mails: Any) -> None:
    listed = alice.get("/settings/outbox").text
    assert "somebody@alpha.example" in listed and "bravo" not in listed
    shown = alice.get(f"/settings/outbox/{mails['alpha']}").text
    assert "&lt;b&gt;alpha&lt;/b&gt;" in shown and "<b>alpha</b>" not in shown
    for mail_id in (mails["bravo"], uuid.uuid4()):
        assert alice.get(f"/settings/outbox/{mail_id}").status_code == 404


def test_outside_a_demo_nobody_reads_the_outbox(
    app: Flask, alice: Any, mails: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "DEMO", False)
    assert alice.get("/settings/outbox").status_code == 404
    assert alice.get(f"/settings/outbox/{mails['alpha']}").status_code == 404
    assert "/settings/outbox" not in alice.get("/settings/account").text


def test_the_audit_trail_is_read_page_by_page_without_gaps(
    app: Flask, cast: Any, alice: Any, pia: Any, mallory: Any
) -> None:
    with app.app_context():
        tenancy.enter(cast.alpha)
        for _ in range(120):
            audit.record("lead.added", actor=cast.users["bob"], object_kind="lead", object_id=uuid.uuid4())
        db.session.commit()
    seen, url = [], "/settings/audit"
    while url:
        page = pia.get(url).text
        seen += [int(cell.split("<")[0]) for cell in page.split('<td class="num wide">')[1:]]
        url = page.split('rel="next" href="')[1].split('"')[0] if 'rel="next"' in page else ""
    assert seen == list(range(120, 0, -1))
    assert "Bob" in pia.get("/settings/audit").text
    assert "lead.added" not in mallory.get("/settings/audit").text


@pytest.mark.parametrize("path", ["/settings/jobs", "/settings/outbox"])
@pytest.mark.parametrize("who", ["mona", "bob", "dora", "dan", "sue", "pia"])
def test_only_owners_see_the_works(client_of: Any, who: str, path: str) -> None:
    assert client_of(who).get(path).status_code == 403


@pytest.mark.parametrize("path", ["jobs", "outbox", "audit", "tokens", "workspace", "account"])
def test_pages_ask_the_database_a_few_times(alice: Any, mails: Any, count_queries: Any, path: str) -> None:
    with count_queries() as seen:
        assert alice.get(f"/settings/{path}").status_code == 200
    assert len(seen) <= 4, seen


def test_there_is_nothing_that_the_outbox_cannot_show(app: Flask, cast: Any, alice: Any, mails: Any) -> None:
    with app.app_context():
        tenancy.enter(cast.alpha)
        row = db.session.get_one(OutgoingMail, mails["alpha"])
        row.state, row.reason = mail.MailState.FAILED, "given up after 8 tries"
        db.session.commit()
        assert jobs.recent(1)
    assert "given up after 8 tries" in alice.get(f"/settings/outbox/{mails['alpha']}").text
    assert "Failed" in alice.get("/settings/outbox").text
