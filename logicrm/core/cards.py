"""Numbers of payment cards in a text: what must stand nowhere in the database."""

from __future__ import annotations

import re

#: 13 to 19 digits, alone or in groups; not inside a longer number, word, address or id.
_DIGITS = re.compile(r"(?<![\w.@/-])\d(?:[ -]?\d){12,18}(?![\w@-])")
#: How issuers' numbers begin, and how long they are (ISO/IEC 7812; Visa, Mastercard, Amex, Discover, JCB, UnionPay, Diners).
_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}|3(?:0[0-5]|[68]\d)\d{11}"
)


def numbers_in(text: str) -> int:
    """How many card numbers a text holds: right beginning, right length, right check digit."""
    found = (re.sub(r"[ -]", "", match) for match in _DIGITS.findall(text))
    return sum(1 for digits in found if _ISSUED.fullmatch(digits) and _luhn(digits))


def _luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1, Annex B."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
