"""Waybill and labels: they say what they should, and an independent reader reads the bars."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO

import pypdf
import pytest
import zxingcpp
from PIL import Image

from logicrm.core import pdf


@pytest.fixture(scope="module", autouse=True)
def helpers():
    yield
    pdf.close_helpers()


def codes(body: bytes, page: int = 1) -> set[str]:
    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm is not installed")
    done = subprocess.run(
        ["pdftoppm", "-png", "-r", "200", "-f", str(page), "-l", str(page), "-"],
        input=body,
        capture_output=True,
        check=True,
    )
    return {code.text for code in zxingcpp.read_barcodes(Image.open(BytesIO(done.stdout)))}


def test_the_waybill_says_who_and_what_and_can_be_scanned(dora, shipment):
    answer = dora.get(shipment.url + "/waybill.pdf")
    assert (
        answer.status_code == 200
        and answer.mimetype == "application/pdf"
        and answer.headers["Cache-Control"] == "no-store"
    )
    assert answer.headers["Content-Disposition"] == f'inline; filename="waybill-{shipment.number}.pdf"'
    words = " ".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(answer.data)).pages)
    for word in (shipment.number, "Maria Popescu", "Strada Lalelelor 12", "Ionescu", "PO-7781", "12.5", "Ring twice"):
        assert word in words, word
    assert codes(answer.data) == {shipment.number, f"http://localhost/t/{shipment.key}"}


def test_each_piece_gets_a_label_that_can_be_scanned(dora, shipment):
    answer = dora.get(shipment.url + "/labels.pdf")
    assert len(pypdf.PdfReader(BytesIO(answer.data)).pages) == 2
    assert shipment.number in codes(answer.data, 2)
