"""Retention: by the calendar, from the declared event, in batches, with a brake, and with evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select

from logicrm.accounts.models import Invitation, User, UserSession
from logicrm.core.pii import Erase, Keep
from logicrm.core.schema import new_id
from logicrm.core.throttle import Throttle
from logicrm.core.watermarks import latest_watermark
from logicrm.extensions import db
from logicrm.privacy import jobs as privacy_jobs
from logicrm.privacy import profile, retention
from logicrm.privacy.models import DataSubject, RetentionRun
from logicrm.privacy.subjects import make_known

NOW = datetime(2029, 3, 1, 12, tzinfo=UTC)
TERMS = profile.load("logicrm")


def known_since(seen_at: datetime, email: str = "jane@example.com") -> None:
    make_known(email, now=seen_at)


@pytest.mark.promise("retention")
@pytest.mark.parametrize("days, left", [(-1, 0), (0, 0), (1, 1)])
def test_three_years_by_the_calendar_to_the_day(in_workspace, days, left):
    """Class requests: three years after the last visit. Figure + 1 day, figure, figure − 1 day of age."""
    known_since(datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=days))
    retention.run(TERMS, now=NOW, tenant=True)
    assert db.session.scalar(select(func.count()).select_from(DataSubject)) == left


def test_to_the_second(in_workspace):
    known_since(datetime(2026, 3, 1, 12, tzinfo=UTC), "due@example.com")
    known_since(datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC), "kept@example.com")
    retention.run(TERMS, now=NOW, tenant=True)
    assert db.session.scalars(select(DataSubject.email)).all() == ["kept@example.com"]


def test_a_missing_anchor_never_expires(in_workspace, cast):
    """deletion.cancelled_at and purged_at are NULL while it is open: neither rule takes the row."""
    from logicrm.core import subjects
    from logicrm.privacy import deletion
    from logicrm.privacy.models import Deletion

    deletion.schedule(subjects.load("account", cast.users["bob"]))
    retention.run(TERMS, now=NOW + timedelta(days=40000), tenant=False, force=True)
    assert db.session.scalar(select(func.count()).select_from(Deletion)) == 1


def test_a_dry_run_counts_and_names_ids_only_and_changes_nothing(in_workspace):
    known_since(datetime(2020, 1, 1, tzinfo=UTC))
    outcomes = retention.run(TERMS, now=NOW, tenant=True, dry=True)
    told = "\n".join(retention.lines(outcomes, dry=True))
    row = db.session.scalar(select(DataSubject))
    assert row is not None and str(row.id) in told
    assert "would delete 1" in told and "jane" not in told
    assert db.session.scalars(select(RetentionRun)).all() == []


def test_other_workspaces_keep_their_rows(inside, cast):
    with inside(cast.bravo):
        known_since(datetime(2020, 1, 1, tzinfo=UTC))
        db.session.commit()
    with inside():
        known_since(datetime(2020, 1, 1, tzinfo=UTC))
        retention.run(TERMS, now=NOW, tenant=True)
        db.session.commit()
        assert db.session.scalars(select(DataSubject)).all() == []
    with inside(cast.bravo):
        assert len(db.session.scalars(select(DataSubject)).all()) == 1


def many(count: int) -> None:
    rows = [{"name": f"{n:064d}", "window_end": datetime(2026, 1, 1, tzinfo=UTC), "tries": 1} for n in range(count)]
    db.session.execute(insert(Throttle), rows)
    db.session.flush()


@pytest.mark.parametrize("count, braked", [(1000, False), (1001, True)])
def test_the_brake_stops_an_unusual_volume(in_workspace, count, braked):
    many(count)
    outcome = next(o for o in retention.run(TERMS, now=NOW, tenant=False) if o.rule.executor == "throttle.window_end")
    assert (outcome.braked, outcome.acted) == (braked, 0 if braked else count)
    assert db.session.scalar(select(func.count()).select_from(Throttle)) == (count if braked else 0)


def test_yes_passes_the_brake_in_batches(in_workspace):
    many(1201)
    commits = []
    retention.run(TERMS, now=NOW, tenant=False, force=True, commit=lambda: commits.append(1))
    assert db.session.scalar(select(func.count()).select_from(Throttle)) == 0
    assert len(commits) >= 3


def test_the_usual_is_the_median_of_earlier_runs(in_workspace):
    for due in (100, 200, 5000):
        db.session.add(
            RetentionRun(
                id=new_id(),
                run_id=new_id(),
                executor="throttle.window_end",
                data_class="logs",
                cutoff=NOW,
                due=due,
                acted=due,
                ran_at=NOW,
            )
        )
    db.session.flush()
    rule = next(r for r in retention.rules(tenant=False) if r.executor == "throttle.window_end")
    assert retention.usual(rule) == 200
    many(1900)
    outcome = next(o for o in retention.run(TERMS, now=NOW, tenant=False) if o.rule is not None and o.rule == rule)
    assert not outcome.braked and outcome.acted == 1900


def test_blanking_leaves_the_row_and_is_not_due_again(in_workspace, monkeypatch):
    monkeypatch.setattr(DataSubject, "__retention__", (Keep("requests", anchor="last_seen_at", action=Erase.BLANK),))
    known_since(datetime(2020, 1, 1, tzinfo=UTC))
    first = [o for o in retention.run(TERMS, now=NOW, tenant=True) if o.due]
    assert [(o.rule.executor, o.acted) for o in first] == [("data_subject.last_seen_at", 1)]
    db.session.expire_all()
    assert db.session.scalar(select(DataSubject.email)) == ""
    assert [o.due for o in retention.run(TERMS, now=NOW, tenant=True) if o.due] == []


@pytest.mark.promise("census")
def test_every_rule_has_a_period_in_the_policy(app):
    for rule in [*retention.rules(tenant=True), *retention.rules(tenant=False)]:
        assert rule.cutoff(TERMS, NOW) <= NOW
        assert rule.keep.data_class in TERMS.retention


def test_a_run_over_everything_leaves_watermarks_and_lines(app, cast, inside):
    with inside():
        known_since(datetime(2020, 1, 1, tzinfo=UTC))
        db.session.add(
            Invitation(
                id=new_id(),
                email="x@example.com",
                role="sales",
                token_hash="t",
                created_at=NOW,
                expires_at=datetime(2020, 1, 1, tzinfo=UTC),
            )
        )
        db.session.commit()
    with app.app_context():
        outcomes = {
            o.rule.executor: o for _place, some in privacy_jobs.retain_everywhere(app, now=NOW) for o in some if o.due
        }
        assert {"data_subject.last_seen_at", "invitation.expires_at"} <= set(outcomes)
    with inside():
        mark = latest_watermark("retention:requests")
        assert mark is not None and mark.ran_at == NOW and mark.rows_overdue == 0
        assert db.session.scalar(select(func.count()).select_from(RetentionRun).where(RetentionRun.due > 0)) >= 2
        assert db.session.scalar(select(func.count()).select_from(User)) == 8


def test_the_command_line(app, cast, inside):
    with inside():
        known_since(datetime(2020, 1, 1, tzinfo=UTC))
        db.session.add(
            UserSession(
                id=new_id(),
                token_hash="t",
                user_id=cast.users["bob"],
                workspace_id=cast.alpha,
                epoch=0,
                created_at=NOW,
                seen_at=NOW,
                proven_at=NOW,
                expires_at=datetime(2020, 1, 1, tzinfo=UTC),
            )
        )
        db.session.commit()
    run = app.test_cli_runner()
    dry = run.invoke(args=["privacy", "retain", "--dry-run"])
    assert dry.exit_code == 0 and "user_session.expires_at" in dry.output and "nothing was changed" in dry.output
    erase = run.invoke(args=["privacy", "erase", "--dry-run", f"account:{cast.users['bob']}"])
    assert erase.exit_code == 0 and "deleted" in erase.output
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(UserSession)) == 1
    assert run.invoke(args=["privacy", "retain"]).exit_code == 0
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(UserSession)) == 0


@pytest.mark.promise("retention")
def test_the_evidence_is_the_run_and_no_run_is_no_evidence(app, cast, inside):
    from logicrm.core.promises import State, registry

    with inside():
        assert registry.look("P-LOGI-56", NOW).state is State.NO_EVIDENCE
    with app.app_context():
        list(privacy_jobs.retain_everywhere(app, now=NOW))
    with inside():
        assert registry.look("P-LOGI-56", NOW + timedelta(hours=30)).state is State.KEPT
        assert registry.look("P-LOGI-56", NOW + timedelta(days=3)).state is State.NO_EVIDENCE
