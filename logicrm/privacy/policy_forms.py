"""The forms in which a policy is edited: one part of it at a time, from a document and back into one.

A form is a list of inputs made from `policy_fields`; what was typed goes into a copy of the document as it is, and
the profile's own validation says what is wrong with it. So there is no second set of rules, and nothing typed is lost.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from logicrm.core.phrases import gettext as _
from logicrm.core.places import countries
from logicrm.privacy import vocabulary
from logicrm.privacy.clocks import Duration
from logicrm.privacy.policy_fields import (
    ALSO,
    COUNTRY,
    FLAG,
    KEEP,
    LINES,
    MANY,
    ONE,
    PARTS,
    PERIOD,
    PURPOSE,
    RECIPIENT,
    WHOLE,
    WHOLES,
    Field,
)

SPARE_ROWS = 2  # empty rows below those that there are
MOST_ROWS = 40
LONGEST = 2000  # characters of one typed value
UNIT = ":unit"
UNITS = ("D", "M", "Y", "H")


#: What a browser sent.
Typed = MultiDict[str, str]


@dataclass
class Input:
    """One input as the page shows it. `value` is text, or the list of ticked words."""

    name: str
    label: str
    kind: str
    value: Any
    unit: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)
    help: str = ""
    must: bool = False
    error: str = ""


@dataclass
class Group:
    """Inputs that belong together. `title` is "" for the part's own."""

    title: str
    inputs: list[Input]


def groups(part: str, document: Mapping[str, Any]) -> list[Group]:
    """The inputs of a part, filled in from a document. Raises LookupError for a part that there is not."""
    made = _rows_of(part, document)
    fixed = [_input(one, one.key, _at(document, one.key)) for one in PARTS[part][1]] if part in PARTS else []
    return ([Group("", fixed)] if fixed else []) + made


def _rows_of(part: str, document: Mapping[str, Any]) -> list[Group]:
    first, _dot, name = part.partition(".")
    if first == "retention":
        return _keeping(name, document)
    if first == "purpose":
        if name not in vocabulary.PURPOSES:
            raise LookupError(f"no purpose {name!r}")
        return [Group("", _inputs(PURPOSE, part, _purpose(name, document)))]
    if part == "recipients":
        rows = _with_spare(document.get("recipient", []))
        return [
            Group(_("Recipient %(number)s", number=n + 1), _inputs(RECIPIENT, f"recipient.{n}", row))
            for n, row in enumerate(rows)
        ]
    if part not in PARTS:
        raise LookupError(f"no part {part!r}")
    return []


def _purpose(name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    return next((row for row in document.get("purpose", []) if row.get("name") == name), {})


def _keeping(name: str, document: Mapping[str, Any]) -> list[Group]:
    if name not in vocabulary.DATA_CLASSES:
        raise LookupError(f"no class of data {name!r}")
    rule = document.get("retention", {}).get(name, {})
    made = [Group("", _inputs(KEEP, f"retention.{name}", rule))]
    for n, row in enumerate(_with_spare(rule.get("also", []), spare=1)):
        made.append(Group(_("An earlier end"), _inputs(ALSO, f"retention.{name}.also.{n}", row)))
    return made


def _with_spare(rows: Sequence[dict[str, Any]], spare: int = SPARE_ROWS) -> list[dict[str, Any]]:
    return [*rows, *({} for _n in range(spare))]


def _inputs(fields: Sequence[Field], place: str, row: Mapping[str, Any]) -> list[Input]:
    return [_input(one, f"{place}.{one.key}", row.get(one.key)) for one in fields]


def _input(one: Field, name: str, value: Any) -> Input:
    made = Input(name, str(one.label), one.kind, "", help=str(one.help), must=one.must)
    if one.kind == PERIOD:
        made.value, made.unit = _number_and_unit(value)
        made.options = [("D", _("days")), ("M", _("months")), ("Y", _("years")), ("H", _("hours"))]
        if made.unit not in UNITS:
            made.options.append((made.unit, made.unit))
    elif one.kind == MANY:
        made.value = [str(word) for word in value or []]
        made.options = _choices(one, made.value)
    elif one.kind in (ONE, COUNTRY):
        made.value = str(value or "")
        made.options = countries() if one.kind == COUNTRY else _choices(one, [made.value])
    elif one.kind == FLAG:
        made.value = "1" if value else ""
    elif one.kind == LINES:
        made.value = "\n".join(str(line) for line in value or [])
    elif one.kind == WHOLES:
        made.value = ", ".join(str(number) for number in value or [])
    else:
        made.value = "" if value is None else str(value)
    return made


def _choices(one: Field, held: Sequence[str]) -> list[tuple[str, str]]:
    """The words to choose from; one that is held and not known any more is still shown, to be taken out."""
    known = [(name, str(words)) for name, words in (one.words or {}).items()]
    return known + [(name, name) for name in held if name not in dict(known) and name]


def _number_and_unit(value: Any) -> tuple[str, str]:
    """("3", "Y") for P3Y. A period of several units cannot be typed here: it keeps its own writing as the unit."""
    if not value:
        return "", "D"
    try:
        period = Duration.parse(str(value))
    except ValueError:
        return str(value), "D"
    parts = {"Y": period.years, "M": period.months, "D": period.days, "H": period.hours}
    held = [(unit, number) for unit, number in parts.items() if number]
    return (str(held[0][1]), held[0][0]) if len(held) == 1 else ("1", str(period))


# From the form ------------------------------------------------------------------------------------


@dataclass
class Saved:
    """A document with a part of it as it was typed. `rows`: where the rows of the form went, place → place."""

    document: dict[str, Any]
    errors: dict[str, str]  # by input, what the profile's validation would say less well
    moved: dict[str, str]  # place in the document → input of the form, where the two differ


def apply(part: str, document: Mapping[str, Any], typed: Typed) -> Saved:
    """Put what was typed into a copy of the document. Raises LookupError for a part that there is not."""
    saved = Saved(copy.deepcopy(dict(document)), {}, {})
    first, _dot, name = part.partition(".")
    if first == "retention" and name in vocabulary.DATA_CLASSES:
        _keep_typed(saved, name, typed)
    elif first == "purpose" and name in vocabulary.PURPOSES:
        _purpose_typed(saved, name, typed)
    elif part not in PARTS:
        raise LookupError(f"no part {part!r}")
    for one in PARTS[part][1] if part in PARTS else ():
        _put(saved.document, one.key, _value(one, one.key, typed, saved.errors, _at(saved.document, one.key)))
    if part == "recipients":
        rows = _typed_rows(saved, "recipient", RECIPIENT, "category", typed)
        for row in rows:
            row.setdefault("name", "")
        saved.document["recipient"] = rows
    return saved


def _keep_typed(saved: Saved, name: str, typed: Typed) -> None:
    place = f"retention.{name}"
    rule = {one.key: _value(one, f"{place}.{one.key}", typed, saved.errors) for one in KEEP}
    also = _typed_rows(saved, f"{place}.also", ALSO, "anchor", typed)
    rule["while_used"] = rule["while_used"] or None
    rules = saved.document.setdefault("retention", {})
    kept = {key: value for key, value in rules.get(name, {}).items() if key not in rule and key != "also"}
    kept |= {key: value for key, value in rule.items() if value is not None}
    rules[name] = kept | ({"also": also} if also else {})


def _purpose_typed(saved: Saved, name: str, typed: Typed) -> None:
    """A purpose keeps its place in the list; without a basis it is taken out."""
    rows, held = saved.document.setdefault("purpose", []), _purpose(name, saved.document)
    row = {"name": name, "data": [], **_typed_row(PURPOSE, f"purpose.{name}", typed, saved.errors, held)}
    there = [n for n, one in enumerate(rows) if one.get("name") == name]
    if not row.get("basis"):
        saved.document["purpose"] = [one for one in rows if one.get("name") != name]
    elif there:
        rows[there[0]] = row
    else:
        rows.append(row)


def _typed_rows(saved: Saved, place: str, fields: Sequence[Field], key: str, typed: Typed) -> list[dict[str, Any]]:
    """The rows of the form whose `key` is filled in, in their order."""
    rows: list[dict[str, Any]] = []
    for n in range(MOST_ROWS):
        if f"{place}.{n}.{key}" not in typed:
            break
        row = _typed_row(fields, f"{place}.{n}", typed, saved.errors)
        if row.get(key):
            saved.moved[f"{place}.{len(rows)}"] = f"{place}.{n}"
            rows.append(row)
    return rows


def _typed_row(
    fields: Sequence[Field], place: str, typed: Typed, errors: dict[str, str], held: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    values = {one.key: _value(one, f"{place}.{one.key}", typed, errors, (held or {}).get(one.key)) for one in fields}
    return {key: value for key, value in values.items() if value is not None}


def _value(one: Field, name: str, typed: Typed, errors: dict[str, str], held: Any = None) -> Any:
    """What was typed, as the profile writes it; None where nothing was. What is no figure is left as it is.

    `held`: what stood there; a list of ticks keeps its order, so that saving without a change changes nothing.
    """
    if one.kind == MANY:
        ticked = [word for word in typed.getlist(name) if len(word) <= LONGEST]
        before = [word for word in held or [] if word in ticked]
        return before + [word for word in ticked if word not in before]
    text = typed.get(name, "").strip()[:LONGEST]
    if one.kind == FLAG:
        return text == "1"
    if not text:
        return None
    if one.kind == LINES:
        return [line.strip() for line in text.splitlines() if line.strip()]
    if one.kind == WHOLE:
        return _whole(text, name, errors)
    if one.kind == WHOLES:
        return [_whole(part, name, errors) for part in re.split(r"[,;\s]+", text.strip(",; "))]
    if one.kind == PERIOD:
        unit = typed.get(f"{name}{UNIT}", "")
        if unit not in UNITS:
            return unit
        number = _whole(text, name, errors)
        return f"PT{number}H" if unit == "H" else f"P{number}{unit}"
    return " ".join(text.split())


def _whole(text: str, name: str, errors: dict[str, str]) -> int | str:
    if re.fullmatch(r"\d{1,6}", text):
        return int(text)
    errors[name] = _("Write a whole number.")
    return text


def _at(document: Mapping[str, Any], key: str) -> Any:
    value: Any = document
    for step in key.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _put(document: dict[str, Any], key: str, value: Any) -> None:
    """Put a value in its place; None takes it out, as the profile leaves out what it does not state."""
    *tables, last = key.split(".")
    place = document
    for table in tables:
        place = place.setdefault(table, {})
    if value is None:
        place.pop(last, None)
    else:
        place[last] = value


def show_typed(shown: list[Group], typed: Typed, errors: Mapping[str, str]) -> None:
    """Put what was typed, and what is wrong with it, back into the inputs of a refused form."""
    for one in (one for group in shown for one in group.inputs):
        if one.kind == MANY:
            one.value = typed.getlist(one.name)
        else:
            one.value = typed.get(one.name, "")
            if one.kind == ONE and one.value not in dict(one.options):
                one.options.append((one.value, one.value))
            one.unit = typed.get(f"{one.name}{UNIT}", one.unit)
        one.error = errors.get(one.name, "")


def input_of(place: str, saved: Saved, names: Sequence[str]) -> str:
    """The input that a mistake at a place of the document belongs to; "" when it is none of this form's."""
    for there, here in sorted(saved.moved.items(), key=lambda pair: -len(pair[0])):
        if place == there or place.startswith(f"{there}."):
            place = here + place[len(there) :]
            break
    if place in names:
        return place
    return next((name for name in names if name.startswith(f"{place}.")), "")
