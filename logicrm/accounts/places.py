"""What a country implies: its currency, its time zones, its language. From the Unicode CLDR (Babel)."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global
from babel.languages import get_official_languages
from babel.numbers import get_territory_currencies, list_currencies
from flask_babel import get_locale

Choice = tuple[str, str]

# CLDR's list of zones has no order of size; where a country has several, this one holds its capital or most people.
_MAIN_ZONE = {
    "AR": "America/Argentina/Buenos_Aires", "CN": "Asia/Shanghai", "CY": "Asia/Nicosia", "DE": "Europe/Berlin",
    "ES": "Europe/Madrid", "GB": "Europe/London", "MY": "Asia/Kuala_Lumpur", "NZ": "Pacific/Auckland",
    "PT": "Europe/Lisbon", "UA": "Europe/Kyiv", "UZ": "Asia/Tashkent", "CL": "America/Santiago",
    "EC": "America/Guayaquil",
}  # fmt: skip


def _words() -> Locale:
    return Locale.parse(str(get_locale() or "en"))


def countries() -> list[Choice]:
    """(ISO 3166-1 code, name in the reader's language), by name."""
    return _countries(str(_words()))


@cache
def _countries(language: str) -> list[Choice]:
    real = set(get_global("territory_zones"))
    names = Locale.parse(language).territories
    found = [(code, names[code]) for code in real if code.isalpha() and code in names and code != "ZZ"]
    return sorted(found, key=lambda pair: pair[1])


@cache
def _currencies(language: str) -> list[Choice]:
    names = Locale.parse(language).currencies
    now = {code for country in get_global("territory_zones") for code in get_territory_currencies(country)}
    return [(code, f"{code} · {names.get(code, code)}") for code in sorted(now & list_currencies())]


def currencies() -> list[Choice]:
    """(ISO 4217 code, code and name), of every currency that is legal tender today."""
    return _currencies(str(_words()))


@cache
def time_zones() -> list[Choice]:
    """(IANA name, the same with blanks for underscores), by name."""
    technical = ("Etc/", "SystemV/", "posix")
    names = {name for name in available_timezones() if "/" in name and not name.startswith(technical)}
    return [(name, name.replace("_", " ")) for name in sorted(names)] + [("UTC", "UTC")]


def zone_of(country: str) -> str:
    """The zone in which a country lives, or '' when there are several and none is the obvious one."""
    zones = [z for z in get_global("territory_zones").get(country, []) if z in available_timezones()]
    return zones[0] if len(zones) == 1 else _MAIN_ZONE.get(country, "")


def currency_of(country: str) -> str:
    """The currency of a country, or '' where it has none of its own."""
    return next(iter(get_territory_currencies(country)), "") if len(country) == 2 else ""


def language_of(country: str, offered: tuple[str, ...]) -> str:
    """The country's official language if the program speaks it, else English."""
    official = get_official_languages(country, de_facto=True) if len(country) == 2 else ()
    return next((code for code in official if code in offered), "en")


def guessed_country(accept_languages: list[str]) -> str:
    """The country in the browser's languages ('ro-RO' → 'RO', 'vi' → 'VN'); '' when they name none."""
    known = {code for code, _name in _countries("en")}
    for tag in accept_languages:
        region = tag.replace("_", "-").rpartition("-")[2].upper() if "-" in tag or "_" in tag else ""
        if region in known:
            return region
    return ""


__all__ = [
    "countries", "currencies", "currency_of", "guessed_country", "language_of", "time_zones", "zone_of",
]  # fmt: skip
