"""`page()` alone decides between a whole page and a fragment.

A fragment is a block of the same template: htmx asks with `HX-Target: lead-table`, and the template
has `{% block lead_table %}`. Boosted links and history restores always get the whole page.
"""

from __future__ import annotations

from typing import Any

from flask import current_app, make_response, render_template
from htmx_flask import request
from jinja2_fragments.flask import render_block
from werkzeug.wrappers import Response


def page(template: str, *, status: int = 200, **context: Any) -> Response:
    """Answer with `template`, or with the block of it that htmx asked for."""
    block = _wanted_block(template)
    body = render_block(template, block, **context) if block else render_template(template, **context)
    response = make_response(body, status)
    if request.htmx and not block and not request.htmx.boosted and not request.htmx.history_restore_request:
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "innerHTML"
    response.vary.update(["HX-Request", "HX-Target", "HX-Boosted", "HX-History-Restore-Request"])
    return response


def _wanted_block(template: str) -> str | None:
    htmx = request.htmx
    if not htmx or htmx.boosted or htmx.history_restore_request or not htmx.target:
        return None
    block = htmx.target.replace("-", "_")
    if block in current_app.jinja_env.get_template(template).blocks:
        return str(block)
    return None
