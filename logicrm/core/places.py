"""Countries by name, in the reader's language."""

from __future__ import annotations

from babel import Locale
from flask_babel import get_locale

_NOT_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}


def countries() -> list[tuple[str, str]]:
    """(ISO 3166-1 code, name) of every country by name, after an empty choice."""
    names = (get_locale() or Locale("en")).territories
    real = [(c, name) for c, name in names.items() if len(c) == 2 and c.isalpha() and c not in _NOT_COUNTRIES]
    return [("", "–"), *sorted(real, key=lambda pair: pair[1])]


def country_name(code: str) -> str:
    """A country's name; the code itself when it is none."""
    return str((get_locale() or Locale("en")).territories.get(code, code)) if code else ""
