"""`_()`, remembered: a page asks for a hundred phrases, and looking each up anew took a third of it.

from logicrm.core.phrases import gettext as _, lazy_gettext as _l, ngettext
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Flask, g, has_app_context
from flask_babel import LazyString, get_locale, get_translations, ngettext
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup


@lru_cache(maxsize=8192)
def _phrase(_language: str, string: str) -> str:
    """The phrase in this language, once per language: translations do not change while the program runs."""
    return str(get_translations().ugettext(string))


@lru_cache(maxsize=8192)
def _finished(language: str, string: str) -> Markup:
    return Markup(_phrase(language, string)) % {}  # noqa: S704 - phrases are ours; %% becomes %


def language_now() -> str:
    """The language of this request (also inside `force_locale`), without Flask-Babel's look-ups: a page asks 300 times.

    A string, because a Locale is slow to compare and to hash.
    """
    if has_app_context():
        kept = g._get_current_object().get("_flask_babel")
        known = getattr(kept, "babel_locale", None)
        if known is not None:
            named: tuple[object, str] | None = getattr(kept, "logicrm_language", None)
            if named is None or named[0] is not known:
                named = kept.logicrm_language = (known, str(known))
            return named[1]
    return str(get_locale() or "en")


def gettext(string: str, /, **variables: Any) -> str:
    """The phrase in the language of this request or job, with `variables` put in."""
    phrase = _phrase(language_now(), string)
    return phrase % variables if variables else phrase


def lazy_gettext(string: str, /, **variables: Any) -> LazyString:
    """A phrase that is looked up when it is shown: for what is said once, at import."""
    return LazyString(gettext, string, **variables)


@pass_eval_context
def _in_template(eval_ctx: EvalContext, string: str, /, **variables: Any) -> str:
    """The phrase, with `variables` put in (escaped in HTML, as they are in plain text)."""
    language = language_now()
    if not eval_ctx.autoescape:
        return _phrase(language, string) % variables
    if not variables:
        return _finished(language, string)
    return Markup(_phrase(language, string)) % variables  # noqa: S704


def install(app: Flask) -> None:
    """Take the place of the slower functions that Flask-Babel gave to templates; `ngettext` stays."""
    app.jinja_env.globals.update({"_": _in_template, "gettext": _in_template})


__all__ = ["gettext", "install", "language_now", "lazy_gettext", "ngettext"]
