"""What every page needs around its content: navigation, assets, theme, messages."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from flask import Flask, current_app, get_flashed_messages, request, send_file, url_for
from flask import flash as flask_flash
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from logicrm.core import access
from logicrm.extensions import csrf

THEMES = ("auto", "light", "dark")
LANGUAGES = ("en",)


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
    """One entry as an area registers it: shown to those who may open it."""

    order: int
    label: Any
    icon: str
    endpoint: str
    may: access.May | None = None


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


def nav_items() -> list[NavItem]:
    """The rail for whoever is signed in."""
    who = access.principal_or_none()
    if who is None or who.in_grace:
        return []
    here = request.blueprint
    items = []
    for entry in sorted(current_app.extensions.get("logicrm.nav", []), key=lambda e: e.order):
        if entry.may is None or who.may(entry.may):
            items.append(
                NavItem(
                    str(entry.label), entry.icon, url_for(entry.endpoint),
                    active=request.endpoint == entry.endpoint or (here == entry.endpoint.split(".")[0] != "accounts"),
                )
            )  # fmt: skip
    return items


# Our name -> where the file lies inside the package.
VENDOR_FILES = {"htmx.min.js": "static/django_htmx/htmx-2.min.js"}


def vendor_file(name: str) -> Path:
    """Path of a front-end file inside an installed package (no code of that package is imported)."""
    if name not in VENDOR_FILES:
        raise FileNotFoundError(name)
    spec = find_spec("django_htmx")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("htmx.min.js: install requirements/frontend.txt (make does)")
    return Path(next(iter(spec.submodule_search_locations))) / VENDOR_FILES[name]


def install(app: Flask) -> None:
    """Register assets, theme switch and what templates may use."""
    hashes: dict[str, str] = {}

    addresses: dict[tuple[str, str], str] = {}

    def asset(name: str) -> str:
        # A page names the icons' file a hundred times, and building an address each time is slow.
        known = addresses.get((request.script_root, name))
        if known is None or app.debug:
            known = addresses[request.script_root, name] = address_of(name)
        return known

    def address_of(name: str) -> str:
        if name not in hashes or app.debug:
            path = vendor_file(name) if name.startswith("htmx") else Path(app.static_folder or "") / name
            hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        if name.startswith("htmx"):
            return url_for("vendor", name=name, v=hashes[name])
        return url_for("static", filename=name, v=hashes[name])

    @access.public
    def vendor(name: str) -> Response:
        try:
            path = vendor_file(name)
        except FileNotFoundError:
            return Response("not found", 404)
        return send_file(path, mimetype="text/javascript", max_age=31536000)

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

    app.add_url_rule("/vendor/<name>", "vendor", vendor)
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
    app.jinja_env.globals.update(asset=asset, flashes=flashes)


def _back() -> str:
    """Where the form was sent from, on this site only."""
    target = request.form.get("next") or request.headers.get("Referer", "")
    if target.startswith(request.host_url):
        return "/" + target[len(request.host_url) :]
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"


def _language() -> str:
    from flask_babel import get_locale

    return str(get_locale() or "en")


NAV_WORDS = {"today": lazy_gettext("Today")}
