"""What a published policy sets going: letters to those whom it concerns, and the moment at which it begins."""

from __future__ import annotations

import uuid
from datetime import datetime

from logicrm.core import jobs, tenancy, watermarks, workspaces
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import asked_anew, purge, telling, versions
from logicrm.privacy.versions import Version


@jobs.job("privacy.tell_policy", max_attempts=20, title=_l("Write to people about a new policy"), long=True)
def tell_job(job: jobs.JobContext) -> None:
    """Batch by batch, each with its letters in one transaction: a killed worker's job goes on where it stopped."""
    done = 0
    while True:
        business, version = _published(job)
        before = versions.policy_before(business, version)
        now = purge.db_time()
        told = telling.tell_some(business, version, before, now=now)
        done += told
        if not told:
            _leave(done, now)
            job.finish_in_this_transaction()
            db.session.commit()
            return
        job.hold_in_this_transaction()
        db.session.commit()
        job.progress(done)


def _leave(done: int, now: datetime) -> None:
    watermarks.leave_watermark("policy:told", ran_at=now, rows_considered=done, rows_acted=done)


@jobs.job("privacy.policy_begins", max_attempts=20, title=_l("A new policy begins"))
def begins_job(job: jobs.JobContext) -> None:
    """End the consents whose subject has changed. From the very instant the gate does not count them: this only
    puts it on record."""
    business, _version = _published(job)
    now = purge.db_time()
    ended = asked_anew.end_what_changed(business, now)
    watermarks.leave_watermark("policy:begun", ran_at=now, rows_considered=ended, rows_acted=ended)
    job.finish_in_this_transaction()
    db.session.commit()


def _published(job: jobs.JobContext) -> tuple[Business, Version]:
    workspace_id, version_id = tenancy.current(), uuid.UUID(job.args["version"])
    business = workspaces.by_id(workspace_id) if workspace_id else None
    found = (
        next((one for one in versions.published(business.facts) if one.id == version_id), None) if business else None
    )
    if business is None or found is None:
        raise jobs.GiveUp("the version is no longer known")
    return business, found
