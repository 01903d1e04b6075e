"""The portal's answer to the banner that tells of a new policy."""

from __future__ import annotations

from flask import abort, redirect, request
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core.access import portal
from logicrm.core.shell import _back as came_from
from logicrm.extensions import db
from logicrm.portal import bp, sessions
from logicrm.privacy import telling, versions


@bp.post("/policy-seen")
@portal
def policy_seen(slug: str) -> Response:
    guest = sessions.guest()
    known = {str(one.number): one for one in versions.published(guest.business.facts)}
    version = known.get(request.form.get("number", "")) or abort(404)
    telling.seen(version.id, subject_id=guest.subject_id, now=clock.now())
    db.session.commit()
    return redirect(came_from(), 303)
