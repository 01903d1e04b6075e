"""The one clock. Services take `now` or `today` as arguments; only edges ask this module."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def today(zone: str = "UTC") -> date:
    """The present day in an IANA time zone, such as a workspace's."""
    return datetime.now(ZoneInfo(zone)).date()
