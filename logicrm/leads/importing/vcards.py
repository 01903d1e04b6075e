"""Visiting cards (vCard 2.1, 3.0, 4.0) as rows.

Read line by line by our own reader: vobject raises whatever comes to it and builds every picture in
memory, and address books of telephones hold a picture per card. Source: RFC 6350, RFC 2426,
versit vCard 2.1.
"""

import base64
import binascii
import codecs
import io
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from logicrm.leads.importing.encodings import WIDE, canonical
from logicrm.leads.importing.table import Limits, Row, UnreadableFile
from logicrm.leads.importing.wording import Said, said

HEADINGS = (
    "Full name", "First name", "Last name", "Company", "Job title", "E-mail", "Other e-mails", "Mobile",
    "Phone", "Other phones", "Street", "City", "Region", "Postcode", "Country", "Website", "Note",
    "Categories", "UID",
)  # fmt: skip

_WANTED = {
    "FN",
    "N",
    "ORG",
    "TITLE",
    "ROLE",
    "EMAIL",
    "TEL",
    "ADR",
    "URL",
    "NOTE",
    "CATEGORIES",
    "UID",
    "VERSION",
}
_NAME = re.compile(rb"^\s{0,8}(?:[A-Za-z0-9_-]+\.)?([A-Za-z0-9-]+)((?:;[^:\"]*(?:\"[^\"]*\"[^:\"]*)*)?):", re.DOTALL)
_MAX_LINE = 64 * 1024
_MAX_PROPERTY = 256 * 1024
_MAX_PROPERTIES = 2_000
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass
class _Property:
    """One line of a card, unfolded: its name, its parameters in capitals, and its bytes."""

    name: str
    parameters: dict[str, set[str]]
    value: bytes

    def is_a(self, *kinds: str) -> bool:
        return bool(self.parameters.get("TYPE", set()) & set(kinds))

    @property
    def preferred(self) -> bool:
        return self.is_a("PREF") or "1" in self.parameters.get("PREF", set())


@dataclass
class _Card:
    """What stood between BEGIN and END, and the line of its BEGIN."""

    line: int
    properties: list[_Property] = field(default_factory=list)
    problem: Said | None = None
    ended: bool = False


def card_rows(stream: BinaryIO, encoding: str, limits: Limits) -> Iterator[Row]:
    """Read one row (columns: ``HEADINGS``) for each card; ``line`` is that of its BEGIN. Closes the stream.

    Several values stand in one cell, separated by "; ". Pictures, sounds and keys are passed over
    without being kept. A card that cannot be used has a problem. Raises UnreadableFile.
    """
    for card in _cards(stream, encoding):
        try:
            cells = _row(card.properties, "utf-8" if encoding in WIDE else encoding)
            problem = card.problem
        except (ValueError, LookupError, binascii.Error):
            cells, problem = (
                [""] * len(HEADINGS),
                card.problem or said("The card at line %(line)d is damaged.", line=card.line),
            )
        if not problem and not any(cells):
            problem = said("The card at line %(line)d is empty.", line=card.line)
        yield Row(card.line, [cell[: limits.max_cell] for cell in cells], problem)


def count_cards(stream: BinaryIO, encoding: str) -> int:
    """Count the cards without reading them. Closes the stream."""
    with stream:
        return sum(1 for _, line in _lines(stream, encoding) if line[:11].upper() == b"BEGIN:VCARD")


def _lines(stream: BinaryIO, encoding: str) -> Iterator[tuple[int, bytes]]:
    """Hand out (number, line without its end); of a line longer than 64 KB only the first piece."""
    source: BinaryIO | io.BufferedReader = stream
    if encoding in WIDE:
        # Names and parameters are ASCII only after this; pictures are ASCII anyway.
        source = io.BytesIO(stream.read().decode(encoding, errors="replace").encode("utf-8", "replace"))
    number = 0
    at_start = True
    while piece := source.readline(_MAX_LINE):
        if at_start:
            number += 1
            if number == 1:
                piece = piece.removeprefix(codecs.BOM_UTF8)
            if b"\r" in piece.rstrip(b"\r\n"):  # the line ends of old Macs
                for extra, part in enumerate(piece.rstrip(b"\r\n").split(b"\r")):
                    yield number + extra, part
                number += piece.rstrip(b"\r\n").count(b"\r")
            else:
                yield number, piece.rstrip(b"\r\n")
        at_start = piece.endswith(b"\n")


def _cards(stream: BinaryIO, encoding: str) -> Iterator[_Card]:
    card: _Card | None = None
    with stream:
        for number, name, parameters, value in _properties(_lines(stream, encoding)):
            if name == "BEGIN" and value.strip().upper() == b"VCARD":
                if card is not None:
                    card.problem = said("The card at line %(line)d has no end (END:VCARD).", line=card.line)
                    yield card
                card = _Card(number)
            elif name == "END" and card is not None and value.strip().upper() == b"VCARD":
                yield card
                card = None
            elif card is not None and name in _WANTED:
                if len(card.properties) >= _MAX_PROPERTIES:
                    card.problem = said("The card at line %(line)d has too many lines.", line=card.line)
                else:
                    card.properties.append(_Property(name, parameters, value))
    if card is not None:
        card.problem = said(
            "The card at line %(line)d has no end (END:VCARD); the file may be cut off.", line=card.line
        )
        yield card


def _properties(lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, str, dict[str, set[str]], bytes]]:
    """Unfold lines and take them apart: (line, name, parameters, value). Unwanted values come empty."""
    number, name, parameters, value = 0, "", dict[str, set[str]](), b""
    soft_end = skipping = False
    for at, line in lines:
        folded = line[:1] in (b" ", b"\t")
        if soft_end:  # quoted-printable: "=" at the end of a line means that it goes on
            value = value[:-1] + (line[1:] if folded else line)
            soft_end = line.endswith(b"=") and len(value) < _MAX_PROPERTY
            continue
        if name and folded:
            if not skipping and len(value) < _MAX_PROPERTY:
                value += line[1:]
                soft_end = _is_quoted(parameters) and line.endswith(b"=")
            continue
        match = _NAME.match(line) if b":" in line else None
        if match is None:
            continue  # empty lines, unindented base64, rubbish between cards
        if name:
            yield number, name, parameters, value
        number = at
        name = match[1].decode("ascii").upper()
        parameters = _parameters(match[2])
        skipping = name not in _WANTED and name not in ("BEGIN", "END")
        value = b"" if skipping else line[match.end() :]
        soft_end = _is_quoted(parameters) and line.endswith(b"=")
        if skipping and soft_end:
            value = line[-1:]
    if name:
        yield number, name, parameters, value


def _parameters(raw: bytes) -> dict[str, set[str]]:
    """Parse ";TYPE=work,voice;PREF": names without "=" are types, as vCard 2.1 writes them."""
    found: dict[str, set[str]] = {}
    for part in re.findall(rb";((?:\"[^\"]*\"|[^;\"])*)", raw):
        name, equals, values = part.decode("ascii", "ignore").upper().partition("=")
        if not equals:
            name, values = "TYPE", name
        if values in ("QUOTED-PRINTABLE", "BASE64"):
            name = "ENCODING"
        found.setdefault(name.strip(), set()).update(v.strip() for v in values.replace('"', "").split(","))
    return found


def _is_quoted(parameters: dict[str, set[str]]) -> bool:
    return bool(parameters.get("ENCODING", set()) & {"QUOTED-PRINTABLE", "Q"})


def _text(prop: _Property, encoding: str) -> str:
    """Decode a value, without touching its backslashes."""
    value = prop.value
    if _is_quoted(prop.parameters):
        value = quopri.decodestring(value)
    elif prop.parameters.get("ENCODING", set()) & {"B", "BASE64"}:
        value = base64.b64decode(value + b"===", validate=False)
    for charset in sorted(prop.parameters.get("CHARSET", set())):
        try:
            encoding = canonical(charset)
        except UnreadableFile:
            continue  # a name that nobody knows: the file's own encoding is the better guess
    if encoding == "cp1252":
        with_utf8 = value.decode("utf-8", errors="replace")
        if "\ufffd" not in with_utf8:
            return with_utf8.replace("\0", "")
    return value.decode(encoding, errors="replace").replace("\0", "")


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], text).strip()


def _parts(text: str, separator: str = ";") -> list[str]:
    """Split at separators that no backslash protects, then unescape each part."""
    return [_plain(part) for part in re.split(rf"(?<!\\){separator}", text)]


def _row(properties: list[_Property], encoding: str) -> list[str]:
    """Lay the properties of a card out under HEADINGS, preferred ones first."""
    values: dict[str, list[tuple[_Property, str]]] = {}
    for prop in sorted(properties, key=lambda prop: not prop.preferred):
        values.setdefault(prop.name, []).append((prop, _text(prop, encoding)))

    def texts(name: str) -> list[str]:
        return [plain for _, text in values.get(name, []) if (plain := _plain(text))]

    def first(name: str) -> str:
        return next(iter(texts(name)), "")

    names = [*_parts(values["N"][0][1]), "", ""][:2] if "N" in values else ["", ""]
    organisation = [part for part in _parts(values["ORG"][0][1]) if part] if "ORG" in values else []
    emails = list(dict.fromkeys(texts("EMAIL")))
    mobile, phones = _phones(values.get("TEL", []))
    street, city, region, postcode, country = _address(values.get("ADR", []))
    note = "\n".join(dict.fromkeys(texts("NOTE")))
    categories = [word for _, text in values.get("CATEGORIES", []) for word in _parts(text, ",") if word]
    return [
        first("FN"), names[1], names[0], organisation[0] if organisation else "", first("TITLE") or first("ROLE"),
        emails[0] if emails else "", "; ".join(emails[1:]), mobile, phones[0] if phones else "", "; ".join(phones[1:]),
        street, city, region, postcode, country, first("URL"), note, "; ".join(dict.fromkeys(categories)), first("UID"),
    ]  # fmt: skip


def _phones(found: list[tuple[_Property, str]]) -> tuple[str, list[str]]:
    """Return the mobile number and the others; fax and pager numbers are left out."""
    mobile = ""
    others: list[str] = []
    for prop, text in found:
        number = _plain(text)
        if number.lower().startswith("tel:"):
            number = number[4:].replace(";ext=", " ext. ")
        if not number or prop.is_a("FAX", "PAGER"):
            continue
        if prop.is_a("CELL") and not mobile:
            mobile = number
        elif number not in others and number != mobile:
            others.append(number)
    return mobile, others


def _address(found: list[tuple[_Property, str]]) -> tuple[str, str, str, str, str]:
    """Return street, city, region, postcode, country: of the address at work where there is one."""
    if not found:
        return "", "", "", "", ""
    _, text = next((pair for pair in found if pair[0].is_a("WORK")), found[0])
    box, room, street, city, region, postcode, country = [*_parts(text), *[""] * 7][:7]
    lines = [line.strip() for part in (street, room, box) for line in part.splitlines()]
    return ", ".join(line for line in lines if line), city, region, postcode, country
