"""Turns the cells of one row into values for a lead, and names each cell that cannot be."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from decimal import Decimal
from urllib.parse import urlsplit

from logicrm.leads.importing import countries, dates, emails, money, names, phones
from logicrm.leads.importing.folding import words
from logicrm.leads.importing.headings import Mapping, base_field
from logicrm.leads.importing.problems import unescape_formula
from logicrm.leads.importing.wording import Said, said

Value = str | bool | Decimal | date | list[str]

MAX_LENGTH = {
    "first_name": 200, "last_name": 200, "full_name": 200, "company": 200, "job_title": 200,
    "street": 300, "city": 100, "region": 100, "postcode": 20, "source": 100, "status": 60,
    "owner_email": 254, "note": 10_000, "external_id": 100, "industry": 100, "company_size": 40,
    "tax_code": 40, "country": 60, "website": 500,
}  # fmt: skip
_MAX_TAGS, _MAX_TAG = 50, 60
_LINES = {"note", "street"}
# What programs write for "nothing"; not for names, for people are called Null.
_NOTHING = frozenset(
    {
        "-",
        "--",
        "n/a",
        "#n/a",
        "na",
        "null",
        "none",
        "nil",
        "(null)",
        "undefined",
        "nan",
        "#ref!",
        "#value!",
        "#name?",
        "#div/0!",
        "0000-00-00",
    }
)
_YES = words(
    """
    yes y true 1 x on oui si sì sí ja j da d có co subscribed optin opt-in opted-in granted ✓
    ✔ wahr vrai vero verdadero adevarat adevărat marketing
    """
) | {"opted in", "đồng ý", "marketing contact"}
_NO = words(
    """
    no n false 0 off non nein nu không khong unsubscribed optout opt-out opted-out denied ✗ falsch
    faux falso fals cleaned pending
    """
) | {"opted out", "non-marketing contact", "non-subscribed", "không đồng ý"}
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_SPACES = re.compile(r"[\s\u00a0\u3000]+")
_DOMAIN = re.compile(r"^[^\s/@:]+\.[^\s/@:.]{2,63}(?::\d+)?(?:[/?#]\S*)?$")


@dataclass(frozen=True)
class CellError:
    """A cell that could not be used (``column`` from 0, None for the row as a whole), and why."""

    column: int | None
    field: str | None
    message: Said
    value: str = ""


@dataclass
class CleanRow:
    """``values`` by field, empty ones left out; ``errors`` forbid the import of the row, ``warnings`` do not.

    Texts, but: ``value`` Decimal, ``created_on`` date, ``consent_marketing`` bool, ``tags``,
    ``other_emails`` and ``other_phones`` list[str]. ``country`` is ISO 3166 alpha-2, ``currency``
    ISO 4217, phones E.164 or, with a warning, as written. ``full_name`` is there whenever a name is.
    """

    values: dict[str, Value] = field(default_factory=dict)
    errors: list[CellError] = field(default_factory=list)
    warnings: list[CellError] = field(default_factory=list)


@dataclass(frozen=True)
class _Cell:
    """A mapped cell on its way: cleaned of what cannot be seen, never empty."""

    text: str
    mapping: Mapping
    field: str
    country: str
    today: date
    zone: tzinfo | None


def clean_row(
    cells: Sequence[str],
    mapping: Sequence[Mapping],
    *,
    default_country: str,
    today: date,
    zone: tzinfo | None = None,
) -> CleanRow:
    """Clean the cells that ``mapping`` gives a field. Never raises on any text.

    ``default_country`` (ISO alpha-2 or "") reads phone numbers without a country code and dates that
    could be read two ways; the row's own country goes before it for phones. Moments with an offset
    become days in ``zone``.
    """
    row = CleanRow()
    todo = []
    country = default_country.upper()
    for one in mapping:
        if one.field is None or one.column >= len(cells) or not (raw := cells[one.column]):
            continue
        base = base_field(one.field)
        text = visible(raw, lines=base in _LINES)
        if text and not (text.lower() in _NOTHING and "name" not in base):
            todo.append((one, base, text))
            if base == "country" and (named := countries.alpha2(text)):
                country = named
    for one, base, text in todo:
        if base == "phone" or base == "mobile":
            _phone(row, one, base, text, country)
        elif base == "email":
            _email(row, one, text)
        elif (special := _SPECIAL.get(base)) is not None:
            special(row, _Cell(text, one, base, default_country.upper(), today, zone))
        else:
            _text(row, one, base, text)
    _names(row, default_country.upper())
    if not row.errors and not any(key in row.values for key in ("full_name", "company", "email", "phone", "mobile")):
        row.errors.append(
            CellError(
                None,
                None,
                said("There is nothing to identify this lead by: no name, company, e-mail or phone."),
            )
        )
    return row


def visible(text: str, *, lines: bool = False) -> str:
    """Return ``text`` without control and zero-width characters and needless spaces; composed (NFC).

    Line ends are kept as "\\n" when ``lines``, else they become spaces. An apostrophe that
    ``escape_formula`` put in front is taken off.
    """
    if text.isascii() and text.isprintable():
        return unescape_formula(" ".join(text.split()) if "  " in text else text.strip())
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _UNSEEN.sub("", text)
    if lines:
        text = "\n".join(_SPACES.sub(" ", line).strip() for line in text.split("\n"))
        return unescape_formula(re.sub(r"\n{3,}", "\n\n", text).strip())
    return unescape_formula(_SPACES.sub(" ", text).strip())


def _text(row: CleanRow, one: Mapping, base: str, text: str) -> None:
    """Keep a text; the lines of an address and the parts of a note are joined."""
    limit = MAX_LENGTH.get(base, 200)
    if base == "street":
        text = ", ".join(part.strip(" ,") for part in text.split("\n") if part.strip(" ,"))
    before = row.values.get(base)
    if isinstance(before, str):
        text = before if text in before else before + (", " if base == "street" else "\n\n") + text
    if len(text) > limit:
        message = said("This has %(found)d characters; at most %(limit)d fit.", found=len(text), limit=limit)
        row.errors.append(CellError(one.column, base, message, text[:200]))
    elif text:
        row.values[base] = text


def _email(row: CleanRow, one: Mapping, text: str) -> None:
    for address in emails.split(text):
        normal = emails.normal(address)
        if normal is None:
            row.errors.append(CellError(one.column, "email", said("This is not an e-mail address."), address[:200]))
        elif "email" not in row.values:
            row.values["email"] = normal
        elif normal != row.values["email"]:
            _append(row, "other_emails", normal)


def _phone(row: CleanRow, one: Mapping, base: str, text: str, country: str) -> None:
    for written in phones.split(text):
        number = phones.normal(written, country)
        kept = number.text[: phones.MAX_PHONE]
        if not number.valid:
            message = said("This does not look like a phone number; it is kept as it is written.")
            row.warnings.append(CellError(one.column, base, message, written[:200]))
        if number.extension:
            message = said(
                "Only the number is dialled: extension %(digits)s goes into the note.",
                digits=number.extension,
            )
            row.warnings.append(CellError(one.column, base, message, written[:200]))
            _text(row, one, "note", f"{kept} ext. {number.extension}")
        if base not in row.values:
            row.values[base] = kept
        elif kept not in (row.values.get("phone"), row.values.get("mobile")):
            _append(row, "other_phones", kept)


def _append(row: CleanRow, key: str, text: str) -> None:
    texts = row.values.setdefault(key, [])
    if isinstance(texts, list) and text not in texts and len(texts) < 20:
        texts.append(text)


def _country(row: CleanRow, cell: _Cell) -> None:
    code = countries.alpha2(cell.text)
    if code is None:
        row.errors.append(
            CellError(
                cell.mapping.column,
                "country",
                said("No country of this name or code is known."),
                cell.text[:200],
            )
        )
    else:
        row.values["country"] = code


def _value(row: CleanRow, cell: _Cell) -> None:
    try:
        amount, currency = money.parse(cell.text)
    except ValueError:
        row.errors.append(
            CellError(cell.mapping.column, "value", said("This is not an amount of money."), cell.text[:200])
        )
        return
    row.values["value"] = amount
    if currency:
        row.values.setdefault("currency", currency)


def _currency(row: CleanRow, cell: _Cell) -> None:
    try:
        _, currency = money.parse(f"1 {cell.text}")
    except ValueError:
        currency = ""
    if currency:
        row.values["currency"] = currency
    else:
        message = said("This is not a currency; write its code of three letters, such as EUR.")
        row.errors.append(CellError(cell.mapping.column, "currency", message, cell.text[:200]))


def _created_on(row: CleanRow, cell: _Cell) -> None:
    order = cell.mapping.date_order or ("mdy" if cell.country in dates.MONTH_FIRST else "dmy")
    try:
        day = dates.parse(cell.text, order=order, zone=cell.zone)
    except (ValueError, OverflowError):
        message = said("This is not a date; 2024-12-31 would be one.")
        row.errors.append(CellError(cell.mapping.column, "created_on", message, cell.text[:200]))
        return
    if not 1900 <= day.year <= cell.today.year + 100:
        row.errors.append(
            CellError(cell.mapping.column, "created_on", said("This year cannot be meant."), cell.text[:200])
        )
        return
    if day > cell.today:
        row.warnings.append(
            CellError(cell.mapping.column, "created_on", said("This day lies in the future."), cell.text[:200])
        )
    row.values["created_on"] = day


def _consent(row: CleanRow, cell: _Cell) -> None:
    word = cell.text.lower()
    if word in _YES:
        row.values["consent_marketing"] = True
    elif word in _NO:
        row.values["consent_marketing"] = False
    else:  # consent is never guessed
        message = said("Neither yes nor no: taken as no consent.")
        row.warnings.append(CellError(cell.mapping.column, "consent_marketing", message, cell.text[:200]))
        row.values["consent_marketing"] = False


def _website(row: CleanRow, cell: _Cell) -> None:
    text = cell.text.replace("\\:", ":")
    if "://" not in text and _DOMAIN.match(text):
        text = "https://" + text
    try:
        parts = urlsplit(text)
        good = (
            parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s<>\"'`\\]", text)
        )
        good = good and parts.port != 0
    except ValueError:
        good = False
    if not good or len(text) > MAX_LENGTH["website"]:
        message = said("This is not the address of a website; it should begin with https:// or http://.")
        row.errors.append(CellError(cell.mapping.column, "website", message, cell.text[:200]))
    else:
        row.values["website"] = text


def _tags(row: CleanRow, cell: _Cell) -> None:
    texts = emails.from_json(cell.text) or re.split(r"[;,|]|:::", cell.text)
    for text in texts[:_MAX_TAGS]:
        tag = text.strip().removeprefix("* ")[:_MAX_TAG]
        if tag:
            _append(row, "tags", tag)


def _owner(row: CleanRow, cell: _Cell) -> None:
    # Whoever it names is looked for by the import, by address or by name.
    found = emails.split(cell.text) if "@" in cell.text else []
    text = emails.normal(found[0]) if found else None
    _text(row, cell.mapping, "owner_email", text or cell.text)


_SPECIAL: dict[str, Callable[[CleanRow, _Cell], None]] = {
    "country": _country,
    "value": _value,
    "currency": _currency,
    "created_on": _created_on,
    "consent_marketing": _consent,
    "website": _website,
    "tags": _tags,
    "owner_email": _owner,
}


def _names(row: CleanRow, country: str) -> None:
    """Fill first and last name from the whole name, or the whole from its parts."""
    values = row.values
    first, last, full = (str(values.get(key, "")) for key in ("first_name", "last_name", "full_name"))
    if full and not first and not last:
        first, last = names.split(full, country=country)
        values.update({key: part for key, part in (("first_name", first), ("last_name", last)) if part})
    elif (first or last) and not full:
        values["full_name"] = f"{first} {last}".strip()
