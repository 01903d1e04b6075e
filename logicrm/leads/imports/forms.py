"""Forms of an import. They check shapes; what needs the database is the services' business."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from flask_wtf.file import FileField, FileRequired
from wtforms import RadioField, SelectField, StringField
from wtforms.validators import Optional

from logicrm.core.forms import Form, at_most, needed, one_line
from logicrm.core.phrases import lazy_gettext as _l

#: How each field of a lead is called where columns are mapped, in the order of the list.
FIELDS: dict[str, Any] = {
    "full_name": _l("Name (whole)"),
    "first_name": _l("First name"),
    "last_name": _l("Last name"),
    "company": _l("Company"),
    "job_title": _l("Job title"),
    "email": _l("E-mail"),
    "phone": _l("Phone"),
    "mobile": _l("Mobile"),
    "website": _l("Website"),
    "street": _l("Street"),
    "postcode": _l("Postcode"),
    "city": _l("City"),
    "region": _l("Region"),
    "country": _l("Country"),
    "status": _l("Stage"),
    "owner_email": _l("Owner"),
    "source": _l("Source"),
    "value": _l("Value"),
    "currency": _l("Currency"),
    "tags": _l("Tags"),
    "note": _l("Note"),
    "created_on": _l("Added on"),
    "external_id": _l("Number in the other program"),
    "industry": _l("Industry"),
    "company_size": _l("Company size"),
    "tax_code": _l("Tax code"),
    "consent_marketing": _l("Marketing consent (not imported)"),
}
DUPLICATES = [
    ("update", _l("Update the lead: filled cells replace what is there")),
    ("skip", _l("Leave the lead as it is and skip the row")),
    ("create", _l("Add another lead anyway")),
]
SEPARATORS = [(",", _l("Comma")), (";", _l("Semicolon")), ("\t", _l("Tab")), ("|", _l("Vertical bar"))]
ENCODINGS = ["utf-8", "utf-16-le", "cp1252", "cp1250", "cp1251", "cp1258", "iso-8859-2", "mac-roman", "gb18030"]
_COLUMN = re.compile(r"col-(\d{1,3})")


class UploadForm(Form):
    """One file."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])


class ReadForm(Form):
    """How a file is to be read, when what was found out is wrong."""

    encoding = SelectField(_l("Encoding"), validators=[needed()], validate_choice=False)
    separator = SelectField(_l("Separator"), validators=[needed()], validate_choice=False)
    header = SelectField(
        _l("First row"), validators=[needed()], choices=[("yes", _l("Headings")), ("no", _l("A lead"))]
    )

    def offer(self, reading: dict[str, Any]) -> ReadForm:
        """Show what was found out, with what else there is."""
        found = [name for name in (reading.get("encoding"), *reading.get("candidates", [])) if name]
        names = list(dict.fromkeys([*found, *ENCODINGS]))
        self.encoding.choices = [(name, name.upper()) for name in names]
        own = reading.get("separator") or ","
        known = dict(SEPARATORS)
        self.separator.choices = [*SEPARATORS, *([] if own in known else [(own, own)])]
        if not self.is_submitted():
            self.encoding.data, self.separator.data = reading.get("encoding"), own
            self.header.data = "yes" if reading.get("header") else "no"
        return self

    def reading(self) -> dict[str, Any]:
        """As the reader takes it. A browser trims a lone tab in no form we know, but posts "\\t" by name too."""
        return {
            "encoding": self.encoding.data or None, "separator": self.separator.data or None,
            "header": self.header.data == "yes",
        }  # fmt: skip


class StartForm(Form):
    """What holds for all rows of an import; the columns are read by `columns_from`."""

    duplicates = RadioField(
        _l("When somebody is here already"), choices=DUPLICATES, default="update", validators=[needed()]
    )
    country = SelectField(_l("Country of numbers and dates without one"))
    stage = SelectField(_l("Stage"), validators=[needed(_l("Choose a stage."))])
    owner = SelectField(_l("Owner"))
    source = StringField(_l("Source"), filters=[one_line], validators=[Optional(), at_most(60)])
    tag = StringField(_l("Tag for this import"), filters=[one_line], validators=[Optional(), at_most(40)])

    def offer(
        self, stages: list[tuple[uuid.UUID, str]], owners: list[tuple[uuid.UUID, str]], countries: list[tuple[str, str]]
    ) -> StartForm:
        """Fill the lists with what there is in the workspace."""
        self.stage.choices = [(str(key), name) for key, name in stages]
        self.owner.choices = [("", _l("Nobody")), *((str(key), name) for key, name in owners)]
        self.country.choices = countries
        return self

    def facts(self) -> dict[str, Any]:
        """As the service takes them."""
        return {
            "country": self.country.data or "", "source": self.source.data or "", "tag": self.tag.data or "",
            "owner_id": uuid.UUID(self.owner.data) if self.owner.data else None,
            "stage_id": uuid.UUID(self.stage.data) if self.stage.data else None,
        }  # fmt: skip


def columns_from(sent: Mapping[str, str]) -> dict[int, str]:
    """Column (from 0) → field or "", as the selects `col-0`, `col-1` … sent them."""
    return {int(match[1]): value for name, value in sent.items() if (match := _COLUMN.fullmatch(name))}
