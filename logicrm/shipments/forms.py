"""Forms of the shipments area. They know no database; moments are read in the workspace's zone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from flask_babel import get_locale
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    EmailField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, Optional, Regexp

from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.shipments.details import PARTY_FIELDS, Details, NewEvent, Party, Piece
from logicrm.shipments.statuses import MUST_ACT_WORDS, REASON_WORDS, WORDS, Source, Status

INCOTERMS = ("EXW", "FCA", "FAS", "FOB", "CPT", "CIP", "CFR", "CIF", "DAP", "DPU", "DDP")
SERVICES = ("Express", "Standard", "Economy", "Freight")
_EMAIL = Regexp(r"[^@\s]+@[^@\s]+\.[^@\s]+$", message=_l("Write it like name@example.com."))
LIMITS = {
    "weight_kg": Decimal(100_000),
    "length_cm": Decimal(2_000),
    "width_cm": Decimal(2_000),
    "height_cm": Decimal(2_000),
}


def _strip(text: str | None) -> str:
    return (text or "").strip()


#: Two letters that CLDR lists beside the countries: unions, and places that do not exist.
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB"})


def countries() -> list[tuple[str, str]]:
    """(code, name) of every country in the reader's language, sorted by name."""
    names = Locale.parse(str(get_locale() or "en")).territories
    found = [(c, n) for c, n in names.items() if re.fullmatch("[A-Z]{2}", c) and c not in _NO_COUNTRIES]
    return sorted(found, key=lambda pair: pair[1])


class ShipmentForm(FlaskForm):
    """Everything about a shipment but its pieces (see PieceRows) and its customer."""

    waybill_number = StringField(
        _l("Waybill number"), [Length(max=30)], filters=[_strip], description=_l("Made for you when it stays empty.")
    )
    sender_name = StringField(_l("Name"), [Length(max=200)], filters=[_strip])
    sender_company = StringField(_l("Company"), [Length(max=200)], filters=[_strip])
    sender_street = StringField(_l("Street and number"), [Length(max=300)], filters=[_strip])
    sender_city = StringField(_l("City"), [Length(max=120)], filters=[_strip])
    sender_postcode = StringField(_l("Postcode"), [Length(max=20)], filters=[_strip])
    sender_country = SelectField(_l("Country"), default="", choices=[])
    sender_phone = TelField(_l("Phone"), [Length(max=40)], filters=[_strip])
    sender_email = EmailField(_l("E-mail"), [Optional(), _EMAIL, Length(max=254)], filters=[_strip])
    recipient_name = StringField(
        _l("Name"), [DataRequired(_l("Say who receives it.")), Length(max=200)], filters=[_strip]
    )
    recipient_company = StringField(_l("Company"), [Length(max=200)], filters=[_strip])
    recipient_street = StringField(_l("Street and number"), [Length(max=300)], filters=[_strip])
    recipient_city = StringField(
        _l("City"), [DataRequired(_l("Say where it goes.")), Length(max=120)], filters=[_strip]
    )
    recipient_postcode = StringField(_l("Postcode"), [Length(max=20)], filters=[_strip])
    recipient_country = SelectField(_l("Country"), default="", choices=[])
    recipient_phone = TelField(_l("Phone"), [Length(max=40)], filters=[_strip])
    recipient_email = EmailField(_l("E-mail"), [Optional(), _EMAIL, Length(max=254)], filters=[_strip])
    service = StringField(_l("Service"), [Length(max=60)], filters=[_strip])
    incoterm = SelectField(_l("Incoterm"), default="", choices=[("", "–"), *((term, term) for term in INCOTERMS)])
    references = StringField(_l("Customer's references"), [Length(max=200)], filters=[_strip])
    goods = StringField(_l("Description of the goods"), [Length(max=500)], filters=[_strip])
    instructions = TextAreaField(_l("Instructions for the driver"), [Length(max=2000)], filters=[_strip])
    promised_on = DateField(_l("Promised for"), [Optional()])
    eta = DateTimeLocalField(_l("Expected delivery"), [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])

    def __init__(self, *args: Any, country: str = "", **kw: Any) -> None:
        super().__init__(*args, **kw)
        known = [("", "–"), *countries()]
        for name in ("sender_country", "recipient_country"):
            self[name].choices = known
            if not self.is_submitted() and not self[name].data:
                self[name].data = country

    def show(self, refusal: Refused) -> None:
        """Show a refusal of the service at its field, else in the summary."""
        if refusal.field and refusal.field in self:
            self[refusal.field].errors = [*self[refusal.field].errors, refusal.message]
        else:
            self.form_errors.append(refusal.message)

    def details(self, pieces: tuple[Piece, ...], zone: str) -> Details:
        """What was filled in; `zone` is the one in which the expected delivery was written."""
        sender, recipient = (
            Party(**{name: self[f"{part}_{name}"].data or "" for name in PARTY_FIELDS})
            for part in ("sender", "recipient")
        )
        return Details(
            pieces=pieces, goods=self.goods.data, service=self.service.data, incoterm=self.incoterm.data,
            references=self.references.data, instructions=self.instructions.data, promised_on=self.promised_on.data,
            eta=self.eta.data.replace(tzinfo=ZoneInfo(zone)) if self.eta.data else None,
            waybill_number=self.waybill_number.data or "", sender=sender, recipient=recipient,
        )  # fmt: skip


@dataclass
class PieceRow:
    """One row of the pieces as it was typed, and what is wrong with it."""

    index: int
    typed: dict[str, str]
    errors: dict[str, str]

    @property
    def empty(self) -> bool:
        return not any(self.typed.values())


NUMBERS = ("weight_kg", "length_cm", "width_cm", "height_cm")
MAX_ROWS = 200


class PieceRows:
    """The rows of pieces: `piece-0-weight_kg` … Empty rows do not count."""

    def __init__(self, typed: Mapping[str, str] | None = None, *, pieces: Any = ()) -> None:
        self.rows: list[PieceRow] = []
        if typed is not None:
            present = {int(m.group(1)) for name in typed if (m := re.fullmatch(r"piece-(\d{1,3})-\w+", name))}
            for i in sorted(present)[:MAX_ROWS]:
                names = ("description", *NUMBERS)
                self.rows.append(
                    PieceRow(len(self.rows), {n: typed.get(f"piece-{i}-{n}", "").strip()[:200] for n in names}, {})
                )
        for piece in pieces:
            values = {n: _plain(getattr(piece, n)) for n in ("description", *NUMBERS)}
            self.rows.append(PieceRow(len(self.rows), values, {}))
        if not self.rows:
            self.add()

    def add(self) -> None:
        """One more empty row."""
        if len(self.rows) < MAX_ROWS:
            self.rows.append(PieceRow(len(self.rows), dict.fromkeys(("description", *NUMBERS), ""), {}))

    def read(self, form: FlaskForm) -> tuple[Piece, ...]:
        """The pieces; what is wrong is noted at the row and in the form's summary."""
        pieces = []
        for row in self.rows:
            if row.empty:
                continue
            values = {name: self._number(row, name) for name in NUMBERS}
            sizes = [values[n] for n in NUMBERS[1:]]
            if any(sizes) and not all(sizes) and not row.errors:
                row.errors["length_cm"] = _("Give all three sizes, or none.")
            pieces.append(Piece(row.typed["description"], **values))
            for message in row.errors.values():
                form.form_errors.append(_("Piece %(number)s: %(message)s", number=row.index + 1, message=message))
        return tuple(pieces)

    @staticmethod
    def _number(row: PieceRow, name: str) -> Decimal | None:
        text = row.typed[name].replace(" ", "").replace(",", ".")
        if not text:
            return None
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or not 0 < value <= LIMITS[name]:
            row.errors[name] = _(
                "“%(typed)s” is not a number between 0 and %(most)s.", typed=row.typed[name][:20], most=LIMITS[name]
            )
            return None
        return value


def _plain(value: Any) -> str:
    return "" if value is None else f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


#: What a person may say happened; "unknown" is for carriers' messages.
SAYABLE = [s for s in Status if s is not Status.UNKNOWN]


class EventForm(FlaskForm):
    """Something that happened, or the correction of it."""

    status = SelectField(
        _l("What happened"), [DataRequired(_l("Say what happened."))], choices=[(str(s), WORDS[s]) for s in SAYABLE]
    )
    occurred_at = DateTimeLocalField(
        _l("When"), [DataRequired(_l("Say when it happened."))], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )
    place = StringField(_l("Where"), [Length(max=200)], filters=[_strip])
    description = TextAreaField(_l("Note"), [Length(max=500)], filters=[_strip])
    reason = SelectField(_l("Reason"), default="", choices=[("", "–"), *((str(r), w) for r, w in REASON_WORDS.items())])
    must_act = SelectField(
        _l("Who must act"), default="", choices=[("", "–"), *((str(m), w) for m, w in MUST_ACT_WORDS.items())]
    )
    public = BooleanField(_l("Recipients may see it"), default=True)

    show = ShipmentForm.show

    def event(self, zone: str, *, now: datetime) -> NewEvent:
        """What was filled in. A minute that is still running means now, not its first second."""
        moment = self.occurred_at.data.replace(tzinfo=ZoneInfo(zone))
        if moment <= now < moment.replace(second=59, microsecond=999999):
            moment = now.astimezone(ZoneInfo(zone)).replace(microsecond=0)
        return NewEvent(
            moment, self.status.data, place=self.place.data, description=self.description.data,
            reason=self.reason.data, must_act=self.must_act.data, public=self.public.data, source=Source.PERSON,
        )  # fmt: skip
