"""Evidence on accounts: what the checks of `checks.py` saw, and what members changed by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta

from logicrm.core import checks, promises
from logicrm.core.promises import Evidence, evidence

CHANGED = "account.changed"
USED_WITHIN = timedelta(days=366)


@evidence("passwords")
def passwords_cannot_be_read(now: datetime) -> Evidence | None:
    """The last look at how passwords are kept."""
    return checks.evidence_of("passwords", now)


@evidence("age")
def nobody_is_too_young(now: datetime) -> Evidence | None:
    """The last look at who was let in."""
    return checks.evidence_of("age", now)


@evidence("terms")
def terms_were_accepted(now: datetime) -> Evidence | None:
    """The last look at the acceptances; no consent is among them."""
    return promises.worst([checks.evidence_of("terms", now), checks.evidence_of("opt_in", now)])


@evidence("account.edit")
def members_change_their_details(now: datetime) -> Evidence | None:
    """The last time that somebody did."""
    return promises.from_watermark(CHANGED, now, at_most=USED_WITHIN)
