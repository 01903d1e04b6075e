"""Forms of the accounts area. They check shapes; what needs the database is the services' business."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, EmailField, PasswordField, RadioField, SelectField, StringField
from wtforms.validators import AnyOf, InputRequired, Length, Optional
from wtforms.widgets import PasswordInput

from logicrm.accounts import places, wording
from logicrm.core.access import Role, Scope
from logicrm.core.forms import CheckboxesField, Form, at_most, needed, one_line, stripped
from logicrm.core.languages import LANGUAGES
from logicrm.core.phrases import lazy_gettext as _l


def _name(label: Any, chars: int = 200) -> StringField:
    return StringField(label, filters=[one_line], validators=[needed(), at_most(chars)])


def _optional(label: Any, chars: int, **kw: Any) -> StringField:
    return StringField(label, filters=[one_line], validators=[Optional(), at_most(chars)], default="", **kw)


def _email(label: Any = _l("E-mail")) -> EmailField:
    return EmailField(label, filters=[stripped], validators=[needed(_l("Enter an e-mail address.")), at_most(254)])


def _password(label: Any, **kw: Any) -> PasswordField:
    # No blanks are cut off: they may be part of it. The value is never sent back.
    return PasswordField(label, validators=[needed(), Length(max=1024)], widget=PasswordInput(hide_value=True), **kw)


class WorkspaceFields(Form):
    """The facts of a workspace."""

    workspace = _name(_l("Name of the business"))
    size = SelectField(_l("Size"), choices=wording.SIZES, default="")
    industry = SelectField(_l("Industry"), choices=wording.INDUSTRIES, default="")
    tax_code = _optional(_l("Tax code"), 40, description=_l("Printed on invoices; you can add it later."))
    country = SelectField(_l("Country"), validators=[needed(_l("Choose a country."))])
    time_zone = SelectField(_l("Time zone"))
    currency = SelectField(_l("Currency"))
    language = SelectField(_l("Language of public pages"))

    from_country = True  # an empty zone, currency or language means "as in the country"

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        by_country = [("", _l("As in the country"))] if self.from_country else []
        several = self.from_country and self.country.data and not places.zone_of(self.country.data)
        self.country.choices = [("", _l("Choose")), *places.countries()]
        self.time_zone.choices = [*([("", _l("Choose"))] if several else by_country), *places.time_zones()]
        self.time_zone.flags.required = bool(several) or not self.from_country
        self.currency.choices = [*by_country, *places.currencies()]
        self.language.choices = [*by_country, *languages()]

    def facts(self) -> dict[str, str]:
        """The facts as the services take them."""
        return {
            "name": self.workspace.data, "size": self.size.data, "industry": self.industry.data,
            "tax_code": self.tax_code.data, "country": self.country.data, "time_zone": self.time_zone.data,
            "currency": self.currency.data, "language": self.language.data,
        }  # fmt: skip


class PersonFields(Form):
    """What a new account asks for, in sign-up and in accepting an invitation."""

    name = _name(_l("Your name"))
    password = _password(_l("Password"), description=_l("At least 12 characters; a few words in a row work well."))
    of_age = RadioField(
        choices=[("yes", _l("Yes")), ("no", _l("No"))],
        validators=[InputRequired(_l("Choose yes or no."))],
        description=_l("The policy asks for it. We keep only the yes, no date of birth."),
    )
    terms = BooleanField(
        _l("I accept the terms of use and have read the privacy policy"),
        validators=[InputRequired(_l("An account needs the terms to be accepted."))],
    )

    def __init__(self, *args: Any, minimum_age: int = 16, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.of_age.label.text = _l("Are you at least %(n)s years old?", n=minimum_age)


def languages() -> list[tuple[str, str]]:
    """The languages that the program speaks, each in its own words."""
    return list(LANGUAGES.items())


class SignUpForm(WorkspaceFields, PersonFields):
    """Makes a workspace and its owner."""

    email = _email(_l("Your e-mail"))


class JoinForm(PersonFields):
    """Makes the account of somebody who was invited."""


class WorkspaceForm(WorkspaceFields):
    """Changes a workspace."""

    from_country = False
    time_zone = SelectField(_l("Time zone"), validators=[needed()])
    currency = SelectField(_l("Currency"), validators=[needed()])
    language = SelectField(_l("Language of public pages"), validators=[needed()])
    address = _optional(_l("Address"), 400, description=_l("On waybills, invoices and the privacy policy."))
    privacy_contact = EmailField(
        _l("Privacy contact"), filters=[stripped], validators=[Optional(), at_most(254)], default="",
        description=_l("Published on the privacy policy; questions and requests go there."),
    )  # fmt: skip

    def facts(self) -> dict[str, str]:
        return {**super().facts(), "address": self.address.data, "privacy_contact": self.privacy_contact.data}


class SignInForm(Form):
    email = _email()
    password = _password(_l("Password"))


class AskResetForm(Form):
    email = _email()


class NewPasswordForm(Form):
    password = _password(_l("New password"), description=_l("At least 12 characters; a few words in a row work well."))


class ChangePasswordForm(NewPasswordForm):
    current = _password(_l("Present password"))


class ProveForm(Form):
    password = _password(_l("Password"))


class ProfileForm(Form):
    name = _name(_l("Name"))
    job_title = _optional(_l("Job title"), 120)
    phone = _optional(_l("Phone"), 40)
    language = SelectField(_l("Language"), default="")

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.language.choices = [("", _l("As the browser asks")), *languages()]


class EmailForm(Form):
    email = _email(_l("New e-mail"))
    password = _password(_l("Password"), description=_l("To be sure that it is you."))


def _role_choices() -> list[tuple[str, Any]]:
    return [(role.value, words[0]) for role, words in wording.ROLES.items()]


class InviteForm(Form):
    email = _email(_l("E-mail"))
    role = SelectField(_l("Role"), choices=_role_choices, default=Role.SALES.value, validators=[needed()])


class RoleForm(Form):
    role = StringField(validators=[AnyOf([role.value for role in Role], message=_l("Choose a role from the list."))])


class TokenForm(Form):
    name = StringField(
        _l("Name"), filters=[one_line], validators=[needed(), at_most(80)],
        description=_l("What will use it, such as “Warehouse scanner”."),
    )  # fmt: skip
    scopes = CheckboxesField(
        _l("What it may do"), choices=[(scope.value, words) for scope, words in wording.SCOPES.items()],
        validators=[InputRequired(_l("Tick at least one."))],
    )  # fmt: skip

    def granted(self) -> list[Scope]:
        """The ticked scopes."""
        return [Scope(value) for value in self.scopes.data or []]
