"""The list of leads, a new lead, and what is done with several."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Refused
from logicrm.core.history import ChangeSet
from logicrm.core.keyset import Cursor, Page
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import ngettext
from logicrm.core.render import page
from logicrm.core.search import MIN_CHARS, fold
from logicrm.core.shell import flash
from logicrm.core.words import show_date, show_number
from logicrm.extensions import db
from logicrm.leads import bp, queries, services
from logicrm.leads.forms import LeadForm, day_start, kept, maybe_id
from logicrm.leads.pipelines import queries as pipelines
from logicrm.leads.pipelines.queries import Choices
from logicrm.leads.queries import NOBODY, SORTS, Wanted


def wanted_from(args: Any, zone: str) -> Wanted:
    """What a list's address asks for. Whatever cannot be read is left out, and no chip shows for it."""
    owner: uuid.UUID | str | None = NOBODY if args.get("owner") == NOBODY else maybe_id(args.get("owner"))
    sort = args.get("sort") if args.get("sort") in SORTS else "created"
    down = args.get("dir", "desc" if sort in ("created", "value") else "asc") == "desc"
    return Wanted(
        words=args.get("q", "").strip()[:100], stage=maybe_id(args.get("stage")), owner=owner,
        source=args.get("source", "")[:60], imported=maybe_id(args.get("imported")), since=day_start(args.get("from", ""), zone),
        until=day_start(args.get("to", ""), zone, plus_days=1), sort=sort, descending=down,
    )  # fmt: skip


@dataclass(frozen=True)
class Chip:
    """One active filter and the address without it."""

    label: str
    url: str


def _chips(wanted: Wanted, choices: Choices, endpoint: str) -> list[Chip]:
    without = lambda *names: url_for(endpoint, **kept(request.args, **dict.fromkeys(names)))  # noqa: E731
    stage = choices.stage(wanted.stage)
    shown = [
        (wanted.words, _("Search: %(words)s", words=wanted.words), "q"),
        (wanted.stage, _("Stage: %(name)s", name=stage.name if stage else "–"), "stage"),
        (wanted.owner, _("Owner: %(name)s", name=_owner_words(wanted, choices)), "owner"),
        (wanted.source, _("Source: %(name)s", name=wanted.source), "source"),
        (wanted.imported, _("Of one import"), "imported"),
        (wanted.since, _("From %(day)s", day=show_date(wanted.since)), "from"),
        (wanted.until, _("To %(day)s", day=request.args.get("to", "")), "to"),
    ]
    return [Chip(label, without(name)) for active, label, name in shown if active]


def _owner_words(wanted: Wanted, choices: Choices) -> str:
    if wanted.owner == NOBODY:
        return _("Nobody")
    return choices.owner(wanted.owner) if isinstance(wanted.owner, uuid.UUID) else ""


def count_words(found: Page) -> str:
    """'1,234', or '10,000+' when nobody counted further; '' when it is not known."""
    if found.total is None:
        return ""
    return f"{show_number(found.cap)}+" if found.more_than else show_number(found.total)


def too_short(words: str) -> bool:
    """True for words that a trigram index cannot find."""
    return bool(words) and not any(len(t) >= MIN_CHARS for t in fold(words).split())


@bp.get("/")
@needs(May.VIEW_LEADS)
def index() -> Response:
    """The list."""
    wanted = wanted_from(request.args, principal().workspace.time_zone)
    choices = pipelines.choices()
    found = queries.page(wanted, choices, Cursor.parse(request.args.get("at")))
    link = lambda **changed: url_for(".index", **kept(request.args, **changed))  # noqa: E731
    at = lambda cursor: url_for(".index", **kept(request.args), at=str(cursor)) if cursor else ""  # noqa: E731
    return page(
        "leads/index.html", wanted=wanted, choices=choices, found=found, total=count_words(found),
        chips=_chips(wanted, choices, ".index"), link=link, previous=at(found.previous), following=at(found.next),
        last=at(found.next and Cursor.last()), short=too_short(wanted.words), NOBODY=NOBODY, args=request.args,
    )  # fmt: skip


def offered(form: LeadForm, choices: Choices) -> LeadForm:
    """The form with what can be chosen in this workspace."""
    stages = [(s.id, s.name) for s in choices.stages]
    form.offer(stages, choices.owners, principal().workspace.currency)
    return form


@bp.get("/new")
@needs(May.EDIT_LEADS)
def new() -> Response:
    """The form for a new lead."""
    choices = pipelines.choices()
    first = next((s for s in choices.stages if s.kind == "open"), None)
    stage = maybe_id(request.args.get("stage")) or (first.id if first else None)
    form = LeadForm(
        formdata=None, owner_id=principal().user_id, stage_id=stage, currency=principal().workspace.currency
    )
    return page("leads/new.html", form=offered(form, choices), like=[])


@bp.post("/new")
@needs(May.EDIT_LEADS)
def create() -> Response:
    """Add a lead; when somebody with this address or number is known, ask once whether it is the same person."""
    form = offered(LeadForm(), pipelines.choices())
    like: list[queries.Like] = []
    if form.validate_on_submit():
        try:
            like = _known(form)
            if not like or request.form.get("anyway"):
                who = principal()
                lead = services.add_lead(form.values(), by=who.user_id, now=clock.now(), country=who.workspace.country)
                name, lead_id = lead.name, lead.id  # after the commit they would be read again
                db.session.commit()
                flash(_("%(name)s was added.", name=name))
                return redirect(url_for(".show", lead_id=lead_id), 303)
        except Refused as refusal:
            form.show(refusal)
    return page("leads/new.html", form=form, like=like, status=422)


def _known(form: LeadForm) -> list[queries.Like]:
    country = form.country.data or principal().workspace.country
    numbers = [services.normal_phone(form.phone.data, country), services.normal_phone(form.mobile.data, country)]
    return queries.duplicates(services.normal_email(form.email.data), [n for n in numbers if n])


@bp.post("/known")
@needs(May.EDIT_LEADS)
def known() -> Response:
    """The warning about somebody who is known, while the form is filled in."""
    form = offered(LeadForm(), pipelines.choices())
    try:
        like = _known(form)
    except Refused:
        like = []
    return page("leads/new.html", form=form, like=like)


@bp.post("/bulk")
@needs(May.EDIT_LEADS)
def bulk() -> Response:
    """Change the stage or the owner of the ticked leads, or delete them; each can be undone."""
    try:
        act, words, done = _do_to_many(request.form, by=principal().user_id)
        db.session.commit()
    except Refused as refusal:
        db.session.rollback()
        flash(refusal.message, "warn")
    else:
        flash(words, undo_url=url_for(".undo", act_id=act.id) if done else None)
    return redirect(_back(), 303)


def _do_to_many(sent: Any, *, by: uuid.UUID) -> tuple[ChangeSet, str, int]:
    """Read the bulk bar, and do what it says: the act, words about it, how many leads it changed."""
    ids, do, now = [i for i in map(maybe_id, sent.getlist("ids")[:1000]) if i], sent.get("do", ""), clock.now()
    if not ids:
        raise Refused(_("Tick the leads first."))
    if do == "delete":
        act, done = services.delete_leads(ids, by=by, now=now)
        return act, ngettext("%(num)d lead was deleted.", "%(num)d leads were deleted.", done), done
    if do not in ("stage", "owner"):
        raise Refused(_("Choose what to do."))
    chosen = maybe_id(sent.get(f"bulk_{do}"))
    if chosen is None and not (do == "owner" and sent.get("bulk_owner") == NOBODY):
        raise Refused(_("Choose a stage.") if do == "stage" else _("Choose an owner."))
    act, done = services.change_many(ids, {f"{do}_id": chosen}, by=by, now=now)
    return act, ngettext("%(num)d lead was changed.", "%(num)d leads were changed.", done), done


def _back() -> str:
    """The list with the filters under which the act was done; only parts of ours are taken over."""
    from urllib.parse import parse_qsl

    args = dict(parse_qsl(request.form.get("back", "")[:2000]))
    at: dict[str, Any] = {"at": args["at"]} if Cursor.parse(args.get("at")) else {}
    return url_for(".index", **kept(args), **at)


@bp.post("/undo/<uuid:act_id>")
@needs(May.EDIT_LEADS)
def undo(act_id: uuid.UUID) -> Response:
    """Take an act back."""
    try:
        done = services.undo(act_id, by=principal().user_id, now=clock.now())
    except Refused as refusal:
        flash(refusal.message, "warn")
    else:
        db.session.commit()
        if done.left_alone:
            text = ngettext(
                "Undone, but for %(num)d that somebody changed since.",
                "Undone, but for %(num)d that somebody changed since.", len(done.left_alone),
            )  # fmt: skip
            flash(text, "warn")
        else:
            flash(_("Undone."))
    back = request.headers.get("Referer", "")
    inside = back.startswith(request.host_url) and "/leads/" in back
    return redirect(back if inside else url_for(".index"), 303)
