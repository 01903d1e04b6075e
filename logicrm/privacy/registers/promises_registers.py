"""Evidence from the registers. What people do is kept while its evidence is in date, and not before there is any."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import LazyString
from sqlalchemy import select

from logicrm.core import checks, tenancy, words
from logicrm.core.phrases import gettext as _
from logicrm.core.promises import Evidence, State, evidence, registry
from logicrm.core.watermarks import latest_watermark
from logicrm.core.workspaces import Business, by_id
from logicrm.extensions import db
from logicrm.privacy import versions
from logicrm.privacy.clocks import Duration
from logicrm.privacy.promises.controls import cadence
from logicrm.privacy.registers.models import Control, ControlEvidence, Disclosure, DisclosureState
from logicrm.privacy.registers.models_breach import Breach


def _business() -> Business | None:
    here = tenancy.current()
    return by_id(here) if here else None


def of_control(key: str, now: datetime) -> Evidence | None:
    """What the register holds of a control: the day of the newest evidence and by when the next one is wanted.

    The public page shows state and days; who did it and the document stay inside.
    """
    business = _business()
    last = db.session.execute(
        select(ControlEvidence.id, ControlEvidence.done_on, ControlEvidence.given_at)
        .join(Control, Control.id == ControlEvidence.control_id)
        .where(Control.key == key)
        .order_by(ControlEvidence.done_on.desc(), ControlEvidence.id.desc())
        .limit(1)
    ).first()
    if business is None or last is None:
        return None
    often = cadence(versions.policy_in_force(business, now), registry.controls[key].cadence)
    due_on = often.last_day(last.done_on)
    late = now.astimezone(ZoneInfo(business.facts.time_zone)).date() > due_on
    return Evidence(
        State.OVERDUE if late else State.KEPT, figure=_days(last.done_on, due_on), rows=1, at=last.given_at,
        run_id=last.id,
    )  # fmt: skip


def _days(done_on: date, due_on: date) -> LazyString:
    return LazyString(
        lambda: _("done on %(done)s, next by %(due)s", done=words.show_date(done_on), due=words.show_date(due_on))
    )


registry.control_query = of_control


# Breaches ------------------------------------------------------------------------------------------


@evidence("P-NET-24", "P-LOGI-27")
def incidents_are_looked_into(now: datetime) -> Evidence | None:
    """How soon each incident and exercise was looked into. With none in the register there is nothing to show."""
    return checks.evidence_of("breach.triage", now)


@evidence("P-NET-25")
def the_affected_are_told(now: datetime) -> Evidence | None:
    """Letters that were decided on and have left. Without a breach: no evidence, for nothing was put to the test."""
    return checks.evidence_of("breach.people", now)


@evidence("P-TRACK-23")
def the_affected_are_told_in_time(now: datetime) -> Evidence | None:
    """The same, and whether the register's own clock towards the people is the one that the policy promises."""
    return checks.evidence_of("breach.people", now, overdue=_clocks_later_than_promised(now, people=True))


@evidence("P-NET-27")
def the_authority_is_told_in_time(now: datetime) -> Evidence | None:
    """The last look at notices, and whether any breach was given more time than the policy promises."""
    return checks.evidence_of("breach.authority", now, overdue=_clocks_later_than_promised(now, people=False))


def _clocks_later_than_promised(now: datetime, *, people: bool) -> int:
    """Breaches of the year whose stored time is later than the policy's hours; counted without the clocks."""
    business, wrong = _business(), 0
    if business is None:
        return 0
    wanted = select(Breach.detected_at, Breach.aware_at, Breach.authority_due_at, Breach.people_due_at)
    since = now - timedelta(days=365)
    for found, aware, authority_by, people_by in db.session.execute(wanted.where(Breach.detected_at >= since)):
        terms = versions.policy_in_force(business, found).breach
        promised = _hours(terms.people) if people else _hours(terms.authority)
        start, due_at = (found, people_by) if people else (aware, authority_by)
        wrong += promised is not None and (due_at is None or due_at - start > timedelta(hours=promised))
    return wrong


def _hours(promised: Duration | None) -> int | None:
    """The hours of a period of hours and days; None where there is none, or where it counts months."""
    if promised is None or promised.months or promised.years:
        return None
    return promised.days * 24 + promised.hours


# Disclosures ---------------------------------------------------------------------------------------


@evidence("P-LOGI-17")
def authorities_get_data_as_promised(now: datetime) -> Evidence | None:
    """The last look at the register, and what was given on a ground that the policy of that day does not name."""
    business = _business()
    if business is None or latest_watermark(checks.mark_of("disclosures")) is None:
        return None
    wanted = select(Disclosure.ground, Disclosure.given_at).where(Disclosure.state == DisclosureState.GIVEN)
    outside = sum(
        ground not in versions.policy_in_force(business, given_at or now).disclosures
        for ground, given_at in db.session.execute(wanted)
    )
    return checks.evidence_of("disclosures", now, overdue=outside)
