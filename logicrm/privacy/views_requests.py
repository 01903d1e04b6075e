"""The desk's queue of privacy requests: days left, and an answer with its ground."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, shell, today
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.core.words import show_number
from logicrm.extensions import db
from logicrm.privacy import bp, clocks, requests, sites
from logicrm.privacy.registers import waiting
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


@bp.post("/requests/<uuid:request_id>/extend", endpoint="extend_request")
@needs(May.HANDLE_REQUESTS)
def extend_request(request_id: uuid.UUID) -> Response:
    _found(request_id)
    site, facts = sites.here(), principal().workspace
    try:
        requests.extend(
            request_id, reason=request.form.get("extension_reason", ""), by=principal().user_id, profile=site.profile,
            business=site.name, country=facts.country, time_zone=facts.time_zone, now=clock.now(),
        )  # fmt: skip
    except Refused as refusal:
        db.session.rollback()
        return _show(_found(request_id), refusal)
    db.session.commit()
    flash(_("The person is told that it takes longer, and why."))
    return redirect(url_for("privacy.request", request_id=request_id), 303)


def _found(request_id: uuid.UUID) -> Row:
    return requests.get(request_id) or abort(404)


def _show(row: Row, refusal: Refused | None = None) -> Response:
    return page(
        "privacy/request.html", status=422 if refusal else 200, row=row, denials=DENIALS, refusal=refusal,
        typed=request.form, **_clocks(row), **_words(),
    )  # fmt: skip


def _clocks(row: Row) -> dict[str, Any]:
    """What the page adds to the two days: the first word that a law wants, and years whose days off are not settled."""
    facts = principal().workspace
    received = row.request.received_at.astimezone(ZoneInfo(facts.time_zone)).date()
    last = max(day for day in (row.request.due_on, row.request.legal_due_on, row.request.policy_due_on) if day)
    profile = sites.here().profile
    by_calendar = profile.requests.answer_working_days or row.request.regime == "gdpr"
    return {
        "first_word": clocks.first_word_due(profile, received, facts.country),
        "unsettled": clocks.unsettled(received, last, facts.country) if by_calendar else (),
    }


def _words() -> dict[str, Any]:
    day = clock.today(principal().workspace.time_zone)
    return {
        "kinds": KIND_WORDS, "states": STATE_WORDS,
        "left": lambda row: left_words(requests.days_left(row.request, day)),
    }  # fmt: skip


left_words = requests.left_words


def due_requests(now: datetime) -> today.Section | None:
    """Requests on the Today page, by days left. One statement."""
    rows = waiting.waiting(registers=principal().may(May.EDIT_REGISTERS)).requests
    day = clock.today(principal().workspace.time_zone)
    del now
    shown = []
    for own, kind, due_on in rows[:6]:
        words, tone = left_words((due_on - day).days)
        shown.append(today.Row(str(KIND_WORDS[kind]), url_for("privacy.request", request_id=own), words, tone))
    late = any((due_on - day).days < 0 for _own, _kind, due_on in rows[:1])
    kinds = Counter(str(KIND_WORDS[kind]) for _own, kind, _due_on in rows)
    figure = today.Figure(
        _("Requests to answer"), show_number(len(rows)), url_for("privacy.requests"),
        note=shown[0].note if shown else "", tone="bad" if late else "", bars=sorted(kinds.items()) or None,
    )  # fmt: skip
    return today.Section(_l("Privacy requests"), url_for("privacy.requests"), shown, figure)


def install(app: Flask) -> None:
    """Put the queue on the rail and on the Today page."""
    shell.add_nav(
        app, shell.Nav(90, _l("Privacy"), "privacy", "privacy.requests", May.VIEW_REQUESTS, unless=May.VIEW_REGISTERS)
    )
    today.today_section(app, 40, May.VIEW_REQUESTS, due_requests)
