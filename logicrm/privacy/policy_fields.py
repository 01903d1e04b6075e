"""What of a policy may be edited: each field with its place, its name for people, and the words it may hold.

The forms, the list of changes and the list of what stops publishing all speak of a field by this one name. A place is
written as in the profile's messages, rows counted from 0: "retention.support.keep_for", "recipient.1.country".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.privacy import vocabulary
from logicrm.privacy.vocabulary import Words

TEXT, LINES, PERIOD, WHOLE, WHOLES, FLAG, ONE, MANY, COUNTRY = (
    "text", "lines", "period", "whole", "wholes", "flag", "one", "many", "country",
)  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field. `key` is its place; inside a row the part after the row's own."""

    key: str
    label: Any
    kind: str
    words: Words | None = None
    help: Any = ""
    must: bool = False


REGIMES: Words = {"gdpr": _l("GDPR (European Union)"), "vn": _l("Personal data law of Viet Nam (Law 91/2025)")}
BASES: Words = {"": _l("not used"), **vocabulary.BASES}
RECIPIENTS: Words = {"": _l("nobody (take the row out)"), **vocabulary.RECIPIENTS}
TRAVELS: Words = {name: said for name, said in vocabulary.MECHANISMS.items() if name != "home"}
ANCHORS: Words = {"": _l("(take the row out)"), **vocabulary.ANCHORS}

_SILENT = _l("Leave it empty where the policy says nothing; then the law alone counts.")

#: The parts of the form, in the order of the page. Each class of data and each purpose has a page of its own.
PARTS: dict[str, tuple[Any, tuple[Field, ...]]] = {
    "identity": (_l("Who answers, and how to reach them"), (
        Field("identity.controller", _l("Business (controller)"), TEXT, must=True),
        Field("identity.country", _l("Home country"), COUNTRY),
        Field("identity.governing_law", _l("Law that governs the policy"), TEXT),
        Field("identity.court", _l("Court"), TEXT),
        Field("identity.address", _l("Postal address"), LINES, help=_l("One line of the address on each line.")),
        Field("identity.privacy_email", _l("E-mail for privacy questions"), TEXT),
        Field("identity.dpo_email", _l("E-mail of the data protection officer"), TEXT),
        Field("identity.dpo_address", _l("Postal address of the officer"), LINES),
        Field("minimum_age", _l("Youngest age"), WHOLE, must=True),
        Field("regimes", _l("Laws whose clocks run"), MANY, REGIMES),
    )),
    "answers": (_l("Answers, deletion and breaches"), (
        Field("requests.answer", _l("Answer to a request within"), PERIOD, help=_SILENT),
        Field("requests.answer_working_days", _l("… or within so many working days"), WHOLE),
        Field("requests.inquiry", _l("Answer to a question within"), PERIOD),
        Field("requests.extension", _l("Longer, once, with reasons"), PERIOD),
        Field("deletion.grace_days", _l("Days between asking for deletion and the deletion"), WHOLE, must=True),
        Field("deletion.reminders", _l("Reminders, days before it"), WHOLES, help=_l("Such as: 14, 7, 1")),
        Field("deletion.accessible", _l("What works meanwhile"), MANY, vocabulary.GRACE_ACCESS),
        Field("deletion.delete_now", _l("People may have it deleted at once"), FLAG),
        Field("termination.keep_days", _l("Days that data stays after the contract ends"), WHOLE, must=True),
        Field("termination.accessible", _l("What works in those days"), MANY, vocabulary.TERMINATION_ACCESS),
        Field("breach.authority", _l("A breach is told to the authority within"), PERIOD, must=True),
        Field("breach.people", _l("… and to the people within"), PERIOD, help=_SILENT),
    )),
    "purposes": (_l("Positions, profiling, decisions"), (
        Field("location_uses", _l("What positions are used for"), MANY, vocabulary.LOCATION_USES),
        Field("automation.profiling", _l("Conclusions about people (profiling)"), ONE, vocabulary.PROFILING),
        Field("automation.decisions", _l("Decisions by programs"), ONE, vocabulary.DECISIONS),
    )),
    "recipients": (_l("Who else receives data"), (
        Field("mechanisms", _l("What protects data that travels"), MANY, TRAVELS),
        Field("disclosures", _l("When authorities receive data"), MANY, vocabulary.DISCLOSURES),
        Field("hosting.regions", _l("Where the data lies"), MANY, vocabulary.REGIONS),
        Field("hosting.pinned", _l("Nothing ever leaves these places"), FLAG),
    )),
    "cookies": (_l("Cookies and marketing"), (
        Field("cookies.categories", _l("Kinds of cookies"), MANY, vocabulary.COOKIE_CATEGORIES),
        Field("cookies.choice_lasts", _l("A choice about cookies counts for"), PERIOD, must=True),
        Field("channels", _l("Ways of marketing, each asked for on its own"), MANY, vocabulary.CHANNELS),
    )),
    "security": (_l("Protection, children and changes"), (
        Field("security.in_transit", _l("Data on its way is encrypted by"), ONE, vocabulary.IN_TRANSIT),
        Field("security.at_rest", _l("Stored data is encrypted by"), ONE, vocabulary.AT_REST),
        Field("security.audits", _l("Security is audited"), ONE, vocabulary.AUDITS),
        Field("security.measures", _l("Measures"), MANY, vocabulary.MEASURES),
        Field("children", _l("About children"), MANY, vocabulary.CHILDREN),
        Field("change_notice", _l("How a change is told"), MANY, vocabulary.CHANGE_NOTICES),
    )),
}  # fmt: skip
KEEPING, WHY = _l("How long data is kept"), _l("Why data is used")

#: One class of data.
KEEP = (
    Field("keep_for", _l("Kept for"), PERIOD, must=True),
    Field("anchor", _l("Counted from when"), ONE, vocabulary.ANCHORS),
    Field("action", _l("Then it is"), ONE, vocabulary.ACTIONS),
    Field("ground", _l("Why"), ONE, vocabulary.GROUNDS),
    Field("criterion", _l("What decides the time"), ONE, vocabulary.CRITERIA),
    Field("minimum", _l("Never shorter than"), PERIOD),
    Field("maximum", _l("Never longer than"), PERIOD),
    Field("warn_days", _l("Warnings, days before"), WHOLES, help=_l("Such as: 30, 7")),
    Field("while_used", _l("Nothing goes as long as the service is used"), FLAG),
)
ALSO = (
    Field("anchor", _l("Also counted from when"), ONE, ANCHORS),
    Field("keep_for", _l("for"), PERIOD),
    Field("ground", _l("because"), ONE, vocabulary.GROUNDS),
)
PURPOSE = (
    Field("basis", _l("Legal basis"), ONE, BASES),
    Field("data", _l("Data"), MANY, vocabulary.DATA_CATEGORIES),
)
RECIPIENT = (
    Field("category", _l("Job"), ONE, RECIPIENTS),
    Field("name", _l("Firm"), TEXT),
    Field("country", _l("Country"), COUNTRY, help=_l("Empty: the home country.")),
    Field("mechanism", _l("What protects the data"), ONE, vocabulary.MECHANISMS),
    Field("contract", _l("Contract"), ONE, vocabulary.CONTRACTS),
)

_FIXED = {field.key: (part, field) for part, (_title, fields) in PARTS.items() for field in fields}
_IN_ROWS = {
    "retention": {field.key: field for field in KEEP},
    "also": {field.key: field for field in ALSO},
    "purpose": {field.key: field for field in PURPOSE},
    "recipient": {field.key: field for field in RECIPIENT},
}


def place_of(path: str) -> str:
    """A profile's own way of naming a place, `recipient[2].country`, as a place here: "recipient.1.country"."""
    return re.sub(r"\[(\d+)\]", lambda found: f".{int(found[1]) - 1}", path)


def part_of(place: str) -> str:
    """The part of the form that holds a place; "" when none does. "retention.support", "purpose.marketing": a page each."""
    first, _dot, rest = place.partition(".")
    if first in ("retention", "purpose") and rest:
        return f"{first}.{rest.split('.')[0]}"
    if first == "recipient":
        return "recipients"
    found = _FIXED.get(place)
    if found:
        return found[0]
    # A mistake that belongs to a whole table: the part that holds its fields.
    return next((part for key, (part, _field) in _FIXED.items() if key.startswith(f"{place}.")), "")


def field_of(place: str) -> Field | None:
    """The field at a place, or None for one that no form shows."""
    if place in _FIXED:
        return _FIXED[place][1]
    steps = place.split(".")
    table = "also" if "also" in steps else steps[0]
    return _IN_ROWS.get(table, {}).get(steps[-1])


def label_of(place: str, document: dict[str, Any]) -> str:
    """A place in words: "Support requests, messages and feedback: Kept for"."""
    field = field_of(place)
    own = str(field.label) if field else place.rpartition(".")[2].replace("_", " ")
    about = _row_words(place.split("."), document)
    return f"{about}: {own}" if about else own


def place_in(place: str, document: dict[str, Any]) -> str:
    """A place with the purpose's name for its number: "purpose.3.basis" of a document is "purpose.marketing.basis"."""
    steps = place.split(".")
    if steps[0] != "purpose" or len(steps) < 2 or not steps[1].isdigit():
        return place
    rows = document.get("purpose") or []
    name = rows[int(steps[1])].get("name", "") if int(steps[1]) < len(rows) else ""
    return ".".join(["purpose", name, *steps[2:]])


def _row_words(steps: list[str], document: dict[str, Any]) -> str:
    if len(steps) < 2:
        return ""
    if steps[0] == "retention":
        return str(vocabulary.DATA_CLASSES.get(steps[1], steps[1]))
    if steps[0] == "purpose":
        return str(vocabulary.PURPOSES.get(steps[1], steps[1]))
    if steps[0] != "recipient" or not steps[1].isdigit():
        return ""
    rows = document.get("recipient") or []
    row = rows[int(steps[1])] if int(steps[1]) < len(rows) else {}
    name = str(vocabulary.RECIPIENTS.get(row.get("category", ""), row.get("category", "")))
    return _("Recipient %(number)s, %(job)s", number=int(steps[1]) + 1, job=name)
