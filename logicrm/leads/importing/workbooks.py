"""Workbooks (XLSX, XLS, XLSB, ODS), read by a child process that may die without harm."""

import contextlib
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from logicrm.leads.importing.table import Limits, Row, UnreadableFile
from logicrm.leads.importing.wording import Said, said

OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"

_MEMORY = 320 * 1024 * 1024  # of addresses; 100,000 rows of 12 columns take 170
_SECONDS = 20
_MAX_MEMBERS = 2_000
_MAX_UNPACKED = 400 * 1024 * 1024
_MAX_RATIO = 150
_SMALL = 8 * 1024 * 1024
_CHILD = Path(__file__).with_name("workbook_child.py")


def _damaged() -> UnreadableFile:
    return UnreadableFile(
        said("This workbook is damaged, or is not a workbook at all."),
        said("Open it in your spreadsheet program, save it again as XLSX or CSV, and send that."),
    )


def _too_big() -> UnreadableFile:
    return UnreadableFile(
        said("This workbook unpacks to far more than a list of leads needs."),
        said("Copy the cells with data into a new workbook, or save the sheet as CSV."),
    )


def check_zip(stream: BinaryIO) -> None:
    """Look at the list of packed parts before anything is unpacked. Raises UnreadableFile."""
    try:
        with zipfile.ZipFile(stream) as package:
            members = package.infolist()
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        ValueError,
        OSError,
        EOFError,
        OverflowError,
        UnicodeError,
    ) as bad:
        raise _damaged() from bad
    names = {member.filename for member in members}
    if not any(name.startswith(("xl/", "Index/", "content.xml")) for name in names):
        raise UnreadableFile(
            said("This is a packed (ZIP) file and not a workbook."),
            said("Unpack it and send the CSV, XLSX or VCF file inside."),
        )
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > _MAX_MEMBERS or unpacked > _MAX_UNPACKED:
        raise _too_big()
    if unpacked > _SMALL and unpacked > _MAX_RATIO * max(packed, 1):
        raise _too_big()
    if any(member.flag_bits & 1 for member in members):
        raise _locked()


def _locked() -> UnreadableFile:
    return UnreadableFile(
        said("This workbook is locked with a password."),
        said("Open it, take the password off, save it, and send it again."),
    )


def sheet_rows(open_stream: Callable[[], BinaryIO], limits: Limits) -> Iterator[Row]:
    """Read the first sheet that is not empty; ``line`` is the row number that the sheet shows.

    Cells at the end of a row that hold nothing are left out. Each call starts a child process,
    which ends with the iterator. Raises UnreadableFile.
    """
    arguments = [str(_MEMORY), str(_SECONDS), str(limits.max_cell)]
    child = subprocess.Popen(  # noqa: S603 - our own file and interpreter; nothing of the workbook is on the line
        [sys.executable, "-I", str(_CHILD), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
    )
    feeder = threading.Thread(target=_feed, args=(child, open_stream), daemon=True)
    feeder.start()
    try:
        yield from _answers(child)
    finally:
        child.kill()
        child.wait()
        feeder.join(timeout=10)
        if child.stdout:
            child.stdout.close()


def _feed(child: "subprocess.Popen[bytes]", open_stream: Callable[[], BinaryIO]) -> None:
    """Copy the workbook to the child: by pipe, because a temporary file would be readable to others."""
    if child.stdin is None:
        return
    with contextlib.suppress(OSError, ValueError), open_stream() as stream:
        while chunk := stream.read(1024 * 1024):
            child.stdin.write(chunk)
    with contextlib.suppress(OSError, ValueError):
        child.stdin.close()


def _answers(child: "subprocess.Popen[bytes]") -> Iterator[Row]:
    if child.stdout is None:
        return
    for answer in child.stdout:
        try:
            parsed = json.loads(answer)
        except ValueError:  # the child died in the middle of a line
            break
        if isinstance(parsed, list):
            # A sheet keeps some control and surrogate characters that text may not hold.
            texts = [text.encode("utf-8", "replace").decode() for text in parsed[1]]
            yield Row(parsed[0], texts)
        elif "end" in parsed:
            return
    code = child.wait()
    if code == 5:
        raise _locked()
    if code == 4 or code < 0:
        raise _too_big()
    raise _damaged()


def trimmed_to(row: Row, width: int, limits: Limits) -> Row:
    """Bring a sheet's row to the width of the headings: short rows end in empty cells."""
    problem: Said | None = row.problem
    cells = row.cells
    if len(cells) > width:
        problem = said(
            "This row has %(found)d cells where the headings name %(wanted)d.", found=len(cells), wanted=width
        )
        cells = cells[: limits.max_columns]
    cells = cells + [""] * (width - len(cells))
    for column, cell in enumerate(cells, 1):
        if len(cell) > limits.max_cell:
            problem = problem or said(
                "Cell %(column)d has more than %(limit)d characters.", column=column, limit=limits.max_cell
            )
    return Row(row.line, [cell[: limits.max_cell] for cell in cells], problem)
