"""What a file is, by its content: a small allow-list. Name, declared type and content must agree.

Detection libraries were tried and dropped: one called a spreadsheet a text document, the other is
stale (docs/decisions). Ten types need no library.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from PIL import Image, ImageOps

from logicrm.core.errors import Refused

KIB, MIB = 1024, 1024 * 1024
HEAD_BYTES = 64 * KIB
ANYTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})  # what a browser says when unsure


class UnacceptableFile(Refused):
    """A file that we do not take; the message says why and what to do."""


@dataclass(frozen=True)
class FileType:
    """One accepted type: what people call it, what it ends in, what we call it, what browsers call it."""

    name: str
    words: str
    suffixes: tuple[str, ...]
    media_type: str
    declared: frozenset[str] = frozenset()


_EXCEL = "application/vnd.ms-excel"  # what Windows says of .csv where Excel is installed
TYPES = {
    kind.name: kind
    for kind in (
        FileType("csv", "a table in text form (CSV)", (".csv", ".tsv"), "text/csv",
                 frozenset({"text/csv", "application/csv", "text/plain", "text/tab-separated-values", _EXCEL})),
        FileType("txt", "a text", (".txt",), "text/plain", frozenset({"text/plain", "text/csv"})),
        FileType("xlsx", "an Excel workbook (.xlsx)", (".xlsx",),
                 "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                 frozenset({"application/zip", _EXCEL})),
        FileType("vcf", "a vCard", (".vcf", ".vcard"), "text/vcard",
                 frozenset({"text/vcard", "text/x-vcard", "text/directory", "text/plain"})),
        FileType("json", "JSON", (".json",), "application/json", frozenset({"text/json", "text/plain"})),
        FileType("pdf", "a PDF", (".pdf",), "application/pdf", frozenset({"application/x-pdf"})),
        FileType("png", "a PNG picture", (".png",), "image/png"),
        FileType("jpeg", "a JPEG picture", (".jpg", ".jpeg"), "image/jpeg", frozenset({"image/jpg", "image/pjpeg"})),
        FileType("webp", "a WebP picture", (".webp",), "image/webp"),
        FileType("zip", "a ZIP archive", (".zip",), "application/zip", frozenset({"application/x-zip-compressed"})),
    )
}  # fmt: skip
IMAGES = ("png", "jpeg", "webp")
INLINE = frozenset({"image/png", "image/jpeg", "image/webp"})  # what a browser may show in a page of ours


@dataclass(frozen=True)
class Limit:
    """What a purpose takes: types, bytes as sent, bytes and members unpacked (archives), pixels (pictures)."""

    types: tuple[str, ...]
    max_bytes: int
    unpacked_bytes: int = 256 * MIB
    members: int = 2000


#: The table of uploads (ASVS 5.1.1): purpose → what is taken. Requests end at 32 MiB altogether.
UPLOADS = {
    "import": Limit(("csv", "txt", "xlsx", "vcf", "json"), 30 * MIB),
    "attachment": Limit((*IMAGES, "pdf", "csv", "txt", "xlsx", "vcf"), 15 * MIB),
    "picture": Limit(IMAGES, 15 * MIB),
    "evidence": Limit(("pdf", *IMAGES, "zip"), 30 * MIB, unpacked_bytes=128 * MIB),
}

_MARKUP = re.compile(rb"\s*(<!doctype|<html|<svg|<\?xml|<script|<body|<head|<!--|<math|<iframe)", re.I)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def sniff(head: bytes) -> str | None:
    """Return the name of the type that the first bytes (up to HEAD_BYTES) show, or None.

    "txt" stands for any text: csv, vcf and json are told apart by `accept`, which knows the name.
    "zip" stands for any archive, a workbook included, for the same reason.
    """
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    text = _text_start(head)
    return None if text is None or _MARKUP.match(text) else "txt"


def _text_start(head: bytes) -> bytes | None:
    """The start of a text as UTF-8-like bytes, without its byte-order mark; None when it is no text."""
    for mark, encoding in _BOMS.items():
        if head.startswith(mark):
            if encoding == "utf-8":
                head = head[len(mark) :]
            else:
                even = head[len(mark) : len(mark) + (len(head) - len(mark)) // 2 * 2]
                head = even.decode(encoding, "replace").encode("utf-8", "replace")
            break
    return None if _CONTROLS.search(head) else head


def accept(stream: BinaryIO, name: str, declared: str | None, purpose: str) -> FileType:
    """Return what an uploaded file is, or refuse it with a reason. The stream is left at its start.

    `stream` can seek; `name` is the sender's file name; `declared` the sender's media type, which may
    be missing or vague; `purpose` is a key of UPLOADS. Archives are unpacked once, into nothing, to
    count what would come out. Raises UnacceptableFile.
    """
    limit = UPLOADS[purpose]
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if size == 0:
        raise UnacceptableFile("This file is empty.")
    if size > limit.max_bytes:
        raise UnacceptableFile(f"This file is larger than {limit.max_bytes // MIB} MB. Split it and send the parts.")
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    wanted = next((kind for kind in TYPES.values() if suffix in kind.suffixes), None)
    if wanted is None or wanted.name not in limit.types:
        raise UnacceptableFile(f"We take {_taken(limit)} here, not {suffix or 'a file without an ending'}.")
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    found = sniff(head)
    if found in ("png", "jpeg", "webp", "pdf") and found != wanted.name:
        raise UnacceptableFile(
            f"The name ends in {suffix}, but this is {TYPES[found].words}. Give it its right ending."
        )
    if not _CONTENT[wanted.name](found, head):
        raise UnacceptableFile(f"The name ends in {suffix}, but the content is not {wanted.words}.")
    said = (declared or "").partition(";")[0].strip().lower()
    if said not in ANYTHING and said != wanted.media_type and said not in wanted.declared:
        raise UnacceptableFile(f"The name ends in {suffix}, but it was sent as {said[:60]}. Send it under one type.")
    if wanted.name in ("xlsx", "zip"):
        _check_archive(stream, limit, workbook=wanted.name == "xlsx")
    if wanted.name in IMAGES:
        _open_image(stream, wanted.name)
    stream.seek(0)
    return wanted


def _taken(limit: Limit) -> str:
    suffixes = [TYPES[name].suffixes[0] for name in limit.types]
    return ", ".join(suffixes[:-1]) + " and " + suffixes[-1] if len(suffixes) > 1 else suffixes[0]


def _is_json(found: str | None, head: bytes) -> bool:
    text = (_text_start(head) or b"").lstrip()
    if found != "txt" or text[:1] not in (b"{", b"["):
        return False
    if len(head) < HEAD_BYTES:
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return False
    return True


def _is_vcard(found: str | None, head: bytes) -> bool:
    return found == "txt" and (_text_start(head) or b"").lstrip()[:11].upper() == b"BEGIN:VCARD"


_CONTENT: dict[str, Callable[[str | None, bytes], bool]] = {
    "csv": lambda found, head: found == "txt",
    "txt": lambda found, head: found == "txt",
    "vcf": _is_vcard,
    "json": _is_json,
    "xlsx": lambda found, head: found == "zip",
    "zip": lambda found, head: found == "zip",
    **{name: (lambda found, head, name=name: found == name) for name in ("pdf", *IMAGES)},  # type: ignore[misc]
}


def _check_archive(stream: BinaryIO, limit: Limit, *, workbook: bool) -> None:
    """Refuse what would unpack to too much (really unpacked: an archive's own figures may lie)."""
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            if workbook and not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
                raise UnacceptableFile("The name ends in .xlsx, but the content is not an Excel workbook.")
            if len(members) > limit.members:
                raise UnacceptableFile("This archive has too many parts.")
            left = limit.unpacked_bytes
            for member in members:
                if member.flag_bits & 0x1:
                    raise UnacceptableFile("This file is protected by a password. Take the password off first.")
                if ".." in PurePosixPath(member.filename).parts or member.filename.startswith(("/", "\\")):
                    raise UnacceptableFile("This archive has parts that point outside of it.")
                left -= _unpacked(stream, archive, member, left)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, OSError) as damage:
        raise UnacceptableFile("This file is damaged: it cannot be unpacked.") from damage


def _unpacked(stream: BinaryIO, archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> int:
    """Bytes that really come out of one member. Raises UnacceptableFile above `left`."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnacceptableFile("This archive is packed in a way that we do not read. Pack it as ordinary ZIP.")
    too_much = UnacceptableFile("This file unpacks to far more than it says. We do not open such files.")
    if member.file_size > left:
        raise too_much
    # Past the local header, whose name and extra field have lengths of their own.
    stream.seek(member.header_offset)
    header = stream.read(30)
    if header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile
    stream.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), io.SEEK_CUR)
    rest, count = member.compress_size, 0
    if member.compress_type == zipfile.ZIP_STORED:
        return member.compress_size
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    while rest > 0 and not inflate.eof:
        packed = stream.read(min(64 * KIB, rest))
        if not packed:
            raise zipfile.BadZipFile
        rest -= len(packed)
        while packed:
            count += len(inflate.decompress(packed, MIB))
            packed = inflate.unconsumed_tail
            if count > member.file_size or count > left:
                raise too_much
    return count


# ---------------------------------------------------------------------------------- pictures

MAX_PIXELS = {"jpeg": 64_000_000, "png": 25_000_000, "webp": 25_000_000}  # a JPEG is decoded smaller: it may be larger
LONGEST_SIDE = 4096


def _open_image(stream: BinaryIO, kind: str) -> Image.Image:
    """Open and verify a picture whose header claims no more pixels than we decode."""
    stream.seek(0)
    try:
        image = Image.open(stream, formats=[kind.upper()])
        if image.width * image.height > MAX_PIXELS[kind]:
            raise UnacceptableFile(f"This picture has more than {MAX_PIXELS[kind] // 1_000_000} million pixels.")
        image.verify()
        stream.seek(0)
        return Image.open(stream, formats=[kind.upper()])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise UnacceptableFile("This picture has too many pixels.") from bomb
    except (OSError, SyntaxError, ValueError, EOFError) as damage:
        raise UnacceptableFile("This picture is damaged.") from damage


def clean_image(stream: BinaryIO, kind: str) -> bytes:
    """Return the picture encoded anew: upright, at most LONGEST_SIDE pixels a side, nothing but pixels.

    Place, camera, comments and hidden appendages are gone. `kind` is one of IMAGES.
    Raises UnacceptableFile for a damaged or oversized picture.
    """
    image = _open_image(stream, kind)
    try:
        if kind == "jpeg":
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # decodes at a fraction of the size
        image.load()
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        see_through = "A" in upright.getbands() or "transparency" in upright.info
        mode = "RGBA" if see_through and kind != "jpeg" else "RGB"
        plain = upright.convert(mode)
        plain.info.clear()
        out = io.BytesIO()
        plain.save(out, kind.upper(), **({"quality": 88, "optimize": True} if kind == "jpeg" else {}))
    except UnacceptableFile:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as damage:
        raise UnacceptableFile("This picture is damaged.") from damage
    return out.getvalue()
