"""In the portal somebody sees the shipments of their own customer record, and no others."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select, update

from logicrm.core import tenancy
from logicrm.core.schema import new_id
from logicrm.customers.models import Contact
from logicrm.extensions import db
from logicrm.shipments.models import Shipment, TrackingEvent
from tests.conftest import Cast
from tests.factories import plant_one_of_each


@pytest.mark.parametrize("who, seen", [("jane@example.com", 1), ("mary-jane@example.com", 0)])
def test_a_shipment_belongs_to_the_person_behind_the_customer_record(
    app: Flask, cast: Cast, who: str, seen: int
) -> None:
    plant_one_of_each(app, cast.alpha, cast.users["alice"])
    with app.app_context():
        tenancy.enter(cast.alpha)
        db.session.execute(update(Contact).values(email="jane@example.com"))
        db.session.execute(update(TrackingEvent).values(public=True))
        db.session.commit()
    with app.app_context():
        tenancy.enter_portal(cast.alpha, tenancy.Person(new_id(), who))
        assert len(db.session.scalars(select(Shipment)).all()) == seen
        assert len(db.session.scalars(select(TrackingEvent)).all()) == seen
