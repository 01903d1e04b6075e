"""Registering, events, corrections, cancelling, editing, undo: what stands in the rows afterwards."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select

from logicrm.core import clock, search, tenancy
from logicrm.core.barcodes import gs1_check_digit
from logicrm.core.errors import Conflict, Refused
from logicrm.core.schema import new_id
from logicrm.core.tenancy import working_in
from logicrm.extensions import db
from logicrm.shipments import bulk, numbers, queries, services, services_events
from logicrm.shipments.details import NewEvent, Piece
from logicrm.shipments.models import NEVER, Shipment, ShipmentPiece, TrackingEvent, TrackingLink
from tests.shipments.conftest import DETAILS, RECIPIENT

ZONE = "Europe/Bucharest"


def test_a_shipment_gets_number_key_link_pieces_and_first_event(shipment, inside):
    with inside():
        row = queries.shipment(shipment.id)
        assert row.waybill_number[:2] == "AF" and row.waybill_number[2:].isdigit()
        assert gs1_check_digit(row.waybill_number[2:-1]) == row.waybill_number[-1]
        assert len(row.tracking_key) == 22 and row.pieces_count == 2 and row.total_weight_kg == Decimal("12.5")
        assert [(p.number, p.description) for p in queries.pieces_of(row.id)] == [(1, "Chair"), (2, "Table")]
        assert [e.code for e, _who in queries.events_of(row.id)] == ["registered"]
        link = db.session.scalar(select(TrackingLink))
        assert link.shipment_id == row.id and row.tracking_key not in link.key_hash
        assert search.find("popescu") == search.find(row.waybill_number) == [("shipment", row.id)]


def test_numbers_are_never_given_twice_even_by_racing_writers(app: Flask, cast):
    made, errors = [], []

    def write() -> None:
        try:
            with working_in(app, cast.alpha):
                for _ in range(5):
                    one = services.create_shipment(DETAILS, prefix="AF", zone=ZONE, now=clock.now())
                    made.append(one.waybill_number)
                    db.session.commit()
        except Exception as error:  # shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == [] and len(made) == len(set(made)) == 20


def test_a_number_of_ones_own_is_kept_cleaned_and_unique(make, inside):
    assert make(waybill_number=" ab-12 345 ").number == "AB-12345"
    with inside(), pytest.raises(Refused) as refusal:
        services.create_shipment(replace(DETAILS, waybill_number="AB-12345"), prefix="AF", zone=ZONE, now=clock.now())
    assert refusal.value.field == "waybill_number"
    for bad in ("é12345", "AB", "A" * 31, "<script>"):
        with inside(), pytest.raises(Refused):
            services.create_shipment(replace(DETAILS, waybill_number=bad), prefix="AF", zone=ZONE, now=clock.now())


@pytest.mark.parametrize(
    "name, letters", [("Alpha Freight", "AF"), ("đông", "DO"), ("X", "XX"), ("東京", "XX"), ("alpha-freight", "AF")]
)
def test_prefixes_are_two_ascii_letters(name, letters):
    assert numbers.prefix_of(name) == letters


def test_the_customer_of_another_workspace_cannot_be_named(cast, inside, now):
    from logicrm.customers import services as customers

    with inside(cast.bravo):
        theirs = customers.add_contact({"last_name": "Bravo"}, by=None, now=now).id
        db.session.commit()
    with inside():
        with pytest.raises(Refused):
            services.create_shipment(replace(DETAILS, contact_id=theirs), prefix="AF", zone=ZONE, now=now)
        assert db.session.scalar(select(func.count()).select_from(Shipment)) == 0


def test_a_shipment_is_late_when_the_promised_day_is_over_where_the_business_is():
    assert services.due_at(date(2026, 3, 1), None, "Europe/Bucharest") == datetime.fromisoformat(
        "2026-03-01T22:00:00+00:00"
    )
    assert services.due_at(date(2026, 3, 1), None, "Asia/Ho_Chi_Minh") == datetime.fromisoformat(
        "2026-03-01T17:00:00+00:00"
    )
    assert services.due_at(None, None, "UTC") == NEVER


def test_events_move_the_status_by_when_they_happened(shipment, happened, look):
    happened(shipment, "delivered", 2)
    delivered = look(shipment)
    happened(shipment, "in_transit", 5)
    happened(shipment, "out_for_delivery", 1)  # a scan after the delivery
    assert look(shipment) == delivered
    assert delivered["status"] == "delivered" and delivered["delivered_at"] and delivered["attention_at"] is None


def test_the_same_message_twice_is_one_event(shipment, inside, events_of):
    now = clock.now()
    new = NewEvent(now - timedelta(hours=1), "in_transit", place="Hub", idempotency_key="k1")
    with inside():
        first, is_new = services_events.add_event(shipment.id, new, now=now)
        for again in (new, replace(new, idempotency_key=None), replace(new, idempotency_key="k2")):
            known, is_new_again = services_events.add_event(shipment.id, again, now=now)
            assert (known.id, is_new, is_new_again) == (first.id, True, False)
        with pytest.raises(Refused) as refusal:
            services_events.add_event(shipment.id, replace(new, status="delivered"), now=now)
        assert refusal.value.field == "idempotency_key"
        other = replace(new, idempotency_key=None, code="X2")
        assert (
            services_events.add_event(shipment.id, replace(other, code="X1"), now=now)[1] is False
        )  # the code was missing
        db.session.commit()
    assert len(events_of(shipment)) == 2


def test_two_codes_at_one_moment_are_two_events(shipment, inside, events_of):
    now = clock.now()
    with inside():
        for code in ("ARR", "CLR"):
            assert services_events.add_event(shipment.id, NewEvent(now, "in_transit", code=code), now=now)[1]
        db.session.commit()
    assert len(events_of(shipment)) == 3


def test_racing_copies_of_one_message_make_one_event(app: Flask, cast, shipment, events_of, look):
    moment, outcomes, errors = clock.now() - timedelta(hours=1), [], []
    barrier = threading.Barrier(6)

    def send(key: str | None) -> None:
        try:
            with working_in(app, cast.alpha):
                barrier.wait()
                new = NewEvent(moment, "delivered", place="Door", idempotency_key=key)
                outcomes.append(services_events.add_event(shipment.id, new, now=clock.now())[1])
                db.session.commit()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=send, args=(key,)) for key in ["k", "k", "k", None, "other", None]]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == [] and outcomes.count(True) == 1 and len(events_of(shipment)) == 2
    assert look(shipment)["status"] == "delivered"


def test_racing_events_are_folded_together(app: Flask, cast, shipment, look):
    now, errors = clock.now(), []

    def send(status: str, hours: int) -> None:
        try:
            with working_in(app, cast.alpha):
                services_events.add_event(shipment.id, NewEvent(now - timedelta(hours=hours), status), now=now)
                db.session.commit()
        except Exception as error:
            errors.append(error)

    said = [("picked_up", 5), ("in_transit", 4), ("exception", 3), ("out_for_delivery", 2), ("delivered", 1)]
    threads = [threading.Thread(target=send, args=one) for one in said]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == [] and look(shipment)["status"] == "delivered"


def test_moments_that_cannot_be_are_refused(shipment, inside):
    now = clock.now()
    with inside():
        services_events.add_event(shipment.id, NewEvent(now + timedelta(minutes=10), "in_transit"), now=now)
        for moment in (now + timedelta(hours=1), now - timedelta(days=1200)):
            with pytest.raises(Refused) as refusal:
                services_events.add_event(shipment.id, NewEvent(moment, "in_transit"), now=now)
            assert refusal.value.field == "occurred_at"


def test_a_correction_keeps_the_wrong_event_and_can_be_made_once(shipment, happened, inside, look, events_of):
    happened(shipment, "in_transit", 4)
    wrong = happened(shipment, "delivered", 2)
    now = clock.now()
    with inside():
        right = services_events.correct_event(
            wrong, NewEvent(now - timedelta(hours=2), "attempt_failed", reason="consignee"), now=now
        )
        db.session.commit()
        with pytest.raises(Conflict):
            services_events.void_event(wrong, now=now)
        assert right.corrects_id == wrong
    row = look(shipment)
    assert (row["status"], row["reason"], row["delivered_at"]) == ("attempt_failed", "consignee", None)
    assert wrong in [e["id"] for e in events_of(shipment)]


def test_cancelling_is_refused_when_closed_and_can_be_taken_back(shipment, happened, inside, look):
    happened(shipment, "in_transit", 4)
    before = look(shipment)
    with inside():
        event = services_events.cancel_shipment(shipment.id, now=clock.now())
        db.session.commit()
        with pytest.raises(Refused):
            services_events.cancel_shipment(shipment.id, now=clock.now())
        services_events.void_event(event.id, now=clock.now())
        db.session.commit()
    assert look(shipment) == before


def test_an_edit_can_be_undone_value_by_value_and_piece_by_piece(shipment, inside, look):
    before = look(shipment)
    details = replace(
        DETAILS,
        recipient=replace(RECIPIENT, city="Arad"),
        pieces=(Piece("Crate", Decimal("7")),),
        promised_on=date(2026, 1, 1),
    )
    with inside():
        act = services.edit_shipment(queries.shipment(shipment.id), details, zone=ZONE, now=clock.now(), by=None)
        db.session.commit()
        act_id = act.id
    changed = look(shipment)
    assert (
        changed["recipient_city"] == "Arad" and changed["total_weight_kg"] == 7 and changed["late_from"] < clock.now()
    )
    with inside():
        assert search.find("arad") == [("shipment", shipment.id)]
        assert services.undo_edit(act_id, zone=ZONE, by=None, now=clock.now()).left_alone == []
        db.session.commit()
        assert [p.description for p in queries.pieces_of(shipment.id)] == ["Chair", "Table"]
        assert search.find("arad") == []
    assert look(shipment) == before


def test_undo_leaves_alone_what_somebody_changed_since(shipment, inside, look):
    with inside():
        row = queries.shipment(shipment.id)
        act = services.edit_shipment(row, replace(DETAILS, goods="A"), zone=ZONE, now=clock.now(), by=None).id
        services.edit_shipment(row, replace(DETAILS, goods="B"), zone=ZONE, now=clock.now(), by=None)
        db.session.commit()
        assert services.undo_edit(act, zone=ZONE, by=None, now=clock.now()).left_alone == [shipment.id]
        db.session.commit()
    assert look(shipment)["goods"] == "B"


def test_a_restricted_shipment_cannot_be_edited_or_found(shipment, inside, look):
    with inside():
        queries.shipment(shipment.id).restricted = True
        db.session.commit()
        before = look_inside(shipment)
        with pytest.raises(Refused):
            services.edit_shipment(queries.shipment(shipment.id), DETAILS, zone=ZONE, now=clock.now(), by=None)
        assert queries.list_shipments(queries.Wanted(), now=clock.now()).rows == [] and search.find("popescu") == []
        assert look_inside(shipment) == before


def look_inside(one):
    row = queries.shipment(one.id)
    return {c.key: getattr(row, c.key) for c in Shipment.__mapper__.column_attrs}


def test_the_first_expected_delivery_stays_when_it_moves(make, inside, look):
    now = clock.now()
    one = make(eta=now + timedelta(days=1))
    with inside():
        services.edit_shipment(
            queries.shipment(one.id), replace(DETAILS, eta=now + timedelta(days=3)), zone=ZONE, now=now, by=None
        )
        db.session.commit()
    row = look(one)
    assert row["eta_latest"] - row["eta_first"] == timedelta(days=2)


def test_the_portal_sees_ones_own_shipments_and_their_public_events_only(app, cast, make, happened):
    mine, other = (
        make(),
        make(recipient=replace(RECIPIENT, email="else@example.org"), sender=replace(RECIPIENT, email="")),
    )
    happened(mine, "in_transit", 2)
    happened(mine, "exception", 1, public=False, description="The driver thinks that the dog bites")
    happened(other, "in_transit", 2)
    with app.app_context():
        tenancy.enter_portal(cast.alpha, tenancy.Person(new_id(), RECIPIENT.email))
        assert list(db.session.scalars(select(Shipment.id))) == [mine.id]
        events = list(db.session.scalars(select(TrackingEvent)))
        assert {e.shipment_id for e in events} == {mine.id} and all(e.public for e in events) and len(events) == 2
        assert {p.shipment_id for p in db.session.scalars(select(ShipmentPiece))} == {mine.id}


def test_bulk_rows_equal_those_made_one_by_one(inside, cast):
    now = clock.now()
    with inside():
        ids = bulk.insert_shipments(
            ({"created_at": now - timedelta(days=9), "recipient_name": f"Person {n}", "recipient_city": "Iași",
              "pieces": [{"weight_kg": Decimal(2)}, {"weight_kg": Decimal(3)}]} for n in range(30)), prefix="AF",
        )  # fmt: skip
        said = [("picked_up", 8), ("delivered", 2), ("in_transit", 5)]
        count = bulk.insert_events(
            {"shipment_id": i, "occurred_at": now - timedelta(days=d), "status": s} for i in ids[:10] for s, d in said
        )
        bulk.settle_all(ids)
        db.session.commit()
        assert count == 30 and len(search.find("iasi person")) == 30
        rows = [queries.shipment(i) for i in ids]
        assert len({r.waybill_number for r in rows}) == 30 and all(r.total_weight_kg == 5 for r in rows)
        assert [r.status for r in rows] == ["delivered"] * 10 + ["pending"] * 20
        assert all(queries.by_number(r.waybill_number).id == r.id for r in rows)
        assert db.session.scalar(select(func.count()).select_from(TrackingLink)) == 30
    with inside(cast.bravo):
        assert db.session.scalars(select(Shipment)).all() == []
