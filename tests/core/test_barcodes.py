"""An independent reader (zxing) must read what we draw; a wrong GS1 number must never be drawn."""

import re
import xml.etree.ElementTree as ET

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from logicrm.core.barcodes import (
    check_gs1,
    code128_svg,
    gs1_128_svg,
    gs1_check_digit,
    qr_svg,
    sscc,
    svg_data_uri,
)

SVG = "{http://www.w3.org/2000/svg}"
STEP = re.compile(r"M(\d+) ([\d.]+)h(\d+)v([\d.]+)h-(\d+)z")


def draw(svg: str, pixels_per_module: int = 4) -> Image.Image:
    """Paint our own path with Pillow, quiet zones included: nothing of the encoder is used."""
    root = ET.fromstring(svg)
    width, height = (float(side) for side in root.attrib["viewBox"].split()[2:])
    image = Image.new("L", (int(width * pixels_per_module), int(height * pixels_per_module)), 255)
    pen = ImageDraw.Draw(image)
    path = root.find(f"{SVG}path")
    assert path is not None
    assert STEP.sub("", path.attrib["d"]) == ""
    for x, y, across, down, _back in STEP.findall(path.attrib["d"]):
        left, top = int(x) * pixels_per_module, float(y) * pixels_per_module
        right, bottom = left + int(across) * pixels_per_module, top + float(down) * pixels_per_module
        pen.rectangle((left, top, right - 1, bottom - 1), fill=0)
    return image


def read(svg: str) -> tuple[str, str, str]:
    """Return ``(format, text, human-readable GS1 text)`` of the one symbol in the picture."""
    (found,) = zxingcpp.read_barcodes(draw(svg))
    return str(found.format), found.text, zxingcpp.read_barcodes(draw(svg), text_mode=zxingcpp.TextMode.HRI)[0].text


@pytest.mark.parametrize("text", ["WB-2026-000123", "1", "0123456789012345", "LOGI/&<\"'>"])
def test_code_128_is_read_back(text):
    form, found, _ = read(code128_svg(text, height_mm=15, module_mm=0.33))
    assert "128" in form
    assert found == text


def test_gs1_128_is_read_back_with_its_identifiers():
    number = sscc(3, "4012345", 1)
    form, _, human = read(gs1_128_svg(f"(00){number}"))
    assert "128" in form
    assert human == f"(00){number}"


def test_gs1_128_separates_fields_of_varying_length():
    text = "(01)04012345678901(10)LOT-7(37)12"
    assert read(gs1_128_svg(text))[2] == text


@pytest.mark.parametrize("text", ["https://track.example/t/7QmZ-4x", "Đường Nguyễn Huệ → București, țară", "x" * 900])
@pytest.mark.parametrize("level", ["L", "H"])
def test_a_qr_code_is_read_back(text, level):
    form, found, _ = read(qr_svg(text, level=level))
    assert "QR" in form
    assert found == text


# Published examples: GS1's SSCC and GTIN pages, and the EAN of ISBN 978-0-306-40615-7.
@pytest.mark.parametrize(
    "digits, check", [("10614141192837465", "7"), ("629104150021", "3"), ("978030640615", "7"), ("0", "0")]
)
def test_check_digits(digits, check):
    assert gs1_check_digit(digits) == check


def test_an_sscc_has_18_digits_whatever_the_prefix():
    assert sscc(3, "4012345", 1) == "340123450000000017"
    for prefix in ("4012", "401234567890"):
        number = sscc(0, prefix, 42)
        assert len(number) == 18
        assert check_gs1(f"(00){number}") == [("00", number)]


@pytest.mark.parametrize("extension", [10, -1])
def test_an_extension_is_one_digit(extension):
    with pytest.raises(ValueError, match="extension"):
        sscc(extension, "4012345", 1)


@pytest.mark.parametrize(
    "prefix, serial", [("401", 1), ("40x2345", 1), ("٤٠١٢٣٤٥", 1), ("4012345", 10**9), ("4012345", -1)]
)
def test_an_sscc_that_does_not_fit_is_refused(prefix, serial):
    with pytest.raises(ValueError):
        sscc(3, prefix, serial)


def test_a_wrong_check_digit_is_refused_and_the_right_one_named():
    with pytest.raises(ValueError, match=r"is 5, expected 7"):
        gs1_128_svg("(00)340123450000000015")


@pytest.mark.parametrize(
    "text", ["", "340123450000000017", "(00)123", "(00)34012345000000001x", "(01)1(", "(10)a(00)", "(9999)1"]
)
def test_gs1_data_that_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError):
        gs1_128_svg(text)


@pytest.mark.parametrize("bad", [lambda: code128_svg(""), lambda: code128_svg("Đường"), lambda: qr_svg("x" * 8000)])
def test_what_cannot_be_encoded_is_a_value_error(bad):
    with pytest.raises(ValueError):
        bad()


def test_sizes_are_millimetres_and_the_quiet_zone_is_white():
    svg = code128_svg("A", height_mm=10, module_mm=0.5)
    root = ET.fromstring(svg)
    _, _, width, height = (float(side) for side in root.attrib["viewBox"].split())
    assert root.attrib["width"] == f"{width * 0.5:g}mm"
    assert root.attrib["height"] == "10mm"
    assert height == 20
    image = draw(svg, 1)
    assert set(image.crop((0, 0, 10, 20)).tobytes()) == {255}
    assert set(image.crop((int(width) - 10, 0, int(width), 20)).tobytes()) == {255}
    assert image.getpixel((10, 5)) == 0


@pytest.mark.parametrize("svg", [code128_svg('x"><script>alert(1)</script>'), qr_svg("a&b")])
def test_the_svg_passes_a_strict_content_security_policy(svg):
    root = ET.fromstring(svg)
    assert {element.tag for element in root.iter()} == {f"{SVG}svg", f"{SVG}rect", f"{SVG}path"}
    for element in root.iter():
        assert not {name for name in element.attrib if name == "style" or name.startswith("on") or "href" in name}
    assert svg_data_uri(svg).startswith("data:image/svg+xml;base64,")
