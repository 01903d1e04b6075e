"""What a page loads beside itself: the stylesheet, two scripts, the icons. Put together and compressed once.

An address changes with its content, so a browser keeps each file for a year. Together with a list page they weigh less
than 40 kB on a first visit; a test in a real browser holds that.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import brotli
from flask import Flask, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from logicrm.core import access

YEAR = 31_536_000
#: Our name -> the files in the static folder that make it. What comes later may overrule what came before.
OWN = {
    "app.css": ("css/ground.css", "css/work.css", "css/pieces.css", "css/small.css"),
    "app.js": ("app.js",),
    "icons.svg": ("icons.svg",),
}
#: Our name -> where the file lies inside the package that brings it.
VENDOR_FILES = {"htmx.min.js": "static/django_htmx/htmx-2.min.js"}
_ICON = Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>')
_LABELLED = Markup('<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"/></svg>')
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def vendor_file(name: str) -> Path:
    """Path of a front-end file inside an installed package (no code of that package is imported)."""
    if name not in VENDOR_FILES:
        raise FileNotFoundError(name)
    spec = find_spec("django_htmx")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("htmx.min.js: install requirements/frontend.txt (make does)")
    return Path(next(iter(spec.submodule_search_locations))) / VENDOR_FILES[name]


def content(name: str, folder: Path) -> bytes:
    """What is sent under a name. Raises FileNotFoundError."""
    if name in VENDOR_FILES:
        return vendor_file(name).read_bytes()
    if name not in OWN:
        raise FileNotFoundError(name)
    return lean(b"".join((folder / part).read_bytes() for part in OWN[name]))


def lean(text: bytes) -> bytes:
    """Without comments of their own lines, indentation and empty lines: the same to a browser."""
    text = re.sub(rb"(?m)^/\*.*?\*/\n", b"", text, flags=re.S)
    lines = (line.strip() for line in text.split(b"\n"))
    return b"\n".join(line for line in lines if line and not line.startswith(b"//"))


class Assets:
    """The files of one application; each is read and compressed when it is first asked for."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.folder = Path(app.static_folder or "")
        self.addresses: dict[tuple[str, str], str] = {}
        self.packed: dict[str, dict[str, bytes]] = {}
        self.icons: dict[tuple[str, str], Markup] = {}

    def address(self, name: str) -> str:
        """Where a page finds the file. A page names the icons a hundred times, and building an address is slow."""
        key = (request.script_root, name)
        known = self.addresses.get(key)
        if known is None or self.app.debug:
            version = hashlib.sha256(content(name, self.folder)).hexdigest()[:12]
            known = self.addresses[key] = url_for("asset", name=name, v=version)
        return known

    def icon(self, name: str, label: str = "") -> Markup:
        """One of the icons, by its name in icons.svg; with a label it is read out.

        A page draws a hundred, and calling a macro for each took longer than all else on it.
        """
        if label:
            return _LABELLED.format(label, self.address("icons.svg"), name)
        key = (request.script_root, name)
        known = self.icons.get(key)
        if known is None or self.app.debug:
            known = self.icons[key] = _ICON.format(self.address("icons.svg"), name)
        return known

    def send(self, name: str) -> Response:
        """The file, in the smallest form that the browser takes."""
        if name not in self.packed or self.app.debug:
            try:
                body = content(name, self.folder)
            except FileNotFoundError:
                return Response("not found", 404)
            self.packed[name] = {
                "br": brotli.compress(body), "gzip": gzip.compress(body, mtime=0), "identity": body,
            }  # fmt: skip
        form = next((one for one in ("br", "gzip") if request.accept_encodings.quality(one) > 0), "identity")
        response = Response(self.packed[name][form], mimetype=TYPES[Path(name).suffix])
        response.cache_control.public, response.cache_control.max_age = True, YEAR
        response.cache_control.immutable = True
        response.vary.add("Accept-Encoding")
        if form != "identity":
            response.content_encoding = form
        return response

    def favicon(self) -> str:
        """The icon of the tab, inside the address itself: one request less, for 200 bytes."""
        drawn = (self.folder / "favicon.svg").read_text(encoding="utf-8").strip().replace('"', "'")
        return "data:image/svg+xml," + quote(drawn, safe=" =:/'")


def install(app: Flask) -> None:
    """Register the files' address and what templates call."""
    assets = Assets(app)

    @access.public
    def asset(name: str) -> Response:
        return assets.send(name)

    app.add_url_rule("/assets/<name>", "asset", asset)
    app.jinja_env.globals.update(asset=assets.address, draw_icon=assets.icon, favicon=assets.favicon())
