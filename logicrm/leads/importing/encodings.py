"""Which letters the bytes of a text file stand for."""

import codecs
import re
import unicodedata
from dataclasses import dataclass, field
from typing import BinaryIO

from charset_normalizer import from_bytes

from logicrm.leads.importing.table import UnreadableFile
from logicrm.leads.importing.wording import said

# Offered when the bytes are no UTF-8, in the order in which our users' countries meet them.
WESTERN = [
    "cp1252",
    "cp1250",
    "cp1258",
    "iso8859-16",
    "iso8859-2",
    "cp1254",
    "cp1257",
    "mac-roman",
    "cp850",
    "cp852",
]
OTHERS = [
    "cp1251",
    "cp1253",
    "cp1255",
    "cp1256",
    "koi8-r",
    "shift_jis",
    "euc-jp",
    "gb18030",
    "big5",
    "euc-kr",
    "cp874",
]
WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
KNOWN = ["utf-8", *WESTERN, *OTHERS, *WIDE]

# UTF-32's mark begins with UTF-16's, so it is looked for first.
_MARKS = [
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]
_SAMPLE = 64 * 1024
_CHUNK = 1024 * 1024
_HOME_LETTERS = set("äöüßéèêëàâçîïôùûñáíóúìòăâîșțşţãõœýơưđ")
_LATIN_RUN = re.compile(rb"[\x80-\xff]+")


@dataclass(frozen=True)
class Encoding:
    """A codec's name, whether it is certain, and what else it might be (best first, itself included)."""

    name: str
    sure: bool
    candidates: list[str] = field(default_factory=list)


def canonical(name: str) -> str:
    """Return our spelling of an encoding that a person or a file names; raise UnreadableFile if unknown."""
    try:
        wanted = codecs.lookup(name.strip()).name
    except (LookupError, ValueError, UnicodeError):
        wanted = ""
    if wanted in ("utf-8-sig", "ascii"):
        return "utf-8"
    if wanted == "iso8859-1":  # the web's reading of Latin-1: its extra positions are empty there
        return "cp1252"
    for known in [*KNOWN, "utf-16", "utf-32"]:
        if wanted == codecs.lookup(known).name:
            return {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(known, known)
    raise UnreadableFile(
        said("The encoding “%(name)s” is not known here.", name=name[:40]),
        said("Choose one of the list, or leave the choice to us."),
    )


def detect(stream: BinaryIO) -> Encoding:
    """Find out how ``stream``, standing at its beginning, is encoded. Reads all of it, in pieces."""
    head = stream.read(_SAMPLE)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, True, [name])
    if b"\0" in head and (wide := _wide(head)):
        return Encoding(wide, True, [wide])
    odd = _first_bad_utf8(stream, head)
    if odd is None:
        return Encoding("utf-8", True, ["utf-8"])
    return _guess(odd)


def first_undecodable_line(stream: BinaryIO, encoding: str) -> int | None:
    """Return the number of the first line that is not valid in ``encoding``, or None if all are."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    line = 1
    while True:
        chunk = stream.read(_CHUNK)
        try:
            line += decoder.decode(chunk, final=not chunk).count("\n")
        except UnicodeDecodeError as bad:
            before = bytes(bad.object[: bad.start]).decode(encoding, errors="replace")
            return line + before.count("\n")
        if not chunk:
            return None


def _wide(head: bytes) -> str | None:
    """Recognise UTF-16 and UTF-32 without a mark by where their zero bytes stand."""
    usable = head[: len(head) // 4 * 4]
    if len(usable) < 8:
        return None
    zeros = [usable[place::4].count(0) / (len(usable) // 4) for place in range(4)]
    low, high = 0.1, 0.6
    if zeros[3] > high and zeros[2] > high and zeros[0] < low:
        return "utf-32-le"
    if zeros[0] > high and zeros[1] > high and zeros[3] < low:
        return "utf-32-be"
    if zeros[1] > high and zeros[3] > high and zeros[0] < low and zeros[2] < low:
        return "utf-16-le"
    if zeros[0] > high and zeros[2] > high and zeros[1] < low and zeros[3] < low:
        return "utf-16-be"
    return None


def _first_bad_utf8(stream: BinaryIO, head: bytes) -> bytes | None:
    """Return None when all of the file is UTF-8, else up to 64 KB in which the other letters stand."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    chunk = head
    while True:
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as bad:
            return bytes(bad.object[max(0, bad.start - 1024) : bad.start + _SAMPLE])
        if not chunk:
            return None
        chunk = stream.read(_CHUNK)


def _guess(sample: bytes) -> Encoding:
    """Rank the encodings in which ``sample`` could be written."""
    # Only lines with letters beyond ASCII tell anything; the detector is slow and swayed by the rest.
    telling = b"\n".join(line for line in sample.splitlines() if not line.isascii())[:16_000]
    matches = [match.encoding for match in from_bytes(telling)]
    guessed = []
    for name in matches:
        try:
            guessed.append(canonical(name))
        except UnreadableFile:
            continue
    if _is_sprinkled(telling):
        ranked = sorted(WESTERN, key=lambda name: (-_score(telling, name), WESTERN.index(name)))
        rest = [name for name in guessed if name not in ranked]
    else:
        ranked = list(dict.fromkeys(guessed)) or ["cp1252"]
        rest = [name for name in [*WESTERN, *OTHERS] if name not in ranked]
    ordered = list(dict.fromkeys([*ranked, *rest, *OTHERS]))
    return Encoding(ordered[0], False, ordered)


def _is_sprinkled(text: bytes) -> bool:
    """Tell Latin text, where odd letters stand singly among plain ones, from Cyrillic or Asian text."""
    runs = _LATIN_RUN.findall(text)
    return bool(runs) and sum(len(run) for run in runs) / len(runs) < 2.2


def _score(sample: bytes, name: str) -> float:
    """Score how much ``sample`` read as ``name`` looks like words of the languages we serve."""
    text = sample.decode(name, errors="replace")
    points = 0.0
    previous = " "
    for char in text:
        if not char.isascii():
            before_is_letter = previous.isalpha() or unicodedata.combining(previous)
            if char.lower() in _HOME_LETTERS:
                points += 1.0 if char.islower() or not previous.islower() else -1.0
            elif unicodedata.combining(char):
                points += 1.5 if previous.lower() in "aeiouyăâêôơư" else -2.0
            elif char.isalpha():
                points += 0.4 if char.islower() or not previous.islower() else -1.0
            elif char in "–—’“”„…€\xa0«»":
                points += 0.3
            else:  # a sign in the middle of a word, a control, an unassigned byte
                points -= 2.0 if before_is_letter or not char.isprintable() else 0.5
        previous = char
    return round(points, 1)
