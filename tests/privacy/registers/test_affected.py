"""Who is affected: counted and listed by the declarations, against a count by hand."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from logicrm.core import tenancy
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy.registers import affected, breaches
from logicrm.privacy.registers.models_breach import BreachPerson
from tests.conftest import Cast
from tests.privacy.registers.acting import found_breach

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def id_at(moment: datetime) -> uuid.UUID:
    """An id as it is made at that instant."""
    return uuid.UUID(int=(int(moment.timestamp() * 1000) << 80) | (new_id().int & ((1 << 80) - 1)))


def row(table: str, at: datetime, **values: Any) -> uuid.UUID:
    """A row of a table, with what it must have, made at an instant."""
    from tests.factories import _row

    found = db.metadata.tables[table]
    here = tenancy.current()
    assert here is not None
    made = {**_row(found, {}, here, uuid.UUID(int=0), []), "id": id_at(at), **values}
    made = {
        name: value
        for name, value in made.items()
        if name in found.columns and (not found.columns[name].foreign_keys or name in values or name == "workspace_id")
    }
    db.session.execute(found.insert().values(made))
    return made["id"]  # type: ignore[no-any-return]


@pytest.fixture
def world(app: Flask, cast: Cast, inside: Any) -> None:
    """Five contacts over five days, two of them one person, one without an address; one in another workspace."""
    with inside():
        for day, email in enumerate(("a@x.example", "B@x.example", "b@x.example", "", "c@x.example")):
            row("contact", T0 + timedelta(days=day), email=email)
        db.session.commit()
    with inside(cast.bravo):
        row("contact", T0, email="stranger@x.example")
        db.session.commit()


@pytest.mark.promise("P-NET-25")
@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("since", "until", "rows", "people"),
    [(None, None, 5, 3), (1, None, 4, 2), (None, 2, 2, 2), (1, 3, 2, 1), (3, 4, 1, 0), (9, None, 0, 0)],
)
def test_rows_and_people_of_a_time_are_counted(
    inside: Any, since: int | None, until: int | None, rows: int, people: int
) -> None:
    first = T0 + timedelta(days=since) if since is not None else None
    last = T0 + timedelta(days=until) if until is not None else None
    with inside():
        (count,) = affected.count(["contact"], first, last)
        assert (count.rows, count.people) == (rows, people)
        assert affected.people(["contact"], first, last) == people


@pytest.mark.promise("P-NET-25")
def test_whoever_hangs_on_a_row_is_found_through_it(cast: Cast, inside: Any) -> None:
    """An activity holds no address: it is about whoever its contact is about."""
    with inside():
        contact = row("contact", T0, email="old@x.example")
        row("activity", T0 + timedelta(days=20), contact_id=contact)
        assert affected.people(["contact"], T0 + timedelta(days=10), None) == 0
        assert affected.people(["activity"], T0 + timedelta(days=10), None) == 1


@pytest.mark.promise("P-NET-25")
def test_both_people_of_a_shipment_are_affected(cast: Cast, inside: Any) -> None:
    with inside():
        row("shipment", T0, sender_email="s@x.example", recipient_email="r@x.example")
        breach = found_breach(cast.users["pia"], T0, T0)
        assert affected.put_on_list(breach.id, ["shipment"], None, None, now=T0) == 2
        assert affected.put_on_list(breach.id, ["shipment"], None, None, now=T0) == 0, "twice is as once"
        found = {one.email: one.found_in for one in db.session.query(BreachPerson)}
        assert found == {"s@x.example": ["shipment"], "r@x.example": ["shipment"]}


def test_what_can_be_asked_for_is_what_tables_declare(cast: Cast, inside: Any) -> None:
    with inside():
        names = {kind.name for kind in affected.kinds()}
        assert {"lead", "contact", "shipment", "activity", "tracking_event", "privacy_request", affected.STAFF} <= names
        assert not {"breach_person", "disclosure_person", "outgoing_mail", "user", "portal_code"} & names
        assert affected.people(["outgoing_mail", "user", "nonsense"], None, None) == 0


def test_the_staff_are_the_members_of_this_workspace(cast: Cast, inside: Any) -> None:
    with inside():
        assert affected.people([affected.STAFF], None, None) == 7
    with inside(cast.bravo):
        assert affected.people([affected.STAFF], None, None) == 1


@pytest.mark.usefixtures("world")
def test_counts_come_first_and_the_list_is_made_by_a_press(
    app: Flask, cast: Cast, pia: FlaskClient, mona: FlaskClient, mallory: FlaskClient
) -> None:
    with tenancy.working_in(app, cast.alpha):
        own = found_breach(cast.users["pia"], T0, T0 + timedelta(days=9)).id
        db.session.commit()
    address = f"/privacy/breaches/{own}/affected"
    page = pia.get(f"{address}?kinds=contact&until=2026-03-04T00:00").text
    assert "Put 2 people on the list" in page
    assert "x.example" not in page, "counts, no addresses"
    with tenancy.working_in(app, cast.alpha):
        assert breaches.people_count(own) == 0
    assert "Put 2" not in mona.get(f"{address}?kinds=contact&until=2026-03-04T00:00").text
    assert mona.post(address, data={"kinds": "contact"}).status_code == 403
    assert mallory.get(address).status_code == mallory.post(address, data={"kinds": "contact"}).status_code == 404
    assert pia.post(address, data={"kinds": "contact", "since": "", "until": "2026-03-04T00:00"}).status_code == 303
    with tenancy.working_in(app, cast.alpha):
        assert breaches.people_count(own) == 2
    assert mona.post(f"{address}/empty").status_code == 403
    assert pia.post(f"{address}/empty").status_code == 303
    with tenancy.working_in(app, cast.alpha):
        assert breaches.people_count(own) == 0
