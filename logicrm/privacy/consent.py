"""The cookie gate: what this browser has allowed, and the proof of it.

    if consent.allowed("analytics"): …

Nothing optional is allowed before a choice, after the choice has lapsed, or after the words or the list of
cookies have changed since. `Sec-GPC: 1` switches off what it objects to; only a choice made while the browser
sent the signal (so: in knowledge of it, on this site) overrides it.

Which categories there are is said by the policy of the business on whose page one is, so one browser may have made
several choices: the cookie keeps one for each version of the words, and the one for the words of this page counts.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import current_app, g, has_request_context, request
from flask_babel import force_locale
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import or_, update
from werkzeug.wrappers import Response

from logicrm.core import clock, crypto, tenancy
from logicrm.core.access import principal_or_none
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.promises import promise
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy import cookies_registry, gpc, sites
from logicrm.privacy.consent_models import CookieChoice
from logicrm.privacy.sites import gate_profile

KEPT = 4  # choices of one browser, about different words
LONGEST = 2500

ACCEPT, REJECT, CHOOSE, GPC = "accept", "reject", "choose", "gpc"
ESSENTIAL = "essential"

#: The words of the banner. They are part of the version that a choice belongs to.
HEADING = _l("Your choice about cookies")
TEXT = _l(
    "Essential cookies keep you signed in and remember this choice; they are always on. "
    "May we also use optional ones? Nothing is on until you say yes, and you can change your mind on every page."
)
GPC_HEADING = _l("Your browser asked us not to track you")
GPC_TEXT = _l(
    "It sends the signal “Global Privacy Control”. We keep to it: analytics and marketing are off. "
    "There is nothing that you need to do."
)


@dataclass(frozen=True)
class Choice:
    """What the browser's cookie says. `visitor` is random; only its keyed hash is stored with us. `place`: the
    business on whose page it was made, "" for the installation's."""

    id: uuid.UUID
    visitor: str
    allowed: frozenset[str]
    wording: str
    at: datetime
    gpc: bool
    how: str
    place: str = ""


@promise("cookies.gate")
def allowed(category: str) -> bool:
    """True when this browser may be given cookies of the category, and their purpose may be served, right now."""
    if category == ESSENTIAL:
        return True
    made = current()
    if made is None or category not in made.allowed:
        return False
    return made.gpc or not (gpc.signalled() and category in gpc.OBJECTED)


def current() -> Choice | None:
    """The choice that counts in this request, or None: never made, lapsed, or made about other words."""
    if not has_request_context():
        return None
    if "cookie_choice" not in g:
        g.cookie_choice = _counting(remembered())
    return g.cookie_choice  # type: ignore[no-any-return]


def _counting(made: list[Choice]) -> Choice | None:
    words = wording() if made else ""
    about_this = next((one for one in made if one.wording == words), None)
    if about_this is None:
        return None
    lasts = gate_profile().cookie_choice
    return about_this if lasts.expires(about_this.at) > clock.now() else None


def remembered() -> list[Choice]:
    """What the cookie says, the newest choice first, whether it still counts or not; [] when somebody changed it."""
    sent = request.cookies.get(_cookie_name())
    if not sent or len(sent) > LONGEST:
        return []
    try:
        return [_read(one) for one in _serializer().loads(sent)]
    except (BadData, KeyError, TypeError, ValueError, OverflowError):
        return []


def _read(one: dict[str, Any]) -> Choice:
    at = datetime.fromtimestamp(int(one["t"]), UTC)
    return Choice(
        uuid.UUID(one["i"]), str(one["v"]), frozenset(one["c"]), str(one["w"]), at, bool(one["g"]), str(one["h"]),
        str(one["s"]),
    )  # fmt: skip


def optional_categories() -> tuple[str, ...]:
    """The categories that wait for a yes, in the policy's order."""
    return tuple(name for name in gate_profile().cookie_categories if name != ESSENTIAL)


def wording() -> str:
    """Version of what was agreed to: the words of the banner, the categories, and each cookie with its purpose."""
    cache: dict[str, str] = current_app.extensions.setdefault("logicrm.cookie_wording", {})
    known = gate_profile()
    if known.hash not in cache:
        with force_locale("en"):
            said = [str(HEADING), str(TEXT), *known.cookie_categories]
            said += [
                f"{one.name}|{one.category}|{one.purpose}|{one.lifetime or ''}" for one in cookies_registry.registered()
            ]
        cache[known.hash] = hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]
    return cache[known.hash]


# Choosing ----------------------------------------------------------------------------------------


@promise("cookies.centre")
def choose(wanted: set[str], how: str, *, language: str, now: datetime) -> Choice:
    """Record a choice; the caller commits and puts it into the answer with `remember`.

    `wanted`: categories to allow; unknown ones and "essential" are passed over. `how`: accept, reject, choose, gpc.
    """
    optional = optional_categories()
    yes = [name for name in optional if name in wanted]
    before = remembered()
    visitor = before[0].visitor if before else crypto.token()
    who = principal_or_none()
    person = tenancy.person()
    known = gate_profile()
    now = now.replace(microsecond=0)
    place = sites.visited()
    made = Choice(
        new_id(), visitor, frozenset(yes), wording(), now, gpc.signalled(), how, place.id.hex if place else ""
    )
    hashed = visitor_hash(visitor)
    where = CookieChoice.__table__.c.workspace_id
    about_this = where == place.id if place else where.is_(None)
    db.session.execute(
        update(CookieChoice)
        .where(
            CookieChoice.visitor_hash == hashed,
            CookieChoice.ends_at > now,
            or_(CookieChoice.wording == made.wording, about_this),
        )
        .values(ends_at=now)
        .execution_options(synchronize_session=False)
    )
    db.session.add(
        CookieChoice(
            id=made.id,
            visitor_hash=hashed,
            account_id=who.user_id if who else None,
            person_id=person.subject_id if person else None,
            workspace_id=place.id if place else None,
            allowed=yes,
            refused=[name for name in optional if name not in yes],
            how=how,
            gpc=made.gpc,
            wording=made.wording,
            language=language,
            profile=known.name,
            policy_hash=known.hash,
            at=now,
            ends_at=known.cookie_choice.expires(now),
        )
    )
    g.cookie_choice = made
    return made


def remember(response: Response, made: Choice) -> Response:
    """Put the choice into the browser, and take out of it every optional cookie that is not allowed (any more)."""
    others = [one for one in remembered() if one.wording != made.wording and one.place != made.place]
    content = [
        {
            "i": str(one.id), "v": one.visitor, "c": sorted(one.allowed), "w": one.wording,
            "t": int(one.at.timestamp()), "g": one.gpc, "h": one.how, "s": one.place,
        }
        for one in [made, *others][:KEPT]
    ]  # fmt: skip
    value = _serializer().dumps(content)
    cookies_registry.put(
        response, cookies_registry.CHOICE, value if isinstance(value, str) else value.decode(), allowed=()
    )
    https = bool(current_app.config["HTTPS"])
    for cookie in cookies_registry.registered():
        sent_as = cookie.sent_as(https)
        if not cookie.essential and cookie.category not in made.allowed and sent_as in request.cookies:
            response.delete_cookie(sent_as, path="/", secure=https, httponly=True, samesite="Lax")
    return response


def visitor_hash(visitor: str) -> str:
    """What is stored of a browser's random id."""
    return crypto.keyed_hash("cookie-visitor", visitor)


def mine(choice_id: uuid.UUID) -> CookieChoice | None:
    """The stored choice, if it was made in this browser."""
    made = remembered()
    row = db.session.get(CookieChoice, choice_id) if made else None
    return row if row is not None and row.visitor_hash == visitor_hash(made[0].visitor) else None


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(crypto.derive("cookie-choice"), salt="cookie-choice/1")


def _cookie_name() -> str:
    return cookies_registry.CHOICE.sent_as(bool(current_app.config["HTTPS"]))


__all__ = [
    "ACCEPT", "CHOOSE", "ESSENTIAL", "GPC", "GPC_HEADING", "GPC_TEXT", "HEADING", "REJECT", "TEXT", "Choice", "allowed",
    "choose", "current", "gate_profile", "mine", "optional_categories", "remember", "remembered", "visitor_hash", "wording",
]  # fmt: skip
