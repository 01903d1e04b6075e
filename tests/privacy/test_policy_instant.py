"""A published figure rules from its instant, for retention and for clocks; and of two who publish at once one wins."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from logicrm.core import tenancy
from logicrm.core.errors import Conflict
from logicrm.extensions import db
from logicrm.privacy import clocks, drafts, publishing, retention, versions
from logicrm.privacy.models import DataSubject
from logicrm.privacy.policy_models import PolicyVersion
from logicrm.privacy.subjects import make_known
from tests.conftest import Cast
from tests.killing import staged
from tests.privacy import policies
from tests.privacy.planting import make_place, make_user

SECOND = timedelta(seconds=1)


@pytest.mark.promise("P-LOGI-60", "retention")
def test_retention_and_clocks_follow_a_figure_at_its_instant_and_not_a_second_before(
    inside: Callable[..., Any], cast: Cast
) -> None:
    """Requests are kept two years instead of three, and answered within ten days, from midnight of a day in Bucharest."""
    now = datetime.now(UTC)
    with inside():
        made = policies.publish(
            cast.alpha, {"retention.requests.keep_for": "P2Y", "requests.answer": "P10D", "requests.extension": "P10D"},
            by=cast.users["alice"], now=now, effective_on=date.fromordinal(now.date().toordinal() + 40),
        )  # fmt: skip
        begins = made.effective_at
        db.session.commit()
    for at, gone, days in ((begins - SECOND, False, 30), (begins, True, 10), (begins + SECOND, True, 10)):
        with inside():
            # Last seen two years and a day before: gone by the new figure, kept by the old one.
            make_known("jane@example.com", now=(at - timedelta(days=2 * 365 + 3)))
            rules = versions.of_workspace(cast.alpha, at)
            retention.run(rules, now=at, tenant=True)
            assert (db.session.scalar(select(DataSubject.id)) is None) is gone, at
            due = clocks.policy_due(rules, date(2026, 6, 1), "RO")
            assert due == date(2026, 6, 1) + timedelta(days=days), at
            db.session.rollback()


def publish_at(
    app: Flask, place: uuid.UUID, who: uuid.UUID, gate: threading.Barrier, said: dict[str, Any], name: str
) -> None:
    """One publisher in a thread, so with a connection of its own; both look first, then both press at once."""
    with app.app_context():
        tenancy.enter(place)
        now = datetime.now(UTC)
        business = policies.business_of(place)
        found = publishing.review(business, by=who, lang="en", now=now)
        db.session.rollback()
        gate.wait(30)
        try:
            made = publishing.publish(
                business, revision=found.draft.revision, newest=business.facts.policy, effective_on=found.earliest,
                raised=False, summary=name, by=who, lang="en", now=now,
            )  # fmt: skip
            number = made.number
            db.session.commit()
            said[name] = number
        except Conflict as conflict:
            db.session.rollback()
            said[name] = conflict.message
        except Exception as fault:  # what neither of them may ever see
            db.session.rollback()
            said[name] = fault
        finally:
            db.session.remove()


@pytest.mark.promise("P-LOGI-60")
def test_two_who_publish_at_the_same_moment(tmp_path: Path, each_database: str) -> None:
    """Twelve times: one version number more each time, one winner, and the other is told so."""
    with staged(tmp_path, each_database) as app:
        with app.app_context():
            place = make_place("two")
            owners = [make_user(place, f"Owner {n}", f"o{n}@two.example", "owner") for n in (1, 2)]
            db.session.commit()
        for round_ in range(1, 13):
            with tenancy.working_in(app, place):
                business = policies.reachable(place)
                policies.edit(
                    business, {"retention.support.keep_for": f"P{round_}M"}, by=owners[0], now=datetime.now(UTC)
                )
                db.session.commit()
            gate, said = threading.Barrier(2), {}
            both = [
                threading.Thread(target=publish_at, args=(app, place, who, gate, said, name))
                for who, name in zip(owners, ("one", "two"), strict=True)
            ]
            for thread in both:
                thread.start()
            for thread in both:
                thread.join(60)
            assert sorted(map(str, said.values())) == sorted([str(round_), str(publishing._overtaken().message)]), said
            with tenancy.working_in(app, place):
                assert list(db.session.scalars(select(PolicyVersion.number).order_by(PolicyVersion.number))) == list(
                    range(1, round_ + 1)
                )
                assert policies.business_of(place).facts.policy == round_
                assert drafts.current(policies.business_of(place), datetime.now(UTC)).revision == 0
