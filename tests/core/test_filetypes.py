"""What a file is: told by its content, refused with a reason, pictures stripped to their pixels."""

from __future__ import annotations

import io
import random
import resource
import time
import zipfile

import pytest
from PIL import Image

from logicrm.core import filetypes
from logicrm.core.filetypes import UnacceptableFile

MIB = 1024 * 1024


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 20), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind, **options)
    return out.getvalue()


def workbook(parts: dict[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>", **(parts or {})}.items():
            archive.writestr(name, content)
    return out.getvalue()


def accept(content: bytes, name: str, declared: str | None = None, purpose: str = "attachment") -> str:
    return filetypes.accept(io.BytesIO(content), name, declared, purpose).name


@pytest.mark.parametrize(
    "content, name, declared, purpose, found",
    [
        (b"a;b\n1;2\n", "leads.CSV", "application/vnd.ms-excel", "import", "csv"),
        ("tên;điện thoại".encode("utf-16"), "leads.csv", "text/csv", "import", "csv"),
        ("nume;oraș\n".encode("cp1250", "replace"), "leads.csv", None, "import", "csv"),
        (b'""""""""', "quotes.csv", "text/csv", "import", "csv"),
        (b"\xef\xbb\xbfBEGIN:VCARD\r\nEND:VCARD", "a.vcf", "text/x-vcard", "import", "vcf"),
        (b'[{"a": 1}]', "a.json", "application/json", "import", "json"),
        (workbook(), "a.xlsx", "application/octet-stream", "import", "xlsx"),
        (picture(), "a.jpeg", "image/jpeg", "attachment", "jpeg"),
        (picture("PNG"), "a.png", "image/png", "attachment", "png"),
        (picture("WEBP"), "a.webp", "image/webp", "attachment", "webp"),
        (b"%PDF-1.7\n", "a.pdf", "application/pdf; x=y", "attachment", "pdf"),
    ],
)  # fmt: skip
def test_accepted(content: bytes, name: str, declared: str | None, purpose: str, found: str) -> None:
    assert accept(content, name, declared, purpose) == found


@pytest.mark.parametrize(
    "content, name, declared, purpose, words",
    [
        (b"", "a.csv", None, "import", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "image/svg+xml", "attachment", "not .svg"),
        (b"<svg onload=alert(1)>", "a.png", "image/png", "attachment", "not a PNG"),
        (b"  <!DOCTYPE html><script>", "a.csv", "text/csv", "import", "not a table"),
        ("<html>".encode("utf-16"), "a.csv", "text/csv", "import", "not a table"),
        (b"<html>", "a.html", "text/html", "attachment", "not .html"),
        (b"MZ\x90\x00", "a.csv", None, "import", "not a table"),
        (b"a;b", "leads", None, "import", "without an ending"),
        (picture(), "a.png", "image/png", "attachment", "this is a JPEG"),
        (b"%PDF-1.7", "a.csv", "text/csv", "import", "this is a PDF"),
        (b"a;b", "a.csv", "image/png", "import", "sent as image/png"),
        (b"a;b", "a.xlsx", None, "import", "not an Excel"),
        (workbook(), "a.csv", None, "import", "not a table"),
        (b"PK\x03\x04" + b"x" * 99, "a.xlsx", None, "import", "damaged"),
        (workbook()[:-30], "a.xlsx", None, "import", "damaged"),
        (picture("PNG")[:60], "a.png", "image/png", "attachment", "damaged"),
        (b"[1,", "a.json", None, "import", "not JSON"),
        (b"[" * 50_000, "a.json", None, "import", "not JSON"),
        (b"x" * (31 * MIB), "a.csv", "text/csv", "import", "larger than 30 MB"),
    ],
)  # fmt: skip
def test_refused_with_a_reason(content: bytes, name: str, declared: str | None, purpose: str, words: str) -> None:
    with pytest.raises(UnacceptableFile, match=words):
        accept(content, name, declared, purpose)


def test_archives_that_unpack_to_too_much_are_refused_quickly() -> None:
    honest = workbook({"xl/big.xml": bytes(300 * MIB)})
    began = time.monotonic()
    with pytest.raises(UnacceptableFile, match="unpacks"):
        accept(honest, "bomb.xlsx", purpose="import")
    liar = bytearray(workbook({"xl/big.xml": bytes(40 * MIB)}))
    for at in range(len(liar) - 4):
        if liar[at : at + 4] == (40 * MIB).to_bytes(4, "little"):
            liar[at : at + 4] = (100).to_bytes(4, "little")
    with pytest.raises(UnacceptableFile, match="unpacks"):
        accept(bytes(liar), "liar.xlsx", purpose="import")
    many = workbook({f"xl/{n}.xml": b"" for n in range(3000)})
    with pytest.raises(UnacceptableFile, match="too many parts"):
        accept(many, "many.xlsx", purpose="import")
    outside = workbook({"../../evil.xml": b"x"})
    with pytest.raises(UnacceptableFile, match="outside"):
        accept(outside, "outside.xlsx", purpose="import")
    assert time.monotonic() - began < 2


def test_pictures_with_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    bomb = picture("PNG", (12_000, 12_000), compress_level=9)
    began, memory = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnacceptableFile, match="million pixels"):
        accept(bomb, "bomb.png", "image/png")
    assert time.monotonic() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 50 * 1024


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_pictures_lose_everything_but_their_pixels(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "Anna at home"
    exif[0x0112] = 6  # lies on its side
    exif.get_ifd(0x8825)[2] = (44.0, 26.0, 6.0)
    sent = picture(kind.upper(), exif=exif.tobytes()) + b"<script>hidden()</script>"
    assert b"Anna" in sent
    clean = filetypes.clean_image(io.BytesIO(sent), kind)
    assert b"Anna" not in clean
    assert b"script" not in clean
    with Image.open(io.BytesIO(clean)) as image:
        assert image.size == (20, 40)
        assert dict(image.getexif()) == {}
    with Image.open(io.BytesIO(filetypes.clean_image(io.BytesIO(picture("JPEG", (6000, 600))), "jpeg"))) as large:
        assert max(large.size) <= filetypes.LONGEST_SIDE


def test_ten_thousand_broken_pictures_and_archives_are_refused_not_crashed_on() -> None:
    chance = random.Random(7)
    samples = [(picture("PNG"), "a.png"), (picture(), "a.jpg"), (picture("WEBP"), "a.webp"), (workbook(), "a.xlsx")]
    for _ in range(2500):
        for content, name in samples:
            broken = bytearray(content)
            for _ in range(chance.randrange(1, 6)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            try:
                found = accept(bytes(broken[: chance.randrange(1, len(broken) + 1)]), name)
                if found in filetypes.IMAGES:
                    filetypes.clean_image(io.BytesIO(broken), found)
            except UnacceptableFile:
                pass
