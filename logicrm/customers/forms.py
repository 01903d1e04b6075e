"""Forms of the customers area."""

from __future__ import annotations

import uuid
from typing import Any

from wtforms import EmailField, SelectField, StringField, TelField, TextAreaField, URLField
from wtforms.validators import Optional

from logicrm.core.forms import Form, at_most, needed, stripped
from logicrm.core.languages import LANGUAGES
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.places import countries


def _text(label: Any, chars: int, kind: Any = StringField, **kw: Any) -> Any:
    return kind(label, filters=[stripped], validators=[Optional(), at_most(chars)], default="", **kw)


def _id_or_none(value: Any) -> uuid.UUID | None:
    return uuid.UUID(str(value)) if value else None


class _CustomerForm(Form):
    owner_id = SelectField(_l("Owner"), coerce=_id_or_none, default="")

    def offer(self, owners: list[tuple[uuid.UUID, str]]) -> None:
        """Who may look after the customer."""
        self.owner_id.choices = [("", _l("Nobody")), *((str(key), name) for key, name in owners)]

    def values(self) -> dict[str, Any]:
        """What was filled in, as the services take it."""
        found = {name: field.data for name, field in self._fields.items() if name != "csrf_token"}
        if "tags" in found:
            found["tags"] = [t.strip()[:40] for t in (found["tags"] or "").split(",") if t.strip()][:20]
        return found


class ContactForm(_CustomerForm):
    """A person at a customer."""

    first_name = _text(_l("First name"), 100, render_kw={"autocomplete": "off"})
    last_name = _text(_l("Last name"), 100, render_kw={"autocomplete": "off"})
    company_id = SelectField(_l("Company"), coerce=_id_or_none, default="")
    job_title = _text(_l("Job title"), 120)
    email = _text(_l("E-mail"), 254, EmailField, render_kw={"autocomplete": "off", "spellcheck": "false"})
    phone = _text(_l("Phone"), 60, TelField, render_kw={"autocomplete": "off"})
    mobile = _text(_l("Mobile"), 60, TelField, render_kw={"autocomplete": "off"})
    language = SelectField(
        _l("Language"), choices=[("", "–"), *LANGUAGES.items()], default="",
        description=_l("In which we write to this person."),
    )  # fmt: skip
    street = _text(_l("Street"), 300)
    postcode = _text(_l("Postcode"), 20)
    city = _text(_l("City"), 120)
    region = _text(_l("Region"), 120)
    country = SelectField(_l("Country"), choices=countries, default="")
    tags = _text(_l("Tags"), 400, description=_l("Separated by commas."))
    note = _text(_l("Note"), 20_000, TextAreaField)

    def offer_companies(self, companies: list[tuple[uuid.UUID, str]]) -> None:
        """Where the person may work."""
        self.company_id.choices = [("", _l("None")), *((str(key), name) for key, name in companies)]


class CompanyForm(_CustomerForm):
    """A firm."""

    name = StringField(_l("Name"), filters=[stripped], validators=[needed(), at_most(200)])
    tax_code = _text(_l("Tax code"), 40)
    email = _text(_l("E-mail"), 254, EmailField)
    phone = _text(_l("Phone"), 40, TelField)
    website = _text(_l("Website"), 300, URLField)
    street = _text(_l("Street"), 300)
    postcode = _text(_l("Postcode"), 20)
    city = _text(_l("City"), 120)
    region = _text(_l("Region"), 120)
    country = SelectField(_l("Country"), choices=countries, default="")
    industry = _text(_l("Industry"), 80)
    size = _text(_l("Size"), 40)
    note = _text(
        _l("Note"), 20_000, TextAreaField, description=_l("About the firm. Write about people at their own page.")
    )
