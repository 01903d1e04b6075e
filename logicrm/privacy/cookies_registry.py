"""The one list of every cookie that the program can set. The cookie policy is made from it.

Whoever sets a cookie registers it here and sets it with `put`, which refuses a name that nobody declared and
one whose category the visitor has not allowed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flask import current_app
from flask_babel import LazyString
from werkzeug.wrappers import Response

from logicrm.core.phrases import lazy_gettext as _
from logicrm.privacy.clocks import Duration
from logicrm.privacy.profile import Profile
from logicrm.privacy.vocabulary import COOKIE_CATEGORIES


class UnknownCookie(LookupError):
    """The program was about to set a cookie that its cookie policy does not name: a bug."""


@dataclass(frozen=True)
class Cookie:
    """A cookie: `lifetime` None = until the browser closes; `host_prefix` = `__Host-` before its name over https."""

    name: str
    category: str
    purpose: str | LazyString
    lifetime: Duration | None
    essential: bool
    host_prefix: bool = False
    readable_by_script: bool = False

    def sent_as(self, https: bool) -> str:
        """The name that browsers see."""
        return f"__Host-{self.name}" if https and self.host_prefix else self.name


_cookies: dict[str, Cookie] = {}


def cookie(
    name: str,
    category: str,
    purpose: str | LazyString,
    lifetime: Duration | None,
    essential: bool,
    *,
    host_prefix: bool = False,
    readable_by_script: bool = False,
) -> Cookie:
    """Register a cookie. Raises ValueError for an unknown category, or one that contradicts `essential`."""
    if category not in COOKIE_CATEGORIES:
        raise ValueError(f"{category!r} is no cookie category; use one of {', '.join(COOKIE_CATEGORIES)}")
    if essential != (category == "essential"):
        raise ValueError(f"cookie {name!r}: essential cookies, and only those, are in the category 'essential'")
    made = Cookie(name, category, purpose, lifetime, essential, host_prefix, readable_by_script)
    if _cookies.setdefault(name, made) != made:
        raise ValueError(f"cookie {name!r} is registered twice, with different words")
    return made


def registered() -> tuple[Cookie, ...]:
    """All cookies, essential ones first."""
    order = list(COOKIE_CATEGORIES)
    return tuple(sorted(_cookies.values(), key=lambda one: (order.index(one.category), one.name)))


def find(sent_name: str) -> Cookie:
    """The cookie behind a name as browsers see it. Raises UnknownCookie."""
    try:
        return _cookies[sent_name.removeprefix("__Host-")]
    except KeyError:
        raise UnknownCookie(f"cookie {sent_name!r} is not in logicrm/privacy/cookies_registry.py") from None


def put(response: Response, cookie: Cookie, value: str, *, allowed: Collection[str]) -> bool:
    """Set a registered cookie when its category is essential or among `allowed`; say whether it was set."""
    find(cookie.name)
    if not cookie.essential and cookie.category not in allowed:
        return False
    https = bool(current_app.config.get("HTTPS"))
    days = (cookie.lifetime.years * 365 + cookie.lifetime.months * 30 + cookie.lifetime.days) if cookie.lifetime else 0
    response.set_cookie(
        cookie.sent_as(https), value, max_age=days * 86400 or None, path="/", secure=https,
        httponly=not cookie.readable_by_script, samesite="Lax",
    )  # fmt: skip
    return True


def outside_policy(profile: Profile) -> list[str]:
    """Names of cookies whose category the policy does not have: they could neither be explained nor refused."""
    return [one.name for one in registered() if one.category not in profile.cookie_categories]


SESSION = cookie(
    "sid", "essential", _("Keeps you signed in and protects forms from being sent by other sites."), None, True,
    host_prefix=True,
)  # fmt: skip
PORTAL = cookie(
    "portal", "essential", _("Keeps you signed in to the page with your own data."), None, True, host_prefix=True
)
CHOICE = cookie("cookie_choice", "essential", _("Remembers what you chose about cookies."), Duration(months=6), True)
THEME = cookie(
    "theme", "preference", _("Remembers that you switched to the light or the dark look. Set only when you switch."),
    Duration(years=1), False,
)  # fmt: skip
