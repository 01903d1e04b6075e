"""Forms of the register of recipients and of the owner's answers. They check shapes; rules are the services'."""

from __future__ import annotations

from typing import Any

from flask_wtf.file import FileField
from wtforms import DateField, EmailField, Field, SelectField, StringField, TextAreaField
from wtforms.validators import Email, Optional

from logicrm.core.forms import CheckboxesField, Form, at_most, needed, one_line, stripped
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.places import countries
from logicrm.privacy import vocabulary
from logicrm.privacy.datamap import words
from logicrm.privacy.datamap.questions import OWNERS
from logicrm.privacy.datamap.rules import Entry


class RecipientForm(Form):
    """One entry of the register. Safeguards that are void can be chosen: the refusal says why they protect nothing."""

    category = SelectField(_l("Job"), validators=[needed(_l("Choose a job."))])
    name = StringField(_l("Firm"), filters=[one_line], validators=[needed(), at_most(160)])
    role = SelectField(_l("What it is"), choices=list(words.ROLES.items()), default="processor")
    country = SelectField(_l("Country"), description=_l("Where the data lies then. Empty: your own country."))
    mechanism = SelectField(
        _l("What protects the data there"), choices=[*vocabulary.MECHANISMS.items(), *words.VOID.items()],
        default="home",
    )  # fmt: skip
    kinds = CheckboxesField(
        _l("Kinds of data that it receives"),
        choices=list(words.KINDS.items()),
        validators=[needed(_l("Choose at least one kind of data."))],
    )
    hosts = TextAreaField(
        _l("Names of its servers"), filters=[stripped], validators=[Optional(), at_most(5000)],
        description=_l("One a line, such as smtp.example.com. Only these are let through to it. Empty: the program "
                       "sends it nothing by itself."),
        default="", render_kw={"rows": 2},
    )  # fmt: skip
    contract_on = DateField(_l("Contract of"), [Optional()])
    contract_ends = DateField(_l("Contract ends"), [Optional()], description=_l("Empty: until it is given notice."))
    contract = FileField(_l("The contract"), description=_l("PDF, picture or ZIP. Kept encrypted."))
    secrecy_on = DateField(
        _l("Secrecy confirmed on"), [Optional()],
        description=_l("The day on which it confirmed in writing that it keeps the data secret."),
    )  # fmt: skip
    contact_email = EmailField(
        _l("Mailbox for corrections"), filters=[stripped],
        validators=[Optional(), at_most(254), Email(_l("Enter an e-mail address."))],
        description=_l("When somebody corrects a value that it received, it is told there (GDPR Art. 19)."),
        default="",
    )  # fmt: skip
    ended_on = DateField(
        _l("Receives nothing any more since"), [Optional()], description=_l("Empty while the relation lasts.")
    )

    def __init__(self, *args: Any, jobs: list[str], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.category.choices = [("", "–"), *((name, vocabulary.RECIPIENTS[name]) for name in jobs)]
        self.country.choices = countries()

    def values(self) -> dict[str, Any]:
        """What was typed, under the names of the columns."""
        return {
            "category": self.category.data, "name": self.name.data, "role": self.role.data,
            "country": self.country.data or "", "mechanism": self.mechanism.data, "data": list(self.kinds.data or []),
            "hosts": self.hosts.data or "", "contract_on": self.contract_on.data,
            "contract_ends": self.contract_ends.data, "secrecy_on": self.secrecy_on.data,
            "contact_email": (self.contact_email.data or "").lower(), "ended_on": self.ended_on.data,
        }  # fmt: skip


def typed(entry: Entry) -> dict[str, Any]:
    """An entry as the form shows it."""
    return {
        "category": entry.category, "name": entry.name, "role": entry.role, "country": entry.country,
        "mechanism": entry.mechanism, "kinds": list(entry.data), "hosts": "\n".join(entry.hosts),
        "contract_on": entry.contract_on, "contract_ends": entry.contract_ends, "secrecy_on": entry.secrecy_on,
        "contact_email": entry.contact_email, "ended_on": entry.ended_on,
    }  # fmt: skip


def _answer(own: Any) -> Field:
    checks = [Optional(), at_most(own.longest)]
    if own.longest <= 200:
        return StringField(own.label, filters=[one_line], validators=checks, description=own.help, default="")
    return TextAreaField(
        own.label, filters=[stripped], validators=checks, description=own.help, default="", render_kw={"rows": 3}
    )


class AnswersForm(Form):
    """What only the owner knows: a field for each of `questions.OWNERS`."""

    def values(self) -> dict[str, str]:
        """What was typed, by key."""
        return {key: self[key].data or "" for key in OWNERS}


for _key, _own in OWNERS.items():
    setattr(AnswersForm, _key, _answer(_own))
