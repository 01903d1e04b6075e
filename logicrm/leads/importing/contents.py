"""What a cell looks like, whatever the heading above it says."""

import re
from collections.abc import Iterable

from logicrm.leads.importing import countries

_EMAIL = re.compile(r"^[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;.]{2,}$")
_URL = re.compile(r"^(https?://\S+|www\.\S+\.\S+)$", re.IGNORECASE)
_PHONE = re.compile(r"^\+?[\d\s().\-/]{7,25}(?:\s*(?:ext|x)\.?\s*\d{1,6})?$", re.IGNORECASE)
_DATE = re.compile(r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?:[T ]\d{1,2}:\d{2}.*)?\.?$")
_MARK = r"(?:[€$£¥₫₽]|lei|ron|eur|usd|vnd|gbp|chf|đ)"
_MONEY = re.compile(rf"^(?:{_MARK}\s?-?\d[\d\s.,'’]*|-?\d[\d\s.,'’]*\s?{_MARK})$", re.IGNORECASE)
_DECIMAL = re.compile(r"^-?\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})*[.,]\d{2}$")
_NUMBER = re.compile(r"^-?\d+(?:[.,]\d+)?$")
_LEGAL = re.compile(
    r"\b(s\.?r\.?l|gmbh|ltd|limited|inc|llc|s\.?a\.?s?|ag|kg|co|corp|b\.?v|oy|ab|plc|s\.?p\.?a|pfa|jsc|tnhh"
    r"|công ty|cty)\b\.?",
    re.IGNORECASE,
)


def kind_of(cell: str) -> str | None:
    """Name what a cell looks like: email, website, date, value, phone, number, or None for words."""
    text = cell.strip()
    if not text or len(text) > 300:
        return None
    if _EMAIL.match(text.split(";")[0].split(",")[0].strip()):
        return "email"
    if _URL.match(text):
        return "website"
    if not any(char.isdigit() for char in text):
        return None
    if _DATE.match(text):
        return "created_on"
    if _MONEY.match(text) or _DECIMAL.match(text):
        return "value"
    digits = sum(char.isdigit() for char in text)
    if _NUMBER.match(text) and not (text.startswith("0") and digits >= 9) and digits < 11:
        return "number"
    return "phone" if _PHONE.match(text) and 7 <= digits <= 15 else None


def is_data(cell: str) -> bool:
    """Tell whether a cell is surely a value and not the name of a column."""
    return kind_of(cell) is not None


def column_kind(values: Iterable[str]) -> tuple[str | None, float]:
    """Return what most cells of a column look like, and the share (0 to 1) of the filled ones."""
    filled = [value.strip() for value in values if value.strip()]
    if not filled:
        return None, 0.0
    kinds = [kind_of(value) for value in filled]
    share = {kind: kinds.count(kind) / len(filled) for kind in set(kinds)}
    best = max(share, key=lambda kind: (share[kind], kind or ""))
    if best is not None and share[best] >= 0.6:
        return best, share[best]
    for name, found in (
        ("country", _countries(filled)),
        ("company", _companies(filled)),
        ("full_name", _names(filled)),
    ):
        if found >= 0.6:
            return name, found
    return None, 0.0


def _countries(values: list[str]) -> float:
    # Two letters are a country only in a whole column of them: "IT" or "NO" stands for much else.
    return sum(len(v) >= 2 and countries.alpha2(v) is not None for v in values) / len(values)


def _companies(values: list[str]) -> float:
    return sum(bool(_LEGAL.search(value)) for value in values) / len(values)


def _names(values: list[str]) -> float:
    """Return the share of values that are two to four words, each with a capital."""
    hits = 0
    for value in values:
        words = value.split()
        hits += 2 <= len(words) <= 4 and all(
            w[0].isupper() and w.replace("-", "").replace(".", "").replace("'", "").isalpha() for w in words
        )
    return hits / len(values)


def longest(values: Iterable[str]) -> float:
    """Return the mean length in characters of the filled cells."""
    filled = [len(value) for value in values if value.strip()]
    return sum(filled) / len(filled) if filled else 0.0
