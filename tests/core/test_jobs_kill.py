"""kill -9 at random moments of many small jobs: nothing lost, nothing twice. Real processes, real databases."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa
from flask import Flask

from logicrm.core import jobs
from logicrm.core.jobs import Job, JobState
from logicrm.core.jobs_worker import run_worker
from logicrm.core.schema import db_now
from logicrm.extensions import db
from tests.core import mechanisms
from tests.core.mechanisms import left
from tests.killing import dice, forked


def start_worker(stage: Flask) -> Any:
    return forked(mechanisms.work, stage.config["INSTANCE"], stage.config["DATABASE_URL"])


def ask_for(stage: Flask, effects: int, steps: int) -> list[str]:
    """Ask for the work; return what must be there in the end."""
    expected = []
    with stage.app_context():
        for number in range(effects):
            jobs.enqueue("test.effect", args={"name": f"e{number:04}"})
            expected.append(f"e{number:04}")
        for number in range(steps):
            jobs.enqueue("test.steps", args={"name": f"s{number:03}"})
            expected += [f"s{number:03}/{step}" for step in range(10)]
        db.session.commit()
    return sorted(expected)


def unfinished(stage: Flask) -> int:
    with stage.app_context():
        return db.session.scalar(sa.select(sa.func.count()).where(Job.state != JobState.DONE)) or 0


def kill_and_check(stage: Flask, *, kills: int, effects: int, steps: int) -> int:
    expected = ask_for(stage, effects, steps)
    chance = dice()
    workers = [start_worker(stage) for _ in range(2)]
    try:
        killed = 0
        for _ in range(kills):
            before = len(left(stage))
            deadline = time.monotonic() + 8
            while len(left(stage)) == before and unfinished(stage) and time.monotonic() < deadline:
                time.sleep(0.02)  # until the worker works: a kill while it starts shows nothing
            time.sleep(chance.uniform(0, 0.1))
            if not unfinished(stage):
                break
            victim = workers.pop(0)
            victim.kill()
            victim.join()
            killed += 1
            workers.append(start_worker(stage))
    finally:
        for worker in workers:
            worker.kill()
            worker.join()
    deadline = time.monotonic() + 60
    while unfinished(stage) and time.monotonic() < deadline:
        run_worker(stage, until_idle=True)
        time.sleep(0.1)
    assert left(stage) == expected
    return killed


def test_kills_lose_nothing_and_do_nothing_twice(stage: Flask) -> None:
    assert kill_and_check(stage, kills=6, effects=200, steps=8) >= 3


@pytest.mark.slow
def test_a_hundred_kills_lose_nothing_and_do_nothing_twice(stage: Flask) -> None:
    assert kill_and_check(stage, kills=100, effects=6000, steps=150) >= 50


def test_a_told_worker_finishes_or_gives_back_and_ends(stage: Flask) -> None:
    expected = ask_for(stage, 0, 6)
    worker = start_worker(stage)
    while not left(stage):
        time.sleep(0.02)
    worker.terminate()
    worker.join(20)
    assert worker.exitcode == 0
    with stage.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).where(Job.state == JobState.RUNNING)) == 0
        assert db.session.scalar(sa.select(sa.func.max(Job.attempts))) <= 1
    run_worker(stage, until_idle=True)
    assert left(stage) == expected


def test_due_work_starts_within_its_second(stage: Flask) -> None:
    worker = start_worker(stage)
    try:
        with stage.app_context():
            now = db.session.execute(sa.select(db_now())).scalar_one()
            due = {}
            for number, wait in enumerate((2.0, 2.3, 3.1)):
                run_at = now + timedelta(seconds=wait)
                jobs.enqueue("test.effect", args={"name": f"d{number}"}, run_at=run_at)
                due[f"d{number}"] = run_at.timestamp()
            db.session.commit()
        deadline = time.monotonic() + 10
        while len(left(stage)) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        worker.kill()
        worker.join()
    with stage.app_context():
        done = dict(db.session.execute(sa.select(mechanisms.effects.c.what, mechanisms.effects.c.at)).all())
    for name, at in due.items():
        assert 0 <= done[name] - at < 1.0, name


def test_an_idle_worker_is_cheap_and_a_busy_one_does_not_grow(tmp_path: Path) -> None:
    app = mechanisms.make_app(tmp_path)
    mechanisms.make_tables(app)
    ask_for(app, 100, 0)
    worker = start_worker(app)
    try:
        process = psutil.Process(worker.pid)
        while unfinished(app):
            time.sleep(0.05)
        at_first = process.memory_info().rss
        with app.app_context():
            for number in range(400):
                jobs.enqueue("test.effect", args={"name": f"m{number:04}"})
            db.session.commit()
        while unfinished(app):
            time.sleep(0.05)
        assert process.memory_info().rss - at_first < 8 * 1024 * 1024
        spent = sum(process.cpu_times()[:2])
        time.sleep(2)
        assert sum(process.cpu_times()[:2]) - spent < 0.1
    finally:
        worker.kill()
        worker.join()
