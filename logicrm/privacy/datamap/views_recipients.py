"""The register of recipients: who is in it, one entry, what really went out, and how the policy page names them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import Flask, abort, redirect, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from logicrm.core import clock, egress, files, mail, mail_delivery, today
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Conflict, Refused
from logicrm.core.filetypes import UnacceptableFile
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.phrases import ngettext
from logicrm.core.render import page
from logicrm.core.shell import _language as language
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.privacy import bp
from logicrm.privacy.datamap import desk, owner, papers, register, register_words, rules, words
from logicrm.privacy.datamap.forms import RecipientForm, typed
from logicrm.privacy.datamap.rules import Entry
from logicrm.privacy.datamap.views_map import FORMS
from logicrm.privacy.profile import Profile

LOG_DAYS = 30


def _policy() -> Profile:
    return desk.policy(desk.here(), clock.now())


@bp.get("/desk/recipients", endpoint="recipients")
@needs(May.VIEW_PRIVACY)
def recipient_list() -> Response:
    policy, day = _policy(), desk.today()
    entries = register.entries(policy)
    return page(
        "privacy/datamap/recipients.html", rooms=desk.tabs("recipients"), waiting=mail.waiting(), known=owner.known(),
        rows=[register_words.row(one, policy, rules.problems(one, policy, day)) for one in entries],
        log=egress.seen(day - timedelta(days=LOG_DAYS)), services=egress.SERVICES, codes=words.CODES,
        names={one.id: one.name for one in entries if one.id}, days=LOG_DAYS,
        files=[(form.upper(), url_for(".recipients_file", form=form)) for form in ("pdf", "csv", "json")],
    )  # fmt: skip


@bp.get(f"/desk/recipients.<{FORMS}:form>", endpoint="recipients_file")
@needs(May.VIEW_PRIVACY)
def recipients_file(form: str) -> Response:
    business, now, policy, day = desk.here(), clock.now(), _policy(), desk.today()
    rows = [register_words.row(one, policy, rules.problems(one, policy, day)) for one in register.entries(policy)]
    title = _("Recipients of data of %(business)s", business=business.facts.name)
    lead = _("Everybody outside who may receive personal data, what for, and what protects it there.")
    table = register_words.table(rows)
    sections = [{"title": _("Recipients"), "anchor": "recipients", "table": {"head": table[0], "rows": table[1:]}}]
    return papers.answer(
        form, f"recipients-{business.facts.slug}", lang=language(), rows=table,
        plain={"format": "logicrm.recipients/1", "recipients": [register_words.plain(one) for one in rows]},
        paper=papers.paper(title, lead, business.facts.name, sections, now) | {"contents": False},
    )  # fmt: skip


# One entry ----------------------------------------------------------------------------------------


@bp.get("/desk/recipients/new", endpoint="new_recipient")
@needs(May.VIEW_PRIVACY)
def new_recipient() -> Response:
    policy = _policy()
    asked = request.args
    begun = next(
        (
            one for one in register.entries(policy)
            if one.id is None and one.category == asked.get("job") and asked.get("host", "") in ("", *one.hosts)
        ),
        None,
    )  # fmt: skip
    form = _form(policy, formdata=None, data=typed(begun) if begun else {"hosts": asked.get("host", "")[:253]})
    return _entry_page(form, None, policy)


def _form(policy: Profile, entry: Entry | None = None, **kw: Any) -> RecipientForm:
    jobs = list(dict.fromkeys(one.category for one in policy.recipients))
    if entry is not None and entry.category not in jobs:
        jobs.append(entry.category)  # what stands there can be seen; saving says what is wrong with it
    return RecipientForm(jobs=jobs, **kw)


def _entry_page(form: RecipientForm, entry: Entry | None, policy: Profile, **more: Any) -> Response:
    found = rules.problems(entry, policy, desk.today()) if entry else []
    return page(
        "privacy/datamap/recipient.html", form=form, entry=entry, problems=found,
        revision=entry.revision if entry else 0, **more,
    )  # fmt: skip


@bp.get("/desk/recipients/<uuid:recipient_id>", endpoint="recipient")
@needs(May.VIEW_PRIVACY)
def show_recipient(recipient_id: uuid.UUID) -> Response:
    entry, policy = register.find(recipient_id) or abort(404), _policy()
    return _entry_page(_form(policy, entry, formdata=None, data=typed(entry)), entry, policy)


@bp.post("/desk/recipients/new", endpoint="add_recipient")
@needs(May.EDIT_PRIVACY)
def add_recipient() -> Response:
    return _save(None)


@bp.post("/desk/recipients/<uuid:recipient_id>", endpoint="save_recipient")
@needs(May.EDIT_PRIVACY)
def save_recipient(recipient_id: uuid.UUID) -> Response:
    return _save(register.find(recipient_id) or abort(404))


def _save(entry: Entry | None) -> Response:
    policy, text = _policy(), request.form.get("revision", "")
    form = _form(policy, entry)
    if form.validate_on_submit():
        try:
            _store(form, entry, policy, int(text) if text.isdigit() and len(text) < 9 else 0)
        except Conflict as conflict:
            db.session.rollback()
            fresh = register.find(entry.id) if entry and entry.id else None
            return _entry_page(form, fresh, policy, conflict=conflict.message, status=409)
        except UnacceptableFile as refusal:
            db.session.rollback()
            form.show(Refused(str(refusal), field="contract"))
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
        else:
            db.session.commit()
            flash(_("Saved in the register."))
            return redirect(url_for(".recipients"), 303)
    return _entry_page(form, entry, policy, status=422)


def _store(form: RecipientForm, entry: Entry | None, policy: Profile, revision: int) -> None:
    saved = register.save(
        entry.id if entry else None, form.values(), policy=policy, revision=revision, by=principal().user_id,
        now=clock.now(), today=desk.today(),
    )  # fmt: skip
    if form.contract.data and form.contract.data.filename:
        stored = files.save_upload(form.contract.data, "evidence", kind="contract", entity="recipient", entity_id=saved)
        db.session.flush()
        register.attach(saved, stored.id)
        if (old := _contract(entry)) is not None:
            files.delete(old)


def _contract(entry: Entry | None) -> files.StoredFile | None:
    """The stored contract of an entry, or None."""
    if entry is None or entry.contract_file_id is None:
        return None
    return db.session.scalar(select(files.StoredFile).where(files.StoredFile.id == entry.contract_file_id))


@bp.get("/desk/recipients/<uuid:recipient_id>/contract/download", endpoint="recipient_contract")
@needs(May.VIEW_PRIVACY)
def recipient_contract(recipient_id: uuid.UUID) -> Response:
    entry = register.find(recipient_id) or abort(404)
    return files.send_stored(_contract(entry) or abort(404))


@bp.post("/desk/recipients/public", endpoint="public_recipients")
@needs(May.EDIT_PRIVACY)
def public_recipients() -> Response:
    names = request.form.get("names") == "1"
    owner.show_names(names, revision=owner.known().revision, by=principal().user_id, now=clock.now())
    db.session.commit()
    flash(_("The policy page names the firms now.") if names else _("The policy page names the jobs only now."))
    return redirect(url_for(".recipients"), 303)


# Today --------------------------------------------------------------------------------------------


def install(app: Flask) -> None:
    """Tell whoever keeps the register when letters wait because of it."""
    today.today_section(app, 42, May.EDIT_PRIVACY, letters_that_wait)


def letters_that_wait(_now: Any) -> today.Section | None:
    """Letters whose way out is not in the register. Asks nothing while mail stays on this machine."""
    if egress.on_this_machine(mail_delivery.server()):
        return None
    number = mail.waiting()
    if not number:
        return None
    title = ngettext("%(num)d letter waits", "%(num)d letters wait", number)
    why = _("%(host)s is not let through", host=mail_delivery.server())
    rows = [today.Row(title, url_for("privacy.recipients"), why, "bad")]
    return today.Section(_l("Recipients of data"), url_for("privacy.recipients"), rows)
