"""Cancelled, faulty, left alone: what is done is kept and can be undone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from logicrm.core import jobs
from logicrm.core.jobs import Job, JobState
from logicrm.core.jobs_worker import run_worker
from logicrm.extensions import db
from logicrm.leads.imports import jobs as import_jobs
from logicrm.leads.imports import services, services_batch
from logicrm.leads.imports.models import RunState
from logicrm.leads.models import Lead
from tests.leads.imports.helping import count_of, counts, many, run_of, sent, start


def test_a_cancelled_import_keeps_what_is_done_and_can_be_undone(
    app: Any, bob: Any, inside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = sent(bob, many(1200))
    start(bob, place, duplicates="create")
    real, batches = services_batch.write, []

    def write(run: Any, rows: Any, plan: Any) -> None:
        if len(batches) == 1:  # somebody clicks while the second batch is on its way
            db.session.rollback()
            db.session.remove()
            services.cancel(run.id, now=datetime.now(UTC))
            db.session.commit()
        batches.append(len(rows))
        real(run, rows, plan)

    monkeypatch.setattr(services_batch, "write", write)
    run_worker(app, until_idle=True, threads=1)
    monkeypatch.undo()
    with inside():
        assert counts(place) == (500, 0, 0, 0) and run_of(place).state == RunState.CANCELLED
        assert count_of(Lead) == 500
    page = bob.get(place).text
    assert "The import was cancelled" in page and "500 rows were done before" in page
    bob.post(f"{place}/undo")
    run_worker(app, until_idle=True, threads=1)
    with inside():
        assert run_of(place).state == RunState.UNDONE and count_of(Lead) == 0


def test_cancel_before_the_worker_came(app: Any, bob: Any, inside: Any) -> None:
    place = sent(bob, many(10))
    start(bob, place)
    assert bob.post(f"{place}/cancel").status_code == 303
    run_worker(app, until_idle=True, threads=1)
    with inside():
        assert run_of(place).state == RunState.CANCELLED and count_of(Lead) == 0


def test_an_import_that_always_breaks_stops_and_says_so(
    app: Any, bob: Any, inside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = sent(bob, many(10))
    start(bob, place)

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(services_batch, "write", broken)
    with inside():
        job = db.session.scalar(select(Job).where(Job.kind == "leads.import"))
        assert job is not None
        for _ in range(import_jobs.MOST_FAULTS):
            job.run_at = datetime(2020, 1, 1, tzinfo=UTC)
            db.session.commit()
            run_worker(app, once=True)
            db.session.refresh(job)
    monkeypatch.undo()
    with inside():
        assert run_of(place).state == RunState.FAILED and count_of(Lead) == 0
    assert "again and again" in bob.get(place).text


def test_an_import_whose_worker_never_came_back_goes_on_by_hand(app: Any, bob: Any, inside: Any) -> None:
    place = sent(bob, many(10))
    start(bob, place)
    with inside():
        for job in db.session.scalars(select(Job).where(Job.kind == "leads.import")):
            job.state, job.key = JobState.FAILED, None
        db.session.commit()
    assert "Go on" in bob.get(place).text
    assert bob.post(f"{place}/resume").status_code == 303
    run_worker(app, until_idle=True, threads=1)
    with inside():
        assert counts(place) == (10, 0, 0, 0)
        assert jobs.get(run_of(place).job_id) is not None  # type: ignore[arg-type]


def test_a_file_that_ends_in_nonsense_is_refused_before_the_first_row_is_written(
    app: Any, bob: Any, inside: Any
) -> None:
    place = sent(bob, many(300) + b'"never closed,' + b"x" * 40_000 + b"\n" * 5)
    start(bob, place)
    run_worker(app, until_idle=True, threads=1)
    with inside():
        run = run_of(place)
        assert run.state in (RunState.FAILED, RunState.DONE)
        if run.state == RunState.FAILED:
            assert count_of(Lead) == 0 and run.failure
    assert bob.get(place).status_code == 200
