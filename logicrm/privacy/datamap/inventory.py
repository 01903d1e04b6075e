"""The data map: every table and column that says something about a person, read from the declarations.

Nothing is typed here: what a column is, why it is there, how long it stays and what erasure does to it comes from the
models, the figures from the policy that rules the workspace, the recipients from the register.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import func, inspect, literal, select

from logicrm.core import pii, tenancy
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import ngettext
from logicrm.core.pii import Erase, Personal
from logicrm.core.schema import Base
from logicrm.core.words import show_number
from logicrm.extensions import db
from logicrm.privacy import vocabulary, walk
from logicrm.privacy.datamap import register, words
from logicrm.privacy.datamap.rules import Entry
from logicrm.privacy.profile import Profile
from logicrm.privacy.show import Show

CAP = 10_000  # rows are counted up to here: the map must not walk a million of them
UNLABELLED = ""


@dataclass(frozen=True)
class Column:
    """One personal column, in words."""

    name: str
    label: str
    category: str
    category_words: str
    purpose: str
    purpose_words: str
    basis: str
    source: str
    keep: str
    erasure: str
    recipients: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One table with personal columns. `rows` is None where the table belongs to the whole installation."""

    name: str
    label: str
    area: str
    subjects: tuple[str, ...]
    subject_words: tuple[str, ...]
    keep: tuple[str, ...]
    erasure: tuple[str, ...]
    rows: int | None
    columns: tuple[Column, ...]

    @property
    def rows_words(self) -> str:
        if self.rows is None:
            return _("not counted: kept for the whole installation")
        if self.rows > CAP:
            return _("more than %(number)s records", number=show_number(CAP))
        return ngettext("%(num)s record", "%(num)s records", self.rows)


@dataclass(frozen=True)
class Area:
    """One part of the program."""

    key: str
    label: str
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Filter:
    """What of the map is wanted; "" takes everything."""

    area: str = ""
    category: str = ""
    subject: str = ""
    words: str = ""

    def takes(self, table: Table, column: Column) -> bool:
        """True for a column that is wanted."""
        said = f"{table.label} {column.label} {column.name} {column.purpose_words} {column.category_words}".lower()
        return (
            self.area in ("", table.area)
            and self.category in ("", column.category)
            and (not self.subject or self.subject in table.subjects)
            and self.words.lower() in said
        )


def models() -> list[Any]:
    """Every model, by area and label."""
    found = [mapper.class_ for mapper in Base.registry.mappers]
    return sorted(found, key=lambda one: (area_of(one), walk.label_of(one)))


def area_of(model: Any) -> str:
    """The area that a model belongs to: "leads"."""
    return str(model.__module__.split(".")[1])


def area_label(key: str) -> str:
    """What an area is called: its package's `__label__`; the mechanisms have none of their own."""
    said = getattr(sys.modules.get(f"logicrm.{key}"), "__label__", UNLABELLED)
    return str(said) if said else _("The program’s own work")


def unnamed() -> list[str]:
    """What people would read as code: tables and areas without a label, personal columns without one."""
    wrong = []
    for model in models():
        table = model.__table__
        if not str(getattr(model, "__label__", "")):
            wrong.append(table.name)
        for column, mark in pii.personal_columns(table):
            label = str(mark.label)
            if not label.strip() or "_" in label or label == column.name:
                wrong.append(f"{table.name}.{column.name}")
    return wrong


# Making it -----------------------------------------------------------------------------------------


def made(policy: Profile, *, lang: str, today: date, wanted: Filter | None = None, counted: bool = True) -> list[Area]:
    """The data map under a policy, in the present workspace; only what a filter takes, and then with its tables whole
    in all but columns. `counted=False` asks the database nothing."""
    show, entries, wanted = Show(policy, lang), register.entries(policy), wanted or Filter()
    areas: dict[str, list[Table]] = {}
    for model in models():
        table = _table(model, show, entries, today)
        columns = tuple(column for column in table.columns if wanted.takes(table, column))
        if columns:
            rows = count(model) if counted else None
            areas.setdefault(table.area, []).append(replace(table, columns=columns, rows=rows))
    return [Area(key, area_label(key), tuple(tables)) for key, tables in areas.items()]


def is_personal(model: Any) -> bool:
    """True when a table says something about people."""
    return any(True for _one in pii.personal_columns(model.__table__))


def without_personal_data() -> list[tuple[str, str]]:
    """(area, table) in words for everything else that the database holds."""
    return [(area_label(area_of(model)), walk.label_of(model)) for model in models() if not is_personal(model)]


def _table(model: Any, show: Show, entries: Sequence[Entry], today: date) -> Table:
    abouts = list(getattr(model, "__about__", ()))
    subjects = tuple(one for one in words.SUBJECTS if any(about.subject == one for about in abouts))
    source = str(getattr(model, "__source__", ""))
    columns = tuple(
        _column(name, mark, abouts, show, entries, source, today)
        for name, mark in walk.declared_personal(model).items()
    )
    return Table(
        model.__tablename__, walk.label_of(model), area_of(model), subjects,
        tuple(str(words.SUBJECTS[one]) for one in subjects), tuple(_keeping(model, show)),
        tuple(_erasing(abouts)), None, columns,
    )  # fmt: skip


def _column(
    name: str, mark: Personal, abouts: list[pii.About], show: Show, entries: Sequence[Entry], source: str, today: date
) -> Column:
    receivers = register.receivers(mark.category, entries, today)
    return Column(
        name=name,
        label=str(mark.label),
        category=mark.category,
        category_words=str(words.KINDS[mark.category]),
        purpose=mark.purpose,
        purpose_words=str(words.PURPOSES.get(mark.purpose, "")) or _("that of the record it belongs to"),
        basis=words.basis(show.profile, mark.purpose),
        source=source or str(words.SOURCES[mark.category]),
        keep=words.how_long(show.profile, mark.keep, show),
        erasure=_erased(mark, abouts),
        recipients=tuple(dict.fromkeys(str(vocabulary.RECIPIENTS[one.category]) for one in receivers)),
        notes=tuple(_notes(mark)),
    )


def _notes(mark: Personal) -> Iterator[str]:
    if not mark.export:
        yield _("never part of a copy: it is a secret, or made of other values")
    if mark.part == "sender":
        yield _("about the sender alone")
    elif mark.part == "recipient":
        yield _("about the receiver of the shipment alone")
    if mark.category == "location":
        yield _("says where somebody or something was")
    if mark.erase is Erase.KEEP:
        yield _("kept because a law says so")


def _erased(mark: Personal, abouts: list[pii.About]) -> str:
    rows = {about.rows for about in abouts if about.part in ("", mark.part)}
    if mark.erase is Erase.KEEP or rows == {Erase.KEEP}:
        return _("stays, locked away, until the law lets it go")
    if rows == {Erase.DELETE}:
        return _("goes with its record")
    return (
        _("is emptied") if Erase.DELETE not in rows else _("goes with its record, or is emptied where the record stays")
    )


def _erasing(abouts: list[pii.About]) -> Iterator[str]:
    """What becomes of the record, by whose it is."""
    said = {
        Erase.DELETE: _("the record is deleted"),
        Erase.BLANK: _("the record stays without what it says about the person"),
        Erase.KEEP: _("the record is locked away"),
    }
    for kind, who in words.SUBJECTS.items():
        acts = dict.fromkeys(about.rows for about in abouts if about.subject == kind)
        for act in acts:
            law = next((about.law for about in abouts if about.subject == kind and about.rows is act and about.law), "")
            yield f"{who}: {said[act]}" + (f" ({law})" if law else "")


def _keeping(model: Any, show: Show) -> Iterator[str]:
    """The rules by which whole records go, with the figure of the policy or of the declaration."""
    for keep in getattr(model, "__retention__", ()):
        if keep.days is not None:
            yield _("%(days)s days after its date, at most (%(why)s)", days=keep.days, why=keep.why or "–")
        elif (said := words.how_long(show.profile, keep.data_class, show, keep.event)) != "":
            yield said
    if not getattr(model, "__retention__", ()):
        owners = list(_owners(model))
        yield (
            _("with the record that it belongs to (%(records)s)", records=", ".join(owners))
            if owners
            else words.how_long(show.profile, walk.data_class(model), show)
        )


def _owners(model: Any) -> Iterator[str]:
    """What the rows of a table go with: the tables whose deletion takes them along."""
    by_name = {one.__tablename__: one for one in models()}
    for key in model.__table__.foreign_key_constraints:
        name = key.referred_table.name
        if key.ondelete == "CASCADE" and name in by_name and name != "workspace":
            yield walk.label_of(by_name[name])


def count(model: Any) -> int | None:
    """Rows of the present workspace, counted to CAP + 1; None where the table is the whole installation's."""
    table = model.__table__
    if tenancy.is_tenant(table):
        some = select(literal(1)).select_from(model).limit(CAP + 1).subquery()
    elif "workspace_id" in table.columns:
        own = inspect(model).get_property_by_column(table.columns["workspace_id"]).key
        some = select(literal(1)).where(getattr(model, own) == tenancy.current()).limit(CAP + 1).subquery()
    else:
        return None
    return db.session.scalar(select(func.count()).select_from(some)) or 0


# As plain values -----------------------------------------------------------------------------------


def as_json(areas: Sequence[Area], *, policy: Profile, business: str, at: str, lang: str) -> dict[str, Any]:
    """The map as plain values, for programs."""
    return {
        "format": "logicrm.data-map/1",
        "business": business,
        "policy": {"profile": policy.name, "hash": policy.hash},
        "made_at": at,
        "language": lang,
        "rows_counted_to": CAP,
        "areas": [
            {
                "area": area.key, "label": area.label,
                "tables": [
                    {
                        "table": table.name, "label": table.label, "people": list(table.subject_words),
                        "rows": table.rows, "keep": list(table.keep), "erasure": list(table.erasure),
                        "columns": [_column_json(column) for column in table.columns],
                    }
                    for table in area.tables
                ],
            }
            for area in areas
        ],
    }  # fmt: skip


def _column_json(column: Column) -> dict[str, Any]:
    return {
        "column": column.name, "label": column.label, "category": column.category,
        "category_words": column.category_words, "purpose": column.purpose, "purpose_words": column.purpose_words,
        "legal_basis": column.basis, "source": column.source, "keep": column.keep, "erasure": column.erasure,
        "recipients": list(column.recipients), "notes": list(column.notes),
    }  # fmt: skip


def rows_csv(areas: Sequence[Area]) -> Iterator[tuple[str, ...]]:
    """The map as rows of a table, the head first."""
    yield (
        _("Area"), _("Records"), _("Number of records"), _("Value"), _("Kind of data"), _("About whom"), _("What for"),
        _("Why we may"), _("Where from"), _("How long"), _("When deleted"), _("Who receives it"), _("Notes"),
        _("Table"), _("Column"),
    )  # fmt: skip
    for area in areas:
        for table in area.tables:
            for one in table.columns:
                yield (
                    area.label, table.label, table.rows_words, one.label, one.category_words,
                    "; ".join(table.subject_words), one.purpose_words, one.basis, one.source, one.keep, one.erasure,
                    "; ".join(one.recipients), "; ".join(one.notes), table.name, one.name,
                )  # fmt: skip


def sections(areas: Sequence[Area]) -> list[dict[str, Any]]:
    """The map as sections of a paper: a table for each kind of record."""
    head = (_("Value"), _("Kind"), _("What for, and why we may"), _("How long"), _("Who receives it"))
    return [
        {
            "title": f"{area.label}: {table.label}",
            "anchor": table.name,
            "paragraphs": [
                _("About: %(people)s (%(rows)s).", people="; ".join(table.subject_words), rows=table.rows_words),
                _("Goes: %(keep)s.", keep="; ".join(table.keep) or "–"),
                *table.erasure,
            ],
            "table": {
                "head": head,
                "rows": [
                    (
                        one.label, one.category_words, f"{one.purpose_words}: {one.basis}" if one.basis else one.purpose_words,
                        one.keep, ", ".join(one.recipients) or "–",
                    )
                    for one in table.columns
                ],
            },
        }
        for area in areas
        for table in area.tables
    ]  # fmt: skip
