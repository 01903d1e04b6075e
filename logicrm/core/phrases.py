"""`_()` in templates, remembered: a page asks for a hundred phrases, and looking each up anew took a third of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from babel import Locale
from flask import Flask, g, has_app_context
from flask_babel import get_locale, get_translations
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup


@lru_cache(maxsize=8192)
def _phrase(_locale: Locale | None, string: str) -> str:
    """The phrase in this language, once per language: translations do not change while the program runs."""
    return str(get_translations().ugettext(string))


@lru_cache(maxsize=8192)
def _finished(locale: Locale | None, string: str) -> Markup:
    return Markup(_phrase(locale, string)) % {}  # noqa: S704 - phrases are ours; %% becomes %


def locale_now() -> Locale | None:
    """Flask-Babel's locale of this request (also inside `force_locale`), without its look-ups: a page asks 300 times."""
    if has_app_context():
        kept = g._get_current_object().get("_flask_babel")
        known: Locale | None = getattr(kept, "babel_locale", None)
        if known is not None:
            return known
    return get_locale()


@pass_eval_context
def gettext(eval_ctx: EvalContext, string: str, /, **variables: Any) -> str:
    """The phrase, with `variables` put in (escaped in HTML, as they are in plain text)."""
    locale = locale_now()
    if not eval_ctx.autoescape:
        return _phrase(locale, string) % variables
    if not variables:
        return _finished(locale, string)
    return Markup(_phrase(locale, string)) % variables  # noqa: S704


def install(app: Flask) -> None:
    """Take the place of the slower functions that Flask-Babel gave to templates; `ngettext` stays."""
    app.jinja_env.globals.update({"_": gettext, "gettext": gettext})
