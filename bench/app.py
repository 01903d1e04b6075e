"""The program as in production, plus three yardsticks under the same server, and a count of SQL statements per answer.

hello:      a route that returns a constant.
bare table: a session check and the same 50-row table through Jinja from memory, without a database.
floor:      the same table with one hand-written keyset query.
"""

from __future__ import annotations

import re
import threading
import time
from typing import Any

from flask import session
from sqlalchemy import event, text

from logicrm import create_app
from logicrm.core.access import public
from logicrm.extensions import db

app = create_app()
_seen = threading.local()

TABLE = """<!doctype html><title>t</title><table>{% for r in rows %}<tr><td><a href="/leads/{{ r[0] }}">{{ r[1] }}</a></td>
<td>{{ r[2] }}</td><td>{{ r[3] }}</td><td>{{ r[4] }}</td><td>{{ r[5] }}</td></tr>{% endfor %}</table>"""
TEMPLATE = app.jinja_env.from_string(TABLE)  # compiled once, as files are
ROWS = [(n, f"Name {n}", f"Company {n}", f"person{n}@example.com", "+40712345678", "New") for n in range(50)]


def _count(_c: object, _cur: object, statement: str, *_: object) -> None:
    if not re.match(r"\s*(BEGIN|PRAGMA|select set_config)", statement, re.I):
        _seen.queries = getattr(_seen, "queries", 0) + 1


with app.app_context():
    event.listen(db.engine, "before_cursor_execute", _count)


@app.before_request
def _reset() -> None:
    _seen.queries = 0


@app.after_request
def _report(response):  # type: ignore[no-untyped-def]
    response.headers["X-Queries"] = str(getattr(_seen, "queries", 0))
    return response


def _timed(inner: Any) -> Any:
    """Say how much processor time an answer took: unlike a clock on the wall, neighbours hardly change it."""

    def serve(environ: Any, start_response: Any) -> Any:
        began = time.thread_time()

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, ("X-Cpu", f"{(time.thread_time() - began) * 1000:.3f}")], *more)

        return inner(environ, start)

    return serve


app.wsgi_app = _timed(app.wsgi_app)  # type: ignore[method-assign]


@app.get("/bench/hello")
@public
def hello() -> str:
    return "hello"


@app.get("/bench/bare")
@public
def bare() -> str:
    assert session.get("_user_id")
    return TEMPLATE.render(rows=ROWS)


@app.get("/bench/floor")
@public
def floor() -> str:
    assert session.get("_user_id")
    # One read of a page by key, as short as SQL allows; bypasses the house on purpose.
    with db.engine.connect() as connection:
        rows = connection.execute(
            text(
                "select id, first_name, company, email, phone, last_name from lead "
                "where workspace_id = (select id from workspace limit 1) and restricted = false "
                "order by created_at desc, id desc limit 50"
            )
        ).all()
        connection.rollback()
    return TEMPLATE.render(rows=rows)
