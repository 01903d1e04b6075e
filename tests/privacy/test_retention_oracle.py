"""Retention over many rows against an oracle that knows nothing of it: which rows must be gone, computed by hand.

20,000 rows in the suite, a million in the soak (`make soak`), which prints how long the write lock was held, how much
memory it took, and how the database answered a reader meanwhile. Killed in the middle of its batches it goes on.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from flask import Flask
from sqlalchemy import event, insert, select

from logicrm.core import database, tenancy
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy import jobs as privacy_jobs
from logicrm.privacy import profile, retention
from logicrm.privacy.models import DataSubject, RetentionRun
from logicrm.privacy.retaining import holds
from tests.killing import forked, make_app, staged
from tests.privacy.planting import make_place, make_user

pytestmark = pytest.mark.promise("retention")
NOW = datetime(2029, 3, 1, 12, tzinfo=UTC)
CHUNK = 5000
LOCK_S = 0.05
Row = tuple[uuid.UUID, int, bool]  # id, whole days since the person was last seen, held


def plant(place: uuid.UUID, by: uuid.UUID, count: int, seed: int) -> list[Row]:
    """People last seen up to six years ago, to the day; twenty of them under a hold."""
    dice, rows = random.Random(seed), []
    for start in range(0, count, CHUNK):
        batch = []
        for number in range(start, min(start + CHUNK, count)):
            own, days = new_id(), dice.randrange(0, 6 * 365)
            rows.append((own, days, False))
            batch.append(
                {
                    "id": own, "workspace_id": place, "email": f"p{number}@oracle.example", "key_hash": f"{number:064d}",
                    "language": "", "created_at": NOW - timedelta(days=days), "last_seen_at": NOW - timedelta(days=days),
                }
            )  # fmt: skip
        db.session.execute(insert(DataSubject), batch)
        db.session.commit()
    for at in dice.sample(range(count), 20):
        own, days, _ = rows[at]
        holds.place(scope="record", table_name="data_subject", record_id=own, ground="claim", reason="1", by=by,
                    until=NOW.date() + timedelta(days=9), now=NOW)  # fmt: skip
        rows[at] = (own, days, True)
    db.session.commit()
    return rows


def must_stay(rows: list[Row]) -> set[uuid.UUID]:
    """The oracle. Three years before 1 March 2029 are 365 + 366 + 365 days: 2028 has a 29 February."""
    return {own for own, days, held in rows if held or days < 365 + 366 + 365}


def there() -> set[uuid.UUID]:
    with database.reading():
        found = set(db.session.execute(select(DataSubject.id)).scalars())
        db.session.rollback()
        return found


def run(**how: Any) -> retention.Outcome:
    outcomes = retention.run(profile.load("logicrm"), now=NOW, tenant=True, force=True, commit=db.session.commit, **how)
    return next(one for one in outcomes if one.rule.executor == "data_subject.last_seen_at")


class Locks:
    """How long each writing transaction was open, of whichever connection."""

    def __init__(self, app: Flask) -> None:
        self.held: list[float] = []
        with app.app_context():
            self.engine = db.engine
        event.listen(self.engine, "before_cursor_execute", self._sent)
        event.listen(self.engine, "commit", self._ended)
        event.listen(self.engine, "rollback", self._ended)

    def _sent(self, connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("BEGIN IMMEDIATE") or (
            self.engine.dialect.name == "postgresql" and statement.startswith(("DELETE", "UPDATE", "INSERT"))
        ):
            connection.info.setdefault("locked_at", time.monotonic())

    def _ended(self, connection: Any) -> None:
        began = connection.info.pop("locked_at", None)
        if began is not None:
            self.held.append(time.monotonic() - began)

    def stop(self) -> None:
        event.remove(self.engine, "before_cursor_execute", self._sent)
        event.remove(self.engine, "commit", self._ended)
        event.remove(self.engine, "rollback", self._ended)


def stage(app: Flask) -> tuple[uuid.UUID, uuid.UUID]:
    with app.app_context():
        place = make_place("oracle")
        user = make_user(place, "Pia", "pia@oracle.example", "dpo")
        db.session.commit()
    return place, user


def test_twenty_thousand_rows_agree_with_the_oracle(tmp_path: Path, database_url: str) -> None:
    with staged(tmp_path, database_url) as app:
        place, user = stage(app)
        with tenancy.working_in(app, place):
            rows = plant(place, user, 20_000, seed=7)
            dry = run(dry=True)
            done = run()
            stay = must_stay(rows)
            assert there() == stay
            assert dry.due == done.due == done.acted == len(rows) - len(stay)
            assert done.held == sum(held and days >= 1096 for _own, days, held in rows)
            again = run()
            assert (again.due, again.acted, again.held) == (0, 0, done.held)


def dies(folder: str, url: str, place: str, commits: int) -> None:
    """Retention in a process of its own that kills itself before so many-eth commit."""
    app = make_app(folder, url)
    left = commits
    retention.LARGEST_BATCH = retention.FIRST_BATCH  # else a fast machine is done after a few commits
    with tenancy.working_in(app, uuid.UUID(place)):

        def commit(_connection: Any) -> None:
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(db.engine, "commit", commit)
        run()


def test_killed_at_any_point_it_goes_on(tmp_path: Path, database_url: str) -> None:
    """kill -9 before one commit after another: whole batches are gone and nothing else, and in the end it agrees."""
    with staged(tmp_path, database_url) as app:
        place, user = stage(app)
        with tenancy.working_in(app, place):
            rows = plant(place, user, 3000, seed=11)
        stay, seen = must_stay(rows), [3000]
        for commits in (18, 24, 28, 32, 36, 40, 46):
            process = forked(dies, str(tmp_path), database_url, str(place), commits)
            process.join(120)
            assert process.exitcode == -signal.SIGKILL
            with tenancy.working_in(app, place):
                left = there()
            assert stay <= left
            seen.append(len(left))
        assert seen == sorted(seen, reverse=True) and len(set(seen)) > 3, seen
        with tenancy.working_in(app, place):
            run()
            assert there() == stay


@pytest.fixture
def reader() -> Iterator[Any]:
    """start(app) begins to read one row again and again in a thread; stop() returns the milliseconds that each took."""
    took: list[float] = []
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def read(app: Flask, place: uuid.UUID, own: uuid.UUID) -> None:
        while not stop.is_set():
            began = time.monotonic()
            with tenancy.working_in(app, place), database.reading():
                db.session.scalar(select(DataSubject.email).where(DataSubject.id == own))
            took.append((time.monotonic() - began) * 1000)
            time.sleep(0.02)

    def start(app: Flask, place: uuid.UUID, own: uuid.UUID) -> list[float]:
        took.clear()
        stop.clear()
        threads.append(threading.Thread(target=read, args=(app, place, own), daemon=True))
        threads[-1].start()
        return took

    def halt() -> list[float]:
        stop.set()
        threads[-1].join(30)
        return list(took)

    yield type("Reader", (), {"start": staticmethod(start), "stop": staticmethod(halt)})
    stop.set()


@pytest.mark.slow
def test_a_million_rows_agree_in_short_locks_and_flat_memory(tmp_path: Path, each_database: str, reader: Any) -> None:
    count = int(os.environ.get("ORACLE_ROWS", "1000000"))
    with staged(tmp_path, each_database) as app:
        place, user = stage(app)
        with tenancy.working_in(app, place):
            rows = plant(place, user, count, seed=3)
        stay = must_stay(rows)
        reader.start(app, place, next(iter(stay)))
        time.sleep(5)
        idle = reader.stop()
        locks, process = Locks(app), psutil.Process()
        before, peak, done = process.memory_info().rss, [0], threading.Event()

        def watch() -> None:
            while not done.wait(0.2):
                peak[0] = max(peak[0], process.memory_info().rss)

        threading.Thread(target=watch, daemon=True).start()
        reader.start(app, place, next(iter(stay)))
        began = time.monotonic()
        with tenancy.working_in(app, place):
            outcome = run()
        took = time.monotonic() - began
        done.set()
        busy = reader.stop()
        locks.stop()
        with tenancy.working_in(app, place):
            assert there() == stay
        held = sorted(locks.held)
        p95 = [statistics.quantiles(some, n=20)[-1] for some in (idle, busy)]
        print(
            f"{app.config['DATABASE_URL'].split(':')[0]}: {outcome.acted} of {count} rows in {took:.0f} s; write lock "
            f"median {statistics.median(held) * 1000:.1f} ms, p99 {held[int(len(held) * 0.99)] * 1000:.1f} ms, longest "
            f"{held[-1] * 1000:.1f} ms of {len(held)}; memory +{(peak[0] - before) / 2**20:.0f} MiB; a reader's p95 "
            f"{p95[0]:.1f} ms idle, {p95[1]:.1f} ms meanwhile"
        )
        assert outcome.acted == count - len(stay)
        assert peak[0] - before < 150 * 2**20
        assert held[int(len(held) * 0.99)] <= LOCK_S, "the write lock is held too long"


def test_the_lines_of_a_run_say_what_was_done(tmp_path: Path, database_url: str) -> None:
    """The history is written by the run itself: due, removed, held, oldest left, and that it ran in each workspace."""
    with staged(tmp_path, database_url) as app:
        place, user = stage(app)
        with tenancy.working_in(app, place):
            rows = plant(place, user, 300, seed=5)
        with app.app_context():
            list(privacy_jobs.retain_everywhere(app, now=NOW))
        with tenancy.working_in(app, place):
            line = db.session.scalars(
                select(RetentionRun).where(RetentionRun.executor == "data_subject.last_seen_at")
            ).one()
            gone = len(rows) - len(must_stay(rows))
            assert (line.due, line.acted, line.considered, line.action) == (gone, gone, 300, "delete")
            assert line.held == sum(held and days >= 1096 for _own, days, held in rows)
            oldest = max(days for _own, days, held in rows if not held and days < 1096)
            assert line.oldest_left == NOW - timedelta(days=oldest)
