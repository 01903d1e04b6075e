"""Barcodes as clean inline SVG: Code 128, GS1-128 and QR.

The encoder is zint (wheels, no compiler). Two things are ours because zint only warns about them or writes
them differently: the GS1 check digits, and the SVG, which has presentation attributes only (no ``style``, no
script, no font), so that it passes the strict Content-Security-Policy and reads the same in the PDF. The SVG is
``Markup``: a template prints it as it is.
"""

import base64
import re
from collections.abc import Iterator
from functools import lru_cache

import zint
from markupsafe import Markup

# Quiet zones in modules: ISO/IEC 15417 (Code 128) asks for 10, ISO/IEC 18004 (QR) for 4.
_QUIET_LINEAR = 10
_QUIET_QR = 4

# Where a GS1 application identifier carries a mod-10 check digit: AI → digits from the start of the value,
# check digit last. Values of 253, 255, 8003 and 8006 go on after it.
# Source: GS1 General Specifications, section 3.
_CHECKED_DIGITS = {
    "00": 18, "01": 14, "02": 14, "03": 14, "253": 13, "255": 13, "402": 17,
    "410": 13, "411": 13, "412": 13, "413": 13, "414": 13, "415": 13, "416": 13, "417": 13,
    "8003": 14, "8006": 14, "8017": 18, "8018": 18, "8026": 14,
}  # fmt: skip
_ELEMENT = re.compile(r"\((\d{2,4})\)([^()]+)")
_QR_LEVELS = {"L": 1, "M": 2, "Q": 3, "H": 4}
_ASCII_DIGITS = re.compile(r"[0-9]+", re.ASCII)


def gs1_check_digit(digits: str) -> str:
    """Return the mod-10 check digit for ``digits``, which come without it.

    ``digits`` are 1 or more ASCII digits, e.g. 17 for an SSCC-18, 12 for an EAN-13.
    Raises ValueError when anything else stands in it.

    Source: GS1 General Specifications, section 7.9 (weights 3 and 1 from the right).
    """
    if not _ASCII_DIGITS.fullmatch(digits):
        raise ValueError(f"Only digits have a check digit, not {digits!r}.")
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def sscc(extension: int, company_prefix: str, serial: int) -> str:
    """Build the 18 digits of a serial shipping container code, check digit included.

    ``extension`` is 0–9, ``company_prefix`` the firm's GS1 prefix (4–12 digits), ``serial`` the number of the
    logistic unit; it is padded with zeros to the digits that the prefix leaves (16 together).
    Raises ValueError when a part does not fit.

    Source: GS1 General Specifications, section 3.2 (AI 00).
    """
    if not 0 <= extension <= 9:
        raise ValueError(f"The extension digit of an SSCC is 0 to 9, not {extension}.")
    if not _ASCII_DIGITS.fullmatch(company_prefix) or not 4 <= len(company_prefix) <= 12:
        raise ValueError(f"A GS1 company prefix has 4 to 12 digits, not {company_prefix!r}.")
    room = 16 - len(company_prefix)
    if not 0 <= serial < 10**room:
        raise ValueError(f"The serial number must fit in {room} digits, {serial} does not.")
    body = f"{extension}{company_prefix}{serial:0{room}d}"
    return body + gs1_check_digit(body)


def check_gs1(ai_string: str) -> list[tuple[str, str]]:
    """Split ``(00)340…(02)…`` into ``[(AI, value), …]`` and verify each check digit.

    Raises ValueError that names the AI and, for a wrong check digit, the expected one.
    """
    elements = _ELEMENT.findall(ai_string)
    if not elements or "".join(f"({ai}){value}" for ai, value in elements) != ai_string:
        raise ValueError(f"Write GS1 data as (AI)value, for example (00)340123450000000017; got {ai_string!r}.")
    for ai, value in elements:
        length = _CHECKED_DIGITS.get(ai)
        if length is None:
            continue
        number = value[:length]
        if len(number) < length or not _ASCII_DIGITS.fullmatch(number):
            raise ValueError(f"({ai}) needs {length} digits, got {value!r}.")
        expected = gs1_check_digit(number[:-1])
        if number[-1] != expected:
            raise ValueError(f"({ai}){value}: the check digit is {number[-1]}, expected {expected}.")
    return [(ai, value) for ai, value in elements]


def code128_svg(text: str, *, height_mm: float = 15.0, module_mm: float = 0.33) -> Markup:
    """Return ``text`` as a Code 128 bar code.

    ``height_mm`` is the height of the bars, ``module_mm`` the width of the narrowest one (0.25 is the least
    that an office printer and a hand scanner manage together). The SVG is as wide as it needs to be,
    quiet zones included. Raises ValueError for empty text or anything beyond ASCII: the standard has a way
    to write é, but hand scanners type something else.
    """
    if not text.isascii():
        raise ValueError(f"A Code 128 bar code holds ASCII only, not {text!r}; use a QR code.")
    return _linear_svg(zint.Symbology.CODE128, text, f"Code 128: {text}", height_mm, module_mm)


def gs1_128_svg(ai_string: str, *, height_mm: float = 32.0, module_mm: float = 0.495) -> Markup:
    """Return a GS1-128 bar code of ``(AI)value`` pairs, e.g. ``(00)`` and an SSCC.

    The sizes are the least that GS1 allows on a logistic label. Check digits are verified first: a wrong one
    raises ValueError with the expected digit, as does data that the AI does not allow.

    Source: GS1 General Specifications, sections 5.4 and 6.
    """
    check_gs1(ai_string)
    return _linear_svg(zint.Symbology.GS1_128, ai_string, f"GS1-128: {ai_string}", height_mm, module_mm)


def qr_svg(text: str, *, module_mm: float = 0.8, level: str = "M") -> Markup:
    """Return ``text`` as a QR code; ``level`` (L, M, Q, H) is how much damage it survives.

    Raises ValueError for empty text, an unknown level or more than a QR code holds (about 2,300 bytes at M).
    """
    if level not in _QR_LEVELS:
        raise ValueError(f"QR error correction is one of L, M, Q, H, not {level!r}.")
    rows = _modules(zint.Symbology.QRCODE, text, _QR_LEVELS[level])
    return _svg(rows, _QUIET_QR, _QUIET_QR, 1, module_mm, f"QR: {text}")


def svg_data_uri(svg: str) -> str:
    """Return ``svg`` as a ``data:`` address for ``<img src>``, the only kind that the PDF renderer fetches."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _linear_svg(symbology: zint.Symbology, text: str, label: str, height_mm: float, module_mm: float) -> Markup:
    """Draw a one-row symbol whose bars are ``height_mm`` high."""
    if height_mm <= 0 or module_mm <= 0:
        raise ValueError("Bar height and module width are millimetres above zero.")
    return _svg(_modules(symbology, text, None), _QUIET_LINEAR, 0, height_mm / module_mm, module_mm, label)


@lru_cache(maxsize=256)
def _modules(symbology: zint.Symbology, text: str, level: int | None) -> tuple[tuple[bool, ...], ...]:
    """Return the dark modules of the symbol, row by row, without quiet zones."""
    if not text:
        raise ValueError("A bar code needs something to say.")
    symbol = zint.Symbol()
    symbol.symbology = symbology
    symbol.warn_level = zint.WarningLevel.FAIL_ALL
    symbol.input_mode = zint.InputMode.UNICODE
    if symbology is zint.Symbology.GS1_128:
        symbol.input_mode = zint.InputMode.GS1 | zint.InputMode.GS1PARENS
    if level is not None:
        symbol.option_1 = level
        if not text.isascii():
            symbol.eci = 26  # UTF-8, said aloud, so that readers do not guess Latin-1
    try:
        symbol.encode(text)
    except Exception as error:  # zint raises its own types, one per severity
        raise ValueError(f"This cannot be written as a bar code: {error}") from error
    grid = symbol.encoded_data
    stride = grid.shape[1] if grid.shape else 0
    packed = grid.tobytes()
    return tuple(
        tuple(bool(packed[row * stride + (x >> 3)] >> (x & 7) & 1) for x in range(symbol.width))
        for row in range(symbol.rows)
    )


def _runs(row: tuple[bool, ...]) -> Iterator[tuple[int, int]]:
    """Yield ``(start, length)`` of each run of dark modules."""
    start: int | None = None
    for x, dark in enumerate((*row, False)):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield start, x - start
            start = None


def _svg(
    rows: tuple[tuple[bool, ...], ...], quiet_x: int, quiet_y: int, row_height: float, module_mm: float, label: str
) -> Markup:
    """Draw ``rows`` on white, one path, one user unit per module."""
    width = len(rows[0]) + 2 * quiet_x
    height = len(rows) * row_height + 2 * quiet_y
    path = "".join(
        f"M{start + quiet_x} {_number(y * row_height + quiet_y)}h{length}v{_number(row_height)}h-{length}z"
        for y, row in enumerate(rows)
        for start, length in _runs(row)
    )
    size = f'width="{_number(width * module_mm)}mm" height="{_number(height * module_mm)}mm"'
    # Every part is ours or a number, and the label is escaped.
    return Markup(  # noqa: S704
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {_number(height)}" '
        f'shape-rendering="crispEdges" role="img" aria-label="{_attribute(label)}">'
        f'<rect width="{width}" height="{_number(height)}" fill="#fff"/><path fill="#000" d="{path}"/></svg>'
    )


def _number(value: float) -> str:
    """Write a length without trailing zeros, to a thousandth."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _attribute(text: str) -> str:
    """Escape ``text`` for a double-quoted XML attribute; control characters have no place in XML."""
    printable = "".join(char for char in text if char >= " ")
    return printable.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
