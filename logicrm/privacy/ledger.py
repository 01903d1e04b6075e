"""The ledger of erasures: a file outside the database, so that a restored backup knows whom to erase again.

One JSON object a line, appended and flushed to disk before an erasure touches anything. No personal value:
a keyed hash that can be compared with a restored row's and not guessed, enums, counts, times.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import current_app

VERSION = 1
BEGIN, VOID, DONE = "begin", "void", "done"


def path() -> Path:
    """Where the ledger lies; back it up apart from the database."""
    folder: Path = current_app.config["INSTANCE"] / "ledger"
    return folder / "erasures.jsonl"


def append(event: str, *, deletion: str, kind: str, key: str, at: datetime, **facts: int | str) -> None:
    """Append one entry and wait until the disk has it. `key` is Subject.key; `facts` are counts and enums.

    The ledger is ahead of the database: a process that was killed before its commit comes back with what is
    written already, and writes nothing.
    """
    entry = {
        "v": VERSION,
        "event": event,
        "deletion": deletion,
        "kind": kind,
        "key": key,
        "at": at.isoformat(),
        **facts,
    }
    line = json.dumps(entry, separators=(",", ":"), sort_keys=True).encode() + b"\n"
    where = path()
    where.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    is_new = not where.exists()
    with _locked(where) as handle:
        if latest(deletion) == event:
            return
        # A process that was killed while it wrote leaves half a line: end it, so that ours stands alone.
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            line = b"\n" + line
        os.write(handle, line)
        os.fsync(handle)
    if is_new and hasattr(os, "O_DIRECTORY"):
        folder = os.open(where.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def _locked(where: Path) -> Iterator[int]:
    handle = os.open(where, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        except ImportError:  # Windows: one short write to a file opened for appending is whole as well
            pass
        yield handle
    finally:
        os.close(handle)


def entries() -> Iterator[dict[str, Any]]:
    """Every whole entry, oldest first; half a line of a killed process is passed over."""
    where = path()
    if not where.exists():
        return
    with where.open("rb") as lines:
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and entry.get("v") == VERSION:
                yield entry


def latest(deletion: str) -> str:
    """The last event of one deletion: begin, void, done; "" when it never began."""
    found = ""
    for entry in entries():
        if entry["deletion"] == deletion:
            found = str(entry["event"])
    return found


def to_replay(since: datetime | None = None) -> dict[str, dict[str, Any]]:
    """Erasures begun at or after `since` (a backup's time) and not void, by the subject's key.

    After a restore every subject whose `Subject.key` is in here is erased again before anybody is served.
    """
    last: dict[str, dict[str, Any]] = {}
    for entry in entries():
        if since is None or datetime.fromisoformat(entry["at"]) >= since:
            last[entry["deletion"]] = entry
    return {entry["key"]: entry for entry in last.values() if entry["event"] != VOID}
