"""What was done, by whom, when: written in the same transaction as the thing itself.

An event carries ids and words of ours, never a person's data, so erasing a person leaves the
chain valid. Each workspace's events form a chain: every link is an HMAC over the one before.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Index, String, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped

from logicrm.core import clock, crypto, tenancy
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import plain
from logicrm.core.schema import Json, new_id
from logicrm.core.tenancy import InWorkspace
from logicrm.extensions import db

GENESIS = "0" * 64


class AuditHead(InWorkspace, db.Model):
    """End of a workspace's chain: its row is locked while a link is added, so numbers have no gap."""

    __tablename__ = "audit_head"
    __label__ = _l("End of the record of what was done")

    sequence: Mapped[int] = plain(BigInteger, default=0, why="number of the newest link")
    link: Mapped[str] = plain(String(64), default=GENESIS, why="HMAC of the newest link")

    @classmethod
    def portal_scope(cls, person: tenancy.Person) -> ColumnElement[bool]:
        """A number and a hash: what an end customer does in the portal is recorded in the same chain."""
        return true()


class AuditEvent(InWorkspace, db.Model):
    """One thing that somebody did."""

    __tablename__ = "audit_event"
    __label__ = _l("Record of what was done")
    __table_args__ = (
        Index("uq_audit_event_sequence", "workspace_id", "sequence", unique=True),
        Index("ix_audit_event_object", "workspace_id", "object_kind", "object_id"),
    )

    sequence: Mapped[int] = plain(BigInteger, why="place in the chain, without gaps")
    at: Mapped[datetime] = plain(why="when it was done")
    actor: Mapped[uuid.UUID | None] = plain(why="id of who did it; means nothing once the account is purged")
    action: Mapped[str] = plain(String(60), why="what was done: area.verb")
    object_kind: Mapped[str] = plain(String(40), default="", why="table of the thing")
    object_id: Mapped[uuid.UUID | None] = plain(why="id of the thing")
    facts: Mapped[dict[str, Any]] = plain(Json, default=dict, why="counts, names of fields and states; never values")
    link: Mapped[str] = plain(String(64), why="HMAC over the link before and this event")


def record(
    action: str,
    thing: Any = None,
    *,
    actor: uuid.UUID | None = None,
    object_kind: str = "",
    object_id: uuid.UUID | None = None,
    **facts: str | int | bool | list[str] | None,
) -> AuditEvent:
    """Append an event to the workspace's chain, in the caller's transaction.

    `thing` is the row concerned (or give `object_kind` and `object_id`). `facts` are numbers, enums and
    names of fields: personal values do not belong here.
    """
    if thing is not None:
        if thing.id is None:
            db.session.flush()
        object_kind, object_id = thing.__tablename__, thing.id
    workspace_id = tenancy.current()
    if workspace_id is None:
        raise tenancy.NoWorkspace("audit.record outside a workspace")
    db.session.flush()
    # The conditional UPDATE locks the head until the caller commits: two writers queue here.
    head = db.session.execute(
        update(AuditHead)
        .values(sequence=AuditHead.sequence + 1)
        .returning(AuditHead.id, AuditHead.sequence, AuditHead.link)
        .execution_options(synchronize_session=False)
    ).first()
    if head is None:
        _first_head(workspace_id)
        return record(action, actor=actor, object_kind=object_kind, object_id=object_id, **facts)
    event = AuditEvent(
        id=new_id(), workspace_id=workspace_id, sequence=head.sequence, at=clock.now(), actor=actor, action=action,
        object_kind=object_kind, object_id=object_id, facts=facts,
    )  # fmt: skip
    event.link = _link(head.link, event)
    db.session.execute(
        update(AuditHead)
        .where(AuditHead.id == head.id)
        .values(link=event.link)
        .execution_options(synchronize_session=False)
    )
    db.session.add(event)
    return event


def _first_head(workspace_id: uuid.UUID) -> None:
    """Begin the chain. Two first writers may race: one row remains, both go on."""
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    db.session.execute(
        insert(AuditHead)
        .values(workspace_id=workspace_id, id=workspace_id, sequence=0, link=GENESIS)
        .on_conflict_do_nothing()
    )


def _link(previous: str, event: AuditEvent) -> str:
    body = json.dumps(
        [
            event.sequence, event.at.isoformat(timespec="microseconds"), str(event.actor or ""), event.action,
            event.object_kind, str(event.object_id or ""), event.facts,
        ],
        sort_keys=True, separators=(",", ":"),
    )  # fmt: skip
    return hmac.new(crypto.derive("audit"), f"{previous}|{body}".encode(), hashlib.sha256).hexdigest()


def broken_links() -> Iterator[int]:
    """Yield the sequence numbers at which the workspace's chain does not hold (changed, cut, or reordered)."""
    previous, expected = GENESIS, 1
    for event in db.session.scalars(select(AuditEvent).order_by(AuditEvent.sequence)).yield_per(500):
        if event.sequence != expected or not crypto.same(event.link, _link(previous, event)):
            yield event.sequence
        previous, expected = event.link, event.sequence + 1
    head = db.session.scalar(select(AuditHead))
    if head is not None and (head.sequence != expected - 1 or head.link != previous):
        yield head.sequence
