"""Declared personal data: each column says what it is, why it is here, how long, and what erasure does.

Export, erasure, retention, the data map and the record of processing are all walks over
these declarations, so a new column is covered by all of them or fails the build.

    class Lead(InWorkspace, db.Model):
        __about__ = (About("person", by="email", rows=Erase.DELETE),)
        email: Mapped[str | None] = personal(String(254), category="contact", keep="account", ...)
        stage: Mapped[str] = plain(String(20), why="counted in sales figures")
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import LazyString
from sqlalchemy import Column, ForeignKeyConstraint, MetaData, Table
from sqlalchemy.orm import MappedColumn, mapped_column

INFO = "logicrm.personal"


class Erase(StrEnum):
    """What erasure does to a value or to a row."""

    DELETE = "delete"  # the row goes
    BLANK = "blank"  # the value becomes NULL, or "" where NULL is not allowed
    KEEP = "keep"  # the law keeps it: restricted, with an end date, named in the certificate


#: What kinds of personal data there are (the categories that people see on the data map).
CATEGORIES = (
    "identity",  # name, job title, company
    "contact",  # e-mail, phone, postal address
    "business",  # what the person's firm asked for, shipped, paid
    "communication",  # what was said: notes, messages, calls
    "consent",  # what was permitted, refused, withdrawn
    "security",  # credentials' hashes, sessions, sign-ins
    "device",  # browser, address of the device
    "usage",  # what was opened and when
    "location",  # where somebody or something was
    "financial",  # invoices, payments
    "upload",  # files that somebody gave us
)


@dataclass(frozen=True)
class Personal:
    """Declaration of a personal column."""

    category: str
    keep: str  # data class of the policy profile whose retention rule counts ("account", "support" …)
    erase: Erase
    part: str  # which person of the row it is about: "" = the row's one subject
    purpose: str  # one of the policy's purposes; "" = the table's purpose
    export: bool  # False only for secrets (hashes of credentials), and the export says so
    label: str | LazyString  # what people call it; "" only in tests


@dataclass(frozen=True)
class Plain:
    """Declaration of a column that holds nothing about a person, and why it is here."""

    why: str


@dataclass(frozen=True)
class About:
    """Whose data a row is: how the rows of one data subject are found, and what becomes of them.

    Exactly one of `by` and `via` is given.

    subject: "account" (somebody who signs in) or "person" (an end customer, a lead).
    by:      column that holds the subject's key: the user's id, or the person's e-mail address.
    via:     (column, table): the row belongs to whoever owns the row of `table` that `column` points to.
    rows:    Erase.DELETE removes the row, Erase.BLANK keeps it without its personal columns,
             Erase.KEEP leaves it, and the certificate says until when and why.
    part:    name of the columns' part when one row speaks about several people (sender, recipient).
    law:     the ground for KEEP, in words.
    """

    subject: str
    by: str | None = None
    via: tuple[str, str] | None = None
    rows: Erase = Erase.DELETE
    part: str = ""
    law: str = ""

    def __post_init__(self) -> None:
        if (self.by is None) == (self.via is None):
            raise TypeError("About() wants exactly one of by= and via=")
        if self.rows is Erase.KEEP and not self.law:
            raise TypeError("About(rows=Erase.KEEP) must name the law that keeps the row")


@dataclass(frozen=True)
class Keep:
    """How long a table's rows are kept: data class of the profile, counted from `anchor` (a column).

    A row whose anchor is NULL never expires by accident. `days` overrides the profile only for
    mechanisms that the policy does not name a figure for (a spent one-time code), with `why`.
    `event` says which of the class's figures the column counts from ("consent_given"), where a class
    has several; a profile that counts nothing from it removes nothing by this rule. "" = the main one.
    `through` names a kind of data subject whose whole deletion is the act: the row of an account is not
    simply deleted, the account is.
    """

    data_class: str
    anchor: str
    action: Erase = Erase.DELETE
    days: int | None = None
    why: str | LazyString = ""
    event: str = ""
    through: str = ""


def personal(
    *args: Any,
    category: str,
    keep: str,
    erase: Erase = Erase.BLANK,
    part: str = "",
    purpose: str = "",
    export: bool = True,
    label: str | LazyString = "",
    **kw: Any,
) -> MappedColumn[Any]:
    """A column that says something about a person. `args` and `kw` go to `mapped_column`."""
    if category not in CATEGORIES:
        raise TypeError(f"unknown category of personal data: {category!r}; one of {', '.join(CATEGORIES)}")
    mark = Personal(category, keep, erase, part, purpose, export, label)
    return mapped_column(*args, info={INFO: mark}, **kw)


def plain(*args: Any, why: str, **kw: Any) -> MappedColumn[Any]:
    """A column that says nothing about a person; `why` says what it is for."""
    if not why.strip():
        raise TypeError("plain(why=…) must say what the column is for")
    return mapped_column(*args, info={INFO: Plain(why)}, **kw)


def declaration(column: Column[Any]) -> Personal | Plain | None:
    """The column's declaration, or None when somebody forgot it."""
    return column.info.get(INFO)


def personal_columns(table: Table, part: str | None = None) -> Iterator[tuple[Column[Any], Personal]]:
    """Yield the personal columns of a table; only those of one `part` when it is given."""
    for column in table.columns:
        mark = declaration(column)
        if isinstance(mark, Personal) and (part is None or mark.part == part):
            yield column, mark


def undeclared(metadata: MetaData) -> list[str]:
    """Return 'table.column' for each column without a declaration (keys that only link rows excepted)."""
    missing = []
    for table in metadata.tables.values():
        linking = {c.name for fk in table.constraints if isinstance(fk, ForeignKeyConstraint) for c in fk.columns}
        for column in table.columns:
            if declaration(column) is None and not column.primary_key and column.name not in linking:
                missing.append(f"{table.name}.{column.name}")
    return missing


def models_about(subject: str, base: Any) -> list[tuple[Any, About]]:
    """Return (model, declaration) for every table that holds something about this kind of subject."""
    found = []
    for mapper in base.registry.mappers:
        for about in getattr(mapper.class_, "__about__", ()):
            if about.subject == subject:
                found.append((mapper.class_, about))
    return sorted(found, key=lambda pair: (pair[0].__tablename__, pair[1].part))
