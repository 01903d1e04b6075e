"""All 248 promises of the five policies are there, in our words, each with who keeps it and what serves it."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from flask import Flask
from flask_babel import LazyString

from logicrm.core import promises
from logicrm.core.promises import Kind
from logicrm.privacy import chain, policy, profile, retention
from logicrm.privacy.clocks import Duration
from logicrm.privacy.promises import controls

promises.load_all()

#: Typed from the register of promises: how many there are, and which are not kept by the program alone.
COUNTS = {"logicrm": ("LOGI", 66), "logicnet": ("NET", 45), "crmsoftware": ("SOFT", 67), "logitrack": ("TRACK", 40),
          "loro": ("LORO", 30)}  # fmt: skip
MIXED = {
    "LOGI": {15, 17, 19, 20, 23, 24, 27, 41, 45, 57},
    "NET": {16, 17, 19, 20, 24, 34, 39, 40},
    "SOFT": {2, 5, 24, 26, 28, 34, 55, 56, 57, 58},
    "TRACK": {14, 16, 18, 19, 22, 30},
    "LORO": {9, 10, 14},
}
ORGANISATIONAL = {
    "LOGI": {18, 25, 26, 28, 29, 30, 31},
    "NET": {23, 26},
    "SOFT": {29, 30, 32, 33, 35, 36, 37},
    "TRACK": {40},
    "LORO": {12, 15},
}


@pytest.mark.parametrize("name", COUNTS)
def test_every_promise_is_there_and_says_who_keeps_it(name: str) -> None:
    stem, count = COUNTS[name]
    rows = {row.id: row for row in promises.registry.all(name)}
    assert sorted(rows) == [f"P-{stem}-{number:02d}" for number in range(1, count + 1)]
    for number in range(1, count + 1):
        row = rows[f"P-{stem}-{number:02d}"]
        mixed, people = number in MIXED[stem], number in ORGANISATIONAL[stem]
        assert row.kind is (Kind.ORGANISATIONAL if people else Kind.MIXED if mixed else Kind.SOFTWARE), row.id
        assert row.profiles == (name,)


def test_there_are_248() -> None:
    assert len(promises.registry.all()) == sum(count for _stem, count in COUNTS.values()) == 248


def test_sentences_are_ours_short_and_can_be_translated() -> None:
    rows = promises.registry.all()
    for row in rows:
        assert isinstance(row.says, LazyString), row.id
        assert not re.search(r"\d", re.sub(r"%\(\w+\)s", "", str(row.says))), f"{row.id} types a figure"
        assert str(row.says).endswith(".")
    lengths = [len(str(row.says).split()) for row in rows]
    assert max(lengths) <= 30
    assert sum(lengths) / len(lengths) <= 15


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("name", COUNTS)
def test_every_figure_is_one_that_the_profile_states(name: str) -> None:
    show = policy.Show(profile.load(name), "en")
    for row in promises.registry.all(name):
        if row.figure:
            assert show.figure(row.figure), row.id


@pytest.mark.parametrize("name", COUNTS)
def test_whatever_people_keep_has_a_control_with_words_and_cadence(name: str) -> None:
    known = profile.load(name)
    demanded = {one.key: one for one in controls.demanded(known)}
    for row in promises.registry.all(name):
        assert bool(row.controls) == (row.kind is not Kind.SOFTWARE), row.id
        for key in row.controls:
            assert row.id in demanded[key].promises
    for one in demanded.values():
        assert len(str(one.says)) > 10
        assert one.cadence.is_longer_than(Duration(days=27)), one.key


def test_crmsoftware_is_audited_every_month_and_the_others_once_a_year() -> None:
    def audit(name: str) -> Duration:
        return next(one.cadence for one in controls.demanded(profile.load(name)) if one.key == "audit")

    assert audit("crmsoftware") == Duration(months=1)
    assert audit("logicrm") == audit("logicnet") == audit("loro") == Duration(years=1)
    edited = profile.load("logicrm").with_values({"security.audits": "monthly"})
    assert next(one.cadence for one in controls.demanded(edited) if one.key == "audit") == Duration(months=1)


def test_every_control_and_every_proof_serves_some_promise() -> None:
    rows = promises.registry.all()
    used = Counter(name for row in rows for name in (*row.proofs, *row.controls))
    assert [key for key in promises.registry.controls if not used[key]] == []
    assert [name for name in promises.registry.proofs if not used[name]] == []


def test_what_says_the_same_is_served_by_the_same() -> None:
    objection, of_logicnet = promises.registry.get("P-LOGI-40"), promises.registry.get("P-NET-33")
    assert of_logicnet.rules == objection.rules != ()
    assert str(of_logicnet.says) == str(objection.says)
    assert {"P-LOGI-40", "objection"} <= set(of_logicnet.served_by)


@pytest.mark.usefixtures("app")
def test_a_class_of_data_is_kept_by_the_engine_once_a_table_declares_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from logicrm.core.pii import Keep
    from logicrm.privacy.models import DataSubject

    before = retention.covers("usage")
    assert promises.registry.get("P-LOGI-52").feature == ("enforced" if before else "not built yet")
    monkeypatch.setattr(DataSubject, "__retention__", (Keep("usage", anchor="last_seen_at"),))
    assert promises.registry.get("P-LOGI-52").rules == ("privacy.retention:run",)


@pytest.mark.usefixtures("app")
def test_every_chain_can_be_told(app: Flask) -> None:
    links = chain.links("", chain.MarkedTests(found=False), {})
    assert len(links) == 248
    for link in links:
        assert link.sentence.text
        assert link.kept_by
        assert link.promise.feature in ("enforced", "control", "not built yet")
        assert link.evidence is promises.NO_EVIDENCE
