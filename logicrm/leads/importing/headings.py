"""Guesses which of our fields each column of a file holds."""

import re
from collections.abc import Mapping as Lookup
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from logicrm.leads.importing import contents, dates
from logicrm.leads.importing.folding import fold_heading
from logicrm.leads.importing.synonyms import FIELDS, LESSER, QUALIFIERS, known
from logicrm.leads.importing.wording import Said, said

__all__ = ["FIELDS", "SEVERAL", "Mapping", "guess_mapping", "map_by_hand"]

# Fields that several columns may fill: the second is called "email2", and so on.
SEVERAL = frozenset({"email", "phone", "street", "note", "tags"})
# What content may say against a heading, and the headings that it may speak for when they are vague.
_TELLING = {"email", "phone", "website"}
_SURNAME_BESIDE_FIRST = {"nume", "nom", "numele", "name", "nachname"}
_FIRST_BESIDE_SURNAME = {"nombre", "nome", "name", "ten"}
_PERSON_OR_COMPANY = {"name", "nume", "nom", "nombre", "nome", "client", "customer", "kunde", "cliente", "khach hang"}
# "Title" may be a form of address beside "Job Title", "Kunde" a company beside "Ansprechpartner".
_VAGUE = {"title", "titel", "titre", "titulo", "client", "customer", "kunde", "cliente", "khach hang"}
# Whatever else such a heading says, it is not about something that we keep.
_NOT_OURS = re.compile(r"\b(fax|telefax|pager|birthday|do not|opt out|display name)\b")


@dataclass(frozen=True)
class Mapping:
    """One column (from 0), the field it fills or None, how sure that is (0 to 1), and why.

    A second column of a field of ``SEVERAL`` has its number behind: "email2". ``date_order`` is
    "dmy" or "mdy" where the column's own dates prove it.
    """

    column: int
    field: str | None
    confidence: float
    why: Said
    date_order: Literal["dmy", "mdy"] | None = None


def base_field(field: str) -> str:
    """Return "email" for "email2"."""
    return field.rstrip("0123456789")


@dataclass
class _Idea:
    column: int
    field: str
    confidence: float
    why: Said


def guess_mapping(headings: Sequence[str], sample_rows: Sequence[Sequence[str]]) -> list[Mapping]:
    """Propose a field for each column, in the order of the columns.

    ``sample_rows`` are a few dozen rows of cells; they decide where a heading says nothing. No
    single-valued field is given to two columns: the surer one has it.
    """
    columns = [[row[i] for row in sample_rows if i < len(row)] for i in range(len(headings))]
    ideas = [_idea(i, heading, columns[i]) for i, heading in enumerate(headings)]
    _settle_names(ideas, headings, columns)
    return _with_date_orders(_without_doubles(ideas, headings), columns)


def map_by_hand(
    headings: Sequence[str], chosen: Lookup[int, str | None], sample_rows: Sequence[Sequence[str]]
) -> list[Mapping]:
    """Make a mapping of what a person chose: column (from 0) → field of ``FIELDS``, or None.

    Raises ValueError for an unknown field and for a single-valued one chosen twice.
    """
    columns = [[row[i] for row in sample_rows if i < len(row)] for i in range(len(headings))]
    why = said("chosen by hand")
    used: dict[str, int] = {}
    mappings = []
    for column in range(len(headings)):
        field = chosen.get(column)
        if field:
            base = base_field(field)
            if base not in FIELDS:
                raise ValueError(f"no such field: {field}")
            if base in used and base not in SEVERAL:
                raise ValueError(f"chosen twice: {base}")
            used[base] = used.get(base, 0) + 1
            field = base if used[base] == 1 else f"{base}{used[base]}"
        mappings.append(Mapping(column, field or None, 1.0, why))
    return _with_date_orders(mappings, columns)


def _idea(column: int, heading: str, cells: list[str]) -> _Idea:
    """Judge one column by its heading, then by its content."""
    folded = fold_heading(heading)
    field, confidence = _by_heading(folded)
    kind, share = contents.column_kind(cells)
    if folded == "problem":
        return _Idea(column, "-", 1.0, said("written by an earlier import"))
    if field is None and confidence < 0.5:
        return _by_content(column, folded, kind, share)
    if field in _TELLING and kind in _TELLING and kind != field:
        return _Idea(column, kind, 0.7 * share, said("the cells say so, against the heading"))
    if field == "full_name" and kind in ("email", "phone"):
        return _Idea(column, kind, 0.7 * share, said("the cells say so, against the heading"))
    if field == "email" and cells and kind not in (None, "email") and share > 0.8:
        return _Idea(column, "-", 0.6, said("the heading says e-mail, the cells do not"))
    if field in ("source", "status", "owner_email", "industry", "country") and kind == "number" and share > 0.8:
        return _Idea(column, "-", 0.6, said("the cells are numbers that only the other program understands"))
    if field == "job_title" and folded == "title" and contents.longest(cells) > 45:
        return _Idea(column, "note", 0.6, said("the texts are too long for a job title"))
    if (
        field == "created_on"
        and folded in ("data", "date", "ngay", "datum", "fecha")
        and cells
        and kind != "created_on"
    ):
        confidence = 0.4
    return _Idea(column, field or "-", confidence, said("the heading"))


def _by_heading(folded: str) -> tuple[str | None, float]:
    """Return the field that a heading names and how surely; (None, 0) if it says nothing."""
    if not folded or re.match(r"^(column|coloana|cot|spalte|colonne|columna|colonna|field|unnamed) ?\d*$", folded):
        return None, 0.0
    if _NOT_OURS.search(folded) and folded != "display name":
        return None, 0.9
    numbered = re.sub(r"\s*\d+$", "", folded)
    for phrase, sure in ((folded, 0.98), (numbered, 0.9)):
        if field := known(phrase):
            lesser = any(word in LESSER for word in folded.split())
            return (None, 0.9) if field == "-" else (field, sure - 0.15 * lesser - 0.1 * (folded in _VAGUE))
    words = folded.split()
    lesser = any(word in LESSER for word in words)
    left = [word for word in words if word not in QUALIFIERS]
    for phrase in (folded.removesuffix("s"), " ".join(left), *_shorter(words), *_shorter(left)):
        if phrase and (field := known(phrase)) and not (field == "created_on" and " " not in phrase):
            return (None, 0.8) if field == "-" else (field, 0.8 - 0.15 * lesser)
    found = {field for word in left if len(word) > 2 and (field := known(word)) and field != "-"}
    found.discard("created_on")  # "date of the last call" is a date, and not that one
    if len(found) == 1:
        return found.pop(), 0.5 - 0.1 * lesser
    return None, 0.0


def _shorter(words: list[str]) -> list[str]:
    """Return the phrases left when words are taken away from the front, then from the back."""
    fronts = [" ".join(words[i:]) for i in range(1, len(words))]
    backs = [" ".join(words[:i]) for i in range(len(words) - 1, 1, -1)]
    return fronts[:3] + backs[:2] if len(words) <= 6 else []


def _by_content(column: int, folded: str, kind: str | None, share: float) -> _Idea:
    """Judge a column whose heading says nothing by what its cells look like."""
    nameless = not folded or bool(re.match(r"^\w+ ?\d+$", folded))
    if kind in _TELLING or (nameless and kind in ("country", "company", "full_name", "created_on", "value")):
        return _Idea(column, str(kind), round((0.75 if nameless else 0.6) * share, 2), said("what the cells look like"))
    return _Idea(column, "-", 0.0, said("nothing known about this column"))


def _settle_names(ideas: list[_Idea], headings: Sequence[str], columns: list[list[str]]) -> None:
    """Decide what the headings "name" and "title" mean by the columns beside them."""
    fields = {idea.field for idea in ideas}
    for idea in ideas:
        folded = fold_heading(headings[idea.column])
        if idea.field == "job_title" and folded == "title" and "value" in fields:
            # Where deals are listed, it is what the deal is about.
            idea.field, idea.confidence, idea.why = "note", 0.6, said("the title of a deal")
        elif idea.field == "first_name" and folded == "ten" and "last_name" not in fields:
            idea.field, idea.confidence = "full_name", 0.8  # "tên" alone is the whole name
        elif idea.field != "full_name":
            continue
        elif "first_name" in fields and "last_name" not in fields and folded in _SURNAME_BESIDE_FIRST:
            idea.field, idea.confidence = "last_name", 0.85
        elif "last_name" in fields and "first_name" not in fields and folded in _FIRST_BESIDE_SURNAME:
            idea.field, idea.confidence = "first_name", 0.85
        elif "company" not in fields and folded in _PERSON_OR_COMPANY:
            filled = [cell for cell in columns[idea.column] if cell.strip()]
            if filled and contents.column_kind(filled)[0] == "company":
                idea.field, idea.confidence = "company", 0.7


def _without_doubles(ideas: list[_Idea], headings: Sequence[str]) -> list[Mapping]:
    """Give each single-valued field to one column, number the others' repeats, keep address parts together."""
    taken: dict[str, int] = {}
    result: dict[int, Mapping] = {}
    for idea in sorted(ideas, key=lambda idea: (-idea.confidence, idea.column)):
        field = idea.field
        if field == "-":
            result[idea.column] = Mapping(idea.column, None, idea.confidence, idea.why)
            continue
        if field == "mobile" and field in taken:
            field = "phone"
        if field in taken and field not in SEVERAL:
            why = said("“%(other)s” already fills this field", other=headings[taken[field]])
            result[idea.column] = Mapping(idea.column, None, 0.5, why)
            continue
        if field == "street" and field in taken and not _continues(headings[taken[field]], headings[idea.column]):
            why = said("belongs to another address than “%(other)s”", other=headings[taken[field]])
            result[idea.column] = Mapping(idea.column, None, 0.5, why)
            continue
        number = sum(1 for m in result.values() if m.field and base_field(m.field) == field) + 1
        taken.setdefault(field, idea.column)
        name = field if number == 1 else f"{field}{number}"
        result[idea.column] = Mapping(idea.column, name, round(idea.confidence, 2), idea.why)
    return _numbered_in_order([result[idea.column] for idea in ideas])


def _continues(first: str, second: str) -> bool:
    """Tell a second line of the same address ("Street 2", "Address Line 2") from another address."""
    one, two = fold_heading(first), fold_heading(second)
    if re.search(r"\bstreet$", one) and "line" in two:
        return False  # Salesforce repeats the parts of "Mailing Street" in "Mailing Address Line1"
    without = re.compile(r"\b(?:street|address|line|strasse|adresse|extended)?\d*\b")
    return without.sub("", one).split() == without.sub("", two).split() and one != two


def _numbered_in_order(mappings: list[Mapping]) -> list[Mapping]:
    """Number repeats from left to right, but leave the surest column first."""
    counts: dict[str, int] = {}
    ordered = []
    for mapping in mappings:
        field = mapping.field
        if field and field[-1].isdigit():
            base = base_field(field)
            counts[base] = counts.get(base, 1) + 1
            mapping = replace(mapping, field=f"{base}{counts[base]}")
        ordered.append(mapping)
    return ordered


def _with_date_orders(mappings: list[Mapping], columns: list[list[str]]) -> list[Mapping]:
    return [
        replace(mapping, date_order=dates.order_of(columns[mapping.column]))
        if mapping.field == "created_on"
        else mapping
        for mapping in mappings
    ]
