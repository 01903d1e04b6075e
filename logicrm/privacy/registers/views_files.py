"""The registers as files: CSV for a spreadsheet, PDF for the folder that an authority asks to see, JSON for a program."""

from __future__ import annotations

from datetime import datetime

from flask import url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, words
from logicrm.core.access import May, needs, principal
from logicrm.core.phrases import gettext as _
from logicrm.core.shell import _language as language
from logicrm.privacy import bp, vocabulary
from logicrm.privacy.datamap import papers
from logicrm.privacy.registers import breaches, controls, disclosures, members, shared
from logicrm.privacy.registers.models import DISCLOSURE_WORDS, NOT_TOLD, Disclosure
from logicrm.privacy.registers.models_breach import AUTHORITY, DATA_KINDS, PEOPLE_KINDS, RISK_WORDS, STATE_WORDS, Breach
from logicrm.privacy.show import Show

Table = list[list[str]]
KINDS = ("controls", "breaches", "disclosures")
FORMS = ("csv", "pdf", "json")
MOST = 10_000


@bp.get("/registers/<any(controls, breaches, disclosures):kind>.<any(csv, pdf, json):form>", endpoint="register_file")
@needs(May.VIEW_REGISTERS)
def register_file(kind: str, form: str) -> Response:
    """One register as it is now."""
    now, who = clock.now(), principal().workspace
    title, lead, table = {"controls": _controls, "breaches": _breaches, "disclosures": _disclosures}[kind](now)
    columns, rows = table[0], table[1:]
    # On paper one row is one section: so many columns fit no page.
    sections = [
        {"title": row[0], "anchor": f"row-{nth}", "table": {"head": (_("What"), ""), "rows": _pairs(columns, row)}}
        for nth, row in enumerate(rows)
    ]
    paper = papers.paper(f"{title} – {who.name}", lead, who.name, sections, now) | {"contents": False}
    plain = {"format": f"logicrm.{kind}/1", kind: [dict(zip(columns, row, strict=True)) for row in rows]}
    return papers.answer(form, f"{kind}-{who.slug}", rows=table, plain=plain, paper=paper, lang=language())


def _pairs(columns: list[str], row: list[str]) -> Table:
    return [[name, value] for name, value in zip(columns[1:], row[1:], strict=True) if value]


def downloads(kind: str) -> list[tuple[str, str]]:
    """(form, address) of a register's files, for its page."""
    return [(form.upper(), url_for("privacy.register_file", kind=kind, form=form)) for form in FORMS]


def _controls(_now: datetime) -> tuple[str, str, Table]:
    policy, show = shared.policy(), Show(shared.policy(), language())
    known = members.names(members.all_members())
    table = [[_("Control"), _("For the promises"), _("Every"), _("State"), _("Next by"), _("Who"), _("Evidence")]]
    for row in controls.register(policy, shared.today()):
        past = controls.history(row.control)
        evidence = "; ".join(
            f"{words.show_date(one.done_on)}: {one.words or _('document')}"
            + (" (+)" if one.file_id and one.words else "")
            for one in past
        )
        owner = known.get(row.control.owner_id, "") if row.control else ""
        table.append([
            str(row.demand.says), ", ".join(row.demand.promises), show.duration(row.demand.cadence),
            str(controls.STATE_WORDS[row.state][0]), words.show_date(row.due_on), owner or _("the officer"), evidence,
        ])  # fmt: skip
    lead = _("What people do for the promises of the privacy policy, and what shows it. (+): with a document.")
    return _("Controls"), lead, table


def _breaches(_now: datetime) -> tuple[str, str, Table]:
    rows = [*breaches.listed(closed=False, limit=MOST), *breaches.listed(closed=True, limit=MOST)]
    table = [[
        _("Breach"), _("State"), _("Exercise"), _("Found"), _("Known"), _("Looked into"), _("Began"), _("Was over"),
        _("What happened"), _("Kinds of data"), _("Kinds of people"), _("People"), _("Records"), _("Risk"), _("Why"),
        _("Likely consequences"), _("Measures"), _("Authority by"), _("Told"), _("Late because"), _("Closed"),
    ]]  # fmt: skip
    lead = _("Every breach of personal data with its effects and the measures taken (GDPR Art. 33(5)).")
    return _("Register of breaches"), lead, [*table, *(_breach(row) for row in rows)]


def _breach(row: Breach) -> list[str]:
    told = breaches.notices(row.id)
    at = words.show_datetime
    return [
        f"{row.number}: {row.title}", str(STATE_WORDS[row.state][0]),  # type: ignore[index]
        _("yes") if row.is_exercise else _("no"), at(row.detected_at), at(row.aware_at), at(row.triaged_at),
        at(row.began_at), at(row.ended_at), row.happened,
        ", ".join(str(DATA_KINDS[one]) for one in row.data_kinds),
        ", ".join(str(PEOPLE_KINDS[one]) for one in row.people_kinds),
        words.show_number(row.people_count), words.show_number(row.record_count), str(RISK_WORDS[row.risk][0]),
        row.reasons, row.consequences, row.measures, at(row.authority_due_at),
        "; ".join(
            f"{_('authority') if one.audience == AUTHORITY else _('people')}, {at(one.sent_at)}" for one in told
        ),
        "; ".join(one.late_reason for one in told if one.is_late), at(row.closed_at),
    ]  # fmt: skip


def _disclosures(_now: datetime) -> tuple[str, str, Table]:
    rows = [*disclosures.listed(done=False, limit=MOST), *disclosures.listed(done=True, limit=MOST)]
    table = [[
        _("Request"), _("Their number"), _("Ground"), _("Article or order"), _("Reached us"), _("What they want"),
        _("Whose data"), _("People"), _("State"), _("Decided"), _("Why"), _("Handed over"), _("What was handed over"),
        _("People told"), _("Not told because"),
    ]]  # fmt: skip
    lead = _("What authorities and courts asked for, on which ground, and what became of it.")
    return _("Register of disclosures"), lead, [*table, *(_disclosure(row) for row in rows)]


def _disclosure(row: Disclosure) -> list[str]:
    at = words.show_datetime
    why_not = f"{NOT_TOLD[row.not_told]}: {row.not_told_why}" if row.not_told else ""
    return [
        f"{row.number}: {row.authority}", row.reference, str(vocabulary.DISCLOSURES.get(row.ground, row.ground)), row.law,
        at(row.asked_at), row.wanted, row.whose, words.show_number(row.people_count),
        str(DISCLOSURE_WORDS[row.state][0]),  # type: ignore[index]
        at(row.decided_at), row.reason, at(row.given_at), row.given, at(row.told_at), why_not,
    ]  # fmt: skip
