"""How dates, numbers and money are written, in the reader's language and the workspace's zone."""

from __future__ import annotations

from datetime import date, datetime
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


_EN = Locale("en")


def _locale() -> Locale:
    return phrases.locale_now() or _EN


# A list writes the same days and amounts again and again, and building each anew is slow.
@lru_cache(maxsize=4096)
def _date_in(value: date, locale: Locale) -> str:
    return str(format_date(value, "d MMM y", locale=locale))


@lru_cache(maxsize=4096)
def _money_in(value: Decimal | int | float, currency: str, locale: Locale) -> str:
    whole = Decimal(value) == Decimal(value).to_integral_value()
    return str(
        format_currency(value, currency, locale=locale, format="¤#,##0" if whole else None, currency_digits=not whole)
    )


def show_date(value: date | datetime | None) -> str:
    """'3 Mar 2026' in the reader's language; '' for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(zone()).date()
    return _date_in(value, _locale())


def show_datetime(value: datetime | None) -> str:
    """'3 Mar 2026, 14:05 EET' in the workspace's zone; '' for None."""
    if value is None:
        return ""
    local = value.astimezone(zone())
    return format_datetime(local, "d MMM y, HH:mm", locale=_locale()) + f" {local.tzname()}"


def show_time(value: datetime | None) -> str:
    """'14:05' in the workspace's zone; '' for None."""
    return "" if value is None else format_datetime(value.astimezone(zone()), "HH:mm", locale=_locale())


def show_ago(value: datetime | None) -> Markup:
    """'3 days ago' as a <time> element whose title is the exact moment."""
    if value is None:
        return Markup("")
    words = format_timedelta(value - clock.now(), add_direction=True, locale=_locale())
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        value.isoformat(timespec="seconds"), show_datetime(value), words
    )


def show_money(value: Decimal | int | float | None, currency: str) -> str:
    """'€1,234.50'; whole amounts without decimals; '' for None."""
    return "" if value is None else _money_in(value, currency, _locale())


def show_number(value: int | float | Decimal | None) -> str:
    """'12,345' in the reader's language; '' for None."""
    return "" if value is None else format_decimal(value, locale=_locale())


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
