"""Reading a policy profile so that each mistake names the file, the field, the line and what to mend.

`Reader` walks one table of the file. It never stops at the first mistake: it notes it, goes on with a
harmless value, and the caller raises all of them together.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NoReturn

from logicrm.privacy.clocks import Duration

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One mistake in a profile. `line` is None when the figures do not come from a file."""

    file: str
    path: str
    line: int | None
    says: str
    mend: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.path}: {self.says} {self.mend}"


class ProfileError(ValueError):
    """A profile cannot be used. `problems` lists all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def dotted(path: Path) -> str:
    """Write a path for people: `recipient[2].mechanism`, counted from 1."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "(the file)"


_HEADER = re.compile(r"\s*\[(\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")


def lines_of(text: str) -> dict[Path, int]:
    """Map each table and key of a TOML text to its line, which `tomllib` does not tell."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    depth = 0  # inside an array that goes over several lines
    for number, line in enumerate(text.splitlines(), start=1):
        bare = re.sub(r'"(?:\\.|[^"\\])*"|\'[^\']*\'', '""', line).split("#")[0]
        if depth == 0 and (header := _HEADER.match(line)):
            table = tuple(header[2].replace('"', "").split("."))
            if header[1]:
                table = _placed(table[:-1], counts) + table[-1:]
                counts[table] = counts.get(table, 0) + 1
                table += (counts[table] - 1,)
            else:
                table = _placed(table, counts)
            found.setdefault(table, number)
            continue
        if depth == 0 and (key := _KEY.match(line)):
            found.setdefault(table + tuple(re.sub("[\"']", "", key[1]).split(".")), number)
        depth = max(0, depth + bare.count("[") - bare.count("]"))
    return found


def _placed(table: Path, counts: dict[Path, int]) -> Path:
    """A table below `[[rows]]` belongs to the latest of them."""
    placed: Path = ()
    for step in table:
        placed += (step,)
        if placed in counts:
            placed += (counts[placed] - 1,)
    return placed


@dataclass
class Source:
    """Where a profile comes from, and what is wrong with it so far."""

    file: str
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int | None:
        """The line of a field; of its table when the field is missing."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)

    def note(self, path: Path, says: str, mend: str) -> None:
        """Note a mistake."""
        self.problems.append(Problem(self.file, dotted(path), self.line(path), says, mend))

    def stop(self) -> NoReturn:
        """Raise all mistakes, in the order of the file."""
        raise ProfileError(sorted(self.problems, key=lambda problem: problem.line or 0))


class Reader:
    """One table of a profile. Ask for every field, then `done()`: what nobody asked for is a mistake."""

    def __init__(self, source: Source, data: dict[str, Any], path: Path = ()) -> None:
        self.source = source
        self.path = path
        self._data = data
        self._asked: set[str] = set()

    def note(self, key: str, says: str, mend: str) -> None:
        """Note a mistake in one of this table's fields."""
        self.source.note((*self.path, key) if key else self.path, says, mend)

    def has(self, key: str) -> bool:
        """True when the field is there, whatever it holds."""
        return self._data.get(key) is not None

    def text(self, key: str, *, empty: bool = False) -> str:
        """A text; an empty one is a mistake unless `empty`."""
        value = self._take(key, str, "a text in quotes", optional=empty)
        if value is not None and not empty and not value.strip():
            self.note(key, "is empty.", "Write it: people and authorities rely on it.")
        return value or ""

    def email(self, key: str) -> str:
        """An e-mail address."""
        value = self.text(key)
        if value.strip() and not re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", value):
            self.note(key, f"{value!r} is no e-mail address.", "Write one such as privacy@example.com.")
        return value

    def whole(self, key: str, least: int, most: int, *, default: int | None = None) -> int:
        """A whole number between two bounds."""
        value = self._take(key, int, "a whole number", optional=default is not None)
        if value is None:
            return default or 0
        if isinstance(value, bool) or not least <= value <= most:
            self.note(key, f"{value} cannot be.", f"Write a number from {least} to {most}.")
        return int(value)

    def flag(self, key: str) -> bool:
        """true or false."""
        return bool(self._take(key, bool, "true or false"))

    def optional_day(self, key: str) -> date | None:
        """A date, also as ISO text (JSON has no dates), or None where the field is left out."""
        value = self._data.get(key)
        if isinstance(value, str):
            try:
                self._data = {**self._data, key: date.fromisoformat(value)}
            except ValueError:
                pass
        found: date | None = self._take(key, date, "a date such as 2025-01-15, without quotes", optional=True)
        return found

    def duration(self, key: str) -> Duration:
        """A period that must be there."""
        return self.optional_duration(key, optional=False) or Duration(days=1)

    def optional_duration(self, key: str, *, optional: bool = True) -> Duration | None:
        """A period such as "P3Y", or None where the field is left out."""
        value = self._take(key, str, 'a period such as "P3Y" or "P30D"', optional=optional)
        if value is None:
            return None
        try:
            return Duration.parse(value)
        except ValueError:
            self.note(key, f"{value!r} is no period.", 'Write "P3Y" (3 years), "P6M" (6 months) or "P30D" (30 days).')
            return None

    def one_of(self, key: str, allowed: Collection[str]) -> str:
        """One word of a list."""
        value = self._take(key, str, f"one of {', '.join(allowed)}")
        if value is not None and value not in allowed:
            self.note(key, f"{value!r} is not known here.{_meant(value, allowed)}", f"Use one of {', '.join(allowed)}.")
        return value or ""

    def many_of(self, key: str, allowed: Collection[str] | None = None, *, empty: bool = False) -> tuple[str, ...]:
        """A list of words, each once, of a list when `allowed` is given."""
        values = self._take(key, list, "a list in square brackets", optional=empty) or []
        if not values and not empty:
            self.note(key, "is empty.", "Name at least one.")
        for value in values:
            if not isinstance(value, str) or not value.strip() or (allowed is not None and value not in allowed):
                hint = f"Use {', '.join(allowed)}." if allowed is not None else "Write texts in quotes."
                self.note(key, f"{value!r} is not known here.{_meant(value, allowed or ())}", hint)
        if len(set(map(repr, values))) < len(values):
            self.note(key, "names something twice.", "Name each once.")
        return tuple(str(value) for value in values)

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers above zero, each once, largest first."""
        values = self._take(key, list, "a list of numbers") or []
        if not all(isinstance(value, int) and not isinstance(value, bool) and value > 0 for value in values):
            self.note(key, f"{values!r} must hold whole numbers above zero.", "Write such as [14, 7, 1].")
            return ()
        if sorted(set(values), reverse=True) != values:
            self.note(key, f"{values!r} is not in order.", "Write each number once, the largest first.")
        return tuple(values)

    def table(self, key: str) -> Reader:
        """A table `[key]`; a missing one is a mistake and reads as empty."""
        path = (*self.path, key)
        return Reader(self.source, self._take(key, dict, f"a table [{dotted(path)}]") or {}, path)

    def tables(self, key: str, known: Collection[str]) -> dict[str, Reader]:
        """The tables below `[key.…]` by name, which must be known."""
        inside = self.table(key)
        for name in inside._data:
            if name not in known:
                inside.note(name, f"nothing is called so.{_meant(name, known)}", f"Use {', '.join(known)}.")
        return {name: inside.table(name) for name in inside._data if name in known}

    def rows(self, key: str, *, optional: bool = False) -> list[Reader]:
        """The rows of `[[key]]`."""
        values = self._take(key, list, f"rows [[{dotted((*self.path, key))}]]", optional=optional) or []
        return [
            Reader(self.source, value if isinstance(value, dict) else {}, (*self.path, key, number))
            for number, value in enumerate(values)
        ]

    def unique(self, rows: Iterable[tuple[Reader, str]], key: str) -> None:
        """Note each row whose `key` another row has already."""
        seen: set[str] = set()
        for row, value in rows:
            if value in seen:
                row.note(key, f"{value!r} is there twice.", "Keep one of the rows.")
            seen.add(value)

    def done(self) -> None:
        """Note every field that nobody asked for: a slip of the pen would otherwise be a promise nobody keeps."""
        for key in self._data:
            if key not in self._asked:
                self.note(key, f"is not a field.{_meant(key, self._asked)}", "Remove it, or write it right.")

    def _take(self, key: str, kind: type, called: str, *, optional: bool = False) -> Any:
        self._asked.add(key)
        value = self._data.get(key)
        if value is None:
            if not optional:
                self.note(key, "is missing.", f"Add {called}.")
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.note(key, f"{value!r} is no good here.", f"Write {called}.")
            return None
        return value


def _meant(value: Any, allowed: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(value), list(allowed), 1)
    return f" Did you mean {near[0]!r}?" if near else ""
