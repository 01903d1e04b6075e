"""Evidence: nothing is green before an executor ran, what is wrong turns red, and what is old turns grey."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from logicrm.accounts.models import User
from logicrm.core import checks, promises, tenancy
from logicrm.core.checks import Checked
from logicrm.core.promises import Evidence, State
from logicrm.core.schema import new_id
from logicrm.core.watermarks import leave_watermark
from logicrm.extensions import db
from logicrm.privacy import jobs, jobs_checks, retention
from logicrm.privacy.models import Deletion, DeletionState, Export, ExportState
from tests.privacy.acting import agrees

promises.load_all()


def look(name: str, now: datetime) -> Evidence:
    """What the query of a proof says in this workspace."""
    return promises.registry._ask(name, now, {})


def run_the_night(app: Flask, now: datetime) -> None:
    """Retention and checks, as the worker runs them."""
    with app.app_context():
        list(jobs.retain_everywhere(app, now=now))
        list(jobs_checks.check_everywhere(app, now=now))


# Nothing is green before something ran -------------------------------------------------------------


def test_in_an_empty_workspace_no_promise_is_kept(app: Flask, cast: Any, now: datetime) -> None:
    with tenancy.working_in(app, cast.alpha):
        found = promises.states(promises.registry.all(), now)
    assert len(found) == 248
    assert [name for name, one in found.items() if one.state is not State.NO_EVIDENCE] == []


def test_no_query_is_green_without_its_executor(app: Flask, cast: Any, now: datetime) -> None:
    """Not even in a workspace full of rows: rows are no run."""
    from tests.factories import plant_one_of_each

    plant_one_of_each(app, cast.alpha, cast.users["alice"])
    with tenancy.working_in(app, cast.alpha):
        green = [name for name in sorted(promises.registry.queries) if look(name, now).state is State.KEPT]
        assert green == [] and len(promises.registry.queries) > 30


def test_no_query_stays_green_when_nothing_runs_any_more(app: Flask, cast: Any, now: datetime) -> None:
    run_the_night(app, now)
    with tenancy.working_in(app, cast.alpha):
        for mark in ("erasure", "export", "rectification", "account.changed"):
            leave_watermark(mark, ran_at=now, rows_acted=1)
        db.session.commit()
        later = now + timedelta(days=4000)
        assert [name for name in sorted(promises.registry.queries) if look(name, later).state is State.KEPT] == []


def test_after_a_day_of_runs_what_is_built_is_kept(app: Flask, cast: Any, inside: Any, now: datetime) -> None:
    """The whole path: jobs run, the page of promises turns green where programs alone keep the promise."""
    with app.app_context():
        db.session.execute(User.__table__.update().values(terms_version="1", terms_at=now))
        db.session.commit()
    run_the_night(app, now)
    with inside():
        found = promises.states(promises.registry.all("logicrm"), now + timedelta(hours=1))
    kept = {name for name, one in found.items() if one.state is State.KEPT}
    assert {
        "P-LOGI-02", "P-LOGI-03", "P-LOGI-11", "P-LOGI-13", "P-LOGI-21", "P-LOGI-40", "P-LOGI-42", "P-LOGI-44",
        "P-LOGI-48", "P-LOGI-50", "P-LOGI-53", "P-LOGI-58",
    } <= kept  # fmt: skip
    assert not kept & {"P-LOGI-22", "P-LOGI-25", "P-LOGI-39", "P-LOGI-54"}, "not built, or people's part"
    for name in kept:
        assert found[name].at == now
        assert str(found[name].figure)


def test_the_command_says_what_it_saw(app: Flask, cast: Any) -> None:
    done = app.test_cli_runner().invoke(args=["privacy", "check"])
    assert "everywhere" in done.output
    assert "alpha" in done.output
    assert "routes" in done.output
    assert done.exit_code == 1, "the cast never accepted any terms, and the example mailbox is nobody's"


def test_a_check_that_fails_leaves_nothing_and_stops_no_other(
    app: Flask, cast: Any, inside: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(now: datetime) -> Checked:
        raise RuntimeError("disk on fire")

    monkeypatch.setitem(checks.CHECKS, "chain", checks.Check("chain", broken, everywhere=False))
    run_the_night(app, now)
    with inside():
        assert look("monitoring", now).state is State.NO_EVIDENCE
        assert look("roles", now).state is State.KEPT


# The engine ----------------------------------------------------------------------------------------


@pytest.mark.promise("retention.marketing")
def test_a_row_that_the_engine_passed_over_is_a_breach_whatever_it_says(
    app: Flask, cast: Any, inside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run measures what is left without its cutoff: an engine that counts wrong cannot call itself clean."""
    now = datetime(2033, 3, 1, tzinfo=UTC)
    with inside():
        agrees(now - timedelta(days=3000))
        db.session.commit()
    with monkeypatch.context() as broken:
        broken.setattr(retention.Rule, "cutoff", lambda self, profile, now: datetime(1990, 1, 1, tzinfo=UTC))
        run_the_night(app, now)
    with inside():
        assert look("retention.marketing", now).state is State.BREACHED
    run_the_night(app, now + timedelta(hours=1))
    with inside():
        assert look("retention.marketing", now + timedelta(hours=1)).state is State.KEPT


def test_a_wait_longer_than_promised_is_a_breach(app: Flask, inside: Any, now: datetime) -> None:
    with inside():
        leave_watermark("erasure", ran_at=now, rows_acted=3)
        assert look("erasure.grace", now).state is State.KEPT
        for number, days in enumerate((30, 31)):
            db.session.add(
                Deletion(
                    id=new_id(), reference=f"LC-{number}", subject_kind="person", subject_id=new_id(),
                    state=DeletionState.PURGED, asked_at=now - timedelta(days=40), due_at=now,
                    purged_at=now - timedelta(days=40 - days), facts={}, certificate={},
                )
            )  # fmt: skip
            db.session.flush()
            assert look("erasure.grace", now).state is (State.KEPT if days == 30 else State.BREACHED)


def test_a_copy_that_does_not_come_is_a_breach(cast: Any, inside: Any, now: datetime) -> None:
    with inside():
        leave_watermark("export", ran_at=now - timedelta(days=2), rows_acted=40)
        assert look("export", now).state is State.KEPT
        db.session.add(
            Export(
                id=new_id(), subject_kind="account", subject_id=cast.users["bob"], workspace_id=cast.alpha,
                state=ExportState.ASKED, asked_at=now - timedelta(hours=25), files={},
            )
        )  # fmt: skip
        db.session.flush()
        assert look("export", now).state is State.BREACHED
