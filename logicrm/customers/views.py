"""Lists and pages of contacts and companies."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Conflict, Missing, Refused
from logicrm.core.keyset import CAP, Cursor
from logicrm.core.phrases import gettext as _
from logicrm.core.places import country_name
from logicrm.core.render import page
from logicrm.core.search import MIN_CHARS, fold
from logicrm.core.shell import flash
from logicrm.core.words import show_number
from logicrm.customers import bp, queries, sections, services
from logicrm.customers.forms import CompanyForm, ContactForm
from logicrm.extensions import db
from logicrm.leads import queries as leads
from logicrm.leads.pipelines import queries as pipelines
from logicrm.leads.timeline import queries as timeline
from logicrm.leads.timeline import services as notes

KINDS = ("note", "call", "email", "visit")


def _list(endpoint: str, read: Any, template: str) -> Response:
    words = request.args.get("q", "").strip()[:100]
    sort = "created" if request.args.get("sort") == "created" else "name"
    down = request.args.get("dir", "asc") == "desc"
    held: dict[str, Any] = {"q": words or None, "sort": request.args.get("sort"), "dir": request.args.get("dir")}
    found = read(words, Cursor.parse(request.args.get("at")), descending=down, sort=sort)
    at = lambda cursor: url_for(endpoint, **held, at=str(cursor)) if cursor else ""  # noqa: E731
    total = "" if found.total is None else f"{show_number(CAP)}+" if found.total > CAP else show_number(found.total)
    short = bool(words) and not any(len(t) >= MIN_CHARS for t in fold(words).split())
    return page(
        template, found=found, words=words, sort=sort, dir="desc" if down else "asc", total=total, short=short,
        link=lambda **changed: url_for(endpoint, **{**held, **changed}), previous=at(found.previous),
        following=at(found.next), country_name=country_name, here=endpoint,
    )  # fmt: skip


@bp.get("/")
@needs(May.VIEW_CUSTOMERS)
def contacts() -> Response:
    """The list of people."""
    return _list(".contacts", queries.contacts, "customers/contacts.html")


@bp.get("/companies")
@needs(May.VIEW_CUSTOMERS)
def companies() -> Response:
    """The list of firms."""
    return _list(".companies", queries.companies, "customers/companies.html")


def _contact_form(form: ContactForm, company_id: uuid.UUID | None = None) -> ContactForm:
    form.offer(pipelines.choices().owners)
    known = queries.company_choices()
    if company_id is not None and company_id not in dict(known):  # past the first 500 by name
        company = queries.company(company_id)
        known += [(company.id, company.name)] if company else []
    form.offer_companies(known)
    return form


@bp.get("/contacts/<uuid:contact_id>")
@needs(May.VIEW_CUSTOMERS)
def contact(contact_id: uuid.UUID) -> Response:
    """A person's page."""
    return _contact_page(contact_id)


def _contact_page(contact_id: uuid.UUID, status: int = 200, wrong: str = "", body: str = "") -> Response:
    found = queries.contact(contact_id)
    if found is None:
        abort(404)
    who, cursor = principal(), Cursor.parse(request.args.get("at"))
    happened = timeline.happened(contact_id=contact_id, cursor=cursor)
    choices = pipelines.choices()
    people = dict(choices.owners)
    people |= timeline.authors({r.author_id for r in happened.rows if r.author_id} - set(people))
    older = url_for(".contact", contact_id=contact_id, at=str(happened.next)) if happened.next else ""
    return page(
        "customers/contact.html", contact=found, happened=happened, choices=choices, people=people, older=older,
        company=queries.company(found.company_id) if found.company_id else None, status=status, wrong=wrong, body=body,
        tasks=timeline.open_tasks(contact_id=contact_id), first_page=cursor is None, country_name=country_name,
        leads=leads.of_contact(contact_id) if who.may(May.VIEW_LEADS) else [], as_id=_as_id,
        sections=sections.of(who, contact_id=contact_id), may_edit=who.may(May.EDIT_CUSTOMERS) and not found.restricted,
    )  # fmt: skip


def _as_id(text: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


@bp.get("/companies/<uuid:company_id>")
@needs(May.VIEW_CUSTOMERS)
def company(company_id: uuid.UUID) -> Response:
    """A firm's page."""
    found = queries.company(company_id)
    if found is None:
        abort(404)
    who, choices = principal(), pipelines.choices()
    return page(
        "customers/company.html", company=found, choices=choices, people_there=queries.people_of(company_id),
        leads=leads.of_company(company_id) if who.may(May.VIEW_LEADS) else [], country_name=country_name,
        sections=sections.of(who, company_id=company_id), may_edit=who.may(May.EDIT_CUSTOMERS),
    )  # fmt: skip


@bp.get("/contacts/new")
@needs(May.EDIT_CUSTOMERS)
def new_contact() -> Response:
    """The form for a person."""
    company_id = _as_id(request.args.get("company"))
    form = ContactForm(formdata=None, owner_id=principal().user_id, company_id=company_id)
    return page("customers/contact_form.html", form=_contact_form(form, company_id), contact=None, like=None)


@bp.post("/contacts/new")
@needs(May.EDIT_CUSTOMERS)
def create_contact() -> Response:
    """Add a person; asks once when the address is known."""
    form, who, like = _contact_form(ContactForm(), _as_id(request.form.get("company_id"))), principal(), None
    if form.validate_on_submit():
        try:
            email = services.normal_email(form.email.data)
            like = queries.find_contact_by_email(email) if email else None
            if like is None or like.restricted or request.form.get("anyway"):
                made = services.add_contact(
                    form.values(), by=who.user_id, now=clock.now(), country=who.workspace.country
                )
                db.session.commit()
                flash(_("%(name)s was added.", name=made.name))
                return redirect(url_for(".contact", contact_id=made.id), 303)
        except Refused as refusal:
            form.show(refusal)
    return page("customers/contact_form.html", form=form, contact=None, like=like, status=422)


@bp.get("/contacts/<uuid:contact_id>/edit")
@needs(May.EDIT_CUSTOMERS)
def edit_contact(contact_id: uuid.UUID) -> Response:
    """The form for a person who is known."""
    found = queries.contact(contact_id)
    if found is None:
        abort(404)
    given = {**_values(found), "tags": ", ".join(found.tags or []), "phone": found.phone_typed or found.phone}
    form = _contact_form(ContactForm(formdata=None, data=given), found.company_id)
    return page("customers/contact_form.html", form=form, contact=found, like=None, theirs={})


def _values(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__mapper__.column_attrs}


def _version() -> int:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@bp.post("/contacts/<uuid:contact_id>/edit")
@needs(May.EDIT_CUSTOMERS)
def update_contact(contact_id: uuid.UUID) -> Response:
    """Save a person."""
    if queries.contact(contact_id) is None:
        raise Missing
    form, who = _contact_form(ContactForm(), _as_id(request.form.get("company_id"))), principal()
    status = 422
    if form.validate_on_submit():
        try:
            act = services.update_contact(
                contact_id, form.values(), _version(), by=who.user_id, now=clock.now(), country=who.workspace.country
            )
            db.session.commit()
            return _saved(act, url_for(".contact", contact_id=contact_id))
        except Conflict as conflict:
            db.session.rollback()
            status = 409
            form.show(conflict)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
    now = queries.contact(contact_id)
    theirs = _differences(form, now) if status == 409 else {}
    return page("customers/contact_form.html", form=form, contact=now, like=None, theirs=theirs, status=status)


def _saved(act: Any, url: str) -> Response:
    if act is not None:
        flash(_("Saved."), undo_url=url_for(".undo", act_id=act.id))
    return redirect(url, 303)


def _differences(form: Any, row: Any) -> dict[str, str]:
    """What the row says now where the form says something else: label -> present value."""
    stored = {**_values(row), "tags": ", ".join(getattr(row, "tags", None) or [])}
    if "phone_typed" in stored:
        stored["phone"] = stored["phone_typed"] or stored["phone"]
    found = {}
    for field in form:
        if field.name not in stored or str(stored[field.name] or "") == str(field.data or ""):
            continue
        words = dict(getattr(field, "choices", None) or {}).get(str(stored[field.name] or ""))
        found[str(field.label.text)] = str(words if words is not None else stored[field.name] or "")
    return found


@bp.get("/companies/new")
@needs(May.EDIT_CUSTOMERS)
def new_company() -> Response:
    """The form for a firm."""
    form = CompanyForm(formdata=None, owner_id=principal().user_id, country=principal().workspace.country)
    form.offer(pipelines.choices().owners)
    return page("customers/company_form.html", form=form, company=None, like=None)


@bp.post("/companies/new")
@needs(May.EDIT_CUSTOMERS)
def create_company() -> Response:
    """Add a firm; asks once when the name or tax code is known."""
    form, like = CompanyForm(), None
    form.offer(pipelines.choices().owners)
    if form.validate_on_submit():
        try:
            like = queries.company_named(form.name.data, form.tax_code.data)
            if like is None or request.form.get("anyway"):
                made = services.add_company(form.values(), by=principal().user_id, now=clock.now())
                db.session.commit()
                flash(_("%(name)s was added.", name=made.name))
                return redirect(url_for(".company", company_id=made.id), 303)
        except Refused as refusal:
            form.show(refusal)
    return page("customers/company_form.html", form=form, company=None, like=like, status=422)


@bp.get("/companies/<uuid:company_id>/edit")
@needs(May.EDIT_CUSTOMERS)
def edit_company(company_id: uuid.UUID) -> Response:
    """The form for a firm that is known."""
    found = queries.company(company_id)
    if found is None:
        abort(404)
    form = CompanyForm(formdata=None, data=_values(found))
    form.offer(pipelines.choices().owners)
    return page("customers/company_form.html", form=form, company=found, like=None, theirs={})


@bp.post("/companies/<uuid:company_id>/edit")
@needs(May.EDIT_CUSTOMERS)
def update_company(company_id: uuid.UUID) -> Response:
    """Save a firm."""
    if queries.company(company_id) is None:
        raise Missing
    form, status = CompanyForm(), 422
    form.offer(pipelines.choices().owners)
    if form.validate_on_submit():
        try:
            act = services.update_company(
                company_id, form.values(), _version(), by=principal().user_id, now=clock.now()
            )
            db.session.commit()
            return _saved(act, url_for(".company", company_id=company_id))
        except Conflict as conflict:
            db.session.rollback()
            status = 409
            form.show(conflict)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
    now = queries.company(company_id)
    theirs = _differences(form, now) if status == 409 else {}
    return page("customers/company_form.html", form=form, company=now, like=None, theirs=theirs, status=status)


@bp.post("/contacts/<uuid:contact_id>/activities")
@needs(May.EDIT_CUSTOMERS)
def add_activity(contact_id: uuid.UUID) -> Response:
    """Note a call, e-mail, visit or note about a person."""
    found = queries.contact(contact_id)
    if found is None:
        raise Missing
    kind, body = request.form.get("kind", "note"), request.form.get("body", "")
    try:
        notes.add_activity(
            kind if kind in KINDS else "note", body, contact=found, by=principal().user_id, now=clock.now()
        )
        db.session.commit()
    except Refused as refusal:
        db.session.rollback()
        return _contact_page(contact_id, 422, refusal.message, body)
    return redirect(url_for(".contact", contact_id=contact_id), 303)


@bp.post("/undo/<uuid:act_id>")
@needs(May.EDIT_CUSTOMERS)
def undo(act_id: uuid.UUID) -> Response:
    """Take an edit back."""
    try:
        done = services.undo(act_id, by=principal().user_id, now=clock.now())
        db.session.commit()
        flash(_("Undone.") if not done.left_alone else _("Somebody changed it since, so it was left as it is."))
    except Refused as refusal:
        db.session.rollback()
        flash(refusal.message, "warn")
    back = request.headers.get("Referer", "")
    return redirect(back if back.startswith(request.host_url + "customers/") else url_for(".contacts"), 303)
