"""How shipments are put on a page: words, tones and icons of a status; days of a timeline; lateness in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta
from flask_babel import get_locale

from logicrm.core.phrases import gettext as _
from logicrm.shipments.statuses import (
    ICONS,
    MUST_ACT_WORDS,
    REASON_WORDS,
    SOURCE_WORDS,
    TONES,
    WORDS,
    MustAct,
    Reason,
    Source,
    Status,
)


@dataclass(frozen=True)
class Pill:
    """A status as a template needs it."""

    text: str
    tone: str
    icon: str


def pill_of(status: str) -> Pill:
    """Word, tone and icon of a status."""
    known = Status(status)
    return Pill(str(WORDS[known]), TONES[known], ICONS[known])


def reason_word(reason: str) -> str:
    """'Customs' for "customs"; '' for none."""
    return str(REASON_WORDS[Reason(reason)]) if reason in set(Reason) else ""


def must_act_word(who: str) -> str:
    """'The recipient' for "recipient"; '' for nobody."""
    return str(MUST_ACT_WORDS[MustAct(who)]) if who in set(MustAct) else ""


def source_word(source: str) -> str:
    """'Carrier' for "carrier"."""
    return str(SOURCE_WORDS[Source(source)]) if source in set(Source) else source


def days_of(rows: Iterable[Any], zone: str) -> list[tuple[date, list[Any]]]:
    """Group (event, who) rows, newest first, by the day on which they happened in a zone."""
    local = ZoneInfo(zone)
    return [
        (day, list(some)) for day, some in groupby(rows, key=lambda row: row[0].occurred_at.astimezone(local).date())
    ]


def clock_of(moment: datetime, zone: str) -> str:
    """'14:05' in a zone."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"


def offset_of(minutes: int) -> str:
    """'UTC+02:00' for 120."""
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def difference(first: datetime | None, latest: datetime | None) -> str:
    """'2 days later than first expected', or '' when nothing moved by at least a quarter of an hour."""
    if first is None or latest is None or abs(latest - first) < timedelta(minutes=15):
        return ""
    words = format_timedelta(abs(latest - first), threshold=1.5, locale=str(get_locale() or "en"))
    if latest > first:
        return _("%(time)s later than first expected", time=words)
    return _("%(time)s earlier than first expected", time=words)


def lateness(late_from: datetime | None, now: datetime) -> str:
    """'2 days late' for an open shipment whose promised moment has passed; '' otherwise."""
    if late_from is None or late_from >= now:
        return ""
    return _("%(time)s late", time=format_timedelta(now - late_from, locale=str(get_locale() or "en")))
