"""A policy must not contradict itself: each contradiction is told with file, line, field and what to mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from logicrm.privacy import profile
from logicrm.privacy.profile_schema import Problem, ProfileError


def text_of(name: str) -> str:
    return (profile.FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def problems(tmp_path: Path, text: str) -> list[Problem]:
    path = tmp_path / "ours.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError) as refused:
        profile.read(path)
    return list(refused.value.problems)


def line_of(text: str, fragment: str, after: str = "") -> int:
    """The line on which a fragment stands, counted without the program's help."""
    lines = text.splitlines()
    start = lines.index(after) + 1 if after else 0
    return next(n for n, line in enumerate(lines[start:], start=start + 1) if line.startswith(fragment))


@pytest.mark.promise("transfers", "partners", "profiling", "retention.while_used")
@pytest.mark.parametrize(
    ("name", "old", "new", "path", "fragment", "after", "says", "mend"),
    [
        (
            "logicnet", 'regions = ["EEA"]', 'regions = ["EEA", "Mars"]',
            "hosting.regions", "regions", "[hosting]", "'Mars' is not known", "Use home, EEA",
        ),
        (
            "logicnet", 'regions = ["EEA"]', 'regions = ["EEA", "protected"]',
            "hosting.pinned", "pinned", "[hosting]", "'protected' is anywhere", "Keep one",
        ),
        (
            "logicnet", 'country = "RO"', 'country = "US"',
            "hosting.pinned", "pinned", "[hosting]", "but the business itself is in US", "Write false",
        ),
        (
            "logicnet", 'category = "messaging"\nname = ""', 'category = "messaging"\nname = ""\ncountry = "US"',
            "recipient[3].country", 'country = "US"', 'category = "messaging"', "US is outside EEA", "somebody there",
        ),
        (
            "crmsoftware", 'country = "US"\nmechanism = "scc"', 'country = "BR"\nmechanism = "scc"',
            "recipient[1].country", 'country = "BR"', 'category = "hosting"', "none of hosting.regions", "Add it there",
        ),
        (
            "loro", 'category = "payments"\nname = ""\nmechanism = "home"',
            'category = "payments"\nname = ""\nmechanism = "scc"',
            "recipient[2].country", "[[recipient]]", 'category = "hosting"', "is missing", "Name the country",
        ),
        (
            "loro", 'contract = "art28"', 'contract = "controller"',
            "recipient[1].contract", "contract", 'category = "hosting"', "people must be asked", "partners",
        ),
        (
            "logicnet", 'name = "analytics"', 'name = "personalisation"',
            "purpose[8].name", 'name = "personalisation"', "", "this policy rules out", "Take it out",
        ),
        (
            "logitrack", "while_used = true",
            'while_used = true\n[[retention.account.also]]\nkeep_for = "P3Y"\nanchor = "last_used"\nground = "claims"',
            "retention.account.while_used", "while_used", "", "but last_used counts then", "Take out",
        ),
        (
            "crmsoftware", 'keep_for = "P30D"\nanchor = "deletion_requested"',
            'keep_for = "P20D"\nanchor = "deletion_requested"',
            "deletion.grace_days", "grace_days", "", "longer than retention.account leaves", "Lower it",
        ),
        (
            "logitrack", 'people = "PT24H"', 'people = "P4D"',
            "breach.people", "people", "[breach]", "longer than the law allows", "PT72H or less",
        ),
        (
            "loro", 'keep_days = 30\naccessible = ["export", "reactivate"]',
            'keep_days = 30\naccessible = ["reactivate"]',
            "termination.accessible", "accessible", "[termination]", "lacks 'export'", "take the data along",
        ),
        ("loro", "keep_days = 30", "keep_days = 31", "termination.keep_days", "keep_days", "", "cannot be", "0 to 30"),
        (
            "logicnet", 'privacy_email = "privacy@logicnet.example"', 'privacy_email = ""',
            "identity.privacy_email", "privacy_email", "", "is empty", "people and authorities",
        ),
        (
            "logitrack", 'profiling = "consent"', 'profiling = "always"',
            "automation.profiling", "profiling", "", "'always' is not known", "Use one of consent, none",
        ),
        (
            "crmsoftware", 'mechanisms = ["scc", "adequacy"]', 'mechanisms = ["scc", "privacy_shield"]',
            "mechanisms", "mechanisms", "", "16 July 2020", 'Use "scc"',
        ),
    ],
)  # fmt: skip
def test_a_contradiction_names_its_field_its_line_and_what_to_mend(
    tmp_path: Path, name: str, old: str, new: str, path: str, fragment: str, after: str, says: str, mend: str
) -> None:
    text = text_of(name)
    assert old in text
    broken = text.replace(old, new, 1)
    found = [problem for problem in problems(tmp_path, broken) if problem.path == path]
    assert len(found) == 1, problems(tmp_path, broken)
    assert says in found[0].says
    assert mend in found[0].mend
    assert found[0].line == line_of(broken, fragment, after)
    assert str(found[0]).startswith(f"ours.toml, line {found[0].line}: {path}: ")


@pytest.mark.promise("transfers")
@pytest.mark.parametrize("country", ["DE", "RO", "NO", ""])
def test_inside_the_pinned_region_anybody_will_do(country: str) -> None:
    row = {"category": "analytics", "name": "", "mechanism": "home", "contract": "art28"}
    row |= {"country": country} if country else {}
    assert profile.load("logicnet").with_values({"recipient": [row]}).recipients[0].country == country


@pytest.mark.promise("profiling")
def test_a_policy_without_profiling_offers_no_consent_to_it() -> None:
    from logicrm.privacy import contact

    assert "recommendations" not in contact.purposes(profile.load("logicnet"))
    assert "recommendations" in contact.purposes(profile.load("logicrm"))
    with pytest.raises(ProfileError, match="cannot rest on"):
        rows = [dict(row) for row in profile.load("logicrm").data["purpose"]]
        for row in rows:
            row["basis"] = "legitimate_interest" if row["name"] == "personalisation" else row["basis"]
        profile.load("logicrm").with_values({"purpose": rows})


@pytest.mark.promise("partners")
def test_a_third_party_is_told_apart_from_who_works_for_us() -> None:
    row = {"category": "payments", "name": "", "mechanism": "scc", "country": "US", "contract": "controller"}
    with pytest.raises(ProfileError, match="people must be asked"):
        profile.load("logicrm").with_values({"recipient": [row]})
    assert profile.load("crmsoftware").with_values({"recipient": [row]}).recipients[0].contract == "controller"
