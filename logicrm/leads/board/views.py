"""The board."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Conflict, Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.leads import bp, services
from logicrm.leads.board import queries
from logicrm.leads.forms import kept, maybe_id
from logicrm.leads.pipelines import queries as pipelines
from logicrm.leads.views import Chip, too_short


def _shown_counts() -> dict[uuid.UUID, int]:
    """How many cards each long column shows: `more=<stage>:<count>`, from the address."""
    counts = {}
    for part in request.args.getlist("more")[:20]:
        stage, _sep, count = part.partition(":")
        key = maybe_id(stage)
        if key and count.isascii() and count.isdigit():
            counts[key] = max(queries.STEP, min(int(count[:4]), queries.MOST))
    return counts


@bp.get("/board")
@needs(May.VIEW_LEADS)
def board() -> Response:
    """Leads by stage."""
    choices = pipelines.choices()
    owner, words = maybe_id(request.args.get("owner")), request.args.get("q", "").strip()[:100]
    first = choices.stages[0].pipeline_id if choices.stages else None
    stages = [s for s in choices.stages if s.pipeline_id == first]
    shown = _shown_counts()
    columns = queries.columns(stages, owner=owner, words=words, shown=shown)
    link = lambda **changed: url_for(".board", **kept(request.args, **changed))  # noqa: E731
    chips = [Chip(_("Search: %(words)s", words=words), link(q=None))] if words else []
    if owner:
        chips.append(Chip(_("Owner: %(name)s", name=choices.owner(owner)), link(owner=None)))

    def more(column: queries.Column) -> str:
        counts = {**shown, column.stage.id: min(len(column.cards) + queries.STEP, queries.MOST)}
        asked = [f"{key}:{count}" for key, count in counts.items()]
        return url_for(".board", **kept(request.args), more=asked, _anchor=f"stage-{column.stage.id}")

    return page(
        "leads/board.html", columns=columns, choices=choices, chips=chips, owner=owner, words=words, more=more,
        link=link, stages=[(str(s.id), s.name) for s in stages], short=too_short(words), back=_here(),
        move_url=_move_url(),
    )  # fmt: skip


def _move_url() -> str:
    """Where a dropped card is posted; {id} and {from} are filled in there, for one address serves all cards."""
    nobody = uuid.UUID(int=0)
    asked: dict[str, Any] = {"from": "FROM", "back": _here() or None}
    url = url_for(".move", lead_id=nobody, **asked)
    return url.replace(str(nobody), "{id}").replace("FROM", "{from}")


def _here() -> str:
    return request.query_string.decode("ascii", "replace")[:1000]


def _back(lead_id: uuid.UUID | None = None) -> str:
    from urllib.parse import parse_qs

    args = parse_qs(request.args.get("back", "")[:1000])
    flat = {k: v[0] for k, v in args.items()}
    return url_for(".board", **kept(flat), more=args.get("more", [])[:20])


@bp.post("/<uuid:lead_id>/move")
@needs(May.EDIT_LEADS)
def move(lead_id: uuid.UUID) -> Response:
    """Put a card elsewhere. `from` in the address says where the mover saw it."""
    return _moved(lead_id, maybe_id(request.args.get("from")), maybe_id(request.form.get("before")))


@bp.post("/board/move")
@needs(May.EDIT_LEADS)
def move_marked() -> Response:
    """The same without a script: the card that is marked, "lead:stage where it was seen", goes to a stage's top."""
    card, _colon, seen_in = request.form.get("card", "").partition(":")
    lead_id = maybe_id(card)
    if lead_id is None:
        flash(_("Mark a card first."), "warn")
        return redirect(_back(), 303)
    return _moved(lead_id, maybe_id(seen_in), None)


def _moved(lead_id: uuid.UUID, seen_in: uuid.UUID | None, before: uuid.UUID | None) -> Response:
    stage_id = maybe_id(request.form.get("stage"))
    if stage_id is None:
        abort(404)
    try:
        act = services.move_lead(
            lead_id, stage_id, before, seen_in=seen_in, by=principal().user_id, now=clock.now(), shown=queries.STEP
        )
        db.session.commit()
    except Conflict as conflict:
        db.session.rollback()
        flash(conflict.message, "warn")
    else:
        if act is not None:
            stage = pipelines.stage(stage_id)
            flash(_("Moved to %(stage)s.", stage=stage.name if stage else ""), undo_url=url_for(".undo", act_id=act.id))
    return redirect(_back(), 303)


@bp.post("/quick/<uuid:stage_id>")
@needs(May.EDIT_LEADS)
def quick(stage_id: uuid.UUID) -> Response:
    """Add a lead to a column with no more than a name or a company."""
    if pipelines.stage(stage_id) is None:
        abort(404)
    who, name = principal(), " ".join(request.form.get("name", "").split())[:200]
    kind = "company" if request.form.get("kind") == "company" else "name"
    first, _sep, last = name.rpartition(" ")
    values = {"company": name} if kind == "company" else {"first_name": first[:100], "last_name": last[:100]}
    try:
        services.add_lead({**values, "stage_id": stage_id, "owner_id": who.user_id}, by=who.user_id, now=clock.now())
        db.session.commit()
    except Refused as refusal:
        db.session.rollback()
        flash(refusal.message, "warn")
    return redirect(_back(), 303)
