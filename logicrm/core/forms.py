"""The base of every form: WTForms with CSRF, and a place for what the rules refuse."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms.validators import DataRequired, Length

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


class Form(FlaskForm):
    """A form of this program. What was typed stays; a refusal stands beside its field."""

    def show(self, refusal: Refused) -> None:
        """Put a service's refusal beside the field that it names, or at the top."""
        field = self._fields.get(refusal.field or "")
        if field is None:
            self.form_errors: list[str] = [*getattr(self, "form_errors", []), refusal.message]
        else:
            field.errors = [*field.errors, refusal.message]
