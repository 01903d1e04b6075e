"""The recipient's page: what it shows to whom, and what it never shows."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
import time_machine

from logicrm.core import clock
from logicrm.extensions import db
from logicrm.shipments import services_events
from logicrm.shipments.statuses import WORDS, Status
from tests.shipments.conftest import RECIPIENT, SENDER

PRIVATE_WORDS = ("Popescu", "Maria", "Lalelelor", "300001", "722 123", "maria@", "Ionescu", "Ion ", "Fabricii", "ion@", 
                 "264 555", "Ring twice", "PO-7781", "Chair", "neighbour", "dog")  # fmt: skip


@pytest.fixture
def busy(shipment, happened):
    happened(shipment, "in_transit", 30, place="Hub Arad")
    happened(shipment, "exception", 20, public=False, reason="other", description="The dog bites", place="Depot 13")
    happened(shipment, "out_for_delivery", 5, place="Timișoara", description="Left with neighbour Maria Popescu")
    happened(
        shipment, "attempt_failed", 4, place="Strada Lalelelor 12, Timișoara", must_act="recipient", reason="consignee"
    )
    return shipment


def test_the_link_alone_shows_checkpoints_and_nobody(stranger, busy):
    answer = stranger.get(f"/t/{busy.key}")
    assert answer.status_code == 200
    for words in (
        busy.number,
        "Hub Arad",
        "Out for delivery",
        "Delivery attempt failed",
        "You need to do something",
        "Alpha Freight",
    ):
        assert words in answer.text, words
    for words in (*PRIVATE_WORDS, "Depot 13"):
        assert words not in answer.text, words


def test_the_page_sets_no_cookie_and_asks_not_to_be_found(stranger, busy):
    for url in (f"/t/{busy.key}", "/track", "/t/unknown"):
        answer = stranger.get(url)
        assert "Set-Cookie" not in answer.headers and answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert 'content="noindex' in answer.text and answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "answer",
    [
        "maria@popescu.example",
        " MARIA@popescu.example ",
        "0722 123 456",
        "+40722123456",
        "300001",
        "400620",
        "ion@ionescu.example",
    ],
)
def test_who_knows_one_of_the_parties_sees_names_and_addresses(stranger, busy, answer):
    opened = stranger.post(f"/t/{busy.key}", data={"answer": answer})
    assert opened.status_code == 303 and "popescu" not in opened.location.lower() and "300001" not in opened.location
    page = stranger.get(opened.location).text
    assert "Maria Popescu" in page and "Strada Lalelelor 12" in page and "Left with neighbour" in page
    assert (
        "The dog bites" not in page
        and "Depot 13" not in page
        and SENDER.street not in page
        and RECIPIENT.phone not in page
    )


@pytest.mark.parametrize("answer", ["", " ", "x", "@", "maria", "0", "12", "popescu.example", "555", "123456", "RO"])
def test_guesses_open_nothing(stranger, busy, answer):
    refused = stranger.post(f"/t/{busy.key}", data={"answer": answer})
    assert (
        refused.status_code == 422
        and "Maria Popescu" not in refused.text
        and "Maria Popescu" not in stranger.get(f"/t/{busy.key}").text
    )


def test_empty_fields_of_a_shipment_prove_nothing(stranger, make):
    bare = make(
        recipient=replace(RECIPIENT, email="", phone="", postcode=""),
        sender=replace(SENDER, email="", phone="", postcode=""),
    )
    for answer in ("", "@", "-", "()", "+"):
        assert stranger.post(f"/t/{bare.key}", data={"answer": answer}).status_code == 422


def test_one_opened_shipment_opens_no_other(stranger, busy, make):
    other = make()
    stranger.post(f"/t/{busy.key}", data={"answer": "300001"})
    assert "Maria Popescu" not in stranger.get(f"/t/{other.key}").text


def test_it_closes_after_a_quarter_of_an_hour(stranger, busy):
    stranger.post(f"/t/{busy.key}", data={"answer": "300001"})
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=16), tick=False):
        assert "Maria Popescu" not in stranger.get(f"/t/{busy.key}").text


def test_tries_are_counted(stranger, busy):
    said = [stranger.post(f"/t/{busy.key}", data={"answer": f"{n:06}"}).status_code for n in range(8)]
    assert said[:6] == [422] * 6 and said[6:] == [429] * 2
    assert stranger.post(f"/t/{busy.key}", data={"answer": "300001"}).status_code == 429
    numbers = [stranger.post("/track", data={"number": "AF0000000000"}).status_code for _ in range(21)]
    assert numbers == [422] * 20 + [429]


def test_a_number_leads_to_the_page_and_an_answer_opens_it(stranger, busy, app):
    by_number = stranger.post("/track", data={"number": busy.number.lower()})
    assert (
        by_number.status_code == 303
        and by_number.location == f"/t/{busy.key}"
        and "Set-Cookie" not in by_number.headers
    )
    stranger.post("/track", data={"number": busy.number, "answer": "300001"})
    assert "Maria Popescu" in stranger.get(f"/t/{busy.key}").text


def test_unknown_numbers_and_wrong_answers_get_one_answer(stranger, busy):
    unknown = stranger.post("/track", data={"number": "AF0000000000", "answer": "999999"})
    wrong = stranger.post("/track", data={"number": busy.number, "answer": "999999"})
    assert unknown.status_code == wrong.status_code == 422
    assert unknown.text.replace("AF0000000000", "N") == wrong.text.replace(busy.number, "N")
    x, y = stranger.get("/t/x"), stranger.get("/t/" + "y" * 22)
    assert x.status_code == y.status_code == 404 and x.text.replace("/t/x", "") == y.text.replace("/t/" + "y" * 22, "")


def test_the_same_number_at_two_firms_needs_an_answer(stranger, make, cast):
    ours = make(waybill_number="SAME-1234")
    make(cast.bravo, waybill_number="SAME-1234", recipient=replace(RECIPIENT, postcode="900900"))
    assert stranger.post("/track", data={"number": "SAME-1234"}).status_code == 422
    assert stranger.post("/track", data={"number": "same-1234", "answer": "300001"}).location == f"/t/{ours.key}"


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.UNKNOWN])
def test_every_status_is_shown_as_what_it_is(stranger, shipment, happened, status):
    happened(shipment, str(status), 1)
    page = stranger.get(f"/t/{shipment.key}").text
    assert page.count(str(WORDS[status])) >= 2


def test_a_private_event_does_not_show_through_the_status(stranger, shipment, happened, look):
    happened(shipment, "in_transit", 3)
    happened(shipment, "exception", 2, public=False, reason="customs")
    page = stranger.get(f"/t/{shipment.key}").text
    assert look(shipment)["status"] == "exception" and "In transit" in page
    assert "Exception" not in page and "Customs" not in page


def test_a_corrected_event_is_gone_from_the_page(stranger, shipment, happened, inside):
    wrong = happened(shipment, "delivered", 2, place="Wrong town")
    with inside():
        services_events.void_event(wrong, now=clock.now())
        db.session.commit()
    assert "Wrong town" not in stranger.get(f"/t/{shipment.key}").text


def test_hostile_words_stay_words(stranger, shipment, happened):
    happened(shipment, "in_transit", 1, place="<script>alert(1)</script>", description="<img src=x>")
    stranger.post(f"/t/{shipment.key}", data={"answer": "300001"})
    page = stranger.get(f"/t/{shipment.key}").text
    assert "<script>alert" not in page and "<img src=x" not in page
    assert "<script>" not in stranger.post("/track", data={"number": "<script>"}).text


def test_another_site_cannot_send_the_form(stranger, shipment):
    answer = stranger.post(f"/t/{shipment.key}", data={"answer": "300001"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_staff_elsewhere_see_no_more_than_anybody(mallory, busy):
    page = mallory.get(f"/t/{busy.key}")
    assert page.status_code == 200 and "Maria Popescu" not in page.text
