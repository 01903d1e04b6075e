"""What every page needs around its content: navigation, assets, theme, messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, current_app, get_flashed_messages, request, url_for
from flask import flash as flask_flash
from werkzeug.wrappers import Response

from logicrm.core import access, assets
from logicrm.core.phrases import language_now, lazy_gettext
from logicrm.extensions import csrf

THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class NavItem:
    """One entry of the rail, as a template sees it."""

    label: str
    icon: str
    url: str
    active: bool
    badge: str = ""


@dataclass(frozen=True)
class Nav:
    """One entry as an area registers it: shown to those who may open it.

    `unless`: those who hold this permission have a better entry with the same words.
    """

    order: int
    label: Any
    icon: str
    endpoint: str
    may: access.May | None = None
    unless: access.May | None = None


@dataclass(frozen=True)
class Flash:
    """A message after an act; `undo_url` takes a POST."""

    message: str
    tone: str = "good"
    undo_url: str | None = None


def flash(message: str, tone: str = "good", *, undo_url: str | None = None) -> None:
    """Show a message on the next page."""
    flask_flash(cast(str, {"message": str(message), "tone": tone, "undo_url": undo_url}))


def flashes() -> list[Flash]:
    """The waiting messages, each shown once."""
    return [Flash(**m) if isinstance(m, dict) else Flash(str(m)) for m in get_flashed_messages()]


def add_nav(app: Flask, *entries: Nav) -> None:
    """Put entries on the rail; areas call it while `create_app` wires them."""
    app.extensions.setdefault("logicrm.nav", []).extend(entries)


def lands_on(app: Flask, role: access.Role, endpoint: str) -> None:
    """Say where members of a role begin; everybody else begins at Today."""
    app.extensions.setdefault("logicrm.home", {})[role] = endpoint


def home_of(role: access.Role) -> str:
    """Where members of a role begin."""
    return url_for(current_app.extensions.get("logicrm.home", {}).get(role, "today.index"))


def nav_items() -> list[NavItem]:
    """The rail for whoever is signed in."""
    who = access.principal_or_none()
    if who is None or who.in_grace:
        return []
    here = request.blueprint
    items = []
    for entry in sorted(current_app.extensions.get("logicrm.nav", []), key=lambda e: e.order):
        if (entry.may is None or who.may(entry.may)) and not (entry.unless and who.may(entry.unless)):
            items.append(
                NavItem(
                    str(entry.label), entry.icon, url_for(entry.endpoint),
                    active=request.endpoint == entry.endpoint or (here == entry.endpoint.split(".")[0] != "accounts"),
                )
            )  # fmt: skip
    return items


def install(app: Flask) -> None:
    """Register assets, theme switch and what templates may use."""

    @csrf.exempt  # a stranger has no session, and must not be given one for this; the Origin is checked
    @access.public
    def theme() -> Response:
        wanted = request.form.get("theme", "")
        response = Response("", 303, {"Location": _back()})
        if wanted in THEMES:
            response.set_cookie(
                "theme", wanted, max_age=31536000, secure=app.config["HTTPS"], httponly=True, samesite="Lax"
            )
        return response

    app.add_url_rule("/theme", "theme", theme, methods=["POST"])
    access.public(app.view_functions["static"])

    def chosen() -> str:
        wanted = request.cookies.get("theme", "auto")
        return wanted if wanted in THEMES else "auto"

    app.context_processor(
        lambda: {
            "principal": access.principal_or_none(),
            "nav_items": nav_items(),
            "theme": chosen(),
            "lang": _language(),
        }
    )
    app.jinja_env.globals["flashes"] = flashes
    assets.install(app)


def _back() -> str:
    """Where the form was sent from, on this site only."""
    target = request.form.get("next") or request.headers.get("Referer", "")
    if target.startswith(request.host_url):
        return "/" + target[len(request.host_url) :]
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"


def _language() -> str:
    return language_now()


NAV_WORDS = {"today": lazy_gettext("Today")}
