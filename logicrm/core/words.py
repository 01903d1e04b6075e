"""How dates, numbers and money are written, in the reader's language and the workspace's zone."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal
from flask import Flask, g, has_request_context
from markupsafe import Markup, escape

from logicrm.core import clock, phrases
from logicrm.core.access import principal_or_none


def zone() -> ZoneInfo:
    """The zone in which this request's times are shown: the workspace's, else UTC. Asked once per request."""
    context = g._get_current_object()
    known: ZoneInfo | None = context.get("zone_now")
    if known is None:
        name = context.get("time_zone")
        if not name and has_request_context():
            who = principal_or_none()
            name = who.workspace.time_zone if who else None
        known = ZoneInfo(name or "UTC")
        if context.get("principal") or context.get("time_zone"):  # else somebody may still be found out
            context.zone_now = known
    return known


def _locale() -> Locale:
    return _locale_of(phrases.language_now())


@lru_cache(maxsize=16)
def _locale_of(language: str) -> Locale:
    return Locale.parse(language)


#: A day in a list and in a sentence, where "3 Mar 2026" and "3 March 2026" are not how the language writes it.
_SHORT, _LONG = {"vi": "dd/MM/y"}, {"vi": "d MMMM 'năm' y"}


def _short_day(language: str) -> str:
    return _SHORT.get(language[:2], "d MMM y")


def day_in_full(value: date, language: str) -> str:
    """'3 March 2026' in a language, for a sentence or a heading."""
    return str(format_date(value, _LONG.get(language[:2], "d MMMM y"), locale=language))


_LETTERS_THEN_DIGITS = re.compile(r"(?<=[A-Z])(?=-?[0-9])")  # "RON97" is written "RON 97"


# A list writes the same days and amounts again and again, and building each anew is slow.
@lru_cache(maxsize=4096)
def _date_in(value: date, language: str) -> str:
    return str(format_date(value, _short_day(language), locale=language))


@lru_cache(maxsize=4096)
def _money_in(value: Decimal | int | float, currency: str, language: str) -> str:
    whole = Decimal(value) == Decimal(value).to_integral_value()
    pattern = _locale_of(language).currency_formats["standard"].pattern.replace("0.00", "0") if whole else None
    text = str(format_currency(value, currency, locale=language, format=pattern, currency_digits=not whole))
    return _LETTERS_THEN_DIGITS.sub("\u00a0", text)


def show_date(value: date | datetime | None) -> str:
    """'3 Mar 2026' in the reader's language; '' for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(zone()).date()
    return _date_in(value, phrases.language_now())


@lru_cache(maxsize=4096)
def _datetime_in(value: datetime, where: ZoneInfo, language: str) -> str:
    local = value.astimezone(where)
    return format_datetime(local, f"{_short_day(language)}, HH:mm", locale=language) + f" {local.tzname()}"


def show_datetime(value: datetime | None) -> str:
    """'3 Mar 2026, 14:05 EET' in the workspace's zone; '' for None."""
    return "" if value is None else _datetime_in(value, zone(), phrases.language_now())


def show_time(value: datetime | None) -> str:
    """'14:05' in the workspace's zone; '' for None."""
    return "" if value is None else format_datetime(value.astimezone(zone()), "HH:mm", locale=_locale())


def show_ago(value: datetime | None) -> Markup:
    """'3 days ago' as a <time> element whose title is the exact moment."""
    if value is None:
        return Markup("")
    away = value - clock.now()
    # Whole minutes are exact enough beyond two of them, and come back on the next row or page.
    minutes = round(away.total_seconds() / 60)
    words = _away_in(timedelta(minutes=minutes) if abs(minutes) > 1 else away, phrases.language_now())
    return _TIME.format(value.isoformat(timespec="seconds"), show_datetime(value), words)


_TIME = Markup('<time datetime="{}" title="{}">{}</time>')


@lru_cache(maxsize=4096)
def _away_in(away: timedelta, language: str) -> str:
    return str(format_timedelta(away, add_direction=True, locale=language))


def show_money(value: Decimal | int | float | None, currency: str) -> str:
    """'€1,234.50'; whole amounts without decimals; '' for None."""
    return "" if value is None else _money_in(value, currency, phrases.language_now())


def show_number(value: int | float | Decimal | None) -> str:
    """'12,345' in the reader's language; '' for None."""
    return "" if value is None else _number_in(value, phrases.language_now())


@lru_cache(maxsize=4096)
def _number_in(value: int | float | Decimal, language: str) -> str:
    return str(format_decimal(value, locale=language))


def show_filesize(value: int | None) -> str:
    """'3.2 MB' (1 MB = 1,000,000 bytes); '' for None."""
    if value is None:
        return ""
    size = float(value)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return ""


def install(app: Flask) -> None:
    """Register the filters under the names that templates use."""
    phrases.install(app)
    app.add_template_filter(show_date, "date")
    app.add_template_filter(show_datetime, "datetime")
    app.add_template_filter(show_time, "time")
    app.add_template_filter(show_ago, "ago")
    app.add_template_filter(show_money, "money")
    app.add_template_filter(show_number, "number")
    app.add_template_filter(show_filesize, "filesize")
    app.jinja_env.globals["now"] = clock.now
    app.jinja_env.filters["e_attr"] = escape
