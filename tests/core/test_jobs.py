"""Jobs: asked for in the caller's transaction, done once, found again, given up in the end."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from logicrm.core import cli_jobs, jobs, jobs_queue, tenancy
from logicrm.core.jobs import Job, JobState
from logicrm.core.jobs_worker import Worker, describe, run_worker
from logicrm.extensions import db
from tests.core import mechanisms
from tests.core.mechanisms import leave, left


@pytest.fixture
def handler() -> Iterator[object]:
    """Register a handler for one test."""
    before = dict(jobs.HANDLERS)
    yield jobs.job
    jobs.HANDLERS.clear()
    jobs.HANDLERS.update(before)


def ask(stage: Flask, kind: str, **options: object) -> uuid.UUID:
    with stage.app_context():
        job = jobs.enqueue(kind, **options)
        db.session.commit()
        return job.id


def row(stage: Flask, job_id: uuid.UUID) -> Job:
    with stage.app_context():
        job = db.session.get_one(Job, job_id)
        db.session.expunge(job)
        return job


def test_a_rollback_unasks_the_job(stage: Flask) -> None:
    with stage.app_context():
        jobs.enqueue("test.effect", args={"name": "one"})
        db.session.rollback()
    assert run_worker(stage, until_idle=True) == 0
    assert left(stage) == []


def test_a_job_runs_once_in_its_workspace(stage: Flask, handler) -> None:
    seen = []
    handler("test.where")(lambda job: seen.append((tenancy.current(), job.attempt)))
    with stage.app_context():
        workspace_id = mechanisms.add_workspace()
    with tenancy.working_in(stage, workspace_id):
        jobs.enqueue("test.where")
        db.session.commit()
    assert run_worker(stage, until_idle=True) == 1
    assert run_worker(stage, until_idle=True) == 0
    assert seen == [(workspace_id, 1)]


def test_asking_twice_under_a_key_has_the_effect_of_once_while_unfinished(stage: Flask) -> None:
    first = ask(stage, "test.effect", args={"name": "one"}, key="index:1")
    assert ask(stage, "test.effect", args={"name": "two"}, key="index:1") == first
    run_worker(stage, until_idle=True)
    assert left(stage) == ["one"]
    assert ask(stage, "test.effect", args={"name": "three"}, key="index:1") != first
    run_worker(stage, until_idle=True)
    assert left(stage) == ["one", "three"]


def test_a_race_for_a_key_has_one_winner(stage: Flask) -> None:
    barrier, ids = threading.Barrier(8), []

    def race() -> None:
        barrier.wait()
        ids.append(ask(stage, "test.effect", args={"name": "x"}, key="race:1"))

    racers = [threading.Thread(target=race) for _ in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1


@pytest.mark.parametrize("value", ["anna@example.com", "x" * 65, "two\nlines"])
def test_arguments_that_look_like_personal_data_are_refused(stage: Flask, value: str) -> None:
    with stage.app_context():
        with pytest.raises(ValueError) as refusal:
            jobs.enqueue("test.effect", args={"name": value})
        assert value not in str(refusal.value)
        with pytest.raises(TypeError):
            jobs.enqueue("test.effect", args={"name": {"deep": 1}})
        with pytest.raises(LookupError):
            jobs.enqueue("test.unheard_of")


def test_nothing_runs_before_its_time(stage: Flask) -> None:
    ask(stage, "test.effect", args={"name": "later"}, run_at=datetime.now(UTC) + timedelta(hours=1))
    ask(stage, "test.effect", args={"name": "now"}, run_at=datetime.now(UTC) - timedelta(seconds=1))
    assert run_worker(stage, until_idle=True) == 1
    assert left(stage) == ["now"]


def test_a_fault_is_tried_again_and_then_given_up_without_its_message(stage: Flask, handler) -> None:
    def fail(job: jobs.JobContext) -> None:
        leave("half")
        raise RuntimeError("anna@example.com has no phone")

    handler("test.fault", max_attempts=3)(fail)
    job_id = ask(stage, "test.fault")
    deadline = time.monotonic() + 10
    while row(stage, job_id).state != JobState.FAILED and time.monotonic() < deadline:
        run_worker(stage, until_idle=True)
    job = row(stage, job_id)
    assert (job.state, job.attempts) == (JobState.FAILED, 3)
    assert job.error.startswith("RuntimeError in test_jobs:")
    assert "anna" not in job.error
    assert job.finished_at is not None
    assert left(stage) == []


def test_giving_up_is_at_once_and_in_our_words(stage: Flask, handler) -> None:
    def fail(job: jobs.JobContext) -> None:
        raise jobs.GiveUp("The file has no columns.")

    handler("test.hopeless")(fail)
    job_id = ask(stage, "test.hopeless", key="hopeless:1")
    run_worker(stage, until_idle=True)
    job = row(stage, job_id)
    assert (job.state, job.attempts, job.error, job.key) == (JobState.FAILED, 1, "The file has no columns.", None)
    with stage.app_context():
        assert jobs.retry(job_id)
        assert not jobs.retry(job_id)
        db.session.commit()
    assert (row(stage, job_id).state, row(stage, job_id).attempts) == (JobState.WAITING, 0)


def test_uncommitted_work_is_a_fault_not_a_loss(stage: Flask, handler) -> None:
    handler("test.forgets", max_attempts=1)(lambda job: db.session.add(Job(kind="test.effect", run_at=job_time())))
    handler("test.forgets_too", max_attempts=1)(lambda job: job.finish_in_this_transaction())
    for kind in ("test.forgets", "test.forgets_too"):
        job_id = ask(stage, kind)
        run_worker(stage, until_idle=True)
        assert row(stage, job_id).error.startswith("LeftUncommitted"), kind


def job_time() -> datetime:
    return datetime.now(UTC)


def test_waiting_jobs_are_cancelled_at_once_and_running_ones_at_their_next_report(stage: Flask, handler) -> None:
    job_id = ask(stage, "test.effect", args={"name": "never"})
    with stage.app_context():
        assert jobs.cancel(job_id)
        assert not jobs.cancel(job_id)
        db.session.commit()

    def long(job: jobs.JobContext) -> None:
        for step in range(500):
            job.progress(step, 500, "rows")
            if step == 3:
                with stage.app_context():
                    assert jobs.cancel(job.id)
                    db.session.commit()
            time.sleep(0.01)
        leave("not stopped")
        db.session.commit()

    handler("test.endless")(long)
    running = ask(stage, "test.endless")
    assert run_worker(stage, until_idle=True) == 1
    assert left(stage) == []
    job = row(stage, running)
    assert (job.state, job.progress_total, job.progress_note) == (JobState.CANCELLED, 500, "rows")


def test_cancelling_in_the_last_moment_or_finishing_one_of_the_two_wins(stage: Flask, handler) -> None:
    def late(job: jobs.JobContext) -> None:
        with stage.app_context():
            jobs.cancel(job.id)
            db.session.commit()
        leave("both")
        job.finish_in_this_transaction()
        db.session.commit()

    handler("test.late")(late)
    job_id = ask(stage, "test.late")
    run_worker(stage, until_idle=True)
    assert row(stage, job_id).state == JobState.CANCELLED
    assert left(stage) == []


def test_a_worker_that_lost_its_lease_can_neither_commit_nor_mark(stage: Flask, handler) -> None:
    """A pause longer than the lease (a suspended machine): another worker has done the job meanwhile."""
    ran = []

    def paused(job: jobs.JobContext) -> None:
        ran.append(job.attempt)
        if job.attempt == 1:
            with stage.app_context():
                db.session.execute(sa.update(Job).values(lease_until=datetime(2020, 1, 1, tzinfo=UTC)))
                db.session.commit()
            other = Worker(stage)
            other.recover()
            assert other.work_one()
        leave(f"attempt {job.attempt}")
        job.finish_in_this_transaction()
        db.session.commit()

    handler("test.paused")(paused)
    job_id = ask(stage, "test.paused")
    run_worker(stage, until_idle=True, threads=1)
    assert ran == [1, 2]
    assert left(stage) == ["attempt 2"]
    assert (row(stage, job_id).state, row(stage, job_id).attempts) == (JobState.DONE, 2)


def test_the_heartbeat_keeps_a_long_job_and_writes_its_progress(stage: Flask, handler) -> None:
    def long(job: jobs.JobContext) -> None:
        leave("long")  # a transaction is open all the while
        job.progress(1, 2)
        if db.engine.dialect.name == "sqlite":
            db.session.rollback()
        time.sleep(2.5)  # the lease of tests is 1 s
        leave("done")
        db.session.commit()

    handler("test.long")(long)
    job_id = ask(stage, "test.long")
    stop = threading.Event()
    took = []

    def thief() -> None:
        other = Worker(stage)
        while not stop.wait(0.2):
            took.append(jobs_queue.recover(other.engine))

    thread = threading.Thread(target=thief)
    thread.start()
    run_worker(stage, until_idle=True, threads=1)
    stop.set()
    thread.join()
    job = row(stage, job_id)
    assert sum(took) == 0
    assert (job.state, job.attempts, job.progress_done) == (JobState.DONE, 1, 1)


def lose_the_worker(stage: Flask, kind: str) -> None:
    """Start the job and never come back."""
    worker = Worker(stage)
    assert jobs_queue.claim(worker.engine, [kind], 0.0) is not None
    time.sleep(0.002)
    assert jobs_queue.recover(worker.engine) == 1


def test_a_job_that_kills_its_workers_ends_as_failed(stage: Flask) -> None:
    job_id = ask(stage, "test.effect", args={"name": "poison"}, key="poison:1")
    for _ in range(jobs_queue.MOST_STARTS):
        assert row(stage, job_id).state == JobState.WAITING
        lose_the_worker(stage, "test.effect")
    job = row(stage, job_id)
    assert (job.state, job.key, job.error[:10]) == (JobState.FAILED, None, "WorkerLost")


def test_a_killed_worker_is_no_fault_of_the_jobs(stage: Flask, handler) -> None:
    faults = []

    def fail(job: jobs.JobContext) -> None:
        faults.append((job.faults, job.last_attempt))
        raise RuntimeError

    handler("test.unlucky", max_attempts=2)(fail)
    job_id = ask(stage, "test.unlucky")
    for _ in range(5):
        lose_the_worker(stage, "test.unlucky")
    deadline = time.monotonic() + 10
    while row(stage, job_id).state != JobState.FAILED and time.monotonic() < deadline:
        run_worker(stage, until_idle=True)
    assert faults == [(0, False), (1, True)]
    with stage.app_context():
        assert jobs.retry(job_id)
        db.session.commit()
    assert (row(stage, job_id).attempts, row(stage, job_id).max_attempts) == (0, 2)


def test_two_workers_never_take_the_same_start(stage: Flask) -> None:
    for number in range(60):
        ask(stage, "test.effect", args={"name": f"{number:02}"})
    workers = [threading.Thread(target=run_worker, args=(stage,), kwargs={"until_idle": True}) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert left(stage) == [f"{number:02}" for number in range(60)]


def test_the_last_thread_takes_no_long_job(stage: Flask, handler) -> None:
    order = []

    def slow(job: jobs.JobContext) -> None:
        order.append("slow starts")
        time.sleep(0.6)
        order.append("slow ends")

    handler("test.slow", long=True)(slow)
    handler("test.quick")(lambda job: order.append("quick"))
    for kind in ("test.slow", "test.slow", "test.quick"):
        ask(stage, kind)
    assert run_worker(stage, until_idle=True, threads=2) == 3
    assert order.index("quick") < order.index("slow ends")


def test_each_period_has_one_run_whatever_the_number_of_workers(stage: Flask, handler) -> None:
    ran = []
    jobs.every("test.daily", at_hour=3)(lambda job: ran.append(job.kind))
    for _ in range(3):
        worker = Worker(stage)
        jobs_queue.plan(worker.engine, [jobs.HANDLERS["test.daily"]])  # nothing else periodic
        worker.drain()
    assert ran == ["test.daily"]


def test_periods_start_at_their_hour() -> None:
    daily = jobs.Handler("test.daily", print, "", 1, False, at_hour=3)
    early, late = datetime(2026, 11, 22, 2, 59, 59, tzinfo=UTC), datetime(2026, 11, 22, 3, tzinfo=UTC)
    assert daily.period(early)[0] == datetime(2026, 11, 21, 3, tzinfo=UTC)
    assert daily.period(late) == (late, datetime(2026, 11, 23, 3, tzinfo=UTC))
    minutely = jobs.Handler("test.minutely", print, "", 1, False, seconds=60)
    assert minutely.period(early)[1] == late


def test_back_off_grows_and_ends_at_six_hours() -> None:
    for attempt, base in ((1, 10), (2, 30), (3, 90), (20, 6 * 3600)):
        waits = [jobs_queue.backoff(attempt, 10) for _ in range(100)]
        assert base * 0.8 <= min(waits)
        assert max(waits) <= base * 1.2
        assert len(set(waits)) > 50


def test_only_the_own_workspace_is_seen_and_steered(stage: Flask) -> None:
    with stage.app_context():
        ours, theirs = mechanisms.add_workspace(), mechanisms.add_workspace()
    job_id = ask(stage, "test.effect", args={"name": "x"}, workspace_id=theirs)
    with tenancy.working_in(stage, ours):
        assert jobs.get(job_id) is None
        assert jobs.recent() == []
        assert not jobs.cancel(job_id)
        assert jobs.status() == []
    with tenancy.working_in(stage, theirs):
        assert jobs.get(job_id) is not None
        assert jobs.cancel(job_id)
        db.session.rollback()
    assert row(stage, job_id).state == JobState.WAITING


def test_the_command_line_works_and_tells(stage: Flask) -> None:
    ask(stage, "test.effect", args={"name": "by command"})
    command = stage.test_cli_runner()
    told = json.loads(command.invoke(cli_jobs.group, ["status", "--json"]).output)
    assert [(kind["kind"], kind["waiting"]) for kind in told] == [("test.effect", 1)]
    assert "1 jobs started" in command.invoke(cli_jobs.group, ["work", "--once"]).output
    assert left(stage) == ["by command"]
    assert json.loads(command.invoke(cli_jobs.group, ["status", "--json"]).output) == []


def test_a_fault_is_described_by_class_and_place_alone() -> None:
    try:
        int("anna@example.com")
    except ValueError as fault:
        words = describe(fault)
    assert words.startswith("ValueError in test_jobs:")
    assert "anna" not in words
