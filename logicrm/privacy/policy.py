"""The policy as a document: a profile's figures in our own sentences, each with its promise and its anchor.

No figure is typed here. The sentences that promise something come from the registry of promises; this module
adds what lies between them: who we are, the tables, the steps of a deletion. Page, PDF and JSON show one document.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit
from flask import render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from logicrm.core import promises as core
from logicrm.privacy import vocabulary
from logicrm.privacy.authorities import IN_THE_UNION, authority_for
from logicrm.privacy.clocks import Duration
from logicrm.privacy.cookies_registry import Cookie
from logicrm.privacy.profile import Profile

importlib.import_module("logicrm.privacy.promises")  # fills the registry with the sentences


@dataclass(frozen=True)
class Sentence:
    """One sentence. `promise_id` and `anchor` are "" for a sentence that explains and promises nothing."""

    text: str
    promise_id: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Table:
    """A table of texts; the first column names the row."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """A part of the document. Its id is an anchor and never changes."""

    id: str
    heading: str
    paragraphs: tuple[Sentence, ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Document:
    """A policy in one language, ready to be shown, printed or sent."""

    title: str
    workspace: str
    lang: str
    profile: str
    profile_hash: str
    last_updated: date
    effective: date
    dates: tuple[str, str]  # both days as sentences
    sections: tuple[Section, ...]


def policy_document(profile: Profile, *, workspace_name: str, lang: str) -> Document:
    """Return the privacy policy of a profile in a language ("en", "ro", "vi")."""
    with force_locale(lang):
        show = Show(profile, lang)
        sections = [
            section(show, "about", _("Who we are"), _about(show)),
            section(show, "collect", _("What we collect"), []),
            section(show, "use", _("Why we use it"), [], [_purposes(show)]),
            section(show, "share", _("Who else receives it"), [], [_recipients(show)]),
            section(show, "transfers", _("Data that travels"), _transfers(show)),
            section(show, "retention", _("How long we keep it"), [], [_retention(show)]),
            section(show, "deletion", _("When you ask us to delete it"), _deletion(show)),
            section(show, "security", _("How we protect it"), []),
            section(show, "rights", _("Your rights"), _rights()),
            section(show, "asking", _("How to ask, and when we answer"), _asking(show)),
            section(show, "cookies", _("Cookies"), []),
            section(show, "children", _("Children"), []),
            section(show, "changes", _("Changes of this policy"), []),
            section(show, "complaint", _("If you are not satisfied"), _complaint(show)),
            section(show, "contact", _("How to reach us"), _contact(show)),
        ]
        title = _("Privacy policy of %(workspace)s", workspace=workspace_name)
        return _document(show, title, workspace_name, sections)


def cookie_document(profile: Profile, cookies: Iterable[Cookie], *, workspace_name: str, lang: str) -> Document:
    """Return the cookie policy: every cookie of the registry, in the categories of the profile."""
    cookies = tuple(cookies)
    with force_locale(lang):
        show = Show(profile, lang)
        kinds = [_cookie_kind(show, category, cookies) for category in profile.cookie_categories]
        sections = [
            Section("what", _("What cookies are"), _plain(
                _("A cookie is a small note that a page leaves in your browser."),
                _("This page lists every one that we can leave."),
            )),
            *kinds,
            section(show, "cookies", _("Your choice"), [
                _("Your choice counts for %(time)s. Then we ask again.", time=show.duration(profile.cookie_choice)),
                _("If your browser sends the signal “Global Privacy Control”, analytics and marketing stay off."),
                _("You can also delete or refuse cookies in your browser."),
                _("Without the essential ones you cannot sign in."),
            ]),
        ]  # fmt: skip
        title = _("Cookie policy of %(workspace)s", workspace=workspace_name)
        return _document(show, title, workspace_name, sections)


def as_json(document: Document) -> dict[str, Any]:
    """The document as plain values: dates as ISO text."""
    data = asdict(document)
    return {**data, "last_updated": document.last_updated.isoformat(), "effective": document.effective.isoformat()}


def html_body(document: Document, states: Mapping[str, core.Evidence] | None = None) -> str:
    """The document as HTML without the page around it, for the PDF: words instead of pictures.

    Wants an application context. Without `states` no state is shown.
    """
    return render_template("privacy/_policy_sections.html", printing=True, **page_values(document, states))


def page_values(document: Document, states: Mapping[str, core.Evidence] | None = None) -> dict[str, Any]:
    """What privacy/policy.html and privacy/cookies.html want to be given."""
    return {"document": document, "states": states, "state_words": STATES, "no_evidence": core.NO_EVIDENCE}


#: What templates show for a state: word, tone of the pill.
STATES = {
    core.State.KEPT: (core.STATE_WORDS[core.State.KEPT], "good"),
    core.State.BREACHED: (core.STATE_WORDS[core.State.BREACHED], "bad"),
    core.State.NO_EVIDENCE: (core.STATE_WORDS[core.State.NO_EVIDENCE], "neutral"),
    core.State.OVERDUE: (core.STATE_WORDS[core.State.OVERDUE], "warn"),
}


# Figures as words --------------------------------------------------------------------------------


class Show:
    """Writes a profile's figures in one language."""

    #: Figures that are words of the vocabulary.
    WORDS: Mapping[str, vocabulary.Words] = {
        "recipients": vocabulary.RECIPIENTS,
        "disclosures": vocabulary.DISCLOSURES,
        "mechanisms": vocabulary.MECHANISMS,
        "cookie_categories": vocabulary.COOKIE_CATEGORIES,
        "channels": vocabulary.CHANNELS,
        "security.in_transit": vocabulary.IN_TRANSIT,
        "security.at_rest": vocabulary.AT_REST,
        "security.audits": vocabulary.AUDITS,
    }

    def __init__(self, profile: Profile, lang: str) -> None:
        self.profile = profile
        self.lang = lang
        self.locale = Locale.parse(lang)

    def figure(self, path: str) -> str:
        """Write the figure at a path of the profile. Raises LookupError when the profile has none there."""
        value: Any = self.profile
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else getattr(value, step, None)
        if value is None:
            raise LookupError(f"{path} is not in {self.profile.file}")
        if path == "recipients":
            value = tuple(dict.fromkeys(recipient.category for recipient in value))
        words = self.WORDS.get(path, {})
        if isinstance(value, tuple):
            return self.listed(str(words.get(one, one)) for one in value)
        return str(words[value]) if value in words else self.value(value)

    def value(self, value: Any) -> str:
        """Write a date, a period, a number or a text."""
        if isinstance(value, Duration):
            return self.duration(value)
        if isinstance(value, date):
            return format_date(value, "d MMMM y", locale=self.locale)
        return format_decimal(value, locale=self.locale) if isinstance(value, int) else str(value)

    def duration(self, duration: Duration) -> str:
        """Write "3 years", "1 year and 6 months"."""
        parts = (("year", duration.years), ("month", duration.months), ("day", duration.days), ("hour", duration.hours))
        return self.listed(self._counted(n, unit) for unit, n in parts if n)

    def _counted(self, number: int, unit: str) -> str:
        text = format_unit(number, f"duration-{unit}", "long", locale=self.locale)
        # Where a language has one form for long and short (Vietnamese), Babel finds it under "short" only.
        return text if "duration-" not in text else format_unit(number, f"duration-{unit}", "short", locale=self.locale)

    def listed(self, texts: Iterable[str]) -> str:
        """Join texts the way the language does: "a, b, and c"."""
        return format_list(list(texts), locale=self.locale)

    def country(self, code: str) -> str:
        """The country's name in the language."""
        return str(self.locale.territories.get(code, code))

    def promise(self, row: core.Promise) -> Sentence:
        """The sentence of a promise with the profile's figures in it."""
        who = self.profile.identity
        values = {
            "last_updated": self.figure("last_updated"),
            "privacy_email": who.privacy_email,
            "dpo_email": who.dpo_email,
            "dpo_address": ", ".join(who.dpo_address),
            "address": ", ".join(who.address),
            "figure": self.figure(row.figure) if row.figure else "",
        }
        return Sentence(str(row.says) % values, row.id, row.anchor)


def section(show: Show, name: str, heading: str, extra: Iterable[str], tables: Iterable[Table] = ()) -> Section:
    """A section: first what explains, then the promises that belong here."""
    rows = [row for row in core.registry.all(show.profile.name) if row.section == name]
    promised = tuple(show.promise(row) for row in rows)
    return Section(name, heading, _plain(*extra) + promised, tuple(tables))


def _plain(*texts: str) -> tuple[Sentence, ...]:
    return tuple(Sentence(text) for text in texts)


def _document(show: Show, title: str, workspace: str, sections: Iterable[Section]) -> Document:
    profile = show.profile
    dates = (
        _("Last updated: %(day)s", day=show.value(profile.last_updated)),
        _("Applies from: %(day)s", day=show.value(profile.effective)),
    )
    said = tuple(part for part in sections if part.paragraphs or part.tables)
    return Document(
        title, workspace, show.lang, profile.name, profile.hash, profile.last_updated, profile.effective, dates, said
    )


# What lies between the promises ------------------------------------------------------------------


def _about(show: Show) -> list[str]:
    who = show.profile.identity
    return [
        _(
            "%(controller)s decides why and how your data is used, and answers for it (controller).",
            controller=who.controller,
        ),
        _("Home country: %(country)s.", country=show.country(who.country)),
        _("The law that governs this policy: %(law)s.", law=who.governing_law),
    ]


def _transfers(show: Show) -> list[str]:
    places = sorted({show.country(recipient.country) for recipient in show.profile.recipients})
    return [_("Data may go to: %(places)s.", places=show.listed(places))] if places else []


def _rights() -> list[str]:
    return [_("Every right is free of charge, and using one never makes our service worse for you.")]


def _asking(show: Show) -> list[str]:
    asked = show.profile.requests
    said = []
    if asked.answer_working_days:
        days = show.value(asked.answer_working_days)
        said.append(_("We answer within %(days)s working days, sooner where the law says so.", days=days))
    elif asked.answer is None:
        said.append(_("We answer within one month (GDPR Art. 12(3))."))
    longer = show.duration(asked.extension)
    said.append(
        _("If a request is hard, we may take up to %(time)s longer, once. We tell you why before.", time=longer)
    )
    said.append(_("We may have to check that you are you, with a code to an address that we already know."))
    return said


def _deletion(show: Show) -> list[str]:
    terms = show.profile.deletion
    said = []
    if terms.grace_days:
        wait = show.duration(terms.grace)
        open_for = show.listed(str(vocabulary.GRACE_ACCESS[one]) for one in terms.accessible)
        said.append(_("You see the day on which it goes: %(time)s after you ask.", time=wait))
        said.append(_("Until then you can only: %(acts)s.", acts=open_for))
    if terms.reminders:
        days = show.listed(show.value(day) for day in terms.reminders)
        said.append(_("We remind you before. Days left at each reminder: %(days)s.", days=days))
    if terms.delete_now:
        said.append(_("If you do not want to wait, you can have it deleted at once."))
    if not terms.minors_wait:
        said.append(_("A child's data never waits."))
    said.append(
        _("What a law makes us keep is locked away. A certificate lists what went, what stays, why and until when.")
    )
    return said


def _complaint(show: Show) -> list[str]:
    home = authority_for(show.profile.identity.country)
    said = [_("The authority for us: %(name)s, %(web)s", name=home.name, web=home.web)]
    if vocabulary.area(show.profile.identity.country) != "EEA" and "gdpr" in show.profile.regimes:
        said.append(
            _("In the European Union you can turn to the authority where you live: %(web)s", web=IN_THE_UNION.web)
        )
    return said


def _contact(show: Show) -> list[str]:
    return [_("Questions about privacy: %(email)s", email=show.profile.identity.privacy_email)]


def _purposes(show: Show) -> Table:
    rows = tuple(
        (
            str(vocabulary.PURPOSES[purpose.name]),
            show.listed(str(vocabulary.DATA_CATEGORIES[one]) for one in purpose.data),
            str(vocabulary.BASES[purpose.basis]),
        )
        for purpose in show.profile.purposes.values()
    )
    return Table(_("Purposes and legal bases"), (_("What for"), _("Which data"), _("Why we may")), rows)


def _recipients(show: Show) -> Table:
    rows = tuple(
        (
            str(vocabulary.RECIPIENTS[one.category]),
            one.name or _("not chosen yet"),
            show.country(one.country),
            str(vocabulary.MECHANISMS[one.mechanism]),
            str(vocabulary.CONTRACTS[one.contract]),
        )
        for one in show.profile.recipients
    )
    columns = (_("Job"), _("Firm"), _("Country"), _("What protects your data"), _("Contract"))
    return Table(_("Recipients"), columns, rows)


def _retention(show: Show) -> Table:
    rows = tuple(
        (
            str(vocabulary.DATA_CLASSES[rule.name]),
            show.duration(trigger.keep_for),
            str(vocabulary.ANCHORS[trigger.anchor]),
            str(vocabulary.ACTIONS[rule.action]),
            str(vocabulary.GROUNDS[trigger.ground]),
            str(vocabulary.CRITERIA[rule.criterion]),
        )
        for rule in show.profile.retention.values()
        for trigger in rule.triggers
    )
    columns = (_("What"), _("How long"), _("Counted from when"), _("Then it is"), _("Why"), _("What decides the time"))
    return Table(_("Times of keeping; where something stands twice, the earlier end counts"), columns, rows)


def _cookie_kind(show: Show, category: str, cookies: Iterable[Cookie]) -> Section:
    rows = tuple(
        (
            one.name if not one.host_prefix else f"{one.name} (__Host-{one.name})",
            str(one.purpose),
            show.duration(one.lifetime) if one.lifetime else _("until you close the browser"),
        )
        for one in cookies
        if one.category == category
    )
    heading = str(vocabulary.COOKIE_CATEGORIES[category])
    said = [str(vocabulary.COOKIE_REASONS[category])]
    said.append(_("Always on.") if category == "essential" else _("Off until you say yes."))
    if not rows:
        said.append(_("We have none of this kind at present."))
    table = Table(heading, (_("Name"), _("What for"), _("How long")), rows)
    return Section(f"kind-{category}", heading, _plain(*said), (table,) if rows else ())
