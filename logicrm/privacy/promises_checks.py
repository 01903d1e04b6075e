"""Evidence from checks: what went and looked (`checks_….py`), and when."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from logicrm.core import checks, promises, tenancy
from logicrm.core.promises import Evidence, evidence
from logicrm.core.watermarks import latest_watermark
from logicrm.core.workspaces import by_id
from logicrm.extensions import db
from logicrm.privacy import versions
from logicrm.privacy.profile import Profile
from logicrm.privacy.request_models import PrivacyRequest

A_YEAR = timedelta(days=365)
LONGEST_HOLIDAY = 14  # days in a row on which nobody works, with the weekends around them

#: Proof -> the checks whose last look shows it. Several: the weakest counts.
SHOWN_BY: dict[str, tuple[str, ...]] = {
    "census": ("census", "purposes"),
    "purposes": ("purposes",),
    "cards": ("cards",),
    "consent.opt_in": ("opt_in",),
    "gate.marketing": ("gate",),
    "objection": ("gate",),
    "consent.withdraw": ("gate",),
    "unsubscribe": ("unsubscribe",),
    "mail.classes": ("messages",),
    "requests.intake": ("requests",),
    "requests.answer": ("requests",),
    "cookies.gate": ("cookies",),
    "cookies.registry": ("cookies",),
    "policy.page": ("page",),
    "policy.cookies": ("cookies",),
    "policy.contact": ("contact",),
    "transfers": ("policy",),
    "transfers.void": ("policy",),
    "partners": ("policy",),
    "profiling": ("policy", "purposes"),
    "retention.while_used": ("policy",),
    "roles": ("routes", "sessions"),
    "isolation": ("fences", "inside"),
    "monitoring": ("chain",),
    "rest": ("rest",),
    "logs": ("logs",),
}
#: What the profile's words ask of the line, as `checks_safety.the_line_is_encrypted` measures it.
AT_LEAST = {"tls13": 13, "tls12": 12, "https": 12}


def _look(names: tuple[str, ...]) -> promises.EvidenceQuery:
    def shown(now: datetime) -> Evidence | None:
        return promises.worst([checks.evidence_of(name, now) for name in names])

    return shown


for _proof, _names in SHOWN_BY.items():
    evidence(_proof)(_look(_names))


@evidence("transit")
def the_line_speaks_what_was_promised(now: datetime) -> Evidence | None:
    """The version of TLS that the last probe met, against the one that the policy names."""
    here, mark = tenancy.current(), latest_watermark(checks.mark_of("transit"))
    if here is None or mark is None:
        return None
    promised = AT_LEAST[versions.of_workspace(here, now).security.in_transit]
    return checks.evidence_of("transit", now, overdue=int(mark.rows_considered < promised))


@evidence("clock.requests")
def requests_are_due_when_they_were_promised(now: datetime) -> Evidence | None:
    """The last look at late requests, and the last year's days of answer held against the policy's own figure."""
    here = tenancy.current()
    business = by_id(here) if here else None
    if business is None:
        return None
    zone, too_late = ZoneInfo(business.facts.time_zone), 0
    wanted = select(PrivacyRequest.received_at, PrivacyRequest.due_on).where(PrivacyRequest.received_at >= now - A_YEAR)
    for received, due in db.session.execute(wanted):
        latest = _latest(versions.policy_in_force(business, received), received.astimezone(zone).date())
        too_late += latest is not None and due > latest
    return checks.evidence_of("requests", now, overdue=too_late)


def _latest(policy: Profile, received: date) -> date | None:
    """No answer may be due after this day. Counted without the clocks: working days by the longest year's end."""
    asked = policy.requests
    if asked.answer_working_days:
        return received + timedelta(days=asked.answer_working_days * 2 + LONGEST_HOLIDAY)
    return asked.answer.last_day(received) if asked.answer else None
