"""kill -9 at random moments: real worker processes (`flask jobs work`), a real database, and a count of what was hit.

    killer = Killer(app, "privacy.purge")
    killer.measure(begin())                      # how long the work takes when nobody disturbs it
    killer.rounds(50, begin, check)

A worker is let go. Once the row of a watched job says `running`, a random time passes and the worker gets SIGKILL;
if the row still says `running` then, the kill fell in the middle of the work. The dead worker's lease is made to run
out (half a minute that nobody waits for), and the next worker finds what was left. Work is begun anew until enough
kills fell in the middle; each time the last worker may finish, and everything is checked.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import psutil
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import event, func, select, update

from logicrm import create_app
from logicrm.core import database, files, tenancy
from logicrm.core.files import StoredFile
from logicrm.core.jobs import HANDLERS, Job, JobContext, JobState
from logicrm.core.jobs_models import EVERY, UNFINISHED, db_later
from logicrm.core.schema import db_now
from logicrm.extensions import db

ROOT = Path(__file__).parents[1]
PATIENCE_S = 120  # for a worker that does nothing; a loaded machine starts one in ten seconds
Begun = TypeVar("Begun")
_ASKED_FOR = func.coalesce(Job.key, "").not_like(EVERY + "%")  # periodic jobs come again and again

_loaded = multiprocessing.get_context("forkserver")
_loaded.set_forkserver_preload(["__main__", "tests.killing_loaded", "tests.core.mechanisms"])


def make_app(folder: Path | str, url: str = "") -> Flask:
    """The whole application with its instance in `folder`; `url` empty is the encrypted file."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return create_app(
        {
            "TESTING": True, "INSTANCE": folder, "DATABASE_URL": url or f"sqlite:///{folder / 'test.db'}",
            "DATABASE_KEY": "00" * 32, "MASTER_KEY": "11" * 32, "MAIL_URL": "file:", "WTF_CSRF_ENABLED": False,
            "BASE_URL": "http://localhost", "TRUSTED_HOSTS": ["localhost"], "FILES_URL": "", "JOBS_BACKOFF_S": 0.02,
        }
    )  # fmt: skip


@contextmanager
def staged(folder: Path, url: str) -> Iterator[Flask]:
    """`make_app` with its tables; its connections are closed in the end."""
    app = make_app(folder, url)
    with app.app_context():
        db.create_all()
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def worker_app(folder: str, url: str, test: int, kind: str = "", dies_at: int = 0) -> Flask:
    """The application of a worker that ends with the process of the test: a broken one leaves nobody behind.

    `dies_at`: it kills itself before so many-eth commit of a job of this kind.
    """

    def watch() -> None:
        while psutil.pid_exists(test):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    app = make_app(folder, url)
    if dies_at:
        _die_before_commit(app, kind, dies_at)
    return app


def _die_before_commit(app: Flask, kind: str, dies_at: int) -> None:
    handler, here = HANDLERS[kind], threading.local()

    def run(job: JobContext) -> None:
        here.commits = 0
        try:
            handler.run(job)
        finally:
            del here.commits

    def commit(_connection: Any) -> None:
        if hasattr(here, "commits") and db.session().in_transaction():  # the job's own, not the worker's marks
            here.commits += 1
            if here.commits == dies_at:
                os.kill(os.getpid(), signal.SIGKILL)

    HANDLERS[kind] = replace(handler, run=run)
    with app.app_context():
        event.listen(db.engine, "commit", commit)


def work(folder: str, url: str, test: int, log: str, kind: str = "", dies_at: int = 0) -> None:
    """`flask jobs work` in a process that was forked with the program loaded: it is at work after a tenth of a second."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    FlaskGroup(create_app=lambda: worker_app(folder, url, test, kind, dies_at)).main(["jobs", "work"])


def dice() -> random.Random:
    """Random moments, from a seed that a failing test shows: `KILL_SEED=… pytest …` throws the same ones again."""
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(10**6))
    print(f"KILL_SEED={seed}")
    return random.Random(seed)


def forked(run: Callable[..., None], *args: Any) -> Any:
    """A process of its own that runs this function; what a worker needs is loaded in it already."""
    process = _loaded.Process(target=run, args=args)
    process.start()
    return process


class Killer:
    """Lets workers go and kills them. `fresh`: each is the command itself, from the start of the interpreter on."""

    def __init__(
        self, app: Flask, kind: str, *also: str, share: float = 0.5, fresh: bool = False,
        phase: Callable[[], str] = str,
    ) -> None:  # fmt: skip
        """`kind`: the job to be killed; `also`: what it asks for, killed too but not counted. `share`: a worker lives
        for at most this part of the undisturbed time. `phase()` names the place that the work had reached."""
        self.app, self.kinds, self.share, self.fresh, self.phase = app, (kind, *also), share, fresh, phase
        self.chance = dice()
        self.within_s = 0.0
        self.kills = 0
        self.fell: Counter[str] = Counter()  # kind of job → kills in the middle of one
        self.phases: Counter[str] = Counter()
        self.log = Path(app.config["INSTANCE"]) / "worker.log"

    @property
    def in_the_middle(self) -> int:
        """How many kills fell in the middle of the work that counts."""
        return self.fell[self.kinds[0]]

    # ------------------------------------------------------------------ rounds

    def measure(self) -> float:
        """Let the work that was asked for be done undisturbed; return its seconds, from which the lives are drawn."""
        worker = self._start()
        try:
            self._wait(self._taken)
            began = time.monotonic()
            self._wait(lambda: not self._left())
            took = time.monotonic() - began
        finally:
            self._stop(worker)
        self.within_s = took * self.share
        return took

    def rounds(self, kills: int, begin: Callable[[], Begun], check: Callable[[Begun], None]) -> int:
        """Begin, kill, let finish and check, until so many kills fell in the middle of the work; return how many did."""
        began = time.monotonic()
        while self.in_the_middle < kills:
            begun = begin()
            self.disturb(max(3, kills - self.in_the_middle))
            self.finish()
            check(begun)
        print(
            f"{self.kinds[0]}: {self.kills} kills, {self.in_the_middle} in the middle of the work, in "
            f"{time.monotonic() - began:.0f} s; all: {dict(self.fell)} {dict(self.phases)}"
        )
        return self.in_the_middle

    def disturb(self, at_most: int) -> None:
        """Let workers work and kill each, until the work is done or so many are dead."""
        for _ in range(at_most):
            worker = self._start()
            try:
                taken = self._wait(lambda: self._taken() or not self._left())
                if isinstance(taken, str):
                    # What the work asked for (a letter, say) is done in no time.
                    time.sleep(self.chance.uniform(0, self.within_s if taken == self.kinds[0] else 0.02))
            finally:
                _kill(worker)
            if taken is True:
                return
            self.kills += 1
            hit = self._taken()
            if hit:
                self.fell[hit] += 1
            if hit == self.kinds[0] and (phase := self.phase()):
                self.phases[phase] += 1
            self._leases_run_out()

    def before_each_commit(self, begin: Callable[[], Begun], check: Callable[[Begun], None]) -> int:
        """Kill one piece of work before each of its commits in turn: the moment that the dice hardly ever hit, when
        all that happens outside the database is done and nothing of it is known. Returns how often it died."""
        begun, reached, commits, lives = begin(), self.phase(), 1, 0
        while self._left():
            worker = self._start(dies_at=commits)
            try:
                self._wait(lambda worker=worker: _is_dead(worker) or not self._left())
            finally:
                _kill(worker)
            lives += 1
            self._leases_run_out()
            commits = 2 if self.phase() != reached or commits == 1 else commits + 1
            reached = self.phase()
        self.finish()
        check(begun)
        print(f"{self.kinds[0]}: died before each of {lives - 1} commits")
        return lives - 1

    def finish(self) -> None:
        """Let one worker do what is left, and see that nothing was given up."""
        worker = self._start()
        try:
            self._wait(lambda: not self._left())
        finally:
            self._stop(worker)
        given_up = self._ask(select(Job.kind, Job.error).where(Job.state == JobState.FAILED, _ASKED_FOR))
        assert given_up == [], f"{given_up} after {self.kills} kills"

    # ------------------------------------------------------------------ workers

    def _start(self, *, dies_at: int = 0) -> psutil.Process:
        folder, url = str(self.app.config["INSTANCE"]), self.app.config["DATABASE_URL"]
        if dies_at or not self.fresh:
            return psutil.Process(forked(work, folder, url, os.getpid(), str(self.log), self.kinds[0], dies_at).pid)
        command = [
            sys.executable,
            "-m",
            "flask",
            "--app",
            f"tests.killing:worker_app({folder!r}, {url!r}, {os.getpid()})",
        ]
        with self.log.open("ab") as log:
            return psutil.Popen([*command, "jobs", "work"], cwd=ROOT, stdout=log, stderr=log)

    def _stop(self, worker: psutil.Process) -> None:
        worker.terminate()
        worker.wait(PATIENCE_S)

    def _wait(self, until: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while not (found := until()):
            if time.monotonic() > deadline:
                waiting = self._ask(select(Job.kind, Job.state, Job.error).where(Job.state.in_(UNFINISHED)))
                raise AssertionError(f"the worker does nothing about {waiting}: {self.log.read_text()[-3000:]}")
            time.sleep(0.01)
        return found

    # ------------------------------------------------------------------ the queue

    def _ask(self, query: Any) -> list[Any]:
        with self.app.app_context(), database.reading():
            return list(db.session.execute(query))

    def _taken(self) -> str:
        """The kind of a watched job that a worker has, or had when it was killed; "" when none is."""
        query = select(Job.kind).where(
            Job.state == JobState.RUNNING, Job.lease_until > db_now(), Job.kind.in_(self.kinds)
        )
        return min((row.kind for row in self._ask(query)), key=self.kinds.index, default="")

    def _left(self) -> int:
        """Jobs still to be done."""
        query = select(func.count()).where(Job.state.in_(UNFINISHED), Job.run_at < db_later(60), _ASKED_FOR)
        return int(self._ask(query)[0][0])

    def _leases_run_out(self) -> None:
        """Half a minute passes, as far as the leases of the dead are concerned."""
        with self.app.app_context():
            db.session.execute(
                update(Job)
                .where(Job.state == JobState.RUNNING)
                .values(lease_until=datetime.now(UTC) - timedelta(minutes=1))
            )
            db.session.commit()


def _is_dead(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()
        process.wait(PATIENCE_S)


def stray_files(app: Flask) -> list[str]:
    """What lies in the folders of files and mail and belongs to no row: leftovers of the killed."""
    folder: Path = app.config["INSTANCE"]
    unfinished = [str(path.relative_to(folder)) for path in folder.rglob("*unfinished*")]
    with app.app_context(), database.reading():
        known = set(db.session.scalars(select(StoredFile.storage_key), execution_options={tenancy.ACROSS: True}))
        keys = set(files.store().keys(older_than=timedelta(seconds=-60)))
    return sorted(keys ^ known) + unfinished
