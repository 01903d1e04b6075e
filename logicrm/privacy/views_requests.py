"""The desk's queue of privacy requests: days left, and an answer with its ground."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import datetime
from typing import Any

from flask import Flask, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, shell, today
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.phrases import ngettext
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.core.words import show_number
from logicrm.extensions import db
from logicrm.privacy import bp, requests, sites
from logicrm.privacy.request_models import DENIALS, KIND_WORDS, STATE_WORDS
from logicrm.privacy.requests import Row


@bp.get("/requests", endpoint="requests")
@needs(May.VIEW_REQUESTS)
def request_list() -> Response:
    done = request.args.get("show") == "closed"
    rows = requests.closed() if done else requests.waiting()
    views = [
        {"label": _("Waiting"), "url": url_for("privacy.requests"), "active": not done},
        {"label": _("Answered"), "url": url_for("privacy.requests", show="closed"), "active": done},
    ]
    return page("privacy/requests.html", rows=rows, views=views, done=done, **_words())


@bp.get("/requests/<uuid:request_id>", endpoint="request")
@needs(May.VIEW_REQUESTS)
def show_request(request_id: uuid.UUID) -> Response:
    return _show(_found(request_id))


@bp.post("/requests/<uuid:request_id>/begin", endpoint="begin_request")
@needs(May.HANDLE_REQUESTS)
def begin_request(request_id: uuid.UUID) -> Response:
    _found(request_id)
    requests.begin(request_id, by=principal().user_id)
    db.session.commit()
    return redirect(url_for("privacy.request", request_id=request_id), 303)


@bp.post("/requests/<uuid:request_id>/answer", endpoint="answer_request")
@needs(May.HANDLE_REQUESTS)
def answer_request(request_id: uuid.UUID) -> Response:
    _found(request_id)
    site = sites.here()
    try:
        requests.answer(
            request_id, fulfilled=request.form.get("outcome") == "fulfilled", words=request.form.get("answer", ""),
            reason=request.form.get("reason", ""), by=principal().user_id, profile=site.profile, business=site.name,
            now=clock.now(),
        )  # fmt: skip
    except Refused as refusal:
        return _show(_found(request_id), refusal)
    db.session.commit()
    flash(_("The answer is on its way."))
    return redirect(url_for("privacy.requests"), 303)


def _found(request_id: uuid.UUID) -> Row:
    return requests.get(request_id) or abort(404)


def _show(row: Row, refusal: Refused | None = None) -> Response:
    return page(
        "privacy/request.html", status=422 if refusal else 200, row=row, denials=DENIALS, refusal=refusal,
        typed=request.form, **_words(),
    )  # fmt: skip


def _words() -> dict[str, Any]:
    day = clock.today(principal().workspace.time_zone)
    return {
        "kinds": KIND_WORDS, "states": STATE_WORDS,
        "left": lambda row: left_words(requests.days_left(row.request, day)),
    }  # fmt: skip


def left_words(days: int) -> tuple[str, str]:
    """('3 days left', tone)."""
    if days < 0:
        return ngettext("%(num)d day late", "%(num)d days late", -days), "bad"
    if days == 0:
        return _("Due today"), "warn"
    return ngettext("%(num)d day left", "%(num)d days left", days), "warn" if days <= 5 else "neutral"


def due_requests(now: datetime) -> today.Section | None:
    """Requests on the Today page, by days left. One statement."""
    rows = requests.waiting()
    day = clock.today(principal().workspace.time_zone)
    del now
    shown = []
    for row in rows[:6]:
        words, tone = left_words(requests.days_left(row.request, day))
        url = url_for("privacy.request", request_id=row.request.id)
        shown.append(today.Row(str(KIND_WORDS[row.request.kind]), url, words, tone))
    late = any(requests.days_left(row.request, day) < 0 for row in rows[:1])
    kinds = Counter(str(KIND_WORDS[row.request.kind]) for row in rows)
    figure = today.Figure(
        _("Requests to answer"), show_number(len(rows)), url_for("privacy.requests"),
        note=shown[0].note if shown else "", tone="bad" if late else "", bars=sorted(kinds.items()) or None,
    )  # fmt: skip
    return today.Section(_l("Privacy requests"), url_for("privacy.requests"), shown, figure)


def install(app: Flask) -> None:
    """Put the queue on the rail and on the Today page."""
    shell.add_nav(app, shell.Nav(90, _l("Privacy"), "privacy", "privacy.requests", May.VIEW_REQUESTS))
    today.today_section(app, 40, May.VIEW_REQUESTS, due_requests)
