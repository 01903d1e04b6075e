"""Stored files: encrypted, tamper-evident, gone when the transaction or the row is gone, typed by content."""

from __future__ import annotations

import io
import random
import stat
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from moto.server import ThreadedMotoServer
from PIL import Image
from werkzeug.datastructures import FileStorage

from logicrm.core import crypto, files, filestore, jobs, tenancy
from logicrm.core.filecipher import CHUNK_BYTES, TAG_BYTES, decrypt, encrypt
from logicrm.core.files import DamagedFile, FileTombstone, MissingFile, StoredFile, UnacceptableFile
from logicrm.core.jobs_worker import run_worker
from logicrm.core.schema import new_id
from logicrm.extensions import db
from tests.core import mechanisms

MIB = 1024 * 1024
KEY, BOUND = bytes(range(32)), b"this row"
HEADER = 11


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"s3://key:se%2Fcret@{host}:{port}/logicrm?secure=0"
    server.stop()


@pytest.fixture(params=["local", "s3"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    url = request.getfixturevalue("s3") if request.param == "s3" else ""
    app = mechanisms.make_app(tmp_path, FILES_URL=url)
    app.extensions["test.workspace"] = mechanisms.make_tables(app)
    if url:
        client = filestore.S3Store(url).client
        if client.bucket_exists("logicrm"):
            for thing in list(client.list_objects("logicrm", recursive=True)):
                client.remove_object("logicrm", thing.object_name)
        else:
            client.make_bucket("logicrm")
    yield app


@pytest.fixture
def inside(stage: Flask) -> Iterator[uuid.UUID]:
    with tenancy.working_in(stage, stage.extensions["test.workspace"]):
        yield stage.extensions["test.workspace"]


def contents() -> list[str]:
    return list(files.store().keys(older_than=timedelta(seconds=-5)))


def save(content: bytes = b"lorry", **options: object) -> StoredFile:
    given = {"name": "bill.pdf", "kind": "attachment", "max_bytes": 9 * MIB, **options}
    return files.save(io.BytesIO(content), **given)


# ------------------------------------------------------------------ the cipher


@pytest.mark.promise("rest")
@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 7])
def test_what_goes_in_comes_out_and_cannot_be_read_in_between(size: int) -> None:
    plain = random.Random(size).randbytes(size)
    pieces = [plain[at : at + 999] for at in range(0, size, 999)]
    sealed = b"".join(encrypt(pieces, KEY, BOUND))
    assert b"".join(decrypt(io.BytesIO(sealed), KEY, BOUND)) == plain
    assert len(sealed) == HEADER + size + max(1, -(-size // CHUNK_BYTES)) * TAG_BYTES
    assert size < 16 or plain[:16] not in sealed


def test_every_way_to_change_the_content_is_noticed() -> None:
    plain = random.Random(1).randbytes(3 * CHUNK_BYTES)
    sealed = b"".join(encrypt([plain], KEY, BOUND))
    full = CHUNK_BYTES + TAG_BYTES
    first, second, third = (sealed[HEADER + n * full : HEADER + (n + 1) * full] for n in range(3))
    header = sealed[:HEADER]
    other = b"".join(encrypt([plain], KEY, BOUND))[HEADER : HEADER + full]
    chance = random.Random(2)
    flipped = []
    for _ in range(40):
        damaged = bytearray(sealed)
        damaged[chance.randrange(len(sealed))] ^= 1 << chance.randrange(8)
        flipped.append(bytes(damaged))
    for damaged in [
        header + first + second,  # the last chunk cut off
        header + first + second + third[:-1],
        header + second + first + third,  # moved
        header + first + first + second + third,  # repeated
        header + first + second + third + third,
        header + other + second + third,  # taken from the same content sealed another time
        header,
        b"",
        b"LGF\x02" + sealed[4:],  # a version of tomorrow
        *flipped,
    ]:
        with pytest.raises(DamagedFile):
            list(decrypt(io.BytesIO(damaged), KEY, BOUND))
    with pytest.raises(DamagedFile):
        list(decrypt(io.BytesIO(sealed), KEY, b"another row"))
    with pytest.raises(DamagedFile):
        list(decrypt(io.BytesIO(sealed), bytes(32), BOUND))


# ------------------------------------------------------------------ storing


@pytest.mark.promise("rest")
def test_a_file_survives_a_new_context_and_lies_encrypted(stage: Flask, inside: uuid.UUID) -> None:
    content = b"Anna Popescu, Bucharest " * 9000
    file = save(content, name="C:\\docs\\ho\u0300a đơn.pdf", entity="lead", entity_id=new_id())
    db.session.commit()
    assert (file.name, file.media_type, file.size) == ("hòa đơn.pdf", "application/pdf", len(content))
    assert files.read(file) == content
    target = io.BytesIO()
    assert files.export(file, target) == len(content)
    assert target.getvalue() == content
    assert len(contents()) == 1
    with closing(files.store().open(contents()[0])) as stream:
        assert b"Popescu" not in stream.read()


def test_local_files_are_private_and_under_random_names(tmp_path: Path) -> None:
    app = mechanisms.make_app(tmp_path)
    with tenancy.working_in(app, mechanisms.make_tables(app)):
        file = save(name="passport-anna.pdf")
        db.session.commit()
        root = tmp_path / "files"
        for path in [root, *root.rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
            assert "anna" not in path.name
        with pytest.raises(ValueError):
            files.store().open("../keys/master.key")
        (root / file.storage_key).unlink()
        with pytest.raises(MissingFile):
            files.read(file)


def test_a_rollback_takes_the_content_along(inside: uuid.UUID) -> None:
    save()
    assert len(contents()) == 1
    db.session.rollback()
    assert contents() == []
    save()
    db.session.remove()  # a request that ends without a commit
    assert contents() == []
    save()
    with pytest.raises(ZeroDivisionError), db.session.begin_nested():
        save()
        1 / 0
    db.session.commit()
    assert len(db.session.scalars(sa.select(StoredFile)).all()) == 1
    assert len(contents()) == 2  # the inner one is left to the sweep
    assert files.sweep_orphans(timedelta(seconds=-5)) == 1


def test_too_large_a_stream_is_refused_and_leaves_nothing(inside: uuid.UUID) -> None:
    with pytest.raises(UnacceptableFile, match="larger than 1 MB"):
        save(b"x" * (MIB + 1), max_bytes=MIB)
    db.session.rollback()
    assert contents() == []
    root = getattr(files.store(), "root", None)
    assert root is None or list(root.glob("unfinished-*")) == []


def test_deletion_removes_the_content_after_the_commit_only(stage: Flask, inside: uuid.UUID) -> None:
    file = save()
    db.session.commit()
    files.delete(file)
    db.session.rollback()
    assert files.read(file) == b"lorry"
    files.delete(file)
    db.session.commit()
    assert len(contents()) == 1
    run_worker(stage, until_idle=True)
    assert contents() == []
    assert db.session.scalars(sa.select(FileTombstone)).all() == []


def test_expired_files_go_with_the_sweep(stage: Flask, inside: uuid.UUID) -> None:
    save(name="old.pdf", expires_at=datetime.now(UTC) - timedelta(seconds=2))
    save(name="new.pdf", expires_at=datetime.now(UTC) + timedelta(hours=1))
    db.session.commit()
    with stage.app_context():
        jobs.enqueue("files.sweep")
        db.session.commit()
    time.sleep(0.05)
    run_worker(stage, until_idle=True)
    db.session.rollback()
    assert [file.name for file in db.session.scalars(sa.select(StoredFile))] == ["new.pdf"]
    assert len(contents()) == 1


def test_the_sweep_spares_fresh_content_and_other_workspaces(stage: Flask, inside: uuid.UUID) -> None:
    save()
    db.session.commit()
    key = filestore.new_key(inside)
    files.store().put(key, [b"left by a killed process"])
    with stage.app_context():
        other = mechanisms.add_workspace()
    with tenancy.working_in(stage, other):
        save()
        db.session.commit()
    assert files.sweep_orphans() == 0
    assert len(contents()) == 3
    assert files.sweep_orphans(timedelta(seconds=-5)) == 1
    assert key not in contents()


def test_work_that_starts_again_removes_what_its_killed_start_stored_and_nothing_else(
    stage: Flask, inside: uuid.UUID
) -> None:
    writer, other = uuid.uuid4(), uuid.uuid4()
    kept = save(b"saved", writer=writer)
    db.session.commit()
    files.store().put(filestore.new_key(inside, writer), [b"never committed"])
    root = getattr(files.store(), "root", None)
    if root is not None:
        half = f"unfinished-{filestore.keys_of(inside, writer).replace('/', '-')}00000000-0000"
        (root / half).write_bytes(b"half")
    spared = filestore.new_key(inside, other)
    files.store().put(spared, [b"of other work under way"])
    assert files.drop_unsaved(writer) == 1
    assert set(contents()) == {kept.storage_key, spared}
    assert root is None or list(root.glob("unfinished-*")) == []
    assert files.read(kept) == b"saved"
    assert files.drop_unsaved(uuid.uuid4()) == 0


def test_content_of_one_row_does_not_open_in_another(inside: uuid.UUID) -> None:
    mine, yours = save(b"mine"), save(b"yours")
    db.session.commit()
    mine.storage_key, mine.wrapped_key = yours.storage_key, yours.wrapped_key
    with pytest.raises(DamagedFile):
        files.read(mine)


def test_keys_are_wrapped_anew_without_touching_contents(stage: Flask, inside: uuid.UUID) -> None:
    file = save()
    db.session.commit()
    old, new = crypto.file_key(), bytes(reversed(range(32)))
    assert files.rewrap(old, new) == 1
    db.session.commit()
    stage.extensions["logicrm.keys"]["files"] = new
    assert files.read(file) == b"lorry"


def test_another_workspace_does_not_find_the_file(stage: Flask, inside: uuid.UUID) -> None:
    file_id = save().id
    db.session.commit()
    with stage.app_context():
        other = mechanisms.add_workspace()
    with tenancy.working_in(stage, other):
        assert db.session.scalar(sa.select(StoredFile).where(StoredFile.id == file_id)) is None
    with stage.app_context(), pytest.raises(tenancy.NoWorkspace):
        save()


def test_memory_stays_flat_for_a_large_file(tmp_path: Path) -> None:
    script = """
import io, resource, sys, uuid
from pathlib import Path
from logicrm.core import files, tenancy
from logicrm.extensions import db
from tests.core import mechanisms

class Zeros(io.RawIOBase):
    left = 300 * 2**20
    def read(self, size=-1):
        size = min(size, self.left); self.left -= size; return bytes(size)

app = mechanisms.make_app(Path(sys.argv[1]))
with tenancy.working_in(app, mechanisms.make_tables(app)):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    file = files.save(Zeros(), name="a.bin", kind="export", max_bytes=2**30)
    db.session.commit()
    with files.open_file(file) as chunks:
        assert sum(map(len, chunks)) == 300 * 2**20
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=root, capture_output=True, text=True, check=True
    )
    assert int(done.stdout.split()[-1]) < 8 * 1024  # KiB


def test_a_process_killed_while_writing_leaves_nothing_under_a_key(tmp_path: Path) -> None:
    script = """
import os, sys, uuid
from pathlib import Path
from logicrm.core import filestore
def chunks():
    yield b"x" * 100_000
    os.kill(os.getpid(), 9)
filestore.LocalStore(Path(sys.argv[1])).put(filestore.new_key(uuid.uuid4()), chunks())
"""
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=root).returncode == -9
    store = filestore.LocalStore(tmp_path)
    assert len(list(tmp_path.glob("unfinished-*"))) == 1
    assert list(store.keys(older_than=timedelta(seconds=-5))) == []
    assert list(tmp_path.glob("unfinished-*")) == []


# ------------------------------------------------------------------ sending


def test_a_download_is_harmless_whatever_is_in_it(stage: Flask, inside: uuid.UUID) -> None:
    content = b"<script>alert(1)</script>" * 9000
    file = save(content, name='hóa "đơn"\r\n.html', media_type="text/csv")
    db.session.commit()
    with stage.test_request_context():
        answer = files.send_stored(file, inline=True)
        assert b"".join(answer.iter_encoded()) == content
        answer.close()
    headers = answer.headers
    assert headers["Content-Disposition"] == (
        "attachment; filename=\"hoa _don_.html\"; filename*=UTF-8''h%C3%B3a%20_%C4%91%C6%A1n_.html"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Length"] == str(len(content))


def test_a_damaged_file_is_not_begun_to_be_sent(tmp_path: Path) -> None:
    app = mechanisms.make_app(tmp_path)
    with tenancy.working_in(app, mechanisms.make_tables(app)):
        file = save()
        db.session.commit()
        path = tmp_path / "files" / file.storage_key
        path.write_bytes(path.read_bytes()[:-1])
        with app.test_request_context(), pytest.raises(DamagedFile):
            files.send_stored(file)


@pytest.mark.parametrize(
    "given, kept",
    [("../../etc/passwd", "passwd"), ("a\x00b\u202egpj.exe", "abgpj.exe"), ("", "file"), ("..", "file"),
     (".htaccess", "htaccess"), ("x" * 300 + ".pdf", "x" * 139 + ".pdf"), ("CON:aux|.txt", "CON_aux_.txt")],
)  # fmt: skip
def test_file_names_are_names(given: str, kept: str) -> None:
    assert files.clean_name(given) == kept


# ------------------------------------------------------------------ uploads


def picture(exif: Image.Exif) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(out, "JPEG", exif=exif.tobytes())
    return out.getvalue()


def test_an_upload_is_checked_cleaned_and_stored(inside: uuid.UUID) -> None:
    exif = Image.Exif()
    exif[0x010E] = "Anna at home"
    upload = FileStorage(io.BytesIO(picture(exif)), filename="pod.jpg", content_type="image/jpeg")
    file = files.save_upload(upload, "picture", entity="shipment", entity_id=new_id())
    db.session.commit()
    assert (file.kind, file.media_type) == ("picture", "image/jpeg")
    assert b"Anna" not in files.read(file)
    sheet = FileStorage(io.BytesIO(b"a;b\n"), filename="leads.csv", content_type="text/csv")
    assert files.read(files.save_upload(sheet, "import")) == b"a;b\n"
