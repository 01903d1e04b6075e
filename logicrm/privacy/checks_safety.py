"""Checks of protection: what lies on the disk, what goes over the line, the chain of events, the fences."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import column, func, inspect, select, table

from logicrm.core import audit, ddl, egress, filecipher, files, mail_delivery, tenancy
from logicrm.core.checks import Checked, check
from logicrm.core.schema import Base
from logicrm.extensions import db

MOST_FILES = 500
PLAIN_SQLITE = b"SQLite format 3\x00"
HERE = ("localhost", "127.0.0.1", "::1")
TLS_VERSIONS = {"TLSv1.2": 12, "TLSv1.3": 13}


@check("rest", everywhere=True)
def what_is_stored_is_encrypted(now: datetime) -> Checked:
    """The database file, stored files and written letters, and how many of them anybody could read."""
    plain = [*_database_file(), *_stored_files(), *(1 for _copy in mail_delivery.copies())]
    return Checked(len(plain), sum(plain))


def _database_file() -> Iterator[int]:
    """0 = encrypted, 1 = readable. A server's files are its own business: nothing is said about them."""
    if db.engine.dialect.name == "sqlite" and db.engine.url.database:
        with Path(db.engine.url.database).open("rb") as file:
            yield int(file.read(len(PLAIN_SQLITE)) == PLAIN_SQLITE)


def _stored_files() -> Iterator[int]:
    for key in islice(files.store().keys(older_than=timedelta(0)), MOST_FILES):
        with files.store().open(key) as content:
            yield int(content.read(len(filecipher.MAGIC)) != filecipher.MAGIC)


@check("transit", everywhere=True)
def the_line_is_encrypted(now: datetime) -> Checked | None:
    """The version of TLS that our own address speaks: 13 for 1.3, 12 for 1.2, and wrong when there is none.

    None on one machine alone, where nothing travels.
    """
    address = urlsplit(current_app.config["BASE_URL"])
    host = address.hostname or ""
    if address.scheme != "https":
        return None if host in HERE else Checked(0, 1)
    trust = ssl.create_default_context()
    egress.ask("own", host)
    try:
        with (
            socket.create_connection((host, address.port or 443), timeout=5) as line,
            trust.wrap_socket(line, server_hostname=host) as safe,
        ):
            spoken = TLS_VERSIONS.get(safe.version() or "", 0)
    except (OSError, ssl.SSLError):
        spoken = 0
    return Checked(spoken, int(spoken == 0))


@check("fences", everywhere=True)
def workspaces_cannot_meet(now: datetime) -> Checked:
    """Tables of workspaces, and how many lack the workspace in their keys or (PostgreSQL) the database's own fence."""
    fenced = {one.name for one in ddl.fenced_tables(db.metadata)}
    with db.engine.connect() as connection:
        seen = inspect(connection)
        there = fenced & set(seen.get_table_names())
        wrong = {name for name in there if not _keyed(seen, name, there)}
        if connection.dialect.name == "postgresql":
            catalogue = table("pg_class", column("relname"), column("relforcerowsecurity"), column("relnamespace"))
            forced = connection.execute(
                select(catalogue.c.relname).where(
                    catalogue.c.relforcerowsecurity,
                    catalogue.c.relnamespace == func.to_regnamespace(func.current_schema()),
                )
            ).scalars()
            wrong |= there - set(forced)
    return Checked(len(fenced), len(wrong) + len(fenced - there))


def _keyed(seen: object, name: str, tenants: set[str]) -> bool:
    """True when the workspace is part of the key, and of every key into another workspace table."""
    primary = seen.get_pk_constraint(name)["constrained_columns"]  # type: ignore[attr-defined]
    keys = seen.get_foreign_keys(name)  # type: ignore[attr-defined]
    inside = [key["constrained_columns"] for key in keys if key["referred_table"] in tenants]
    return all("workspace_id" in columns for columns in [primary, *inside])


@check("inside")
def nothing_of_another_workspace_is_seen(now: datetime) -> Checked:
    """Tables of workspaces, and how many show a row of another one here when nobody narrows the question by hand."""
    here, wrong = tenancy.current(), 0
    models = [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, tenancy.InWorkspace)]
    for model in models:
        there = model.workspace_id != here
        wrong += db.session.scalar(select(model.id).where(there).limit(1)) is not None
    return Checked(len(models), wrong)


@check("chain")
def the_chain_of_events_holds(now: datetime) -> Checked:
    """Events of the workspace, and how many links of their chain are broken."""
    events = db.session.scalar(select(func.count()).select_from(audit.AuditEvent)) or 0
    return Checked(events, sum(1 for _number in audit.broken_links()))


#: What must never reach a log, as somebody might type it.
CANARIES = ("canary.person@example.com", "+40 721 555 0123", "canarycanarycanarycanarycanarycanarycanary01")


@check("logs", everywhere=True)
def logs_name_nobody(now: datetime) -> Checked | None:
    """What our log writes of an address, a phone number and a secret that stand in a message and in an error."""
    handlers = [one for one in current_app.logger.handlers if isinstance(one.formatter, logging.Formatter)]
    if not handlers:
        return None
    wrong = 0
    for handler in handlers:
        for canary in CANARIES:
            wrong += canary in handler.format(_record(f"somebody typed {canary}", ValueError(canary)))
    return Checked(len(handlers) * len(CANARIES), wrong)


def _record(message: str, fault: Exception) -> logging.LogRecord:
    return logging.LogRecord("logicrm", logging.ERROR, __file__, 1, message, None, (type(fault), fault, None))
