"""HTML to PDF, in a helper process: the worker's memory stays flat and a bad document cannot hang it.

WeasyPrint lives in ``_pdf_child.py``. A helper is started when first needed (about half a second), kept for the
next documents, and goes away when idle, grown or old. Limits: one deadline, processor time, address space. Only
``data:`` addresses are fetched, so pictures and bar codes go in as ``data:`` (``barcodes.svg_data_uri``).
"""

import atexit
import contextlib
import json
import logging
import os
import re
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

log = logging.getLogger(__name__)

APT_LINE = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
PAPER_CSS = Path(__file__).parents[1] / "static" / "paper.css"

_CHILD = Path(__file__).with_name("_pdf_child.py")
_MEMORY_BYTES = 2 * 1024**3  # address space; 200 dense pages were measured at 746 MB resident
_AT_ONCE = 2  # helpers per process; further callers wait their turn
_RELATIONSHIPS = {"Source", "Data", "Alternative", "Supplement", "Unspecified"}
_MIME = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*")
_NAME = re.compile(r"[^/\\\x00-\x1f]{1,200}")
_LANG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class PdfFailed(Exception):
    """No PDF was made. The message says why in words for the person who asked, without the document's text."""


class PdfUnavailable(PdfFailed):
    """This machine lacks what PDF needs. The message carries the line that installs it."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside the PDF; taken out again, it is equal byte for byte.

    ``relationship`` is PDF/A-3's AFRelationship: Source, Data, Alternative, Supplement or Unspecified.
    """

    name: str
    data: bytes
    mime: str = "application/json"
    description: str = ""
    relationship: str = "Data"

    def __post_init__(self) -> None:
        """Raise ValueError for what a PDF cannot say."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a file name.")
        if not _MIME.fullmatch(self.mime):
            raise ValueError(f"{self.mime!r} is not a media type.")
        if self.relationship not in _RELATIONSHIPS:
            raise ValueError(f"{self.relationship!r} is not one of {', '.join(sorted(_RELATIONSHIPS))}.")


def paper_css() -> str:
    """Return the print style sheet, to be handed to ``render_pdf(css=[paper_css()])``."""
    return PAPER_CSS.read_text(encoding="utf-8")


def render_pdf(
    html: str,
    *,
    css: Sequence[str] = (),
    attachments: Sequence[Attachment] = (),
    title: str,
    lang: str,
    archival: bool = True,
    timeout_s: int = 120,
    created: datetime | None = None,
) -> bytes:
    """Return ``html`` as a tagged PDF; with ``archival`` it claims PDF/A-3a.

    ``css`` are style sheets as text, ``lang`` is a BCP 47 tag (``ro``, ``vi``, ``en-GB``), ``created`` the time
    that goes into the file (now, when absent): the same input and time give the same bytes. ``timeout_s`` covers
    everything, waiting for a free helper included. Title, language, dates and attachments come from these
    arguments only; what the HTML says of them is dropped, as is every address that is not ``data:``.

    Raises PdfUnavailable (libraries missing, with the line that installs them), PdfFailed (too slow, too large,
    crashed, not renderable) and ValueError (no title, no language tag).
    """
    if not title.strip():
        raise ValueError("A PDF needs a title: screen readers announce it, and PDF/A asks for it.")
    if not _LANG.fullmatch(lang):
        raise ValueError(f"{lang!r} is not a language tag such as en, ro or vi.")
    ordered = sorted(attachments, key=lambda file: file.name)  # a PDF name tree is sorted
    if len({file.name for file in ordered}) < len(ordered):
        raise ValueError("Two attachments have the same name.")
    parts = [html.encode(errors="replace"), *(sheet.encode() for sheet in css), *(file.data for file in ordered)]
    header = {
        "title": title,
        "lang": lang,
        "archival": archival,
        "timeout_s": timeout_s,
        "created": (created or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0).isoformat(),
        "css": len(css),
        "attachments": [
            {"name": a.name, "mime": a.mime, "description": a.description, "relationship": a.relationship}
            for a in ordered
        ],
        "sizes": [len(part) for part in parts],
    }
    said, pdf = _pool.ask(header, parts, timeout_s)
    if said["ok"]:
        if said["refused"]:
            log.warning("PDF: %d addresses in the document were refused; only data: is fetched.", said["refused"])
        log.info("PDF: %d pages, %d bytes, %d ms.", said["pages"], len(pdf), said["ms"])
        return pdf
    if said["kind"] == "unavailable":
        raise PdfUnavailable(
            f"PDF needs system libraries that are missing here. On Debian or Ubuntu: {APT_LINE} ({said['why']})"
        )
    if said["kind"] == "memory":
        raise PdfFailed("The document is too large for one PDF. Split it into volumes of about 100 pages.")
    raise PdfFailed(f"The document could not be made into a PDF ({said['why']}).")


def warm_up() -> None:
    """Start one helper in the background, so that the first PDF does not wait for it."""
    _pool.prepare()


def close_helpers() -> None:
    """End the idle helpers of this process; the next PDF starts one again."""
    _pool.drain()


class _Helper:
    """One helper process and its two pipes."""

    def __init__(self) -> None:
        # No environment: keys and passwords of the application are no business of a process that reads
        # foreign HTML. HOME finds the owner's fonts; the hash seed makes the bytes repeatable.
        home = os.path.expanduser("~")
        env = {"PATH": os.defpath, "HOME": home, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
        if sys.platform == "darwin":
            env["DYLD_FALLBACK_LIBRARY_PATH"] = "/opt/homebrew/lib:/usr/local/lib"
        self.fresh = True
        self.process = subprocess.Popen(  # noqa: S603
            # -P: the folder of the program is core/, whose files would hide the standard library's.
            [sys.executable, "-P", "-s", str(_CHILD), str(_MEMORY_BYTES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env if os.name == "posix" else None,
            close_fds=True,
        )

    def ask(self, header: dict[str, Any], parts: list[bytes]) -> tuple[dict[str, Any], bytes]:
        """Hand over one job and wait. EOFError or OSError when the helper is gone."""
        job, reply = self.process.stdin, self.process.stdout
        assert job is not None and reply is not None
        blob = json.dumps(header).encode()
        job.write(struct.pack(">I", len(blob)) + blob)
        for part in parts:
            job.write(part)
        job.flush()
        said = json.loads(_exactly(reply, struct.unpack(">I", _exactly(reply, 4))[0]))
        return said, _exactly(reply, said["sizes"][0])

    def end(self) -> None:
        """Kill the process and collect it."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was still to be written has no reader
                    pipe.close()
        self.process.wait()


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    """Read ``size`` bytes; EOFError when the pipe ends before."""
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data


class _Pool:
    """The helpers of this process: at most ``_AT_ONCE`` at work, the rest of the callers in line."""

    def __init__(self) -> None:
        self._inherited: list[_Helper] = []
        self._idle: list[_Helper] = []
        self._begin()

    def _begin(self) -> None:
        """Start with nobody at work."""
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(_AT_ONCE)

    def ask(self, header: dict[str, Any], parts: list[bytes], timeout_s: int) -> tuple[dict[str, Any], bytes]:
        """Return the answer of some helper within ``timeout_s``, or raise PdfFailed."""
        deadline = time.monotonic() + timeout_s
        if not self._slots.acquire(timeout=timeout_s):
            raise PdfFailed(f"Too many PDFs are being made; this one waited {timeout_s} seconds. Try again later.")
        try:
            while True:
                helper = self._take()
                again = not helper.fresh  # it may have retired at this very moment: that is worth a second try
                late = threading.Event()
                answer = self._ask_one(helper, header, parts, deadline - time.monotonic(), late)
                if answer is not None:
                    return answer
                if late.is_set():
                    raise PdfFailed(f"The document took longer than {timeout_s} seconds and was stopped.")
                if not again:
                    raise PdfFailed("The PDF helper stopped while it worked on the document. Try a smaller one.")
        finally:
            self._slots.release()

    def _ask_one(
        self, helper: _Helper, header: dict[str, Any], parts: list[bytes], left_s: float, late: threading.Event
    ) -> tuple[dict[str, Any], bytes] | None:
        """Ask one helper; None when it died, ``late`` set when we killed it for being slow."""

        def stop() -> None:
            late.set()
            helper.process.kill()

        timer = threading.Timer(max(left_s, 0.001), stop)
        timer.daemon = True
        timer.start()
        try:
            answer = helper.ask(header, parts)
        except (OSError, EOFError):
            answer = None
        finally:
            timer.cancel()
        if answer is None or late.is_set():
            helper.end()
        else:
            helper.fresh = False
            with self._lock:
                self._idle.append(helper)
        return answer

    def _take(self) -> _Helper:
        """Return an idle helper that lives, or a new one."""
        while True:
            with self._lock:
                helper = self._idle.pop() if self._idle else None
            if helper is None:
                return _Helper()
            if helper.process.poll() is None:
                return helper
            helper.end()

    def prepare(self) -> None:
        """Have one helper ready."""
        with self._lock:
            if not self._idle:
                self._idle.append(_Helper())

    def drain(self) -> None:
        """End every idle helper."""
        with self._lock:
            idle, self._idle = self._idle, []
        for helper in idle:
            helper.end()

    def after_fork(self) -> None:
        """Forget the parent's helpers: two processes must not talk into one pipe."""
        self._inherited += self._idle  # kept, so that nobody waits for children that are not ours
        self._idle = []
        self._begin()


_pool = _Pool()
atexit.register(_pool.drain)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.after_fork)
