"""Evidence of the engine: what its runs left behind, compared with what is overdue now and with what was promised."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import LazyString
from sqlalchemy import func, select

from logicrm.core import promises, tenancy
from logicrm.core.phrases import lazy_gettext
from logicrm.core.promises import NO_EVIDENCE, Evidence, evidence
from logicrm.core.schema import db_now
from logicrm.core.subjects import WORKSPACE
from logicrm.core.watermarks import Watermark, latest_watermark
from logicrm.extensions import db
from logicrm.privacy import retention, versions
from logicrm.privacy.models import Deletion, DeletionState, Export, ExportState

LATE = timedelta(hours=1)  # the purge begins in the due minute; files and pages are done within the hour
SLOW = timedelta(hours=24)  # a copy that has not come by then is one that did not come
DAILY = timedelta(days=2)  # the daily run may be late once, not twice
USED_WITHIN = timedelta(days=366)  # a right that somebody used is shown to work for a year


def _rows_gone(mark: Watermark) -> LazyString:
    gone, late = mark.rows_acted, mark.rows_overdue
    return lazy_gettext(
        "%(gone)s rows went in the last run, %(late)s should have gone and did not", gone=gone, late=late
    )


# Erasure -----------------------------------------------------------------------------------------


@evidence("erasure", "erasure.certificate")
def deletions_are_carried_out(now: datetime) -> Evidence | None:
    """The last erasure in this workspace, and erasures of the installation that are late. None ran: no evidence."""
    late = db.session.scalar(
        select(func.count())
        .select_from(Deletion)
        .where(
            Deletion.state.in_((DeletionState.SCHEDULED, DeletionState.PURGING)),
            Deletion.due_at <= now - LATE,
            Deletion.due_at <= db_now(),
        )
    )
    if tenancy.current() is None:
        return None
    return promises.from_watermark("erasure", now, at_most=timedelta(days=3650), overdue=late or 0, figure=_rows_gone)


@evidence("erasure.grace")
def nobody_waits_longer_than_promised(now: datetime) -> Evidence | None:
    """The longest time from asking to the purge among all that were carried out, against the policy's days."""
    here = tenancy.current()
    if here is None:
        return None
    waits = select(Deletion.asked_at, Deletion.purged_at).where(
        Deletion.purged_at.is_not(None), Deletion.subject_kind != WORKSPACE
    )
    longest = max((purged - asked for asked, purged in db.session.execute(waits) if purged), default=timedelta(0))
    promised = versions.of_workspace(here, now).deletion.grace_days
    too_long = int(longest > timedelta(days=promised) + LATE)
    return promises.from_watermark("erasure", now, at_most=timedelta(days=3650), overdue=too_long, figure=_rows_gone)


# Copies and corrections --------------------------------------------------------------------------


@evidence("export", "export.portable", "explain")
def copies_are_made(now: datetime) -> Evidence | None:
    """The last copy that was made here, and copies that have been waited for too long."""
    here, place = tenancy.current(), Export.__table__.c.workspace_id
    waiting = db.session.scalar(
        select(func.count())
        .select_from(Export)
        .where(
            place == here, Export.state.in_((ExportState.ASKED, ExportState.BUILDING)), Export.asked_at <= now - SLOW
        )
    )
    return promises.from_watermark("export", now, at_most=USED_WITHIN, overdue=waiting or 0, figure=_records)


def _records(mark: Watermark) -> LazyString:
    return lazy_gettext("%(count)s records in the last copy", count=mark.rows_acted)


@evidence("rectification")
def corrections_are_made(now: datetime) -> Evidence | None:
    """The last time that somebody corrected something at the portal."""
    return promises.from_watermark("rectification", now, at_most=USED_WITHIN)


# Keeping -----------------------------------------------------------------------------------------


@evidence("termination")
def closed_workspaces_are_gone(now: datetime) -> Evidence | None:
    """What became of closed workspaces of the installation, as the last daily run found it. None closed: no evidence."""
    return promises.from_watermark("termination", now, at_most=DAILY, figure=_closings)


def _closings(mark: Watermark) -> LazyString:
    return lazy_gettext(
        "%(gone)s closed workspaces were deleted, %(late)s too late or too early",
        gone=mark.rows_acted,
        late=mark.rows_overdue,
    )


@evidence("retention")
def what_is_over_is_gone(now: datetime) -> Evidence | None:
    """The worst of the classes that the daily run went through; older than two days it counts for nothing."""
    executors = db.session.scalars(select(Watermark.executor).where(Watermark.executor.like("retention:%"))).all()
    return promises.worst([promises.from_watermark(one, now, at_most=DAILY, figure=_rows_gone) for one in executors])


def of_class(name: str, event: str = "") -> promises.EvidenceQuery:
    """Each rule of a class that goes by the policy's figure: did it run, and is nothing older left than promised?

    What is left is measured by the run without its own cutoff; the figure is the policy's. One row too old is a breach.
    """

    def kept(now: datetime) -> Evidence | None:
        here = tenancy.current()
        if here is None:
            return None
        policy = versions.of_workspace(here, now)
        figures = policy.retention[name]
        found = []
        for rule in (*retention.rules(tenant=True), *retention.rules(tenant=False)):
            if not rule.is_promised or (rule.keep.data_class, rule.keep.event) != (name, event):
                continue
            figure, mark = figures.counted_from(event or figures.anchor), latest_watermark(retention.mark_of(rule))
            if figure is None or mark is None:
                found.append(NO_EVIDENCE)
            else:
                # Not the rule's own cutoff: that a rule counts wrong must show.
                at = retention.here(mark.ran_at, tenant=rule.is_tenant or bool(rule.through))
                cutoff = figure.cutoff(at)
                found.append(
                    promises.from_watermark(mark.executor, now, at_most=DAILY, cutoff=cutoff, figure=_rows_gone)
                )
        return promises.worst(found)

    return kept


for _proof, _class, _event in (
    ("retention.account", "account", "account_ended"),
    ("retention.account_unused", "account", "last_used"),
    ("retention.usage", "usage", ""),
    ("retention.support", "support", ""),
    ("retention.financial", "financial", ""),
    ("retention.marketing", "marketing", "consent_given"),
    ("retention.marketing_optout", "marketing", "opted_out"),
):
    evidence(_proof)(of_class(_class, _event))
