"""Amounts of money in the notations of the countries that write them."""

import re
from decimal import Decimal, InvalidOperation

from logicrm.leads.importing.folding import words

MAX_AMOUNT = Decimal(10) ** 15

_SIGNS = {
    "€": "EUR", "£": "GBP", "₫": "VND", "đ": "VND", "¥": "JPY", "₹": "INR", "₽": "RUB", "₴": "UAH",
    "zł": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "leu": "RON", "ron": "RON", "us$": "USD",
    "$": "USD", "dollar": "USD", "euro": "EUR", "vnđ": "VND", "dong": "VND", "đồng": "VND", "fr.": "CHF",
    "лв": "BGN", "kr": "",
}  # fmt: skip
CODES = words(
    """
    EUR USD GBP RON VND CHF PLN HUF CZK BGN SEK NOK DKK RSD MDL UAH TRY RUB JPY CNY KRW INR AUD CAD
    NZD SGD HKD THB MYR IDR PHP TWD ZAR BRL MXN ARS CLP COP PEN ILS AED SAR QAR EGP MAD TND KES NGN
    ISK ALL MKD BAM GEL AMD AZN KZT UZS PKR BDT LKR KHR LAK MMK
    """
)
_PARTS = re.compile(
    r"^(?P<before>[^\d(-]*)(?P<minus>[-−(]?)(?P<before2>[^\d]*?)(?P<number>\d[\d.,'’\s\u00a0\u202f]*)(?P<minus2>-?)\)?(?P<after>[^\d]*)$"
)
_SPACES = re.compile(r"[\s\u00a0\u202f'’]")


def parse(text: str) -> tuple[Decimal, str]:
    """Return the amount and its currency (ISO 4217, "" when none is written).

    One sign followed by three digits groups thousands ("1.234" is 1234), any other is the decimal
    sign; of two different signs the last is. Raises ValueError.
    """
    match = _PARTS.match(text.strip())
    if not match:
        raise ValueError(text)
    currency = ""
    for sign in (match["before"] + match["before2"], match["after"]):
        word = sign.strip(" \u00a0\u202f)(").lower()
        if word:
            found = _SIGNS.get(word) or (word.upper() if word.upper() in CODES else None)
            if (found is None and word not in ("kr", "mil")) or word == "mil":
                raise ValueError(text)
            currency = currency or found or ""
    amount = decimal_of(match["number"])
    if match["minus"] or match["minus2"]:
        amount = -amount
    if abs(amount) > MAX_AMOUNT:
        raise ValueError(text)
    return amount, currency


def decimal_of(number: str) -> Decimal:
    """Return the value of digits grouped and pointed in any way. Raises ValueError."""
    bare = _SPACES.sub("", number).rstrip(".,")
    marks = [char for char in bare if char in ".,"]
    if len(set(marks)) == 2:
        decimal_mark = marks[-1]
        if marks.count(decimal_mark) > 1:
            raise ValueError(number)
        whole, _, rest = bare.partition(decimal_mark)
        groups = re.split("[.,]", whole)
        if len(groups[-1]) != 3 or not all(2 <= len(group) <= 3 for group in groups[1:]):  # lakhs have two
            raise ValueError(number)
        bare = f"{''.join(groups)}.{rest}"
    elif marks:
        mark = marks[0]
        groups = bare.split(mark)
        if all(len(group) == 3 for group in groups[1:]) and 1 <= len(groups[0]) <= 3 and groups[0] != "0":
            bare = "".join(groups)
        elif len(marks) == 1:
            bare = bare.replace(",", ".")
        else:
            raise ValueError(number)
    try:
        return Decimal(bare)
    except InvalidOperation as bad:
        raise ValueError(number) from bad
