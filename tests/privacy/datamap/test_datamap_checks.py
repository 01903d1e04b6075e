"""Evidence on recipients and sources: grey before something ran, green after it did, red when it is wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from logicrm.core import checks, egress, promises, tenancy
from logicrm.core.egress import OutgoingConnection, Verdict
from logicrm.core.promises import State
from logicrm.core.sources import known_source
from logicrm.extensions import db
from logicrm.privacy import jobs_checks
from logicrm.privacy.datamap.models import Recipient
from tests.conftest import Cast
from tests.privacy.registering import HOST, add, run_under

promises.load_all()


def night(app: Flask, now: datetime) -> None:
    with app.app_context():
        list(jobs_checks.check_everywhere(app, now=now))


def state(app: Flask, place: Any, name: str, now: datetime) -> State:
    """What the queries of a promise or proof say, without what people must do beside."""
    with tenancy.working_in(app, place):
        return promises.registry._ask(name, now, {}).state


def went_out(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, *, may: bool = True, host: str = HOST) -> None:
    """A connection, let through by a gate that asks nobody: the check must see what it did."""
    monkeypatch.setattr(egress, "_gates", [lambda *_: Verdict(may, "listed" if may else "unlisted", "no")])
    with tenancy.working_in(app, cast.alpha):
        try:
            egress.ask("mail", host)
        except egress.NotListed:
            assert not may


ROWS = {
    "P-LOGI-15": "egress", "P-LOGI-16": "egress", "P-LORO-13": "egress", "P-NET-06": "sources", "P-NET-15": "egress",
    "P-NET-16": "egress.contracts", "P-NET-39": "egress.regions", "P-SOFT-05": "egress", "P-SOFT-22": "egress",
    "P-SOFT-23": "egress.partners", "P-SOFT-55": "egress.regions", "P-TRACK-14": "egress", "P-TRACK-15": "egress",
    "P-TRACK-17": "egress.partners", "P-TRACK-18": "egress.secrecy", "P-TRACK-30": "egress.regions",
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_each_promise_on_recipients_is_enforced_and_looked_at(app: Flask, cast: Cast, now: datetime, row: str) -> None:
    known = promises.registry.get(row)
    assert known.feature == "enforced" and ROWS[row] in known.served_by
    assert any(name in promises.registry.queries for name in known.served_by)
    assert state(app, cast.alpha, ROWS[row], now) is State.NO_EVIDENCE


@pytest.mark.promise("egress")
def test_what_stays_here_is_green_once_something_was_delivered(app: Flask, cast: Cast, now: datetime) -> None:
    night(app, now)
    assert state(app, cast.alpha, "egress", now) is State.NO_EVIDENCE  # nothing was delivered: nothing is known
    with tenancy.working_in(app, cast.alpha):
        egress.ask("mail", "")
    night(app, now + timedelta(hours=1))
    assert state(app, cast.alpha, "egress", now) is State.KEPT
    assert state(app, cast.bravo, "egress", now) is State.NO_EVIDENCE
    assert state(app, cast.alpha, "egress", now + timedelta(days=4)) is State.NO_EVIDENCE


@pytest.mark.promise("egress")
def test_a_gate_that_lets_a_stranger_through_is_seen(
    app: Flask, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    went_out(app, cast, monkeypatch)
    night(app, now)
    assert state(app, cast.alpha, "egress", now) is State.BREACHED
    with tenancy.working_in(app, cast.alpha):
        add(cast.users["alice"])
        db.session.commit()
    night(app, now + timedelta(minutes=1))
    assert state(app, cast.alpha, "egress", now) is State.KEPT


def test_a_refused_connection_is_no_breach(
    app: Flask, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    went_out(app, cast, monkeypatch, may=False)
    with tenancy.working_in(app, cast.alpha):
        egress.ask("mail", "")
    night(app, now)
    assert state(app, cast.alpha, "egress", now) is State.KEPT


def test_a_job_that_the_policy_does_not_name_is_a_breach(
    app: Flask, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenancy.working_in(app, cast.alpha):
        add(cast.users["alice"], category="messaging")
        db.session.commit()
        run_under(cast.alpha, "loro")
    went_out(app, cast, monkeypatch)
    night(app, now)
    assert state(app, cast.alpha, "egress", now) is State.KEPT  # it is in the register
    assert state(app, cast.alpha, "P-LOGI-16", now) is State.BREACHED  # but the policy has no such job


@pytest.mark.parametrize(
    ("name", "column", "bad"),
    [
        pytest.param("egress.contracts", "contract_on", None, marks=pytest.mark.promise("egress.contracts")),
        pytest.param("egress.secrecy", "secrecy_on", None, marks=pytest.mark.promise("egress.secrecy")),
        pytest.param("egress.regions", "country", "US", marks=pytest.mark.promise("egress.regions")),
    ],
)
def test_papers_and_places_are_green_when_they_are_there_and_red_when_not(
    app: Flask, cast: Cast, now: datetime, name: str, column: str, bad: Any
) -> None:
    with tenancy.working_in(app, cast.alpha):
        run_under(cast.alpha, "logicnet")
        add(cast.users["alice"], hosts="")
        db.session.commit()
    night(app, now)
    assert state(app, cast.alpha, name, now) is State.KEPT
    with tenancy.working_in(app, cast.alpha):
        db.session.execute(Recipient.__table__.update().values({column: bad}))
        db.session.commit()
    night(app, now + timedelta(minutes=1))
    assert state(app, cast.alpha, name, now) is State.BREACHED


@pytest.mark.promise("egress.partners")
def test_a_partner_that_was_called_is_a_breach(
    app: Flask, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenancy.working_in(app, cast.alpha):
        add(cast.users["alice"])
        db.session.execute(Recipient.__table__.update().values(role="controller"))
        db.session.commit()
    night(app, now)
    assert state(app, cast.alpha, "egress.partners", now) is State.KEPT
    went_out(app, cast, monkeypatch)
    night(app, now + timedelta(minutes=1))
    assert state(app, cast.alpha, "egress.partners", now) is State.BREACHED


# Sources -------------------------------------------------------------------------------------------


@pytest.mark.promise("sources")
def test_a_record_comes_from_one_of_three_sources(app: Flask, cast: Cast, now: datetime) -> None:
    from logicrm.customers.services import add_contact
    from logicrm.leads.bulk import insert_leads
    from logicrm.leads.models import Lead
    from logicrm.leads.services import add_lead

    with tenancy.working_in(app, cast.alpha):
        for source in ("you", "import", "automatic"):
            add_lead({"company": source}, by=None, now=now, source_kind=source)
        with pytest.raises(ValueError, match="bought"):
            add_lead({"company": "X"}, by=None, now=now, source_kind="bought")
        with pytest.raises(ValueError, match="bought"):
            add_contact({"last_name": "X"}, by=None, now=now, source_kind="bought")
        with pytest.raises(ValueError, match="bought"):
            insert_leads([{"company": "X", "email": None}], now=now, source_kind="bought")
        db.session.commit()
    night(app, now)
    assert state(app, cast.alpha, "sources", now) is State.KEPT
    assert state(app, cast.bravo, "sources", now) is State.NO_EVIDENCE
    with tenancy.working_in(app, cast.alpha):
        db.session.execute(Lead.__table__.update().values(source_kind="bought"))
        db.session.commit()
    night(app, now + timedelta(minutes=1))
    assert state(app, cast.alpha, "sources", now) is State.BREACHED
    with pytest.raises(ValueError, match="not from"):
        known_source("")


def test_the_checks_read_the_log_and_not_the_gate(app: Flask, cast: Cast, now: datetime) -> None:
    """A log that is empty is no evidence, whatever the register holds."""
    with tenancy.working_in(app, cast.alpha):
        add(cast.users["alice"])
        db.session.commit()
    night(app, now)
    assert state(app, cast.alpha, "egress", now) is State.NO_EVIDENCE
    with app.app_context():
        assert db.session.query(OutgoingConnection).count() == 0
    assert {"egress", "egress.jobs", "sources"} <= set(checks.CHECKS)
