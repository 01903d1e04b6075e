"""The PDF must be archival and readable, its helper must obey no hostile document and never hang."""

import ast
import http.server
import json
import os
import shutil
import subprocess
import threading
import time
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import jinja2
import pypdf
import pytest
import zxingcpp
from PIL import Image

from logicrm.core import barcodes, pdf
from logicrm.core.pdf import Attachment, PdfFailed, PdfUnavailable, render_pdf

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WORDS = "București, țară, Iași → ✓ Đường Nguyễn Huệ ₫"
EXPORT = json.dumps({"name": "Đường", "bytes": list(range(300))}, ensure_ascii=False).encode()


@pytest.fixture(scope="module", autouse=True)
def helpers():
    """Leave no helper behind."""
    yield
    pdf.close_helpers()


@pytest.fixture
def only_new_helpers():
    """Neither inherit a helper nor leave one."""
    pdf.close_helpers()
    yield
    pdf.close_helpers()


def opened(html: str, **more) -> pypdf.PdfReader:
    """Render and open."""
    return pypdf.PdfReader(BytesIO(render_pdf(html, **{"title": "A title", "lang": "ro", "created": NOON} | more)))


def text_of(reader: pypdf.PdfReader) -> str:
    """Return the text of all pages, ligatures and line ends evened out."""
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_an_attachment_comes_out_as_it_went_in():
    binary = bytes(range(256)) * 40
    files = [Attachment("export.json", EXPORT), Attachment("a photo.png", binary, "image/png", "A photo", "Supplement")]
    reader = opened("<p>x</p>", attachments=files)
    assert {name: data[0] for name, data in reader.attachments.items()} == {
        "export.json": EXPORT,
        "a photo.png": binary,
    }
    specs = [entry.get_object() for entry in reader.root_object["/AF"]]
    facts = {spec["/UF"]: (spec["/AFRelationship"], spec["/EF"]["/F"]["/Subtype"]) for spec in specs}
    assert facts == {"export.json": ("/Data", "/application/json"), "a photo.png": ("/Supplement", "/image/png")}


def test_it_claims_pdf_a_3a_and_is_tagged_titled_and_in_a_language():
    reader = opened("<html lang=en><title>Other</title><meta name=author content=Eve><h1>x</h1>", title="Hồ sơ")
    xmp = reader.root_object["/Metadata"].get_data().decode()
    assert 'pdfaid:part="3"' in xmp and 'pdfaid:conformance="A"' in xmp
    assert reader.root_object["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in reader.root_object
    assert reader.root_object["/Lang"] == "ro"
    assert reader.metadata.title == "Hồ sơ" and "Hồ sơ" in xmp
    assert reader.metadata.author is None
    assert reader.metadata.creation_date == NOON
    assert reader.root_object["/OutputIntents"]


def test_its_fonts_are_inside():
    reader = opened(f"<p>{WORDS}</p>")
    for font in reader.pages[0]["/Resources"]["/Font"].values():
        descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)
        assert "/ToUnicode" in font


def test_its_text_can_be_copied_in_every_language_we_speak():
    assert WORDS in text_of(opened(f"<p>{WORDS}</p>", css=["p { font-family: Inter, 'DejaVu Sans', sans-serif }"]))


def test_the_same_input_gives_the_same_bytes_in_another_helper(only_new_helpers):
    def make() -> bytes:
        return render_pdf(
            f"<h1>{WORDS}</h1><p><b>b</b><i>i</i></p>",
            title="x", lang="en", attachments=[Attachment("a.json", EXPORT)], created=NOON,
        )  # fmt: skip

    first = make()
    assert make() == first
    pdf.close_helpers()
    assert make() == first


class _Door(http.server.BaseHTTPRequestHandler):
    """Remembers who knocked."""

    def do_GET(self) -> None:
        self.server.knocks.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def door():
    """A web server on this machine that nobody should ask."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Door) as server:
        server.knocks = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("archival", [True, False])
def test_a_hostile_document_reads_no_file_and_asks_no_network(door, tmp_path, archival):
    secret = tmp_path / "secret.txt"
    secret.write_text("HUNTER2-SECRET")
    file, site = secret.as_uri(), f"http://127.0.0.1:{door.server_port}"
    svg = f"<svg xmlns='http://www.w3.org/2000/svg'><image href='{file}'/><image href='{site}/in-svg'/></svg>"
    html = f"""<html><head><base href="{file}"><link rel=attachment href="{file}"><link rel=attachment href="data:,x">
      <link rel=stylesheet href="{site}/a.css"><link rel=stylesheet href="{file}">
      <style>@import url({site}/b.css); @font-face {{ font-family: f; src: url({site}/f.woff), url({file}) }}
        p {{ background: url({site}/c.png); font-family: f }} p::after {{ content: url({file}) }}</style></head>
      <body><p>text</p><img src="{file}"><img src="secret.txt"><img src="{site}/d.png"><object data="{file}"></object>
      <embed src="{file}"><img src="data:image/svg+xml,{svg.replace("<", "%3C").replace("#", "%23")}">{svg}
      <a rel=attachment href="{file}">take</a><a rel=attachment href="data:,x">this</a>
      <a href="javascript:app.alert(1)">j</a><a href="{file}">f</a><a href="https://example.org/">fine</a>
      <a href="#t">in</a><h2 id=t>t</h2></body></html>"""
    reader = opened(html, css=[f"@import url({site}/e.css); @import url({file});"], archival=archival)
    assert door.knocks == []
    assert reader.attachments == {}
    everything = b"".join(
        found.get_data() for number in range(1, len(reader.xref[0]) + 1)
        if hasattr(found := reader.get_object(number), "get_data")
    )  # fmt: skip
    assert b"HUNTER2" not in everything
    targets = [
        str(note.get_object().get("/A", {}).get("/URI")) for page in reader.pages for note in page.get("/Annots", [])
    ]
    assert [target for target in targets if target != "None"] == ["https://example.org/"]


def test_pictures_as_data_are_drawn():
    with_it = opened(f'<img alt="WB-1" src="{barcodes.svg_data_uri(barcodes.code128_svg("WB-1"))}">')
    assert len(with_it.pages[0].get_contents().get_data()) > 500


def test_a_document_that_takes_too_long_is_stopped(only_new_helpers):
    table = "<table>" + "<tr><td>x<td>y" * 200_000 + "</table>"
    started = time.monotonic()
    with pytest.raises(PdfFailed, match="longer than 1 seconds"):
        render_pdf(table, title="x", lang="en", timeout_s=1)
    assert time.monotonic() - started < 5
    assert opened("<p>the next one is served</p>")


def other_program(monkeypatch, tmp_path: Path, before: str) -> None:
    """Run ``before`` in the helper ahead of the real program."""
    program = tmp_path / "helper.py"
    program.write_text(f"import runpy, sys\n{before}\nrunpy.run_path({str(pdf._CHILD)!r}, run_name='__main__')\n")
    monkeypatch.setattr(pdf, "_CHILD", program)


def test_missing_libraries_are_named_with_the_line_that_installs_them(monkeypatch, tmp_path, only_new_helpers):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "weasyprint.py").write_text("raise OSError('cannot load library libpango-1.0-0')")
    other_program(monkeypatch, tmp_path, f"sys.path.insert(0, {str(broken)!r})")
    with pytest.raises(PdfUnavailable, match=r"apt-get install libpango-1.0-0 .*libharfbuzz-subset0.*cannot load"):
        opened("<p>x</p>")


def test_a_crash_of_the_helper_is_a_sentence_and_the_next_document_works(monkeypatch, tmp_path, only_new_helpers):
    with monkeypatch.context() as patch:
        other_program(patch, tmp_path, "import os; os.abort()")
        with pytest.raises(PdfFailed, match="stopped while it worked"):
            opened("<p>x</p>")
    assert opened("<p>x</p>")


def test_a_helper_that_retired_is_replaced_unnoticed(only_new_helpers):
    opened("<p>x</p>")
    (helper,) = pdf._pool._idle
    helper.process.kill()
    assert opened("<p>x</p>")


def test_a_document_beyond_the_memory_limit_fails_in_words(monkeypatch, only_new_helpers):
    monkeypatch.setattr(pdf, "_MEMORY_BYTES", 160 * 1024**2)
    with pytest.raises(PdfFailed, match="too large"):
        render_pdf("<table>" + "<tr><td>x<td>y" * 20_000 + "</table>", title="x", lang="en", timeout_s=60)


def test_two_at_once_and_the_rest_in_line(only_new_helpers):
    pages: list[int] = []
    threads = [threading.Thread(target=lambda: pages.append(len(opened("<p>x</p>").pages))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert pages == [1] * 6
    assert len(pdf._pool._idle) <= 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_worker_uses_helpers_of_its_own():
    opened("<p>x</p>")
    pdf._pool.after_fork()
    assert pdf._pool._idle == []
    for helper in pdf._pool._inherited:
        helper.end()


def test_the_helper_gets_none_of_our_secrets(monkeypatch, tmp_path, only_new_helpers):
    monkeypatch.setenv("LOGICRM_SECRET_KEY", "hunter2")
    other_program(monkeypatch, tmp_path, f"import os; open({str(tmp_path / 'seen')!r}, 'w').write(repr(os.environ))")
    opened("<p>x</p>")
    assert "hunter2" not in (tmp_path / "seen").read_text()


def test_the_helper_imports_neither_logicrm_nor_flask():
    tree = ast.parse(pdf._CHILD.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not [name for name in names if name.startswith((".", "logicrm", "flask"))]


@pytest.mark.parametrize("wrong", [{"title": " "}, {"lang": "not a tag"}, {"lang": ""}])
def test_a_pdf_needs_a_title_and_a_language(wrong):
    with pytest.raises(ValueError):
        opened("<p>x</p>", **wrong)


@pytest.mark.parametrize(
    "wrong", [{"name": "../x"}, {"name": ""}, {"mime": "json"}, {"mime": "a/b c"}, {"relationship": "Friend"}]
)
def test_an_attachment_that_a_pdf_cannot_hold_is_refused(wrong):
    with pytest.raises(ValueError):
        Attachment(**{"name": "a.json", "data": b""} | wrong)


def test_two_attachments_of_one_name_are_refused():
    with pytest.raises(ValueError, match="same name"):
        opened("<p>x</p>", attachments=[Attachment("a", b"1"), Attachment("a", b"2")])


# What we print. Jinja alone, without the application: the templates need nothing but their context.

FIRM = {"name": "Transalpin Freight SRL", "address": "Strada Fabricii 12", "phone": "+40 264 555 010", "email": ""}
PARTY = {
    "name": "Nguyễn <b>Đào</b>",
    "company": "Đường Sáng",
    "street": "27 Nguyễn Huệ",
    "postcode": "70000",
    "city": "Iași",
}
PIECE = {"number": 1, "description": "Chairs", "weight_kg": "38.5", "length_cm": 110, "width_cm": 60, "height_cm": 95}
TRACK = "https://track.example/t/7QmZ4xK9"
SSCC = "(00)" + barcodes.sscc(3, "4012345", 1)
SECTIONS = [
    {"title": "Who you are", "recipients": ["Carriers", "Hosting"], "rows": [[("Name", "Đào"), ("Born", None)]]},
    {"title": "Shipments", "rows": [[("Waybill", f"W-{n}"), ("State", "✓ delivered")] for n in range(30)]},
    {"title": "Tokens", "rows": [[("Token", letter * 300), ("B", "1")] for letter in "xy"]},
    {"title": "Marketing", "rows": []},
]  # fmt: skip
KEPT = {
    "label": "Invoices",
    "deleted": 0,
    "anonymised": 0,
    "kept": 9,
    "kept_until": "31 December 2036",
    "kept_because": "Act 82",
}
CONTEXTS = {
    "waybill": {
        "waybill_number": "TA-4518", "created_on": "1 March", "sender": PARTY, "recipient": PARTY, "service": "Express",
        "pieces": [PIECE] * 6, "total_weight_kg": "231", "references": ["PO 1", "PO 2"], "tracking_url": TRACK,
        "instructions": "Call first", "barcode_svg": barcodes.code128_svg("TA-4518", height_mm=16),
        "qr_svg": barcodes.qr_svg(TRACK),
    },
    "label": {
        "waybill_number": "TA-4518", "sender": PARTY, "recipient": PARTY, "service": "Express",
        "qr_svg": barcodes.qr_svg(TRACK),
        "labels": [
            PIECE | {"piece": n, "pieces": 2, "barcode_svg": barcodes.gs1_128_svg(SSCC), "barcode_text": SSCC}
            for n in (1, 2)
        ],
    },
    "personal_data": {
        "subject": "Đào", "generated_at": "1 March 2026", "sections": SECTIONS,
        "manifest": {"id": "EXP-1", "files": [{"name": "a.json", "sha256": "9f" * 32}]},
        "omissions": [{"what": "Fraud checks", "why": "Art. 15(4)"}], "rights": [("Delete", "Ask us.")],
        "authority": {"name": "ANSPDCP", "website": "dataprotection.ro"},
    },
    "certificate": {
        "certificate_id": "DEL-42", "subject": "7f3a", "completed_at": "1 March 2026", "classes": [KEPT],
        "totals": {"deleted": 0, "anonymised": 0, "kept": 9}, "backups_until": "31 March 2026",
        "signature": {"algorithm": "Ed25519", "fingerprint": "SHA256:" + "9f" * 32}, "verify_url": TRACK,
        "qr_svg": barcodes.qr_svg(TRACK),
    },
    "document": {
        "version": "3.1", "effective_on": "1 March", "contents": True,
        "sections": [
            {"title": "Who we are", "anchor": "p-1", "paragraphs": ["Prose <i>"], "points": ["one"]}, {"title": "Bare"},
        ],
    },
}  # fmt: skip
SAYS = {
    "waybill": [
        "TA-4518",
        "Nguyễn <b>Đào</b>",
        "Call first",
        "110 × 60 × 95",
        "PO 1, PO 2",
        "Signature",
        "Page 1 of 1",
    ],
    "label": ["1 / 2", "2 / 2", SSCC, "Đường Sáng"],
    "personal_data": [
        "Carriers, Hosting",
        "✓ delivered",
        "Nothing is stored here",
        "ANSPDCP",
        "Art. 15(4)",
        "Page 1 of",
    ],
    "certificate": ["DEL-42", "31 December 2036", "Act 82", "Ed25519", "31 March 2026", "Page 1 of 1"],
    "document": ["Version 3.1", "Prose <i>", "Contents", "Page 1 of 1"],
}


def paper(name: str) -> bytes:
    """Print the template ``name`` with its example."""
    folder = Path(pdf.__file__).parents[1] / "templates"
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, extensions=["jinja2.ext.i18n"],
        undefined=jinja2.ChainableUndefined,
    )  # fmt: skip
    jinja.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    context = {"lang": "en", "title": "A title", "workspace": FIRM} | CONTEXTS[name]
    html = jinja.get_template(f"paper/{name}.html").render(context)
    return render_pdf(html, css=[pdf.paper_css()], title="A title", lang="en", created=NOON)


@pytest.mark.parametrize("name", CONTEXTS)
def test_each_paper_says_what_it_must(name):
    reader = pypdf.PdfReader(BytesIO(paper(name)))
    text = text_of(reader)
    assert [words for words in SAYS[name] if words not in text] == []
    width, height = (float(side) * 25.4 / 72 for side in reader.pages[0].mediabox[2:])
    assert (round(width), round(height)) == ((100, 150) if name == "label" else (210, 297))


@pytest.mark.skipif(not shutil.which("pdftoppm"), reason="pdftoppm turns the page into a picture (poppler-utils)")
@pytest.mark.parametrize(
    "name, codes", [("waybill", {"TA-4518", TRACK}), ("label", {SSCC, TRACK}), ("certificate", {TRACK})]
)
def test_printed_codes_are_read_off_the_page(name, codes):
    picture = subprocess.run(
        ["pdftoppm", "-r", "150", "-l", "1", "-png"], input=paper(name), stdout=subprocess.PIPE, check=True
    ).stdout
    assert {found.text for found in zxingcpp.read_barcodes(Image.open(BytesIO(picture)))} == codes
