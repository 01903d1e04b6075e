"""The rows that failed, as a file to mend and import again; and cells that spreadsheets must not run."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from logicrm.leads.importing.folding import fold_heading

PROBLEM = "Problem"

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
# A telephone number and a negative amount start alike and run nothing.
_HARMLESS = re.compile(r"[+-]\d[\d .,]{0,30}", re.ASCII)


def escape_formula(cell: str) -> str:
    """Return ``cell`` so that no spreadsheet takes it for a formula: with an apostrophe in front if it could.

    Source: OWASP, CSV Injection.
    """
    start = cell.lstrip(" \u00a0\u200b\ufeff'")
    if start.startswith(_RISKY) and not _HARMLESS.fullmatch(cell):
        return "'" + cell
    return cell


def unescape_formula(cell: str) -> str:
    """Take off the apostrophe that ``escape_formula`` put in front."""
    if cell.startswith("'") and len(cell) > 1 and cell.lstrip(" '\u00a0\u200b\ufeff").startswith(_RISKY):
        return cell[1:]
    return cell


def error_lines(
    headings: Sequence[str], failed: Iterable[tuple[Sequence[str], Sequence[str]]], *, separator: str = ","
) -> Iterator[bytes]:
    """Write the failed rows piece by piece: UTF-8 with a mark, original columns, then "Problem".

    ``failed`` yields (cells as they were read, sentences). Headings are those of the file, so that
    the mapping chosen for it fits again; a "Problem" column from an earlier round is replaced.
    """
    kept = [i for i, heading in enumerate(headings) if fold_heading(heading) != "problem"]
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, lineterminator="\r\n")

    def taken() -> bytes:
        piece = buffer.getvalue().encode("utf-8", "replace")
        buffer.seek(0)
        buffer.truncate()
        return piece

    writer.writerow([*(escape_formula(headings[i]) for i in kept), PROBLEM])
    yield b"\xef\xbb\xbf" + taken()
    for cells, sentences in failed:
        row = [cells[i] if i < len(cells) else "" for i in kept]
        # What a ragged row has too much stands in its last cell, where it can be seen and sorted out.
        extra = [cell for cell in cells[len(headings) :] if cell.strip()]
        if extra and row:
            row[-1] = " ".join([row[-1], *extra]).strip()
        problem = " ".join(sentence.strip() for sentence in sentences)
        writer.writerow([*(escape_formula(cell.replace("\0", "")) for cell in row), escape_formula(problem)])
        yield taken()


def write_error_rows(
    out: BinaryIO,
    headings: Sequence[str],
    failed: Iterable[tuple[Sequence[str], Sequence[str]]],
    *,
    separator: str = ",",
) -> int:
    """Write what ``error_lines`` yields to ``out``; return how many rows failed."""
    count = -1
    for piece in error_lines(headings, failed, separator=separator):
        out.write(piece)
        count += 1
    return count
