"""Which language a page is in, and how a stranger changes it without a cookie: `?lang=ro`, which links carry on.

The order: what the address asks for (pages for strangers and the portal), the person's own language, what their
browser asks for, the language of the business whose page it is, English.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, has_request_context, request, url_for
from werkzeug.routing import BuildError

from logicrm.core import access

#: What the program speaks, each in its own words. docs/languages.md says how to add one.
LANGUAGES = {"en": "English", "ro": "Română", "vi": "Tiếng Việt"}


def selected() -> str:
    """The language of this request or job, for Flask-Babel."""
    if not has_request_context():
        return g.get("language") or "en"
    who = access.principal_or_none()
    own = asked() or g.get("language") or (who.language if who else "")
    spoken = own if own in LANGUAGES else request.accept_languages.best_match(LANGUAGES)
    return spoken or home() or _known(who.workspace.language if who else "") or "en"


def asked() -> str:
    """The language that the address asks for; "" where a member's own rules, and for one that we do not speak."""
    wanted = request.args.get("lang", "")
    return wanted if wanted in LANGUAGES and _for_strangers(request.endpoint) else ""


def at_home(language: str) -> None:
    """This request is on a page of a business that speaks this language: it speaks where the reader's is unknown."""
    g.home_language = language


def home() -> str:
    """The language of the business whose page this is; "" where there is none that we speak."""
    return _known(g.get("home_language", ""))


def _known(language: str) -> str:
    return language if language in LANGUAGES else ""


def switches() -> list[tuple[str, str, str]]:
    """(code, name, address of this page in that language) of each; none on a member's pages and after a POST."""
    if request.method not in ("GET", "HEAD") or not request.endpoint or not _for_strangers(request.endpoint):
        return []
    query = {name: value for name, value in request.args.items() if name != "lang"}
    values = {**query, **(request.view_args or {})}
    try:
        return [(code, name, url_for(request.endpoint, **{**values, "lang": code})) for code, name in LANGUAGES.items()]
    except BuildError:
        return []


def _for_strangers(endpoint: str | None) -> bool:
    if endpoint is None:  # no such page: whoever asks is told so in their language
        return True
    declared = getattr(current_app.view_functions.get(endpoint), "__access__", None)
    return declared is not None and declared.kind in ("public", "portal") and endpoint not in _WORDLESS


_WORDLESS = {"static", "asset", "theme"}


def _carry(endpoint: str, values: dict[str, Any]) -> None:
    """The links of a page that was asked for in a language lead to pages in that language."""
    if has_request_context() and "lang" not in values and asked() and _for_strangers(endpoint):
        values["lang"] = asked()


def fault_of(folder: Path, language: str) -> str:
    """What is wrong with the compiled catalogue of a language, as it lies on the disk; "" when nothing is."""
    written = folder / language / "LC_MESSAGES" / "messages.po"
    compiled = written.with_suffix(".mo")
    if not compiled.exists():
        return "not compiled"
    if written.exists() and written.stat().st_mtime_ns > compiled.stat().st_mtime_ns:
        return "compiled before the last change"
    return ""


def install(app: Flask) -> None:
    """Let links carry the language, and tell templates which there are."""
    app.url_default_functions.setdefault(None, []).append(_carry)
    app.context_processor(lambda: {"languages": switches()})


__all__ = ["LANGUAGES", "asked", "at_home", "fault_of", "home", "install", "selected", "switches"]
