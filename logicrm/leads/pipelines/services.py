"""Making pipelines."""

from __future__ import annotations

from datetime import datetime

from logicrm.core import audit
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.leads.pipelines import queries
from logicrm.leads.pipelines.models import Pipeline, Stage


def _usual() -> list[tuple[str, str, int, int]]:
    """(name, kind, per cent, days until stale) of a freight firm's usual way."""
    return [
        (_("New"), "open", 10, 3),
        (_("Contacted"), "open", 20, 7),
        (_("Qualified"), "open", 40, 14),
        (_("Quoted"), "open", 60, 14),
        (_("Negotiation"), "open", 80, 14),
        (_("Won"), "won", 100, 0),
        (_("Lost"), "lost", 0, 0),
    ]


def ensure_pipeline(now: datetime) -> Stage:
    """Return the stage in which new leads begin; makes the usual pipeline when there is none. The caller commits."""
    stage = queries.first_stage()
    if stage is not None:
        return stage
    if queries.any_pipeline():
        raise Refused(_("No pipeline has an open stage. Add one, and try again."))
    pipeline = Pipeline(id=new_id(), name=_("Sales"), position=0, created_at=now)
    db.session.add(pipeline)
    db.session.flush()
    for position, (name, kind, probability, days) in enumerate(_usual()):
        db.session.add(
            Stage(
                id=new_id(), pipeline_id=pipeline.id, name=name, position=position, kind=kind,
                probability=probability, stale_after_days=days,
            )
        )  # fmt: skip
    audit.record("pipeline.added", pipeline)
    made = queries.first_stage()
    assert made is not None
    return made
