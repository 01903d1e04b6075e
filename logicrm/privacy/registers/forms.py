"""Forms of the registers. They check shapes; rules are the services' business."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import NumberRange, Optional

from logicrm.core.forms import CheckboxesField, Form, at_most, needed, one_line, stripped
from logicrm.core.phrases import lazy_gettext as _l

NO_NAMES = _l("Without names of people: numbers of customers or shipments are enough.")
FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
MOST = 100_000_000


def _words(label: Any, *, must: bool = False, rows: int = 3, **kw: Any) -> Any:
    checks = [needed()] if must else [Optional()]
    return TextAreaField(
        label, filters=[stripped], validators=[*checks, at_most(5000)], default="", render_kw={"rows": rows}, **kw
    )


def _line(label: Any, chars: int, *, must: bool = False, **kw: Any) -> Any:
    checks = [needed()] if must else [Optional()]
    return StringField(label, filters=[one_line], validators=[*checks, at_most(chars)], default="", **kw)


def _when(label: Any, *, must: bool = False, **kw: Any) -> Any:
    return DateTimeLocalField(label, [needed() if must else Optional()], format=FORMATS, **kw)


def _count(label: Any, **kw: Any) -> Any:
    checks = [Optional(), NumberRange(0, MOST, message=_l("Enter a number of 0 or more."))]
    return IntegerField(label, checks, render_kw={"inputmode": "numeric"}, **kw)


def at(field: Any, zone: str, now: datetime) -> datetime | None:
    """The instant that was typed, in the workspace's zone. A minute that is still running means now."""
    if field.data is None:
        return None
    moment: datetime = field.data.replace(tzinfo=ZoneInfo(zone))
    if moment <= now < moment.replace(second=59, microsecond=999999):
        moment = now.replace(microsecond=0)
    return moment


def typed(moment: datetime | None, zone: str) -> datetime | None:
    """An instant as a form shows it."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, second=0, microsecond=0) if moment else None


class OwnerForm(Form):
    """Who sees to a control."""

    owner_id = SelectField(_l("Who sees to it"), default="", validate_choice=False)


class EvidenceForm(Form):
    """That a control was done."""

    done_on = DateField(_l("Done on"), [needed()])
    words = _words(_l("What was done and seen"), description=_l("Without names: a count of people is enough."))
    document = FileField(_l("Document"), description=_l("PDF, picture or ZIP, up to 30 MB. It is kept encrypted."))


class BreachForm(Form):
    """What is known of a breach."""

    title = _line(_l("Name at the desk"), 150, must=True, description=NO_NAMES)
    happened = _words(_l("What happened"), description=NO_NAMES)
    detected_at = _when(_l("Found"), must=True, description=_l("When somebody, or a program, first noticed."))
    aware_at = _when(
        _l("Known to concern personal data"),
        description=_l("The law counts from here. Left empty, it counts from the finding."),
    )
    began_at = _when(_l("Began, as far as is known"))
    ended_at = _when(_l("Was over"))
    data_kinds = CheckboxesField(_l("Kinds of data"), choices=[], default=())
    people_kinds = CheckboxesField(_l("Kinds of people"), choices=[], default=())
    people_count = _count(_l("About how many people"))
    record_count = _count(_l("About how many records"))
    is_exercise = BooleanField(_l("This is an exercise: it did not happen"))


class TriageForm(Form):
    """That somebody looked into it."""

    at = _when(_l("Looked into at"), must=True)
    measures = _words(_l("What was done at once"), must=True, description=NO_NAMES)


class DecisionForm(Form):
    """How high the risk is."""

    risk = RadioField(_l("Risk for the people"), choices=[], validate_choice=False, default="")
    reasons = _words(_l("Why"), must=True)
    consequences = _words(_l("What may come of it for the people"), must=True)
    measures = _words(_l("What was and will be done against it"), must=True)


class AuthorityForm(Form):
    """That the authority was told."""

    sent_at = _when(_l("Sent"), must=True)
    way = SelectField(_l("How"), choices=[], validate_choice=False)
    reference = _line(_l("The authority’s number"), 100)
    words = _words(_l("In addition to the facts above"), description=NO_NAMES)
    late_reason = _words(_l("Why it is late"), description=_l("Needed once the time is up; it stands in the letter."))


class PeopleForm(Form):
    """What the people affected are written."""

    words = _words(
        _l("What we write to them"), must=True, rows=5,
        description=_l("In plain words: what happened, and what they can do. Kinds of data, consequences, measures, "
                       "contact and authority are added."),
    )  # fmt: skip
    late_reason = _words(_l("Why it is late"), description=_l("Needed once the time is up; not in the letter."))


class AffectedForm(Form):
    """Where to look for people affected."""

    class Meta:
        csrf = False  # looking changes nothing; the list is made by a form with a token

    kinds = CheckboxesField(_l("Kinds of records"), choices=[], default=())
    since = _when(_l("Made from"))
    until = _when(_l("Made before"), description=_l("Usually when the breach was over."))


class DisclosureForm(Form):
    """What an authority asks for."""

    authority = _line(_l("Authority or court"), 200, must=True)
    reference = _line(_l("Their number"), 100)
    asked_at = _when(_l("Reached us"), must=True)
    ground = RadioField(_l("On which ground of our policy"), choices=[], validate_choice=False, default="")
    law = _line(_l("Article or order that it names"), 300)
    wanted = _words(_l("What they want"), must=True, description=NO_NAMES)
    whose = _line(_l("Whose data"), 300, description=NO_NAMES)
    people_count = IntegerField(
        _l("Of how many people"), [NumberRange(1, MOST, message=_l("Enter a number of 1 or more."))], default=1
    )
    document = FileField(
        _l("Their order or letter"), description=_l("PDF, picture or ZIP, up to 30 MB. It is kept encrypted.")
    )


class DecideForm(Form):
    """Yes or no, with a reason."""

    reason = _words(_l("Why"), must=True)


class GiveForm(Form):
    """What was handed over."""

    at = _when(_l("Handed over"), must=True)
    given = _words(_l("What was handed over"), must=True, description=_l("As kinds and counts, without names."))


class TellForm(Form):
    """Who is told."""

    emails = _words(_l("Addresses of the people"), must=True, description=_l("One on each line. Each gets one letter."))


class NotToldForm(Form):
    """Why nobody is told."""

    not_told = SelectField(_l("Why the people are not told"), choices=[], validate_choice=False)
    why = _line(_l("In a sentence"), 300, must=True)
