"""A small application for the tests of jobs, files and mail: real database, no areas' data; and its worker."""

from __future__ import annotations

import os
import random
import time
import uuid
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
OF_MECHANISMS = ("logicrm.core.", "tests.core.")


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


def work(folder: Path, url: str) -> None:
    """A worker, for tests that run it in a process of its own and kill it. It knows no area, whatever is loaded."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    for kind in [kind for kind, one in jobs.HANDLERS.items() if not one.run.__module__.startswith(OF_MECHANISMS)]:
        del jobs.HANDLERS[kind]
    run_worker(make_app(folder, url))
