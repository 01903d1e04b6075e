"""What is held about a person, for the person: values by category, with why, how long, where from.

Only declarations are read, so a new column shows up here by itself. These reads go beyond the portal's second
scope (a person may list less than what is about them), which is why they live in this half and want a proven subject.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask_babel import LazyString
from sqlalchemy import select

from logicrm.core import words
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import Personal, models_about
from logicrm.core.promises import promise
from logicrm.core.schema import Id
from logicrm.core.subjects import Subject
from logicrm.extensions import db
from logicrm.privacy import vocabulary, walk
from logicrm.privacy.policy import Show
from logicrm.privacy.profile import Profile

SHOWN = 5  # values of one kind on the page; all of them are in the copy
LONGEST = 160

_GIVEN = _l("you, or the business that you work for, gave it to us")
_MADE = _l("it came about while you used our pages")
_WORKED = _l("it came about while we worked for you")
SOURCES: dict[str, LazyString] = {
    "identity": _GIVEN, "contact": _GIVEN, "business": _WORKED, "communication": _l("you wrote it, or we noted it"),
    "consent": _l("you chose it"), "security": _MADE, "device": _MADE, "usage": _MADE, "location": _WORKED,
    "financial": _WORKED, "upload": _GIVEN,
}  # fmt: skip


@dataclass
class Item:
    """One kind of value: what it is called, where it stands, the values (a few of them), why, how long."""

    label: str
    where: str
    purpose: str
    basis: str
    how_long: str
    values: list[str] = field(default_factory=list)
    more: int = 0


@dataclass(frozen=True)
class Category:
    """All items of one category."""

    name: str
    label: str
    source: str
    entries: list[Item]

    @property
    def count(self) -> int:
        return sum(len(item.values) + item.more for item in self.entries)


def anything(email: str) -> bool:
    """True when this workspace holds any row about the address."""
    for model, about in models_about("person", db.Model):
        if about.by is None or isinstance(model.__table__.columns[about.by].type, Id) or model.__tablename__ in _DOOR:
            continue
        if db.session.execute(select(1).where(getattr(model, about.by) == email).limit(1)).first() is not None:
            return True
    return False


#: Rows that somebody makes by knocking at the door: they do not mean that we know the person.
_DOOR = frozenset({"portal_code", "outgoing_mail"})


@promise("explain")
def held(subject: Subject, profile: Profile, lang: str) -> list[Category]:
    """Everything about the subject, by category in the policy's order."""
    show = Show(profile, lang)
    items: dict[str, dict[tuple[str, str], Item]] = {}
    with walk.beyond_portal():
        for rows in walk.find(subject).tables.values():
            declared = walk.declared_personal(rows.model)
            where = walk.label_of(rows.model)
            for key, values in walk.load_rows(rows, list(declared), subject):
                parts = walk.parts_of(rows, key)
                for name, mark in declared.items():
                    if mark.part in parts or "" in parts:
                        _note(items, where, mark, name, values[name], show)
    return [
        Category(name, _sentence(str(words_)), str(SOURCES[name]), list(items[name].values()))
        for name, words_ in vocabulary.DATA_CATEGORIES.items()
        if name in items
    ]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _note(
    items: dict[str, dict[tuple[str, str], Item]], where: str, mark: Personal, name: str, value: Any, show: Show
) -> None:
    if value in (None, "", [], {}):
        return
    label = str(mark.label) or name.replace("_", " ").capitalize()
    kind = items.setdefault(mark.category, {})
    item = kind.get((where, label))
    if item is None:
        item = kind[where, label] = Item(
            label, where, str(vocabulary.PURPOSES.get(mark.purpose, "")),
            show.basis(mark.purpose), how_long(show, mark.keep),
        )  # fmt: skip
    text = written(value) if mark.export else _hidden(mark)
    if text in item.values:
        return
    if len(item.values) < SHOWN:
        item.values.append(text)
    else:
        item.more += 1


def _hidden(mark: Personal) -> str:
    """What stands for a value that no copy shows: a secret, or something made of the other values."""
    return _("(a secret of yours, kept unreadable)") if mark.category == "security" else _("(made of the values above)")


def how_long(show: Show, data_class: str) -> str:
    """'3 years, counted from when the case was closed'."""
    rule = show.profile.retention.get(data_class)
    if rule is None:
        return ""
    return _(
        "%(time)s, counted from when %(event)s",
        time=show.duration(rule.keep_for),
        event=vocabulary.ANCHORS[rule.anchor],
    )


def written(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return words.show_datetime(value)
    if isinstance(value, date):
        return words.show_date(value)
    if isinstance(value, list):
        return ", ".join(written(one) for one in value)[:LONGEST]
    if isinstance(value, dict):
        return ", ".join(f"{name}: {written(one)}" for name, one in value.items())[:LONGEST]
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def recipients(profile: Profile, lang: str) -> list[str]:
    """Who else may receive data, in words."""
    show = Show(profile, lang)
    return [
        f"{vocabulary.RECIPIENTS[one.category]}: {one.name or _('not chosen yet')} ({show.country(one.country)})"
        for one in profile.recipients
    ]
