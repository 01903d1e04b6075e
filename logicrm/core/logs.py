"""Logs that name no one: structured lines, ids instead of names, no query strings, old files removed."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import uuid
from typing import Any

from flask import Flask, g, request
from werkzeug.wrappers import Response

_SECRET = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+"  # an e-mail address
    r"|\+?\d[\d ().-]{7,}\d"  # a phone number
    r"|[A-Za-z0-9_-]{40,}"  # a token
)

FIELDS = ("request_id", "method", "route", "status", "ms", "workspace", "actor", "job", "kind", "count", "error")


class Lines(logging.Formatter):
    """One JSON object a line: time, level, event, and the fields of the allow-list."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "event": redact(record.getMessage()),
        }
        for name in FIELDS:
            value = getattr(record, name, None)
            if value is not None:
                line[name] = value if isinstance(value, int | float) else redact(str(value), ids=True)
        if record.exc_info and record.exc_info[0]:
            # The class and where, never the message: it may quote what somebody typed.
            line["error"] = record.exc_info[0].__name__
            frames = []
            trace = record.exc_info[2]
            while trace is not None:
                code = trace.tb_frame.f_code
                frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}:{code.co_name}")
                trace = trace.tb_next
            line["where"] = frames[-6:]
        return json.dumps(line, ensure_ascii=False)


def redact(text: str, *, ids: bool = False) -> str:
    """Replace e-mail addresses, phone numbers and tokens. `ids`: the text may be a UUID, which stays."""
    if ids:
        try:
            return str(uuid.UUID(text))
        except ValueError:
            pass
    return _SECRET.sub("[redacted]", text)


def install(app: Flask) -> None:
    """Send the program's log lines to standard error, and one line per request with its route, not its address."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logger = logging.getLogger("logicrm")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)
    app.logger.handlers = [handler]
    app.logger.propagate = False

    def start() -> None:
        g.started = time.perf_counter()
        g.request_id = uuid.uuid4().hex[:12]

    def finish(response: Response) -> Response:
        if request.endpoint not in ("static", "asset") and (response.status_code >= 400 or not app.testing):
            who = g.get("principal")
            logger.info(
                "request",
                extra={
                    "request_id": g.get("request_id"),
                    "method": request.method,
                    "route": str(request.url_rule) if request.url_rule else "(none)",
                    "status": response.status_code,
                    "ms": round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1),
                    "workspace": who.workspace.id if who else None,
                    "actor": who.user_id if who else None,
                },
            )
        return response

    app.before_request(start)
    app.after_request(finish)
