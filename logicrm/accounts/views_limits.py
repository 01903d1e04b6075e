"""How often the doors may be tried. An edge: it ends the request's transaction before it counts."""

from __future__ import annotations

from datetime import timedelta

from flask import request

from logicrm.core import throttle
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.extensions import db

FIVE_MINUTES, HOUR, DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)


class TooMany(Refused):
    """One try too many; answered with 429. The words do not say what was counted."""


def count_try(what: str, *, email: str = "", limit: int = 10, per: timedelta = FIVE_MINUTES) -> None:
    """Count a try against the caller's address and, when given, the e-mail. Raises TooMany.

    Every try counts, the good ones too, so that the answer tells nothing about the account.
    """
    # The count commits on a connection of its own; on SQLite this request must not hold the write lock then.
    db.session.commit()
    allowed = throttle.hit(what, request.remote_addr or "", limit=limit, per=per)
    if email:
        allowed = throttle.hit(f"{what}:e-mail", email.strip().lower(), limit=limit, per=per) and allowed
    if not allowed:
        raise TooMany(_("Too many tries. Wait five minutes, then try again."))


def status_of(refusal: Refused) -> int:
    """The HTTP status that goes with a refused form."""
    return 429 if isinstance(refusal, TooMany) else 422
