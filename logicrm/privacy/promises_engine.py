"""Evidence of the engine: what the runs left behind, compared with what is overdue now."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from logicrm.core import promises, tenancy
from logicrm.core.promises import Evidence
from logicrm.core.schema import db_now
from logicrm.core.watermarks import Watermark
from logicrm.extensions import db
from logicrm.privacy.models import Deletion, DeletionState

LATE = timedelta(hours=1)  # the purge begins in the due minute; files and pages are done within the hour


@promises.evidence("P-LOGI-38")
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
    return promises.from_watermark("erasure", now, at_most=timedelta(days=3650), overdue=late or 0)


@promises.evidence("P-LOGI-56")
def what_is_over_is_gone(now: datetime) -> Evidence | None:
    """The worst of the classes that the daily run went through; older than two days it counts for nothing."""
    executors = db.session.scalars(select(Watermark.executor).where(Watermark.executor.like("retention:%"))).all()
    found = [promises.from_watermark(one, now, at_most=timedelta(days=2)) for one in executors]
    return promises.worst(found)
