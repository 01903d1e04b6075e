"""The cookie banner's answer, the preference centre, receipts, and unsubscribing. None of it needs a session: a
stranger's choice must not cost a cookie first, so these forms carry no token and rest on the Fetch-Metadata check.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import abort, current_app, has_request_context, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, tenancy, throttle, workspaces
from logicrm.core.access import public
from logicrm.core.render import page
from logicrm.core.security import any_site
from logicrm.core.shell import _back as came_from
from logicrm.core.shell import _language as language
from logicrm.extensions import csrf, db
from logicrm.privacy import bp, consent, contact, cookies_registry, gpc, receipts, sites, views_public, vocabulary
from logicrm.privacy.contact import Unsubscribe
from logicrm.privacy.views_public import notices


@bp.get("/preferences")
@public
def preferences() -> Response:
    _visiting(request.args.get("site", ""))
    return _preferences()


def _visiting(slug: str) -> None:
    """A stranger's choice is about the business on whose page the question was asked; the form names it."""
    business = workspaces.by_slug(slug) if slug else None
    if business is not None:
        sites.visit(business)


def _preferences(*, status: int = 200) -> Response:
    made = consent.current()
    kinds = [
        {
            "name": name, "words": vocabulary.COOKIE_CATEGORIES[name], "why": vocabulary.COOKIE_REASONS[name],
            "on": consent.allowed(name), "held_back": gpc.signalled() and name in gpc.OBJECTED,
            "cookies": [one for one in cookies_registry.registered() if one.category == name],
        }
        for name in consent.gate_profile().cookie_categories
    ]  # fmt: skip
    return page(
        "privacy/preferences.html", status=status, kinds=kinds, made=made, signalled=gpc.signalled(),
        saved="saved" in request.args, lasts=consent.gate_profile().cookie_choice, business=asked_by(),
        **asked_on(),
    )  # fmt: skip


def asked_by() -> str:
    """The name over the page: of the business whose cookies are chosen about, else of the installation."""
    facts = sites.visited()
    return facts.name if facts else sites.installation().name


def asked_on() -> dict[str, str]:
    """What the forms about cookies carry along: on whose page they stand ("" for the installation's)."""
    facts = sites.visited()
    return {"cookie_site": facts.slug if facts else ""}


@bp.post("/choice", endpoint="choose")
@csrf.exempt
@public
def choose() -> Response:
    _visiting(request.form.get("site", ""))
    how = request.form.get("do", "")
    optional = set(consent.optional_categories())
    wanted = {
        consent.ACCEPT: optional,
        consent.REJECT: set(),
        consent.GPC: optional - gpc.OBJECTED if consent.allowed("preference") else set(),
        consent.CHOOSE: optional & set(request.form.getlist("allow")),
    }.get(how)
    if wanted is None:
        abort(400)
    made = consent.choose(wanted, how, language=language(), now=clock.now())
    db.session.commit()
    back = (
        came_from()
        if how != consent.CHOOSE
        else url_for("privacy.preferences", saved=1, site=request.form.get("site") or None)
    )
    return consent.remember(redirect(back, 303), made)


@bp.get("/receipts/<uuid:choice_id>.json")
@public
def receipt(choice_id: uuid.UUID) -> Response:
    found = consent.mine(choice_id)
    if found is None:
        abort(404)
    made_on = workspaces.by_id(found.workspace_id) if found.workspace_id else None
    site = sites.of_business(made_on) if made_on else sites.installation()
    return as_download(receipts.as_file(receipts.of_cookies(found, site)), f"cookie-choice-{choice_id}.json")


def as_download(content: bytes, name: str) -> Response:
    """A JSON file to keep."""
    response = Response(content, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@bp.get("/receipts/verify", endpoint="verify_form")
@public
def verify_form() -> Response:
    return page("privacy/receipt.html", text="", genuine=None, asked=False)


@bp.post("/receipts/verify", endpoint="verify")
@csrf.exempt
@public
def verify() -> Response:
    if not throttle.hit("receipt", request.remote_addr or "", limit=60, per=timedelta(minutes=5)):
        abort(429)
    text = request.form.get("receipt", "")
    genuine = receipts.genuine(text)
    return page(
        "privacy/receipt.html",
        status=200 if genuine else 422,
        text=text[: receipts.LONGEST],
        genuine=genuine,
        asked=True,
    )


# Unsubscribing: RFC 8058 -------------------------------------------------------------------------


@notices.get("/u/<token>")
@public
def unsubscribe(token: str) -> Response:
    """Ask. Mail scanners open every link of a message, so opening stops nothing."""
    return _unsubscribe_page(_link(token), token, done=False)


@notices.post("/u/<token>", endpoint="unsubscribe_now")
@any_site
@csrf.exempt
@public
def unsubscribe_now(token: str) -> Response:
    """Stop. Mailboxes post here without a cookie and from their own site; whoever has the link may."""
    link = _link(token)
    everything = request.form.get("what") == "everything"
    contact.stop(link, everything=everything, now=clock.now())
    db.session.commit()
    return _unsubscribe_page(link, token, done=True, everything=everything)


def _link(token: str) -> Unsubscribe:
    link = contact.read_link(token)
    if link is None or workspaces.by_id(link.workspace_id) is None or link.purpose not in vocabulary.PURPOSES:
        abort(404)
    tenancy.enter(link.workspace_id)
    return link


def _unsubscribe_page(link: Unsubscribe, token: str, *, done: bool, everything: bool = False) -> Response:
    business = workspaces.by_id(link.workspace_id)
    assert business is not None
    return page(
        "privacy/unsubscribe.html", business=business.facts.name, slug=business.facts.slug, token=token, done=done,
        everything=everything, purpose=vocabulary.PURPOSES[link.purpose],
        portal="portal.door" in current_app.view_functions,
    )  # fmt: skip


def banners() -> dict[str, object]:
    """What base.html includes on every page: the cookie banner until there is a choice, and links to the policy."""
    if not has_request_context():
        return {"cookie_banner": None}
    legal = {"legal": views_public.legal_links(sites.visited())}
    if request.endpoint in QUIET or consent.current() is not None:
        return {"cookie_banner": None, "gpc_signalled": False, **legal}
    return {
        **legal,
        "cookie_banner": "privacy/_banner.html", "gpc_signalled": gpc.signalled(), "cookie_heading": consent.HEADING,
        "cookie_text": consent.TEXT, "gpc_heading": consent.GPC_HEADING, "gpc_text": consent.GPC_TEXT, **asked_on(),
    }  # fmt: skip


#: Where a banner would stand in the way of the very thing that it asks.
QUIET = frozenset({"privacy.preferences", "privacy.cookies", "notices.cookies_of"})
