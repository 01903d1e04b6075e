"""GET /health, for whoever watches the installation. It says whether, never why."""

from __future__ import annotations

import logging

from flask import jsonify
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from logicrm.accounts import bp
from logicrm.accounts.models import Workspace
from logicrm.core import database
from logicrm.core.access import public
from logicrm.core.version import VERSION
from logicrm.extensions import db

log = logging.getLogger("logicrm")


@bp.get("/health")
@public
def health() -> Response:
    """200 when the database answers from a table of ours, 503 when it does not."""
    try:
        with database.reading(), db.engine.connect() as connection:
            connection.execute(select(Workspace.id).limit(1)).first()
        working = True
    except SQLAlchemyError as error:
        log.error("health: the database does not answer", exc_info=error)
        working = False
    response: Response = jsonify(
        status="ok" if working else "failing", database="ok" if working else "failing", version=VERSION
    )
    response.status_code = 200 if working else 503
    return response
