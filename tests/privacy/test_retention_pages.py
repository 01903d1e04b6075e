"""The desk's pages on keeping: what was done, what would go, a rule let run with a reason, holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select, update

from logicrm.accounts.models import UserSession
from logicrm.core.audit import AuditEvent
from logicrm.core.jobs_worker import run_worker
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy import jobs as privacy_jobs
from logicrm.privacy.models import DataSubject, RetentionRun
from logicrm.privacy.retaining.models import LegalHold, RetentionRelease
from logicrm.privacy.subjects import make_known
from tests.conftest import PASSWORD, Cast

OLD = datetime(2019, 1, 1, tzinfo=UTC)


def many(place: Any, count: int) -> None:
    db.session.execute(insert(DataSubject), [
        {"id": new_id(), "workspace_id": place, "email": f"p{n}@old.example", "key_hash": f"{n:064d}", "language": "",
         "created_at": OLD, "last_seen_at": OLD} for n in range(count)
    ])  # fmt: skip


def left(inside: Callable[..., Any]) -> int:
    with inside():
        return db.session.scalar(select(func.count()).select_from(DataSubject)) or 0


@pytest.mark.promise("retention")
def test_looking_counts_shows_ids_and_changes_nothing(
    cast: Cast, inside: Callable[..., Any], pia: FlaskClient, app: Flask
) -> None:
    with inside():
        own = make_known("jane@customer.example", now=OLD).id
        db.session.commit()
    page = pia.get("/privacy/desk/retention/now").get_data(as_text=True)
    assert "would be deleted" in page and str(own)[-12:] in page and "jane" not in page
    assert left(inside) == 1
    told = app.test_cli_runner().invoke(args=["privacy", "retain", "--dry-run"])
    assert told.exit_code == 0 and "would delete 1" in told.output and str(own) in told.output and left(inside) == 1


@pytest.mark.promise("retention")
def test_a_rule_that_stopped_runs_once_when_the_officer_says_why(
    app: Flask, cast: Cast, inside: Callable[..., Any], pia: FlaskClient, mona: FlaskClient
) -> None:
    with inside():
        many(cast.alpha, 1001)
        db.session.commit()
    with app.app_context():
        list(privacy_jobs.retain_everywhere(app, now=datetime.now(UTC)))
    assert left(inside) == 1001
    assert "stopped" in pia.get("/privacy/desk/retention").get_data(as_text=True)
    assert "Let it run" in pia.get("/privacy/desk/retention/now").get_data(as_text=True)
    order = {"executor": "data_subject.last_seen_at", "reason": "An old list, seen with Bob"}
    assert "Let it run" not in mona.get("/privacy/desk/retention/now").get_data(as_text=True)
    assert mona.post("/privacy/desk/retention/let-run", data=order).status_code == 403
    assert pia.post("/privacy/desk/retention/let-run", data=order | {"reason": " "}).status_code == 422
    assert (
        pia.post("/privacy/desk/retention/let-run", data=order | {"executor": "throttle.window_end"}).status_code == 404
    )
    with inside():
        db.session.execute(update(UserSession).values(proven_at=OLD))
        db.session.commit()
    assert pia.post("/privacy/desk/retention/let-run", data=order).location.startswith("/confirm")
    run_worker(app, until_idle=True, threads=1)
    assert left(inside) == 1001
    pia.post("/confirm", data={"password": PASSWORD})
    assert pia.post("/privacy/desk/retention/let-run", data=order).status_code == 303
    run_worker(app, until_idle=True, threads=1)
    assert left(inside) == 0
    with inside():
        release = db.session.scalars(select(RetentionRelease)).one()
        assert (release.due, release.released_by, release.reason) == (1001, cast.users["pia"], order["reason"])
        assert release.used_at is not None
        assert "retention.let_run" in db.session.scalars(select(AuditEvent.action)).all()
        many(cast.alpha, 12000)
        db.session.commit()
    with app.app_context():  # a second decision would be needed: usual is now 1001
        list(privacy_jobs.retain_everywhere(app, now=datetime.now(UTC)))
    assert left(inside) == 12000


@pytest.mark.promise("retention")
def test_a_word_about_a_thousand_rows_lets_no_ten_thousand_go(
    app: Flask, cast: Cast, inside: Callable[..., Any], pia: FlaskClient
) -> None:
    with inside():
        many(cast.alpha, 1001)
        db.session.commit()
    order = {"executor": "data_subject.last_seen_at", "reason": "seen"}
    assert pia.post("/privacy/desk/retention/let-run", data=order).status_code == 303
    with inside():
        db.session.execute(DataSubject.__table__.delete())
        many(cast.alpha, 3000)
        db.session.commit()
    run_worker(app, until_idle=True, threads=1)
    assert left(inside) == 3000


@pytest.mark.promise("retention")
def test_the_history_shows_what_the_runs_left_behind_with_charts_and_no_inline_style(
    app: Flask, cast: Cast, inside: Callable[..., Any], pia: FlaskClient, bob: FlaskClient
) -> None:
    assert bob.get("/privacy/desk/retention").status_code == 403
    empty = pia.get("/privacy/desk/retention").get_data(as_text=True)
    assert "has not run yet" in empty and "nothing is left too long" not in empty
    now = datetime.now(UTC)
    for days, count in ((2, 7), (1, 3)):
        with inside():
            many(cast.alpha, count)
            db.session.commit()
        with app.app_context():
            list(privacy_jobs.retain_everywhere(app, now=now - timedelta(days=days)))
    page = pia.get("/privacy/desk/retention").get_data(as_text=True)
    part = page[page.index('id="class-requests"') :].split("</section>")[0]
    assert "nothing is left too long" in part and "<svg" in part and "style=" not in page
    assert re.findall(r'<text class="value"[^>]*>(\d+)<', part) == ["7", "3"]
    assert "Invoices and payments" in page[page.index("No data of these classes yet") :]
    with inside():
        assert db.session.scalar(select(func.count()).select_from(RetentionRun).where(RetentionRun.acted > 0)) == 2


@pytest.mark.promise("retention.holds")
def test_a_hold_is_set_shown_and_lifted_on_its_page(
    app: Flask, cast: Cast, inside: Callable[..., Any], pia: FlaskClient, mona: FlaskClient, mallory: FlaskClient
) -> None:
    with inside():
        make_known("jane@customer.example", now=OLD)
        db.session.commit()
    until = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
    form = {
        "scope": "subject",
        "subject": "Jane@customer.example",
        "ground": "claim",
        "reason": "Case 12",
        "until": until,
    }
    assert mona.post("/privacy/desk/holds", data=form).status_code == 403
    for wrong in (
        {"subject": "nobody@customer.example"},
        {"ground": ""},
        {"reason": ""},
        {"until": "soon"},
        {"scope": "all"},
    ):
        answer = pia.post("/privacy/desk/holds", data=form | wrong)
        assert answer.status_code == 422
        assert "Case 12" in answer.get_data(as_text=True) or wrong == {"reason": ""}  # what was typed is still there
    assert pia.post("/privacy/desk/holds", data=form).status_code == 303
    page = pia.get("/privacy/desk/holds").get_data(as_text=True)
    assert "in force" in page and "Case 12" in page and "Pia" in page
    with app.app_context():
        list(privacy_jobs.retain_everywhere(app, now=datetime.now(UTC)))
    assert left(inside) == 1
    with inside():
        own = db.session.scalars(select(LegalHold.id)).one()
    assert "Case 12" not in mallory.get("/privacy/desk/holds").get_data(as_text=True)
    assert mallory.post(f"/privacy/desk/holds/{own}/lift", data={"lift_reason": "x"}).status_code == 404
    assert pia.post(f"/privacy/desk/holds/{own}/lift", data={"lift_reason": ""}).status_code == 422
    assert pia.post(f"/privacy/desk/holds/{own}/lift", data={"lift_reason": "settled"}).status_code == 303
    with app.app_context():
        list(privacy_jobs.retain_everywhere(app, now=datetime.now(UTC)))
    assert left(inside) == 0
    with inside():
        assert {"hold.set", "hold.lifted"} <= set(db.session.scalars(select(AuditEvent.action)))
