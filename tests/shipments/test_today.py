"""What shipments say on Today: what waits, and how many came on time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from logicrm.core import clock
from tests.shipments.conftest import Made


def figure(client: Any, label: str) -> str:
    """The words of a figure and its chart, as the page has them."""
    page = client.get("/today/").text
    return next(one for one in re.findall(r'class="stat .*?</(?:a|div)>', page, re.S) if label in one)


def yesterday() -> date:
    return clock.now().date() - timedelta(days=1)


def test_without_a_delivery_no_share_is_claimed(alice: Any, shipment: Made) -> None:
    assert "–" in figure(alice, "Delivered on time") and "%" not in figure(alice, "Delivered on time")


def test_on_time_counts_those_that_had_a_promise(
    alice: Any, make: Callable[..., Made], happened: Callable[..., Any]
) -> None:
    for promised_on, hours_ago in ((clock.now().date(), 1), (clock.now().date(), 2), (yesterday(), 0.1), (None, 1)):
        happened(make(promised_on=promised_on), "delivered", hours_ago)
    shown = figure(alice, "Delivered on time")
    assert "66%" in shown and "of the last 3" in shown
    assert "over time" in shown, "a small chart says how many were delivered on each day"


def test_what_is_late_waits_and_what_was_delivered_does_not(
    alice: Any, make: Callable[..., Made], happened: Callable[..., Any]
) -> None:
    late, done = make(promised_on=yesterday()), make(promised_on=yesterday())
    happened(late, "in_transit", hours_ago=30)
    happened(done, "delivered", hours_ago=30)
    shown = figure(alice, "Shipments to look at")
    assert ">1<" in shown and "late, or in trouble" in shown
    page = alice.get("/today/").text
    assert late.number in page and done.number not in page


def test_deliveries_of_another_workspace_are_not_ours(
    cast: Any, alice: Any, shipment: Made, make: Callable[..., Made]
) -> None:
    make(workspace_id=cast.bravo, promised_on=yesterday())
    assert ">0<" in figure(alice, "Shipments to look at")
