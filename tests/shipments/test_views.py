"""The desk and the driver's page, as the cast uses them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from logicrm.core import clock
from logicrm.extensions import db
from logicrm.shipments import bulk, queries
from logicrm.shipments.models import Shipment

EVIL = "\"><script>alert(1)</script>'{{7*7}}"
FORM = {
    "sender_name": "Ion Ionescu", "sender_company": "Ionescu SRL", "sender_city": "Cluj", "sender_country": "RO",
    "recipient_name": "Maria Popescu", "recipient_city": "Timișoara", "recipient_country": "RO",
    "recipient_street": "Lalelelor 12",
    "incoterm": "DAP", "promised_on": "2031-03-05", "eta": "2031-03-05T14:30", "piece-0-description": "Chair",
    "piece-0-weight_kg": "12,5", "piece-1-weight_kg": "", "piece-2-description": "Table", "piece-2-weight_kg": "3",
    "piece-2-length_cm": "10", "piece-2-width_cm": "20", "piece-2-height_cm": "30",
}  # fmt: skip


def count(inside: Any, model: Any = Shipment) -> int:
    with inside():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_dispatcher_registers_a_shipment(dora, inside):
    answer = dora.post("/shipments/new", data=FORM)
    assert answer.status_code == 303
    page = dora.get(answer.location).text
    assert "Maria Popescu" in page and "Registered" in page and "DAP" in page
    with inside():
        one = db.session.scalar(select(Shipment))
        assert [(p.number, str(p.weight_kg)) for p in queries.pieces_of(one.id)] == [(1, "12.500"), (2, "3.000")]
        assert one.eta_latest.isoformat() == "2031-03-05T12:30:00+00:00"  # typed in Bucharest's time


def test_add_a_piece_keeps_what_was_typed_and_saves_nothing(dora, inside):
    page = dora.post("/shipments/new", data={**FORM, "recipient_name": "", "add_piece": "1"}).text
    assert page.count('name="piece-') == 4 * 5 and 'value="12,5"' in page and "Say who receives it" not in page
    assert count(inside) == 0


def test_what_is_wrong_is_said_at_the_field_and_in_the_summary(dora, inside):
    bad = {
        **FORM,
        "recipient_name": " ",
        "sender_email": "nonsense",
        "piece-0-weight_kg": "heavy",
        "piece-2-width_cm": "",
    }
    answer = dora.post("/shipments/new", data=bad)
    assert answer.status_code == 422 and count(inside) == 0
    for words in (
        "Say who receives it.",
        "Write it like name@example.com.",
        "“heavy” is not a number",
        "Give all three sizes",
    ):
        assert answer.text.count(words) >= 2, words


def test_a_new_customer_is_made_of_the_recipient_once(dora, inside):
    data = {
        **FORM,
        "customer": "recipient",
        "recipient_email": "Maria@Popescu.example",
        "recipient_company": "Popescu SRL",
    }
    for _ in range(2):
        assert dora.post("/shipments/new", data=data).status_code == 303
    with inside():
        from logicrm.customers.models import Company, Contact

        contact = db.session.scalars(select(Contact)).one()
        company = db.session.scalars(select(Company)).one()
        assert (contact.email, contact.name, contact.company_id) == (
            "maria@popescu.example",
            "Maria Popescu",
            company.id,
        )
        assert {(s.contact_id, s.company_id) for s in db.session.scalars(select(Shipment))} == {
            (contact.id, company.id)
        }


def test_a_customer_is_found_without_a_script_and_chosen(dora, inside):
    dora.post("/shipments/new", data={**FORM, "customer": "recipient", "recipient_email": "maria@popescu.example"})
    page = dora.post("/shipments/new", data={**FORM, "customer_q": "popescu", "find": "1"}).text
    value = re.search(r'value="(contact:[^"]+)"', page).group(1)
    fragment = dora.get(
        "/shipments/customers?customer_q=popescu", headers={"HX-Request": "true", "HX-Target": "customer-choices"}
    )
    assert value in fragment.text and "<html" not in fragment.text
    answer = dora.post("/shipments/new", data={**FORM, "customer": value})
    assert value.removeprefix("contact:") in dora.get(answer.location).text


def test_a_customer_of_another_workspace_is_refused(dora, mallory, inside, cast):
    mallory.post("/shipments/new", data={**FORM, "customer": "recipient"})
    with inside(cast.bravo):
        theirs = db.session.scalar(select(Shipment.contact_id))
    answer = dora.post("/shipments/new", data={**FORM, "customer": f"contact:{theirs}"})
    assert answer.status_code == 422 and count(inside) == 0


def bare(text: str) -> str:
    """A page without what differs by itself: the token, and the address that was asked for."""
    return re.sub(r'"X-CSRFToken": "[^"]+"|name="csrf_token" value="[^"]+"|value="/shipments/[^"]+"', "", text)


PATHS = ["", "/edit", "/waybill.pdf", "/labels.pdf"]


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_cannot_tell_that_the_shipment_exists(mallory, shipment, path):
    theirs, missing = (
        mallory.get(shipment.url + path),
        mallory.get("/shipments/00000000-0000-7000-8000-000000000000" + path),
    )
    assert (theirs.status_code, bare(theirs.text)) == (404, bare(missing.text))


def test_nobody_elsewhere_changes_anything(mallory, shipment, happened, look, events_of):
    event = happened(shipment, "in_transit")
    before = look(shipment), events_of(shipment)
    said = {"status": "delivered", "occurred_at": "2026-01-01T10:00"}
    for path in ("/events", f"/events/{event}/correct", f"/events/{event}/void", "/cancel", "/edit"):
        assert mallory.post(shipment.url + path, data={**FORM, **said}).status_code == 404
    assert mallory.post("/scan/", data={"number": shipment.number, "status": "delivered"}).status_code == 404
    assert mallory.get(f"/scan/?number={shipment.number}").status_code == 404
    assert (look(shipment), events_of(shipment)) == before
    assert shipment.number not in mallory.get("/shipments/").text


READERS = ("alice", "mona", "bob", "dora", "sue")
WRITERS = ("alice", "mona", "dora")


@pytest.mark.parametrize("name", ["alice", "mona", "bob", "dora", "dan", "sue", "pia"])
def test_roles_may_what_their_work_needs(name, client_of, shipment, look, events_of):
    who, before = client_of(name), (look(shipment), events_of(shipment))
    reads = 200 if name in READERS else 403
    assert [who.get(p).status_code for p in ("/shipments/", shipment.url)] == [reads, reads]
    writes = name in WRITERS
    assert who.get("/shipments/new").status_code == (200 if writes else 403)
    assert who.get(shipment.url + "/edit").status_code == (200 if writes else 403)
    assert who.post(shipment.url + "/cancel").status_code == (303 if writes else 403)
    assert writes or (look(shipment), events_of(shipment)) == before
    scans = writes or name == "dan"
    assert who.get("/scan/").status_code == (200 if scans else 403)
    assert who.post("/scan/", data={"number": shipment.number, "status": "exception"}).status_code == (
        303 if scans else 403
    )


def test_signed_out_people_are_sent_to_the_door(stranger, shipment):
    assert stranger.get("/shipments/").status_code == 303
    assert stranger.post(shipment.url + "/cancel").status_code == 303


def test_a_driver_says_at_the_door_that_it_is_delivered(dan, shipment, look, events_of):
    page = dan.get(f"/scan/?number={shipment.number.lower()}").text
    assert "Strada Lalelelor 12" in page and "Ring twice" in page
    answer = dan.post("/scan/", data={"number": shipment.number, "status": "delivered", "description": "Left with Ana"})
    assert answer.status_code == 303 and look(shipment)["status"] == "delivered"
    assert events_of(shipment)[-1]["description"] == "Left with Ana"
    assert "Scan the next one" in dan.get(answer.location).text
    assert dan.get("/scan/?number=NOPE99").status_code == 404


def test_an_event_is_added_corrected_and_taken_back(dora, shipment, look, events_of):
    local = (clock.now() + timedelta(hours=0)).strftime("%Y-%m-%dT%H:%M")
    said = {"status": "delivered", "occurred_at": local, "place": "Door", "public": "y"}
    assert dora.post(shipment.url + "/events", data=said).status_code == 303
    event = events_of(shipment)[-1]["id"]
    assert look(shipment)["status"] == "delivered" and "Door" in dora.get(shipment.url).text
    assert 'value="Door"' in dora.get(f"{shipment.url}/events/{event}/correct").text
    assert dora.post(f"{shipment.url}/events/{event}/correct", data={**said, "status": "on_hold"}).status_code == 303
    assert look(shipment)["status"] == "on_hold" and "Does not count" in dora.get(shipment.url).text
    assert dora.post(f"{shipment.url}/events/{event}/correct", data=said).status_code == 422  # corrected already
    dora.post(f"{shipment.url}/events/{events_of(shipment)[-1]['id']}/void")
    assert look(shipment)["status"] == "pending"


@pytest.mark.parametrize("moment", ["", "yesterday", "2999-01-01T10:00", "1999-01-01T10:00"])
def test_a_moment_that_cannot_be_is_refused_and_what_was_typed_is_kept(dora, shipment, look, moment):
    before = look(shipment)
    answer = dora.post(
        shipment.url + "/events", data={"status": "delivered", "occurred_at": moment, "place": "Warehouse 9"}
    )
    assert answer.status_code == 422 and "Warehouse 9" in answer.text and look(shipment) == before


def test_cancel_offers_undo(dora, shipment, look):
    page = dora.get(dora.post(shipment.url + "/cancel").location).text
    assert look(shipment)["status"] == "cancelled"
    undo = re.search(r'action="([^"]+/void)"', page).group(1)
    dora.post(undo)
    assert look(shipment)["status"] == "pending"


def test_an_edit_is_saved_and_undone(dora, shipment, look):
    before = look(shipment)
    assert 'value="Strada Lalelelor 12"' in dora.get(shipment.url + "/edit").text
    page = dora.get(dora.post(shipment.url + "/edit", data=FORM).location).text
    assert look(shipment)["recipient_street"] == "Lalelelor 12"
    dora.post(re.search(r'action="([^"]+/undo/[^"]+)"', page).group(1))
    assert look(shipment) == before


def test_hostile_words_stay_words(dora, shipment):
    names = [n for n in FORM if n.startswith(("sender_", "recipient_")) and not n.endswith("country")]
    data = (
        FORM
        | dict.fromkeys(names, EVIL[:40])
        | {"goods": EVIL, "instructions": EVIL, "references": EVIL, "service": EVIL}
    )
    data |= {"piece-0-description": EVIL, "piece-0-weight_kg": "1"}
    answer = dora.post("/shipments/new", data=data)
    assert answer.status_code == 303
    dora.post(
        answer.location + "/events",
        data={"status": "exception", "occurred_at": "2026-01-01T10:00", "place": EVIL, "description": EVIL},
    )
    pages = [dora.get(url) for url in (answer.location, answer.location + "/edit", "/shipments/")]
    pages += [dora.get("/shipments/", query_string={"q": EVIL}), dora.get("/scan/", query_string={"number": EVIL})]
    pages.append(dora.post("/shipments/new", data={**data, "piece-0-weight_kg": EVIL}))
    for page in pages:
        assert "<script>alert" not in page.text and "&lt;script&gt;alert" in page.text


def test_the_list_finds_filters_and_sorts(dora, make, happened):
    old, late, fine = (
        make(days_ago=9),
        make(days_ago=8, promised_on=clock.today() - timedelta(days=2)),
        make(references="ZX-99"),
    )
    happened(old, "exception", 3)
    happened(fine, "in_transit", 2)

    def shown(query: str) -> list[str]:
        return re.findall(r'class="row-link"[^>]*>([^<]+)<', dora.get("/shipments/?" + query).text)

    assert shown("") == [fine.number, late.number, old.number]
    assert shown("dir=asc") == [old.number, late.number, fine.number]
    assert shown("sort=due")[0] == late.number
    assert shown("view=late") == [late.number]
    assert shown("view=attention") == [late.number, old.number]
    assert shown("status=exception") == [old.number]
    assert shown("q=zx-99") == shown(f"q={fine.number}") == [fine.number]
    assert shown("q=zx-99&status=exception") == []
    assert shown("q=xyzzy") == [] and shown("status=nonsense&sort=x&at=%00&customer=contact:zz&view=?") == shown("")


@pytest.mark.parametrize(
    "query", ["", "sort=due", "sort=news", "view=attention", "view=late", "status=in_transit&sort=due", "q=person"]
)
def test_pages_hold_every_row_once_there_and_back(dora, inside, query):
    now = clock.now()
    with inside():
        ids = bulk.insert_shipments(
            {
                "created_at": now - timedelta(days=9),
                "recipient_name": "Person",
                "due_at": now - timedelta(hours=n % 5 + 1),
            }
            for n in range(120)
        )
        bulk.insert_events(
            {"shipment_id": i, "occurred_at": now - timedelta(hours=n % 3 + 1), "status": "in_transit"}
            for n, i in enumerate(ids)
        )
        bulk.settle_all(ids)
        db.session.commit()
    url, seen, pages = "/shipments/?" + query, [], []
    while url:
        page = dora.get(url).text
        pages.append(re.findall(r'class="row-link"[^>]*>([^<]+)<', page))
        seen += pages[-1]
        after = re.search(r'rel="next" href="([^"]+)"', page)
        before = re.search(r'rel="prev" href="([^"]+)"', page)
        url = after.group(1).replace("&amp;", "&") if after else ""
    assert len(seen) == len(set(seen)) == 120 and len(pages) == 3
    assert (
        re.findall(r'class="row-link"[^>]*>([^<]+)<', dora.get(before.group(1).replace("&amp;", "&")).text) == pages[1]
    )


def test_the_number_of_statements_does_not_grow_with_the_rows(dora, make, happened, count_queries, inside):
    one = make()
    for hour in range(1, 9):
        happened(one, "in_transit", hour, place=f"Hub {hour}")
    with inside():
        bulk.insert_shipments({"created_at": clock.now(), "recipient_name": "Person"} for _ in range(60))
        db.session.commit()
    budgets = {
        "/shipments/": 4, "/shipments/?q=person&status=pending": 4, one.url: 8, f"/scan/?number={one.number}": 4,
        f"/t/{one.key}": 6,
    }  # fmt: skip
    for url, most in budgets.items():
        with count_queries() as seen:
            assert dora.get(url).status_code == 200
        assert len(seen) <= most, (url, seen)


def test_a_fragment_is_the_list_alone(dora, shipment):
    page = dora.get("/shipments/?q=popescu", headers={"HX-Request": "true", "HX-Target": "shipment-list"}).text
    assert shipment.number in page and "<html" not in page


def test_shipments_show_on_today_and_on_the_customers_page(dora, inside, happened):
    location = dora.post("/shipments/new", data={**FORM, "customer": "recipient"}).location
    with inside():
        one = db.session.scalar(select(Shipment))
        contact, number = one.contact_id, one.waybill_number
    dora.post(location + "/events", data={"status": "exception", "occurred_at": "2026-01-01T10:00"})
    assert number in dora.get("/today/").text
    assert number in dora.get(f"/customers/contacts/{contact}").text or number in _customer_page(dora, contact)


def _customer_page(client: Any, contact: Any) -> str:
    return client.get(f"/customers/{contact}").text


def test_events_are_rows_that_nobody_can_change_through_a_page(app):
    rules = [r.rule for r in app.url_map.iter_rules() if "/events/" in r.rule and "POST" in (r.methods or set())]
    assert all(rule.endswith(("/correct", "/void")) for rule in rules)
