"""The recipient's page: no account, no cookie. The link shows where it is; names and addresses need an answer too."""

from __future__ import annotations

import time
from datetime import timedelta

from flask import redirect, request, session, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, throttle
from logicrm.core.access import public
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.extensions import db
from logicrm.shipments import queries_tracking as queries
from logicrm.shipments import tracking

UNLOCKED_S = 15 * 60


@tracking.get("/track")
@public
def door() -> Response:
    """The form for a number."""
    return _quiet(page("tracking/door.html", error="", number=request.args.get("number", "")[:40]))


@tracking.post("/track")
@public
def find() -> Response:
    """From a number, and perhaps an answer, to the page. Whatever does not fit gets one and the same words."""
    number, answer = request.form.get("number", "")[:60], request.form.get("answer", "")[:254]
    if not throttle.hit("track", _address(), limit=20, per=timedelta(minutes=10)):
        return _too_many(number)
    key = queries.key_of_number(number, answer) if number.strip() else None
    if key is None:
        error = _("We found no shipment for this. Check the number, and what you wrote with it.")
        return _quiet(page("tracking/door.html", status=422, error=error, number=number))
    if answer.strip():
        _unlock(key)
    return _quiet(redirect(url_for(".show", tracking_key=key), 303))


@tracking.get("/t/<tracking_key>")
@public
def show(tracking_key: str) -> Response:
    """Where the shipment is."""
    return _show(tracking_key)


def _show(key: str, error: str = "", status: int = 200) -> Response:
    found = queries.track(key)
    if found is None:
        return _missing()
    return _quiet(
        page(
            "tracking/show.html",
            status=status,
            found=found,
            unlocked=_unlocked(key),
            error=error,
            now=clock.now(),
            zone=found.business.facts.time_zone,
            business=found.business.facts.name,
            key=key,
            place_of=queries.place_of,
            stale=queries.stale,
        )
    )  # fmt: skip


@tracking.post("/t/<tracking_key>")
@public
def unlock(tracking_key: str) -> Response:
    """Show names and addresses for a quarter of an hour to somebody who knows one of the parties."""
    # Counted before anything is read: by address, and by shipment for those who change theirs.
    shipment_tries = throttle.hit("unlock", queries.hash_of(tracking_key), limit=20, per=timedelta(hours=1))
    own_tries = throttle.hit("unlock-from", _address() + tracking_key, limit=6, per=timedelta(minutes=15))
    if not (shipment_tries and own_tries):
        return _show(tracking_key, _("Too many tries. Wait a quarter of an hour, then try again."), 429)
    found = queries.track(tracking_key)
    if found is None:
        return _missing()
    if not queries.proves(found.shipment, request.form.get("answer", "")[:254]):
        return _show(tracking_key, _("That does not fit this shipment."), 422)
    _unlock(tracking_key)
    return _quiet(redirect(url_for(".show", tracking_key=tracking_key), 303))


def _unlock(key: str) -> None:
    """The one cookie of these pages, and only for those who answered: signed, without anything about them."""
    open_until = {k: v for k, v in session.get("track", {}).items() if v > time.time()}
    session["track"] = {**open_until, queries.hash_of(key)[:16]: int(time.time()) + UNLOCKED_S}


def _unlocked(key: str) -> bool:
    until = session.get("track", {}).get(queries.hash_of(key)[:16], 0)
    return isinstance(until, int) and until > time.time()


def _address() -> str:
    return request.remote_addr or ""


def _missing() -> Response:
    db.session.rollback()
    return _quiet(page("tracking/missing.html", status=404))


def _too_many(number: str) -> Response:
    error = _("Too many tries from your connection. Wait ten minutes, then try again.")
    return _quiet(page("tracking/door.html", status=429, error=error, number=number))


def _quiet(response: Response) -> Response:
    """Neither search engines nor other sites learn the address."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
