"""`page()` alone decides between a whole page and a fragment.

A fragment is a block of the same template: htmx asks with `HX-Target: lead-table`, and the template
has `{% block lead_table %}`. One of many alike is asked for by its name: `HX-Target: fact-email` gets
`{% block fact scoped %}` with `part` = "email", which the whole page draws in a loop over its parts.
Boosted links and history restores always get the whole page.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from flask import current_app, make_response, render_template
from flask.templating import Environment
from htmx_flask import request
from jinja2_fragments.flask import render_block
from werkzeug.wrappers import Response


class Templates(Environment):
    """Jinja's environment, whose templates share one dict of globals.

    Each would get a ChainMap of its own, through which every import of a macro walks name by name.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


def page(template: str, *, status: int = 200, **context: Any) -> Response:
    """Answer with `template`, or with the block of it that htmx asked for."""
    block, part = _wanted_block(template)
    if part:
        context["part"] = part
    body = render_block(template, block, **context) if block else render_template(template, **context)
    response = make_response(body, status)
    if request.htmx and not block and not request.htmx.boosted and not request.htmx.history_restore_request:
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "innerHTML"
    response.vary.update(["HX-Request", "HX-Target", "HX-Boosted", "HX-History-Restore-Request"])
    return response


def _wanted_block(template: str) -> tuple[str | None, str]:
    """(block that htmx asked for, which of many alike); (None, "") for the whole page."""
    htmx = request.htmx
    if not htmx or htmx.boosted or htmx.history_restore_request or not htmx.target:
        return None, ""
    blocks = current_app.jinja_env.get_template(template).blocks
    block = str(htmx.target).replace("-", "_")
    if block in blocks:
        return block, ""
    one, _dash, part = str(htmx.target).partition("-")
    return (one, part) if part and one in blocks else (None, "")
