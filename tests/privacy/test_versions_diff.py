"""What changed, in words; and what of it is material, so that people are written to and have time to read."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from flask import Flask

from logicrm.privacy import profile, versions_diff, versions_material
from logicrm.privacy.profile import Profile

LOGICRM = profile.load("logicrm")
TODAY = date(2027, 3, 1)


def other(values: dict[str, Any]) -> Profile:
    return LOGICRM.with_values(values)


def changes(values: dict[str, Any]) -> list[versions_diff.Change]:
    return versions_diff.changes(LOGICRM, other(values).data, "en")


def rows(name: str, /, **of_row: Any) -> list[dict[str, Any]]:
    """The rows of a table, the first with other values."""
    first, *rest = LOGICRM.data[name]
    return [{**first, **of_row}, *rest]


@pytest.fixture(autouse=True)
def words(app: Flask) -> Any:
    with app.test_request_context("/"):
        yield


@pytest.mark.parametrize(
    "values, says",
    [
        ({"requests.answer": "P14D"}, [("Answer to a request within", "30 days", "14 days")]),
        ({"requests.answer": None}, [("Answer to a request within", "30 days", "–")]),
        ({"retention.usage.keep_for": "P18M"}, [("How the service is used, for analysis: Kept for", "2 years", "18 months")]),
        ({"retention.account.also": [{"keep_for": "P35D", "anchor": "deletion_requested", "ground": "change_of_mind"}]},
         [("Accounts: name, e-mail, company, job title, phone: at the latest after you asked us to delete it", "30 days",
           "35 days"),
          ("Accounts: name, e-mail, company, job title, phone: at the latest after the last use", "3 years", "–"),
          ("Accounts: name, e-mail, company, job title, phone: because (the last use)", "we may have to answer a claim", "–")]),
        ({"cookies.categories": ["essential", "preference"]},
         [("Kinds of cookies", "Essential, Analytics, Marketing, and Preferences", "Essential and Preferences")]),
        ({"recipient": rows("recipient", name="Deltă SA", country="RO", mechanism="scc")},
         [("Hosting and storage: Country", "United States", "Romania"), ("Hosting and storage: Firm", "–", "Deltă SA")]),
        ({"hosting.pinned": False, "deletion.delete_now": False}, [("People may have it deleted at once", "yes", "no")]),
        ({"deletion.reminders": [7, 1]}, [("Reminders, days before it", "14, 7, and 1", "7 and 1")]),
        ({"minimum_age": 18}, [("Youngest age", "16", "18")]),
        ({"last_updated": "2027-01-01", "effective": "2027-02-01"}, []),
        ({"cookies.categories": ["preference", "marketing", "analytics", "essential"]}, []),
    ],
)  # fmt: skip
def test_a_change_is_told_in_the_words_of_its_field(values: dict[str, Any], says: list[tuple[str, str, str]]) -> None:
    assert sorted((one.label, one.before, one.after) for one in changes(values)) == sorted(says)


def test_rows_that_change_places_change_nothing() -> None:
    turned = {name: list(reversed(LOGICRM.data[name])) for name in ("purpose",)}
    assert changes(turned) == []


def test_two_policies_of_different_profiles_differ_in_every_chapter() -> None:
    found = versions_diff.changes(LOGICRM, profile.load("logitrack").data, "en")
    assert [chapter.title for chapter in versions_diff.chapters(found)][:2] == [
        "Who answers, and how to reach them", "Answers, deletion and breaches",
    ]  # fmt: skip
    labels = {one.label: (one.before, one.after) for one in found}
    assert labels["… or within so many working days"] == ("–", "7")
    assert labels["Court"][1] == "People's Court in Ho Chi Minh City"
    assert not [one for one in found if "_" in one.label or re.match(r"P\d|PT", one.after)], found


# Material -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values, material",
    [
        ({"retention.support.keep_for": "P2Y"}, False),
        ({"retention.leads.keep_for": "P3Y"}, True),
        ({"retention.leads.keep_for": "P24M"}, False),  # the same time, written otherwise
        ({"retention.usage.action": "delete"}, False),
        ({"retention.leads.action": "anonymise"}, True),
        ({"retention.leads.anchor": "recorded"}, True),
        ({"retention.leads.ground": "contract"}, True),
        ({"retention.leads.criterion": "requests"}, False),
        ({"retention.marketing.also": []}, True),
        ({"retention.leads.also": [{"keep_for": "P30D", "anchor": "withdrawn", "ground": "winding_up"}]}, False),
        ({"requests.answer": "P14D"}, False),
        ({"requests.answer": "P31D"}, True),
        ({"requests.answer": None}, True),
        ({"requests.extension": "P1M"}, False),
        ({"requests.extension": None}, False),
        ({"deletion.grace_days": 20}, False),
        ({"deletion.delete_now": False}, True),
        ({"deletion.accessible": ["cancel", "certificate"]}, True),
        ({"breach.people": "PT24H"}, False),
        ({"breach.authority": "PT24H"}, False),
        ({"purpose": rows("purpose", data=["identity", "contact"])}, False),
        ({"purpose": rows("purpose", basis="legitimate_interest")}, True),
        ({"purpose": [*LOGICRM.data["purpose"], {"name": "partners", "basis": "consent", "data": ["contact"]}]}, True),
        ({"recipient": [*LOGICRM.data["recipient"], {"category": "carriers", "name": "", "country": "US", "mechanism": "scc",
                                                      "contract": "art28"}]}, True),
        ({"recipient": list(LOGICRM.data["recipient"][:-1])}, False),
        ({"recipient": rows("recipient", name="Deltă SA")}, False),
        ({"recipient": rows("recipient", country="JP")}, True),
        ({"recipient": rows("recipient", mechanism="adequacy")}, True),
        ({"cookies.categories": ["essential", "preference"]}, False),
        ({"cookies.categories": ["essential", "preference", "analytics", "marketing", "personalisation"]}, True),
        ({"cookies.choice_lasts": "P3M"}, False),
        ({"cookies.choice_lasts": "P1Y"}, True),
        ({"channels": ["email", "sms"]}, True),
        ({"channels": []}, False),
        ({"identity.privacy_email": "data@alpha.eu", "identity.address": ["1 Quay"]}, False),
        ({"identity.controller": "Somebody Else Ltd"}, True),
        ({"minimum_age": 18}, True),
        ({"security.in_transit": "tls12"}, True),
        ({"security.at_rest": "unstated"}, True),
        ({"security.measures": ["roles"]}, True),
        ({"disclosures": ["law"]}, False),
        ({"disclosures": ["law", "authority", "rights", "fraud", "good_faith"]}, True),
        ({"change_notice": ["page"]}, True),
        ({"children": ["not_directed"]}, True),
        ({"regimes": ["gdpr", "vn"]}, False),
        ({"automation.decisions": "human"}, True),
    ],
)  # fmt: skip
def test_what_leaves_people_worse_off_is_material_and_nothing_else(values: dict[str, Any], material: bool) -> None:
    found = versions_material.reasons(changes(values))
    assert bool(found) is material, found
    assert all(reason.says and reason.label for reason in found)


def test_a_field_that_the_rules_do_not_know_is_material() -> None:
    new = {**LOGICRM.data, "weather": "fine"}
    [reason] = versions_material.reasons(versions_diff.changes(LOGICRM, new, "en"))
    assert reason.label == "weather"


def test_another_profile_is_material_for_the_promises_that_it_makes() -> None:
    found = versions_material.reasons(changes({"name": "loro"}))
    assert [reason.label for reason in found] == ["Profile"]


@pytest.mark.parametrize(
    "notice, material, told, days",
    [
        (["page", "date", "email_if_material", "prominent"], True, 5, 14),
        (["page", "date", "email_if_material", "prominent"], False, 5, 0),
        (["page", "date", "email_if_material", "prominent"], True, 0, 0),
        (["page", "date"], True, 5, 0),
        (["page", "prominent"], True, 1, 14),
    ],
    ids=["writes to people", "not material", "nobody to tell", "its page only", "a clear notice"],
)
def test_the_wait_is_what_the_policy_promises_about_changes(
    notice: list[str], material: bool, told: int, days: int
) -> None:
    policy = other({"change_notice": notice})
    first = versions_material.earliest([policy], material=material, told=told, today=TODAY)
    assert (first - TODAY).days == days


def test_a_policy_that_promises_less_notice_does_not_shorten_its_own() -> None:
    """The promise of the version in force counts for the change that takes it away."""
    first = versions_material.earliest(
        [LOGICRM, other({"change_notice": ["page"]})], material=True, told=3, today=TODAY
    )
    assert (first - TODAY).days == 14
