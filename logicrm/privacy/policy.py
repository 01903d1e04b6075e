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

from flask import render_template
from flask_babel import force_locale

from logicrm.core import promises as core
from logicrm.core.phrases import gettext as _
from logicrm.privacy import vocabulary
from logicrm.privacy.authorities import IN_THE_UNION, authority_for
from logicrm.privacy.cookies_registry import Cookie
from logicrm.privacy.profile import Profile
from logicrm.privacy.show import Sentence, Show

importlib.import_module("logicrm.privacy.promises")  # fills the registry with the sentences

__all__ = [
    "STATES", "Document", "Section", "Sentence", "Show", "Table", "as_json", "cookie_document", "html_body",
    "page_values", "policy_document", "section",
]  # fmt: skip


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
    last_updated: date | None  # None until something was published
    effective: date | None
    dates: tuple[str, ...]  # the days that there are, as sentences
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
    for name in ("last_updated", "effective"):
        data[name] = data[name].isoformat() if data[name] else None
    return data


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


def section(show: Show, name: str, heading: str, extra: Iterable[str], tables: Iterable[Table] = ()) -> Section:
    """A section: first what explains, then the promises that belong here."""
    rows = [row for row in core.registry.all(show.profile.name) if row.section == name]
    promised = tuple(show.promise(row) for row in rows)
    return Section(name, heading, _plain(*extra) + promised, tuple(tables))


def _plain(*texts: str) -> tuple[Sentence, ...]:
    return tuple(Sentence(text) for text in texts)


def _document(show: Show, title: str, workspace: str, sections: Iterable[Section]) -> Document:
    profile = show.profile
    dates = []
    if profile.last_updated:
        dates.append(_("Last updated: %(day)s", day=show.value(profile.last_updated)))
    if profile.effective:
        dates.append(_("Applies from: %(day)s", day=show.value(profile.effective)))
    said = tuple(part for part in sections if part.paragraphs or part.tables)
    return Document(
        title,
        workspace,
        show.lang,
        profile.name,
        profile.hash,
        profile.last_updated,
        profile.effective,
        tuple(dates),
        said,
    )


# What lies between the promises ------------------------------------------------------------------


def _about(show: Show) -> list[str]:
    who = show.profile.identity
    said = [
        _(
            "%(controller)s decides why and how your data is used, and answers for it (controller).",
            controller=who.controller,
        )
    ]
    if who.country:
        said.append(_("Home country: %(country)s.", country=show.country(who.country)))
    if who.governing_law:
        said.append(_("The law that governs this policy: %(law)s.", law=show.text(who.governing_law)))
    if who.court and not show.promised("identity.court"):
        said.append(_("The court that decides: %(court)s.", court=show.text(who.court)))
    return said


def _transfers(show: Show) -> list[str]:
    said = []
    if not show.promised("hosting.regions"):
        said.append(_("Your data lies in %(places)s.", places=show.figure("hosting.regions")))
    places = sorted({show.country(recipient.country) for recipient in show.profile.recipients})
    if places:
        said.append(_("Data may go to: %(places)s.", places=show.listed(places)))
    if show.profile.mechanisms and not show.promised("mechanisms"):
        safeguards = show.figure("mechanisms")
        said.append(_("What protects data that travels: %(safeguards)s.", safeguards=safeguards))
    return said


def _rights() -> list[str]:
    return [_("Every right is free of charge, and using one never makes our service worse for you.")]


def _asking(show: Show) -> list[str]:
    asked, said = show.profile.requests, []
    if asked.answer is None and not asked.answer_working_days:
        by_law = _("We answer within one month (GDPR Art. 12(3)).")
        said.append(by_law if "gdpr" in show.profile.regimes else _("We answer within the time that the law sets."))
    elif not show.promised("requests.answer"):
        within = show.figure("requests.answer")
        said.append(_("We answer within %(time)s, sooner where the law says so.", time=within))
    if asked.extension is not None:
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
    contact = show.profile.identity.contact
    return [_("Questions about privacy: %(contact)s", contact=contact)] if contact else []


def _purposes(show: Show) -> Table:
    rows = tuple(
        (
            str(vocabulary.PURPOSES[purpose.name]),
            show.listed(str(vocabulary.DATA_CATEGORIES[one]) for one in purpose.data),
            show.cited(vocabulary.BASES, purpose.basis),
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
            show.cited(vocabulary.CONTRACTS, one.contract),
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
            show.cited(vocabulary.GROUNDS, trigger.ground),
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
