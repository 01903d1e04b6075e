"""Customers: people and firms, their pages, and what other areas bring to them."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import func, select

from logicrm.customers import sections, services
from logicrm.customers.models import Company, Contact
from logicrm.extensions import db


def _one(inside: Any, model: Any) -> dict[str, Any]:
    with inside():
        return dict(db.session.execute(select(*model.__table__.columns)).mappings().one())


def test_a_person_and_a_firm_are_added_and_listed(dora: Any, inside: Any) -> None:
    answer = dora.post("/customers/companies/new", data={"name": "Țiriac Logistică", "country": "RO"})
    assert answer.status_code == 303
    company = _one(inside, Company)
    answer = dora.post(
        "/customers/contacts/new",
        data={"last_name": "Pop", "email": "Pop@X.example", "phone": "0722 123 456", "company_id": company["id"]},
    )
    assert answer.status_code == 303
    contact = _one(inside, Contact)
    assert (contact["email"], contact["phone"], contact["company_id"]) == (
        "pop@x.example",
        "+40722123456",
        company["id"],
    )
    assert "Țiriac Logistică" in dora.get("/customers/").text
    assert "Țiriac Logistică" in dora.get("/customers/companies?q=tiriac").text
    assert "Pop" in dora.get(f"/customers/companies/{company['id']}").text
    assert dora.get(answer.location).status_code == 200


def test_a_known_address_or_firm_is_asked_about_once(bob: Any, inside: Any) -> None:
    for url, data in (
        ("/customers/contacts/new", {"last_name": "Pop", "email": "pop@x.example"}),
        ("/customers/companies/new", {"name": "Pop SRL"}),
    ):
        assert bob.post(url, data=data).status_code == 303
        again = bob.post(url, data=data)
        assert again.status_code == 422 and 'name="anyway"' in again.text
        assert bob.post(url, data={**data, "anyway": "1"}).status_code == 303
    with inside():
        assert db.session.scalar(select(func.count()).select_from(Contact)) == 2
        assert db.session.scalar(select(func.count()).select_from(Company)) == 2


def test_an_edit_can_be_undone_and_a_conflict_shows_both(bob: Any, alice: Any, inside: Any) -> None:
    place = bob.post("/customers/contacts/new", data={"last_name": "Pop"}).location
    before = _one(inside, Contact)
    edit = f"{place}/edit"
    assert bob.post(edit, data={"last_name": "Popa", "version": before["version"]}).status_code == 303
    answer = alice.post(edit, data={"last_name": "Popescu", "version": before["version"]})
    assert answer.status_code == 409 and "“Popa”" in answer.text and 'value="Popescu"' in answer.text
    assert _one(inside, Contact)["last_name"] == "Popa"
    undo = re.search(r'action="(/customers/undo/[^"]+)"', bob.get(place).text)[1]
    bob.post(undo)
    after = _one(inside, Contact)
    assert {k: v for k, v in after.items() if k != "version"} == {k: v for k, v in before.items() if k != "version"}


def test_lists_and_pages_keep_to_their_statements(bob: Any, inside: Any, now: Any, count_queries: Any) -> None:
    with inside():
        company = services.add_company({"name": "Pop SRL"}, by=None, now=now)
        people = [
            services.add_contact({"last_name": f"P{n:02}", "company_id": company.id}, by=None, now=now)
            for n in range(60)
        ]
        db.session.commit()
        company_id, contact_id = company.id, people[0].id
    for url, most in (
        ("/customers/", 4), ("/customers/?q=p59", 4), ("/customers/companies", 4),
        (f"/customers/contacts/{contact_id}", 8), (f"/customers/companies/{company_id}", 8),
    ):  # fmt: skip
        with count_queries() as seen:
            assert bob.get(url).status_code == 200
        assert len(seen) <= most, (url, seen)


def test_a_note_about_a_customer_stands_in_the_timeline(sue: Any, bob: Any, inside: Any) -> None:
    place = bob.post("/customers/contacts/new", data={"last_name": "Pop"}).location
    bob.post(f"{place}/activities", data={"kind": "call", "body": "asked about <b>pallets</b>"})
    assert "asked about &lt;b&gt;pallets" in bob.get(place).text
    assert bob.post(f"{place}/activities", data={"kind": "call", "body": ""}).status_code == 422
    assert sue.post(f"{place}/activities", data={"kind": "call", "body": "x"}).status_code == 403


def test_another_area_adds_its_part_to_the_page(app: Any, bob: Any, dan: Any) -> None:
    place = bob.post("/customers/contacts/new", data={"last_name": "Pop"}).location
    from logicrm.core.access import May

    before = list(app.extensions.get("logicrm.customer_sections", []))

    def shown(*, contact_id: Any, company_id: Any) -> sections.Section:
        return sections.Section("Shipments", [sections.Row("W-1", "/s/1", "late", "bad")])

    def hidden(*, contact_id: Any, company_id: Any) -> sections.Section:
        return sections.Section("Secret", [])

    try:
        sections.add(app, 10, May.VIEW_SHIPMENTS, shown)
        sections.add(app, 20, May.VIEW_AUDIT, hidden)
        text = bob.get(place).text
        assert "W-1" in text and "late" in text and "Secret" not in text
    finally:
        app.extensions["logicrm.customer_sections"] = before


def test_contacts_are_offered_by_name_for_other_areas(in_workspace: None, now: Any) -> None:
    company = services.add_company({"name": "Pop SRL"}, by=None, now=now)
    db.session.flush()
    ana = services.add_contact({"first_name": "Ana", "last_name": "Pop", "email": "a@x.example", "company_id": company.id},
                               by=None, now=now)  # fmt: skip
    hidden = services.add_contact({"last_name": "Pop Hidden"}, by=None, now=now)
    hidden.restricted = True
    db.session.flush()
    assert services.contact_choices() == [(ana.id, "Ana Pop, Pop SRL")]
    assert services.contact_choices("pop") == [(ana.id, "Ana Pop, Pop SRL")]
    assert services.find_contact_by_email("a@x.example").id == ana.id
