"""After a purge nothing of the person is left in any byte that is kept, and nothing of anybody else is touched."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pypdf
import pytest
import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import event, select, update

from logicrm import create_app
from logicrm.accounts.models import User
from logicrm.core import audit, files, jobs, mail, search, subjects, tenancy
from logicrm.core.jobs_worker import run_worker
from logicrm.extensions import db
from logicrm.privacy import certificate, deletion, export, ledger, purge, signing, walk
from logicrm.privacy import jobs as privacy_jobs
from logicrm.privacy.models import Deletion, DeletionState
from logicrm.privacy.subjects import make_known
from tests.privacy.planting import CANARY, NOW, Plantation, bytes_kept, hits, make_place, make_user, row_hashes

EMAIL = "qzjx9001w@canary.example"


@pytest.fixture
def bare(tmp_path):
    """An application on an unencrypted file, otherwise as in production: WAL, secure_delete, one worker."""
    app = create_app(
        {
            "INSTANCE": tmp_path, "TESTING": True, "WTF_CSRF_ENABLED": False, "MAIL_URL": "file:",
            "BASE_URL": "http://localhost", "TRUSTED_HOSTS": ["localhost"],
            "DATABASE_URL": f"sqlite:///{tmp_path / 'bare.db'}", "JOBS_BACKOFF_S": 0.02,
        }
    )  # fmt: skip
    with app.app_context():
        _without_key(db.engine)
        db.create_all()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _without_key(engine) -> None:
    """Swallow PRAGMA key: listeners see a cursor that ignores it."""
    engine.dispose()
    opened = engine.dialect.connect

    class Connection(sqlcipher.Connection):
        def cursor(self, *args):
            real = super().cursor(*args)
            return _Cursor(real)

    class _Cursor:
        def __init__(self, real):
            self._real = real

        def execute(self, statement, *args):
            return self if statement.startswith("PRAGMA key") else self._real.execute(statement, *args)

        def __getattr__(self, name):
            return getattr(self._real, name)

        def __iter__(self):
            return iter(self._real)

    def connect(*args, **values):
        return opened(*args, factory=Connection, **values)

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect, _record, cargs, cparams):
        return connect(*cargs, **cparams)


def stage(app) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    with app.app_context():
        place = make_place("harbour")
        make_user(place, "Olga Owner", "olga@canary.example", "owner")
        victim = make_user(place, f"{CANARY}0000w Name", EMAIL)
        other = make_user(place, "Uma Untouched", "uma@canary.example")
        db.session.commit()
        return place, victim, other


def purge_now(app, deletion_id) -> Deletion:
    with app.app_context():
        db.session.execute(
            update(Deletion).where(Deletion.id == deletion_id).values(due_at=purge.db_time() - timedelta(seconds=1))
        )
        db.session.commit()
        place = purge.get(deletion_id).workspace_id
        db.session.rollback()
    with tenancy.working_in(app, place):
        assert privacy_jobs.run_purge(deletion_id)
    with app.app_context():
        return purge.get(deletion_id)


def clutter(app, place, subject_id, kind: str) -> None:
    """Mail that was sent, a file, a finished copy: everything through the program's own ways."""
    with tenancy.working_in(app, place):
        subject = subjects.load(kind, subject_id)
        files.save(
            f"{CANARY}7777w content".encode() * 50, name=f"{CANARY}7778w.txt", kind="attachment", max_bytes=10**6,
            entity=kind, entity_id=subject_id, media_type="text/plain",
        )  # fmt: skip
        export.request_export(subject)
        db.session.commit()
    run_worker(app, until_idle=True, threads=1)


@pytest.mark.promise("erasure")
@pytest.mark.promise("retention")
@pytest.mark.parametrize("kind", ["account", "person"])
def test_zero_bytes_are_left(bare, tmp_path, kind):
    place, victim, _other = stage(bare)
    with tenancy.working_in(bare, place):
        subject_id = victim if kind == "account" else make_known(EMAIL, now=NOW).id
        subject = subjects.load(kind, subject_id)
        planted = Plantation(subject, place)
        for _row in range(25):  # enough that pages split and merge
            planted.plant()
        db.session.commit()
    clutter(bare, place, subject_id, kind)
    needles = [CANARY.lower(), EMAIL]
    assert hits(bytes_kept(tmp_path), needles)  # the search would see them
    with tenancy.working_in(bare, place):
        subject = subjects.load(kind, subject_id)
        found = walk.find(subject)
        assert set(planted.ids) - set(found.tables) == set()
        assert len(planted.values) > 12, planted.skipped
        row = deletion.schedule(subject)
        db.session.commit()
        deletion_id = row.id
    run_worker(bare, until_idle=True, threads=1)
    done = purge_now(bare, deletion_id)
    assert done.state == DeletionState.PURGED and done.step == "evidence" and done.sealed is None
    if kind == "person":  # the user with the same address is another subject and stays
        with bare.app_context():
            db.session.execute(
                update(User).where(User.id == victim).values(name="x", email="x@x.example", job_title="")
            )
            db.session.commit()
            purge.clean_pages()
    with bare.app_context():
        db.session.remove()
        purge.clean_pages()
    assert hits(bytes_kept(tmp_path), needles) == []


def test_the_search_for_bytes_sees_what_a_plain_delete_leaves(bare, tmp_path):
    """The test of the test: without secure_delete and checkpoint the name is still there."""
    stage(bare)
    with bare.app_context(), db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA secure_delete = OFF")
        connection.exec_driver_sql(f"delete from user where email = '{EMAIL}'")
        connection.commit()
    assert hits(bytes_kept(tmp_path), [CANARY.lower()])


def test_nobody_else_is_touched(app, inside, cast):
    with inside():
        place = cast.alpha
        for who in ("sue", "bob"):
            planted = Plantation(subjects.load("account", cast.users[who]), place)
            planted.plant()
        before_ids = _keys(walk.find(subjects.load("account", cast.users["bob"])))
        db.session.commit()
    with inside():
        row = deletion.schedule(subjects.load("account", cast.users["bob"]))
        db.session.commit()
        deletion_id = row.id
    changing = {deletion_id}
    with app.app_context():
        before = row_hashes(before_ids | changing)
    purge_now(app, deletion_id)
    with app.app_context():
        after = row_hashes(before_ids | changing)
    ours = ("audit_", "watermark:", "job:", "outgoing_mail:", "deletion_link:")
    assert {k: v for k, v in before.items() if not k.startswith(ours)} == {
        k: v for k, v in after.items() if not k.startswith(ours)
    }


def _keys(found) -> set:
    return {key for rows in found.tables.values() for key in rows.by_key}


def test_a_shared_trace_stays_without_the_person(app, inside, cast):
    """What bob did for the business stays, unlinked from him."""
    from logicrm.core import history

    with inside():
        history.begin("edit", by=cast.users["bob"], now=NOW)
        db.session.commit()
        row = deletion.schedule(subjects.load("account", cast.users["bob"]))
        db.session.commit()
        deletion_id = row.id
    purge_now(app, deletion_id)
    with inside():
        left = db.session.scalars(select(history.ChangeSet)).all()
        assert [one.made_by for one in left] == [None]


@pytest.mark.promise("erasure.certificate")
def test_the_certificate_lists_counts_and_holds_no_personal_value(app, inside, cast):
    with inside():
        row = deletion.schedule(subjects.load("account", cast.users["bob"]))
        db.session.commit()
        deletion_id, reference = row.id, row.reference
    purge_now(app, deletion_id)
    with app.app_context():
        done = purge.get(deletion_id)
        assert signing.holds(done.certificate, done.signature)
        assert not signing.holds(done.certificate | {"reference": "LC-OTHER"}, done.signature)
        tallies = {one["class"]: one for one in done.certificate["classes"]}
        assert tallies["account"]["deleted"] >= 2
        assert tallies["requests"]["kept"] == 1 and tallies["requests"]["kept_because"] == "accountability"
        paper = certificate.pdf(done)
    reader = pypdf.PdfReader(BytesIO(paper))
    text = " ".join(page.extract_text() for page in reader.pages)
    assert reference in text and "bob" not in text.lower()
    inside_it = json.loads(reader.attachments["certificate.json"][0])
    assert inside_it["reference"] == reference and "bob" not in json.dumps(inside_it).lower()


def test_the_last_notice_reaches_the_person_and_leaves_no_address(app, inside, cast):
    instance: Path = app.config["INSTANCE"]
    with inside():
        row = deletion.schedule(subjects.load("account", cast.users["bob"]))
        db.session.commit()
        deletion_id, reference = row.id, row.reference
    purge_now(app, deletion_id)
    copies = [path.read_text() for path in (instance / "mail").glob("*.eml")]
    notices = [text for text in copies if "Your data is deleted" in text and reference in text]
    assert len(notices) == 1
    assert not [text for text in copies if "bob@alpha.example" in text]
    with app.app_context():
        rows = db.session.scalars(select(mail.OutgoingMail)).all()
        assert [row.to_address for row in rows] == [""]
        assert purge.get(deletion_id).sealed is None


def test_the_ledger_begins_before_anything_goes_and_names_nobody(app, inside, cast, monkeypatch):
    with inside():
        subject = subjects.load("account", cast.users["bob"])
        row = deletion.schedule(subject)
        db.session.commit()
        deletion_id = row.id
    seen = []
    monkeypatch.setitem(privacy_jobs.STEPS, "files", lambda own, take: seen.append(ledger.latest(str(take().id))))
    purge_now(app, deletion_id)
    assert seen == ["begin"]
    with app.app_context():
        text = ledger.path().read_text()
        assert "bob" not in text and str(cast.users["bob"]) not in text
        assert ledger.to_replay()[subject.key]["event"] == "done"


def test_it_goes_on_where_it_stopped(app, inside, cast, monkeypatch):
    """A fault in every step once: the job starts again at that step, and the counts are those of one purge."""
    with inside():
        row = deletion.schedule(subjects.load("account", cast.users["bob"]))
        db.session.commit()
        deletion_id = row.id
    with app.app_context():
        db.session.execute(update(Deletion).values(due_at=purge.db_time() - timedelta(seconds=1)))
        db.session.commit()
    for name in list(privacy_jobs.STEPS):
        real = privacy_jobs.STEPS[name]

        def broken(own, take, real=real):
            real(own, take)
            raise OSError("the disk is full")

        monkeypatch.setitem(privacy_jobs.STEPS, name, broken)
        with app.app_context(), pytest.raises(OSError):
            privacy_jobs.run_purge(deletion_id)
        monkeypatch.setitem(privacy_jobs.STEPS, name, real)
    with app.app_context():
        assert privacy_jobs.run_purge(deletion_id)
        done = purge.get(deletion_id)
        assert done.state == DeletionState.PURGED
        assert {one["class"]: one["deleted"] for one in done.certificate["classes"]}["account"] >= 2
        assert db.session.get(User, cast.users["bob"]) is None


@pytest.mark.parametrize("step", list(privacy_jobs.STEPS))
def test_two_starts_of_a_purge_do_each_step_once(app, inside, cast, monkeypatch, step):
    """A start that was paused before a step finds, when it goes on, that another has done the rest."""
    with inside():
        row = deletion.schedule(subjects.load("account", cast.users["bob"]), at_once=True)
        db.session.commit()
        deletion_id = row.id
    real, seen = privacy_jobs.STEPS[step], []

    def paused(own, take):
        monkeypatch.setitem(privacy_jobs.STEPS, step, real)
        db.session.rollback()
        with app.app_context():
            assert privacy_jobs.run_purge(deletion_id)
            seen.append(purge.get(deletion_id).certificate)
        real(own, take)

    monkeypatch.setitem(privacy_jobs.STEPS, step, paused)
    with app.app_context():
        assert privacy_jobs.run_purge(deletion_id)
        done = purge.get(deletion_id)
        assert [done.certificate] == seen and done.step == purge.LAST_STEP
        assert [one["event"] for one in ledger.entries() if one["deletion"] == str(deletion_id)] == ["begin", "done"]
        assert [one.to_address for one in db.session.scalars(select(mail.OutgoingMail))] == [""]
    with inside():
        told = select(audit.AuditEvent).where(audit.AuditEvent.action == "deletion.purged")
        assert len(db.session.scalars(told).all()) == 1


def test_an_erased_row_is_not_found_by_search(app, inside, cast):
    with inside():
        entry = search.SearchEntry(workspace_id=cast.alpha, kind="user", ref_id=cast.users["bob"], body="qzjx search")
        db.session.add(entry)
        db.session.flush()
        subject = make_known("q@canary.example", now=NOW)
        db.session.add(
            search.SearchEntry(workspace_id=cast.alpha, kind="data_subject", ref_id=subject.id, body="qzjx person")
        )
        db.session.commit()
        deletion_id = deletion.schedule(subjects.load("person", subject.id)).id
        db.session.commit()
    purge_now(app, deletion_id)
    with inside():
        assert [kind for kind, _id in search.find("qzjx")] == ["user"]


def test_jobs_are_registered():
    assert {"privacy.purge", "privacy.remind", "privacy.export", "privacy.sweep", "privacy.retain"} <= set(
        jobs.HANDLERS
    )
