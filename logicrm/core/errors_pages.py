"""The pages that say what went wrong, why, and what to do; and the same as JSON for programs."""

from __future__ import annotations

import logging

from flask import Flask, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response

from logicrm.core.errors import Missing, Refused
from logicrm.extensions import db

PAGES = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503)
log = logging.getLogger("logicrm")


def install(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(Missing, _missing)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(Exception, _unexpected)


def _answer(status: int, *, reason: str = "") -> Response:
    if request.path.startswith("/api/"):
        said = {"error": {"status": status, "message": reason or _NAMES.get(status, "Error")}}
        return make_response(jsonify(said), status)
    if request.url_rule is None and not _known_host():
        # No address of ours can be built for a host that we do not answer to.
        return Response("This host name is not served here.\n", status, mimetype="text/plain")
    template = f"errors/{status if status in _TEMPLATES else 500 if status >= 500 else 400}.html"
    response = Response(render_template(template, reason=reason), status, mimetype="text/html")
    if request.headers.get("HX-Request") == "true":
        response.headers["HX-Retarget"] = "body"
    return response


def _known_host() -> bool:
    try:
        return bool(request.host)
    except SecurityError:
        return False


_TEMPLATES = {400, 401, 403, 404, 409, 413, 422, 429, 500}
_NAMES = {400: "Bad request", 401: "Token missing or not valid", 403: "Not allowed", 404: "Not found",
          405: "Method not allowed", 409: "Conflict", 413: "Too large", 415: "Unsupported media type",
          422: "Not valid", 429: "Too many requests", 500: "Our fault"}  # fmt: skip


def _http(error: HTTPException) -> Response:
    db.session.rollback()
    if error.code is not None and error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    return _answer(error.code or 500)


def _csrf(_error: CSRFError) -> Response:
    return _answer(400, reason="csrf")


def _refused(error: Refused) -> Response:
    db.session.rollback()
    return _answer(422, reason=error.message)


def _missing(_error: Missing) -> Response:
    db.session.rollback()
    return _answer(404)


def _database(error: OperationalError) -> Response:
    db.session.rollback()
    log.error("database", exc_info=error)
    return _answer(500)


def _unexpected(error: Exception) -> Response:
    db.session.rollback()
    log.error("unexpected", exc_info=error)
    return _answer(500)
