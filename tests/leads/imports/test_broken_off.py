"""Killed, cancelled, in somebody's way: nothing lost, nothing twice, and what is done can be undone."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from logicrm.accounts.models import Membership, User, Workspace
from logicrm.core import jobs, tenancy
from logicrm.core.access import Role
from logicrm.core.jobs import Job, JobState
from logicrm.core.jobs_worker import run_worker
from logicrm.core.schema import new_id
from logicrm.core.search import SearchEntry
from logicrm.extensions import db
from logicrm.leads.imports import jobs as import_jobs
from logicrm.leads.imports import looking, queries, services, services_batch
from logicrm.leads.imports.models import Duplicates, ImportProblem, RunState
from logicrm.leads.models import Lead, StageSum
from logicrm.leads.pipelines import queries as pipelines
from tests.leads.imports.helping import count_of, counts, csv_of, leads, many, run_of, sent, start
from tests.leads.imports.worker import make_app

ROOT = Path(__file__).parents[3]


def prepared(app: Flask) -> tuple[uuid.UUID, uuid.UUID]:
    now = datetime.now(UTC)
    with app.app_context():
        db.create_all()
        place = Workspace(id=new_id(), slug="a", name="A", country="RO", time_zone="Europe/Bucharest", currency="EUR",
                          privacy_contact="p@a.example", created_at=now)  # fmt: skip
        user = User(id=new_id(), name="Bob", email="bob@a.example", password_hash="x", password_set_at=now, of_age=True,
                    created_at=now)  # fmt: skip
        db.session.add_all([place, user])
        db.session.flush()
        db.session.add(Membership(id=new_id(), workspace_id=place.id, user_id=user.id, role=Role.SALES, joined_at=now))
        db.session.commit()
        return place.id, user.id


def begin(app: Flask, where: uuid.UUID, by: uuid.UUID, content: bytes) -> uuid.UUID:
    now = datetime.now(UTC)
    with tenancy.working_in(app, where):
        run = services.receive(content, "x.csv", looking.look(content, "x.csv"), by=by, now=now)
        db.session.commit()
        chosen = {n: one["field"].rstrip("0123456789") for n, one in enumerate(run.columns)}
        stage = pipelines.first_stage()
        assert stage is not None
        choices = services.Choices(Duplicates.UPDATE, "RO", by, stage.id, "", "")
        services.start(run.id, chosen, choices, shape=looking.headings_hash(run.headings), by=by, now=now)
        db.session.commit()
        return run.id


def result(app: Flask, where: uuid.UUID, run_id: uuid.UUID) -> Any:
    with tenancy.working_in(app, where):
        run = queries.run(run_id)
        assert run is not None
        sums = [(s.leads, s.hundredths) for s in db.session.scalars(select(StageSum))]
        problems = sorted((p.line, tuple(p.cells)) for p in db.session.scalars(select(ImportProblem)))
        counted = (run.state, run.total, run.next_row, run.created, run.updated, run.skipped, run.failed, run.notes)
        rows = [{k: v for k, v in row.items() if k not in ("workspace_id", "stage_id", "owner_id")} for row in leads()]
        order = [lead.email for lead in db.session.scalars(select(Lead).order_by(Lead.position))]
        return counted, rows, order, sums, problems, count_of(SearchEntry)


def content() -> bytes:
    """Three thousand rows: new people, some of them twice, some that fail."""
    rows = []
    for n in range(3000):
        if n % 50 == 7:
            rows.append(f"Ana{n - 5},,New Firm,ana{n - 5}@many.example,,,,again,")
        elif n % 70 == 9:
            rows.append(f"Bad{n},,,nonsense,,,,,")
        else:
            rows.append(f"Ana{n},Pop,Firm,ana{n}@many.example,+4072{n:07},Cluj,RO,rail,Note {n}")
    return csv_of(*rows)


def state_of(app: Flask, where: uuid.UUID, run_id: uuid.UUID) -> tuple[str, int, int]:
    with tenancy.working_in(app, where):
        run = queries.run(run_id)
        assert run is not None
        return run.state, run.next_row, run.undo_done


def killed_until(app: Flask, where: uuid.UUID, run_id: uuid.UUID, ended: str, *, kills: int) -> int:
    """Let workers work, each killed at a random moment after it got on, until the run has ended."""
    chance, killed = random.Random(kills), 0
    command = [
        sys.executable,
        "-m",
        "tests.leads.imports.worker",
        str(app.config["INSTANCE"]),
        app.config["DATABASE_URL"],
    ]
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and state_of(app, where, run_id)[0] != ended:
        before = state_of(app, where, run_id)
        worker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while time.monotonic() < deadline:
                now = state_of(app, where, run_id)
                if now[0] == ended or (killed < kills and now != before):
                    break
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.15))
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        killed += 1
    return killed


def test_kills_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    whole = make_app(tmp_path / "whole")
    where, by = prepared(whole)
    clean = begin(whole, where, by, content())
    run_worker(whole, until_idle=True, threads=1)
    expected = result(whole, where, clean)
    assert expected[0][0] == RunState.DONE and expected[0][3] > 2800 and expected[0][4] > 50 and expected[0][6] > 30

    broken = make_app(tmp_path / "broken")
    where, by = prepared(broken)
    run_id = begin(broken, where, by, content())
    assert killed_until(broken, where, run_id, RunState.DONE, kills=10) >= 6
    assert result(broken, where, run_id) == expected
    with tenancy.working_in(broken, where):  # and the undo of it, killed as well
        services.start_undo(run_id, by=by, now=datetime.now(UTC))
        db.session.commit()
    killed_until(broken, where, run_id, RunState.UNDONE, kills=5)
    with tenancy.working_in(broken, where):
        run = queries.run(run_id)
        assert run is not None and (run.removed, run.left_alone) == (run.created, 0)
        assert (
            count_of(Lead) == count_of(SearchEntry) == 0
            and sum(s.leads for s in db.session.scalars(select(StageSum))) == 0
        )


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
