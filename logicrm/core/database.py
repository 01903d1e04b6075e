"""The database behind SQLAlchemy: an encrypted SQLite file by default, PostgreSQL by address.

SQLCipher comes through an ordinary sqlite:/// address with sqlcipher3 as the module and a raw key
set on connect (its own dialect crashed with a pool and keeps the key in the address).
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from flask import Flask, has_request_context, request
from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool

#: SQLite versions below may lose or corrupt a WAL database after a reset; 3.44.6 and 3.50.7 carry the mend.
SAFE_SQLITE = (3, 51, 3)
SAFE_BACKPORTS = {(3, 44): 6, (3, 50): 7}

_reading: ContextVar[bool] = ContextVar("logicrm_reading", default=False)


class UnsafeSqlite(RuntimeError):
    """This SQLite can corrupt a database in WAL mode."""


def sqlite_is_safe(version: tuple[int, int, int]) -> bool:
    """True outside the range of SQLite's WAL-reset bug (3.7.0 to 3.51.2, two branches mended earlier)."""
    backport = SAFE_BACKPORTS.get(version[:2])
    return version >= SAFE_SQLITE or (backport is not None and version[2] >= backport)


def engine_options(url: str) -> dict[str, Any]:
    """Options for `create_engine`. Parameters stay out of error messages: they are personal data."""
    if url.startswith("sqlite"):
        if not sqlite_is_safe(sqlcipher.sqlite_version_info):
            raise UnsafeSqlite(f"SQLite {sqlcipher.sqlite_version} has the WAL-reset bug; install sqlcipher3 >= 0.6.4")
        return {
            "module": sqlcipher,
            "poolclass": QueuePool,
            "pool_size": 20,
            "max_overflow": 20,
            "hide_parameters": True,
            "connect_args": {"check_same_thread": False, "timeout": 5},
        }
    return {"pool_size": 10, "max_overflow": 20, "pool_pre_ping": True, "hide_parameters": True}


def prepare(engine: Engine, key: bytes) -> None:
    """Attach what each connection needs: key and pragmas on SQLite, session settings on PostgreSQL."""
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _open(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # we say BEGIN ourselves, below
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            for pragma in (
                "cipher_memory_security = OFF",
                "journal_mode = WAL",
                "synchronous = FULL",
                "foreign_keys = ON",
                "busy_timeout = 5000",
                "secure_delete = ON",
                "cache_size = -16000",
                "temp_store = MEMORY",
                "mmap_size = 0",
            ):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine, "begin")
        def _begin(connection: Any) -> None:
            # A writer takes the lock at once: a reader that turns into a writer would be refused, not queued.
            connection.exec_driver_sql("BEGIN" if _reads_only() else "BEGIN IMMEDIATE")

    else:

        @event.listens_for(engine, "connect")
        def _zone(connection: Any, _record: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute("set time zone 'UTC'")
                cursor.execute("set lock_timeout = '10s'")
            connection.commit()


def _reads_only() -> bool:
    if _reading.get() or not has_request_context():
        return _reading.get()
    return request.method in ("GET", "HEAD") and not getattr(request, "will_write", False)


class reading:
    """The transactions begun inside only read, so they need no write lock (a GET's never do)."""

    def __enter__(self) -> None:
        self._token = _reading.set(True)

    def __exit__(self, *_: object) -> None:
        _reading.reset(self._token)


def install(app: Flask, db: Any) -> None:
    """Bind the engines of `db` to the settings of `app`; called once by `create_app`."""
    with app.app_context():
        for engine in db.engines.values():
            prepare(engine, app.config["DATABASE_KEY_BYTES"])


def checkpoint(engine: Engine) -> bool:
    """Fold the WAL into the file and empty it, so that deleted bytes are gone from both (SQLite only).

    False when a reader still holds an old page: try again a little later. Call it outside any transaction.
    """
    if engine.dialect.name != "sqlite":
        return True
    # The driver's own connection: SQLAlchemy's would begin a transaction, in which there is no checkpoint.
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, left, _moved = cursor.fetchone()
        cursor.close()
    finally:
        raw.close()
    return not busy and left <= 0
