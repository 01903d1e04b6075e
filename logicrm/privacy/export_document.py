"""What a copy of somebody's data says: the rows, and why, on what ground, for how long and for whom we hold them.

One document feeds the JSON file, the PDF and the archive. Its shape is published (`SCHEMA`) and versioned.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from flask_babel import force_locale
from sqlalchemy import LargeBinary, inspect

from logicrm.core.phrases import gettext as _
from logicrm.core.pii import Personal, declaration
from logicrm.core.subjects import Subject
from logicrm.privacy import signing, vocabulary, walk
from logicrm.privacy.authorities import AUTHORITIES
from logicrm.privacy.policy import Show
from logicrm.privacy.profile import Profile

FORMAT = "logicrm.personal-data/1"
#: Plain columns that are mechanism, not content: names of secrets, places in a store, marks of a worker.
_MECHANISM = re.compile(r"hash|token|secret|(^|_)key|wrapped|sealed|storage|epoch|lease|leased|signature")

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "LogiCRM: a copy of somebody's personal data",
    "type": "object",
    "required": ["format", "manifest", "subject", "sections", "rights"],
    "additionalProperties": False,
    "properties": {
        "format": {"const": FORMAT},
        "manifest": {
            "type": "object",
            "required": ["id", "generated_at", "controller", "sections", "records", "omissions", "files", "public_key",
                         "signature"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "generated_at": {"type": "string", "format": "date-time"},
                "controller": _TEXT,
                "schema": _TEXT,
                "sections": _COUNT,
                "records": _COUNT,
                "omissions": {
                    "type": "array",
                    "items": {"type": "object", "required": ["what", "why", "count"],
                              "properties": {"what": _TEXT, "why": _TEXT, "count": _COUNT}},
                },
                "files": {
                    "type": "array",
                    "items": {"type": "object", "required": ["name", "sha256"],
                              "properties": {"name": _TEXT, "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                                             "bytes": _COUNT, "rows": _COUNT}},
                },
                "public_key": _TEXT,
                "signature": _TEXT,
            },
        },
        "subject": {
            "type": "object",
            "required": ["kind", "id", "name", "emails"],
            "properties": {"kind": {"enum": ["account", "person"]}, "id": _TEXT, "name": _TEXT,
                           "emails": {"type": "array", "items": _TEXT}},
        },
        "sections": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["table", "title", "data_class", "purposes", "recipients", "keep", "source", "fields",
                             "rows"],
                "properties": {
                    "table": _TEXT, "title": _TEXT, "data_class": _TEXT, "keep": _TEXT, "source": _TEXT,
                    "purposes": {"type": "array", "items": {"type": "object", "required": ["purpose", "basis"]}},
                    "recipients": {"type": "array", "items": _TEXT},
                    "fields": {"type": "object"},
                    "rows": {"type": "array", "items": {"type": "object"}},
                },
            },
        },
        "rights": {"type": "array", "items": {"type": "object", "required": ["right", "text"]}},
    },
}  # fmt: skip


def build(subject: Subject, found: walk.Found, profile: Profile, *, export_id: uuid.UUID, controller: str, at: datetime,
          schema_url: str, progress: Any = None) -> dict[str, Any]:  # fmt: skip
    """Return the document, signed. `progress(done, total)` is told after each table. Rows come in order of making."""
    with force_locale(subject.language or "en"):
        show = Show(profile, subject.language or "en")
        sections, left = [], []
        for number, name in enumerate(sorted(found.tables), start=1):
            sections.append(_section(found.tables[name], subject, profile, show))
            left += list(_omissions(found.tables[name]))
            if progress is not None:
                progress(number, len(found.tables))
        who = {"kind": subject.kind, "id": str(subject.id), "name": subject.name, "emails": list(subject.emails)}
        body = {"subject": who, "sections": sections}
        records = sum(len(section["rows"]) for section in sections)
        manifest = {
            "id": str(export_id), "generated_at": at.astimezone(UTC).isoformat(), "controller": controller,
            "schema": schema_url, "sections": len(sections), "records": records, "omissions": left,
            "files": [{"name": "sections", "sha256": signing.fingerprint(signing.canonical(body)), "rows": records}],
            "public_key": signing.public_key(),
        }  # fmt: skip
        return {"format": FORMAT, "manifest": manifest, **body, "rights": rights(subject)}


def missing(document: dict[str, Any], found: walk.Found) -> int:
    """Rows and declared columns that were found and do not stand in the document. More than 0: the copy is not whole."""
    told = {section["table"]: section for section in document["sections"]}
    lacking = 0
    for name, rows in found.tables.items():
        section = told.get(name, {"rows": [], "fields": {}})
        may_leave = [column for column, mark in walk.declared_personal(rows.model).items() if mark.export]
        lacking += len(rows) - len(section["rows"]) + sum(1 for column in may_leave if column not in section["fields"])
    return lacking


def sign(document: dict[str, Any]) -> dict[str, Any]:
    """Put the signature over the manifest (which holds the fingerprints of everything else) into it."""
    manifest = {name: value for name, value in document["manifest"].items() if name != "signature"}
    document["manifest"] = manifest | {"signature": signing.sign(manifest)}
    return document


def is_genuine(document: dict[str, Any]) -> bool:
    """True when neither the manifest nor the rows were changed since we signed."""
    manifest = dict(document["manifest"])
    signature = manifest.pop("signature", "")
    body = {"subject": document["subject"], "sections": document["sections"]}
    printed = next((f["sha256"] for f in manifest["files"] if f["name"] == "sections"), "")
    return printed == signing.fingerprint(signing.canonical(body)) and signing.holds(manifest, signature)


def _section(rows: walk.Rows, subject: Subject, profile: Profile, show: Show) -> dict[str, Any]:
    columns = dict(_columns(rows.model))
    marks = {name: mark for name, mark in columns.items() if isinstance(mark, Personal)}
    data_class = walk.data_class(rows.model)
    rule = profile.retention[data_class]
    purposes = list(dict.fromkeys(mark.purpose for mark in marks.values() if mark.purpose))
    out = []
    for key, values in walk.load_rows(rows, list(columns), subject):
        parts = walk.parts_of(rows, key)
        mine = {
            name: _json(value)
            for name, value in values.items()
            if "" in parts or name not in marks or marks[name].part in parts
        }
        out.append(mine)
    return {
        "table": rows.name,
        "title": walk.label_of(rows.model),
        "data_class": data_class,
        "purposes": [
            {"purpose": str(vocabulary.PURPOSES.get(p, p)),
             "basis": show.basis(p)}
            for p in purposes
        ],
        "recipients": [str(vocabulary.RECIPIENTS[r.category]) for r in profile.recipients],
        "keep": _("%(period)s, counted from when %(event)s", period=show.duration(rule.keep_for),
                  event=str(vocabulary.ANCHORS[rule.anchor])),
        "source": str(getattr(rows.model, "__source__", "") or _("You, people you work with, or your use")),
        "fields": {
            name: {"label": str(mark.label) or _human(name), "category": mark.category} if isinstance(mark, Personal)
            else {"label": _human(name), "category": ""}
            for name, mark in columns.items()
        },
        "rows": out,
    }  # fmt: skip


def _columns(model: Any) -> Iterator[tuple[str, Any]]:
    """(attribute, declaration) of what a copy shows: all that is personal and may leave, and what explains it."""
    for attribute in inspect(model).column_attrs:
        column = attribute.columns[0]
        mark = declaration(column)
        if isinstance(mark, Personal):
            if mark.export:
                yield attribute.key, mark
            continue
        mechanism = _MECHANISM.search(column.name) or column.name == "workspace_id"
        if not mechanism and not isinstance(column.type, LargeBinary):
            yield attribute.key, mark


def _omissions(rows: walk.Rows) -> Iterator[dict[str, Any]]:
    for name, mark in walk.declared_personal(rows.model).items():
        if not mark.export:
            why = _("A secret that protects you: handing it out would let others in.")
            yield {
                "what": f"{walk.label_of(rows.model)}: {str(mark.label) or _human(name)}",
                "why": why,
                "count": len(rows),
            }


def rights(subject: Subject) -> list[dict[str, str]]:
    """The rights of GDPR Art. 15 to 22 and 77, in words."""
    texts = [
        (_("Correct"), _("Tell us what is wrong, and we mend it; what is incomplete, and we complete it (Art. 16).")),
        (_("Delete"), _("Ask us to delete your data; you can do it yourself on your page (Art. 17).")),
        (_("Restrict"), _("Have your data locked while a question is open (Art. 18).")),
        (_("Take with you"), _("The attached JSON file is made for another program to read (Art. 20).")),
        (_("Object"), _("Object to use that rests on our interest, and to advertising at any time (Art. 21).")),
        (_("Withdraw consent"), _("Take back at any time what you allowed, as easily as you gave it (Art. 7(3)).")),
    ]
    authority = AUTHORITIES.get(subject.country)
    if authority is not None:
        words = _("To %(name)s, %(web)s, or to a court (Art. 77, 79).", name=authority.name, web=authority.web)
        texts.append((_("Complain"), words))
    return [{"right": right, "text": text} for right, text in texts]


def _human(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _json(value: Any) -> Any:
    if isinstance(value, uuid.UUID | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return value
