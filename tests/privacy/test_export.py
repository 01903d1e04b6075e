"""A copy of somebody's data: complete, explained, signed, only theirs, and gone in time."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import jsonschema
import pypdf
import pytest
from sqlalchemy import select, update

from logicrm.core import files, jobs, mail, subjects, tenancy
from logicrm.core.jobs_worker import run_worker
from logicrm.core.pii import personal_columns
from logicrm.extensions import db
from logicrm.privacy import deletion, export, export_document
from logicrm.privacy import jobs as privacy_jobs
from logicrm.privacy.models import Export, ExportState
from logicrm.privacy.subjects import make_known
from tests.privacy.planting import Plantation

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def work(app) -> None:
    run_worker(app, until_idle=True, threads=1)


@pytest.fixture
def copy_of_bob(bob, app, cast):
    """Bob asked for a copy through the page, with a file of his, and it was built."""
    with tenancy.working_in(app, cast.alpha):
        Plantation(subjects.load("account", cast.users["bob"]), cast.alpha).plant()
        files.save(b"a driving licence", name="licence.txt", kind="attachment", max_bytes=99, entity="user",
                   entity_id=cast.users["bob"], media_type="text/plain")  # fmt: skip
        db.session.commit()
    assert bob.post("/privacy/mine/copy").status_code == 303
    work(app)
    with app.app_context():
        return db.session.scalar(select(Export).where(Export.subject_id == cast.users["bob"], Export.records > 0,
                                                      Export.job_id.is_not(None), Export.ready_at.is_not(None))
                                 .order_by(Export.id.desc()))  # fmt: skip


def take(client, row, kind) -> bytes:
    answer = client.post(f"/privacy/mine/copy/{row.id}/{kind}")
    assert answer.status_code == 200
    return answer.data


@pytest.mark.promise("export.portable")
def test_the_json_is_valid_signed_and_equal_to_the_one_in_the_pdf(bob, copy_of_bob, stranger):
    data = take(bob, copy_of_bob, "json")
    document = json.loads(data)
    schema = stranger.get("/privacy/export-schema.json").get_json()
    jsonschema.Draft202012Validator(schema).validate(document)
    assert hashlib.sha256(data).hexdigest() == copy_of_bob.files["json"]["sha256"]
    reader = pypdf.PdfReader(io.BytesIO(take(bob, copy_of_bob, "pdf")))
    assert reader.attachments["personal-data.json"][0] == data
    key = stranger.get("/privacy/signing-key.json").get_json()["public_key"]
    assert document["manifest"]["public_key"] == key


@pytest.mark.promise("export.portable")
def test_a_changed_row_or_manifest_is_noticed(app, bob, copy_of_bob):
    document = json.loads(take(bob, copy_of_bob, "json"))
    with app.app_context():
        assert export_document.is_genuine(document)
        document["manifest"]["records"] += 1
        assert not export_document.is_genuine(document)
        document["manifest"]["records"] -= 1
        document["subject"]["name"] = "Eve"
        assert not export_document.is_genuine(document)


@pytest.mark.promise("export")
@pytest.mark.promise("explain")
def test_it_holds_every_personal_column_and_says_why_and_how_long(bob, copy_of_bob):
    document = json.loads(take(bob, copy_of_bob, "json"))
    sections = {section["table"]: section for section in document["sections"]}
    user = sections["user"]["rows"][0]
    for column, mark in personal_columns(db.metadata.tables["user"]):
        assert (column.name in user) is mark.export
    assert user["email"] == "bob@alpha.example"
    assert document["manifest"]["records"] == sum(len(s["rows"]) for s in document["sections"])
    for section in document["sections"]:
        assert section["keep"] and section["source"]
        assert all(one["basis"] for one in section["purposes"])
    assert any("Password" in left["what"] for left in document["manifest"]["omissions"])
    assert "argon2" not in json.dumps(document)
    assert {right["right"] for right in document["rights"]} >= {"Correct", "Delete", "Complain"}


def test_nothing_of_others_is_in_it(bob, copy_of_bob):
    text = take(bob, copy_of_bob, "json").decode()
    for other in ("alice@", "mallory@", "sue@", "Mallory"):
        assert other not in text


def test_the_archive_has_the_files_and_their_fingerprints(bob, copy_of_bob):
    archive = zipfile.ZipFile(io.BytesIO(take(bob, copy_of_bob, "zip")))
    assert archive.testzip() is None
    assert archive.read("files/0001-licence.txt") == b"a driving licence"
    for line in archive.read("SHA256SUMS").decode().splitlines():
        fingerprint, name = line.split("  ")
        assert hashlib.sha256(archive.read(name)).hexdigest() == fingerprint


def test_it_is_stored_encrypted_and_counted(app, bob, copy_of_bob):
    take(bob, copy_of_bob, "json")
    take(bob, copy_of_bob, "json")
    with app.app_context():
        assert db.session.get(Export, copy_of_bob.id).downloads == 2
    folder = app.config["INSTANCE"] / "files"
    assert not [p for p in folder.rglob("*") if p.is_file() and b"bob@alpha.example" in p.read_bytes()]


def test_nobody_else_gets_it(client_of, copy_of_bob):
    for name in ("alice", "sue", "mallory"):
        assert client_of(name).post(f"/privacy/mine/copy/{copy_of_bob.id}/json").status_code == 404


def test_a_get_hands_nothing_out(bob, copy_of_bob):
    assert bob.get(f"/privacy/mine/copy/{copy_of_bob.id}/json").status_code == 405


def test_it_is_gone_after_its_days(app, bob, copy_of_bob, cast):
    with app.app_context():
        row = db.session.get(Export, copy_of_bob.id)
        assert row.expires_at - row.ready_at <= timedelta(days=7, minutes=1)
        past = datetime.now(UTC) - timedelta(seconds=1)
        db.session.execute(update(Export).where(Export.id == copy_of_bob.id).values(expires_at=past))
        db.session.commit()
    assert bob.post(f"/privacy/mine/copy/{copy_of_bob.id}/json").status_code == 404
    with app.app_context():
        assert export.expire() >= 1
        db.session.commit()
        assert db.session.get(Export, copy_of_bob.id).state == ExportState.EXPIRED


def test_asking_twice_builds_one(inside, cast, app):
    with inside():
        subject = subjects.load("account", cast.users["bob"])
        first = export.request_export(subject).id
        assert export.request_export(subject).id == first
        db.session.commit()
        assert len(db.session.scalars(select(jobs.Job).where(jobs.Job.kind == "privacy.export")).all()) == 1


def test_a_failure_says_why_and_can_be_tried_again(bob, app, cast, monkeypatch):
    from logicrm.core.pdf import PdfUnavailable

    def broken(*_args, **_values):
        raise PdfUnavailable("PDF needs system libraries that are missing here.")

    bob.post("/privacy/mine/copy")
    with monkeypatch.context() as patched:
        patched.setattr(export, "render_pdf", broken)
        work(app)
    text = bob.get("/privacy/mine").text
    assert "system libraries that are missing" in text and "Try again" in text
    bob.post("/privacy/mine/copy")
    work(app)
    assert "Try again" not in bob.get("/privacy/mine").text


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_a_copy_whose_job_is_no_more_can_be_asked_for_again(bob, app, end):
    """The worker was killed again and again, or somebody stopped the job."""
    bob.post("/privacy/mine/copy")
    with app.app_context():
        db.session.execute(update(Export).values(state=ExportState.BUILDING))
        assert export.fail_lost() == 0
        db.session.execute(update(jobs.Job).values(state=end, key=None))
        db.session.commit()
        privacy_jobs.sweep_job(None)
    assert "Try again" in bob.get("/privacy/mine").text
    bob.post("/privacy/mine/copy")
    work(app)
    with app.app_context():
        assert sorted(db.session.scalars(select(Export.state))) == [ExportState.FAILED, ExportState.READY]


def test_a_persons_copy_is_built_in_their_workspace_and_they_are_told(inside, app, cast):
    with inside():
        subject = subjects.load("person", make_known("jane@example.com", now=NOW).id)
        export_id = export.request_export(subject).id
        db.session.commit()
    work(app)
    with inside():
        row = export.get_export(subject, export_id)
        assert row.state == ExportState.READY and "zip" not in row.files
        document = json.loads(files.read(export.take(subject, export_id, "json")))
        assert document["subject"]["emails"] == ["jane@example.com"]
        told = db.session.scalars(
            select(mail.OutgoingMail.subject).where(mail.OutgoingMail.to_address == "jane@example.com")
        )
        assert "The copy of your data is ready" in list(told)


def test_erasure_takes_the_copies_along(app, bob, copy_of_bob, cast):
    from tests.privacy.test_purge import purge_now

    with tenancy.working_in(app, cast.alpha):
        row = deletion.schedule(subjects.load("account", cast.users["bob"]))
        db.session.commit()
        deletion_id = row.id
    purge_now(app, deletion_id)
    with tenancy.working_in(app, cast.alpha):
        assert db.session.get(Export, copy_of_bob.id) is None
        assert db.session.scalars(select(files.StoredFile)).all() == []


def test_the_page_asks_few_questions_of_the_database(bob, count_queries, cast):
    with count_queries() as seen:
        assert bob.get("/privacy/mine").status_code == 200
    assert len(seen) <= 8, seen
