"""`flask privacy promises`: promise, rule, test, evidence; and which breaks of the chain are holes."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from logicrm.core import clock, promises, tenancy
from logicrm.core.promises import Evidence, Kind, Promise
from logicrm.core.watermarks import leave_watermark
from logicrm.extensions import db
from logicrm.privacy import chain, cli
from logicrm.privacy.policy import Sentence

SOURCE = """
import pytest

pytestmark = pytest.mark.promise("P-X-1")

@pytest.mark.promise("P-X-2")
@pytest.mark.parametrize("x", [1])
def test_plain(x): ...

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.promise("P-X-3")), 2])
def test_one_parameter(x): ...

class TestGroup:
    pytestmark = [pytest.mark.slow, pytest.mark.promise("P-X-4", "P-X-5")]
    async def test_inside(self): ...

@pytest.mark.promise("P-X-6")
@pytest.mark.skip(reason="later")
def test_switched_off(): ...

@pytest.mark.promise("P-X-6")
@pytest.mark.xfail
def test_expected_to_fail(): ...

@pytest.mark.promise("P-X-7")
def helper(): ...

@pytest.mark.promise(NAME)
def test_unreadable(): ...
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tests = tmp_path / "tests"
    (tests / "area").mkdir(parents=True)
    (tests / "area" / "test_it.py").write_text(SOURCE)
    (tests / "area" / "notes.py").write_text('import pytest\n@pytest.mark.promise("P-X-8")\ndef test_x(): ...\n')
    return tests


def test_marked_tests_are_found_however_they_are_marked(folder: Path) -> None:
    found = chain.marked_tests(folder)
    assert found.by_promise["P-X-2"] == ["tests/area/test_it.py::test_plain"]
    assert found.by_promise["P-X-3"] == ["tests/area/test_it.py::test_one_parameter"]
    assert found.by_promise["P-X-4"] == found.by_promise["P-X-5"] == ["tests/area/test_it.py::TestGroup::test_inside"]
    assert len(found.by_promise["P-X-1"]) == 4
    assert found.unreadable == ["tests/area/test_it.py::test_unreadable"]


def test_skipped_tests_helpers_and_other_files_show_nothing(folder: Path) -> None:
    assert not {"P-X-6", "P-X-7", "P-X-8"} & set(chain.marked_tests(folder).by_promise)


def link(kind: Kind, *rules: str, tests: tuple[str, ...] = (), promise_id: str = "P-LOGI-01") -> chain.Link:
    controls = () if kind is Kind.SOFTWARE else ("training",)
    row = Promise(promise_id, kind, "We do it.", rules=rules, controls=controls)
    return chain.Link(row, Sentence("We do it."), tests, promises.NO_EVIDENCE)


RULE = "core.watermarks:leave_watermark"


@pytest.mark.parametrize("kind", [Kind.SOFTWARE, Kind.MIXED])
def test_enforced_without_a_test_is_a_hole(kind: Kind) -> None:
    [hole] = chain.holes([link(kind, RULE)], chain.MarkedTests(found=True))
    assert RULE in hole.says
    assert 'pytest.mark.promise("P-LOGI-01")' in hole.says
    assert chain.holes([link(kind, RULE, tests=("t",))], chain.MarkedTests(found=True)) == []


def test_not_built_yet_and_organisational_are_no_holes() -> None:
    rows = [link(Kind.SOFTWARE), link(Kind.MIXED), link(Kind.ORGANISATIONAL), link(Kind.ORGANISATIONAL, RULE)]
    assert chain.holes(rows, chain.MarkedTests(found=True)) == []


def test_a_mark_on_what_is_shared_serves_every_row_of_it() -> None:
    tests = chain.MarkedTests(found=True, by_promise={"erasure": ["a"], "P-LOGI-38": ["b"], "P-SOFT-42": ["c"]})
    found = {one.promise.id: one.tests for one in chain.links("", tests, {})}
    assert found["P-LOGI-38"] == ("b", "a")
    assert found["P-SOFT-42"] == ("c", "b", "a")  # it says the same as P-LOGI-38
    assert found["P-TRACK-26"] == ("a",)  # it shares the proof, in words of its own
    assert found["P-LOGI-42"] == ()


def test_people_s_part_without_a_control_is_a_hole() -> None:
    row = Promise("P-LOGI-25", Kind.ORGANISATIONAL, "We learn.")
    [hole] = chain.holes([chain.Link(row, Sentence("We learn."), (), promises.NO_EVIDENCE)], chain.MarkedTests(True))
    assert "name their control" in hole.says


def test_a_rule_that_is_not_there_is_a_hole() -> None:
    [hole] = chain.holes([link(Kind.SOFTWARE, "core.nowhere:run", tests=("t",))], chain.MarkedTests(found=True))
    assert "core.nowhere:run cannot be found" in hole.says


def test_a_test_of_an_unknown_promise_is_a_hole(folder: Path) -> None:
    tests = chain.marked_tests(folder)
    says = [(hole.promise_id, hole.says) for hole in chain.holes([], tests)]
    assert (
        "P-X-2",
        "tests/area/test_it.py::test_plain names it, but it is no promise and no proof of any policy",
    ) in says
    assert says[-1] == ("?", "tests/area/test_it.py::test_unreadable: write the promise's id out in the mark")


def test_without_a_tests_folder_missing_tests_are_no_holes(tmp_path: Path) -> None:
    tests = chain.marked_tests(tmp_path / "tests")
    assert not tests.found
    assert chain.holes([link(Kind.SOFTWARE, RULE)], tests) == []


# The command -------------------------------------------------------------------------------------


def run(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(cli.promises_command, list(arguments))


def test_the_chain_of_this_program_has_no_hole(app: Flask) -> None:
    done = run(app)
    assert done.exit_code == 0, done.output
    assert "No hole in what is built." in done.output


def test_the_command_lists_every_promise_with_rule_test_and_state(app: Flask) -> None:
    data = json.loads(run(app, "--profile", "logicrm", "--json").stdout)
    rows = {row["id"]: row for row in data["promises"]}
    assert len(rows) == 66
    assert rows["P-LOGI-57"]["controls"] == ["transfers"]
    assert rows["P-LOGI-42"]["evidence"]["queries"] == ["clock.requests"]
    assert "privacy.clocks:due" in rows["P-LOGI-42"]["rules"]
    assert any("test_clocks.py::" in test for test in rows["P-LOGI-42"]["tests"])
    assert "30 days" in rows["P-LOGI-42"]["says"]
    assert rows["P-LOGI-29"]["feature"] == "control"
    assert {row["evidence"]["state"] for row in rows.values()} == {"no_evidence"}
    assert data["holes"] == []


@pytest.mark.parametrize(
    ("name", "count"), [("logicrm", 66), ("logicnet", 45), ("crmsoftware", 67), ("logitrack", 40), ("loro", 30)]
)
def test_each_of_the_five_chains_is_whole(app: Flask, name: str, count: int) -> None:
    done = run(app, "--profile", name)
    assert done.exit_code == 0, done.output
    assert f"{name}: {count} promises" in done.output


def test_all_248_have_a_chain(app: Flask) -> None:
    rows = json.loads(run(app, "--json").stdout)["promises"]
    assert len(rows) == 248
    for row in rows:
        assert row["says"]
        assert row["feature"] == "not built yet" or row["rules"] or row["controls"], row["id"]
        if row["rules"] and row["kind"] != "O":
            assert row["tests"], row["id"]
        assert row["evidence"]["state"] == "no_evidence"


def test_the_command_fails_on_a_hole(app: Flask, folder: Path) -> None:
    done = run(app, "--tests", str(folder))
    assert done.exit_code == 1
    assert re.search(r"HOLE  P-LOGI-66: .*privacy\.clocks:due.* has no test", done.output)


def test_the_command_says_when_there_are_no_tests_to_look_at(app: Flask, tmp_path: Path) -> None:
    done = run(app, "--tests", str(tmp_path / "nothing"))
    assert done.exit_code == 0
    assert "There is no tests/ folder here" in done.output


def test_an_unknown_profile_is_a_mistake_of_the_caller(app: Flask) -> None:
    done = run(app, "--profile", "logicorn")
    assert done.exit_code == 2
    assert "no profile 'logicorn'" in done.output


def test_the_worst_workspace_counts(app: Flask, cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked(now: Any) -> Evidence:
        return promises.from_watermark("retention:support", now, at_most=timedelta(days=1))

    promises.load_all()
    monkeypatch.setitem(promises.registry.queries, "retention.support", looked)

    def state() -> str:
        with app.app_context():
            return cli.evidence_everywhere(app, "logicrm")["P-LOGI-54"].state

    def ran(workspace: Any, overdue: int) -> None:
        with tenancy.working_in(app, workspace):
            leave_watermark("retention:support", ran_at=clock.now(), rows_overdue=overdue)
            db.session.commit()

    assert state() == "no_evidence"
    ran(cast.alpha, 0)
    assert state() == "no_evidence"  # Bravo's executor has not run
    ran(cast.bravo, 0)
    assert state() == "kept"
    ran(cast.bravo, 1)
    assert state() == "breached"
