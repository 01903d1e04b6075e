"""The public documents (policy, cookies, promises) as page, JSON and PDF, made once per content and language."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from flask import Flask, current_app, render_template

from logicrm.core import clock, promises, tenancy
from logicrm.core.pdf import paper_css, render_pdf
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import ngettext
from logicrm.core.promises import Evidence
from logicrm.core.words import day_in_full
from logicrm.privacy import chain, cli, cookies_registry, policy
from logicrm.privacy.policy import Document
from logicrm.privacy.registers import disclosures
from logicrm.privacy.sites import Site
from logicrm.privacy.versions import Version

KEPT_PDFS = 32  # in memory, per process; a policy is some 60 kB
STATES_LAST_S = 60


class _Kept:
    """The latest PDFs, by what is in them. Two callers at once may make the same one twice; no harm."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[Any, ...]) -> bytes | None:
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: tuple[Any, ...], made: bytes) -> None:
        with self._lock:
            self._held[key] = made
            while len(self._held) > KEPT_PDFS:
                self._held.popitem(last=False)


_pdfs = _Kept()


@dataclass(frozen=True)
class Promises:
    """The promises of a site with their evidence. `asked`: what authorities asked for; None for no business's site."""

    rows: list[chain.Link]
    counts: dict[promises.State, int]
    asked: disclosures.Tally | None = None


def document(kind: str, site: Site, lang: str) -> Document:
    """The policy or the cookie policy of a site in a language."""
    if kind == "cookies":
        return policy.cookie_document(site.profile, cookies_registry.registered(), workspace_name=site.name, lang=lang)
    return policy.policy_document(site.profile, workspace_name=site.name, lang=lang)


def states(site: Site, now: datetime) -> dict[str, Evidence]:
    """The evidence of every promise: of the workspace, or the worst of all that run the installation's policy.

    Looked up at most once a minute per site: dozens of queries stand behind a page that anybody may open.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    cache: dict[Any, tuple[datetime, dict[str, Evidence]]] = app.extensions.setdefault("logicrm.promise_states", {})
    key = (site.workspace_id, site.profile.hash)
    held = cache.get(key)
    if held is not None and abs((now - held[0]).total_seconds()) < STATES_LAST_S and not app.testing:
        return held[1]
    if site.workspace_id is None:
        found = cli.evidence_everywhere(app, site.profile.name)
    else:
        # A context of its own: the page may be opened by somebody who works in another workspace.
        with tenancy.working_in(app, site.workspace_id):
            found = promises.states(promises.registry.all(site.profile.name), now)
    cache[key] = (now, found)
    return found


def promised(site: Site, lang: str, now: datetime) -> Promises:
    """The rows of the page of promises."""
    rows = chain.page_rows(site.profile, states(site, now), lang)
    return Promises(rows, dict(Counter(row.evidence.state for row in rows)), _asked(site, now))


def _asked(site: Site, now: datetime) -> disclosures.Tally | None:
    """What authorities asked this business for in a year, as old as the states at most."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    cache: dict[Any, tuple[datetime, disclosures.Tally]] = app.extensions.setdefault("logicrm.asked", {})
    if site.workspace_id is None:
        return None
    held = cache.get(site.workspace_id)
    if held is None or app.testing or abs((now - held[0]).total_seconds()) >= STATES_LAST_S:
        with tenancy.working_in(app, site.workspace_id):
            held = cache[site.workspace_id] = (now, disclosures.tally(now))
    return held[1]


def policy_json(kind: str, site: Site, lang: str, now: datetime) -> dict[str, Any]:
    """A document as plain values; the policy's carries the state of each promise."""
    data = policy.as_json(document(kind, site, lang))
    if site.version is not None:
        data["version"] = about(site.version)
    if kind == "policy":
        data["states"] = {name: str(found.state) for name, found in states(site, now).items()}
    return data


def about(version: Version) -> dict[str, Any]:
    """What names a published version: the hash is that of its content (SHA-256 of the canonical JSON)."""
    return {
        "number": version.number, "hash": version.profile.hash, "published_at": version.published_at.isoformat(),
        "effective_at": version.effective_at.isoformat(), "material": version.material, "summary": version.summary,
    }  # fmt: skip


def promises_json(site: Site, lang: str, now: datetime) -> dict[str, Any]:
    """The promises as plain values."""
    found = promised(site, lang, now)
    asked = found.asked
    return {
        "workspace": site.name,
        "profile": site.profile.name,
        "profile_hash": site.profile.hash,
        "at": now.isoformat(timespec="seconds"),
        "promises": [
            {
                "id": row.promise.id, "says": row.sentence.text, "kept_by": str(row.promise.kind),
                "built": row.promise.feature, "state": str(row.evidence.state), "figure": str(row.evidence.figure),
                "at": row.evidence.at.isoformat() if row.evidence.at else None,
            }
            for row in found.rows
        ],
        "authorities": asked and {
            "since": asked.since.date().isoformat(), "asked": asked.asked, "given": asked.given,
            "refused": asked.refused, "people": asked.people, "given_by_ground": asked.by_ground,
        },
    }  # fmt: skip


def pdf_key(kind: str, site: Site, lang: str) -> tuple[Any, ...]:
    """What a PDF's content depends on. Promises move, so theirs is good for a minute only."""
    return kind, site.name, site.profile.hash, lang


def kept_pdf(kind: str, site: Site, lang: str) -> bytes | None:
    """The PDF if it was made before."""
    return _pdfs.get(pdf_key(kind, site, lang)) if kind != "promises" else None


def pdf(kind: str, site: Site, lang: str, now: datetime) -> bytes:
    """The PDF of a document. Raises PdfFailed when none can be made."""
    held = kept_pdf(kind, site, lang)
    if held is not None:
        return held
    context = (
        _promises_paper(site, lang, now) if kind == "promises" else _document_paper(document(kind, site, lang), site)
    )
    html = render_template("paper/document.html", lang=lang, workspace={"name": site.name}, **context)
    made = render_pdf(html, css=[paper_css()], title=str(context["title"]), lang=lang, created=context["created"])
    if kind != "promises":
        _pdfs.put(pdf_key(kind, site, lang), made)
    return made


def _document_paper(said: Document, site: Site) -> dict[str, Any]:
    sections = []
    for section in said.sections:
        table = section.tables[0] if section.tables else None
        sections.append(
            {
                "title": section.heading,
                "anchor": section.id,
                "paragraphs": [one.text for one in section.paragraphs if not one.promise_id],
                "points": [one.text for one in section.paragraphs if one.promise_id],
                "table": {"head": table.columns, "rows": table.rows} if table else None,
            }
        )
    return {
        "title": said.title,
        "lead": said.dates[0] if said.dates else "",
        "version": f"{site.version.number} ({said.profile_hash[:12]})" if site.version else said.profile_hash[:12],
        "effective_on": day_in_full(said.effective, said.lang) if said.effective else "",
        "sections": sections,
        "created": datetime.combine(said.last_updated or clock.today(), datetime.min.time()).astimezone(),
    }


def _promises_paper(site: Site, lang: str, now: datetime) -> dict[str, Any]:
    found = promised(site, lang, now)
    rows = [
        (
            row.promise.id, row.sentence.text, str(policy.STATES[row.evidence.state][0]),
            str(row.evidence.figure) or "–",
            row.kept_by,
        )
        for row in found.rows
    ]  # fmt: skip
    authorities = {"title": _("Authorities"), "anchor": "authorities", "paragraphs": [asked_words(found.asked)]}
    head = (_("Number"), _("Promise"), _("State"), _("Figures"), _("Kept by"))
    return {
        "title": _("What %(name)s promises, and whether it is kept", name=site.name),
        "lead": _("“Kept” stands only where the program that keeps a promise has run and left its figures."),
        "version": site.profile.hash[:12],
        "sections": [
            {"title": _("Promises"), "anchor": "promises", "table": {"head": head, "rows": rows}},
            *([authorities] if found.asked else []),
        ],
        "created": now,
    }


def asked_words(asked: disclosures.Tally | None) -> str:
    """The line on the public page: how often authorities asked within a year, and what became of it. "" for none."""
    if asked is None:
        return ""
    if not asked.asked:
        return _("No authority and no court has asked for data in the last twelve months.")
    times = ngettext(
        "In the last twelve months authorities and courts asked for data once.",
        "In the last twelve months authorities and courts asked for data %(num)d times.", asked.asked,
    )  # fmt: skip
    given = ngettext("Data was given once.", "Data was given %(num)d times.", asked.given) if asked.given else _(
        "No data was given."
    )  # fmt: skip
    whose = (
        ngettext("It was about %(num)d person.", "It was about %(num)d people.", asked.people) if asked.given else ""
    )
    refused = ngettext("We refused once.", "We refused %(num)d times.", asked.refused) if asked.refused else ""
    return " ".join(part for part in (times, given, whose, refused) if part)
