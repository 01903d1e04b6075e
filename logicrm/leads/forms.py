"""Forms of the leads area, and the addresses of its lists. They check shapes; rules are the services' business."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import DateField, DecimalField, EmailField, SelectField, StringField, TelField, TextAreaField, URLField
from wtforms.validators import NumberRange, Optional

from logicrm.core.forms import Form, at_most, stripped
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.places import countries

CURRENCIES = (
    "EUR", "USD", "GBP", "RON", "VND", "CHF", "PLN", "HUF", "CZK", "BGN", "DKK", "SEK", "NOK", "TRY", "UAH", "MDL",
    "RSD", "CAD", "AUD", "CNY", "JPY", "INR", "SGD", "THB", "AED", "BRL", "MXN", "ZAR",
)  # fmt: skip

#: What is edited in one line of the lead's page: the line's name -> (label, form fields).
FACTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "next_step": (_l("Next step"), ("next_step",)),
    "stage": (_l("Stage"), ("stage_id",)),
    "owner": (_l("Owner"), ("owner_id",)),
    "value": (_l("Value"), ("value_amount", "currency")),
    "name": (_l("Name"), ("first_name", "last_name")),
    "company": (_l("Company"), ("company",)),
    "job_title": (_l("Job title"), ("job_title",)),
    "email": (_l("E-mail"), ("email",)),
    "phone": (_l("Phone"), ("phone",)),
    "mobile": (_l("Mobile"), ("mobile",)),
    "website": (_l("Website"), ("website",)),
    "address": (_l("Address"), ("street", "postcode", "city", "region", "country")),
    "source": (_l("Source"), ("source",)),
    "industry": (_l("Industry"), ("industry",)),
    "company_size": (_l("Company size"), ("company_size",)),
    "tax_code": (_l("Tax code"), ("tax_code",)),
    "tags": (_l("Tags"), ("tags",)),
    "note": (_l("Note"), ("note",)),
}


def _text(label: Any, chars: int, kind: Any = StringField, **kw: Any) -> Any:
    return kind(label, filters=[stripped], validators=[Optional(), at_most(chars)], default="", **kw)


def _id_or_none(value: Any) -> uuid.UUID | None:
    return uuid.UUID(str(value)) if value else None


class LeadForm(Form):
    """A lead, whole or one line of it. The view gives the choices of stage and owner."""

    first_name = _text(_l("First name"), 100, render_kw={"autocomplete": "off"})
    last_name = _text(_l("Last name"), 100, render_kw={"autocomplete": "off"})
    company = _text(_l("Company"), 200)
    job_title = _text(_l("Job title"), 120)
    email = _text(_l("E-mail"), 254, EmailField, render_kw={"autocomplete": "off", "spellcheck": "false"})
    phone = _text(_l("Phone"), 60, TelField, render_kw={"autocomplete": "off"})
    mobile = _text(_l("Mobile"), 60, TelField, render_kw={"autocomplete": "off"})
    website = _text(_l("Website"), 300, URLField)
    street = _text(_l("Street"), 300)
    postcode = _text(_l("Postcode"), 20)
    city = _text(_l("City"), 120)
    region = _text(_l("Region"), 120)
    country = SelectField(_l("Country"), choices=countries, default="")
    source = _text(_l("Source"), 60, description=_l("Where the lead came from: a fair, the website, a customer."))
    industry = _text(_l("Industry"), 80)
    company_size = _text(_l("Company size"), 40)
    tax_code = _text(_l("Tax code"), 40)
    value_amount = DecimalField(
        _l("Value"),
        validators=[Optional(), NumberRange(min=0, max=10**11, message=_l("Enter an amount of 0 or more."))],
        render_kw={"inputmode": "decimal", "step": "any"},
    )  # fmt: skip
    currency = SelectField(_l("Currency"), choices=[(c, c) for c in CURRENCIES])
    tags = _text(_l("Tags"), 400, description=_l("Separated by commas."))
    next_step = _text(_l("Next step"), 200)
    note = _text(_l("Note"), 20_000, TextAreaField)
    stage_id = SelectField(_l("Stage"), coerce=_id_or_none, default="", validate_choice=False)
    owner_id = SelectField(_l("Owner"), coerce=_id_or_none, default="", validate_choice=False)

    def offer(self, stages: list[tuple[uuid.UUID, str]], owners: list[tuple[uuid.UUID, str]], currency: str) -> None:
        """What can be chosen here; `currency` is the workspace's and comes first."""
        self.stage_id.choices = [(str(key), name) for key, name in stages] or [("", "–")]
        self.owner_id.choices = [("", _l("Nobody")), *((str(key), name) for key, name in owners)]
        mine = [c for c in dict.fromkeys((currency, *CURRENCIES)) if c]
        if self.currency.data and self.currency.data not in mine and len(self.currency.data) == 3:
            mine.append(self.currency.data)
        self.currency.choices = [(c, c) for c in mine]

    def values(self, names: tuple[str, ...] | None = None) -> dict[str, Any]:
        """What was filled in, as the services take it; only `names` when given."""
        chosen = names or tuple(n for _label, fields in FACTS.values() for n in fields)
        found = {name: self[name].data for name in chosen}
        if "tags" in found:
            found["tags"] = [t.strip() for t in (found["tags"] or "").split(",")]
        if found.get("stage_id", 0) is None:
            del found["stage_id"]
        return found

    def check(self, names: tuple[str, ...]) -> bool:
        """Validate some of the fields only (the token was checked before the view ran)."""
        found = [self[name].validate(self) for name in names]  # all of them: each says what is wrong with it
        return all(found)


class ActivityForm(Form):
    """What the box above the timeline sends."""

    kind = SelectField(choices=[(k, k) for k in ("note", "call", "email", "visit", "task")], default="note")
    body = _text(_l("What happened"), 20_000, TextAreaField)
    due = DateField(_l("Due"), validators=[Optional()])


def at_day_end(day: Any, zone: str) -> datetime:
    """17:00 of that day in the zone: when a task without an hour is due."""
    return datetime.combine(day, time(17), ZoneInfo(zone))


def day_start(text: str, zone: str, *, plus_days: int = 0) -> datetime | None:
    """The beginning of a day ('2026-03-01') in the zone; None when it is not a day."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - the zone follows
        return datetime.combine(day + timedelta(days=plus_days), time(), ZoneInfo(zone))
    except (ValueError, OverflowError):
        return None


def maybe_id(text: str | None) -> uuid.UUID | None:
    """A UUID out of an address or a form; None when it is none."""
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


#: Names of a list's address: everything that narrows or orders it.
NARROWING = ("q", "stage", "owner", "source", "imported", "from", "to")
ORDERING = ("sort", "dir")


def kept(args: Mapping[str, str], **changed: Any) -> dict[str, Any]:
    """The parts of a list's address that stay, with some changed or (None) left out; never the page."""
    held = {k: args[k] for k in (*NARROWING, *ORDERING) if k in args} | changed
    return {k: v for k, v in held.items() if v}
