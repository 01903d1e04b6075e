"""Every version of a business's policy at an address of its own, and what changed from one to another; and the
answer to the banner that tells of a new one.
"""

from __future__ import annotations

from typing import Any

from flask import abort, has_request_context, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import access, clock, pdf, tenancy, workspaces
from logicrm.core.access import principal, public, signed_in
from logicrm.core.render import page
from logicrm.core.shell import _back as came_from
from logicrm.core.shell import _language as language
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import bp, documents, policy, sites, telling, versions, versions_diff
from logicrm.privacy.sites import Site
from logicrm.privacy.versions import Version
from logicrm.privacy.views_public import business_of, guard, links, notices


def _version(business: Business, number: int) -> Version:
    """One version, or 404. A coming one is as public as a past one: people can read what awaits them."""
    found = versions.published(business.facts)
    return found[number - 1] if 0 < number <= len(found) else abort(404)


@notices.get("/w/<slug>/privacy/versions")
@public
def versions_of(slug: str) -> Response:
    business = business_of(slug)
    site = sites.of_business(business)
    return page(
        "privacy/versions.html", slug=slug, rows=listed(business), **links(site), business=business.facts.name
    )  # fmt: skip


def listed(business: Business) -> list[dict[str, Any]]:
    """Every version with its state, the newest first: in force, coming, earlier, or replaced before it began."""
    now = clock.now()
    ruling = versions.ruling(business.facts, now)
    rows, soonest = [], None
    for one in reversed(versions.published(business.facts)):
        replaced = soonest is not None and one.effective_at >= soonest
        state = (
            "ruling" if one == ruling else "replaced" if replaced else "coming" if one.effective_at > now else "past"
        )
        rows.append({"version": one, "state": state})
        soonest = one.effective_at if soonest is None else min(soonest, one.effective_at)
    return rows


@notices.get("/w/<slug>/privacy/versions/<int:number>")
@public
def version_of(slug: str, number: int) -> Response:
    business = business_of(slug)
    site = sites.of_version(business, _version(business, number))
    state = next(row["state"] for row in listed(business) if row["version"] == site.version)
    return page(
        "privacy/policy.html", **policy.page_values(documents.document("policy", site, language())),
        **links(site) | _files(slug, number), business=site.name, version=site.version, state=state,
    )  # fmt: skip


def _files(slug: str, number: int) -> dict[str, str]:
    return {
        "pdf_url": url_for("notices.version_pdf", slug=slug, number=number),
        "json_url": url_for("notices.version_json", slug=slug, number=number),
    }


@notices.get("/w/<slug>/privacy/versions/<int:number>.json")
@public
def version_json(slug: str, number: int) -> Response:
    business = business_of(slug)
    version = _version(business, number)
    said = policy.as_json(documents.document("policy", sites.of_version(business, version), language()))
    return jsonify({**said, "version": documents.about(version), "content": versions.as_json(version.profile)})


@notices.get("/w/<slug>/privacy/versions/<int:number>.pdf")
@public
def version_pdf(slug: str, number: int) -> Response:
    business = business_of(slug)
    site = sites.of_version(business, _version(business, number))
    return _pdf(site, slug, number)


def _pdf(site: Site, slug: str, number: int) -> Response:
    lang = language()
    if documents.kept_pdf("policy", site, lang) is None:
        guard()
    try:
        content = documents.pdf("policy", site, lang, clock.now())
    except pdf.PdfFailed as fault:
        return page("privacy/no_pdf.html", status=503, why=str(fault), **links(site), business=site.name)
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="policy-{slug}-{number}.pdf"'
    return response


@notices.get("/w/<slug>/privacy/differences")
@public
def differences_of(slug: str) -> Response:
    business = business_of(slug)
    found = versions.published(business.facts)
    if len(found) < 2:
        abort(404)
    new = _asked("to", len(found), len(found))
    old = _asked("from", new - 1 or 1, len(found))
    before, after = found[old - 1], found[new - 1]
    changes = versions_diff.changes(before.profile, after.profile.data, language())
    return page(
        "privacy/differences.html", slug=slug, old=before, new=after, chapters=versions_diff.chapters(changes),
        numbers=[one.number for one in found], **links(sites.of_business(business)), business=business.facts.name,
    )  # fmt: skip


def _asked(name: str, otherwise: int, most: int) -> int:
    text = request.args.get(name, "")
    number = int(text) if text.isdigit() and len(text) < 9 else otherwise
    return number if 0 < number <= most else otherwise


# The banner ---------------------------------------------------------------------------------------


@bp.post("/seen", endpoint="seen")
@signed_in
def seen() -> Response:
    business = workspaces.by_id(principal().workspace.id) or abort(404)
    text = request.form.get("number", "")
    version = _version(business, int(text) if text.isdigit() and len(text) < 9 else 0)
    telling.seen(version.id, account_id=principal().user_id, now=clock.now())
    db.session.commit()
    return redirect(came_from(), 303)


def policy_banner() -> dict[str, object]:
    """What base.html includes until the person has seen the newest version: members, and customers in the portal."""
    if not has_request_context():
        return {"policy_banner": None}
    who, guest = access.principal_or_none(), tenancy.person()
    place = tenancy.current()
    if guest is not None and place is not None:
        business = workspaces.met(place) or workspaces.by_id(place)
        facts = business.facts if business else None
        new = telling.unseen(facts, subject_id=guest.subject_id) if facts else None
    elif who is not None and not who.in_grace and place == who.workspace.id:
        facts = who.workspace
        new = telling.unseen(facts, account_id=who.user_id)
    else:
        return {"policy_banner": None}
    if new is None or facts is None:
        return {"policy_banner": None}
    return {
        "policy_banner": "privacy/_policy_banner.html", "new_policy": new, "new_policy_slug": facts.slug,
        "new_policy_begun": new.effective_at <= clock.now(),
        "new_policy_action": url_for("portal.policy_seen", slug=facts.slug) if guest else url_for("privacy.seen"),
    }  # fmt: skip
