"""What changed between two policies, field by field and in words: for pages, the preview and the letter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from logicrm.core.phrases import gettext as _
from logicrm.privacy import vocabulary
from logicrm.privacy.clocks import Duration
from logicrm.privacy.policy_fields import (
    ALSO,
    COUNTRY,
    FLAG,
    KEEPING,
    MANY,
    ONE,
    PARTS,
    PERIOD,
    Field,
    field_of,
    part_of,
)  # fmt: skip
from logicrm.privacy.profile import Profile, canonical
from logicrm.privacy.show import Show

#: What every version changes by itself, or says of itself only.
PASSED_OVER = ("schema", "title", "last_updated", "effective")


@dataclass(frozen=True)
class Change:
    """One field that differs. `key` names it whatever the order of rows: "retention.account.also.last_used.keep_for",
    "recipient.hosting#1.country". `old` and `new` are as the documents have them, None where one lacks the field."""

    key: str
    part: str
    label: str
    before: str
    after: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Chapter:
    """The changes of one part of the policy."""

    title: str
    changes: list[Change]


def changes(old: Profile, new: Mapping[str, Any], lang: str) -> list[Change]:
    """Every field in which a document (a version's, a draft's) differs from a policy, in the order of the form's parts.

    Inside `force_locale(lang)` of the caller's, or in a request in that language.
    """
    show = Show(old, lang)
    before, after = dict(_flat(_as_texts(old.data))), dict(_flat(_as_texts(new)))
    found = [
        Change(
            key, part_of(key), _label(key), said(before.get(key), _field(key), show),
            said(after.get(key), _field(key), show), before.get(key), after.get(key),
        )
        for key in {**before, **after}
        if not _same(before.get(key), after.get(key), _field(key))
    ]  # fmt: skip
    order = [*PARTS]
    order.insert(order.index("purposes"), "retention")
    return sorted(found, key=lambda one: order.index(_chapter(one)) if _chapter(one) in order else len(order))


def _same(old: Any, new: Any, field: Field | None) -> bool:
    """The order of ticks says nothing; that of the lines of an address does."""
    if field and field.kind == MANY and isinstance(old, list) and isinstance(new, list):
        return sorted(old) == sorted(new)
    return bool(old == new)


def _as_texts(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as JSON has it: a profile of a file holds days."""
    texts: dict[str, Any] = json.loads(canonical(document))
    return texts


def _chapter(one: Change) -> str:
    return one.part.partition(".")[0]


def chapters(found: list[Change]) -> list[Chapter]:
    """The changes under the headings of the form's parts."""
    made: list[Chapter] = []
    for one in found:
        first = _chapter(one)
        title = str(KEEPING) if first == "retention" else str(PARTS[first][0]) if first in PARTS else _("Other")
        if not made or made[-1].title != title:
            made.append(Chapter(title, []))
        made[-1].changes.append(one)
    return made


# One field ----------------------------------------------------------------------------------------


def _flat(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """(key, value) of every field that a document states. Values of lists and tables below rows are left whole."""
    for name, value in document.items():
        if name in PASSED_OVER:
            continue
        if name == "purpose":
            for row in value:
                yield from _row(f"purpose.{row.get('name', '')}", row, leave="name")
        elif name == "recipient":
            counts: dict[str, int] = {}
            for row in value:
                category = row.get("category", "")
                counts[category] = counts.get(category, 0) + 1
                yield from _row(f"recipient.{category}#{counts[category]}", row)
        elif name == "retention":
            for data_class, rule in value.items():
                yield from _row(f"retention.{data_class}", rule, leave="also")
                for row in rule.get("also", []):
                    yield from _row(f"retention.{data_class}.also.{row.get('anchor', '')}", row, leave="anchor")
        elif isinstance(value, Mapping):
            yield from _row(name, value)
        else:
            yield name, value


def _row(place: str, row: Mapping[str, Any], leave: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in row.items():
        if key != leave and value not in (None, "", []):
            yield f"{place}.{key}", value


def _field(key: str) -> Field | None:
    if ".also." in key:
        return next((one for one in ALSO if one.key == key.rpartition(".")[2]), None)
    return field_of(key)


def _label(key: str) -> str:
    """The field in words, with what it is about before it."""
    field, steps = _field(key), key.split(".")
    own = str(field.label) if field else steps[-1].replace("_", " ")
    if key == "name":
        return _("Profile")
    if steps[0] == "retention":
        about = str(vocabulary.DATA_CLASSES.get(steps[1], steps[1]))
        if "also" in steps:
            event = str(vocabulary.ANCHORS.get(steps[3], steps[3]))
            own = _("at the latest after %(event)s", event=event) if steps[-1] == "keep_for" else f"{own} ({event})"
    elif steps[0] == "purpose":
        about = str(vocabulary.PURPOSES.get(steps[1], steps[1]))
    elif steps[0] == "recipient":
        category, _hash, number = steps[1].partition("#")
        about = str(vocabulary.RECIPIENTS.get(category, category)) + (f" ({number})" if number != "1" else "")
    else:
        return own
    return f"{about}: {own}"


def said(value: Any, field: Field | None, show: Show) -> str:
    """A value in words; a dash where there is none."""
    if value is None:
        return "–"
    kind = field.kind if field else ""
    words = field.words if field and field.words else {}
    if kind == PERIOD:
        return _period(value, show)
    if kind == FLAG or isinstance(value, bool):
        return _("yes") if value else _("no")
    if kind == COUNTRY:
        return show.country(str(value))
    if kind == ONE:
        return str(words.get(value, value))
    if isinstance(value, list):
        texts = [str(words.get(one, one)) if kind == MANY else str(one) for one in value]
        return show.listed(texts)
    return show.value(value) if isinstance(value, int) else str(value)


def _period(value: Any, show: Show) -> str:
    try:
        return show.duration(Duration.parse(str(value)))
    except ValueError:
        return str(value)
