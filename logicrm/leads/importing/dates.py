"""Days as people write them, in our languages and orders."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Literal

from babel.dates import get_month_names

from logicrm.leads.importing.folding import fold

Order = Literal["dmy", "mdy"]

# Countries that write the month first; everywhere else the day comes first.
MONTH_FIRST = frozenset({"US", "PH", "FM", "MH", "PW", "GU", "PR", "VI", "AS", "MP"})

_NUMERIC = re.compile(r"^(\d{1,2})[./\- ](\d{1,2})[./\- ](\d{4}|\d{2})\.?(?:[ ,T]+\d{1,2}[:.]\d{2}.*)?$")
_ISO = re.compile(
    r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
    r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*Z?\s*(?:UTC|GMT)?(?P<zone>[+-]\d{2}:?\d{2}|[+-]\d{2})?.*)?$"
)
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:T.*)?$")
_SERIAL = re.compile(r"^\d{5}(?:\.\d+)?$")
_WORDS = re.compile(r"[0-9]+|[a-z]+")
_EXCEL_ZERO = date(1899, 12, 30)


def order_of(cells: Iterable[str]) -> Order | None:
    """Return the order that a column's dates prove by a number above 12; None when they prove nothing, or both."""
    day_first = month_first = 0
    for cell in cells:
        if match := _NUMERIC.match(cell.strip()):
            first, second = int(match[1]), int(match[2])
            day_first += first > 12 >= second
            month_first += second > 12 >= first
    if bool(day_first) == bool(month_first):
        return None
    return "dmy" if day_first else "mdy"


def parse(text: str, *, order: Order, zone: tzinfo | None = None) -> date:
    """Return the day that ``text`` names. Raises ValueError when it names none.

    ``order`` decides 03/04/2024. A moment with an offset becomes the day it had in ``zone``, or the
    day as written when ``zone`` is None. Numbers of five digits are days as spreadsheets count them.
    """
    text = text.strip()
    if match := _ISO.match(text):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
        return _in_zone(date(year, month, day), text, match, zone)
    if match := _NUMERIC.match(text):
        first, second, year = int(match[1]), int(match[2]), int(match[3])
        if year < 100:
            year += 2000 if year < 70 else 1900
        if second > 12 or (order == "mdy" and first <= 12):
            first, second = second, first
        return date(year, second, first)
    if match := _COMPACT.match(text):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if _SERIAL.match(text) and 20_000 <= float(text) < 80_000:
        return _EXCEL_ZERO + timedelta(days=int(float(text)))
    return _in_words(text)


def _in_zone(day: date, text: str, match: "re.Match[str]", zone: tzinfo | None) -> date:
    offset = match["zone"]
    if zone is None or match[4] is None or not (offset or re.search(r"\dZ|UTC|GMT", text)):
        return day
    written: tzinfo = UTC
    if offset:
        digits = offset[1:].replace(":", "").ljust(4, "0")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        written = timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
    moment = datetime(day.year, day.month, day.day, int(match[4]), int(match[5]), int(match[6] or 0), tzinfo=written)
    try:
        return moment.astimezone(zone).date()
    except OverflowError as far:
        raise ValueError("a day beyond the calendar") from far


@cache
def _months() -> dict[str, int]:
    names: dict[str, int] = {}
    for language in ("en", "ro", "de", "fr", "es", "it"):
        for width in ("wide", "abbreviated"):
            for number, name in get_month_names(width, locale=language).items():
                names.setdefault(fold(str(name)), number)
                names.setdefault(fold(str(name))[:3] if language == "en" else fold(str(name)), number)
    return names


def _in_words(text: str) -> date:
    """Read "14 Oct 2010", "October 14th, 2010", "14. Oktober 2010", "14 tháng 10, 2010"."""
    words = [
        word
        for word in _WORDS.findall(fold(text))
        if word not in ("st", "nd", "rd", "th", "de", "del", "ngay", "nam", "of")
    ]
    if len(text) > 60 or len(words) < 3:
        raise ValueError(text)
    if words[1] == "thang" and len(words) >= 4:
        words = [words[0], words[2], words[3]]
        return date(int(words[2]), int(words[1]), int(words[0]))
    names = [word for word in words if word in _months()]
    numbers = [int(word) for word in words if word.isdigit() and len(word) <= 4]
    if len(names) != 1 or len(numbers) < 2:
        raise ValueError(text)
    first, second = numbers[:2]
    day, year = (second, first) if first > 31 else (first, second)
    if year < 100:
        year += 2000 if year < 70 else 1900
    return date(year, _months()[names[0]], day)
