"""Once a day: go and look, in every workspace, whether promises are kept (`core/checks.py`). Edges: they commit."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime

from flask import Flask, current_app

from logicrm.core import checks, clock, database, jobs, tenancy
from logicrm.core.checks import Checked
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.extensions import db


@jobs.every("privacy.check", at_hour=3, title=_l("Look whether promises are kept"), long=True)
def check_job(job: jobs.JobContext) -> None:
    """Looks; what is not as promised shows on the page of promises and fails nothing."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    db.session.rollback()
    for _where, _found in check_everywhere(app, now=clock.now()):
        pass


def check_everywhere(app: Flask, *, now: datetime) -> Iterator[tuple[str, dict[str, Checked]]]:
    """Look at the installation once, then in each workspace, and leave there what was seen in both."""
    table = db.metadata.tables["workspace"]
    with database.reading():  # looking takes no write lock
        places = db.session.execute(db.select(table.c.id, table.c.slug).order_by(table.c.id)).all()
        everywhere = checks.look(now, everywhere=True)
        db.session.rollback()
    yield "everywhere", everywhere
    for place in places:
        with tenancy.working_in(app, uuid.UUID(str(place.id))):
            with database.reading():
                found = checks.look(now, everywhere=False)
                db.session.rollback()
            checks.leave(everywhere | found, now=now)
            db.session.commit()
        yield place.slug, found
