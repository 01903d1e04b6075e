"""What the registers do outside requests: remind, and write to people who are affected. Edges: they commit."""

from __future__ import annotations

import uuid
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g

from logicrm.core import clock, jobs, tenancy, workspaces
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.extensions import db
from logicrm.privacy import versions
from logicrm.privacy.registers import breach_letters, breaches, controls


@jobs.every("controls.remind", at_hour=5, title=_l("Remind of controls that are due"), long=True)
def remind_job(job: jobs.JobContext) -> None:
    """In every workspace, whoever sees to a control that is due soon or late."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    db.session.rollback()
    remind_everywhere(app, now=clock.now())


def remind_everywhere(app: Flask, *, now: datetime) -> int:
    """Remind in each workspace by the day of its own zone; return how many letters were written."""
    table, sent = db.metadata.tables["workspace"], 0
    places = db.session.execute(db.select(table.c.id).order_by(table.c.id)).scalars().all()
    db.session.rollback()
    for place in places:
        with tenancy.working_in(app, place):
            business = workspaces.by_id(place)
            if business is not None:
                today = now.astimezone(ZoneInfo(business.facts.time_zone)).date()
                sent += controls.remind(business, versions.policy_in_force(business, now), today=today)
                db.session.commit()
    return sent


@jobs.job("breach.letters", max_attempts=20, title=_l("Write to people affected by a breach"), long=True)
def letters_job(job: jobs.JobContext) -> None:
    """A batch in each transaction, so that a killed worker's job goes on where it stopped and nobody is told twice."""
    notice = breaches.notice(uuid.UUID(job.args["notice"]))
    breach = breaches.get(notice.breach_id) if notice else None
    business = workspaces.by_id(job.workspace_id) if job.workspace_id else None
    if notice is None or breach is None or business is None:  # removed meanwhile
        return
    g.time_zone = business.facts.time_zone  # days in the letters are the business's
    done, notice_id, breach_id = 0, notice.id, breach.id
    while sent := breach_letters.send_some(business, notice, breach, now=clock.now()):
        done += sent
        job.hold_in_this_transaction()
        db.session.commit()
        job.progress(done)
        again, same = breaches.notice(notice_id), breaches.get(breach_id)
        if again is None or same is None:
            return
        notice, breach = again, same
    job.finish_in_this_transaction()
    db.session.commit()
