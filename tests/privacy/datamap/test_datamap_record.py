"""The record of processing answers what the authorities' forms ask, under each of the five policies."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from logicrm.core import clock, tenancy
from logicrm.core.watermarks import leave_watermark
from logicrm.extensions import db
from logicrm.privacy import jobs, profile
from logicrm.privacy.datamap import questions
from tests.conftest import Cast
from tests.privacy.registering import add, run_under

RECORD, ANSWERS = "/privacy/desk/record", "/privacy/desk/record/answers"
FIVE = {"logicrm": "RO", "logicnet": "RO", "crmsoftware": "RO", "logitrack": "VN", "loro": "RO"}

# Typed from the forms themselves, not from the program: what each authority's form for controllers asks.
# CNIL: model of a simplified register (front sheet and the sheet of an activity). DPC: guidance note of April 2023 on
# Art. 30 with its template. ICO: template for documentation by controllers, and the list of further information.
CNIL = {
    "front": ("name and address of the organisation", "how to reach it", "representative", "data protection officer",
              "joint controller", "list of activities", "day made and day brought up to date"),
    "activity": ("name and number", "purposes", "legal basis", "categories of people", "categories of data",
                 "sensitive data", "how long", "recipients inside", "recipients outside", "processors",
                 "transfers: country and recipient", "transfers: guarantee", "measures: access and trace",
                 "measures: encryption, backup, software", "measures in general", "software used"),
}  # fmt: skip
DPC = {
    "front": ("name and address of the organisation", "how to reach it", "representative", "data protection officer",
              "joint controller", "day made and day brought up to date"),
    "activity": ("name and number", "business function", "purposes", "legal basis", "categories of people",
                 "categories of data", "sensitive data", "recipients outside", "transfers: country and recipient",
                 "transfers: guarantee", "how long", "measures in general", "source", "location", "software used",
                 "automated decisions", "impact assessment", "breaches"),
}  # fmt: skip
ICO = {
    "front": ("name and address of the organisation", "how to reach it", "representative", "data protection officer",
              "joint controller", "retention and erasure policy document"),
    "activity": ("name and number", "business function", "purposes", "legal basis", "legitimate interests",
                 "categories of people", "categories of data", "sensitive data", "schedule 1 condition", "source",
                 "recipients outside", "processors", "transfers: country and recipient", "transfers: guarantee",
                 "how long", "retained and erased as written", "measures in general", "location", "rights",
                 "automated decisions", "consent records", "impact assessment", "breaches"),
}  # fmt: skip
PROCESSOR = ("processor: name", "each controller", "processor: representative", "processor: officer",
             "kinds of processing", "processor: transfers", "processor: guarantee", "processor: measures")  # fmt: skip
FORMS = {"CNIL": CNIL, "DPC": DPC, "ICO": ICO}
#: Where the record answers it.
ANSWERED_BY = {
    "name and address of the organisation": "controller", "how to reach it": "contact",
    "representative": "representative", "data protection officer": "dpo", "joint controller": "joint",
    "list of activities": "activities", "day made and day brought up to date": "updated",
    "retention and erasure policy document": "deletion_policy", "name and number": "number",
    "business function": "function", "purposes": "purposes", "legal basis": "basis",
    "legitimate interests": "interest", "categories of people": "people", "categories of data": "data",
    "sensitive data": "special", "schedule 1 condition": "condition", "source": "source",
    "recipients inside": "inside", "recipients outside": "recipients", "processors": "contracts",
    "transfers: country and recipient": "transfers", "transfers: guarantee": "safeguards", "how long": "keep",
    "retained and erased as written": "kept_to", "measures in general": "security",
    "measures: access and trace": "access", "measures: encryption, backup, software": "encryption",
    "location": "location", "software used": "system", "rights": "rights", "automated decisions": "automated",
    "consent records": "consent", "impact assessment": "dpia", "breaches": "breach", "processor: name": "processor",
    "each controller": "on_behalf", "processor: representative": "processor_representative",
    "processor: officer": "processor_dpo", "kinds of processing": "work", "processor: transfers": "processor_transfers",
    "processor: guarantee": "processor_safeguards", "processor: measures": "processor_security",
}  # fmt: skip


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def under(app: Flask, cast: Cast, name: str) -> None:
    with app.app_context():
        run_under(cast.alpha, name, FIVE[name])
        table = db.metadata.tables["workspace"]
        db.session.execute(table.update().values(address="Strada Portului 1, Galați"))
        db.session.commit()
    with app.app_context():
        list(jobs.retain_everywhere(app, now=clock.now()))


def answers(client: FlaskClient) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]], dict[str, Any]]:
    data = client.get(f"{RECORD}.json").json

    def by_key(found: list[dict[str, Any]]) -> dict[str, Any]:
        return {one["question"]: one for one in found}

    activities = [(one["activity"], by_key(one["answers"])) for one in data["activities"]]
    return by_key(data["controller"]), activities, by_key(data["processor"])


def good(answer: dict[str, Any] | None) -> bool:
    """Answered in words, or not applicable with a reason in words."""
    if answer is None or answer["state"] not in ("answered", "not_applicable"):
        return False
    said = " ".join(answer["lines"])
    return len(said) > (15 if answer["state"] == "not_applicable" else 2) and "not stated" not in said.lower()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", FIVE)
def test_every_question_of_every_form_is_answered_or_says_why_not(
    app: Flask, cast: Cast, alice: FlaskClient, name: str, form: str
) -> None:
    under(app, cast, name)
    head, activities, processor = answers(alice)
    wrong = [asked for asked in FORMS[form]["front"] if not good(head.get(ANSWERED_BY[asked]))]
    assert [key for key, _answers in activities] == list(profile.load(name).purposes)
    for key, said in activities:
        wrong += [f"{key}: {asked}" for asked in FORMS[form]["activity"] if not good(said.get(ANSWERED_BY[asked]))]
    wrong += [asked for asked in PROCESSOR if not good(processor.get(ANSWERED_BY[asked]))]
    assert wrong == []


@pytest.mark.usefixtures("app")
def test_each_letter_of_article_30_has_a_question() -> None:
    asked = [one.law for part in (questions.HEAD, questions.ACTIVITY, questions.PROCESSOR) for one in part.values()]
    assert {f"30(1)({letter})" for letter in "abcdefg"} | {f"30(2)({letter})" for letter in "abcd"} <= set(asked)


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("form", FORMS)
def test_the_program_says_of_the_same_questions_which_form_asks_them(form: str) -> None:
    for part, known in (("front", questions.HEAD), ("activity", questions.ACTIVITY)):
        ours = {key for key, one in known.items() if form in one.forms}
        assert {ANSWERED_BY[asked] for asked in FORMS[form][part]} <= ours


# What is said is true ------------------------------------------------------------------------------


def test_the_answers_are_those_of_policy_register_and_declarations(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    under(app, cast, "logicrm")
    with tenancy.working_in(app, cast.alpha):
        add(cast.users["alice"], name="Helpful Inc", category="support_tools", country="US", mechanism="scc", hosts="",
            data=["communication"])  # fmt: skip
        db.session.commit()
    head, activities, processor = answers(alice)
    said = dict(activities)
    assert head["controller"]["lines"][0] == "Alpha Freight"
    assert head["representative"]["state"] == "not_applicable"  # a firm in Romania
    support, security = said["support"], said["security"]
    assert any("Helpful Inc" in line and "United States" in line for line in support["transfers"]["lines"])
    assert any("2021/914" in line and "1 Mar 2025" in line for line in support["safeguards"]["lines"])
    assert not any("Helpful Inc" in line for line in security["recipients"]["lines"])
    assert any("3 years" in line for line in support["keep"]["lines"])
    assert "GDPR Art. 6(1)(f)" in security["basis"]["lines"][0] and security["interest"]["state"] == "answered"
    assert support["interest"]["state"] == "not_applicable"
    assert "consent" in said["marketing"]["basis"]["lines"][0] and said["marketing"]["consent"]["state"] == "answered"
    assert processor["on_behalf"]["state"] == "not_applicable"
    assert any("Leads" in line for line in said["service"]["purposes"]["lines"])


def test_a_policy_that_says_it_works_for_others_has_a_processors_record(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    under(app, cast, "logicnet")
    _head, _activities, processor = answers(alice)
    assert {one["state"] for key, one in processor.items() if key in ("on_behalf", "work", "processor_security")} == {
        "answered"
    }


def test_a_business_outside_the_union_must_name_a_representative(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context():
        run_under(cast.alpha, "logicrm", "US")
    assert answers(alice)[0]["representative"]["state"] == "open"
    assert "Still open" in text_of(alice.get(RECORD).text)
    alice.post(ANSWERS, data={"representative": "Rep SRL, Galați", "revision": "0"})
    assert answers(alice)[0]["representative"] | {"words": ""} == {
        "question": "representative", "words": "", "law": "30(1)(a)", "forms": ["CNIL", "DPC", "ICO"],
        "state": "answered", "lines": ["Rep SRL, Galați"],
    }  # fmt: skip


def test_nothing_is_called_kept_before_the_daily_run_was_there(alice: FlaskClient) -> None:
    assert {said["kept_to"]["state"] for _key, said in answers(alice)[1]} == {"open"}


def test_what_should_have_gone_and_did_not_is_no_kept_promise(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with tenancy.working_in(app, cast.alpha):
        leave_watermark("retention:planted.at", ran_at=clock.now(), rows_considered=5, rows_acted=3, rows_overdue=2)
        db.session.commit()
    said = answers(alice)[1][0][1]["kept_to"]
    assert said["state"] == "open" and "2 records" in said["lines"][0]


# The owner's answers -------------------------------------------------------------------------------


def test_the_owners_answers_are_saved_and_shown(alice: FlaskClient, mona: FlaskClient, mallory: FlaskClient) -> None:
    given = {"dpo_name": "Pia Pavel", "joint": "Harbour Ltd, Constanța", "on_behalf": "Mill SA\nQuarry SRL",
             "work": "Delivering", "revision": "0"}  # fmt: skip
    assert alice.post(ANSWERS, data=given).status_code == 303
    head, _activities, processor = answers(alice)
    assert head["dpo"]["lines"][0] == "Pia Pavel" and head["joint"]["lines"] == ["Harbour Ltd, Constanța"]
    assert processor["on_behalf"]["lines"] == ["Mill SA", "Quarry SRL"] and processor["work"]["lines"] == ["Delivering"]
    assert "Harbour Ltd" in mona.get(RECORD).text and "Harbour Ltd" not in mallory.get(RECORD).text
    assert mona.post(ANSWERS, data=given).status_code == 403


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"work": "Delivering"}, "on_behalf", "for whom"),
        ({"dpo_phone": "+40"}, "dpo_name", "whose telephone"),
        ({"phone": "1" * 61}, "phone", "at most 60"),
        ({"joint": "x" * 1001}, "joint", "at most 1000"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    alice: FlaskClient, given: dict[str, str], field: str, says: str
) -> None:
    answer = alice.post(ANSWERS, data=given | {"revision": "0"})
    assert answer.status_code == 422
    found = re.search(
        rf'id="{field}-error">.*?</svg><span><span class="sr-only">[^<]*</span>([^<]*)<', answer.text, re.S
    )
    assert found and says in found[1], answer.text[-3000:]
    assert answers(alice)[0]["joint"]["state"] == "not_applicable"


def test_two_who_answer_at_once(alice: FlaskClient, pia: FlaskClient) -> None:
    assert pia.post(ANSWERS, data={"phone": "1", "revision": "0"}).status_code == 303
    late = alice.post(ANSWERS, data={"phone": "2", "revision": "0"})
    assert late.status_code == 409 and 'name="revision" value="1"' in late.text
    assert answers(alice)[0]["contact"]["lines"][-1] == "1"


def test_the_record_as_files(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    under(app, cast, "loro")
    rows = list(csv.reader(io.StringIO(alice.get(f"{RECORD}.csv").data.decode("utf-8-sig"))))
    assert len(rows) == 1 + len(profile.load("loro").purposes)
    assert len(rows[0]) == len(questions.HEAD) + len(questions.ACTIVITY) and all(
        len(row) == len(rows[0]) for row in rows
    )
    other = list(csv.reader(io.StringIO(alice.get(f"{RECORD}.csv?part=processor").data.decode("utf-8-sig"))))
    assert len(other) == 1 + len(questions.PROCESSOR)
    assert alice.get(f"{RECORD}.pdf").data.startswith(b"%PDF")


def test_what_the_owner_typed_is_text_on_paper_too(alice: FlaskClient) -> None:
    from logicrm.privacy.datamap.questions import HEAD
    from logicrm.privacy.datamap.record import Answer, State

    assert Answer(HEAD["joint"], State.ANSWERED, ("<b>x</b>", "y")).on_paper == "&lt;b&gt;x&lt;/b&gt;<br>y"
    alice.post(ANSWERS, data={"joint": "<script>x</script>", "revision": "0"})
    assert "<script>x" not in alice.get(RECORD).text
