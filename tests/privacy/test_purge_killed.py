"""kill -9 at random moments of a purge: nothing of the person left, one proof of it, and nobody else touched."""

from __future__ import annotations

import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from logicrm.accounts.models import Membership, User
from logicrm.core import audit, files, mail, subjects, tenancy
from logicrm.core.jobs_worker import run_worker
from logicrm.core.schema import new_id
from logicrm.core.watermarks import latest_watermark
from logicrm.extensions import db
from logicrm.privacy import deletion, export, ledger, purge, signing, walk
from logicrm.privacy.models import DeletionState
from logicrm.privacy.subjects import make_known
from tests.killing import Killer, staged, stray_files
from tests.privacy.planting import (
    CANARY,
    NOW,
    Plantation,
    bytes_kept,
    decrypted,
    hits,
    make_place,
    make_user,
    row_hashes,
    rows_kept,
)  # fmt: skip

OURS = (
    "outgoing_connection",
    "audit_",
    "watermark:",
    "job:",
    "outgoing_mail:",
    "file_tombstone:",
    "retention_run:",
)  # what workers write


@dataclass
class Stage:
    """Two workspaces with somebody else in each; `latest` is the deletion under way."""

    app: Flask
    places: list[uuid.UUID]
    copies: bool  # a finished copy of their data is deleted as well
    latest: uuid.UUID | None = None
    rounds: int = 0
    certified: dict[str, Any] = field(default_factory=dict)  # what the undisturbed purge of each kind came to


@dataclass(frozen=True)
class Doomed:
    """Somebody whose deletion is due, and what everybody else's rows were."""

    kind: str
    email: str
    deletion_id: uuid.UUID
    key: str
    places: list[uuid.UUID]
    others: dict[str, str]
    skip: set[Any]


def doom(stage: Stage, kind: str) -> Doomed:
    """Somebody with rows in every table, files and letters, who wants to be deleted at once."""
    app, email = stage.app, f"qzjx{uuid.uuid4().hex[:8]}w@canary.example"
    subject_id = account(stage, email) if kind == "account" else person(stage, email)
    if stage.copies:  # of what there is so far: a short one is built in no time, and is a copy all the same
        with tenancy.working_in(app, stage.places[0]):
            export.request_export(subjects.load(kind, subject_id))
            db.session.commit()
        run_worker(app, until_idle=True, threads=1)
    with tenancy.working_in(app, stage.places[0]):
        subject = subjects.load(kind, subject_id)
        planted = Plantation(subject, stage.places[0])
        for _row in range(3):
            planted.plant()
        for number in range(3):
            files.save(f"{CANARY}7777w content".encode() * 50, name=f"{CANARY}778{number}w.txt", kind="attachment",
                       max_bytes=10**6, entity="user" if kind == "account" else "data_subject", entity_id=subject_id,
                       media_type="text/plain")  # fmt: skip
        db.session.commit()
    assert hits(everything(app), [email])  # the search would see them
    with tenancy.working_in(app, stage.places[0]):
        subject = subjects.load(kind, subject_id)
        skip = {key for rows in walk.find(subject).tables.values() for key in rows.by_key}
        row = deletion.schedule(subject, at_once=True)
        db.session.commit()
        skip |= {key for rows in walk.find(subject).tables.values() for key in rows.by_key}
        stage.latest = row.id
        found = Doomed(kind, email, row.id, subject.key, list(subject.workspaces), {}, skip | {row.id})
    with app.app_context():
        found.others.update(row_hashes(found.skip))
    return found


def account(stage: Stage, email: str) -> uuid.UUID:
    with stage.app.app_context():
        user = make_user(stage.places[0], f"{CANARY}0000w Name", email)
        db.session.add(Membership(id=new_id(), workspace_id=stage.places[1], user_id=user, role="sales", joined_at=NOW))
        db.session.commit()
    return user


def person(stage: Stage, email: str) -> uuid.UUID:
    with tenancy.working_in(stage.app, stage.places[0]):
        known = make_known(email, now=NOW).id
        db.session.commit()
    return known


def everything(app: Flask) -> list[tuple[str, bytes]]:
    """All that is kept: files, letters, ledger, logs, and the database, decrypted page by page or read row by row."""
    folder: Path = app.config["INSTANCE"]
    copy = folder.with_name(f"{folder.name}-copy")
    # By a process of its own: one that has the database open loses its locks on each file of it that it closes.
    subprocess.run(["rm", "-rf", str(copy)], check=True)
    subprocess.run(["cp", "-r", str(folder), str(copy)], check=True)
    kept = list(bytes_kept(copy))
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            return kept + list(decrypted(copy / "test.db", app.config["DATABASE_KEY_BYTES"]))
        return kept + list(rows_kept())


def check(stage: Stage, gone: Doomed) -> None:
    assert hits(everything(stage.app), [CANARY, gone.email]) == []
    assert stray_files(stage.app) == []
    with stage.app.app_context():
        others = {key: row for key, row in row_hashes(gone.skip).items() if not key.startswith(OURS)}
        assert len(others) > 12
        assert others == {key: row for key, row in gone.others.items() if not key.startswith(OURS)}
        proof(stage, gone)
    for place in stage.places:
        with tenancy.working_in(stage.app, place):
            told = [
                event
                for event in db.session.scalars(
                    select(audit.AuditEvent).where(audit.AuditEvent.action == "deletion.purged")
                )
                if event.object_id == gone.deletion_id
            ]
            assert len(told) == (place in gone.places)
            assert list(audit.broken_links()) == []
            assert place not in gone.places or latest_watermark("erasure") is not None


def proof(stage: Stage, gone: Doomed) -> None:
    """One certificate, the same as that of an undisturbed purge; the ledger's two lines; one notice."""
    done = purge.get(gone.deletion_id)
    assert (done.state, done.step, done.sealed) == (DeletionState.PURGED, purge.LAST_STEP, None)
    assert signing.holds(done.certificate, done.signature)
    counted = {name: done.certificate[name] for name in ("classes", "files", "pages", "scope")}
    assert counted == stage.certified.setdefault(gone.kind, counted)
    lines = [entry for entry in ledger.entries() if entry["deletion"] == str(gone.deletion_id)]
    assert [(entry["event"], entry["key"]) for entry in lines] == [("begin", gone.key), ("done", gone.key)]
    name = uuid.uuid5(gone.deletion_id, "notice-0")
    assert db.session.get_one(mail.OutgoingMail, name).to_address == ""
    letters = [path for path in (stage.app.config["INSTANCE"] / "mail").iterdir() if done.reference in path.read_text()]
    assert [path.name for path in letters] == [f"{name}.eml"]


def kill_and_check(app: Flask, *, kills: int, kinds: list[str], copies: bool = False, fresh: bool = False) -> int:
    with app.app_context():
        stage = Stage(app, [make_place("harbour"), make_place("airport")], copies)
        owners = [make_user(place, "Olga Owner", f"olga-{place}@other.example", "owner") for place in stage.places]
        db.session.commit()
    for place, owner in zip(stage.places, owners, strict=True):
        with tenancy.working_in(app, place):
            Plantation(subjects.load("account", owner), place, canary="Other").plant()
            db.session.commit()
    run_worker(app, until_idle=True, periodic=True)  # retention takes of the planted what is old, before we count

    def step() -> str:
        with app.app_context():
            return purge.get(stage.latest).step or "scheduled" if stage.latest else ""

    def begin() -> Doomed:
        stage.rounds += 1
        return doom(stage, kinds[stage.rounds % len(kinds)])

    killer = Killer(app, "privacy.purge", "mail.send", share=1.0, fresh=fresh, phase=step)
    for _kind in kinds:
        first = begin()
        killer.measure()
        check(stage, first)
    assert killer.before_each_commit(begin, lambda gone: check(stage, gone)) > 2
    fell = killer.rounds(kills, begin, lambda gone: check(stage, gone))
    with app.app_context():
        assert db.session.scalar(select(db.func.count(User.id))) == 2
    return fell


def test_kills_leave_nothing_and_prove_it_once(tmp_path: Path, database_url: str) -> None:
    with staged(tmp_path, database_url) as app:
        assert kill_and_check(app, kills=3, kinds=["account"]) >= 3


@pytest.mark.slow
def test_fifty_kills_leave_nothing_and_prove_it_once(tmp_path: Path, each_database: str) -> None:
    with staged(tmp_path, each_database) as app:
        assert kill_and_check(app, kills=50, kinds=["account", "person"], copies=True, fresh=True) >= 50
