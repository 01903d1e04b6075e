"""The base of every form: WTForms with CSRF, and a place for what the rules refuse."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import SelectMultipleField
from wtforms.validators import DataRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from logicrm.core.errors import Refused
from logicrm.core.phrases import lazy_gettext as _l


def stripped(value: Any) -> Any:
    """WTForms filter: text without the blanks around it."""
    return value.strip() if isinstance(value, str) else value


def one_line(value: Any) -> Any:
    """WTForms filter: text on one line, without control characters: it may become the subject of a mail."""
    return " ".join("".join(c if c.isprintable() else " " for c in value).split()) if isinstance(value, str) else value


def needed(words: Any = None) -> DataRequired:
    """A field that must be filled in, in words that say so."""
    return DataRequired(words or _l("Fill this in."))


def at_most(chars: int) -> Length:
    """A field no longer than the column behind it."""
    return Length(max=chars, message=_l("Use at most %(max)d characters."))


class CheckboxesField(SelectMultipleField):
    """Several of a list, as ticks."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


#: What WTForms says by itself, in words of ours, which have translations.
INSTEAD = {
    "Not a valid choice.": _l("Choose from the list."),
    "Invalid Choice: could not coerce.": _l("Choose from the list."),
    "'%(value)s' is not a valid choice for this field.": _l("Choose from the list."),
    "Not a valid integer value.": _l("Write a whole number."),
    "Not a valid decimal value.": _l("Write a number."),
    "Not a valid date value.": _l("Choose a day."),
    "Not a valid datetime value.": _l("Choose a day and a time."),
    "Field cannot be longer than %(max)d characters.": _l("Use at most %(max)d characters."),
    "This field is required.": _l("Fill this in."),
}


class _Words:
    """Takes the place of the translations that come with WTForms, which know no Vietnamese."""

    def gettext(self, string: str) -> str:
        return str(INSTEAD[string]) if string in INSTEAD else string

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return self.gettext(plural) if plural in INSTEAD else singular if n == 1 else plural


class Form(FlaskForm):
    """A form of this program. What was typed stays; a refusal stands beside its field."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: Any) -> Any:
            return _Words()

    def show(self, refusal: Refused) -> None:
        """Put a service's refusal beside the field that it names, or at the top."""
        field = self._fields.get(refusal.field or "")
        if field is None:
            self.form_errors: list[str] = [*getattr(self, "form_errors", []), refusal.message]
        else:
            field.errors = [*field.errors, refusal.message]
