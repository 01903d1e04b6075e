"""Who receives data of the demo's business: a register as it looks when somebody keeps it up. Firms are made up."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from logicrm.core.access import Role
from logicrm.demo.drawing import Drawing
from logicrm.privacy import sites
from logicrm.privacy.datamap import owner, register, words

_FIRMS: tuple[dict[str, Any], ...] = (
    {"category": "hosting", "name": "Danube Datacentre", "country": "RO", "hosts": "files.danube-datacentre.example",
     "signed": 410, "secrecy": 410, "contact_email": "privacy@danube-datacentre.example"},
    {"category": "messaging", "name": "Postbird Mail", "country": "DE", "hosts": "smtp.postbird.example",
     "signed": 290, "secrecy": 288, "contact_email": "data@postbird.example"},
    {"category": "payments", "name": "Alpenpay", "country": "CH", "mechanism": "adequacy", "signed": 200, "ends": 60,
     "secrecy": 200},
    {"category": "support_tools", "name": "Helpful Desk", "country": "US", "mechanism": "scc", "signed": 120},
    {"category": "messaging", "name": "Old Letters", "country": "FR", "signed": 900, "secrecy": 900, "ended": 300},
)  # fmt: skip
_ANSWERS = {
    "phone": "+40 236 000 000",
    "dpo_name": "Pia Pavel",
    "dpo_phone": "+40 236 000 001",
    "interest": "Safety and improvement weigh more, because figures are made anonymous and everybody can object.",
}


def fill(draw: Drawing, members: dict[Role, uuid.UUID]) -> None:
    """The register and the owner's answers, by the same way that people take. Inside the workspace."""
    policy, by, today = sites.here().profile, members[Role.DPO], draw.now.date()
    jobs = {one.category for one in policy.recipients}
    for firm in _FIRMS:
        if firm["category"] not in jobs:
            continue
        days = {name: today - timedelta(days=firm[key]) if key in firm else None for name, key in _DAYS.items()}
        values = {
            "category": firm["category"], "name": firm["name"], "role": "processor", "country": firm["country"],
            "mechanism": firm.get("mechanism", "home"), "data": list(words.USUAL_DATA[firm["category"]]),
            "hosts": firm.get("hosts", ""), "contact_email": firm.get("contact_email", ""), **days,
            "contract_ends": today + timedelta(days=firm["ends"]) if "ends" in firm else None,
        }  # fmt: skip
        register.save(None, values, policy=policy, revision=0, by=by, now=draw.now, today=today)
    owner.save(_ANSWERS, revision=0, by=members[Role.OWNER], now=draw.now)


_DAYS = {"contract_on": "signed", "secrecy_on": "secrecy", "ended_on": "ended"}
