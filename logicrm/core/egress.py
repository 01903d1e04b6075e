"""The gate on every way out of this machine: who is at the other end, for which work, and may they receive it?

    egress.ask("mail", "smtp.example.com")      # raises NotListed when nobody listed that server for mail

Who may receive what is known to the register of recipients (privacy), which registers itself with `gate`; while nobody
can say, nothing leaves. What stays on this machine needs nobody's leave. Every answer is counted by day, so that the
register can be held against what really happened. The counts of a piece of work are written when it is over, in a
transaction of their own: a worker that is killed in its middle loses them, never a refusal itself.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, g, has_app_context
from flask_babel import LazyString
from sqlalchemy import Boolean, Index, Integer, String, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped

from logicrm.config import BadSetting
from logicrm.core import clock, database, tenancy
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import Keep, plain
from logicrm.core.promises import promise
from logicrm.core.schema import Id
from logicrm.extensions import db

log = logging.getLogger("logicrm")
LOCAL, LISTED, UNLISTED, NOBODY_KNOWS, TAKEN_BACK = "local", "listed", "unlisted", "nobody_knows", "taken_back"


@dataclass(frozen=True)
class Service:
    """A reason to call somebody outside. `jobs`: what a recipient must be listed for to be called for it."""

    words: LazyString
    jobs: tuple[str, ...]


#: Every reason for which this program opens a connection. "own": to its own public address, to look at the line.
SERVICES = {
    "mail": Service(_l("sending mail"), ("messaging", "hosting")),
    "files": Service(_l("storing files"), ("hosting", "storage")),
    "limits": Service(_l("counting tries (keyed hashes only)"), ("hosting",)),
    "own": Service(_l("looking at our own address"), ()),
}


class NotListed(Refused):
    """A connection that the register of recipients does not allow. `code` says why, `message` says it in words."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Verdict:
    """What the register says to a connection."""

    may: bool
    code: str
    says: str = ""
    recipient_id: uuid.UUID | None = None


class OutgoingConnection(db.Model):
    """How often one server was called, or refused, on one day. Global: some work belongs to no workspace."""

    __tablename__ = "outgoing_connection"
    __label__ = _l("Connections to the outside")
    __table_args__ = (Index("ix_outgoing_connection_place", "workspace_id", "day"),)
    __retention__ = (Keep("logs", anchor="last_at", days=365, why=_l("shows for a year who received something")),)

    name: Mapped[str] = plain(String(64), primary_key=True, why="hash of day, workspace, work, server and answer")
    workspace_id: Mapped[uuid.UUID | None] = plain(Id(), why="the tenant it was for; none for the installation")
    day: Mapped[date] = plain(why="the day, UTC")
    service: Mapped[str] = plain(String(20), why="what for: mail, files …")
    host: Mapped[str] = plain(String(253), why='name of the server; "" for this machine')
    recipient_id: Mapped[uuid.UUID | None] = plain(Id(), why="entry of the register that allowed it")
    allowed: Mapped[bool] = plain(Boolean, why="whether it was let out")
    code: Mapped[str] = plain(String(20), why="why: local, listed, or the ground of a refusal")
    times: Mapped[int] = plain(Integer, why="how often on that day")
    first_at: Mapped[datetime] = plain(why="the first time on that day")
    last_at: Mapped[datetime] = plain(why="the last time on that day; starts the retention clock")


# What the settings list ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Listed:
    """A firm that the operator lists for the whole installation (LOGICRM_RECIPIENTS)."""

    host: str
    job: str
    name: str
    country: str  # ISO 3166-1
    safeguard: str


_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_HOW = "write one a line (or split by |): smtp.example.com = messaging; Example Mail SAS; FR; home"


def parse(text: str) -> tuple[Listed, ...]:
    """Read LOGICRM_RECIPIENTS: `host = job; firm; country; safeguard`. Raises BadSetting with what to mend."""
    found = []
    for row in (row.strip() for row in re.split(r"[|\n]", text)):
        if not row:
            continue
        host, _sign, rest = row.partition("=")
        parts = [part.strip() for part in rest.split(";")]
        host = host.strip().lower()
        if not _HOST.fullmatch(host) or len(parts) != 4 or not all(parts) or not re.fullmatch("[A-Z]{2}", parts[2]):
            raise BadSetting(f"LOGICRM_RECIPIENTS: {row!r} cannot be read; {_HOW}")
        found.append(Listed(host, *parts))
    return tuple(found)


def listed() -> tuple[Listed, ...]:
    """Whom the operator lists."""
    found: tuple[Listed, ...] = current_app.extensions["logicrm.egress"].listed
    return found


def listed_for(service: str, host: str) -> bool:
    """True when the settings alone allow it: for work that cannot ask the database."""
    jobs = SERVICES[service].jobs
    return on_this_machine(host) or any(one.host == host.lower() and one.job in jobs for one in listed())


def on_this_machine(host: str) -> bool:
    """True for "" and the loopback: nothing leaves. What a mail server on this machine does next is its operator's."""
    bare = host.lower().strip("[]")
    if bare in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


# Asking --------------------------------------------------------------------------------------------

Gate = Callable[[str, str], Verdict]
_gates: list[Gate] = []


def gate(decide: Gate) -> Gate:
    """Register who decides: `decide(service, host)` in the present workspace, or outside any. The last one counts."""
    _gates[:] = [decide]
    return decide


@promise("egress")
def ask(service: str, host: str, *, takes_back: bool = False) -> None:
    """Ask whether this server may be called for this work, and count the answer. Raises NotListed.

    host: its name, without port; "" for what stays on this machine. takes_back: the connection only removes what the
    server holds already, which is never refused, whoever it is.
    """
    if service not in SERVICES:
        raise KeyError(f"{service!r} is no known work; see SERVICES")
    if not has_app_context():
        if on_this_machine(host):
            return
        raise RuntimeError("a call to the outside needs an application context")
    verdict = _decide(service, host)
    if not verdict.may and takes_back:
        verdict = Verdict(True, TAKEN_BACK)
    _note(service, host, verdict)
    if not verdict.may:
        raise NotListed(verdict.says, verdict.code)


def _decide(service: str, host: str) -> Verdict:
    own = urlsplit(current_app.config["BASE_URL"]).hostname
    if on_this_machine(host) or (service == "own" and host == own):
        return Verdict(True, LOCAL)
    if not _gates:
        return Verdict(False, NOBODY_KNOWS, _("Nobody can say who %(host)s is, so nothing is sent there.", host=host))
    fresh = not (db.session.registry.has() and db.session().in_transaction())
    with database.reading():  # a conversation with a server must not hold the write lock
        verdict = _gates[-1](service, host.lower())
        if fresh:
            db.session.rollback()
    return verdict


# Counting ------------------------------------------------------------------------------------------

_Key = tuple[date, uuid.UUID | None, str, str, uuid.UUID | None, bool, str]


@dataclass
class _State:
    """What an application knows: whom the settings list, and counts that could not be written in their time."""

    listed: tuple[Listed, ...]
    lock: Lock = field(default_factory=Lock)
    late: list[tuple[_Key, int, datetime, datetime]] = field(default_factory=list)


def _note(service: str, host: str, verdict: Verdict) -> None:
    """Count an answer in the present piece of work: contexts may lie inside each other, and only the one that asked
    may write, once its own transaction is over."""
    now = clock.now()
    kept = "" if on_this_machine(host) else host.lower()[:253]
    key = (now.date(), tenancy.current(), service, kept, verdict.recipient_id, verdict.may, verdict.code)
    counted: dict[_Key, tuple[int, datetime, datetime]] = g.setdefault("egress_counted", {})
    times, first, _last = counted.get(key, (0, now, now))
    counted[key] = (times + 1, first, now)


def write() -> None:
    """Write what was counted in this context, in a transaction of its own. What cannot be written is written later."""
    state = current_app.extensions["logicrm.egress"]
    rows = [(key, *facts) for key, facts in g.pop("egress_counted", {}).items()]
    if not rows:
        return
    with state.lock:
        rows, state.late = [*state.late, *rows], []
    try:
        with db.engine.begin() as connection:
            for key, times, first, last in rows:
                connection.execute(_counted(key, times, first, last))
    except Exception:  # counting must not fail the work that is done
        log.exception("connections to the outside could not be written down; trying again with the next ones")
        with state.lock:
            state.late += rows


def _counted(key: _Key, times: int, first: datetime, last: datetime) -> Any:
    day, place, service, host, recipient, allowed, code = key
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    name = hashlib.sha256("|".join(str(part) for part in key).encode()).hexdigest()
    row = insert(OutgoingConnection).values(
        name=name, workspace_id=place, day=day, service=service, host=host, recipient_id=recipient, allowed=allowed,
        code=code, times=times, first_at=first, last_at=last,
    )  # fmt: skip
    table = OutgoingConnection.__table__
    return row.on_conflict_do_update(index_elements=["name"], set_={"times": table.c.times + times, "last_at": last})


def seen(since: date, *, allowed: bool | None = None) -> list[OutgoingConnection]:
    """Connections of the present workspace since a day, the newest first; outside one those of the installation."""
    wanted = select(OutgoingConnection).where(
        OutgoingConnection.workspace_id == tenancy.current(), OutgoingConnection.day >= since
    )
    if allowed is not None:
        wanted = wanted.where(OutgoingConnection.allowed == allowed)
    return list(db.session.scalars(wanted.order_by(OutgoingConnection.last_at.desc()).limit(1000)))


def received(since: date) -> set[uuid.UUID]:
    """Entries of the register that were called in the present workspace since a day."""
    wanted = (
        select(OutgoingConnection.recipient_id)
        .where(
            OutgoingConnection.workspace_id == tenancy.current(), OutgoingConnection.day >= since,
            OutgoingConnection.allowed, OutgoingConnection.recipient_id.is_not(None),
        )
        .group_by(OutgoingConnection.recipient_id)
        .having(func.sum(OutgoingConnection.times) > 0)
    )  # fmt: skip
    return {one for one in db.session.scalars(wanted) if one is not None}


def unlisted_settings() -> Iterable[tuple[str, str]]:
    """(setting, server) of each server that the settings name and nobody listed."""
    for setting, service, value in (
        ("LOGICRM_MAIL_URL", "mail", current_app.config["MAIL_URL"]),
        ("LOGICRM_FILES_URL", "files", current_app.config["FILES_URL"]),
        ("REDIS_URL", "limits", current_app.config["REDIS_URL"]),
        ("DATABASE_URL", "files", current_app.config["DATABASE_URL"]),
    ):
        host = urlsplit(value).hostname or ""
        if not listed_for(service, host):
            yield setting, host


def install(app: Flask) -> None:
    """Read the setting, and write the counts after each piece of work. Before the database is wired: its session must
    be gone by then, and what is torn down goes in the reverse order."""
    app.extensions["logicrm.egress"] = _State(parse(app.config["RECIPIENTS"]))

    @app.teardown_appcontext
    def _after(_error: BaseException | None) -> None:
        write()


__all__ = [
    "SERVICES", "Listed", "NotListed", "OutgoingConnection", "Service", "Verdict", "ask", "gate", "install", "listed",
    "listed_for", "on_this_machine", "parse", "received", "seen", "unlisted_settings", "write",
]  # fmt: skip
