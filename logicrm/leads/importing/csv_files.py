"""Separated text, line by line, in constant memory."""

import csv
import io
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from logicrm.leads.importing.synonyms import is_known_heading
from logicrm.leads.importing.table import Limits, Row, UnreadableFile
from logicrm.leads.importing.wording import Said, said

SEPARATORS = (",", ";", "\t", "|")
_MAX_LINE = 4_000_000
_MAX_RECORD_LINES = 2_000
_MAX_BROKEN = 100


@dataclass(frozen=True)
class Dialect:
    """How cells are kept apart. ``skip_lines``: lines before the table, such as ``sep=;``."""

    separator: str
    backslash_escapes: bool = False
    skip_lines: int = 0


def check_separator(separator: str) -> str:
    """Return ``separator`` if cells can be separated by it, else raise UnreadableFile."""
    if len(separator) != 1 or separator in "\"'\\\r\n \0\ufeff" or separator.isalnum():
        raise UnreadableFile(
            said("Cells cannot be separated by “%(sign)s”.", sign=separator[:10]),
            said("Choose one sign, such as a comma, a semicolon or a tab."),
        )
    return separator


def lines_of(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """Decode ``stream`` and hand out its lines with their ends; closes it. Zero bytes are left out."""
    with io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="") as text:
        number = 0
        while line := text.readline(_MAX_LINE):
            number += 1
            if len(line) >= _MAX_LINE:
                raise UnreadableFile(
                    said("Line %(line)d has more than %(limit)d characters.", line=number, limit=_MAX_LINE),
                    said("This does not look like a table. Export it again as CSV, one record a line."),
                    number,
                )
            if number == 1:
                line = line.removeprefix("\ufeff")
            if "\0" in line:
                line = line.replace("\0", "") or "\n"
            yield line


class _Feed:
    """Feeds csv.reader, and keeps the lines of the record being read so they can be given back."""

    def __init__(self, source: Iterator[str], number: int) -> None:
        self.source = source
        self.number = number
        self.record: list[str] = []
        self.returned: deque[str] = deque()
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.record) >= _MAX_RECORD_LINES:
            raise csv.Error("record without end")
        if self.returned:
            line = self.returned.popleft()
        else:
            try:
                line = next(self.source)
            except StopIteration:
                self.ended = True
                raise
        self.number += 1
        self.record.append(line)
        return line

    def give_back_all_but_first(self) -> str:
        first, *others = self.record
        self.returned.extendleft(reversed(others))
        self.number -= len(others)
        self.ended = False
        return first


def records(lines: Iterator[str], dialect: Dialect) -> Iterator[Row]:
    """Split lines into records, empty ones included as ``[]``.

    A quotation mark that is never closed would swallow the rest of the file: such a line becomes a
    row with a problem, and reading goes on at the line below it. Raises UnreadableFile when
    that happens again and again.
    """
    feed = _Feed(lines, 0)
    for _ in islice(feed, dialect.skip_lines):
        pass
    reader = _reader(feed, dialect)
    broken = 0
    while True:
        feed.record.clear()
        start = feed.number + 1
        try:
            cells = next(reader)
            complete = not feed.ended
        except StopIteration:
            return
        except csv.Error:
            complete = False
        if complete:
            yield Row(start, cells)
            continue
        broken += 1
        if broken > _MAX_BROKEN:
            raise UnreadableFile(
                said("From line %(line)d on, quotation marks are opened and never closed.", line=start),
                said("Check that the right separator is chosen, or export the file again as CSV."),
                start,
            )
        first = feed.give_back_all_but_first()
        problem = said(
            "A quotation mark opened on line %(line)d is never closed, or a cell is far too long.", line=start
        )
        yield Row(start, first.rstrip("\r\n").replace('"', "").split(dialect.separator), problem)
        reader = _reader(feed, dialect)


def _reader(feed: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    if dialect.backslash_escapes:
        return csv.reader(feed, delimiter=dialect.separator, escapechar="\\", doublequote=True)
    return csv.reader(feed, delimiter=dialect.separator)


def fitted(row: Row, width: int, limits: Limits) -> Row:
    """Bring a row to the width of the headings, or say why it has another."""
    cells = row.cells
    problem = row.problem
    if len(cells) != width:
        while len(cells) > width and not cells[-1].strip():
            cells.pop()  # separators at the end of a line hold nothing
        if not problem and len(cells) > width:
            problem = said(
                "This row has %(found)d cells where the headings name %(wanted)d.",
                found=len(cells),
                wanted=width,
            )
            cells = cells[: limits.max_columns]
        elif not problem and len(cells) < width:
            problem = said(
                "This row has only %(found)d cells where the headings name %(wanted)d.",
                found=len(cells),
                wanted=width,
            )
    if any(len(cell) > limits.max_cell for cell in cells):
        column = next(i for i, cell in enumerate(cells, 1) if len(cell) > limits.max_cell)
        problem = problem or too_long(column, limits)
        cells = [cell[: limits.max_cell] for cell in cells]
    return row if cells is row.cells and problem is row.problem else Row(row.line, cells, problem)


def too_long(column: int, limits: Limits) -> Said:
    """Return the problem of a cell in ``column`` (from 1) with more characters than we keep."""
    return said("Cell %(column)d has more than %(limit)d characters.", column=column, limit=limits.max_cell)


def find_dialect(lines: Callable[[], Iterator[str]], separator: str | None) -> Dialect:
    """Find out what separates the cells, from the first lines. ``lines()`` starts afresh each time."""
    head = list(islice(lines(), 200))
    skip = 0
    if head and head[0].strip().strip('"').lower().startswith("sep=") and len(head[0].strip().strip('"')) <= 5:
        skip = 1
        # "sep=<tab>" loses its tab to strip(): what is left says so.
        named = head[0].strip().strip('"')[4:] or "\t"
        if separator is None and named in (*SEPARATORS, ":", "!", "^", "~"):
            separator = named
    body = head[skip:]
    if separator is not None:
        sign = check_separator(separator)
    else:
        sign = max(SEPARATORS, key=lambda candidate: _fit(body, candidate))
    escapes = any('\\"' in line for line in body) and _fit(body, sign, escapes=True) > _fit(body, sign)
    return Dialect(sign, escapes, skip)


def _fit(lines: list[str], separator: str, *, escapes: bool = False) -> float:
    """Score how table-like the lines are when split by ``separator``; 0 when it is not there."""
    rows = []
    try:
        for row in islice(records(iter(lines), Dialect(separator, escapes)), 100):
            if row.cells:
                rows.append(row)
    except UnreadableFile:
        return 0.0
    widths = Counter(len(row.cells) for row in rows)
    wide = {width: count for width, count in widths.items() if width > 1}
    if not wide:
        return 0.0
    width, count = max(wide.items(), key=lambda item: (item[1] * min(item[0], 3), item[0]))
    consistency = count / len(rows)
    head = next(row.cells for row in rows)
    known = sum(is_known_heading(cell) for cell in head) / len(head) if len(head) > 1 else 0.0
    # Decimal commas make columns too; they do not reach up into the headings.
    head_agrees = 1.0 if len(head) == width else 0.5
    sound = 1 - sum(row.problem is not None for row in rows) / len(rows)
    return consistency**2 * head_agrees * sound * (1 + known) * (1 + min(width, 40) / 100)
