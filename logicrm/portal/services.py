"""What a person does in the portal with facts and consents. The callers commit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from logicrm.core import audit
from logicrm.core import portal as registry
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.portal import Fact
from logicrm.core.promises import promise
from logicrm.core.watermarks import leave_watermark
from logicrm.privacy import contact
from logicrm.privacy.datamap import corrections
from logicrm.privacy.sites import Site


@dataclass(frozen=True)
class Group:
    """The facts of one provider."""

    name: str
    facts: list[Fact]


def facts(email: str) -> list[Group]:
    """What the person may correct, by provider; only those who know them."""
    groups = [Group(provider.name, list(provider.load(email))) for provider in registry.correctable()]
    return [group for group in groups if group.facts]


@promise("rectification")
def correct(email: str, typed: Mapping[str, str], *, now: datetime) -> int:
    """Correct facts from a form whose fields are named "provider.key"; others are passed over. Returns how many."""
    changed = 0
    right: dict[str, tuple[object, str]] = {}
    for provider in registry.correctable():
        offered = {fact.key: fact for fact in provider.load(email)}
        values = {}
        for key, fact in offered.items():
            value = typed.get(f"{provider.name}.{key}")
            if value is None or value.strip() == fact.value:
                continue
            if len(value) > fact.longest or any(ord(c) < 32 for c in value):
                raise Refused(_("Use at most %(n)s characters, on one line.", n=fact.longest), field=key)
            values[key] = value.strip()
        if values:
            fields = provider.save(email, values, now=now)
            changed += len(fields)
            right |= {key: (offered[key].label, values[key]) for key in fields if key in values}
            audit.record("person.corrected", provider=provider.name, fields=sorted(fields))
    if changed:
        leave_watermark("rectification", ran_at=now, rows_considered=1, rows_acted=changed)
        corrections.tell(email, right, now=now)
    return changed


def choose(
    subject_id: uuid.UUID, ticked: set[str], *, site: Site, language: str, session_id: uuid.UUID, now: datetime
) -> None:
    """Make the person's consents what is ticked ("purpose.channel"); what is not ticked ends at once."""
    for option in contact.options(site.profile, site.name, contact.current(subject_id, now)):
        wanted = f"{option.purpose}.{option.channel}" in ticked
        if wanted and option.given is None:
            contact.give(
                subject_id, option.purpose, option.channel, profile=site.profile, business=site.name, language=language,
                how="portal", proof={"address": "proven by a code", "session": str(session_id)}, now=now,
            )  # fmt: skip
        elif not wanted and option.given is not None:
            contact.withdraw(subject_id, how="portal", now=now, purpose=option.purpose, channel=option.channel)
