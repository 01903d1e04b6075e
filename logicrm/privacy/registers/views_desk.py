"""The officer's desk: one page on which everything stands that may need a hand, each figure with the rows behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask, abort, current_app, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, jobs, promises, shell, today
from logicrm.core.access import May, Role, needs, principal
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.phrases import ngettext
from logicrm.core.promised import WORST_FIRST, State
from logicrm.core.render import page
from logicrm.core.shell import _language as language
from logicrm.core.words import show_number
from logicrm.privacy import bp, documents, drafts, policy, requests, sites, versions
from logicrm.privacy.promises import controls as asked_for
from logicrm.privacy.registers import breach_clock, breaches, controls, desk, disclosures, members, shared, waiting
from logicrm.privacy.registers.models import DISCLOSURE_WORDS
from logicrm.privacy.registers.views_breaches import words as breach_words
from logicrm.privacy.registers.views_controls import left as control_left
from logicrm.privacy.registers.views_controls import words as control_words
from logicrm.privacy.request_models import KIND_WORDS
from logicrm.privacy.show import Show
from logicrm.privacy.views_requests import left_words

SHOWN = 8  # rows of a panel; the rest is a click away
#: Where the runs of retention are shown in full, once there is such a page.
RETENTION_PAGES = ("privacy.retention", "privacy.retention_runs", "privacy.retention_history")


@bp.get("/desk", endpoint="desk")
@needs(May.VIEW_REGISTERS)
def officers_desk() -> Response:
    who, now, day = principal(), clock.now(), shared.today()
    business, site = shared.here(), sites.here()
    rows = controls.register(shared.policy(now), day)
    open_ones = breaches.listed(closed=False)
    told = breaches.first_notices(row.id for row in open_ones)
    states = documents.states(site, now)
    counts = {state: sum(one.state is state for one in states.values()) for state in WORST_FIRST}
    asked = requests.waiting() if who.may(May.VIEW_REQUESTS) else []
    failed = [one for one in jobs.status() if one.failed]
    clocks = {
        row.id: breaches.running(row, [one for (own, _a), one in told.items() if own == row.id]) for row in open_ones
    }
    return page(
        "privacy/registers/desk.html", rooms=shared.rooms("desk"), waiting=asked[:SHOWN], waiting_count=len(asked),
        controls_due=controls.waiting(rows)[:SHOWN], controls_count=len(controls.waiting(rows)), controls_all=len(rows),
        open_breaches=open_ones[:SHOWN], clocks=clocks, counts=counts,
        state_words=policy.STATES, bad=_bad(site, states),
        last_breach=None if open_ones else next(iter(breaches.listed(closed=True, limit=1)), None),
        asked_for=disclosures.listed(done=False, limit=SHOWN) or disclosures.listed(done=True, limit=1),
        disclosure_words=DISCLOSURE_WORDS, ruling=versions.ruling(business.facts, now),
        coming=[one for one in versions.published(business.facts) if one.effective_at > now],
        draft=drafts.current(business, now), runs=desk.retention_runs(), runs_url=_first_page(RETENTION_PAGES),
        failed=failed, titles={kind: handler.title for kind, handler in jobs.HANDLERS.items()}, kinds=KIND_WORDS,
        people=members.names(members.all_members()),
        days=lambda row: left_words(requests.days_left(row.request, day)), figures=_figures(asked, rows, open_ones, clocks, counts, now, day),
        **control_words(day), **breach_words(now),
    )  # fmt: skip


def _first_page(endpoints: tuple[str, ...]) -> str:
    return next((url_for(name) for name in endpoints if name in current_app.view_functions), "")


def _figures(
    asked: list[Any], rows: list[Any], open_ones: list[Any], clocks: dict[Any, Any], counts: dict[State, int],
    now: datetime, day: Any,
) -> list[dict[str, Any]]:  # fmt: skip
    """The four figures at the top."""
    first = left_words(requests.days_left(asked[0].request, day)) if asked else ("", "")
    due = controls.waiting(rows)
    earliest = min((found[0][1] for found in clocks.values() if found), default=None)
    hours = breach_clock.left_words(earliest, now) if earliest else ("", "")
    bad = counts[State.BREACHED] + counts[State.OVERDUE]
    late = sum(row.state == controls.OVERDUE for row in due)
    return [
        {"label": _("Requests to answer"), "value": show_number(len(asked)), "href": url_for("privacy.requests"),
         "note": first[0], "tone": first[1] if first[1] in ("warn", "bad") else ""},
        {"label": _("Controls to see to"), "value": show_number(len(due)), "href": url_for("privacy.controls"),
         "note": ngettext("%(num)d overdue", "%(num)d overdue", late) if late else "", "tone": "bad" if late else ""},
        {"label": _("Open breaches"), "value": show_number(len(open_ones)), "href": url_for("privacy.breaches"),
         "note": hours[0], "tone": hours[1] if hours[1] in ("warn", "bad") else ""},
        {"label": _("Promises not kept or overdue"), "value": show_number(bad),
         "href": url_for("privacy.desk_promises"), "note": "", "tone": "bad" if bad else ""},
    ]  # fmt: skip


def _bad(site: sites.Site, states: dict[str, promises.Evidence]) -> list[tuple[str, str, promises.Evidence]]:
    """Promises that are broken or overdue, the worst first: (id, sentence, evidence)."""
    show = Show(site.profile, language())
    found = [
        (row.id, show.promise(row).text, states[row.id])
        for row in promises.registry.all(site.profile.name)
        if row.id in states and states[row.id].state in (State.BREACHED, State.OVERDUE)
    ]
    return sorted(found, key=lambda one: (WORST_FIRST.index(one[2].state), one[0]))[:SHOWN]


@bp.get("/desk/promises", endpoint="desk_promises")
@needs(May.VIEW_REGISTERS)
def promise_list() -> Response:
    """Every promise of the policy in force by its state, the broken ones first."""
    now, site = clock.now(), sites.here()
    found = documents.promised(site, language(), now)
    wanted = request.args.get("state", "")
    rows = [row for row in found.rows if not wanted or row.evidence.state == wanted]
    rows.sort(key=lambda row: (WORST_FIRST.index(row.evidence.state), row.promise.id))
    tabs = [{"label": _("All"), "url": url_for(".desk_promises"), "active": not wanted, "count": len(found.rows)}]
    tabs += [
        {"label": policy.STATES[state][0], "url": url_for(".desk_promises", state=str(state)),
         "active": wanted == state, "count": found.counts.get(state, 0)}
        for state in WORST_FIRST
    ]  # fmt: skip
    return page("privacy/registers/promises.html", rows=rows, tabs_=tabs, state_words=policy.STATES)


@bp.get("/desk/promises/<name>", endpoint="desk_promise")
@needs(May.VIEW_REGISTERS)
def show_promise(name: str) -> Response:
    """One promise: what it says, what keeps it, the query and the rows behind its state, at this moment."""
    promises.load_all()
    now, site, day = clock.now(), sites.here(), shared.today()
    known = {row.id: row for row in promises.registry.all(site.profile.name)}
    row = known.get(name) or abort(404)
    cadences = {one.key: one for one in asked_for.demanded(site.profile)}
    shown = [one for one in controls.register(shared.policy(now), day) if one.key in row.controls]
    return page(
        "privacy/registers/promise.html", row=row, sentence=Show(site.profile, language()).promise(row),
        evidence=promises.registry.look(row.id, now), queries=desk.queries_of(row, now), asked_at=now,
        controls=shown, cadences=cadences, state_words=policy.STATES, **control_words(day),
    )  # fmt: skip


# Today, and the rail -------------------------------------------------------------------------------


def due_in_registers(now: datetime) -> today.Section | None:
    """Open breaches with the hours that are left, and controls that are due. One statement."""
    found, day = waiting.waiting(), shared.today()
    rows = [
        today.Row(title, url_for("privacy.breach", breach_id=own), *(breach_clock.left_words(due_at, now) if due_at else (_("Open"), "info")))
        for own, title, due_at in sorted(found.breaches, key=lambda one: (one[2] is None, one[2]))
    ]  # fmt: skip
    demands = {one.key: one for one in asked_for.demanded(shared.policy(now))}
    due = sorted(
        (controls.row_of(demands[key], began, done, day) for key, began, done in found.controls if key in demands),
        key=lambda row: row.due_on,
    )
    rows += [
        today.Row(str(row.demand.says), url_for("privacy.control", name=row.key), *control_left(row, day))
        for row in controls.waiting(due)
    ]
    return today.Section(_l("Privacy registers"), url_for("privacy.desk"), rows[:6]) if rows else None


def install(app: Flask) -> None:
    """Put the desk on the rail and on the Today page."""
    shell.add_nav(app, shell.Nav(90, _l("Privacy"), "privacy", "privacy.desk", May.VIEW_REGISTERS))
    shell.lands_on(app, Role.DPO, "privacy.desk")
    today.today_section(app, 42, May.EDIT_REGISTERS, due_in_registers)
