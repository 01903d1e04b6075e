"""The answers of the record of processing: a method for each question, named as `questions.py` names it."""

from __future__ import annotations

from sqlalchemy import select

from logicrm.core import watermarks
from logicrm.core.access import GRANTS, Role
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.version import VERSION
from logicrm.core.words import show_date
from logicrm.extensions import db
from logicrm.privacy import vocabulary
from logicrm.privacy.datamap import inventory, register, rules, words
from logicrm.privacy.datamap.record_facts import Facts, Not, Open, Said
from logicrm.privacy.datamap.rules import Entry
from logicrm.privacy.profile import Profile
from logicrm.privacy.profile_parts import Purpose


class Head:
    """The business as a whole."""

    def __init__(self, known: Facts) -> None:
        self.f, self.who = known, known.policy.identity

    def controller(self) -> Said:
        lines = [self.who.controller, *(one for one in self.who.address if one != self.who.controller)]
        return (
            lines if len(lines) > 1 else Open(_("The postal address is missing in your policy (Parts, Who answers)."))
        )

    def contact(self) -> Said:
        said = [self.who.privacy_email, *self.f.own("phone")]
        return said if any(said) else Open(_("Your policy names no mailbox for privacy questions."))

    def representative(self) -> Said:
        if named := self.f.own("representative"):
            return named
        if "gdpr" not in self.f.policy.regimes:
            return Not(
                _("the policy does not stand under the GDPR, which alone asks for one (Art. 27)"), "representative"
            )
        if self.f.in_the_eea:
            return Not(_("the business is in the European Economic Area (Art. 27)"), "representative")
        return Open(_("The business is outside the Union: name its representative there (Art. 27)."), "representative")

    def dpo(self) -> Said:
        name, phone = self.f.own("dpo_name"), self.f.own("dpo_phone")
        if name:
            return [*name, self.who.dpo_email, ", ".join(self.who.dpo_address), *phone]
        if self.who.dpo_email:
            return [_("The office of the data protection officer"), self.who.dpo_email, ", ".join(self.who.dpo_address)]
        return Not(_("nobody is appointed; the policy names no officer (Art. 37)"), "dpo_name")

    def joint(self) -> Said:
        return self.f.own("joint") or Not(_("nobody decides together with the business (Art. 26)"), "joint")

    def activities(self) -> Said:
        names = [str(words.PURPOSES[name]) for name in self.f.policy.purposes]
        return [f"{number}. {name}" for number, name in enumerate(names, 1)]

    def updated(self) -> Said:
        said = [
            _(
                "Made anew from what is declared and registered, each time it is opened: %(day)s.",
                day=show_date(self.f.today),
            )
        ]
        if self.f.policy_since:
            said.append(_("The policy behind it is that of %(day)s.", day=show_date(self.f.policy_since)))
        if self.f.changed_at:
            said.append(_("Answers of the owner: %(day)s.", day=show_date(self.f.changed_at)))
        return said

    def deletion_policy(self) -> Said:
        return [_("The table of times in the privacy policy, part “How long we keep it”; the program obeys it daily.")]


class OfPurpose:
    """One activity: a purpose of the policy."""

    #: Classes of data that belong to a purpose beside those whose columns name it.
    CLASSES = {
        "marketing": ("marketing",), "product_updates": ("marketing",), "surveys": ("marketing",),
        "insights": ("marketing",), "recommendations": ("marketing", "usage"), "personalisation": ("usage",),
        "analytics": ("usage",), "improvement": ("usage",), "efficiency": ("usage",), "location": ("location",),
        "account": ("account", "financial"), "support": ("support",), "notices": ("logs",), "partners": ("business",),
        "security": ("security", "logs"), "legal": ("requests", "consent", "financial"), "service": ("business",),
    }  # fmt: skip

    def __init__(self, known: Facts, purpose: Purpose, number: int) -> None:
        self.f, self.purpose, self.count = known, purpose, number
        self.columns = [
            (table, column)
            for area in known.areas for table in area.tables for column in table.columns
            if column.purpose == purpose.name
        ]  # fmt: skip
        self.receivers = [one for one in known.entries if set(one.data) & set(purpose.data)]
        home = known.policy.identity.country
        self.abroad = [
            one for one in self.receivers
            if one.country and vocabulary.area(one.country) != vocabulary.area(home)
        ]  # fmt: skip

    def number(self) -> Said:
        return [f"{self.count}. {words.PURPOSES[self.purpose.name]}"]

    def function(self) -> Said:
        areas = dict.fromkeys(inventory.area_label(table.area) for table, _column in self.columns)
        return list(areas) or [_("The whole business")]

    def purposes(self) -> Said:
        labels = dict.fromkeys(table.label for table, _column in self.columns)
        said = [str(words.PURPOSES[self.purpose.name])]
        return [*said, _("Records: %(records)s.", records=", ".join(labels))] if labels else said

    def basis(self) -> Said:
        return [words.basis(self.f.policy, self.purpose.name)]

    def interest(self) -> Said:
        if self.purpose.basis != "legitimate_interest":
            return Not(_("it does not rest on a legitimate interest"), "interest")
        own = self.f.own("interest")
        default = _(
            "%(purpose)s; each person can object, and then it stops.", purpose=words.PURPOSES[self.purpose.name]
        )
        return own or [default]

    def people(self) -> Said:
        kinds = {kind for table, _column in self.columns for kind in table.subjects} or set(words.SUBJECTS)
        return [str(said) for kind, said in words.SUBJECTS.items() if kind in kinds]

    def data(self) -> Said:
        labels: dict[str, dict[str, None]] = {name: {} for name in self.purpose.data}
        for _table, column in self.columns:
            labels.setdefault(column.category, {})[column.label] = None
        return [str(words.KINDS[name]) + (f": {', '.join(held_)}" if held_ else "") for name, held_ in labels.items()]

    def special(self) -> Said:
        return self.f.own("special") or Not(
            _("no column is declared to hold any; what somebody writes into a note is theirs to keep out"), "special"
        )

    def condition(self) -> Said:
        return Not(_("no sensitive data and no data on offences is declared"))

    def source(self) -> Said:
        found = dict.fromkeys(column.source for _table, column in self.columns)
        return list(found) or list(dict.fromkeys(str(words.SOURCES[name]) for name in self.purpose.data))

    def inside(self) -> Said:
        roles = ", ".join(str(ROLE_WORDS[role]) for role in Role if GRANTS[role])
        return [_("Members of the team, each only what the role allows: %(roles)s.", roles=roles)]

    def recipients(self) -> Said:
        if not self.receivers:
            return Not(_("nobody outside receives these kinds of data"))
        return [_said(one, self.f.policy) for one in self.receivers]

    def contracts(self) -> Said:
        workers = [one for one in self.receivers if one.role == "processor"]
        if not workers:
            return Not(_("nobody outside works on this data for the business"))
        return [f"{_called(one)}: {_contract(one)}" for one in workers]

    def transfers(self) -> Said:
        if not self.abroad:
            return Not(_("nobody who receives it is outside the home region"))
        return [f"{register.country_words(one, self.f.policy)}: {_called(one)}" for one in self.abroad]

    def safeguards(self) -> Said:
        if not self.abroad:
            return Not(_("nothing is transferred"))
        return [f"{_called(one)}: {register.safeguard_words(one)}; {_contract(one)}" for one in self.abroad]

    def keep(self) -> Said:
        declared = [column.keep for _table, column in self.columns]
        classes = [name for name in self.CLASSES.get(self.purpose.name, ()) if name in self.f.policy.retention]
        said = [f"{words.CLASSES[name]}: {words.how_long(self.f.policy, name, self.f.show)}" for name in classes]
        by_class: dict[str, None] = {}
        for (table, _column), how in zip(self.columns, declared, strict=True):
            by_class[f"{table.label}: {how}"] = None
        return [*said, *by_class]

    def kept_to(self) -> Said:
        marks = _retention_marks()
        if not marks:
            return Open(_("The daily run has not been here yet."))
        late = sum(one.rows_overdue for one in marks)
        newest = max(one.ran_at for one in marks)
        if late:
            return Open(_("%(count)s records should have gone and did not; see the history of the runs.", count=late))
        return [_("Yes: the daily run of %(day)s left nothing that should have gone.", day=show_date(newest))]

    def security(self) -> Said:
        return _security(self.f)

    def access(self) -> Said:
        return [
            _("A role for each member; sign-in with a password of which only an Argon2id hash is kept."),
            _("Every act is written into a chain of records that shows when one of them was changed."),
        ]

    def encryption(self) -> Said:
        return _encryption(self.f)

    def location(self) -> Said:
        return [self.f.show.figure("hosting.regions")]

    def system(self) -> Said:
        return [f"LogiCRM {VERSION}"]

    def rights(self) -> Said:
        said = [_("access, copy, correction, deletion, restriction, complaint")]
        if self.purpose.basis in ("consent", "contract"):
            said.append(_("taking the data to another business (portability)"))
        if self.purpose.basis == "legitimate_interest":
            said.append(_("objection"))
        if self.purpose.needs_consent:
            said.append(_("taking the consent back at any time"))
        return said

    def automated(self) -> Said:
        profiling = self.f.policy.automation.profiling
        decisions = str(words.DECISIONS[self.f.policy.automation.decisions])
        if self.purpose.name in vocabulary.PROFILING_PURPOSES:
            return [_("Profiling: %(when)s.", when=vocabulary.PROFILING[profiling]), decisions]
        return Not(decisions)

    def consent(self) -> Said:
        if not self.purpose.needs_consent:
            return Not(_("it does not rest on consent"))
        return [_("Each yes and each withdrawal with wording, day and way, in the customer portal and in “Consents”.")]

    def dpia(self) -> Said:
        return self.f.own("dpia") or Not(
            _("no large-scale watching, no decisions by programs alone, no sensitive data (Art. 35(3))"), "dpia"
        )

    def breach(self) -> Said:
        return self.f.breaches or Not(_("none is recorded"))


class Processor(Head):
    """What the business does for others. Where it does nothing for others, each question says so."""

    def __init__(self, known: Facts) -> None:
        super().__init__(known)
        self.named = known.own("on_behalf")
        if not self.named and rules.asks(known.policy, "P-NET-03"):
            # This policy itself says that what members enter about their customers is theirs.
            self.named = (
                _("The businesses that keep their customers here, each for its own; the list is that of accounts."),
            )
        home = known.policy.identity.country
        self.abroad = [
            one for one in known.entries if one.country and vocabulary.area(one.country) != vocabulary.area(home)
        ]

    def _nobody(self) -> Not:
        return Not(_("the business handles data for nobody else; it decides itself (controller)"), "on_behalf")

    def processor(self) -> Said:
        own = self.controller()
        return [*own, *self.contact_lines()] if not isinstance(own, Not | Open) else own

    def contact_lines(self) -> list[str]:
        return [one for one in (self.who.privacy_email, *self.f.own("phone")) if one]

    def on_behalf(self) -> Said:
        return self.named or self._nobody()

    def processor_representative(self) -> Said:
        return self.representative() if self.named else self._nobody()

    def processor_dpo(self) -> Said:
        return self.dpo() if self.named else self._nobody()

    def work(self) -> Said:
        if not self.named:
            return self._nobody()
        return self.f.own("work") or [
            _("Keeping, sorting, showing and deleting what they enter, on their instructions.")
        ]

    def processor_transfers(self) -> Said:
        if not self.named:
            return self._nobody()
        if not self.abroad:
            return Not(_("nobody who receives it is outside the home region"))
        return [f"{register.country_words(one, self.f.policy)}: {_called(one)}" for one in self.abroad]

    def processor_safeguards(self) -> Said:
        if not self.named:
            return self._nobody()
        if not self.abroad:
            return Not(_("nothing is transferred"))
        return [f"{_called(one)}: {register.safeguard_words(one)}; {_contract(one)}" for one in self.abroad]

    def subprocessors(self) -> Said:
        if not self.named:
            return self._nobody()
        workers = [one for one in self.f.entries if one.role == "processor"]
        return [_said(one, self.f.policy) for one in workers] or Not(_("nobody else does a part of it"))

    def processor_security(self) -> Said:
        return _security(self.f) if self.named else self._nobody()


ROLE_WORDS = {
    Role.OWNER: _l("owner"), Role.MANAGER: _l("manager"), Role.SALES: _l("sales"), Role.DISPATCHER: _l("dispatcher"),
    Role.DRIVER: _l("driver"), Role.SUPPORT: _l("support"), Role.DPO: _l("data protection officer"),
}  # fmt: skip


def _called(one: Entry) -> str:
    """The firm, or its job while nobody is chosen."""
    return one.name or _("%(job)s (nobody chosen yet)", job=vocabulary.RECIPIENTS[one.category])


def _said(one: Entry, policy: Profile) -> str:
    job, role = vocabulary.RECIPIENTS[one.category], words.ROLES[one.role]
    return f"{job}: {one.name or _('nobody chosen yet')}, {register.country_words(one, policy)}; {role}"


def _contract(one: Entry) -> str:
    if one.contract_on is None:
        return _("contract not written down yet")
    said = _("contract of %(day)s", day=show_date(one.contract_on))
    return f"{said}, {_('stored in the register')}" if one.contract_file_id else said


def _security(known: Facts) -> list[str]:
    policy = known.policy
    measures = [str(vocabulary.MEASURES[name]) for name in policy.security.measures]
    return [
        *_encryption(known)[:2],
        known.show.listed(measures),
        _("Each business sees only its own records: kept apart below every query and by the keys of the tables."),
    ]


def _encryption(known: Facts) -> list[str]:
    security = known.policy.security
    said = [
        _("On its way: %(how)s.", how=vocabulary.IN_TRANSIT[security.in_transit]),
        _("Stored: %(how)s; uploaded files each with a key of their own.", how=vocabulary.AT_REST[security.at_rest]),
    ]
    backups = known.policy.retention.get("backups")
    if backups:
        said.append(_("Backups are encrypted and go after %(time)s.", time=known.show.duration(backups.keep_for)))
    if "updates" in security.measures:
        said.append(_("Security updates are put in promptly."))
    return said


def _retention_marks() -> list[watermarks.Watermark]:
    asked = select(watermarks.Watermark).where(watermarks.Watermark.executor.like("retention:%"))
    return list(db.session.scalars(asked))
