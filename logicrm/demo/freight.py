"""Draws the demo's shipments and what happened to them. Knows no database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from logicrm.demo import people
from logicrm.demo.drawing import Drawing

SERVICES = ("Express", "Standard", "Economy", "Freight")
_ROAD = (
    ("picked_up", 0.12, "Picked up from the sender"),
    ("in_transit", 0.30, "Left the depot"),
    ("in_transit", 0.55, "Arrived at the hub"),
    ("in_transit", 0.75, "Left the hub"),
    ("out_for_delivery", 0.93, "On the delivery vehicle"),
    ("delivered", 1.0, "Delivered, signed for"),
)


@dataclass(frozen=True)
class Story:
    """How a shipment fares: steps of the road it made, then perhaps trouble. Ages in days."""

    name: str
    often: int
    steps: int
    youngest: float
    oldest: float
    then: tuple[str, str, str, str] | None = None  # status, reason, who must act, words
    late: bool = False


STORIES = (
    Story("delivered", 48, 6, 3, 60),
    Story("in transit", 16, 3, 0.8, 2.5),
    Story("out for delivery", 8, 5, 1.8, 3.5),
    Story("registered", 7, 0, 0.01, 0.6),
    Story("picked up", 5, 1, 0.2, 1.0),
    Story("late", 4, 4, 5, 8, late=True),
    Story("delayed", 3, 3, 2, 6, ("delayed", "weather", "carrier", "Road closed by snow, detour"), late=True),
    Story("damaged", 2, 4, 2, 5, ("exception", "carrier", "us", "Pallet wrap torn, one carton damaged")),
    Story("customs", 2, 3, 2, 5, ("on_hold", "customs", "sender", "Customs wait for the commercial invoice")),
    Story("nobody there", 2, 5, 2, 4, ("attempt_failed", "consignee", "recipient", "Nobody at the address")),
    Story("for pickup", 2, 4, 2, 5, ("ready_for_pickup", "", "recipient", "Waits at the depot")),
    Story("going back", 1, 5, 4, 12, ("return_to_sender", "consignee", "carrier", "Refused at the door")),
    Story("cancelled", 1, 0, 1, 30, ("cancelled", "", "", "Cancelled by the customer")),
)


def plans(draw: Drawing, count: int) -> list[tuple[datetime, Story]]:
    """(when registered, its story), the oldest first. Each story is told once when `count` allows it."""
    drawn = [*STORIES, *draw.random.choices(STORIES, [s.often for s in STORIES], k=max(0, count - len(STORIES)))]
    made = [(draw.now - timedelta(days=draw.random.uniform(s.youngest, s.oldest)), s) for s in drawn[:count]]
    return sorted(made, key=lambda plan: plan[0])


def shipment(draw: Drawing, created_at: datetime, story: Story, customer: dict[str, Any], by: Any) -> dict[str, Any]:
    """A shipment as `insert_shipments` takes it, of a customer's contact to somebody new."""
    chance, to = draw.random, draw.someone()
    days = chance.uniform(2.2, 3.0) if story.late else chance.uniform(3.0, 5.0)
    if story.steps < 6 and not story.late:  # still on its way, and in time
        days = max(days, (draw.now - created_at).total_seconds() / 86400 + chance.uniform(0.1, 1.6))
    eta = (created_at + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    pieces = [
        {"description": chance.choice(("Pallet", "Carton", "Crate")), "weight_kg": Decimal(chance.randint(4, 420)),
         "length_cm": Decimal(120), "width_cm": Decimal(80), "height_cm": Decimal(chance.randrange(20, 180, 5))}
        for _ in range(chance.choice((1, 1, 1, 2, 3)))
    ]  # fmt: skip
    return {
        "id": draw.id_at(created_at), "created_at": created_at, "created_by": by, "eta_latest": eta,
        "promised_on": eta.date(), "contact_id": customer["id"], "company_id": customer["company_id"],
        **{f"sender_{k}": customer[k] for k in ("company", "street", "city", "postcode", "country", "phone", "email")},
        "sender_name": f"{customer['first_name']} {customer['last_name']}", "recipient_name": f"{to.first_name} {to.last_name}",
        **{f"recipient_{k}": getattr(to, k) for k in ("company", "street", "city", "postcode", "country", "phone", "email")},
        "goods": chance.choice(people.GOODS), "service": chance.choices(SERVICES, (2, 5, 2, 1))[0],
        "incoterm": chance.choice(("DAP", "DDP", "FCA", "")), "references": f"PO-{chance.randint(10000, 99999)}",
        "instructions": chance.choice(("", "", "Ring at gate 2.", "Tail lift needed.", "Call half an hour before.")),
        "pieces": pieces,
    }  # fmt: skip


def events(draw: Drawing, row: dict[str, Any], story: Story, driver: Any) -> Iterator[dict[str, Any]]:
    """What happened to it up to now, in order, spread over its days."""
    chance, began, now = draw.random, row["created_at"], draw.now
    planned = row["eta_latest"] - began
    whole = planned * chance.uniform(0.75, 1.1) if story.steps == 6 else planned
    made = [(status, began + whole * part, words) for status, part, words in _ROAD[: story.steps]]
    if story.late and made:
        made = [(s, began + timedelta(days=0.3 + 0.45 * n), w) for n, (s, _, w) in enumerate(made)]
    elif story.steps < 6 and made:
        part = (now - began) * 0.92 / (made[-1][1] - began) if made[-1][1] > now else 1
        made = [(s, began + (at - began) * part, w) for s, at, w in made]
    tail = [("", "", "")] * len(made)
    if story.then is not None:
        last = made[-1][1] if made else began
        status, reason, must_act, words = story.then
        made.append((status, last + (now - last) * chance.uniform(0.3, 0.9), words))
        tail.append((reason, must_act, ""))
    far = ("delivered", "out_for_delivery", "attempt_failed", "ready_for_pickup")
    for (status, at, words), (reason, must_act, _) in zip(made, tail, strict=True):
        at = min(at, now - timedelta(minutes=2))
        place = row["recipient_city"] if status in far else row["sender_city"]
        by_hand = status in ("picked_up", "delivered", "attempt_failed")
        yield {
            "id": draw.id_at(at), "shipment_id": row["id"], "occurred_at": at, "status": status, "reason": reason,
            "must_act": must_act, "description": words, "place": place, "offset_minutes": 120,
            "source": "person" if by_hand else "carrier", "actor_id": driver if by_hand else None,
        }  # fmt: skip
