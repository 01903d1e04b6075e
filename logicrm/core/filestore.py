"""Where stored files lie: a local folder, or an S3-compatible store. Both hold ciphertext under random names.

A key is `<workspace>/<two letters>/<random>`: the workspace, so that its leftovers can be found by its
own rows, two letters, so that no folder grows without end. Work that may be killed and started again gives
the first half of its names (`writer`), so that what an earlier start left can be found and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from logicrm.core import egress

_KEY = re.compile(r"[0-9a-f]{32}/[0-9a-f]{2}/[0-9a-f]{32}")
PART_BYTES = 5 * 1024 * 1024  # the smallest part that S3 takes; this much memory an upload needs


class MissingFile(LookupError):
    """The row is there and the content is not."""


class Store(Protocol):
    """What a store can do. Writing under a key that exists replaces it; removing a missing one does nothing."""

    def put(self, key: str, chunks: Iterable[bytes]) -> None:
        """Write all chunks, or nothing: a reader never sees half, and a crash leaves no half under the key."""

    def open(self, key: str) -> BinaryIO:
        """Open for reading in order; the caller closes. Raises MissingFile."""

    def remove(self, key: str) -> None:
        """Remove for good."""

    def keys(self, *, older_than: timedelta, under: str = "") -> Iterator[str]:
        """Every key written longer ago than that, of those that begin with `under`."""


def new_key(workspace_id: uuid.UUID, writer: uuid.UUID | None = None) -> str:
    """A fresh random key inside a workspace's part of the store, under `keys_of(…, writer)` if one is named."""
    if writer is not None:
        return keys_of(workspace_id, writer) + secrets.token_hex(8)
    name = secrets.token_hex(16)
    return f"{workspace_id.hex}/{name[:2]}/{name}"


def keys_of(workspace_id: uuid.UUID, writer: uuid.UUID) -> str:
    """What all keys of one writer (a request for an export, say) begin with."""
    name = hashlib.sha256(writer.bytes).hexdigest()[:16]
    return f"{workspace_id.hex}/{name[:2]}/{name}"


def workspace_of(key: str) -> uuid.UUID:
    """The workspace that a key lies in. Raises ValueError for a name that is no key."""
    if not _KEY.fullmatch(key):
        raise ValueError("not a key of this store")
    return uuid.UUID(key.partition("/")[0])


class LocalStore:
    """A folder of the instance, readable by its owner only."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _path(self, key: str) -> Path:
        workspace_of(key)  # refuses anything with dots or slashes of its own
        return self.root / key

    def put(self, key: str, chunks: Iterable[bytes]) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.root, path.parent.parent, path.parent):
            folder.chmod(0o700)
        # The unfinished file lies outside the keys: a sweep sees whole files only.
        unfinished = self.root / f"unfinished-{key.replace('/', '-')}-{secrets.token_hex(4)}"
        try:
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        for folder in (path.parent, path.parent.parent, self.root):
            _sync_folder(folder)

    def open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except FileNotFoundError as gone:
            raise MissingFile(key) from gone

    def remove(self, key: str) -> None:
        path = self._path(key)
        with suppress(FileNotFoundError):
            path.unlink()
            _sync_folder(path.parent)

    def keys(self, *, older_than: timedelta, under: str = "") -> Iterator[str]:
        before = (datetime.now(UTC) - older_than).timestamp()
        for path in self.root.glob(f"{under}*" if under else "*/*/*"):
            with suppress(FileNotFoundError):
                key = path.relative_to(self.root).as_posix()
                if _KEY.fullmatch(key) and path.stat().st_mtime < before:
                    yield key
        # Of a process that was killed while writing.
        for path in self.root.glob(f"unfinished-{under.replace('/', '-')}*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class S3Store:
    """A bucket of an S3-compatible store."""

    def __init__(self, url: str) -> None:
        """`url`: s3://key:secret@host:port/bucket?secure=1, with percent-encoding where needed."""
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        self.bucket = parts.path.strip("/")
        if parts.scheme != "s3" or not parts.hostname or not self.bucket:
            raise ValueError("LOGICRM_FILES_URL must look like s3://key:secret@host:port/bucket?secure=1")
        self.host = parts.hostname  # asked for at the gate before each call
        host = parts.hostname + (f":{parts.port}" if parts.port else "")
        from minio import Minio  # half a second of imports that the local folder does not need

        self.client = Minio(
            host,
            access_key=unquote(parts.username or ""),
            secret_key=unquote(parts.password or ""),
            secure=options.get("secure", ["1"])[0] != "0",
            region=options.get("region", ["us-east-1"])[0],
        )

    def put(self, key: str, chunks: Iterable[bytes]) -> None:
        workspace_of(key)
        egress.ask("files", self.host)
        self.client.put_object(self.bucket, key, _Reader(chunks), length=-1, part_size=PART_BYTES)  # type: ignore[arg-type]

    def open(self, key: str) -> BinaryIO:
        from minio.error import S3Error

        workspace_of(key)
        egress.ask("files", self.host)
        try:
            return _Response(self.client.get_object(self.bucket, key))  # type: ignore[return-value]
        except S3Error as fault:
            if fault.code in ("NoSuchKey", "ResourceNotFound"):
                raise MissingFile(key) from fault
            raise

    def remove(self, key: str) -> None:
        workspace_of(key)
        egress.ask("files", self.host, takes_back=True)
        self.client.remove_object(self.bucket, key)

    def keys(self, *, older_than: timedelta, under: str = "") -> Iterator[str]:
        before = datetime.now(UTC) - older_than
        egress.ask("files", self.host, takes_back=True)  # what is listed is what will be removed
        for thing in self.client.list_objects(self.bucket, prefix=under or None, recursive=True):
            if thing.object_name and _KEY.fullmatch(thing.object_name) and thing.last_modified < before:
                yield thing.object_name


class _Reader:
    """Chunks as something with `read`, which the S3 client asks for."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        parts, have = [self._rest], len(self._rest)
        while size < 0 or have < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            have += len(chunk)
        whole = b"".join(parts)
        cut = have if size < 0 else size
        self._rest = whole[cut:]
        return whole[:cut]


class _Response:
    """The S3 client's answer as a file: closing it gives the connection back."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def read(self, size: int = -1) -> bytes:
        return self._answer.read(size if size >= 0 else None) or b""

    def close(self) -> None:
        self._answer.close()
        self._answer.release_conn()


def store_for(url: str, instance: Path) -> Store:
    """The store that the settings name: S3 by address, else `files` in the instance folder."""
    return S3Store(url) if url else LocalStore(instance / "files")
