"""kill -9 at random moments of the building of copies: one usable copy for each request, one letter, nothing stray."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
import zipfile
from email import message_from_bytes, policy
from pathlib import Path

import pypdf
import pytest
from flask import Flask
from sqlalchemy import select

from logicrm.core import files, jobs, mail, subjects, tenancy
from logicrm.core.subjects import Subject
from logicrm.extensions import db
from logicrm.privacy import export, export_document
from logicrm.privacy.models import Export, ExportState
from logicrm.privacy.subjects import make_known
from tests.killing import Killer, staged, stray_files
from tests.privacy.planting import NOW, Plantation, make_place, make_user

Asked = list[tuple[str, uuid.UUID, uuid.UUID]]  # kind and id of the subject, id of the export


def ask(app: Flask, place: uuid.UUID, *, planted: bool) -> Asked:
    """A colleague with a file of theirs and an end customer ask for a copy; `planted`: with rows in every table."""
    name = uuid.uuid4().hex[:12]
    asked = []
    with app.app_context():
        user = make_user(place, f"Una {name}", f"{name}@a.example")
        db.session.commit()
    with tenancy.working_in(app, place):
        person = make_known(f"{name}@b.example", now=NOW).id
        db.session.commit()
        for kind, subject_id in (("account", user), ("person", person)):
            subject = subjects.load(kind, subject_id)
            assert subject is not None
            if planted:
                Plantation(subject, place).plant()
            if kind == "account":
                files.save(name.encode() * 9000, name="licence.txt", kind="attachment", max_bytes=10**6, entity="user",
                           entity_id=user, media_type="text/plain")  # fmt: skip
            asked.append((kind, subject_id, export.request_export(subject).id))
        db.session.commit()
    return asked


def check(app: Flask, place: uuid.UUID, asked: Asked) -> None:
    assert stray_files(app) == []
    with tenancy.working_in(app, place):
        for kind, subject_id, export_id in asked:
            subject = subjects.load(kind, subject_id)
            assert subject is not None
            copy_is_whole(subject, export_id)
            one_letter(app, subject)


def copy_is_whole(subject: Subject, export_id: uuid.UUID) -> None:
    """One file of each format, each as the request's row, the signed manifest and the archive's list describe it."""
    states = [ExportState.ASKED, ExportState.BUILDING, ExportState.READY]  # the planted row has none of them
    (row,) = db.session.scalars(select(Export).where(Export.subject_id == subject.id, Export.state.in_(states)))
    assert (row.id, row.state, row.fault) == (export_id, ExportState.READY, "")
    assert set(row.files) == ({"json", "pdf", "zip"} if subject.kind == "account" else {"json", "pdf"})
    stored = db.session.scalars(
        select(files.StoredFile).where(files.StoredFile.entity_id == subject.id, files.StoredFile.kind == files.EXPORT)
    ).all()
    assert {str(file.id) for file in stored} == {one["id"] for one in row.files.values()}
    assert len(stored) == len(row.files)
    content = {}
    for kind, one in row.files.items():
        content[kind] = files.read(export.take(subject, export_id, kind))
        assert hashlib.sha256(content[kind]).hexdigest() == one["sha256"] and len(content[kind]) == one["bytes"]
    document = json.loads(content["json"])
    assert export_document.is_genuine(document)
    assert document["manifest"]["id"] == str(export_id)
    assert document["manifest"]["records"] == row.records == sum(len(one["rows"]) for one in document["sections"])
    reader = pypdf.PdfReader(io.BytesIO(content["pdf"]))
    assert reader.attachments["personal-data.json"] == [content["json"]]
    if "zip" in content:
        archive = zipfile.ZipFile(io.BytesIO(content["zip"]))
        assert archive.testzip() is None
        for line in archive.read("SHA256SUMS").decode().splitlines():
            fingerprint, name = line.split("  ")
            assert hashlib.sha256(archive.read(name)).hexdigest() == fingerprint
        listed = [one for one in document["manifest"]["files"] if one["name"] != "sections"]
        assert len(listed) == 1
        for one in listed:
            assert hashlib.sha256(archive.read(one["name"])).hexdigest() == one["sha256"]
        assert archive.read("personal-data.json") == content["json"]


def one_letter(app: Flask, subject: Subject) -> None:
    """One row, one message, one job that sent it."""
    (row,) = db.session.scalars(
        select(mail.OutgoingMail).where(
            mail.OutgoingMail.to_address == subject.emails[0],
            mail.OutgoingMail.subject == "The copy of your data is ready",
        )
    )
    assert row.state == mail.MailState.SENT
    written = [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in (app.config["INSTANCE"] / "mail").iterdir()
    ]
    assert [letter["Message-ID"] for letter in written if letter["To"] == subject.emails[0]] == [row.message_id]
    sent = [one for one in db.session.scalars(select(jobs.Job)) if one.args.get("mail") == str(row.id)]
    assert [one.state for one in sent] == [jobs.JobState.DONE]


def kill_and_check(app: Flask, *, kills: int, planted: bool = False, fresh: bool = False) -> int:
    with app.app_context():
        place = make_place("harbour")
        db.session.commit()
    # A copy is built in one piece: a worker must be able to live for as long as it takes, and a little longer.
    asked: list[Asked] = []

    def begin() -> Asked:
        asked.append(ask(app, place, planted=planted))
        return asked[-1]

    def states() -> str:
        with app.app_context():
            return ", ".join(str(db.session.get_one(Export, one[2]).state) for one in asked[-1])

    killer = Killer(app, "privacy.export", "mail.send", share=1.1, fresh=fresh, phase=states)
    begin()
    killer.measure()
    check(app, place, asked[0])
    assert killer.before_each_commit(begin, lambda one: check(app, place, one)) > 2
    return killer.rounds(kills, begin, lambda one: check(app, place, one))


def test_kills_lose_no_copy_and_build_none_twice(tmp_path: Path, database_url: str) -> None:
    with staged(tmp_path, database_url) as app:
        assert kill_and_check(app, kills=3) >= 3


@pytest.mark.slow
def test_fifty_kills_lose_no_copy_and_build_none_twice(tmp_path: Path, each_database: str) -> None:
    with staged(tmp_path, each_database) as app:
        assert kill_and_check(app, kills=50, planted=True, fresh=True) >= 50
