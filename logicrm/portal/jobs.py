"""Sends the codes that the portal's pages ask for: an edge, it commits."""

from __future__ import annotations

import uuid

from flask_babel import force_locale

from logicrm.core import clock, jobs, mail, workspaces
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.extensions import db
from logicrm.portal import codes
from logicrm.portal.models import PortalCode
from logicrm.privacy import held


@jobs.job("portal.send_code", max_attempts=4, title=_l("Send a code for the portal"))
def send_code(job: jobs.JobContext) -> None:
    """Send the code if the business holds anything about the address. Nothing is sent to strangers: whoever types
    other people's addresses must not make us write to them."""
    asked = db.session.get(PortalCode, uuid.UUID(job.args["code"]))
    business = workspaces.by_id(asked.workspace_id) if asked else None
    usable = asked is not None and asked.used_at is None and asked.expires_at > clock.now() and not asked.code_hash
    if asked is not None and business is not None and usable and held.anything(asked.email):
        code = codes.make(asked)
        language = asked.language or business.facts.language
        with force_locale(language):
            mail.send(
                asked.email, "portal_code", mail_class=mail.TRANSACTIONAL, purpose="security",
                workspace_id=asked.workspace_id, subject_kind="person", language=language,
                business=business.facts.name, sender_name=business.facts.name, code=codes.shown(code),
                what=asked.purpose, minutes=int(codes.LASTS.total_seconds() // 60),
            )  # fmt: skip
    job.finish_in_this_transaction()
    db.session.commit()
