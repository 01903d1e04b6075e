"""The database behind SQLAlchemy: an encrypted SQLite file by default, PostgreSQL by address.

SQLCipher comes through an ordinary sqlite:/// address with sqlcipher3 as the module and a raw key
set on connect (its own dialect crashed with a pool and keeps the key in the address).
"""

from __future__ import annotations

import math
import time
from contextvars import ContextVar
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from flask import Flask, has_request_context, request
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

#: SQLite versions below may lose or corrupt a WAL database after a reset; 3.44.6 and 3.50.7 carry the mend.
SAFE_SQLITE = (3, 51, 3)
SAFE_BACKPORTS = {(3, 44): 6, (3, 50): 7}

PAUSE = 20.0  # seconds

_reading: ContextVar[bool] = ContextVar("logicrm_reading", default=False)
_bulk: ContextVar[bool] = ContextVar("logicrm_bulk", default=False)

#: Page cache of one SQLite connection, KiB. Each page that is not in it is decrypted anew, so loaders of many rows,
#: which touch every page of every index again and again, get more while they last.
CACHE_KIB, BULK_CACHE_KIB = 16_000, 200_000


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
            "pool_use_lifo": True,  # the one used last has the pages of the last request in its cache
            "pool_size": 20,
            "max_overflow": 20,
            "hide_parameters": True,
            "connect_args": {"check_same_thread": False, "timeout": 5},
        }
    return {"pool_size": 10, "max_overflow": 20, "pool_use_lifo": True, "hide_parameters": True}


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
                f"cache_size = -{CACHE_KIB}",
                "temp_store = MEMORY",
                "mmap_size = 0",
            ):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine, "begin")
        def _begin(connection: Any) -> None:
            wide = _bulk.get()
            if wide != connection.info.get("wide_cache", False):
                connection.info["wide_cache"] = wide
                connection.exec_driver_sql(f"PRAGMA cache_size = -{BULK_CACHE_KIB if wide else CACHE_KIB}")
            # A writer takes the lock at once: a reader that turns into a writer would be refused, not queued.
            connection.exec_driver_sql("BEGIN" if _reads_only() else "BEGIN IMMEDIATE")

    else:

        @event.listens_for(engine, "connect")
        def _zone(connection: Any, _record: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute("set time zone 'UTC'")
                cursor.execute("set lock_timeout = '10s'")
                # Our statements are written so that one index is the good one, whatever the values: plan each once.
                cursor.execute("set plan_cache_mode = force_generic_plan")
                cursor.execute("set jit = off")  # compiling a plan takes longer than any of our pages
            connection.commit()

        _ask_after_a_pause(engine)
        _keep_prepared(engine)


def _ask_after_a_pause(engine: Engine) -> None:
    """Ask a connection whether it still lives only when nobody used it for a while: each question costs a page a tenth."""

    @event.listens_for(engine, "checkin")
    def _rest(_connection: Any, record: Any) -> None:
        record.info["rested_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _wake(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("rested_at", math.inf) > PAUSE:
            try:
                alive = engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error  # the pool opens a new one
            if not alive:
                raise DisconnectionError


def _keep_prepared(engine: Engine) -> None:
    """End a transaction that only read with COMMIT: after a ROLLBACK, psycopg forgets what it prepared, and PostgreSQL
    plans every statement of every page anew (a third of a page's time). For rows that nobody wrote both are the same."""
    rollback = engine.dialect.do_rollback

    @event.listens_for(engine, "before_cursor_execute")
    def _note(_c: Any, cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("SELECT", "select")):
            cursor.connection.logicrm_wrote = True

    def end(connection: Any) -> None:
        driver = getattr(connection, "driver_connection", connection)
        idle = driver.info.transaction_status.name != "INTRANS"
        if idle or getattr(driver, "logicrm_wrote", True):
            driver.logicrm_wrote = False
            rollback(connection)
        else:
            connection.commit()

    engine.dialect.do_rollback = end  # type: ignore[assignment,method-assign]

    @event.listens_for(engine, "commit")
    def _clean(connection: Any) -> None:
        connection.connection.driver_connection.logicrm_wrote = False


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


class bulk:
    """The transactions begun inside write many rows."""

    def __enter__(self) -> None:
        self._token = _bulk.set(True)

    def __exit__(self, *_: object) -> None:
        _bulk.reset(self._token)


def count_afresh(session: Any, *models: Any) -> None:
    """Let PostgreSQL's planner look at tables that just grew by many rows, within the transaction.

    Until it has, it takes them for empty, walks them for each foreign key that it checks, and sorts whole tables for
    one page; its own housekeeping comes by only after the commit. On SQLite nothing: see decision 0006.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        for model in models:
            connection.exec_driver_sql(f'ANALYZE "{model.__tablename__}"')


def tidy(engine: Engine, *models: Any) -> None:
    """Do PostgreSQL's housekeeping for tables that just grew, after the commit, without waiting for its own: pages are
    then counted from the index alone. Call it outside any transaction. On SQLite nothing."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for model in models:
                connection.exec_driver_sql(f'VACUUM (ANALYZE) "{model.__tablename__}"')


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
