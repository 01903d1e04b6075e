"""Draws the demo's rows: the same seed and moment give the same rows. Knows no database."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from logicrm.core.search import fold
from logicrm.demo import people
from logicrm.demo.people import COUNTRIES, Country

RARE = "Quetzalberg"  # exactly one lead's company: what a search for a rare word finds
#: New, contacted, qualified, quoted, negotiation, won, lost: of leads of the last weeks, and of older ones.
_PER_STAGE = (34, 24, 16, 11, 6, 6, 3)
_OLD_PER_STAGE = (2, 5, 8, 9, 8, 33, 35)
_COUNTRY_WEIGHTS = tuple(c.weight for c in COUNTRIES)
_SOURCE_WEIGHTS = tuple(weight for _, weight in people.SOURCES)


@dataclass(frozen=True)
class Someone:
    """A person at a firm, in the columns that leads, contacts and parties of shipments share."""

    first_name: str
    last_name: str
    company: str
    email: str
    phone: str
    street: str
    city: str
    postcode: str
    country: str


class Drawing:
    """One run of chance. Everything is drawn through `random`, in a fixed order."""

    def __init__(self, seed: int, now: datetime) -> None:
        self.random = Random(seed)  # made-up data; nothing secret is drawn from it
        self.now = now
        self._addresses: set[str] = set()

    def id_at(self, moment: datetime) -> uuid.UUID:
        """A UUIDv7 of that moment whose other bits are drawn: lists sorted by id come out right."""
        value = int(moment.timestamp() * 1000) << 80 | 7 << 76 | self.random.getrandbits(12) << 64
        return uuid.UUID(int=value | 2 << 62 | self.random.getrandbits(62))

    def firm(self, country: Country) -> str:
        """'Danube Logistics SRL'."""
        pick = self.random.choice
        return f"{pick(people.FIRM_FIRST)} {pick(people.FIRM_SECOND)} {country.form}"

    def someone(self, company: str = "") -> Someone:
        """Somebody new, at a firm of their country unless one is given."""
        chance = self.random
        country = chance.choices(COUNTRIES, _COUNTRY_WEIGHTS)[0]
        first, last = chance.choice(country.first_names), chance.choice(country.last_names)
        city, postcode = chance.choice(country.cities)
        company = company or self.firm(country)
        digits = "".join(chance.choices("0123456789", k=country.digits))
        street = f"{chance.choice(country.streets)} {chance.randint(1, 180)}"
        return Someone(
            first, last, company, self._address(first, last, company), country.phone + digits, street, city, postcode,
            country.code,
        )  # fmt: skip

    def _address(self, first: str, last: str, company: str) -> str:
        host = "-".join(_ascii(company).split()[:2])
        plain = f"{_ascii(first).replace(' ', '')}.{_ascii(last)}"
        address, n = f"{plain}@{host}.example", 1
        while address in self._addresses:
            n += 1
            address = f"{plain}{n}@{host}.example"
        self._addresses.add(address)
        return address

    def lead(
        self, nth: int, created_at: datetime, stages: Sequence[uuid.UUID], owners: Sequence[Any]
    ) -> dict[str, Any]:
        """A lead as `insert_leads` takes it; `owners` is (sales, manager, owner)."""
        chance = self.random
        who = self.someone(f"{RARE} Logistics GmbH" if nth == 7 else "")
        age = self.now - created_at
        per_stage = _PER_STAGE if age < timedelta(days=75) else _OLD_PER_STAGE
        place = chance.choices(range(len(stages)), per_stage[: len(stages)])[0]
        last_contact = created_at + age * (chance.random() ** 0.3 if place else 0)
        value = (
            None if chance.random() < 0.12 else Decimal(min(int(chance.lognormvariate(8.2, 1.0)), 240_000) // 50 * 50)
        )
        return {
            "id": self.id_at(created_at), "first_name": who.first_name, "last_name": who.last_name, "company": who.company,
            "job_title": chance.choice(people.JOBS), "email": who.email, "phone": who.phone, "phone_typed": who.phone,
            "street": who.street, "city": who.city, "postcode": who.postcode, "country": who.country,
            "source": chance.choices(people.SOURCES, _SOURCE_WEIGHTS)[0][0], "industry": chance.choice(people.INDUSTRIES),
            "company_size": chance.choice(people.SIZES), "value_amount": value,
            "currency": "RON" if who.country == "RO" and chance.random() < 0.25 else "EUR",
            "tags": sorted(chance.sample(people.TAGS, chance.choices((0, 1, 2, 3), (45, 30, 18, 7))[0])),
            "next_step": chance.choice(people.NEXT_STEPS) if place < 5 else "", "stage_id": stages[place],
            "owner_id": chance.choices((*owners, None), (40, 18, 20, 22))[0], "created_at": created_at,
            "last_contact_at": last_contact, "stage_since": last_contact, "next_task_at": None,
        }  # fmt: skip

    def leads_moments(self, count: int) -> list[datetime]:
        """When leads came in, the newest first: many lately, a few a year ago."""
        back = sorted(400 * self.random.random() ** 1.6 for _ in range(count))
        return [self.now - timedelta(minutes=4 + 1440 * days) for days in back]

    def activities(self, lead: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What was noted about a lead between its arrival and the last contact."""
        chance, span = self.random, lead["last_contact_at"] - lead["created_at"]
        if span <= timedelta(hours=1) or chance.random() < 0.5:
            return
        moments = sorted(lead["created_at"] + span * chance.random() for _ in range(chance.choice((1, 1, 2, 3))))
        for moment in [*moments[:-1], lead["last_contact_at"]]:
            kind, words = chance.choice((("note", people.NOTES), ("call", people.CALLS), ("email", people.EMAILS)))
            yield {
                "id": self.id_at(moment), "kind": kind, "body": chance.choice(words), "at": moment, "facts": {},
                "author_id": lead["owner_id"], "lead_id": lead["id"], "contact_id": None,
            }  # fmt: skip

    def task(self, lead: dict[str, Any], *, overdue: bool) -> dict[str, Any]:
        """Something to be done about a lead, due in the last or the next days at a full hour."""
        hours = self.random.randint(-110, -1) if overdue else self.random.randint(1, 260)
        due = (self.now + timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
        made = max(lead["created_at"], due - timedelta(days=self.random.randint(1, 9)))
        return {
            "id": self.id_at(made), "lead_id": lead["id"], "contact_id": None, "title": self.random.choice(people.TASKS),
            "due_at": due, "done_at": None, "done_by": None, "assignee_id": lead["owner_id"],
            "created_by": lead["owner_id"], "created_at": min(made, self.now),
        }  # fmt: skip


def _ascii(text: str) -> str:
    folded = "".join(people.LATIN.get(c, c) for c in fold(text))
    return re.sub(r"[^a-z0-9 -]", "", folded).strip() or "info"


__all__ = ["RARE", "Drawing", "Someone"]
