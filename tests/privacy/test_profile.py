"""The profile file: what it says, and how each mistake in it is told, with field, line and what to mend."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import MetaData, String, Table

from logicrm.core.pii import personal
from logicrm.privacy import profile, vocabulary
from logicrm.privacy.clocks import Duration
from logicrm.privacy.profile_schema import Problem, ProfileError, lines_of

TEXT = (profile.FOLDER / "logicrm.toml").read_text(encoding="utf-8")
LOGICRM = profile.load("logicrm")


def problems(tmp_path: Path, text: str) -> list[Problem]:
    path = tmp_path / "ours.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError) as refused:
        profile.read(path)
    return list(refused.value.problems)


def line_of(fragment: str, after: str = "") -> int:
    """The line of the file on which a fragment stands, counted without the program's help."""
    lines = TEXT.splitlines()
    start = lines.index(after) if after else 0
    return next(n for n, line in enumerate(lines, start=1) if n > start and line.startswith(fragment))


# What it says ------------------------------------------------------------------------------------


def test_the_figures_of_the_logicrm_policy() -> None:
    assert (LOGICRM.last_updated, LOGICRM.effective) == (date(2025, 1, 15), date(2025, 1, 15))
    assert LOGICRM.minimum_age == 16
    assert LOGICRM.requests.answer == LOGICRM.requests.inquiry == Duration(days=30)
    assert LOGICRM.deletion.grace == Duration(days=30)
    assert LOGICRM.deletion.reminders == (14, 7, 1)
    assert LOGICRM.cookie_categories == ("essential", "analytics", "marketing", "preference")
    assert len(LOGICRM.recipients) == 5
    assert LOGICRM.security.in_transit == "tls13"


@pytest.mark.parametrize(
    ("name", "anchor", "figure"),
    [
        ("account", "account_ended", "P3Y"),
        ("account", "deletion_requested", "P30D"),
        ("account", "last_used", "P3Y"),
        ("usage", "recorded", "P2Y"),
        ("marketing", "consent_given", "P7Y"),
        ("marketing", "opted_out", "P30D"),
        ("support", "case_closed", "P3Y"),
        ("financial", "issued", "P7Y"),
        ("logs", "ended", "P30D"),
        ("export", "made", "P7D"),
        ("backups", "made", "P30D"),
    ],
)
def test_how_long_each_class_is_kept_and_counted_from_what(name: str, anchor: str, figure: str) -> None:
    assert str(LOGICRM.retention[name].counted_from(anchor)) == figure


def test_financial_data_goes_neither_sooner_nor_later_than_seven_years() -> None:
    rule = LOGICRM.retention["financial"]
    assert rule.minimum == rule.maximum == rule.duration == Duration(years=7)


def test_a_cutoff_is_a_calendar_date_not_a_count_of_days() -> None:
    now = datetime(2028, 2, 29, 8, tzinfo=UTC)
    assert LOGICRM.retention["support"].cutoff(now) == datetime(2025, 2, 28, 8, tzinfo=UTC)
    assert LOGICRM.retention["marketing"].cutoff(now, "opted_out") == datetime(2028, 1, 30, 8, tzinfo=UTC)
    with pytest.raises(KeyError, match="counts nothing"):
        LOGICRM.retention["support"].cutoff(now, "opted_out")


def test_every_rule_names_a_figure_and_a_criterion() -> None:
    for rule in LOGICRM.retention.values():
        assert rule.keep_for and rule.criterion in vocabulary.CRITERIA


@pytest.mark.promise("purposes")
def test_contract_interest_consent_and_law_each_carry_their_purposes() -> None:
    bases = {name: purpose.basis for name, purpose in LOGICRM.purposes.items()}
    assert bases["service"] == "contract"
    assert bases["improvement"] == bases["security"] == "legitimate_interest"
    assert bases["marketing"] == bases["surveys"] == "consent"
    assert bases["legal"] == "legal_obligation"
    assert "marketing" in LOGICRM.consent_purposes()
    assert "service" not in LOGICRM.consent_purposes()


def test_a_profile_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        LOGICRM.minimum_age = 12  # type: ignore[misc]
    with pytest.raises(TypeError):
        LOGICRM.retention["support"] = LOGICRM.retention["logs"]  # type: ignore[index]
    with pytest.raises(TypeError):
        LOGICRM.data["minimum_age"] = 12  # type: ignore[index]
    assert profile.load("logicrm") is LOGICRM


def test_a_copy_with_other_figures_is_checked_and_has_another_hash() -> None:
    ours = LOGICRM.with_values({"identity.controller": "Alpha Freight SRL", "identity.country": "RO"})
    assert ours.identity.controller == "Alpha Freight SRL"
    assert ours.hash != LOGICRM.hash
    assert LOGICRM.identity.controller == "LogiCRM"
    assert LOGICRM.with_values({}) == LOGICRM
    with pytest.raises(ProfileError, match=r"logicrm, edited: retention\.financial\.keep_for: P5Y is less than"):
        LOGICRM.with_values({"retention.financial.keep_for": "P5Y"})


def test_the_hash_names_the_content_not_the_writing(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text("# a remark\n" + TEXT.replace("minimum_age = 16", "minimum_age   =   16"), encoding="utf-8")
    assert profile.read(path).hash == LOGICRM.hash


def test_a_profile_survives_json() -> None:
    again = profile.from_data(json.loads(profile.canonical(LOGICRM.data)), file="version 1")
    assert again == LOGICRM


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(LookupError, match="logicrm"):
        profile.load("../secrets")


@pytest.mark.promise("policy.contact")
def test_addresses_that_nobody_reads_stop_publishing() -> None:
    assert [problem.path for problem in profile.before_publishing(LOGICRM)] == [
        "identity.privacy_email",
        "identity.dpo_email",
    ]
    ours = LOGICRM.with_values({"identity.privacy_email": "privacy@alpha.ro", "identity.dpo_email": "dpo@alpha.ro"})
    assert profile.before_publishing(ours) == []


@pytest.mark.promise("census")
def test_a_column_that_no_rule_covers_is_found() -> None:
    metadata = MetaData()
    table = Table("lead", metadata)
    for name, keep, purpose in (("email", "leads", "service"), ("mood", "moods", "service"), ("hat", "leads", "fun")):
        column = personal(String(9), category="identity", keep=keep, purpose=purpose).column
        column.name = column.key = name
        table.append_column(column)
    assert profile.columns_without_rule(LOGICRM, metadata) == [
        "lead.mood: no [retention.moods] in logicrm.toml",
        "lead.hat: no [[purpose]] 'fun' in logicrm.toml",
    ]


@pytest.mark.promise("census")
@pytest.mark.usefixtures("app")
def test_every_personal_column_of_the_program_has_a_rule() -> None:
    from logicrm.extensions import db

    assert profile.columns_without_rule(LOGICRM, db.metadata) == []


# Mistakes ----------------------------------------------------------------------------------------

SUPPORT = "[retention.support]"
FINANCIAL = "[retention.financial]"


@pytest.mark.parametrize(
    ("old", "new", "path", "line", "says", "mend"),
    [
        ("minimum_age = 16", 'minimum_age = "16"', "minimum_age", line_of("minimum_age"), "no good", "whole number"),
        ("minimum_age = 16", "minimum_age = 6", "minimum_age", line_of("minimum_age"), "6 cannot be", "from 13 to 21"),
        ("minimum_age = 16", "minimun_age = 16", "minimun_age", line_of("minimum_age"), "is not a field", "Remove it"),
        ("effective = 2025-01-15", "effective = 2024-12-31", "effective", line_of("effective"), "before", "rule"),
        (
            'privacy_email = "privacy@logicrm.example"', 'privacy_email = ""',
            "identity.privacy_email", line_of("privacy_email"), "is empty", "people and authorities",
        ),
        (
            'privacy_email = "privacy@logicrm.example"', 'privacy_email = "ask us"',
            "identity.privacy_email", line_of("privacy_email"), "no e-mail address", "privacy@example.com",
        ),
        ('country = "US"\ngov', 'country = "usa"\ngov', "identity.country", line_of("country"), "no country", "RO"),
        ('answer = "P30D"', 'answer = "30 days"', "requests.answer", line_of("answer"), "is no period", "P30D"),
        (
            'answer = "P30D"', 'answer = "P30D"\nanswer_working_days = 7',
            "requests.answer_working_days", line_of("answer") + 1, "stands beside answer", "Keep one",
        ),
        ('extension = "P2M"', 'extension = "P3M"', "requests.extension", line_of("extension"), "longer than", "P2M"),
        ("[14, 7, 1]", "[1, 7, 14]", "deletion.reminders", line_of("reminders"), "not in order", "largest first"),
        ("[14, 7, 1]", "[30, 7, 1]", "deletion.reminders", line_of("reminders"), "before the", "less than grace"),
        ("minors_wait = false", "minors_wait = true", "deletion.minors_wait", line_of("minors_wait"), "child", "false"),
        ("grace_days = 30", "grace_days = 31", "deletion.grace_days", line_of("grace_days"), "cannot be", "0 to 30"),
        (
            'anchor = "case_closed"', 'anchor = "case_close"',
            "retention.support.anchor", line_of("anchor", SUPPORT), "Did you mean 'case_closed'", "Use one of",
        ),
        (
            'minimum = "P7Y"', 'minimum = "P8Y"',
            "retention.financial.minimum", line_of("minimum", FINANCIAL), "more than the maximum", "Lower it",
        ),
        (
            'keep_for = "P7Y"\nanchor = "issued"', 'keep_for = "P6Y"\nanchor = "issued"',
            "retention.financial.keep_for", line_of("keep_for", FINANCIAL), "less than the minimum", "P7Y or more",
        ),
        (
            'keep_for = "P7Y"\nanchor = "issued"', 'keep_for = "P10Y"\nanchor = "issued"',
            "retention.financial.keep_for", line_of("keep_for", FINANCIAL), "more than the maximum", "P7Y or less",
        ),
        (
            "[retention.support]", "[retention.suport]",
            "retention.suport", line_of(SUPPORT), "Did you mean 'support'", "Use account",
        ),
        (
            'keep_for = "P3Y"\nanchor = "case_closed"\n', 'anchor = "case_closed"\n',
            "retention.support.keep_for", line_of(SUPPORT), "is missing", "Add a period",
        ),
        (
            'anchor = "opted_out"', 'anchor = "consent_given"',
            "retention.marketing.also[1]", line_of("[[retention.marketing.also]]"), "counted twice", "shorter",
        ),
        (
            'minimum = "P7Y"',
            'minimum = "P7Y"\n[[retention.financial.also]]\nkeep_for = "P30D"\nanchor = "made"\nground = "claims"\n',
            "retention.financial.also[1]", line_of("minimum", FINANCIAL) + 1, "less than the minimum", "P7Y or more",
        ),
        (
            'name = "security"\nbasis = "legitimate_interest"', 'name = "security"',
            "purpose[6].basis", line_of('name = "security"') - 1, "is missing", "one of contract",
        ),
        (
            'name = "marketing"\nbasis = "consent"', 'name = "marketing"\nbasis = "legitimate_interest"',
            "purpose[9].basis", line_of('name = "marketing"') + 1, "cannot rest on", "consent",
        ),
        (
            'name = "surveys"', 'name = "insights"',
            "purpose[14].name", line_of('name = "insights"'), "there twice", "Keep one",
        ),
        (
            'category = "payments"\nname = ""\ncountry = "US"\nmechanism = "scc"',
            'category = "payments"\nname = ""\ncountry = "US"\nmechanism = "privacy_shield"',
            "recipient[2].mechanism", line_of("mechanism", 'category = "payments"'), "16 July 2020", 'Use "scc"',
        ),
        (
            'category = "payments"\nname = ""\ncountry = "US"\nmechanism = "scc"',
            'category = "payments"\nname = ""\ncountry = "RO"\nmechanism = "home"',
            "recipient[2].mechanism", line_of("mechanism", 'category = "payments"'), "outside the home", "safeguard",
        ),
        (
            '"adequacy", "scc", "cert', '"safe_harbor", "scc", "cert',
            "mechanisms", line_of("mechanisms"), "6 October 2015", 'Use "scc"',
        ),
        (
            'categories = ["essential", ', "categories = [", "cookies.categories", line_of("categories"),
            "lacks 'essential'", "add 'essential'",
        ),
        ('  "roles",', '  "rolls",', "security.measures", line_of("measures"), "Did you mean 'roles'", "Use roles"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_field_its_line_and_what_to_mend(
    tmp_path: Path, old: str, new: str, path: str, line: int, says: str, mend: str
) -> None:
    assert old in TEXT
    found = [problem for problem in problems(tmp_path, TEXT.replace(old, new, 1)) if problem.path == path]
    assert [problem.file for problem in found] == ["ours.toml"]
    assert found[0].line == line
    assert says in found[0].says
    assert mend in found[0].mend
    assert str(found[0]).startswith(f"ours.toml, line {line}: {path}: ")


@pytest.mark.promise("transfers.void")
def test_the_void_mechanism_is_named_at_its_own_row(tmp_path: Path) -> None:
    head, tail = TEXT.rsplit('mechanism = "scc"', 1)
    [problem] = problems(tmp_path, f'{head}mechanism = "privacy_shield"{tail}')
    assert problem.path == "recipient[5].mechanism"
    assert problem.line == head.count("\n") + 1


def test_a_class_that_the_program_holds_and_the_policy_forgot(tmp_path: Path) -> None:
    start, end = TEXT.index("[retention.location]"), TEXT.index("[retention.financial]")
    [problem] = problems(tmp_path, TEXT[:start] + TEXT[end:])
    assert (problem.path, problem.says) == ("retention.location", "has no rule, but the program holds such data.")


def test_a_purpose_that_the_program_uses_and_the_policy_forgot(tmp_path: Path) -> None:
    text = TEXT.replace('name = "security"\nbasis', 'name = "partners"\nbasis')
    assert "security is missing, but the program needs it." in [p.says for p in problems(tmp_path, text)]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = TEXT.replace("minimum_age = 16", "minimum_age = 1").replace('audits = "regular"', 'audits = "daily"')
    assert [problem.path for problem in problems(tmp_path, text)] == ["minimum_age", "security.audits"]


def test_a_file_that_is_no_toml_names_its_line(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, TEXT.replace("minimum_age = 16", "minimum_age = sixteen"))
    assert problem.line == line_of("minimum_age")
    assert "is no TOML" in problem.says


@pytest.mark.parametrize(
    "text", ["", "schema = 2", "schema = 1\nretention = 3\n", "purpose = [1]\n", "[[identity]]\nx = 1\n"]
)
def test_a_wrong_shape_is_refused_without_a_crash(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)


def test_lines_are_found_in_nested_rows_and_long_lists() -> None:
    text = 'a = [\n  "x = 1", # [b]\n]\n[t.u]\nk = 1\n'
    text += '[[t.u.rows]]\nk = 2\n[[t.u.rows]]\n"k" = 3\n[t.u.rows.deep]\nd.e = 4\n'
    assert lines_of(text) == {
        ("a",): 1,
        ("t", "u"): 4,
        ("t", "u", "k"): 5,
        ("t", "u", "rows", 0): 6,
        ("t", "u", "rows", 0, "k"): 7,
        ("t", "u", "rows", 1): 8,
        ("t", "u", "rows", 1, "k"): 9,
        ("t", "u", "rows", 1, "deep"): 10,
        ("t", "u", "rows", 1, "deep", "d", "e"): 11,
    }


# Transfers ---------------------------------------------------------------------------------------


@pytest.mark.promise("transfers")
@pytest.mark.parametrize(
    ("home", "country", "mechanism", "good"),
    [("RO", "DE", "home", True), ("RO", "US", "home", False), ("RO", "US", "scc", True), ("US", "US", "home", True),
     ("VN", "RO", "home", False), ("RO", "GB", "adequacy", True)],
)  # fmt: skip
def test_a_recipient_outside_the_home_region_needs_a_safeguard(
    home: str, country: str, mechanism: str, good: bool
) -> None:
    row = {"category": "hosting", "name": "", "country": country, "mechanism": mechanism, "contract": "art28"}
    values = {"identity.country": home, "recipient": [row]}
    if good:
        assert LOGICRM.with_values(values).recipients[0].mechanism == mechanism
    else:
        with pytest.raises(ProfileError, match="outside the home region"):
            LOGICRM.with_values(values)
