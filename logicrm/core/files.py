"""Stored files: encrypted in a stream (`core.filecipher`), under random names, each with a key of its own.

The file's key is wrapped (RFC 3394) with the key-encryption key and lies in its row: without the row
the content is noise.

A transaction that rolls back takes its new content along. Deletion leaves a tombstone in the same
transaction, from which the worker removes the content, whenever somebody was killed.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import re
import unicodedata
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from typing import Any, BinaryIO
from urllib.parse import quote

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from flask import Response, current_app
from sqlalchemy import BigInteger, ColumnElement, Index, LargeBinary, String, and_, event, select
from sqlalchemy import delete as delete_from
from sqlalchemy import insert as insert_into
from sqlalchemy.orm import Mapped, Session
from werkzeug.datastructures import FileStorage

from logicrm.core import crypto, database, filetypes, jobs, tenancy
from logicrm.core.filecipher import CHUNK_BYTES, DamagedFile, decrypt, encrypt
from logicrm.core.filestore import MissingFile, Store, keys_of, new_key, store_for, workspace_of
from logicrm.core.filetypes import UnacceptableFile
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Keep, personal, plain
from logicrm.core.schema import Id, db_now, new_id
from logicrm.core.tenancy import InWorkspace, Person
from logicrm.extensions import db

EXPORT = "export"  # the one kind that the person of the portal may fetch
WRITTEN, COMMITTED = "logicrm.files.written", "logicrm.files.committed"


class StoredFile(InWorkspace, db.Model):
    """One file. `entity` and `entity_id` say whose or of what it is: ("user", id), ("lead", id) …

    Ids are unique over all tables, so a file that belongs to an account is found by the account's id
    alone; an area whose people have files says so once, with `belongs_to`.
    """

    __tablename__ = "stored_file"
    __label__ = _l("Files")
    __table_args__ = (Index(None, "workspace_id", "entity_id"), Index(None, "workspace_id", "storage_key"))
    __about__: tuple[About, ...] = (About("account", by="entity_id"),)
    __retention__ = (Keep("account", anchor="expires_at", days=0, why=_l("each file is stored with its own last day")),)

    kind: Mapped[str] = plain(String(30), why="what it is for: import, attachment, waybill, export …")
    name: Mapped[str] = personal(String(200), category="upload", keep="account", label=_l("File name"))
    media_type: Mapped[str] = plain(String(100), why="how it is sent back")
    size: Mapped[int] = plain(BigInteger, why="bytes of the content")
    sha256: Mapped[str] = personal(String(64), category="upload", keep="account", label=_l("SHA-256 of the file"))
    storage_key: Mapped[str] = plain(String(80), why="random name of the encrypted content")
    wrapped_key: Mapped[bytes] = plain(LargeBinary, why="the content's key, itself encrypted")
    entity: Mapped[str] = plain(String(40), default="", why="table of what it belongs to")
    entity_id: Mapped[uuid.UUID | None] = plain(Id(), why="row of what it belongs to")
    created_at: Mapped[datetime] = plain(why="when it was stored")
    expires_at: Mapped[datetime | None] = plain(why="its last day, where it has one")

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        return and_(cls.entity_id == person.subject_id, cls.kind == EXPORT)

    @property
    def bound_to(self) -> bytes:
        """What the content is tied to besides its key: it opens in this row only."""
        return self.workspace_id.bytes + self.id.bytes


class FileTombstone(db.Model):
    """Content that is to be removed from the store. A global table: the worker removes for all workspaces."""

    __tablename__ = "file_tombstone"
    __label__ = _l("Files that are being removed")

    id: Mapped[uuid.UUID] = plain(Id(), primary_key=True, default=new_id, why="names the entry")
    storage_key: Mapped[str] = plain(String(80), why="random name of the content to remove")
    created_at: Mapped[datetime] = plain(why="when the file was deleted")


def belongs_to(table: str, subject: str = "person") -> None:
    """Declare that files with `entity_id` in `table` are about whoever the row of that table is about."""
    mark = About(subject, via=("entity_id", table))
    if mark not in StoredFile.__about__:
        StoredFile.__about__ = (*StoredFile.__about__, mark)


# ---------------------------------------------------------------------------------- storing


def save(
    stream: BinaryIO | bytes,
    *,
    name: str,
    kind: str,
    max_bytes: int,
    entity: str = "",
    entity_id: uuid.UUID | None = None,
    media_type: str | None = None,
    expires_at: datetime | None = None,
    writer: uuid.UUID | None = None,
) -> StoredFile:
    """Encrypt a stream into the store and add its row; the caller commits, a rollback removes the content.

    The content is taken as it is: files that somebody sent go through `save_upload`. `media_type` is
    guessed from the name when it is not given. `writer` names work that may be killed before its commit and
    started again: it begins with `drop_unsaved(writer)`. Raises UnacceptableFile above `max_bytes`.
    """
    workspace_id = tenancy.current()
    if workspace_id is None:
        raise tenancy.NoWorkspace("a file is stored in a workspace")
    source = io.BytesIO(stream) if isinstance(stream, bytes) else stream
    digest, size = hashlib.sha256(), 0

    def measured() -> Iterator[bytes]:
        nonlocal size
        while piece := source.read(CHUNK_BYTES):
            size += len(piece)
            if size > max_bytes:
                raise UnacceptableFile(f"This file is larger than {max_bytes // filetypes.MIB or 1} MB.")
            digest.update(piece)
            yield piece

    key = AESGCM.generate_key(256)
    file = StoredFile(
        id=new_id(), workspace_id=workspace_id, kind=kind, name=clean_name(name),
        media_type=media_type or _media_type(name), storage_key=new_key(workspace_id, writer),
        wrapped_key=aes_key_wrap(crypto.file_key(), key), entity=entity, entity_id=entity_id,
        created_at=db_now(), expires_at=expires_at,
    )  # fmt: skip
    store().put(file.storage_key, encrypt(measured(), key, file.bound_to))
    db.session.info.setdefault(WRITTEN, []).append((store(), file.storage_key))
    file.size, file.sha256 = size, digest.hexdigest()
    db.session.add(file)
    return file


def save_upload(
    upload: FileStorage,
    purpose: str,
    *,
    kind: str | None = None,
    entity: str = "",
    entity_id: uuid.UUID | None = None,
    expires_at: datetime | None = None,
) -> StoredFile:
    """Check what somebody sent and store it; pictures are encoded anew, so place and camera are gone.

    `purpose` is a key of filetypes.UPLOADS, and the kind unless one is given. Raises UnacceptableFile.
    """
    name = upload.filename or ""
    source: BinaryIO = upload.stream  # type: ignore[assignment]
    found = filetypes.accept(source, name, upload.content_type, purpose)
    content: BinaryIO | bytes = filetypes.clean_image(source, found.name) if found.name in filetypes.IMAGES else source
    return save(
        content, name=name, kind=kind or purpose, entity=entity, entity_id=entity_id, media_type=found.media_type,
        max_bytes=filetypes.UPLOADS[purpose].max_bytes, expires_at=expires_at,
    )  # fmt: skip


def clean_name(name: str) -> str:
    """A file name without folders, control and direction marks, at most 150 characters; never empty."""
    last = re.split(r"[\\/]", name)[-1]
    kept = "".join(c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C")
    kept = re.sub(r'[<>:"|?*;]', "_", kept).strip(". ")
    stem, dot, suffix = kept.rpartition(".")
    if dot and len(suffix) <= 10:
        return f"{stem[:139]}.{suffix}" if stem else suffix
    return kept[:150] or "file"


def _media_type(name: str) -> str:
    suffix = "." + name.rpartition(".")[2].lower()
    return next((t.media_type for t in filetypes.TYPES.values() if suffix in t.suffixes), "application/octet-stream")


def store() -> Store:
    """The application's store."""
    made = current_app.extensions.get("logicrm.store")
    if made is None:
        made = store_for(current_app.config["FILES_URL"], current_app.config["INSTANCE"])
        current_app.extensions["logicrm.store"] = made
    return made


@event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    if WRITTEN in session.info and not session.in_nested_transaction():
        session.info[COMMITTED] = True


@event.listens_for(Session, "after_transaction_end")
def _ended(session: Session, transaction: Any) -> None:
    if transaction.parent is not None or WRITTEN not in session.info:
        return
    written = session.info.pop(WRITTEN)
    if not session.info.pop(COMMITTED, False):
        for where, key in written:
            where.remove(key)


# ---------------------------------------------------------------------------------- reading


@contextmanager
def open_file(file: StoredFile) -> Iterator[Iterator[bytes]]:
    """The content in chunks of up to 64 KiB, decrypted one at a time:

        with open_file(file) as chunks: ...

    Raises MissingFile, and DamagedFile at the chunk that does not hold.
    """
    key = aes_key_unwrap(crypto.file_key(), file.wrapped_key)
    with closing(store().open(file.storage_key)) as stream:
        yield decrypt(stream, key, file.bound_to)


def read(file: StoredFile) -> bytes:
    """The whole content. Raises MissingFile and DamagedFile."""
    with open_file(file) as chunks:
        return b"".join(chunks)


def export(file: StoredFile, target: BinaryIO) -> int:
    """Write the content to an open binary file, for an archive of somebody's data; return its bytes."""
    with open_file(file) as chunks:
        return sum(target.write(chunk) for chunk in chunks)


def send_stored(file: StoredFile, *, inline: bool = False) -> Response:
    """Answer with the content, as a download that a browser neither runs nor guesses about.

    `inline` shows pictures in a page of ours; anything else is a download all the same. The first
    chunk is checked before the answer begins; damage further on breaks the connection off.
    """
    stack = ExitStack()
    chunks = stack.enter_context(open_file(file))
    try:
        first = next(chunks)
    except BaseException:
        stack.close()
        raise
    shown = inline and file.media_type in filetypes.INLINE
    answer = Response(itertools.chain([first], chunks), content_type=file.media_type)
    answer.call_on_close(stack.close)
    answer.content_length = file.size
    answer.headers["Content-Disposition"] = disposition(file.name, inline=shown)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def disposition(name: str, *, inline: bool = False) -> str:
    """Content-Disposition of RFC 6266: an ASCII name for old programs and the true one in UTF-8."""
    name = clean_name(name)
    folded = unicodedata.normalize("NFKD", name.replace("đ", "d").replace("Đ", "D"))
    ascii_name = re.sub(r"[^A-Za-z0-9 ._()+-]", "_", folded.encode("ascii", "ignore").decode()) or "file"
    return f"{'inline' if inline else 'attachment'}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"


# ---------------------------------------------------------------------------------- removing


def delete(file: StoredFile) -> None:
    """Delete a file: its row with the caller's commit, its content by the worker right after."""
    db.session.delete(file)
    jobs.enqueue("files.bury", workspace_id=None)


@event.listens_for(StoredFile, "before_delete")
def _leave_tombstone(_mapper: Any, connection: Any, file: StoredFile) -> None:
    # Whatever deletes the row through the session leaves one, cascades included.
    connection.execute(
        insert_into(FileTombstone).values(id=new_id(), storage_key=file.storage_key, created_at=db_now())
    )


def bury() -> int:
    """Remove the content of files whose deletion was committed; return how many. The caller commits."""
    stones = db.session.execute(select(FileTombstone.id, FileTombstone.storage_key)).all()
    for stone in stones:
        store().remove(stone.storage_key)
    for batch in _batches([stone.id for stone in stones], 500):
        db.session.execute(delete_from(FileTombstone).where(FileTombstone.id.in_(batch)))
    return len(stones)


def delete_expired() -> int:
    """Delete the workspace's files past their last day by the database's clock. The caller commits."""
    expired = db.session.scalars(select(StoredFile).where(StoredFile.expires_at < db_now())).all()
    for file in expired:
        delete(file)
    return len(expired)


def sweep_orphans(older_than: timedelta = timedelta(hours=1)) -> int:
    """Remove content that no row speaks of and that is too old to be awaiting its commit; return how much.

    What a killed process, a bulk DELETE or a closed workspace left. Each workspace is asked about its
    own keys, from inside, so that no query here sees two of them.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    where, removed = store(), 0
    for workspace_id, keys in itertools.groupby(where.keys(older_than=older_than), workspace_of):
        for batch in _batches(keys, 500):
            with tenancy.working_in(app, workspace_id), database.reading():
                known = set(db.session.scalars(select(StoredFile.storage_key).where(StoredFile.storage_key.in_(batch))))
            for key in batch:
                if key not in known:
                    where.remove(key)
                    removed += 1
    return removed


def drop_unsaved(writer: uuid.UUID) -> int:
    """Remove what earlier starts of this work stored in the workspace and never committed; return how much.

    Only for a job that holds its lease: whoever else is still at the same work cannot commit any more.
    """
    workspace_id, where, removed = tenancy.current(), store(), 0
    if workspace_id is None:
        raise tenancy.NoWorkspace("a file is stored in a workspace")
    # However young, and whatever the clock of the store says.
    written = set(where.keys(older_than=timedelta(hours=-1), under=keys_of(workspace_id, writer)))
    with database.reading():
        saved = set(db.session.scalars(select(StoredFile.storage_key).where(StoredFile.storage_key.in_(written))))
        db.session.rollback()
    for key in written - saved:
        where.remove(key)
        removed += 1
    return removed


def rewrap(old: bytes, new: bytes) -> int:
    """Wrap the workspace's file keys with a new key-encryption key; contents stay. The caller commits."""
    rows = db.session.scalars(select(StoredFile)).all()
    for file in rows:
        file.wrapped_key = aes_key_wrap(new, aes_key_unwrap(old, file.wrapped_key))
    return len(rows)


def _batches(things: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(things)
    while batch := list(itertools.islice(rest, size)):
        yield batch


@jobs.job("files.bury", title=_l("Remove deleted files"))
def _bury(job: jobs.JobContext) -> None:
    bury()
    job.finish_in_this_transaction()
    db.session.commit()


@jobs.every("files.sweep", seconds=3600, title=_l("Remove expired files and leftovers"), long=True)
def _sweep(job: jobs.JobContext) -> None:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    for workspace_id in {workspace_of(key) for key in store().keys(older_than=timedelta(0))}:
        with tenancy.working_in(app, workspace_id):
            delete_expired()
            db.session.commit()
    bury()
    db.session.commit()
    sweep_orphans()


__all__ = [
    "DamagedFile", "FileTombstone", "MissingFile", "StoredFile", "UnacceptableFile", "belongs_to", "bury",
    "clean_name", "delete", "delete_expired", "disposition", "drop_unsaved", "export", "open_file", "read", "rewrap", "save",
    "save_upload", "send_stored", "store", "sweep_orphans",
]  # fmt: skip
