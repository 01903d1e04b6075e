"""The desk: list, new, one shipment, edit."""

from __future__ import annotations

import uuid
from dataclasses import replace

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Refused
from logicrm.core.keyset import Cursor
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.shipments import bp, queries, services, services_events
from logicrm.shipments.details import PARTY_FIELDS, Details, Party
from logicrm.shipments.forms import EventForm, PieceRows, ShipmentForm
from logicrm.shipments.models import Shipment
from logicrm.shipments.numbers import prefix_of
from logicrm.shipments.state import steps
from logicrm.shipments.statuses import TERMINAL, WORDS, Status
from logicrm.shipments.views_list import ListPage


@bp.get("/")
@needs(May.VIEW_SHIPMENTS)
def index() -> Response:
    """The list: search, saved views, filters as chips, keyset pages."""
    wanted = _wanted()
    found = queries.list_shipments(wanted, now=clock.now())
    customer = queries.customer_name(wanted.contact_id, wanted.company_id)
    return page("shipments/index.html", list=ListPage(wanted, found, customer), now=clock.now(), statuses=WORDS)


def _wanted() -> queries.Wanted:
    """What the address asks for; what makes no sense in it is as if it were not there."""
    asked = request.args
    contact_id, company_id = queries.chosen(asked.get("customer", ""))
    sort = asked.get("sort", "") if asked.get("sort") in queries.SORTS else "created"
    return queries.Wanted(
        words=asked.get("q", "")[:200].strip(),
        view=asked.get("view", "") if asked.get("view") in ("attention", "late") else "",
        status=Status(asked["status"]) if asked.get("status") in set(Status) else None,
        contact_id=contact_id, company_id=company_id, sort=sort,
        descending=asked.get("dir", "asc" if sort == "due" else "desc") == "desc", cursor=Cursor.parse(asked.get("at")),
    )  # fmt: skip


@bp.get("/customers")
@needs(May.VIEW_SHIPMENTS)
def customers() -> Response:
    """Who matches, as choices of the form (asked by htmx while somebody types)."""
    words = request.args.get("customer_q", "")[:200]
    return page("shipments/_customers.html", found=queries.customers_named(words), words=words, customer="")


@bp.get("/new")
@needs(May.VIEW_SHIPMENTS)
def new() -> Response:
    """The empty form, for a customer when the address names one."""
    _editors_only()
    form = ShipmentForm(country=principal().workspace.country)
    customer = request.args.get("customer", "")
    return _form_page(form, PieceRows(), customer=customer if queries.candidate(customer) else "")


@bp.post("/new")
@needs(May.EDIT_SHIPMENTS)
def create() -> Response:
    """Register a shipment; or, by its other buttons, find a customer or add a row of pieces."""
    form, rows = ShipmentForm(), PieceRows(request.form)
    if "add_piece" in request.form or "find" in request.form:
        return _again(form, rows)
    valid = form.validate_on_submit()
    pieces = rows.read(form)
    if valid and not form.form_errors:
        try:
            who = principal()
            details = _for_customer(form.details(pieces, who.workspace.time_zone))
            shipment = services.create_shipment(
                details, prefix=prefix_of(who.workspace.name), zone=who.workspace.time_zone,
                now=clock.now(), created_by=who.user_id,
            )  # fmt: skip
            db.session.commit()
            flash(_("Shipment %(number)s is registered.", number=shipment.waybill_number))
            return redirect(url_for(".show", shipment_id=shipment.id), 303)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
    return _form_page(form, rows, status=422, customer=request.form.get("customer", ""))


def _again(form: ShipmentForm, rows: PieceRows, shipment: Shipment | None = None) -> Response:
    """The form as it was typed, with one more row or with the customers that were asked for."""
    if "add_piece" in request.form:
        rows.add()
    return _form_page(form, rows, shipment=shipment, customer=request.form.get("customer", ""))


def _for_customer(details: Details) -> Details:
    """The details with the customer that was chosen, or with a new one made of the sender or recipient."""
    choice, who = request.form.get("customer", ""), principal()
    if choice in ("sender", "recipient"):
        party: Party = getattr(details, choice)
        contact_id: uuid.UUID | None = services.customer_of_party(
            party, by=who.user_id, now=clock.now(), country=who.workspace.country
        )
        company_id = None
    else:
        contact_id, company_id = queries.chosen(choice)
    if contact_id and not company_id:
        company_id = queries.company_of_contact(contact_id)
    return replace(details, contact_id=contact_id, company_id=company_id)


def _form_page(
    form: ShipmentForm, rows: PieceRows, *, customer: str, shipment: Shipment | None = None, status: int = 200
) -> Response:
    words = request.form.get("customer_q", "")
    found = queries.customers_named(words) if words else []
    picked = queries.candidate(customer)
    if picked and picked not in found:
        found = [picked, *found]
    return page(
        "shipments/form.html", status=status, form=form, rows=rows.rows, customer=customer, found=found, words=words,
        shipment=shipment,
    )  # fmt: skip


def _editors_only() -> None:
    """A form is opened by those who may send it; reading and writing do not share a permission."""
    if not principal().may(May.EDIT_SHIPMENTS):
        abort(403)


def one_or_404(shipment_id: uuid.UUID) -> Shipment:
    """The shipment, or the page that says there is none: also for those of others."""
    return queries.shipment(shipment_id) or abort(404)


@bp.get("/<uuid:shipment_id>")
@needs(May.VIEW_SHIPMENTS)
def show(shipment_id: uuid.UUID) -> Response:
    """One shipment: where it is, what is said of it, what happened."""
    shipment = one_or_404(shipment_id)
    form = EventForm(formdata=None, occurred_at=_local_now(), status=_likely_next(shipment.status))
    return show_page(shipment, form)


def show_page(shipment: Shipment, form: EventForm, status: int = 200) -> Response:
    """The page of a shipment with an event form, filled in or refused."""
    events = queries.events_of(shipment.id)
    ignored = services_events.ignored_of(shipment, [e for e, _who in events])
    contact, company = queries.customer_of(shipment)
    seen = [Status(e.status) for e, _who in events if e.id not in ignored]
    return page(
        "shipments/show.html", status=status, shipment=shipment, pieces=queries.pieces_of(shipment.id), events=events,
        ignored=ignored, contact=contact, company=company, steps=steps(Status(shipment.status), seen), form=form,
        closed=Status(shipment.status) in TERMINAL, now=clock.now(), zone=principal().workspace.time_zone,
    )  # fmt: skip


def _local_now() -> object:
    from zoneinfo import ZoneInfo

    return clock.now().astimezone(ZoneInfo(principal().workspace.time_zone)).replace(tzinfo=None, second=0)


_NEXT = {
    Status.PENDING: Status.PICKED_UP, Status.PICKED_UP: Status.IN_TRANSIT, Status.IN_TRANSIT: Status.OUT_FOR_DELIVERY,
    Status.OUT_FOR_DELIVERY: Status.DELIVERED, Status.READY_FOR_PICKUP: Status.DELIVERED,
    Status.ATTEMPT_FAILED: Status.OUT_FOR_DELIVERY,
}  # fmt: skip


def _likely_next(status: str) -> str:
    return str(_NEXT.get(Status(status), Status.IN_TRANSIT))


@bp.get("/<uuid:shipment_id>/edit")
@needs(May.VIEW_SHIPMENTS)
def edit(shipment_id: uuid.UUID) -> Response:
    """The form, filled in."""
    _editors_only()
    from zoneinfo import ZoneInfo

    shipment = one_or_404(shipment_id)
    names = [f"{part}_{name}" for part in ("sender", "recipient") for name in PARTY_FIELDS]
    values = {name: getattr(shipment, name) for name in (*names, *services.DESCRIBED, "waybill_number")}
    if shipment.eta_latest:
        zone = ZoneInfo(principal().workspace.time_zone)
        values["eta"] = shipment.eta_latest.astimezone(zone).replace(tzinfo=None)
    form = ShipmentForm(formdata=None, data=values)
    rows = PieceRows(pieces=queries.pieces_of(shipment_id))
    return _form_page(form, rows, customer=_customer_value(shipment), shipment=shipment)


def _customer_value(shipment: Shipment) -> str:
    if shipment.contact_id:
        return f"contact:{shipment.contact_id}"
    return f"company:{shipment.company_id}" if shipment.company_id else ""


@bp.post("/<uuid:shipment_id>/edit")
@needs(May.EDIT_SHIPMENTS)
def save(shipment_id: uuid.UUID) -> Response:
    """Replace what is said of a shipment; the toast takes it back."""
    shipment = one_or_404(shipment_id)
    form, rows, who = ShipmentForm(), PieceRows(request.form), principal()
    if "add_piece" in request.form or "find" in request.form:
        return _again(form, rows, shipment)
    valid = form.validate_on_submit()
    pieces = rows.read(form)
    if valid and not form.form_errors:
        try:
            details = _for_customer(form.details(pieces, who.workspace.time_zone))
            act = services.edit_shipment(
                shipment, details, zone=who.workspace.time_zone, now=clock.now(), by=who.user_id
            )
            db.session.commit()
            flash(_("Saved."), undo_url=url_for(".undo", change_set_id=act.id, shipment_id=shipment_id))
            return redirect(url_for(".show", shipment_id=shipment_id), 303)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
    return _form_page(
        form, rows, status=422, shipment=one_or_404(shipment_id), customer=request.form.get("customer", "")
    )


@bp.post("/<uuid:shipment_id>/undo/<uuid:change_set_id>")
@needs(May.EDIT_SHIPMENTS)
def undo(shipment_id: uuid.UUID, change_set_id: uuid.UUID) -> Response:
    """Take an edit back."""
    one_or_404(shipment_id)
    who = principal()
    try:
        done = services.undo_edit(change_set_id, zone=who.workspace.time_zone, by=who.user_id, now=clock.now())
        db.session.commit()
        if done.left_alone:
            flash(_("Somebody changed it since; that was left as it is."), "warn")
        else:
            flash(_("Taken back."))
    except Refused as refusal:
        db.session.rollback()
        flash(refusal.message, "bad")
    return redirect(url_for(".show", shipment_id=shipment_id), 303)
