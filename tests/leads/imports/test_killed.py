"""kill -9 at random moments of an import and of its undo: no row lost, none twice, nothing left behind."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from logicrm.accounts.models import Membership, User, Workspace
from logicrm.core import tenancy
from logicrm.core.access import Role
from logicrm.core.audit import AuditEvent
from logicrm.core.history import Change, ChangeSet
from logicrm.core.jobs_worker import run_worker
from logicrm.core.schema import new_id
from logicrm.core.search import SearchEntry
from logicrm.extensions import db
from logicrm.leads.imports import looking, queries, services
from logicrm.leads.imports.models import Duplicates, ImportProblem, RunState
from logicrm.leads.models import Lead, StageSum
from logicrm.leads.pipelines import queries as pipelines
from tests.killing import Killer, staged, stray_files
from tests.leads.imports.helping import count_of, csv_of, leads

OWN = ("workspace_id", "stage_id", "owner_id")  # ids, of this workspace only
Import = tuple[uuid.UUID, uuid.UUID, uuid.UUID]  # workspace, who imports, run


def content(rows: int) -> bytes:
    """New people, some of them twice, some that fail."""
    lines = []
    for n in range(rows):
        if n % 50 == 7:
            lines.append(f"Ana{n - 5},,New Firm,ana{n - 5}@many.example,,,,again,")
        elif n % 70 == 9:
            lines.append(f"Bad{n},,,nonsense,,,,,")
        else:
            lines.append(f"Ana{n},Pop,Firm,ana{n}@many.example,+4072{n:07},Cluj,RO,rail,Note {n}")
    return csv_of(*lines)


def begin(app: Flask, rows: int) -> Import:
    """A workspace of its own, and an import in it that waits for its worker."""
    now, name = datetime.now(UTC), uuid.uuid4().hex
    with app.app_context():
        place = Workspace(id=new_id(), slug=name, name="A", country="RO", time_zone="Europe/Bucharest", currency="EUR",
                          privacy_contact="p@a.example", created_at=now)  # fmt: skip
        user = User(id=new_id(), name="Bob", email=f"{name}@a.example", password_hash="x", password_set_at=now,
                    of_age=True, created_at=now)  # fmt: skip
        db.session.add_all([place, user])
        db.session.flush()
        db.session.add(Membership(id=new_id(), workspace_id=place.id, user_id=user.id, role=Role.SALES, joined_at=now))
        db.session.commit()
        where, by = place.id, user.id
    with tenancy.working_in(app, where):
        file = content(rows)
        run = services.receive(file, "x.csv", looking.look(file, "x.csv"), by=by, now=now)
        db.session.commit()
        chosen = {n: one["field"].rstrip("0123456789") for n, one in enumerate(run.columns)}
        stage = pipelines.first_stage()
        assert stage is not None
        choices = services.Choices(Duplicates.UPDATE, "RO", by, stage.id, "", "")
        services.start(run.id, chosen, choices, shape=looking.headings_hash(run.headings), by=by, now=now)
        db.session.commit()
        return where, by, run.id


def result(app: Flask, begun: Import) -> dict[str, Any]:
    """All that an import leaves."""
    where, _by, run_id = begun
    with tenancy.working_in(app, where):
        run = queries.run(run_id)
        assert run is not None
        return {
            "run": (run.state, run.total, run.next_row, run.created, run.updated, run.skipped, run.failed, run.notes),
            "rows": [{k: v for k, v in row.items() if k not in OWN} for row in leads()],
            "order": [lead.email for lead in db.session.scalars(select(Lead).order_by(Lead.position))],
            "sums": [(s.leads, s.hundredths) for s in db.session.scalars(select(StageSum))],
            "failed rows": sorted((p.line, tuple(p.cells)) for p in db.session.scalars(select(ImportProblem))),
            "one act to undo": count_of(ChangeSet),
            "history": sorted(str(one.after) for one in db.session.scalars(select(Change))),
            "events": sorted(db.session.scalars(select(AuditEvent.action))),
            "can be searched": searchable(where),
            "files": (run.file_id, stray_files(app)),
        }


def searchable(where: uuid.UUID) -> int:
    return db.session.scalar(select(func.count()).where(SearchEntry.workspace_id == where)) or 0


def gone(app: Flask, begun: Import) -> None:
    """The undo took back every lead, once."""
    where, _by, run_id = begun
    with tenancy.working_in(app, where):
        run = queries.run(run_id)
        assert run is not None and run.state == RunState.UNDONE
        assert (run.removed, run.left_alone) == (run.created, 0)
        assert count_of(Lead) == searchable(where) == 0
        assert sum(s.leads for s in db.session.scalars(select(StageSum))) == 0
        events = list(db.session.scalars(select(AuditEvent.action).where(AuditEvent.action == "import.undone")))
        assert len(events) == 1
    assert stray_files(app) == []


def kill_import(app: Flask, *, kills: int, rows: int, fresh: bool = False) -> int:
    latest: list[Import] = []

    def start() -> Import:
        latest.append(begin(app, rows))
        return latest[-1]

    def place() -> str:
        where, _by, run_id = latest[-1]
        with tenancy.working_in(app, where):
            run = queries.run(run_id)
            return f"row {run.next_row}" if run else ""

    def check(begun: Import) -> None:
        for name, found in result(app, begun).items():
            assert found == expected[name], name

    killer = Killer(app, "leads.import", "files.bury", fresh=fresh, phase=place)
    undisturbed = start()
    killer.measure()
    expected = result(app, undisturbed)
    state, _total, _next, created, updated, _skipped, failed, _notes = expected["run"]
    assert state == RunState.DONE and created > rows * 0.9 and updated > rows // 60 and failed > rows // 80
    assert expected["files"] == (None, [])
    assert killer.before_each_commit(start, check) > 2
    return killer.rounds(kills, start, check)


def kill_undo(app: Flask, *, kills: int, rows: int, fresh: bool = False) -> int:
    def start() -> Import:
        where, by, run_id = begun = begin(app, rows)
        run_worker(app, until_idle=True, threads=1)
        with tenancy.working_in(app, where):
            services.start_undo(run_id, by=by, now=datetime.now(UTC))
            db.session.commit()
        latest.append(begun)
        return begun

    def place() -> str:
        where, _by, run_id = latest[-1]
        with tenancy.working_in(app, where):
            run = queries.run(run_id)
            return f"{run.state} {run.undo_step} {run.undo_done}" if run else ""

    latest: list[Import] = []
    killer = Killer(app, "leads.undo_import", fresh=fresh, phase=place)
    undisturbed = start()
    killer.measure()
    gone(app, undisturbed)
    assert killer.before_each_commit(start, lambda begun: gone(app, begun)) > 2
    return killer.rounds(kills, start, lambda begun: gone(app, begun))


def test_killing_an_import_loses_nothing_and_does_nothing_twice(tmp_path: Path, database_url: str) -> None:
    with staged(tmp_path, database_url) as app:
        assert kill_import(app, kills=4, rows=1500) >= 4


def test_killing_an_undo_loses_nothing_and_does_nothing_twice(tmp_path: Path, database_url: str) -> None:
    with staged(tmp_path, database_url) as app:
        assert kill_undo(app, kills=2, rows=300) >= 2


@pytest.mark.slow
def test_fifty_kills_of_an_import(tmp_path: Path, each_database: str) -> None:
    with staged(tmp_path, each_database) as app:
        assert kill_import(app, kills=50, rows=6000, fresh=True) >= 50


@pytest.mark.slow
def test_fifty_kills_of_an_undo(tmp_path: Path, each_database: str) -> None:
    with staged(tmp_path, each_database) as app:
        assert kill_undo(app, kills=50, rows=1500, fresh=True) >= 50
