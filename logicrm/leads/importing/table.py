"""What a file turns into once it could be opened, and the refusal when it could not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, NamedTuple

from logicrm.leads.importing.wording import Said, said

Kind = Literal["csv", "xlsx", "vcard"]


class UnreadableFile(Exception):
    """The file, or the rest of it, cannot be used.

    ``message`` says what is wrong and where, ``hint`` what the person can do about it; both are
    plain sentences. ``line`` counts the lines of the file (rows of the sheet) from 1.
    """

    def __init__(self, message: str, hint: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line

    def __reduce__(self) -> tuple[type["UnreadableFile"], tuple[str, str, int | None]]:
        return UnreadableFile, (self.message, self.hint, self.line)


@dataclass(frozen=True)
class Limits:
    """How much of a file is read before it is refused. Cells are counted in characters."""

    max_bytes: int = 50 * 1024 * 1024
    max_rows: int = 250_000
    max_columns: int = 200
    max_cell: int = 32_000


class Row(NamedTuple):
    """One row. ``cells`` has as many cells as there are headings unless ``problem`` says otherwise."""

    line: int
    cells: list[str]
    problem: Said | None = None


@dataclass
class Table:
    """An opened file: what was found out about it, and its rows.

    ``encoding`` is a Python codec name (for workbooks empty) and ``encoding_sure`` false when it
    is a guess: then show the preview and offer ``encoding_candidates``, best first. ``headings``
    are unique; a column without one is called "Column 3". ``row_count`` is exact when
    ``row_count_exact``. ``notes`` are worth showing above the preview.
    """

    kind: Kind
    filename: str
    encoding: str
    encoding_sure: bool
    encoding_candidates: list[str]
    separator: str
    has_header: bool
    headings: list[str]
    row_count: int
    row_count_exact: bool
    read: Callable[[], Iterator[Row]] = field(repr=False)
    first: list[Row] = field(repr=False, default_factory=list)
    notes: list[Said] = field(default_factory=list)

    def rows(self) -> Iterator[Row]:
        """Read the file from its beginning, row by row; empty rows are left out.

        A row that cannot be used carries a ``problem`` and the others still come. Raises
        UnreadableFile where nothing behind that point can be trusted, or past ``max_rows``.
        """
        return self.read()

    def sample(self, count: int) -> list[Row]:
        """Return the first ``count`` rows; up to 100 are at hand without opening the file again."""
        if count <= len(self.first) or (self.row_count_exact and len(self.first) == self.row_count):
            return self.first[:count]
        return list(islice(self.rows(), count))

    def count_rows(self) -> int:
        """Read everything once and return the exact number of rows.

        Call it before the first write: whatever would stop the import half-way stops it here.
        Raises UnreadableFile.
        """
        self.row_count = sum(1 for _ in self.rows())
        self.row_count_exact = True
        return self.row_count


def within(rows: Iterator[Row], max_rows: int, *, above: int = 0) -> Iterator[Row]:
    """Pass rows on; raise UnreadableFile at the row after the last allowed one.

    ``above``: rows that may stand above the first one and do not count.
    """
    for count, row in enumerate(rows, 1):
        if count > max_rows + above:
            raise UnreadableFile(
                said("The file has more than %(limit)d rows.", limit=max_rows),
                said("Split it into smaller files and import them one after the other."),
                row.line,
            )
        yield row


def unique_headings(cells: list[str]) -> list[str]:
    """Name every column: unnamed ones "Column 3", a second "Email" becomes "Email (2)"."""
    seen: set[str] = set()
    headings = []
    for position, cell in enumerate(cells, 1):
        base = " ".join(cell.split())[:200] or f"Column {position}"
        name, copy = base, 2
        while name.casefold() in seen:
            name, copy = f"{base} ({copy})", copy + 1
        seen.add(name.casefold())
        headings.append(name)
    return headings
