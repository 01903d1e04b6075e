"""One lead's page: edited in place, conflicts shown, the timeline, conversion."""

from __future__ import annotations

import re
import threading
import uuid
from typing import Any

from sqlalchemy import func, select

from logicrm.customers.models import Company, Contact
from logicrm.extensions import db
from logicrm.leads.models import Lead
from logicrm.leads.timeline.models import Activity, Task
from tests.leads.conftest import NOON


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k not in ("version", *names)}


def test_a_new_lead_is_stored_in_normal_form(bob: Any, inside: Any) -> None:
    answer = bob.post(
        "/leads/new",
        data={"first_name": " Ana ", "last_name": "Pop", "email": "Ana.Pop@Example.ORG", "phone": "0722 123 456",
              "value_amount": "1200.50", "currency": "EUR", "tags": "sea, air,sea"},
    )  # fmt: skip
    assert answer.status_code == 303
    with inside():
        lead = db.session.scalar(select(Lead))
        assert (lead.first_name, lead.email, lead.phone, lead.phone_typed) == (
            "Ana", "ana.pop@example.org", "+40722123456", "0722 123 456"
        )  # fmt: skip
        assert str(lead.value_amount) == "1200.50" and lead.tags == ["sea", "air"]
        assert lead.cold_from == lead.last_contact_at == lead.created_at
    assert bob.get(answer.location).status_code == 200


def test_nobody_without_a_name_or_an_address_is_added(bob: Any, inside: Any) -> None:
    answer = bob.post("/leads/new", data={"currency": "EUR", "city": "Cluj"})
    assert answer.status_code == 422 and "Give a name" in answer.text and 'value="Cluj"' in answer.text
    answer = bob.post("/leads/new", data={"currency": "EUR", "last_name": "Pop", "email": "no address"})
    assert answer.status_code == 422 and "not an e-mail address" in answer.text
    with inside():
        assert db.session.scalar(select(func.count()).select_from(Lead)) == 0


def test_somebody_known_is_warned_about_and_added_only_on_purpose(bob: Any, add: Any, inside: Any) -> None:
    add(last_name="Known", email="k@x.example", phone="0722 123 456")
    for again in ({"email": "K@X.example"}, {"phone": "+40 722 123 456"}, {"mobile": "0722123456"}):
        answer = bob.post("/leads/new", data={"last_name": "Second", "currency": "EUR", **again})
        assert answer.status_code == 422 and "Known" in answer.text and 'name="anyway"' in answer.text
        shown = bob.post(
            "/leads/known", data={"last_name": "Second", **again}, headers={"HX-Request": "true", "HX-Target": "known"}
        )
        assert "Known" in shown.text and "<form" not in shown.text
    assert (
        bob.post(
            "/leads/new", data={"last_name": "B", "currency": "EUR", "email": "k@x.example", "anyway": "1"}
        ).status_code
        == 303
    )
    with inside():
        assert db.session.scalar(select(func.count()).select_from(Lead)) == 2


def test_the_page_sends_at_most_eight_statements(bob: Any, add: Any, count_queries: Any) -> None:
    lead_id = add()
    for n in range(40):
        bob.post(f"/leads/{lead_id}/activities", data={"kind": "note", "body": f"note {n}"})
    bob.post(f"/leads/{lead_id}/activities", data={"kind": "task", "body": "call back"})
    with count_queries() as seen:
        text = bob.get(f"/leads/{lead_id}").text
    assert len(seen) <= 8, seen
    assert "note 39" in text and "note 9<" not in text
    older = re.search(r'rel="next" href="([^"]+)"', text)[1].replace("&amp;", "&")
    assert "note 9<" in bob.get(older).text


def test_a_line_is_edited_in_place_and_taken_back(bob: Any, add: Any, row: Any) -> None:
    lead_id = add(first_name="Ana", last_name="Pop")
    before = row(lead_id)
    htmx = {"HX-Request": "true", "HX-Target": "fact-name"}
    line = bob.get(f"/leads/{lead_id}/edit/name", headers=htmx).text
    assert "<html" not in line and 'name="first_name"' in line and 'name="was_last_name"' in line
    whole = bob.get(f"/leads/{lead_id}/edit/name").text
    assert "<html" in whole and 'name="first_name"' in whole
    data = {
        "first_name": "Ana",
        "last_name": "Popa",
        "was_first_name": "Ana",
        "was_last_name": "Pop",
        "version": before["version"],
    }
    answer = bob.post(f"/leads/{lead_id}/edit/name", data=data, headers=htmx, follow_redirects=True)
    assert "Popa" in answer.text and "<html" not in answer.text
    undo = re.search(r'action="(/leads/undo/[^"]+)"', answer.text)[1]
    changed = row(lead_id)
    assert _without(changed) == {**_without(before), "last_name": "Popa", "name_key": "popa ana"}
    bob.post(undo)
    assert _without(row(lead_id)) == _without(before)


def test_two_who_edit_one_field_see_both_values(bob: Any, alice: Any, add: Any, row: Any) -> None:
    lead_id = add(last_name="Pop", city="Cluj")
    seen = {"version": row(lead_id)["version"], "was_company": ""}
    assert bob.post(f"/leads/{lead_id}/edit/company", data={**seen, "company": "Bob's"}).status_code == 303
    answer = alice.post(f"/leads/{lead_id}/edit/company", data={**seen, "company": "Alice's"})
    assert answer.status_code == 409
    assert "Bob&#39;s" in answer.text and "Alice&#39;s" in answer.text
    assert row(lead_id)["company"] == "Bob's"
    version = re.search(r'name="version" value="(\d+)"', answer.text)[1]
    again = {"version": version, "was_company": "Bob's", "company": "Alice's"}
    assert alice.post(f"/leads/{lead_id}/edit/company", data=again).status_code == 303
    assert row(lead_id)["company"] == "Alice's"


def test_two_who_edit_different_fields_both_win(bob: Any, alice: Any, add: Any, row: Any) -> None:
    lead_id = add(last_name="Pop")
    version = row(lead_id)["version"]
    bob.post(f"/leads/{lead_id}/edit/company", data={"version": version, "was_company": "", "company": "Pop SRL"})
    answer = alice.post(f"/leads/{lead_id}/edit/source", data={"version": version, "was_source": "", "source": "fair"})
    assert answer.status_code == 303
    assert (row(lead_id)["company"], row(lead_id)["source"]) == ("Pop SRL", "fair")


def test_a_refused_edit_keeps_what_was_typed(bob: Any, add: Any, row: Any) -> None:
    lead_id = add(last_name="Pop", email="a@x.example")
    before = row(lead_id)
    answer = bob.post(
        f"/leads/{lead_id}/edit/email", data={"version": 1, "was_email": "a@x.example", "email": "nonsense"}
    )
    assert answer.status_code == 422 and 'value="nonsense"' in answer.text and "not an e-mail" in answer.text
    for value in ("-5", "many", "9e99", "NaN"):
        answer = bob.post(f"/leads/{lead_id}/edit/value", data={"version": 1, "value_amount": value, "currency": "EUR"})
        assert answer.status_code == 422, value
    assert row(lead_id) == before


def test_fields_that_are_the_programs_own_cannot_be_sent(bob: Any, add: Any, row: Any) -> None:
    lead_id = add(last_name="Pop")
    before = row(lead_id)
    bob.post(
        f"/leads/{lead_id}/edit/company",
        data={"version": 1, "was_company": "", "company": "X", "restricted": "1", "workspace_id": str(uuid.uuid4()),
              "contact_id": str(uuid.uuid4()), "first_name": "Y", "created_at": "2001-01-01"},
    )  # fmt: skip
    assert _without(row(lead_id)) == {**_without(before), "company": "X", "company_key": "x"}


def test_the_owner_must_be_a_member(bob: Any, add: Any, row: Any, cast: Any) -> None:
    lead_id = add(last_name="Pop")
    before = row(lead_id)
    answer = bob.post(f"/leads/{lead_id}/edit/owner", data={"version": 1, "owner_id": str(cast.users["mallory"])})
    assert answer.status_code == 422
    bob.post("/leads/bulk", data={"ids": [lead_id], "do": "owner", "bulk_owner": str(cast.users["mallory"])})
    assert row(lead_id) == before


def test_a_call_starts_the_retention_clock_anew_and_a_note_does_not(bob: Any, add: Any, row: Any) -> None:
    lead_id = add(last_name="Pop")
    bob.post(f"/leads/{lead_id}/activities", data={"kind": "note", "body": "thought about it"})
    assert row(lead_id)["last_contact_at"] == NOON
    bob.post(f"/leads/{lead_id}/activities", data={"kind": "call", "body": "spoke"})
    after = row(lead_id)
    assert after["last_contact_at"] == after["cold_from"] > NOON
    assert after["version"] == 1, "a call is no edit: an open form stays good"


def test_an_empty_note_is_refused_beside_the_box(bob: Any, add: Any, inside: Any) -> None:
    lead_id = add()
    answer = bob.post(f"/leads/{lead_id}/activities", data={"kind": "call", "body": "  "})
    assert answer.status_code == 422 and "Write what happened" in answer.text
    with inside():
        assert db.session.scalar(select(func.count()).select_from(Activity)) == 0


def test_a_task_is_the_next_step_until_it_is_done_once(bob: Any, add: Any, row: Any, inside: Any) -> None:
    lead_id = add()
    bob.post(f"/leads/{lead_id}/activities", data={"kind": "task", "body": "send the quote", "due": "2026-03-05"})
    assert row(lead_id)["next_task_at"].isoformat() == "2026-03-05T15:00:00+00:00"  # 17:00 in Bucharest
    page = bob.get(f"/leads/{lead_id}").text
    done = re.search(r'action="(/leads/tasks/[^"]+)"', page)[1]
    assert bob.post(done).status_code == bob.post(done).status_code == 303
    assert row(lead_id)["next_task_at"] is None
    with inside():
        assert db.session.scalar(select(func.count()).select_from(Activity).where(Activity.kind == "task")) == 1
        assert db.session.scalar(select(Task.done_at)) is not None


def test_a_lead_becomes_a_customer_and_stays(bob: Any, add: Any, row: Any, inside: Any) -> None:
    lead_id = add(first_name="Ana", last_name="Pop", company="Pop SRL", email="ana@pop.example")
    bob.post(f"/leads/{lead_id}/activities", data={"kind": "call", "body": "wants sea freight"})
    answer = bob.post(f"/leads/{lead_id}/convert")
    assert answer.status_code == 303 and "/customers/contacts/" in answer.location
    text = bob.get(answer.location).text
    assert "wants sea freight" in text and "Pop SRL" in text and "made a customer" in text
    after = row(lead_id)
    assert after["converted_at"] is not None and after["cold_from"] is None
    assert "wants sea freight" in bob.get(f"/leads/{lead_id}").text
    assert bob.post(f"/leads/{lead_id}/convert").location == answer.location
    with inside():
        assert db.session.scalar(select(func.count()).select_from(Contact)) == 1
        assert db.session.scalar(select(func.count()).select_from(Company)) == 1


def test_a_second_lead_of_the_same_firm_joins_it(bob: Any, add: Any, inside: Any) -> None:
    first = add(first_name="Ana", last_name="Pop", company="Țiriac SRL", email="ana@t.example")
    second = add(first_name="Ion", last_name="Pop", company="tiriac srl")
    third = add(first_name="A.", last_name="P.", email="ana@t.example")
    one, two, three = (bob.post(f"/leads/{i}/convert").location for i in (first, second, third))
    assert one == three != two
    with inside():
        assert db.session.scalar(select(func.count()).select_from(Company)) == 1
        assert db.session.scalar(select(func.count()).select_from(Contact)) == 2


def test_a_double_click_converts_once(client_of: Any, add: Any, inside: Any) -> None:
    lead_id = add(first_name="Ana", last_name="Pop", company="Pop SRL")
    places: list[str] = []
    browsers = [client_of("bob") for _ in range(4)]

    def click(browser: Any) -> None:
        answer = browser.post(f"/leads/{lead_id}/convert")
        places.append(f"{answer.status_code} {answer.location}")

    threads = [threading.Thread(target=click, args=(b,)) for b in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(places) == 4 and len(set(places)) == 1, places
    with inside():
        assert db.session.scalar(select(func.count()).select_from(Contact)) == 1
        assert db.session.scalar(select(func.count()).select_from(Activity)) == 1


def test_nothing_is_written_about_a_restricted_person(bob: Any, add: Any, row: Any, inside: Any) -> None:
    lead_id = add(last_name="Pop")
    with inside():
        db.session.scalar(select(Lead).where(Lead.id == lead_id)).restricted = True
        db.session.commit()
    before = row(lead_id)
    assert "is restricted" in bob.get(f"/leads/{lead_id}").text
    for url, data in (
        (f"/leads/{lead_id}/edit/company", {"company": "X", "version": 2, "was_company": ""}),
        (f"/leads/{lead_id}/activities", {"kind": "note", "body": "x"}),
        (f"/leads/{lead_id}/convert", {}),
        (f"/leads/{lead_id}/delete", {}),
        (f"/leads/{lead_id}/move", {"stage": str(before["stage_id"])}),
    ):
        assert bob.post(url, data=data).status_code == 422, url
    bob.post("/leads/bulk", data={"ids": [lead_id], "do": "delete"})
    assert row(lead_id) == before
