"""The desk's pages on keeping: what retention did, what it would do now, rules let past the brake, holds."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from flask import redirect, request, url_for
from flask_babel import format_date
from sqlalchemy import select
from werkzeug.wrappers import Response

from logicrm.core import audit, clock, jobs, workspaces
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Missing, Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.render import page
from logicrm.core.schema import new_id
from logicrm.core.shell import _language as language
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.privacy import bp, retention, versions, vocabulary, walk
from logicrm.privacy.profile import Profile
from logicrm.privacy.retaining import accounts, history, holds
from logicrm.privacy.retaining.models import CLASS, RECORD, SUBJECT, LegalHold, RetentionRelease
from logicrm.privacy.show import Show
from logicrm.privacy.subjects import known

WOULD = {
    retention.DELETE: _l("would be deleted"), retention.ANONYMISE: _l("would be made anonymous"),
    retention.RESTRICT: _l("would be locked away"),
}  # fmt: skip
SCOPES = {RECORD: _l("One record"), SUBJECT: _l("All about one person"), CLASS: _l("A whole class of data")}


def _policy(now: datetime) -> Profile:
    business = workspaces.by_id(principal().workspace.id)
    if business is None:
        raise Missing
    return versions.policy_in_force(business, now)


@bp.get("/desk/retention", endpoint="retention_history")
@needs(May.VIEW_PRIVACY)
def retention_history() -> Response:
    now = clock.now()
    profile = _policy(now)
    lines, missing = history.classes(profile, now=now)
    return page(
        "privacy/retention.html", lines=lines, missing=[str(vocabulary.DATA_CLASSES[name]) for name in missing],
        next_run=history.next_run(now), show=Show(profile, language()), chart=_chart,
        warned=accounts.about_to_go(profile, now=now), holds=len(holds.in_force(now)),
    )  # fmt: skip


def _chart(line: history.ClassLine) -> list[tuple[str, int]]:
    """(day, rows removed) of the last runs, the oldest first."""
    return [(format_date(one.at, "d"), one.acted) for one in reversed(line.runs)]


@bp.get("/desk/retention/now", endpoint="retention_preview")
@needs(May.VIEW_PRIVACY)
def retention_preview() -> Response:
    return _preview()


def _preview(refusal: Refused | None = None, *, executor: str = "", status: int = 200) -> Response:
    now = clock.now()
    return page(
        "privacy/retention_preview.html", outcomes=history.preview(_policy(now), now=now), would=WOULD, status=status,
        stops=retention.stops, label_of=history.label_of, classes=vocabulary.DATA_CLASSES, refusal=refusal,
        refused=executor, typed=request.form, now=now,
    )  # fmt: skip


@bp.post("/desk/retention/let-run", endpoint="retention_let_run")
@needs(May.EDIT_PRIVACY)
def retention_let_run() -> Response:
    executor, reason, who, now = (
        request.form.get("executor", ""),
        request.form.get("reason", ""),
        principal(),
        clock.now(),
    )
    if not who.fresh:
        flash(_("Nothing was started yet. Confirm that it is you, then do it again."), "warn")
        return redirect(url_for("accounts.prove_form", next=url_for(".retention_preview")), 303)
    if history.may_be_released(executor) is None:
        raise Missing
    outcome = next((o for o in history.preview(_policy(now), now=now) if o.rule.executor == executor), None)
    if outcome is None or not retention.stops(outcome):
        return _preview(Refused(_("This rule is not stopped any more.")), executor=executor, status=409)
    if not reason.strip() or len(reason) > 300:
        refusal = Refused(_("Say why in 1 to %(n)s characters.", n=300), field="reason")
        return _preview(refusal, executor=executor, status=422)
    made = RetentionRelease(
        id=new_id(), executor=executor, due=outcome.due, reason=" ".join(reason.split()), released_by=who.user_id,
        released_at=now,
    )  # fmt: skip
    db.session.add(made)
    audit.record("retention.let_run", made, actor=who.user_id, executor=executor, rows=outcome.due)
    jobs.enqueue("privacy.retain_here", args={"release": made.id}, key=f"retain:{made.id}")
    db.session.commit()
    flash(_("It runs now, this once. The history shows what it did."))
    return redirect(url_for(".retention_history"), 303)


# Holds --------------------------------------------------------------------------------------------


@bp.get("/desk/holds", endpoint="holds")
@needs(May.VIEW_PRIVACY)
def hold_list() -> Response:
    return _holds()


def _holds(refusal: Refused | None = None, *, status: int = 200) -> Response:
    now = clock.now()
    kinds = [(name, walk.label_of(model)) for name, model in holds.tables().items()]
    return page(
        "privacy/holds.html", holds=holds.every_hold(), active={one.id for one in holds.in_force(now)}, scopes=SCOPES,
        grounds=vocabulary.HOLD_GROUNDS, classes=vocabulary.DATA_CLASSES, kinds=kinds, refusal=refusal,
        typed=request.form, status=status, people=_people(), what=lambda hold: _what(hold, dict(kinds)),
    )  # fmt: skip


def _people() -> dict[uuid.UUID, str]:
    """Names of the members of this workspace, to show who set a hold."""
    user, member = db.metadata.tables["user"], db.metadata.tables["membership"]
    rows = select(user.c.id, user.c.name).join(member, member.c.user_id == user.c.id)
    found = db.session.execute(rows.where(member.c.workspace_id == principal().workspace.id))
    return {row.id: row.name for row in found}


def _what(hold: LegalHold, kinds: dict[str, str]) -> str:
    if hold.scope == RECORD:
        return f"{kinds.get(hold.table_name, hold.table_name)} {str(hold.record_id)[-12:]}"
    if hold.scope == CLASS:
        return str(vocabulary.DATA_CLASSES.get(hold.data_class, hold.data_class))
    return _("%(who)s %(key)s", who=_("Customer") if hold.subject_kind == "person" else _("Account"),
             key=str(hold.subject_id)[-12:])  # fmt: skip


@bp.post("/desk/holds", endpoint="set_hold")
@needs(May.EDIT_PRIVACY)
def set_hold() -> Response:
    form: Any = request.form
    kind, subject_id = _subject(form.get("subject", "")) if form.get("scope") == SUBJECT else ("", None)
    try:
        holds.place(
            scope=form.get("scope", ""), table_name=form.get("table_name", ""), record_id=_id(form.get("record_id", "")),
            subject_kind=kind, subject_id=subject_id, data_class=form.get("data_class", ""),
            ground=form.get("ground", ""), reason=form.get("reason", ""), until=_day(form.get("until", "")),
            by=principal().user_id, now=clock.now(),
        )  # fmt: skip
    except Refused as refusal:
        db.session.rollback()
        return _holds(refusal, status=422)
    db.session.commit()
    flash(_("The hold is set. Neither retention nor an erasure touches what it keeps."))
    return redirect(url_for(".holds"), 303)


@bp.post("/desk/holds/<uuid:hold_id>/lift", endpoint="lift_hold")
@needs(May.EDIT_PRIVACY)
def lift_hold(hold_id: uuid.UUID) -> Response:
    try:
        holds.lift(hold_id, reason=request.form.get("lift_reason", ""), by=principal().user_id, now=clock.now())
    except Refused as refusal:
        db.session.rollback()
        return _holds(refusal, status=422)
    db.session.commit()
    flash(_("The hold is lifted. What only it kept goes when its time is over."))
    return redirect(url_for(".holds"), 303)


def _subject(address: str) -> tuple[str, uuid.UUID | None]:
    """A customer of this workspace by address, else one of its members."""
    person = known(address) if address.strip() else None
    if person is not None:
        return "person", person.id
    user, member = db.metadata.tables["user"], db.metadata.tables["membership"]
    row = db.session.scalar(
        select(user.c.id)
        .join(member, member.c.user_id == user.c.id)
        .where(user.c.email == address.strip().lower(), member.c.workspace_id == principal().workspace.id)
    )
    return "account", row


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(_("Choose a day."), field="until") from None
