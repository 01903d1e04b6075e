"""What a customer may correct about themselves in the portal: name, job title and phones of their own record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.portal import Fact
from logicrm.customers import queries, services


class ContactFacts:
    """The provider for the portal; runs inside its scope, where only the person's own record exists."""

    name = "contact"
    offered = (
        ("first_name", _l("First name"), 100, "text"),
        ("last_name", _l("Last name"), 100, "text"),
        ("job_title", _l("Job title"), 120, "text"),
        ("phone", _l("Phone"), 40, "tel"),
        ("mobile", _l("Mobile"), 40, "tel"),
    )

    def load(self, email: str) -> Sequence[Fact]:
        """The facts of the record with this address; none when there is no such record, or it is restricted."""
        contact = queries.find_contact_by_email(email)
        if contact is None or contact.restricted:
            return ()
        return [
            Fact(key, label, getattr(contact, key) or "", longest, kind) for key, label, longest, kind in self.offered
        ]

    def save(self, email: str, values: Mapping[str, str], *, now: datetime) -> list[str]:
        """Correct them as a member's edit would, without a member; kept in the record's history."""
        contact = queries.find_contact_by_email(email)
        if contact is None:
            return []
        act = services.update_contact(contact.id, dict(values), contact.version, by=None, now=now)
        return sorted(values) if act is not None else []
