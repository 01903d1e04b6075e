"""The worker: takes due jobs by a lease, keeps the lease alive, and finds again what a crash left behind.

One process: N threads that work, one that beats, and the main thread that looks at the queue. Every
move of a job is one conditional UPDATE (`core.jobs_queue`), so two workers never have the same start
of a job, and the marks of one that lost its lease fall on nothing.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from flask import Flask
from sqlalchemy.exc import DBAPIError

from logicrm.core import jobs_queue, tenancy
from logicrm.core.jobs import HANDLERS, GiveUp, JobCancelled, JobContext, LeaseLost, Stopping
from logicrm.core.jobs_models import Job, JobState, db_later, done_values, freed_key
from logicrm.core.schema import db_now
from logicrm.extensions import db

LEASE_S = 30.0
POLL_S = 0.5
REPORT_S = 0.25  # progress is written this often at most
BACKOFF_S = 10.0  # then 30, 90 … seconds, six hours at most
GRACE_S = 25.0  # after SIGTERM, for jobs that do not report
log = logging.getLogger("logicrm.jobs")


class LeftUncommitted(RuntimeError):
    """A handler returned with changes that it had not committed."""


def run_worker(
    app: Flask, *, once: bool = False, until_idle: bool = False, threads: int = 2, periodic: bool | None = None
) -> int:
    """Work until told to stop (SIGTERM, SIGINT); return how many jobs were started.

    `once` runs one due job at most, `until_idle` all that are due; both leave periodic jobs alone
    unless `periodic=True`. Jobs due later are not waited for. With one thread they run in the caller's,
    whose own open transaction would lock the embedded database: commit first.
    """
    worker = Worker(app, threads=1 if once else threads)
    ending = once or until_idle
    if not ending if periodic is None else periodic:
        worker.plan()
    with worker.beating(), stopping_on_signals(worker.stop.set):
        if once:
            return int(worker.work_one())
        return worker.drain() if until_idle else worker.serve()


class Worker:
    """One worker process: what it holds, and whether it should stop."""

    def __init__(self, app: Flask, *, threads: int = 2) -> None:
        self.app = app
        self.threads = max(1, threads)
        # The settings exist for tests, which cannot wait for half a minute.
        self.lease_s = float(app.config.get("JOBS_LEASE_S", LEASE_S))
        self.backoff_s = float(app.config.get("JOBS_BACKOFF_S", BACKOFF_S))
        with app.app_context():
            self.engine = db.engine
        self.stop = threading.Event()
        self.started = 0
        self._claiming = threading.Lock()
        self._lock = threading.Lock()  # guards the books below
        self._held: dict[str, JobContext] = {}
        self._reports: dict[str, jobs_queue.Progress] = {}  # progress not yet written
        self._reported: dict[str, float] = {}
        self._wake = threading.Condition()
        self._looks = 0  # raised when something is due: an idle thread looks when it changed
        self._next_period: datetime | None = None

    # ------------------------------------------------------------------ loops

    def serve(self) -> int:
        """Look at the queue in this thread and work in the others, until stopped."""
        threads = [threading.Thread(target=self._serve, name=f"job-{n}", daemon=True) for n in range(self.threads)]
        for thread in threads:
            thread.start()
        while not self.stop.is_set():
            try:
                pause = self._look()
            except DBAPIError as fault:  # away or busy: nothing is lost, look again
                log.warning("no database", extra={"error": type(fault).__name__})
                pause = 1.0
            self.stop.wait(pause)
        with self._wake:
            self._wake.notify_all()
        deadline = time.monotonic() + GRACE_S
        for thread in threads:
            # A thread that is still busy then ends with the process, and its lease runs out.
            thread.join(max(0.0, deadline - time.monotonic()))
        return self.started

    def _look(self) -> float:
        """Plan, recover, wake the threads when something is due; return seconds until the next look."""
        now, run_at, lease = jobs_queue.look(self.engine, self._kinds())
        if self._next_period is not None and now >= self._next_period:
            self.plan()
            return 0.0
        if lease is not None and lease < now:
            self.recover()
            return 0.0
        if run_at is not None and run_at <= now:
            with self._wake:
                self._looks += 1
                self._wake.notify_all()
            return POLL_S
        coming = [(at - now).total_seconds() for at in (run_at, lease, self._next_period) if at is not None]
        return max(0.001, min([POLL_S, *coming]))

    def _serve(self) -> None:
        seen = -1
        while not self.stop.is_set():
            if self.work_one():
                continue
            with self._wake:
                while self._looks == seen and not self.stop.is_set():
                    self._wake.wait(5.0)
                seen = self._looks

    def drain(self) -> int:
        """Work until nothing is due and nothing runs here."""

        def work() -> None:
            while not self.stop.is_set():
                if self.work_one():
                    continue
                now, run_at, lease = jobs_queue.look(self.engine, self._kinds())
                if lease is not None and lease < now:
                    self.recover()
                elif run_at is None or run_at > now:
                    return
                else:  # due, yet not taken: another writer had the database
                    time.sleep(0.05)

        others = [threading.Thread(target=work, daemon=True) for _ in range(self.threads - 1)]
        for thread in others:
            thread.start()
        work()
        for thread in others:
            thread.join()
        return self.started

    def plan(self) -> None:
        """Ask for the present period's run of every periodic job."""
        self._next_period = jobs_queue.plan(self.engine, HANDLERS.values())

    def recover(self) -> None:
        """Put back the jobs of workers that are gone."""
        if found := jobs_queue.recover(self.engine):
            log.warning("leases ran out", extra={"count": found})

    def _kinds(self) -> list[str]:
        """Kinds that a thread may take now: the last free thread takes no long job, so that mail passes an import."""
        with self._lock:
            long = sum(HANDLERS[context.kind].long for context in self._held.values())
        full = self.threads > 1 and long >= self.threads - 1
        return [kind for kind, handler in HANDLERS.items() if not (full and handler.long)]

    # ------------------------------------------------------------------ one job

    def work_one(self) -> bool:
        """Take one due job and run it; False when there is none, or the database is busy."""
        context = self._claim()
        if context is None:
            return False
        try:
            self._run(context)
        finally:
            with self._lock:
                self._held.pop(context.token, None)
                self._reports.pop(context.token, None)
                self._reported.pop(context.token, None)
        return True

    def _claim(self) -> JobContext | None:
        with self._claiming:  # what may be taken depends on what the other threads have just taken
            try:
                row = jobs_queue.claim(self.engine, self._kinds(), self.lease_s)
            except DBAPIError as fault:
                log.warning("cannot take a job now", extra={"error": type(fault).__name__})
                return None
            if row is None:
                return None
            context = JobContext(
                id=row.id, kind=row.kind, workspace_id=row.workspace_id, args=row.args, attempt=row.attempts,
                max_attempts=row.max_attempts, token=row.leased_by, report=self._report,
            )  # fmt: skip
            with self._lock:
                self._held[context.token] = context
                self.started += 1
            return context

    def _run(self, context: JobContext) -> None:
        began = time.perf_counter()
        try:
            with tenancy.working_in(self.app, context.workspace_id):
                HANDLERS[context.kind].run(context)
                session = db.session()
                if session.new or session.dirty or session.deleted:
                    raise LeftUncommitted
            outcome = self._mark_done(context)
        except LeaseLost as lost:
            outcome = "cancelled" if isinstance(lost, JobCancelled) else "lost"
        except Stopping:
            outcome = "released"  # unharmed: this start does not count
            self._move(context, {Job.state: JobState.WAITING, Job.attempts: Job.attempts - 1, Job.run_at: db_now()})
        except Exception as fault:
            outcome = self._mark_fault(context, fault)
        ms = round((time.perf_counter() - began) * 1000, 1)
        facts = {"job": context.id, "kind": context.kind, "workspace": context.workspace_id, "ms": ms}
        log.info(outcome, extra=facts)

    def _mark_done(self, context: JobContext) -> str:
        if not context.finishing:
            return "done" if self._move(context, done_values()) else "lost"
        state = jobs_queue.state_under(self.engine, context.id, context.token)
        if state == JobState.RUNNING:
            raise LeftUncommitted
        return "done" if state == JobState.DONE else "lost"

    def _mark_fault(self, context: JobContext, fault: Exception) -> str:
        log.error("job fault", exc_info=fault, extra={"job": context.id, "kind": context.kind})
        values: dict[Any, Any] = {Job.error: describe(fault), Job.lease_until: None}
        if context.last_attempt or isinstance(fault, GiveUp):
            self._move(context, values | {Job.state: JobState.FAILED, Job.finished_at: db_now(), Job.key: freed_key()})
            return "failed"
        wait = jobs_queue.backoff(context.faults + 1, self.backoff_s)
        self._move(context, values | {Job.state: JobState.WAITING, Job.run_at: db_later(wait)})
        return "will try again"

    def _move(self, context: JobContext, values: dict[Any, Any]) -> bool:
        """Move the job on if it is still ours. A busy database is asked again until the lease is over."""
        deadline = time.monotonic() + self.lease_s
        while True:
            try:
                return jobs_queue.move(self.engine, context.id, context.token, values)
            except DBAPIError as fault:
                if time.monotonic() > deadline:
                    log.error("job left to its lease", extra={"job": context.id, "error": type(fault).__name__})
                    return False
                time.sleep(0.2)

    # ------------------------------------------------------------------ leases and progress

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Keep the leases of held jobs alive, and write late progress, from a thread of its own."""
        over = threading.Event()

        def loop() -> None:
            last = time.monotonic()
            while not over.wait(min(POLL_S, self.lease_s / 6)):
                if self._reports or (self._held and time.monotonic() - last >= self.lease_s / 3):
                    try:
                        self.beat()
                        last = time.monotonic()
                    except DBAPIError:
                        continue  # a handler's transaction has the embedded database: the next beat tries again

        thread = threading.Thread(target=loop, name="job-beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(1.0)

    def beat(self) -> None:
        """Extend the lease of every held job, and tell those that are no longer ours."""
        with self._lock:
            held = list(self._held.values())
        for context in held:
            self._extend(context)

    def _extend(self, context: JobContext) -> None:
        with self._lock:
            report = self._reports.get(context.token)
        found = jobs_queue.extend(self.engine, context.id, context.token, self.lease_s, report)
        if not isinstance(found, bool):
            context.lost = found
        with self._lock:
            if found and self._reports.get(context.token) is report:
                self._reports.pop(context.token, None)

    def _report(self, context: JobContext, done: int, total: int | None, note: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._reports[context.token] = (done, total, note)
            last = self._reported.get(context.token)
        due = last is None or done == total or now - last >= REPORT_S
        # The handler's own transaction may have the row, or all of SQLite: then the beat writes it later.
        if due and not db.session().in_transaction():
            self._reported[context.token] = now
            self._extend(context)
        if context.lost is not None:
            raise context.lost
        if self.stop.is_set():
            raise Stopping


def describe(fault: BaseException) -> str:
    """Class of a fault and the last place in our own code. Its message is left out unless it is in our words:
    that of a database or a parser quotes what somebody typed."""
    if isinstance(fault, GiveUp):
        return str(fault)[:300]
    place = ""
    trace: TracebackType | None = fault.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if "site-packages" not in file.parts and file.name != "jobs_worker.py":
            place = f" in {file.stem}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(fault).__name__}{place}"[:300]


@contextmanager
def stopping_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and SIGINT call `stop` while inside; they are left alone outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: stop()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
