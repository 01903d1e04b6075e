"""Evidence about versions of the policy: what publishing, telling and beginning left behind, held against the rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import false, func, or_, select

from logicrm.core import promises, tenancy, workspaces
from logicrm.core.phrases import lazy_gettext
from logicrm.core.promises import Evidence
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import asked_anew, telling, versions
from logicrm.privacy.consent_models import Consent
from logicrm.privacy.policy_models import PolicyReading, PolicyVersion

EVER = timedelta(days=3650)  # what was published stays published
LATE = timedelta(days=1)  # letters and records of a beginning are jobs: a day is long


def _here() -> Business | None:
    workspace_id = tenancy.current()
    return workspaces.by_id(workspace_id) if workspace_id else None


@promises.evidence("P-LOGI-60")
def versions_stay_readable(now: datetime) -> Evidence | None:
    """Every version is there, without a gap, and says what its hash says."""
    business = _here()
    if business is None or not business.facts.policy:
        return None
    try:
        readable = len(versions.published(business.facts))
    except versions.Altered:
        readable = 0
    missing = business.facts.policy - readable
    return promises.from_watermark(
        "policy:published", now, at_most=EVER, overdue=missing, figure=lazy_gettext("%(n)s versions", n=readable)
    )


@promises.evidence("P-LOGI-61")
def the_date_changes_with_the_text(now: datetime) -> Evidence | None:
    """The day in each text is the day on which it was published."""
    wrong = 0
    for row in db.session.execute(select(PolicyVersion.document, PolicyVersion.last_updated)):
        wrong += row.document.get("last_updated") != row.last_updated.isoformat()
    return promises.from_watermark("policy:published", now, at_most=EVER, overdue=wrong)


@promises.evidence("P-LOGI-62")
def people_were_written_to(now: datetime) -> Evidence | None:
    """Whoever should have had a letter about a material change and had none within a day."""
    due = db.session.scalars(
        select(PolicyVersion.id)
        .where(PolicyVersion.material, PolicyVersion.published_at <= now - LATE)
        .order_by(PolicyVersion.number.desc())
        .limit(1)
    ).first()
    told = db.session.scalar(select(func.count()).where(PolicyReading.told_at.is_not(None)))
    return promises.from_watermark(
        "policy:told",
        now,
        at_most=EVER,
        overdue=telling.untold(due) if due else 0,
        figure=lazy_gettext("%(n)s letters", n=told),
    )


@promises.evidence("P-LOGI-63")
def the_notice_was_seen(now: datetime) -> Evidence | None:
    """Somebody answered the notice; it is on the page of everybody else until they do."""
    seen = db.session.scalar(select(func.count()).where(PolicyReading.seen_at.is_not(None)))
    return promises.from_watermark(
        "policy:seen", now, at_most=EVER, figure=lazy_gettext("%(n)s people have seen it", n=seen)
    )


@promises.evidence("P-LOGI-64")
def nothing_rests_on_a_consent_about_something_else(now: datetime) -> Evidence | None:
    """Consents that the policy in force has emptied since yesterday or longer, and that still stand as given."""
    business = _here()
    if business is None:
        return None
    then = now - LATE
    stands = or_(false(), *asked_anew.stale(business, then))
    stale = db.session.scalar(select(func.count()).select_from(Consent).where(stands, Consent.given_at <= then))
    return promises.from_watermark("policy:begun", now, at_most=EVER, overdue=stale or 0)
