"""Who received a value that turned out wrong is told the right one (GDPR Art. 19). The callers commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import force_locale

from logicrm.core import mail, tenancy, watermarks, workspaces
from logicrm.core.pii import models_about
from logicrm.core.promises import promise
from logicrm.extensions import db
from logicrm.privacy import versions, walk
from logicrm.privacy.datamap import register
from logicrm.privacy.datamap.rules import Entry


def categories_of(key: str) -> set[str]:
    """The categories of data under which a value of this name is declared; of a name nobody declares: contact."""
    found = {
        marks[key].category
        for model, _about in models_about("person", db.Model)
        if key in (marks := walk.declared_personal(model))
    }
    return found or {"contact"}


def concerned(keys: Mapping[str, Any], today: datetime) -> list[Entry]:
    """Recipients of the register that get such data now and said where they want to be told."""
    touched = {category for key in keys for category in categories_of(key)}
    return [
        one for one in register.written()
        if one.contact_email and one.active(today.date()) and touched & set(one.data)
    ]  # fmt: skip


@promise("rectification")
def tell(email: str, changed: Mapping[str, tuple[Any, str]], *, now: datetime) -> int:
    """Write to everybody who received one of the corrected values; return how many letters that makes.

    changed: name of the value → (its label, the right value). The letter names the person by the address under which
    the recipient knows them, and nothing else about them.
    """
    place, person = tenancy.current(), tenancy.person()
    business = workspaces.by_id(place) if place else None
    if business is None or not changed:
        return 0
    told = 0
    language = business.facts.language or "en"
    contact = versions.policy_in_force(business, now).identity.contact
    with force_locale(language):
        for one in concerned(changed, now):
            own = {key: pair for key, pair in changed.items() if categories_of(key) & set(one.data)}
            mail.send(
                one.contact_email, "recipient_correction", mail_class=mail.TRANSACTIONAL, purpose="legal",
                subject_kind="person", subject_id=person.subject_id if person else None, language=language,
                business=business.facts.name, sender_name=business.facts.name, person=email, name=one.name,
                contact=contact, changes=[(str(label), value) for label, value in own.values()],
            )  # fmt: skip
            told += 1
    if told:
        watermarks.leave_watermark("corrections_told", ran_at=now, rows_considered=told, rows_acted=told)
    return told
