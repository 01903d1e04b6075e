"""Policy, cookie policy and promises for anybody: the installation's, and each business's under its own name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import abort, jsonify, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, pdf, throttle, workspaces
from logicrm.core.access import Area, WorkspaceFacts, principal_or_none, public
from logicrm.core.render import page
from logicrm.core.shell import _language as language
from logicrm.core.workspaces import Business
from logicrm.privacy import bp, documents, policy, sites
from logicrm.privacy.datamap import register_words
from logicrm.privacy.sites import Site

#: Pages whose addresses do not begin with /privacy: those of one business, of a message, of a browser's question.
notices = Area("notices", __name__)

NAMES = "any(policy, cookies, promises)"
FORMS = "any(json, pdf)"


def named(slug: str) -> Site:
    """The site of a business as it is now, or 404."""
    return sites.of_business(business_of(slug))


def business_of(slug: str) -> Business:
    """The business in an address, or 404. Its policy says which cookies the page may ask for."""
    business = workspaces.by_slug(slug) or abort(404)
    sites.visit(business)
    return business


def legal_links(facts: WorkspaceFacts | None) -> dict[str, str]:
    """Where the policy, the cookies and the preference centre of the business are whose page one is on."""
    if facts is None or principal_or_none() is not None:
        return {name: url_for(f"privacy.{name}") for name in ("policy", "cookies", "preferences")}
    return {
        "policy": url_for("notices.policy_of", slug=facts.slug),
        "cookies": url_for("notices.cookies_of", slug=facts.slug),
        "preferences": url_for("privacy.preferences", site=facts.slug),
    }


@bp.get("/policy", endpoint="policy")
@public
def policy_page() -> Response:
    return _page("policy", sites.here())


@bp.get("/cookies", endpoint="cookies")
@public
def cookies_page() -> Response:
    return _page("cookies", sites.here())


@bp.get("/promises", endpoint="promises")
@public
def promises_page() -> Response:
    return _page("promises", sites.here())


@bp.get(f"/<{NAMES}:kind>.<{FORMS}:form>")
@public
def document(kind: str, form: str) -> Response:
    return _file(kind, form, sites.here())


@notices.get("/w/<slug>/privacy")
@public
def policy_of(slug: str) -> Response:
    return _page("policy", named(slug))


@notices.get("/w/<slug>/privacy/cookies")
@public
def cookies_of(slug: str) -> Response:
    return _page("cookies", named(slug))


@notices.get("/w/<slug>/privacy/promises")
@public
def promises_of(slug: str) -> Response:
    return _page("promises", named(slug))


@notices.get(f"/w/<slug>/privacy/<{NAMES}:kind>.<{FORMS}:form>")
@public
def document_of(slug: str, kind: str, form: str) -> Response:
    return _file(kind, form, named(slug))


@notices.get("/.well-known/gpc.json")
@public
def gpc_support() -> Response:
    known = sites.installation().profile
    since = {"lastUpdate": known.last_updated.isoformat()} if known.last_updated else {}
    return jsonify({"gpc": True, **since})


def _page(kind: str, site: Site) -> Response:
    lang, now = language(), clock.now()
    if kind == "promises":
        found = documents.promised(site, lang, now)
        values: dict[str, Any] = {
            "rows": found.rows, "counts": found.counts, "state_words": policy.STATES,
            "asked": documents.asked_words(found.asked),
        }  # fmt: skip
    else:
        known = documents.states(site, now) if kind == "policy" else None
        values = policy.page_values(documents.document(kind, site, lang), known)
        coming = site.newest if site.newest and site.newest.effective_at > now else None
        values |= {"version": site.version, "coming": coming, "coming_slug": site.slug}
        values["receiving"] = register_words.public(site) if kind == "policy" else None
    return page(f"privacy/{kind}.html", **values, **links(site, kind), business=site.name)


def links(site: Site, kind: str = "policy") -> dict[str, Any]:
    """Addresses of a site's public pages, under the names that the templates know."""
    if site.slug and request.blueprint == notices.name:
        slug: dict[str, Any] = {"slug": site.slug}
        found = {name: url_for(f"notices.{name}_of", **slug) for name in ("policy", "cookies", "promises")}
        files = {form: url_for("notices.document_of", kind=kind, form=form, **slug) for form in ("json", "pdf")}
    else:
        found = {name: url_for(f"privacy.{name}") for name in ("policy", "cookies", "promises")}
        files = {form: url_for("privacy.document", kind=kind, form=form) for form in ("json", "pdf")}
    return {
        "policy_url": found["policy"], "cookies_url": found["cookies"], "promises_url": found["promises"],
        "json_url": files["json"], "pdf_url": files["pdf"],
        "preferences_url": url_for("privacy.preferences", site=site.slug or None),
        "versions_url": url_for("notices.versions_of", slug=site.slug) if site.newest else "",
    }  # fmt: skip


def _file(kind: str, form: str, site: Site) -> Response:
    lang, now = language(), clock.now()
    if form == "json":
        made = documents.promises_json(site, lang, now) if kind == "promises" else documents.policy_json(
            kind, site, lang, now
        )  # fmt: skip
        if kind == "policy":
            made["recipients_now"] = register_words.public_json(register_words.public(site))
        return jsonify(made)
    if documents.kept_pdf(kind, site, lang) is None:
        guard()
    try:
        content = documents.pdf(kind, site, lang, now)
    except pdf.PdfFailed as fault:
        return page("privacy/no_pdf.html", status=503, why=str(fault), **links(site, kind), business=site.name)
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{kind}-{site.slug or "logicrm"}.pdf"'
    return response


def guard() -> None:
    """Making a PDF costs a second of a processor: strangers may ask for a few."""
    if not throttle.hit("policy-pdf", request.remote_addr or "", limit=20, per=timedelta(minutes=5)):
        abort(429)
