"""Fractional order: between any two keys there is another, so moving a card writes one row.

A key is text over `DIGITS`, compared byte by byte, and never ends in the lowest digit (nothing would fit
before it). New leads come first: their key counts down with time, so adding one reads no other row.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASE = len(DIGITS)
_END = datetime(2900, 1, 1, tzinfo=UTC)
_WIDTH = 11
MAX = 80  # of the column


class Full(Exception):
    """No key of at most MAX characters fits there: give the neighbours new keys first."""


def newest(now: datetime, nth: int = 0) -> str:
    """The key of a lead that is added at `now`: before all older ones. `nth` tells apart the rows of one import."""
    left = (_END - now) // timedelta(microseconds=1) * 4 - nth
    digits = ""
    while left:
        left, digit = divmod(left, _BASE)
        digits = DIGITS[digit] + digits
    return digits.rjust(_WIDTH, "0") + "i"


def between(low: str | None, high: str | None) -> str:
    """A key after `low` and before `high`; None is the beginning or the end. Equal keys: just after both.

    Raises Full when the keys there are used up.
    """
    low, high = low or "", high or ""
    if high and low >= high:
        high = ""
        low = low + DIGITS[0]
    key = _middle(low, high)
    if len(key) > MAX:
        raise Full
    return key


def _middle(low: str, high: str) -> str:
    common = 0
    while high and common < len(high) and (low[common] if common < len(low) else DIGITS[0]) == high[common]:
        common += 1
    if common:
        return high[:common] + _middle(low[common:], high[common:])
    first = DIGITS.index(low[0]) if low else 0
    last = DIGITS.index(high[0]) if high else _BASE
    if last - first > 1:
        return DIGITS[(first + last) // 2]
    if len(high) > 1:
        return high[0]
    return DIGITS[first] + _middle(low[1:], "")
