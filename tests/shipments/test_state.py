"""What events add up to: by the time they happened, whatever the order in which they came."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from logicrm.core.schema import new_id
from logicrm.shipments.state import Fact, attention_from, standing, steps
from logicrm.shipments.statuses import ICONS, TONES, TROUBLE, WORDS, Status, status_named

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def fact(status: str, hour: float, corrects: Fact | None = None, reason: str = "") -> Fact:
    return Fact(
        new_id(), START + timedelta(hours=hour), Status(status), reason, corrects_id=corrects.id if corrects else None
    )


def status_of(*events: Fact) -> str:
    return standing(events, registered_at=START).status


FIVE = [
    fact("picked_up", 1), fact("in_transit", 2), fact("attempt_failed", 3, reason="consignee"),
    fact("out_for_delivery", 4), fact("delivered", 5),
]  # fmt: skip


def test_every_order_of_arrival_gives_one_end() -> None:
    ends = {standing(order, registered_at=START) for order in permutations(FIVE)}
    assert len(ends) == 1
    end = ends.pop()
    assert (end.status, end.since, end.delivered_at) == (Status.DELIVERED, FIVE[4].occurred_at, FIVE[4].occurred_at)


def test_every_order_gives_one_end_with_equal_moments_corrections_and_unknowns() -> None:
    wrong = fact("delivered", 3)
    events = [wrong, fact("in_transit", 3, corrects=wrong), fact("on_hold", 3, reason="customs"), fact("unknown", 9),
              fact("exception", 3, reason="weather"), fact("pending", 8)]  # fmt: skip
    ends = {standing(order, registered_at=START) for order in permutations(events)}
    assert len(ends) == 1 and ends.pop().status is Status.EXCEPTION


def test_random_histories_do_not_depend_on_the_order() -> None:
    dice = random.Random(7)
    for _ in range(200):
        events = [fact(dice.choice(list(Status)), dice.randrange(6)) for _ in range(7)]
        events.append(fact(dice.choice(list(Status)), 2, corrects=dice.choice(events)))
        one = standing(events, registered_at=START)
        dice.shuffle(events)
        other = standing(events, registered_at=START)
        assert (one.status, one.since, one.reason, one.delivered_at) == (
            other.status,
            other.since,
            other.reason,
            other.delivered_at,
        )


def test_a_late_message_does_not_move_a_delivered_shipment_back() -> None:
    assert status_of(fact("delivered", 5), fact("in_transit", 4)) == "delivered"


def test_a_straggling_scan_after_the_delivery_does_not_count() -> None:
    scan = fact("in_transit", 6)
    end = standing([fact("delivered", 5), scan], registered_at=START)
    assert end.status is Status.DELIVERED and scan.id in end.ignored


@pytest.mark.parametrize("later", ["exception", "return_to_sender"])
def test_what_can_really_follow_a_delivery_counts(later: str) -> None:
    assert status_of(fact("delivered", 5), fact(later, 6)) == later


def test_the_first_of_two_deliveries_counts() -> None:
    end = standing([fact("delivered", 6), fact("delivered", 5)], registered_at=START)
    assert end.delivered_at == START + timedelta(hours=5)


def test_nothing_follows_a_cancellation_but_what_happened_before_it_still_is_no_end() -> None:
    assert status_of(fact("cancelled", 2), fact("delivered", 3)) == "cancelled"
    assert status_of(fact("delivered", 1), fact("cancelled", 2)) == "delivered"


def test_a_corrected_delivery_opens_the_shipment_again() -> None:
    wrong = fact("delivered", 5)
    right = fact("attempt_failed", 5, corrects=wrong)
    assert status_of(wrong, right) == "attempt_failed"
    assert status_of(wrong, right, fact("in_transit", 6)) == "in_transit"


def test_a_correction_of_a_correction_counts_and_both_wrong_ones_do_not() -> None:
    first = fact("delivered", 5)
    second = fact("exception", 5, corrects=first)
    third = fact("in_transit", 5, corrects=second)
    assert status_of(third, first, second) == "in_transit"


def test_an_event_taken_back_leaves_what_was_before() -> None:
    wrong = fact("cancelled", 5)
    assert status_of(fact("in_transit", 2), wrong, fact("unknown", 5, corrects=wrong)) == "in_transit"


def test_without_events_a_shipment_is_pending_since_it_was_registered() -> None:
    assert standing([], registered_at=START).since == START


@pytest.mark.parametrize("status", list(Status))
def test_every_status_is_shown_as_what_it_is(status: Status) -> None:
    line = steps(status, [Status.PICKED_UP, Status.IN_TRANSIT])
    assert status is Status.DELIVERED or [s.status for s in line if s.state == "now"] == [status]
    assert WORDS[status] and TONES[status] and ICONS[status]


def test_the_road_ends_where_it_ends() -> None:
    assert steps(Status.DELIVERED, [])[-1].state == "done"
    assert steps(Status.RETURN_TO_SENDER, [Status.IN_TRANSIT])[-1].status is Status.RETURN_TO_SENDER
    assert [s.status for s in steps(Status.EXCEPTION, [Status.DELIVERED])][-2:] == [Status.DELIVERED, Status.EXCEPTION]


def test_trouble_asks_for_attention_at_once_and_others_when_they_are_late() -> None:
    since, due = START, START + timedelta(days=1)
    for status in Status:
        expected = None if status in (Status.DELIVERED, Status.CANCELLED) else since if status in TROUBLE else due
        assert attention_from(status, since, due) == expected


@pytest.mark.parametrize(
    "theirs, ours",
    [
        ("delivery_delayed", "delayed"), ("delivery_failed", "attempt_failed"), ("pre_transit", "pending"),
        ("available_for_pickup", "ready_for_pickup"), ("failure", "attempt_failed"), ("error", "exception"),
        ("InfoReceived", "pending"), ("InTransit", "in_transit"), ("OutForDelivery", "out_for_delivery"),
        ("AvailableForPickup", "ready_for_pickup"), ("AttemptFail", "attempt_failed"), ("Exception", "exception"),
        ("Exception_005", "delayed"), ("Exception_017", "delayed"), ("Exception_013", "exception"),
        ("Delivered_003", "delivered"), ("Expired", "unknown"), ("PRE_TRANSIT", "pending"), ("TRANSIT", "in_transit"),
        ("TRANSIT/package_accepted", "picked_up"), ("TRANSIT/package_held", "on_hold"), ("TRANSIT/delayed", "delayed"),
        ("TRANSIT/pickup_available", "ready_for_pickup"), ("TRANSIT/delivery_attempted", "attempt_failed"),
        ("FAILURE", "exception"), ("FAILURE/package_lost", "exception"), ("RETURNED", "return_to_sender"),
        ("DELIVERED", "delivered"), ("void_shipping", "cancelled"), ("Out for delivery", "out_for_delivery"),
        ("canceled", "cancelled"),
    ],
)  # fmt: skip
def test_carriers_names_are_understood(theirs: str, ours: str) -> None:
    assert status_named(theirs) == ours


@pytest.mark.parametrize("name", ["", "  ", "/", "teleported", "delivered maybe", "{}"])
def test_other_names_are_not_guessed(name: str) -> None:
    assert status_named(name) is None
