"""kill -9 while a workspace is emptied: the next worker goes on, counts nothing twice, and nobody else is touched."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from logicrm.accounts.models import User, Workspace
from logicrm.core import tenancy
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy import deletion, ledger
from logicrm.privacy.models import DataSubject, Deletion
from logicrm.privacy.purge import LAST_STEP
from logicrm.privacy.retaining import closing
from logicrm.privacy.subjects import key_hash
from tests.killing import Killer, staged
from tests.privacy.planting import make_place, make_user, row_hashes

PEOPLE = 1200


@dataclass(frozen=True)
class Doomed:
    place: uuid.UUID
    deletion_id: uuid.UUID
    others: set[str]


def people(place: uuid.UUID, count: int) -> None:
    now = datetime.now(UTC)
    db.session.execute(insert(DataSubject), [
        {"id": new_id(), "workspace_id": place, "email": f"p{n}@{place.hex[:6]}.example",
         "key_hash": key_hash(f"p{n}@{place.hex}"), "language": "", "created_at": now, "last_seen_at": now}
        for n in range(count)
    ])  # fmt: skip


def doom(app: Flask) -> Doomed:
    """A workspace with people in it, whose closing days are over."""
    name = f"w{uuid.uuid4().hex[:8]}"
    with app.app_context():
        place = make_place(name)
        make_user(place, "Owner", f"owner@{name}.example", "owner")
        db.session.commit()
    with tenancy.working_in(app, place):
        people(place, PEOPLE)
        db.session.commit()
        others = {key for key in row_hashes(set()) if key.startswith("data_subject:")}
        mine = {f"data_subject:{own}" for own in db.session.scalars(select(DataSubject.id))}
        made = closing.close(place, typed=name.title(), by=new_id())
        made.due_at = datetime.now(UTC) - timedelta(seconds=1)
        db.session.flush()
        deletion.ask_for_purge(made)
        db.session.commit()
        return Doomed(place, made.id, others - mine)


def gone(app: Flask, one: Doomed) -> None:
    with app.app_context():
        assert db.session.get(Workspace, one.place) is None
        row = db.session.get_one(Deletion, one.deletion_id)
        assert (row.state, row.step) == ("purged", LAST_STEP)
        counted = {line["class"]: line["deleted"] for line in row.certificate["classes"]}
        assert counted["requests"] == PEOPLE
        events = [entry["event"] for entry in ledger.entries() if entry["deletion"] == str(row.id)]
        assert events == ["begin", "done"]
        assert db.session.scalar(select(func.count()).select_from(User).where(User.ended_in == one.place)) == 0
        left = {key for key in row_hashes(set()) if key.startswith("data_subject:")}
        assert left == one.others


@pytest.mark.promise("termination")
def test_killed_before_each_of_its_commits(tmp_path: Path, database_url: str) -> None:
    with staged(tmp_path, database_url) as app:
        with app.app_context():
            other = make_place("other")
            db.session.commit()
        with tenancy.working_in(app, other):
            people(other, 20)
            db.session.commit()
        killer = Killer(app, "privacy.purge", "mail.send")
        assert killer.before_each_commit(lambda: doom(app), lambda one: gone(app, one)) > 10


@pytest.mark.slow
@pytest.mark.promise("termination")
def test_killed_at_random_moments(tmp_path: Path, each_database: str) -> None:
    with staged(tmp_path, each_database) as app:
        killer = Killer(app, "privacy.purge", "mail.send", share=0.6)
        doom(app)
        killer.measure()
        assert killer.rounds(20, lambda: doom(app), lambda one: gone(app, one)) >= 20
