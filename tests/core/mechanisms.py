"""A small application for the tests of jobs, files and mail: real database, no areas' data.

Run as a program it is a worker: `python -m tests.core.mechanisms FOLDER URL [threads]`, for tests that kill it.
"""

from __future__ import annotations

import os
import random
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import sqlalchemy as sa
from flask import Flask

import logicrm
from logicrm.accounts.models import Workspace
from logicrm.core import clock, jobs
from logicrm.core.jobs_worker import run_worker
from logicrm.core.schema import new_id
from logicrm.extensions import db

#: What jobs of the tests leave behind. Apart from the program's own metadata: it is no table of ours.
effects = sa.Table("test_effect", sa.MetaData(), sa.Column("what", sa.String(80)), sa.Column("at", sa.Float))

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1/test")


def make_app(folder: Path, url: str = "", **settings: object) -> Flask:
    """An application with its instance in `folder`; `url` empty is the encrypted file."""
    folder.mkdir(parents=True, exist_ok=True)
    with mock.patch("logicrm._areas"):  # mechanisms know no area
        return logicrm.create_app(
            {
                "TESTING": True,
                "INSTANCE": folder,
                "DATABASE_URL": url or f"sqlite:///{folder / 'test.db'}",
                "DATABASE_KEY": "00" * 32,
                "MASTER_KEY": "11" * 32,
                "MAIL_URL": "file:",
                "MAIL_FROM": "LogiCRM <no-reply@crm.example>",
                "BASE_URL": "https://crm.example",
                "FILES_URL": "",
                "JOBS_LEASE_S": 1.0,
                "JOBS_BACKOFF_S": 0.02,
                **settings,
            }
        )


def make_tables(app: Flask) -> uuid.UUID:
    """Create all tables and one workspace; return its id."""
    with app.app_context():
        db.create_all()
        effects.metadata.create_all(db.engine)
        return add_workspace()


def add_workspace() -> uuid.UUID:
    workspace = Workspace(
        id=new_id(), slug=uuid.uuid4().hex, name="Northwind", country="VN", time_zone="Asia/Ho_Chi_Minh",
        currency="VND", created_at=clock.now(),
    )  # fmt: skip
    db.session.add(workspace)
    db.session.commit()
    return workspace.id


def postgres_answers() -> bool:
    try:
        sa.create_engine(POSTGRES, connect_args={"connect_timeout": 2}).connect().close()
    except sa.exc.OperationalError:
        return False
    return True


@contextmanager
def fresh_postgres() -> Iterator[str]:
    """A database of its own on the test server, gone afterwards."""
    name = f"logicrm_test_{uuid.uuid4().hex[:12]}"
    server = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"create database {name}")
    try:
        yield sa.make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f"drop database {name} with (force)")
        server.dispose()


def leave(what: str) -> None:
    """Leave an effect in the handler's transaction."""
    db.session.execute(sa.insert(effects).values(what=what, at=time.time()))


def left(app: Flask) -> list[str]:
    """All effects, sorted."""
    with app.app_context():
        return sorted(db.session.scalars(sa.select(effects.c.what)))


@jobs.job("test.effect", max_attempts=1000)
def effect(job: jobs.JobContext) -> None:
    """One effect, together with the mark that it is done."""
    time.sleep(random.uniform(0, 0.02))
    leave(job.args["name"])
    job.finish_in_this_transaction()
    time.sleep(random.uniform(0, 0.01))  # killed here, neither is left
    db.session.commit()


@jobs.job("test.steps", max_attempts=1000, long=True)
def steps(job: jobs.JobContext) -> None:
    """Ten effects in transactions of their own, the place kept in what is there already: as an import does."""
    for step in range(10):
        name = f"{job.args['name']}/{step}"
        if db.session.scalar(sa.select(effects.c.what).where(effects.c.what == name)) is None:
            leave(name)
            job.hold_in_this_transaction()
        db.session.commit()
        job.progress(step + 1, 10)
        time.sleep(random.uniform(0, 0.01))
    job.finish_in_this_transaction()
    db.session.commit()


if __name__ == "__main__":
    run_worker(make_app(Path(sys.argv[1]), sys.argv[2]), threads=int(sys.argv[3]) if len(sys.argv) > 3 else 2)
