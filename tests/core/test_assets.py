"""What a page loads: in the smallest form that the browser takes, kept for a year, never an old one."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from logicrm.core import assets

UNPACK = {"br": brotli.decompress, "gzip": gzip.decompress}


def named(page: str, name: str) -> str:
    found = re.search(rf'"(/assets/{re.escape(name)}\?v=[0-9a-f]+)', page)
    assert found, name
    return found[1]


@pytest.mark.parametrize("takes, form", [("br, gzip", "br"), ("gzip", "gzip"), ("", ""), ("br;q=0, gzip", "gzip")])
@pytest.mark.parametrize("name", ["app.css", "app.js", "htmx.min.js", "icons.svg"])
def test_each_file_is_packed_as_the_browser_asks(
    stranger: FlaskClient, cast: object, name: str, takes: str, form: str
) -> None:
    plain = stranger.get(f"/assets/{name}").data
    answer = stranger.get(f"/assets/{name}", headers={"Accept-Encoding": takes})
    assert answer.headers.get("Content-Encoding", "") == form
    assert UNPACK.get(form, lambda body: body)(answer.data) == plain
    assert "Accept-Encoding" in answer.headers["Vary"] and "Set-Cookie" not in answer.headers


def test_a_file_is_kept_for_a_year_under_an_address_of_its_own(stranger: FlaskClient, cast: object) -> None:
    page = stranger.get("/sign-in").text
    for name in ("app.css", "app.js", "htmx.min.js"):
        answer = stranger.get(named(page, name))
        assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
        assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_the_address_follows_the_content(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "app.js").write_text("let a = 1;")
    before = assets.content("app.js", tmp_path)
    (tmp_path / "app.js").write_text("let a = 2;")
    assert before != assets.content("app.js", tmp_path)


def test_what_is_left_out_means_nothing_to_a_browser() -> None:
    css = b"/* a note\n   on two lines */\na { b: c; }\n\n  d {\n    e: url(//x); /* kept */\n  }\n"
    assert assets.lean(css) == b"a { b: c; }\nd {\ne: url(//x); /* kept */\n}"
    assert assets.lean(b"// a note\nlet a = 1; // kept\n  let b = 2;\n") == b"let a = 1; // kept\nlet b = 2;"


@pytest.mark.parametrize("name", ["secrets.css", "..%2fapp.js", "paper.css", "app.js.map"])
def test_nothing_else_is_sent(stranger: FlaskClient, cast: object, name: str) -> None:
    assert stranger.get(f"/assets/{name}").status_code == 404


def test_a_sheet_is_short_enough_to_read(app: Flask) -> None:
    for part in assets.OWN["app.css"]:
        assert (Path(app.static_folder or "") / part).read_text(encoding="utf-8").count("\n") < 400, part
