"""The helper process that turns HTML into PDF. A program of its own: started by its path, it imports no LogiCRM.

It answers jobs on stdin with PDFs on stdout until stdin ends, nobody asks for ``IDLE_S`` seconds, or it has
grown (``MAX_JOBS``, ``MAX_RESIDENT_MB``); ``core/pdf.py`` then starts another one. What the HTML names on disk
or on the network is refused: only ``data:`` addresses are fetched.

Wire format, both ways: 4 bytes big-endian length, a JSON header, then the parts of ``header["sizes"]`` bytes.
Job: html, style sheets, attachments. Answer: ``{"ok": true, …}`` and the PDF, or ``{"ok": false, "kind": …}``.
"""

import contextlib
import importlib
import io
import json
import logging
import os
import re
import struct
import sys
import time
import traceback
from collections.abc import Iterator
from datetime import datetime
from types import ModuleType
from typing import Any, BinaryIO

IDLE_S = 120
MAX_JOBS = 100
MAX_RESIDENT_MB = 350
_LINKS_KEPT = re.compile(r"(https?|mailto|tel):", re.IGNORECASE)
_WARM_UP = "<title>.</title><p style='font-family: sans-serif'>a <b>b</b> <i>ș</i><table><tr><th>ễ<td>→</table>"


class OnlyData:
    """A fetcher for WeasyPrint that knows ``data:`` and counts everything else that was asked for."""

    _fail_on_errors = False  # WeasyPrint reads it: a refused picture leaves a gap, not a failure

    def __init__(self, weasyprint: ModuleType) -> None:
        self._fetch = importlib.import_module("weasyprint.urls").URLFetcher(allowed_protocols={"data"})
        self.refused = 0

    def __call__(self, url: str) -> Any:
        """Return the response for ``url``; ValueError for anything but ``data:``."""
        if url[:5].lower() != "data:":
            self.refused += 1
            raise ValueError("only data: addresses are fetched")
        return self._fetch(url)


class Nothing:
    """A fetcher for the writing phase, in which WeasyPrint asks only for the files that the HTML wants attached."""

    _fail_on_errors = False

    def __call__(self, url: str) -> Any:
        """Refuse ``url``: attachments come from the job, never from the document."""
        raise ValueError("documents attach nothing")


class OneFile:
    """A fetcher that hands WeasyPrint the bytes of one attachment with their media type."""

    _fail_on_errors = False

    def __init__(self, data: bytes, mime: str) -> None:
        self._data, self._mime = data, mime

    def __call__(self, url: str) -> Any:
        """Return the attachment, whatever ``url`` says."""
        urls = importlib.import_module("weasyprint.urls")
        return urls.URLFetcherResponse(url, self._data, {"Content-Type": self._mime})


def render(weasyprint: ModuleType, header: dict[str, Any], parts: list[bytes]) -> tuple[bytes, int, int]:
    """Return ``(pdf, pages, refused addresses)`` for one job."""
    sheets, files = header["css"], header["attachments"]
    fetcher = OnlyData(weasyprint)
    html = weasyprint.HTML(string=parts[0].decode(), url_fetcher=fetcher, media_type="print")
    css = [weasyprint.CSS(string=part.decode(), url_fetcher=fetcher) for part in parts[1 : 1 + sheets]]
    document = html.render(stylesheets=css)
    created = datetime.fromisoformat(header["created"])
    attachments = [
        weasyprint.Attachment(
            url=f"attachment:{number}", url_fetcher=OneFile(data, file["mime"]), name=file["name"],
            description=file["description"], relationship=file["relationship"], created=created, modified=created,
        )
        for number, (file, data) in enumerate(zip(files, parts[1 + sheets :], strict=True))
    ]  # fmt: skip
    # What the document says about itself is replaced, not merged: titles and dates are facts of the caller.
    stamp = created.strftime("%Y-%m-%dT%H:%M:%SZ")
    document.metadata = importlib.import_module("weasyprint.pdf.metadata").DocumentMetadata(
        title=header["title"], lang=header["lang"], generator="LogiCRM", created=stamp, modified=stamp,
        attachments=attachments,
    )  # fmt: skip
    document.url_fetcher = Nothing()
    for page in document.pages:
        page.links = [link for link in page.links if link[0] == "internal" or _LINKS_KEPT.match(str(link[1]))]
    variant = "pdf/a-3a" if header["archival"] else None
    pdf = document.write_pdf(pdf_variant=variant, pdf_tags=True, uncompressed_pdf=False)
    return pdf, len(document.pages), fetcher.refused


def answer(job: BinaryIO, reply: BinaryIO, weasyprint: ModuleType | None, why: str) -> bool:
    """Read one job, write one answer. False when ``job`` has ended or this helper is fit for no further one."""
    prefix = job.read(4)
    if len(prefix) < 4:
        return False
    header = json.loads(job.read(struct.unpack(">I", prefix)[0]))
    parts = [job.read(size) for size in header["sizes"]]
    pdf = b""
    started = time.perf_counter()
    if weasyprint is None:
        said: dict[str, Any] = {"ok": False, "kind": "unavailable", "why": why}
    else:
        limit_cpu(header["timeout_s"])
        try:
            pdf, pages, refused = render(weasyprint, header, parts)
            said = {"ok": True, "pages": pages, "refused": refused}
        except MemoryError:
            said = {"ok": False, "kind": "memory", "why": ""}
        except Exception as error:  # the parent turns it into words; the message may quote the document
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{os.path.basename(frame.filename)}:{frame.lineno}"
            said = {"ok": False, "kind": "error", "why": f"{type(error).__name__} in {where}"}
    said |= {"sizes": [len(pdf)], "ms": round((time.perf_counter() - started) * 1000), "resident_mb": resident_mb()}
    blob = json.dumps(said).encode()
    reply.write(struct.pack(">I", len(blob)) + blob + pdf)
    reply.flush()
    return said.get("kind") not in ("memory", "unavailable")


def limit_memory(limit_bytes: int) -> None:
    """Cap the address space and forbid core dumps, which would hold personal data. Nothing on Windows."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":  # macOS maps far more than it uses
            resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))


def limit_cpu(seconds: int) -> None:
    """Let this process burn ``seconds`` more of processor time; the kernel ends it after that."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + seconds + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def resident_mb() -> int:
    """Return the largest resident size so far, 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak // (1024 if sys.platform == "linux" else 1024 * 1024))


def waited_long(job: io.FileIO, seconds: int) -> bool:
    """True when no job has begun within ``seconds``. (Windows cannot wait for a pipe: it never idles out.)"""
    if os.name != "posix":
        return False
    import select

    return not select.select([job], [], [], seconds)[0]


def jobs(job: io.FileIO) -> Iterator[int]:
    """Count jobs up to the limits of one helper's life."""
    for number in range(MAX_JOBS):
        if number and (resident_mb() > MAX_RESIDENT_MB or waited_long(job, IDLE_S)):
            return
        yield number


def main() -> None:
    """Serve until told to stop: ``_pdf_child.py MEMORY_BYTES``."""
    # Unbuffered, or select() would not see what Python has already read ahead.
    job = io.FileIO(0, closefd=False)
    reply = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not spoil the wire
    limit_memory(int(sys.argv[1]))
    weasyprint, why = None, ""
    try:
        weasyprint = importlib.import_module("weasyprint")
        logging.getLogger("weasyprint").handlers = [logging.NullHandler()]
        logging.getLogger("fontTools").handlers = [logging.NullHandler()]
        if waited_long(job, 0):  # no job is waiting yet: load fonts now, not in the first document's time
            weasyprint.HTML(string=_WARM_UP, url_fetcher=OnlyData(weasyprint)).write_pdf()
    except (ImportError, OSError) as error:
        weasyprint, why = None, str(error)
    whole = io.BufferedReader(job, 1)
    for _ in jobs(job):
        if not answer(whole, reply, weasyprint, why):
            return


if __name__ == "__main__":
    main()
