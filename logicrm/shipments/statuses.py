"""The one list of shipment statuses, how carriers name them, and how each is shown.

Source of the aliases: the status lists of Karrio, EasyPost, AfterShip and Shippo, and EPCIS 2.0 business steps.
"""

from __future__ import annotations

import re
from enum import StrEnum

from flask_babel import LazyString

from logicrm.core.phrases import lazy_gettext as _l


class Status(StrEnum):
    """Where a shipment stands."""

    PENDING = "pending"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    ON_HOLD = "on_hold"
    DELAYED = "delayed"
    OUT_FOR_DELIVERY = "out_for_delivery"
    READY_FOR_PICKUP = "ready_for_pickup"
    ATTEMPT_FAILED = "attempt_failed"
    EXCEPTION = "exception"
    RETURN_TO_SENDER = "return_to_sender"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a shipment does not move as it should: who or what is behind it."""

    CARRIER = "carrier"
    RETAILER = "retailer"
    CONSIGNEE = "consignee"
    CUSTOMS = "customs"
    WEATHER = "weather"
    OTHER = "other"


class MustAct(StrEnum):
    """Who has to do something before it goes on."""

    US = "us"
    SENDER = "sender"
    RECIPIENT = "recipient"
    CARRIER = "carrier"
    CUSTOMS = "customs"


class Source(StrEnum):
    """Who or what said it."""

    PERSON = "person"
    CARRIER = "carrier"
    GPS = "gps"
    RFID = "rfid"
    IMAGE = "image"


#: No scan that happened later moves these, save what can really follow.
TERMINAL = frozenset({Status.DELIVERED, Status.CANCELLED})
AFTER_TERMINAL: dict[Status, frozenset[Status]] = {
    # Damage found, or refused and sent back, after the door was closed.
    Status.DELIVERED: frozenset({Status.DELIVERED, Status.EXCEPTION, Status.RETURN_TO_SENDER}),
    Status.CANCELLED: frozenset({Status.CANCELLED}),
}
#: These ask somebody to look.
TROUBLE = frozenset({Status.ON_HOLD, Status.DELAYED, Status.ATTEMPT_FAILED, Status.EXCEPTION, Status.RETURN_TO_SENDER})
OPEN = frozenset(Status) - TERMINAL

WORDS: dict[Status, LazyString] = {
    Status.PENDING: _l("Registered"),
    Status.PICKED_UP: _l("Picked up"),
    Status.IN_TRANSIT: _l("In transit"),
    Status.ON_HOLD: _l("On hold"),
    Status.DELAYED: _l("Delayed"),
    Status.OUT_FOR_DELIVERY: _l("Out for delivery"),
    Status.READY_FOR_PICKUP: _l("Ready for pickup"),
    Status.ATTEMPT_FAILED: _l("Delivery attempt failed"),
    Status.EXCEPTION: _l("Exception"),
    Status.RETURN_TO_SENDER: _l("Returning to sender"),
    Status.DELIVERED: _l("Delivered"),
    Status.CANCELLED: _l("Cancelled"),
    Status.UNKNOWN: _l("Unknown"),
}
TONES: dict[Status, str] = {
    Status.PENDING: "neutral", Status.PICKED_UP: "info", Status.IN_TRANSIT: "info", Status.ON_HOLD: "warn",
    Status.DELAYED: "warn", Status.OUT_FOR_DELIVERY: "info", Status.READY_FOR_PICKUP: "info",
    Status.ATTEMPT_FAILED: "bad", Status.EXCEPTION: "bad", Status.RETURN_TO_SENDER: "warn",
    Status.DELIVERED: "good", Status.CANCELLED: "neutral", Status.UNKNOWN: "neutral",
}  # fmt: skip
ICONS: dict[Status, str] = {
    Status.PENDING: "note", Status.PICKED_UP: "box", Status.IN_TRANSIT: "truck", Status.ON_HOLD: "clock",
    Status.DELAYED: "clock", Status.OUT_FOR_DELIVERY: "route", Status.READY_FOR_PICKUP: "flag",
    Status.ATTEMPT_FAILED: "warning", Status.EXCEPTION: "error", Status.RETURN_TO_SENDER: "undo",
    Status.DELIVERED: "check", Status.CANCELLED: "close", Status.UNKNOWN: "info",
}  # fmt: skip
REASON_WORDS: dict[Reason, LazyString] = {
    Reason.CARRIER: _l("Carrier"), Reason.RETAILER: _l("Seller"), Reason.CONSIGNEE: _l("Recipient"),
    Reason.CUSTOMS: _l("Customs"), Reason.WEATHER: _l("Weather"), Reason.OTHER: _l("Other"),
}  # fmt: skip
MUST_ACT_WORDS: dict[MustAct, LazyString] = {
    MustAct.US: _l("We"), MustAct.SENDER: _l("The sender"), MustAct.RECIPIENT: _l("The recipient"),
    MustAct.CARRIER: _l("The carrier"), MustAct.CUSTOMS: _l("Customs"),
}  # fmt: skip
SOURCE_WORDS: dict[Source, LazyString] = {
    Source.PERSON: _l("Somebody of ours"), Source.CARRIER: _l("Carrier"), Source.GPS: _l("GPS"),
    Source.RFID: _l("RFID reader"), Source.IMAGE: _l("Photo"),
}  # fmt: skip

_BY_NAME: dict[str, Status] = {
    # Karrio, and our own
    **{re.sub("[^a-z0-9]", "", s.value): s for s in Status},
    "deliverydelayed": Status.DELAYED,
    "deliveryfailed": Status.ATTEMPT_FAILED,
    # EasyPost
    "pretransit": Status.PENDING,
    "availableforpickup": Status.READY_FOR_PICKUP,
    "failure": Status.ATTEMPT_FAILED,
    "error": Status.EXCEPTION,
    "canceled": Status.CANCELLED,
    # AfterShip
    "inforeceived": Status.PENDING,
    "attemptfail": Status.ATTEMPT_FAILED,
    "expired": Status.UNKNOWN,
    "exception004": Status.DELAYED,
    "exception005": Status.DELAYED,
    "exception016": Status.DELAYED,
    "exception017": Status.DELAYED,
    # Shippo: status, or status/substatus, or the substatus alone
    "transit": Status.IN_TRANSIT,
    "packageaccepted": Status.PICKED_UP,
    "packagearrived": Status.IN_TRANSIT,
    "packagedeparted": Status.IN_TRANSIT,
    "packageheld": Status.ON_HOLD,
    "pickupavailable": Status.READY_FOR_PICKUP,
    "deliveryattempted": Status.ATTEMPT_FAILED,
    "packagelost": Status.EXCEPTION,
    "packagedamaged": Status.EXCEPTION,
    "returned": Status.RETURN_TO_SENDER,
    # EPCIS 2.0 business steps that say one thing only
    "commissioning": Status.PENDING,
    "departing": Status.PICKED_UP,
    "transporting": Status.IN_TRANSIT,
    "holding": Status.ON_HOLD,
    "inspecting": Status.EXCEPTION,
    "voidshipping": Status.CANCELLED,
}


def status_named(name: str) -> Status | None:
    """Our status for what a person, program or carrier calls it; None when nobody knows that name.

    Case, spaces and punctuation do not count, save that Shippo's FAILURE is no mere failed attempt.
    """
    name = name.strip()
    if name == "FAILURE":
        return Status.EXCEPTION
    for part in (name, name.rpartition("/")[2], name.partition("/")[0]):
        key = re.sub("[^a-z0-9]", "", part.lower())
        if key in _BY_NAME:
            return _BY_NAME[key]
        tag = re.sub(r"\d{3}$", "", key)  # AfterShip's finer tags: InTransit_003
        if "_" in part and tag in _BY_NAME:
            return _BY_NAME[tag]
    return None


def is_late(due_at_passed: bool, status: Status) -> bool:
    """A shipment is late while it is open and its latest promised moment has passed."""
    return due_at_passed and status in OPEN
