"""A promise is green only when an executor ran. Everything else is grey or red."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from logicrm.core import promises, tenancy
from logicrm.core.promises import Evidence, Kind, Promise, Registry, State
from logicrm.core.watermarks import Watermark, latest_watermark, leave_watermark
from logicrm.extensions import db

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def a_promise(promise_id: str = "P-X-1", **changed: Any) -> Promise:
    values: dict[str, Any] = {"id": promise_id, "kind": Kind.SOFTWARE, "says": "We do it.", **changed}
    return Promise(**values)


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    made.register(a_promise())
    return made


def test_kept_needs_the_run_of_an_executor() -> None:
    for missing in ({"at": NOW}, {"run_id": uuid.uuid4()}, {}):
        with pytest.raises(ValueError, match="executor's run"):
            Evidence(State.KEPT, **missing)
    assert Evidence(State.KEPT, at=NOW, run_id=uuid.uuid4()).state is State.KEPT


def test_without_a_query_there_is_no_evidence(registry: Registry) -> None:
    assert registry.look("P-X-1", NOW).state is State.NO_EVIDENCE


def test_a_query_that_fails_is_no_evidence(in_workspace: Any, registry: Registry) -> None:
    registry.queries["P-X-1"] = lambda now: 1 // 0  # type: ignore[assignment, return-value]
    found = registry.look("P-X-1", NOW)
    assert found.state is State.NO_EVIDENCE
    assert str(found.note) == "The check could not be made."


def test_a_promise_that_no_policy_makes_is_refused(registry: Registry) -> None:
    registry.enforced_by("P-X-2", a_promise)
    with pytest.raises(promises.UnknownPromise, match="P-X-2"):
        registry.all()


def test_the_same_id_cannot_say_two_things(registry: Registry) -> None:
    registry.register(a_promise())
    with pytest.raises(ValueError, match="twice"):
        registry.register(a_promise(says="We do something else."))


def test_a_decorated_function_is_the_rule(registry: Registry) -> None:
    registry.enforced_by("P-X-1", leave_watermark)
    row = registry.get("P-X-1")
    assert row.rules == ("core.watermarks:leave_watermark",)
    assert row.feature == "enforced"
    assert list(promises.broken_rules([row])) == []


@pytest.mark.parametrize(
    ("kind", "rules", "feature"),
    [(Kind.SOFTWARE, (), "not built yet"), (Kind.ORGANISATIONAL, (), "control"), (Kind.MIXED, ("a:b",), "enforced")],
)
def test_a_promise_says_how_far_it_is(kind: Kind, rules: tuple[str, ...], feature: str) -> None:
    assert a_promise(kind=kind, rules=rules).feature == feature


@pytest.mark.parametrize("rule", ["core.nowhere:run", "core.watermarks:nothing", "core.watermarks:Watermark.nothing"])
def test_a_rule_that_names_nothing_is_found(rule: str) -> None:
    [(promise_id, reason)] = promises.broken_rules([a_promise(rules=(rule,))])
    assert promise_id == "P-X-1"
    assert rule in reason


def test_a_remark_behind_a_rule_is_allowed() -> None:
    assert promises.resolve("core.watermarks:Watermark.portal_scope#for the portal")


def test_the_worst_of_several_workspaces_counts() -> None:
    kept = Evidence(State.KEPT, at=NOW, run_id=uuid.uuid4())
    breached, grey, late = (Evidence(state) for state in (State.BREACHED, State.NO_EVIDENCE, State.OVERDUE))
    assert promises.worst([kept, grey, late, breached]) is breached
    assert promises.worst([kept, grey, late]) is late
    assert promises.worst([kept, grey]) is grey
    assert promises.worst([kept]) is kept
    assert promises.worst([]).state is State.NO_EVIDENCE


# What several promises share --------------------------------------------------------------------


@pytest.fixture
def shared(registry: Registry) -> Registry:
    """Two policies promise the same; one says it in other words. A third promise shares the proof only."""
    registry.proofs["erasure"] = promises.Proof("erasure", ("core.watermarks:leave_watermark",))
    registry.register(a_promise("P-X-2", proofs=("erasure",)))
    registry.register(a_promise("P-Y-1", proofs=("P-X-2", "erasure"), profiles=("loro",)))
    registry.register(a_promise("P-Y-2", proofs=("erasure",), profiles=("loro",)))
    return registry


def test_a_proof_s_rules_and_enforcers_serve_every_row(shared: Registry) -> None:
    shared.enforced_by("erasure", a_promise)
    shared.enforced_by("P-X-2", left)
    rules = {row.id: row.rules for row in shared.all()}
    assert rules["P-Y-2"] == ("core.watermarks:leave_watermark", f"{a_promise.__module__}:a_promise")
    assert set(rules["P-Y-1"]) == set(rules["P-X-2"]) == {*rules["P-Y-2"], f"{left.__module__}:left"}
    assert rules["P-X-1"] == ()


def test_a_proof_that_is_not_built_enforces_nothing(shared: Registry) -> None:
    shared.proofs["erasure"] = promises.Proof("erasure", ("core.watermarks:leave_watermark",), lambda: False)
    assert shared.get("P-Y-2").feature == "not built yet"


@pytest.mark.parametrize("change", [{"proofs": ("erasre",)}, {"controls": ("training",)}])
def test_a_slip_in_a_name_is_refused(shared: Registry, change: dict[str, Any]) -> None:
    shared.register(a_promise("P-Y-3", **change))
    with pytest.raises(promises.UnknownPromise, match="is no promise, proof or control"):
        shared.all()


@pytest.mark.usefixtures("in_workspace")
class TestTheWeakestCounts:
    KEPT = Evidence(State.KEPT, at=NOW, run_id=uuid.uuid4(), figure="3 rows")

    def test_one_query_serves_all_and_is_asked_once(self, shared: Registry) -> None:
        asked: list[datetime] = []

        def look(now: datetime) -> Evidence:
            asked.append(now)
            return self.KEPT

        shared.queries["erasure"] = look
        seen: dict[str, Evidence] = {}
        assert {shared.look(name, NOW, seen).state for name in ("P-X-2", "P-Y-1", "P-Y-2")} == {State.KEPT}
        assert len(asked) == 1

    def test_a_breach_of_what_is_shared_is_a_breach_of_each(self, shared: Registry) -> None:
        shared.queries["erasure"] = lambda now: Evidence(State.BREACHED)
        shared.queries["P-X-2"] = lambda now: self.KEPT
        assert shared.look("P-X-2", NOW).state is State.BREACHED

    def test_what_people_must_do_keeps_it_grey(self, shared: Registry) -> None:
        shared.controls["training"] = promises.Control("training", "Courses", "P1Y")
        shared.register(a_promise("P-Y-4", kind=Kind.MIXED, proofs=("erasure",), controls=("training",)))
        shared.queries["erasure"] = lambda now: self.KEPT
        found = shared.look("P-Y-4", NOW)
        assert (found.state, found.figure) == (State.NO_EVIDENCE, "3 rows")
        assert "people" in str(found.note)
        shared.control_query = lambda key, now: Evidence(State.OVERDUE)
        assert shared.look("P-Y-4", NOW).state is State.OVERDUE
        shared.control_query = lambda key, now: self.KEPT
        assert shared.look("P-Y-4", NOW).state is State.KEPT


# Watermarks --------------------------------------------------------------------------------------


def look(**asked: Any) -> Evidence:
    return promises.from_watermark("retention:support", NOW, at_most=2 * DAY, **asked)


def left(**facts: Any) -> uuid.UUID:
    return leave_watermark("retention:support", **{"ran_at": NOW - DAY, **facts})


@pytest.mark.usefixtures("in_workspace")
class TestEvidenceFromWatermarks:
    def test_an_executor_that_never_ran_proves_nothing(self) -> None:
        leave_watermark("retention:usage", ran_at=NOW)
        assert look() == promises.NO_EVIDENCE

    def test_a_run_proves_what_it_did(self) -> None:
        run = left(rows_considered=40, rows_acted=3)
        assert look(figure="0 overdue") == Evidence(State.KEPT, "0 overdue", 3, NOW - DAY, run)

    def test_a_run_of_long_ago_proves_nothing_any_more(self) -> None:
        left(ran_at=NOW - 2 * DAY)
        assert look().state is State.KEPT
        assert promises.from_watermark(
            "retention:support", NOW + timedelta(seconds=1), at_most=2 * DAY
        ).state is State.NO_EVIDENCE  # fmt: skip

    def test_rows_that_the_run_could_not_deal_with_are_a_breach(self) -> None:
        left(rows_overdue=1)
        assert look().state is State.BREACHED

    def test_rows_that_are_overdue_now_are_a_breach_whatever_the_run_said(self) -> None:
        left()
        assert look(overdue=1).state is State.BREACHED

    def test_an_old_run_does_not_hide_a_breach(self) -> None:
        left(ran_at=NOW - 9 * DAY)
        assert look(overdue=1).state is State.BREACHED

    def test_a_row_left_from_before_the_cutoff_is_a_breach(self) -> None:
        cutoff = NOW - 30 * DAY
        left(oldest_left=cutoff + timedelta(microseconds=1))
        assert look(cutoff=cutoff).state is State.KEPT
        left(oldest_left=cutoff)
        assert look(cutoff=cutoff).state is State.BREACHED

    def test_one_row_per_executor_holds_the_latest_run(self) -> None:
        left(ran_at=NOW - 2 * DAY, rows_acted=1)
        latest = left(ran_at=NOW - DAY, rows_acted=2)
        left(ran_at=NOW - 3 * DAY, rows_acted=3)  # a slow run that ends with an older time
        mark = latest_watermark("retention:support")
        assert mark is not None
        assert (mark.run_id, mark.rows_acted) == (latest, 2)
        assert db.session.scalar(select(func.count()).select_from(Watermark)) == 1

    def test_a_run_that_is_rolled_back_leaves_nothing(self) -> None:
        left()
        db.session.rollback()
        assert look() == promises.NO_EVIDENCE


def test_another_workspace_s_run_proves_nothing_here(app: Any, cast: Any) -> None:
    with tenancy.working_in(app, cast.bravo):
        left()
        db.session.commit()
        assert look().state is State.KEPT
    with tenancy.working_in(app, cast.alpha):
        assert look() == promises.NO_EVIDENCE


# The decorators ----------------------------------------------------------------------------------


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    made = Registry()
    monkeypatch.setattr(promises, "registry", made)
    yield made


def test_a_function_can_make_enforce_and_prove_a_promise(own_registry: Registry) -> None:
    @promises.promise("P-X-9", kind="S", says="Cold leads go.", figure="retention.leads.keep_for")
    def forget() -> None: ...

    @promises.evidence("P-X-9")
    def forgotten(now: datetime) -> Evidence | None:
        return None

    [row] = own_registry.all("logicrm")
    assert row.rules[0].endswith("forget")
    assert own_registry.queries == {"P-X-9": forgotten}
    with pytest.raises(ValueError, match="two evidence queries"):
        promises.evidence("P-X-9")(lambda now: None)


def test_a_promise_that_says_the_same_takes_over_what_it_does_not_say(own_registry: Registry) -> None:
    promises.proof("erasure", rule="core.watermarks:leave_watermark")
    promises.control("training", "Courses", "P1Y")
    promises.register("P-X-1", kind="M", says="We do it.", figure="minimum_age", section="children", proof="erasure",
                      control="training")  # fmt: skip
    same = promises.register("P-Y-1", same_as="P-X-1", profiles=("loro",))
    assert (same.kind, same.says, same.figure, same.section) == (Kind.MIXED, "We do it.", "minimum_age", "children")
    assert (same.proofs, same.controls, same.profiles) == (("P-X-1", "erasure"), ("training",), ("loro",))
    other = promises.register("P-Y-2", kind="S", same_as="P-X-1", says="It is done.", proof="erasure")
    assert (other.kind, other.says, other.proofs) == (Kind.SOFTWARE, "It is done.", ("erasure", "P-X-1"))
    with pytest.raises(TypeError, match="says nothing"):
        promises.register("P-Y-3", kind="S")
    with pytest.raises(KeyError):
        promises.register("P-Y-4", same_as="P-X-9")
