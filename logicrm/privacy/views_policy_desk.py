"""The desk's pages on the policy: what rules, the draft part by part, what publishing would do, publishing."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Flask, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, today, workspaces
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Conflict, Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.render import page
from logicrm.core.shell import _language as language
from logicrm.core.shell import flash
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import (
    bp,
    drafts,
    policy,
    policy_fields,
    policy_forms,
    profile,
    publishing,
    versions,
    versions_diff,
    vocabulary,
)  # fmt: skip


def _here() -> Business:
    return workspaces.by_id(principal().workspace.id) or abort(404)


@bp.get("/desk/policy", endpoint="policy_desk")
@needs(May.VIEW_PRIVACY)
def policy_desk() -> Response:
    business, now = _here(), clock.now()
    ruling = versions.ruling(business.facts, now)
    coming = [one for one in versions.published(business.facts) if one.effective_at > now]
    return page(
        "privacy/policy_desk.html", business_slug=business.facts.slug, ruling=ruling, coming=coming,
        rules=versions.policy_in_force(business, now), draft=drafts.current(business, now), **_parts(business),
    )  # fmt: skip


def _parts(business: Business) -> dict[str, Any]:
    draft = drafts.current(business, clock.now())
    return {
        "parts": [(name, title) for name, (title, _fields) in policy_fields.PARTS.items()],
        "lists": [
            (policy_fields.KEEPING, "retention", drafts.keeping_rows(draft.document)),
            (policy_fields.WHY, "purpose", drafts.purpose_rows(draft.document)),
        ],
        "profiles": [(name, profile.load(name).title) for name in profile.available()],
    }


@bp.post("/desk/policy/start", endpoint="start_policy")
@needs(May.EDIT_PRIVACY)
def start_policy() -> Response:
    business, source = _here(), request.form.get("profile", "")
    if source not in profile.available():
        abort(404)
    try:
        drafts.start(business, source, revision=_number("revision"), by=principal().user_id, now=clock.now())
    except Conflict as conflict:
        return _again(conflict, "privacy.policy_desk")
    db.session.commit()
    flash(_("The draft begins with the figures of that profile, and with your name and addresses."))
    return redirect(url_for(".policy_desk"), 303)


@bp.post("/desk/policy/discard", endpoint="discard_policy")
@needs(May.EDIT_PRIVACY)
def discard_policy() -> Response:
    try:
        drafts.discard(by=principal().user_id, revision=_number("revision"))
    except Conflict as conflict:
        return _again(conflict, "privacy.policy_desk")
    db.session.commit()
    flash(_("The draft is gone. What is published rules as before."))
    return redirect(url_for(".policy_desk"), 303)


def _again(conflict: Conflict, endpoint: str) -> Response:
    db.session.rollback()
    flash(conflict.message, "warn")
    return redirect(url_for(endpoint), 303)


def _number(name: str) -> int:
    text = request.form.get(name, "")
    return int(text) if text.isdigit() and len(text) < 9 else 0


# One part -----------------------------------------------------------------------------------------


@bp.get("/desk/policy/part", endpoint="policy_part")
@needs(May.VIEW_PRIVACY)
def policy_part() -> Response:
    business = _here()
    part = request.args.get("part", "identity")
    draft = drafts.current(business, clock.now())
    try:
        shown = policy_forms.groups(part, draft.document)
    except LookupError:
        abort(404)
    return _part_page(part, shown, draft.revision)


@bp.post("/desk/policy/part", endpoint="save_policy_part")
@needs(May.EDIT_PRIVACY)
def save_policy_part() -> Response:
    business, part, now = _here(), request.form.get("part", ""), clock.now()
    try:
        refused = drafts.save(
            business, part, request.form, revision=_number("revision"), by=principal().user_id, now=now
        )
    except LookupError:
        abort(404)
    except Conflict as conflict:
        db.session.rollback()
        # The next press saves over the newer draft: the person has been told, and what they typed is not lost.
        shown = policy_forms.groups(part, drafts.current(business, now).document)
        policy_forms.show_typed(shown, request.form, {})
        return _part_page(part, shown, drafts.current(business, now).revision, conflict=conflict.message, status=409)
    if refused is not None:
        db.session.rollback()
        return _part_page(part, refused, _number("revision"), status=422)
    db.session.commit()
    flash(_("Saved in the draft. Nothing is published yet."))
    return redirect(url_for(".policy_desk"), 303)


def _part_page(
    part: str, shown: list[policy_forms.Group], revision: int, *, conflict: str = "", status: int = 200
) -> Response:
    first, _dot, name = part.partition(".")
    above, names = {
        "retention": (policy_fields.KEEPING, vocabulary.DATA_CLASSES), "purpose": (policy_fields.WHY, vocabulary.PURPOSES)
    }.get(first, ("", {}))  # fmt: skip
    title = policy_fields.PARTS[part][0] if part in policy_fields.PARTS else names[name]
    errors = [one for group in shown for one in group.inputs if one.error]
    return page(
        "privacy/policy_part.html", part=part, title=title, groups=shown, revision=revision, errors=errors,
        conflict=conflict, above=above, status=status,
    )  # fmt: skip


# Publishing ---------------------------------------------------------------------------------------


@bp.get("/desk/policy/publish", endpoint="publish_form")
@needs(May.VIEW_PRIVACY)
def publish_form() -> Response:
    return _publish_page()


def _publish_page(refusal: Refused | None = None, *, status: int = 200) -> Response:
    business, now, lang = _here(), clock.now(), language()
    found = publishing.review(business, by=principal().user_id, lang=lang, now=now)
    document = removals = None
    if found.known is not None:
        document = policy.policy_document(found.known, workspace_name=business.facts.name, lang=lang)
        removals = publishing.removals(business, found.known, now=now)
    return page(
        "privacy/policy_publish.html", status=status, review=found, chapters=versions_diff.chapters(found.changes),
        document=document, removals=removals, classes=vocabulary.DATA_CLASSES, newest=business.facts.policy,
        refusal=refusal, typed=request.form, states=None, longest=publishing.LONGEST_SUMMARY,
    )  # fmt: skip


@bp.post("/desk/policy/publish", endpoint="publish")
@needs(May.EDIT_PRIVACY)
def publish() -> Response:
    if not principal().fresh:
        flash(_("Nothing was published yet. Confirm that it is you, then do it again."), "warn")
        return redirect(url_for("accounts.prove_form", next=url_for(".publish_form")), 303)
    try:
        made = publishing.publish(
            _here(), revision=_number("revision"), newest=_number("newest"), effective_on=_day("effective_on"),
            raised="raised" in request.form, summary=request.form.get("summary", ""), by=principal().user_id,
            lang=language(), now=clock.now(),
        )  # fmt: skip
    except Refused as refusal:
        db.session.rollback()
        return _publish_page(refusal, status=409 if isinstance(refusal, Conflict) else 422)
    number = made.number
    db.session.commit()
    flash(_("Version %(number)s is published.", number=number))
    return redirect(url_for(".policy_desk"), 303)


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        raise Refused(_("Choose a day."), field=name) from None


# Today --------------------------------------------------------------------------------------------


def install(app: Flask) -> None:
    """Tell the Today page when the policy is published."""
    today.today_section(app, 45, May.EDIT_PRIVACY, published_yet)


def published_yet(_now: Any) -> today.Section | None:
    """Ends the first step "Publish your privacy policy". Costs no statement: the number is part of the workspace."""
    return today.Section(
        _l("Privacy policy"), url_for("privacy.policy_desk"), started=bool(principal().workspace.policy), key="policy"
    )
