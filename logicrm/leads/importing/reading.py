"""Opens whatever was sent as a table: separated text, a workbook, or visiting cards."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from logicrm.leads.importing import contents, vcards, workbooks
from logicrm.leads.importing.csv_files import check_separator, find_dialect, fitted, lines_of, records
from logicrm.leads.importing.encodings import Encoding, canonical, detect, first_undecodable_line
from logicrm.leads.importing.synonyms import is_known_heading
from logicrm.leads.importing.table import Limits, Row, Table, UnreadableFile, unique_headings, within
from logicrm.leads.importing.wording import Said, said

__all__ = ["Limits", "Row", "Table", "UnreadableFile", "open_table"]

Opener = Callable[[], BinaryIO]

_FIRST = 100
_NOTHING = "\"' \t\r\n\xa0\u200b"
_FOREIGN = [
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a packed (gzip) file"),
    (b"7z\xbc\xaf", "a packed (7z) file"),
    (b"Rar!", "a packed (RAR) file"),
    (b"SQLite format 3", "a database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
]


def open_table(
    source: str | Path | bytes,
    filename: str,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    header: bool | None = None,
    limits: Limits | None = None,
) -> Table:
    """Open a file that someone exported from another program.

    ``source`` is the content or where it lies; ``filename`` is only shown, the kind is told by the
    content. ``encoding``, ``separator`` and ``header`` overrule what would be found out.
    Raises UnreadableFile, and on no bytes anything else.
    """
    limits = limits or Limits()
    opener, size = _opener(source)
    if size > limits.max_bytes:
        raise UnreadableFile(
            said(
                "The file has %(size)d MB; at most %(limit)d MB can be imported.",
                size=_mb(size),
                limit=_mb(limits.max_bytes),
            ),
            said("Split it into smaller files, or leave out pictures and attachments when exporting."),
        )
    with opener() as stream:
        head = stream.read(4096)
    if not head.strip(b"\0 \t\r\n"):
        raise _empty()
    if head.startswith((workbooks.ZIP, b"PK\x05\x06", workbooks.OLD_OFFICE)):
        return _open_workbook(opener, filename, header, limits, zipped=head.startswith(b"PK"))
    _refuse_foreign(head)
    found = _encoding(opener, encoding)
    start = head.decode(found.name, errors="ignore").lstrip("\ufeff \t\r\n")
    if start[:11].upper() == "BEGIN:VCARD":
        return _open_cards(opener, filename, found, limits)
    _refuse_markup(start)
    return _open_csv(opener, size, filename, found, separator, header, limits)


def _opener(source: str | Path | bytes) -> tuple[Opener, int]:
    if isinstance(source, bytes):
        content = source
        return (lambda: io.BytesIO(content)), len(content)
    path = Path(source)
    return (lambda: path.open("rb")), path.stat().st_size


def _mb(size: int) -> int:
    return -(-size // (1024 * 1024))


def _empty() -> UnreadableFile:
    return UnreadableFile(
        said("The file has no rows."), said("Check that the right file was chosen, and export it again.")
    )


def _refuse_foreign(head: bytes) -> None:
    for mark, what in _FOREIGN:
        if head.startswith(mark):
            raise UnreadableFile(
                said("This is %(what)s and not a table.", what=what),
                said("Send a CSV, XLSX or VCF file."),
            )


def _refuse_markup(start: str) -> None:
    lowered = start[:2000].lower()
    if lowered.startswith(("<!doctype", "<html", "<table", "<?xml", "<meta", "<style")):
        raise UnreadableFile(
            said("This is a web page or XML file, even if its name says otherwise."),
            said("Open it in your spreadsheet program and save it as XLSX or CSV."),
        )
    if lowered.startswith(("{", "[{", "[\n", "[\r")) and '":' in lowered:
        raise UnreadableFile(said("This is a JSON file and not a table."), said("Send a CSV, XLSX or VCF file."))
    if start:
        odd = sum(not char.isprintable() and char not in "\t\r\n\0\xa0\ufeff\u200b" for char in start)
        if odd > len(start) * 0.1:
            raise UnreadableFile(
                said("This is not text: it may be a program, a picture, or a damaged file."),
                said("Export the table again as CSV (UTF-8) or XLSX."),
            )


def _encoding(opener: Opener, wanted: str | None) -> Encoding:
    """Find the encoding out, or check that the one asked for fits every line."""
    with opener() as stream:
        found = detect(stream)
    if wanted is None or found.name == (name := canonical(wanted)):
        return found
    if found.sure and found.name != "utf-8":
        return found  # a byte-order mark knows better than a menu
    with opener() as stream:
        line = first_undecodable_line(stream, name)
    if line is not None:
        raise UnreadableFile(
            said("Line %(line)d is not written in %(name)s.", line=line, name=name),
            said("Choose another encoding; %(best)s fits best.", best=found.name),
            line,
        )
    return Encoding(name, True, list(dict.fromkeys([name, *found.candidates])))


def _doubt(encoding: Encoding) -> list[Said]:
    if encoding.sure:
        return []
    return [
        said(
            "The letters were read as %(name)s, which is a guess: please check the preview.",
            name=encoding.name,
        )
    ]


def _open_csv(
    opener: Opener,
    size: int,
    filename: str,
    found: Encoding,
    separator: str | None,
    header: bool | None,
    limits: Limits,
) -> Table:
    if separator is not None:
        check_separator(separator)
    dialect = find_dialect(lambda: lines_of(opener(), found.name), separator)

    def raw() -> Iterator[Row]:
        rows = records(lines_of(opener(), found.name), dialect)
        return (row for row in rows if any(cell.strip(_NOTHING) for cell in row.cells))

    head = list(islice(raw(), _FIRST + 12))
    preamble, has_header, headings = _headings(head, header, limits)
    width = len(headings)
    skip = preamble + has_header

    def read() -> Iterator[Row]:
        return within((fitted(row, width, limits) for row in islice(raw(), skip, None)), limits.max_rows)

    first = list(islice(read(), _FIRST))
    whole = len(head) < _FIRST + 12
    lines = _line_count(opener, found.name)
    per_row = (head[-1].line - head[0].line + 1) / len(head)
    return Table(
        "csv", filename, found.name, found.sure, found.candidates, dialect.separator, has_header, headings,
        row_count=len(first) if whole and len(first) < _FIRST else max(len(first), round(lines / per_row) - skip),
        row_count_exact=whole and len(first) < _FIRST,
        read=read, first=first, notes=_doubt(found),
    )  # fmt: skip


def _line_count(opener: Opener, encoding: str) -> int:
    """Count line ends fast; good enough for a progress bar."""
    unit = 4 if "32" in encoding else 2 if "16" in encoding else 1
    feeds = returns = 0
    last = b""
    with opener() as stream:
        while chunk := stream.read(1024 * 1024):
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            last = chunk
    return (feeds or returns) + (not last.rstrip(b"\0").endswith((b"\n", b"\r")) and bool(unit))


def _open_workbook(opener: Opener, filename: str, header: bool | None, limits: Limits, *, zipped: bool) -> Table:
    if zipped:
        with opener() as stream:
            workbooks.check_zip(stream)
    head: list[Row] = []
    total = 0
    for row in within(workbooks.sheet_rows(opener, limits), limits.max_rows, above=12):
        total += 1
        if len(head) < _FIRST + 12:
            head.append(row)
    preamble, has_header, headings = _headings(head, header, limits)
    width = len(headings)
    skip = preamble + has_header

    def read() -> Iterator[Row]:
        rows = islice(workbooks.sheet_rows(opener, limits), skip, None)
        return within((workbooks.trimmed_to(row, width, limits) for row in rows), limits.max_rows)

    first = [workbooks.trimmed_to(row, width, limits) for row in head[skip:]][:_FIRST]
    return Table("xlsx", filename, "", True, [], "", has_header, headings, total - skip, True, read, first)


def _open_cards(opener: Opener, filename: str, found: Encoding, limits: Limits) -> Table:
    def read() -> Iterator[Row]:
        return within(vcards.card_rows(opener(), found.name, limits), limits.max_rows)

    first = list(islice(read(), _FIRST))
    if not first:
        raise _empty()
    count = vcards.count_cards(opener(), found.name) if len(first) == _FIRST else len(first)
    return Table(
        "vcard", filename, found.name, found.sure, found.candidates, "", True, list(vcards.HEADINGS),
        max(count, len(first)), len(first) < _FIRST, read, first, _doubt(found),
    )  # fmt: skip


def _headings(head: list[Row], header: bool | None, limits: Limits) -> tuple[int, bool, list[str]]:
    """Return how many rows stand before the table, whether headings follow, and the columns' names."""
    if not head:
        raise _empty()
    preamble = _preamble(head)
    body = head[preamble:]
    width = len(body[0].cells)
    has_header = looks_like_header(body[0].cells, [row.cells for row in body[1:]]) if header is None else header
    if not has_header:
        usual = Counter(len(row.cells) for row in body if not row.problem)
        width = usual.most_common(1)[0][0] if usual else width
    if has_header and body[0].problem:
        raise UnreadableFile(body[0].problem, said("Mend the first line, or export the file again."), body[0].line)
    names = body[0].cells if has_header else [""] * width
    while (
        len(names) > 1
        and has_header
        and not names[-1].strip()
        and all(len(row.cells) < len(names) or not row.cells[len(names) - 1].strip() for row in body[1:])
    ):
        names = names[:-1]  # a separator at the end of every line makes no column
    if len(names) > limits.max_columns:
        raise UnreadableFile(
            said(
                "The first line has %(found)d columns; at most %(limit)d can be read.",
                found=len(names),
                limit=limits.max_columns,
            ),
            said("Check that the right separator is chosen, or leave out the columns that you do not need."),
            body[0].line,
        )
    if has_header and len(body) == 1:
        raise UnreadableFile(
            said("There is only one row, and it looks like headings."),
            said("Check that the export holds records; if this row is a lead, say that there are no headings."),
            body[0].line,
        )
    return preamble, has_header, unique_headings(names)


def _preamble(head: list[Row]) -> int:
    """Count the titles and remarks that people put above a table: rows of one cell over wider ones."""
    usual = Counter(len([cell for cell in row.cells if cell.strip()]) for row in head[:40]).most_common(1)[0][0]
    count = 0
    if usual >= 3:
        while count < min(10, len(head) - 2) and sum(bool(cell.strip()) for cell in head[count].cells) == 1:
            count += 1
    return count


def looks_like_header(first: list[str], others: list[list[str]]) -> bool:
    """Tell a row of names for columns from a row of data."""
    cells = [cell.strip() for cell in first if cell.strip()]
    if not cells:
        return True
    known = sum(is_known_heading(cell) for cell in cells)
    data = sum(contents.is_data(cell) for cell in cells)
    if known >= max(1, len(cells) / 3) and known > data:
        return True
    if data or any(len(cell) > 100 for cell in cells) or len({cell.casefold() for cell in cells}) < len(cells) / 2:
        return False
    # Nothing in the row is data: it is a header if data stands below, or if we cannot tell.
    return bool(others) or known > 0
