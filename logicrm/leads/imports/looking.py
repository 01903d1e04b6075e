"""What a file looks like before anything of it is imported. Knows no database and no request."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from logicrm.leads.importing.folding import fold_heading
from logicrm.leads.importing.headings import FIELDS, SEVERAL, Mapping, base_field, guess_mapping, map_by_hand
from logicrm.leads.importing.reading import Limits, Table, UnreadableFile, open_table
from logicrm.leads.importing.wording import Said, said

MAX_BYTES = 32 * 1024 * 1024
LIMITS = Limits(max_bytes=MAX_BYTES)
SAMPLE_ROWS, SHOWN_ROWS, SHOWN_CHARS = 50, 10, 300
IDENTIFYING = frozenset({"first_name", "last_name", "full_name", "company", "email", "phone", "mobile"})


@dataclass(frozen=True)
class Looked:
    """A file as it was read: what was found out, its first rows, and a guess of what each column holds."""

    kind: str
    reading: dict[str, Any]
    headings: list[str]
    sample: list[list[str]]
    columns: list[dict[str, Any]]
    rows: int
    notes: list[list[Any]] = field(default_factory=list)


def opened(content: bytes, name: str, reading: dict[str, Any] | None = None) -> Table:
    """Open the file as it was read before, or as somebody wants it read. Raises UnreadableFile."""
    wanted = reading or {}
    return open_table(
        content, name, encoding=wanted.get("encoding") or None, separator=wanted.get("separator") or None,
        header=wanted.get("header"), limits=LIMITS,
    )  # fmt: skip


def look(content: bytes, name: str, reading: dict[str, Any] | None = None) -> Looked:
    """Open the file and look at its first rows. Raises UnreadableFile."""
    table = opened(content, name, reading)
    rows = [row.cells for row in table.sample(SAMPLE_ROWS)]
    mapping = guess_mapping(table.headings, rows)
    return Looked(
        kind=table.kind,
        reading={
            "encoding": table.encoding, "sure": table.encoding_sure, "candidates": table.encoding_candidates[:8],
            "separator": table.separator, "header": table.has_header,
        },
        headings=[storable(heading) for heading in table.headings],
        sample=[[storable(cell)[:SHOWN_CHARS] for cell in cells] for cells in rows],
        columns=[as_stored(one) for one in mapping],
        rows=table.row_count,
        notes=[[note.template, note.params] for note in table.notes],
    )  # fmt: skip


def storable(text: str) -> str:
    """Text that both databases take: without NUL and half characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def as_stored(mapping: Mapping) -> dict[str, Any]:
    """One column's mapping as JSON."""
    return {
        "field": mapping.field or "", "confidence": mapping.confidence, "order": mapping.date_order,
        "why": [mapping.why.template, mapping.why.params],
    }  # fmt: skip


def as_mapping(columns: Sequence[dict[str, Any]]) -> list[Mapping]:
    """The stored mapping of all columns."""
    return [
        Mapping(n, one["field"] or None, one["confidence"], Said(*one["why"]), one.get("order"))
        for n, one in enumerate(columns)
    ]


def headings_hash(headings: Sequence[str]) -> str:
    """What identifies a set of headings, whatever their order, case and diacritics."""
    return hashlib.sha256("\x1f".join(sorted(map(_key, headings))).encode()).hexdigest()


def _key(heading: str) -> str:
    return fold_heading(heading) or heading


def to_remember(headings: Sequence[str], columns: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Heading → field (or ""), as it is kept for the next file. A repeated heading counts once."""
    kept: dict[str, str] = {}
    for heading, one in zip(headings, columns, strict=True):
        kept.setdefault(_key(heading), base_field(one["field"]) if one["field"] else "")
    return kept


def as_remembered(looked: Looked, fields: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns mapped as the last time; headings and fields that are not known any more are left out."""
    chosen: dict[int, str | None] = {}
    used: set[str] = set()
    for column, heading in enumerate(looked.headings):
        name = fields.get(_key(heading))
        if name in FIELDS and (name in SEVERAL or name not in used):
            chosen[column] = name
            used.add(name)
    mapping = map_by_hand(looked.headings, chosen, looked.sample)
    why = said("as you chose it the last time")
    return [{**as_stored(one), "why": [why.template, {}]} for one in mapping]


__all__ = [
    "IDENTIFYING", "LIMITS", "MAX_BYTES", "SHOWN_ROWS", "Looked", "UnreadableFile", "as_mapping", "as_remembered",
    "as_stored", "headings_hash", "look", "opened", "storable", "to_remember",
]  # fmt: skip
