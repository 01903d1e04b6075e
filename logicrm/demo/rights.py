"""What the demo's customers asked for, allowed and took back. By the same way that people take, in the past."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from logicrm.core.access import Role
from logicrm.demo.drawing import Drawing
from logicrm.privacy import contact, requests, sites, subjects
from logicrm.privacy.sites import Site

CONSENTING = 30  # customers who were asked; more say nothing new, and each costs a few statements
_LIKELY = {"marketing": 0.55, "product_updates": 0.35, "insights": 0.3, "surveys": 0.2, "recommendations": 0.15}


@dataclass(frozen=True)
class Asked:
    """A request. `done_after`: days until the answer; None while it waits. `ground`: of a refusal."""

    days_ago: float
    kind: str
    words: str
    done_after: int | None = None
    answer: str = ""
    ground: str = ""
    begun: bool = False


ASKED = (
    Asked(121, "complaint", "Your driver left my parcel with a neighbour and nobody asked me.", 4,
          "We are sorry. The driver now asks before a parcel is left with somebody else; your note is with the depot."),
    Asked(96, "access", "What do you hold about me besides my shipments?", 9,
          "Everything is in the copy that you can take from the portal; we added the notes of our two calls."),
    Asked(71, "erasure", "Please delete the invoices of last year.", 12,
          "The invoices stay until the tax law's period is over; everything else of that order is deleted.", "law_keeps"),
    Asked(48, "restriction", "Do not use my number until the dispute about the pallet is settled.", 3,
          "It is restricted: nobody sees it in a list, and nothing is changed."),
    Asked(26, "access", "Which firms received my address this year?", begun=True),
    Asked(20, "erasure", "Please delete the photos of my loading bay."),
    Asked(12, "rectification", "The labels write my name without its diacritics.", begun=True),
    Asked(6, "objection", "No satisfaction calls on my mobile, please."),
    Asked(2, "portability", "Hand my shipment history to the forwarder who takes over in January."),
    Asked(0.15, "inquiry", "Do you store where your vans are?"),
)  # fmt: skip


def fill(draw: Drawing, customers: Sequence[dict[str, Any]], members: dict[Role, uuid.UUID]) -> None:
    """Requests with their clocks, consents and one objection, of people who are customers. Inside the workspace."""
    here = sites.here()
    people = [row for row in customers if row["email"]][:CONSENTING]
    if not people:
        return
    for nth, asked in enumerate(ASKED):
        _ask(asked, people[nth * 3 % len(people)]["email"], here, members, draw.now)
    for nth, row in enumerate(people):
        _allow(draw, row["email"], here, objects=nth == 4)


def _ask(asked: Asked, email: str, here: Site, members: dict[Role, uuid.UUID], now: datetime) -> None:
    received = now - timedelta(days=asked.days_ago)
    person = subjects.make_known(email, now=received, language="en")
    made = requests.file(
        person.id, asked.kind, asked.words, profile=here.profile, country="RO", time_zone="Europe/Bucharest",
        language="en", now=received,
    )  # fmt: skip
    if asked.begun:
        requests.begin(made.id, by=members[Role.DPO])
    if asked.done_after is not None:
        requests.answer(
            made.id, fulfilled=not asked.ground, words=asked.answer, reason=asked.ground, by=members[Role.SUPPORT],
            profile=here.profile, business=here.name, now=received + timedelta(days=asked.done_after),
        )  # fmt: skip


def _allow(draw: Drawing, email: str, here: Site, *, objects: bool) -> None:
    chance, channel = draw.random, here.profile.channels[0]
    given_at = draw.now - timedelta(days=chance.uniform(20, 300))
    person = subjects.make_known(email, now=given_at, language="en")
    for purpose in contact.purposes(here.profile):
        if chance.random() < _LIKELY.get(purpose, 0):
            contact.give(
                person.id, purpose, channel, profile=here.profile, business=here.name, language="en", how="portal",
                proof={"address": "proven by a code"}, now=given_at,
            )  # fmt: skip
        if chance.random() < 0.15:
            contact.withdraw(person.id, how="portal", now=given_at + timedelta(days=12), purpose=purpose)
    if objects:
        contact.object_to_marketing(person.id, email, how="portal", now=given_at + timedelta(days=15))
