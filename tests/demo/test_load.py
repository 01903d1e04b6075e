"""The demo: refused outside demo mode, once, the same for the same seed, and lively today."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from logicrm.accounts.models import Membership, User, Workspace
from logicrm.core import files, search, tenancy
from logicrm.core.access import Role
from logicrm.core.errors import Refused
from logicrm.demo import cli, services
from logicrm.extensions import db
from logicrm.leads.models import Lead, StageSum
from logicrm.leads.timeline.models import Activity, Task
from logicrm.privacy import sites
from logicrm.privacy.consent_models import Consent, Suppression
from logicrm.privacy.registers import breaches, controls, disclosures
from logicrm.privacy.request_models import PrivacyRequest
from logicrm.shipments.models import Shipment, TrackingEvent
from logicrm.shipments.statuses import Status

NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)


@contextmanager
def loaded(app: Flask, *, leads: int = 120, shipments: int = 40, seed: int = 7, now: datetime = NOW) -> Iterator[None]:
    """A context inside a demo workspace that is rolled back at the end."""
    with app.app_context():
        services.load(leads=leads, shipments=shipments, seed=seed, now=now)
        yield
        db.session.rollback()


def digest() -> str:
    """Hash of what was drawn: people, money, moments, the stories of shipments. Secrets and accounts are not drawn."""
    text: list[Any] = []
    drawn = (
        (Lead.id, Lead.last_name, Lead.email, Lead.value_amount, Lead.tags, Lead.created_at, Lead.next_task_at),
        (Task.id, Task.title, Task.due_at), (Shipment.id, Shipment.waybill_number, Shipment.status, Shipment.due_at),
        (TrackingEvent.id, TrackingEvent.status, TrackingEvent.occurred_at, TrackingEvent.place),
        (PrivacyRequest.received_at, PrivacyRequest.kind, PrivacyRequest.state, PrivacyRequest.due_on),
        (Consent.given_at, Consent.purpose, Consent.withdrawn_at),
    )  # fmt: skip
    for columns in drawn:
        text += [tuple(map(str, row)) for row in db.session.execute(select(*columns).order_by(*columns[:2]))]
    return hashlib.sha256(repr(text).encode()).hexdigest()


def test_the_same_seed_and_moment_give_the_same_rows(app: Flask) -> None:
    seen = []
    for seed in (7, 7, 8):
        with loaded(app, seed=seed):
            seen.append(digest())
    assert seen[0] == seen[1] != seen[2]


def test_it_holds_as_many_as_were_asked_for_and_the_kept_sums_agree(app: Flask) -> None:
    with loaded(app):
        count = lambda model: db.session.scalar(select(func.count()).select_from(model))  # noqa: E731
        assert (count(Lead), count(Shipment)) == (120, 40)
        assert db.session.scalar(select(func.sum(StageSum.leads))) == 120
        assert count(Activity) and count(Task)


def test_one_lead_has_the_rare_word_and_many_the_common_one(app: Flask) -> None:
    with loaded(app):
        assert len(search.find("Quetzalberg", kinds=("lead",))) == 1
        assert len(search.find("logistics", kinds=("lead",))) > 20


def test_every_role_has_somebody_with_a_name_of_their_own(app: Flask) -> None:
    with loaded(app):
        rows = db.session.execute(select(Membership.role, User.email).join(User)).all()
        assert {(role, email) for role, email in rows} == {(str(r), f"{r}@demo.example") for r in Role}


def test_shipments_tell_every_story_and_some_are_late_now(app: Flask) -> None:
    with loaded(app):
        statuses = set(db.session.scalars(select(Shipment.status)))
        assert statuses == {str(s) for s in Status} - {"unknown"}
        assert db.session.scalar(select(func.count()).select_from(Shipment).where(Shipment.late_from < NOW)) >= 2
        newest = db.session.scalar(select(func.max(TrackingEvent.occurred_at)))
        assert newest is not None and newest <= NOW, "nothing has happened in the future"


def test_tasks_are_overdue_and_to_come(app: Flask) -> None:
    with loaded(app):
        due = list(db.session.scalars(select(Task.due_at).where(Task.done_at.is_(None))))
        assert any(d < NOW for d in due) and any(d > NOW for d in due)


def test_privacy_requests_wait_in_time_and_others_were_answered(app: Flask) -> None:
    with loaded(app):
        asked = list(db.session.scalars(select(PrivacyRequest)))
        assert {one.state for one in asked} == {"open", "in_progress", "fulfilled", "denied"}
        for one in asked:
            assert one.received_at <= NOW
            answered = one.closed_at.date() if one.closed_at else NOW.date()
            assert answered <= one.due_on, "a firm that one would show to a customer answers in time"


def test_some_customers_allowed_something_and_one_objected(app: Flask) -> None:
    with loaded(app):
        given = list(db.session.scalars(select(Consent)))
        assert any(one.withdrawn_at for one in given) and any(not one.withdrawn_at for one in given)
        assert all(one.given_at < NOW for one in given)
        assert db.session.scalar(select(func.count()).select_from(Suppression))


def test_the_registers_are_lively(app: Flask) -> None:
    """Controls in date, one overdue, one without evidence; an exercise that was closed; a refusal."""
    with loaded(app, leads=10, shipments=3):
        policy, today = sites.here().profile, NOW.date()
        rows = {row.key: row.state for row in controls.register(policy, today)}
        assert rows["training"] == controls.KEPT and rows["patching"] == controls.OVERDUE
        assert {controls.KEPT, controls.DUE_SOON, controls.OVERDUE, controls.NONE_YET} <= set(rows.values())
        (breach,) = breaches.listed(closed=True)
        assert breach.is_exercise and breaches.listed(closed=False) == []
        tally = disclosures.tally(NOW)
        assert (tally.asked, tally.given, tally.refused) == (1, 0, 1)
        paper = controls.document(controls.history(controls.ensure("training", today=today))[0].id)
        assert paper is not None and files.read(paper).startswith(b"%PDF-")


def test_a_second_load_is_refused_and_adds_nothing(app: Flask) -> None:
    with loaded(app, leads=10, shipments=3):
        with pytest.raises(Refused, match="exists already"):
            services.load(leads=10, shipments=3, seed=1, now=NOW)
        assert db.session.scalar(select(func.count()).select_from(Workspace)) == 1


def test_nothing_of_it_works_outside_demo_mode(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "DEMO", False)
    result = app.test_cli_runner().invoke(args=["demo", "load", "--leads", "5", "--shipments", "1"])
    assert result.exit_code == 1 and "no demo" in result.output
    for call in (cli.load_when_empty, cli.sign_in_links):
        with pytest.raises(Refused):
            call(app)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Workspace)) == 0


def test_an_empty_installation_is_filled_once_and_every_role_can_sign_in(app: Flask) -> None:
    assert cli.load_when_empty(app, leads=20, shipments=5)
    assert not cli.load_when_empty(app, leads=20, shipments=5)
    links = cli.sign_in_links(app)
    assert [role for role, _ in links] == [str(r) for r in Role]
    for role, link in links[:2]:
        path = link.removeprefix(app.config["BASE_URL"])
        client = app.test_client()
        assert client.get(path).status_code == 200, role
        assert client.post(path).status_code == 303, role
        assert client.get("/today/").status_code == 200, role


def test_an_installation_in_use_is_left_alone(app: Flask, cast: Any) -> None:
    assert not cli.load_when_empty(app)
    with app.app_context():
        tenancy.enter(cast.alpha)
        assert db.session.scalar(select(func.count()).select_from(Lead)) == 0
