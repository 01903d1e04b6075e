"""The audit chain: written with the act, found broken when anybody touches it, valid after an erasure."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text

from logicrm.core import audit
from logicrm.core.audit import AuditEvent
from logicrm.extensions import db


def chain(length: int) -> None:
    for n in range(length):
        audit.record("lead.edited", count=n)
    db.session.commit()


def test_events_are_numbered_without_gaps_and_the_chain_holds(in_workspace: None) -> None:
    chain(5)
    assert db.session.scalars(select(AuditEvent.sequence).order_by(AuditEvent.sequence)).all() == [1, 2, 3, 4, 5]
    assert list(audit.broken_links()) == []


def test_a_rolled_back_act_leaves_neither_event_nor_gap(in_workspace: None) -> None:
    chain(2)
    audit.record("lead.edited")
    db.session.rollback()
    chain(1)
    assert db.session.scalars(select(AuditEvent.sequence).order_by(AuditEvent.sequence)).all() == [1, 2, 3]
    assert list(audit.broken_links()) == []


TAMPERINGS = {
    "action": "update audit_event set action = 'lead.viewed' where sequence = :n",
    "facts": "update audit_event set facts = '{}' where sequence = :n",
    "actor": "update audit_event set actor = object_id, object_kind = 'x' where sequence = :n",
    "removed": "delete from audit_event where sequence = :n",
    "link": "update audit_event set link = 'f' || substr(link, 2) || '' where sequence = :n and link not like 'f%'",
}


@pytest.mark.promise("monitoring")
@pytest.mark.parametrize("kind", TAMPERINGS)
@pytest.mark.parametrize("where", [1, 7, 12])
def test_a_tampering_is_found(in_workspace: None, kind: str, where: int) -> None:
    chain(12)
    touched = db.session.execute(text(TAMPERINGS[kind]), {"n": where}).rowcount
    db.session.commit()
    db.session.expire_all()
    assert bool(list(audit.broken_links())) == bool(touched)


@pytest.mark.promise("monitoring")
def test_a_cut_tail_is_found(in_workspace: None) -> None:
    chain(6)
    db.session.execute(text("delete from audit_event where sequence > 4"))
    db.session.commit()
    assert list(audit.broken_links()) == [6]


def test_two_writers_never_share_a_number(inside: Callable[..., Any], cast: Any) -> None:
    import threading

    failures: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(10):
                with inside():
                    audit.record("lead.edited")
                    db.session.commit()
        except BaseException as error:  # a thread's failure must reach the test
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert failures == []
    with inside():
        assert len(db.session.scalars(select(AuditEvent.id)).all()) == 40
        assert list(audit.broken_links()) == []


def test_order_of_tampering_does_not_matter(in_workspace: None) -> None:
    chain(20)
    one, other = random.Random(7).sample(range(1, 21), 2)
    a, b = (db.session.scalar(select(AuditEvent).where(AuditEvent.sequence == n)) for n in (one, other))
    a.facts, b.facts = b.facts, a.facts
    db.session.commit()
    assert list(audit.broken_links())
