"""The letters of a breach: to the authority as a PDF, to the people by mail, each once. The callers commit."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask_babel import force_locale
from sqlalchemy import select, update

from logicrm.core import files, mail, words
from logicrm.core.pdf import paper_css, render_pdf
from logicrm.core.phrases import gettext as _
from logicrm.core.promises import promise
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import authorities, letters, versions, vocabulary
from logicrm.privacy.models import DataSubject
from logicrm.privacy.profile import Profile
from logicrm.privacy.registers import members
from logicrm.privacy.registers.models_breach import (
    DATA_KINDS,
    PEOPLE_KINDS,
    PHASES,
    RISKS,
    Breach,
    BreachNotice,
    BreachPerson,
)

BATCH = 100
MAX_PDF = 30 * 1024 * 1024


def to_authority(
    business: Business, breach: Breach, *, phase: str, extra: str, late_reason: str, lang: str, now: datetime
) -> bytes:
    """What GDPR Art. 33(3) asks for, as a letter on paper. Raises PdfFailed."""
    policy = versions.policy_in_force(business, breach.detected_at)
    with force_locale(lang):
        title = _("Notice of a personal data breach")
        html = letters.on_paper(
            "paper/breach_notice.html", lang=lang, title=title, workspace={"name": business.facts.name},
            authority=authorities.authority_for(policy.identity.country), number=breach.number,
            is_exercise=breach.is_exercise, phase=PHASES[phase], address=policy.identity.address,
            sections=_sections(policy, breach, extra, late_reason), written_on=words.show_datetime(now),
        )  # fmt: skip
        return render_pdf(html, css=[paper_css()], title=title, lang=lang, created=now)


def _sections(policy: Profile, breach: Breach, extra: str, late_reason: str) -> list[tuple[str, list[str]]]:
    """(heading, lines) in the order of the article."""
    unknown = _("Not known yet; it follows in a further notice.")
    when = [
        _("Found: %(at)s", at=words.show_datetime(breach.detected_at)),
        _("Known to concern personal data: %(at)s", at=words.show_datetime(breach.aware_at)),
        *([_("Began: %(at)s", at=words.show_datetime(breach.began_at))] if breach.began_at else []),
        *([_("Over: %(at)s", at=words.show_datetime(breach.ended_at))] if breach.ended_at else []),
    ]
    who = policy.identity
    contact = who.dpo_email or who.contact
    return [
        (_("When"), when),
        (_("What happened"), [breach.happened or unknown]),
        (_("Kinds of data"), _listed(DATA_KINDS, breach.data_kinds) or [unknown]),
        (
            _("People"),
            [
                *_listed(PEOPLE_KINDS, breach.people_kinds),
                _("About %(n)s people", n=words.show_number(breach.people_count)) if breach.people_count else unknown,
                *([_("About %(n)s records", n=words.show_number(breach.record_count))] if breach.record_count else []),
            ],
        ),
        (_("Likely consequences"), [breach.consequences or unknown]),
        (_("Measures taken or proposed"), [breach.measures or unknown]),
        (_("Risk"), [str(RISKS[breach.risk]), breach.reasons] if breach.risk else [unknown]),
        *([(_("Reasons for the delay"), [late_reason])] if late_reason else []),
        *([(_("In addition"), [extra])] if extra else []),
        (_("Data protection officer"), [line for line in (contact, ", ".join(who.dpo_address or who.address)) if line]),
    ]


def _listed(known: Any, names: list[str]) -> list[str]:
    return [str(known[name]) for name in names if name in known]


def keep(pdf: bytes, notice: BreachNotice, number: int) -> None:
    """Put the letter as it went into the file store, encrypted."""
    file = files.save(
        pdf, name=f"breach-{number}-{notice.phase}.pdf", kind="letter", max_bytes=MAX_PDF, entity="breach",
        entity_id=notice.breach_id, media_type="application/pdf",
    )  # fmt: skip
    db.session.flush()
    notice.file_id = file.id


@promise("P-NET-25")
@promise("P-TRACK-23")
def send_some(business: Business, notice: BreachNotice, breach: Breach, *, now: datetime, limit: int = BATCH) -> int:
    """Write to some of those whom this notice has not reached; return how many they are, 0 at the end.

    That somebody was told and their letter are one transaction, so nobody is told twice.
    """
    waiting = db.session.scalars(
        select(BreachPerson)
        .where(BreachPerson.breach_id == notice.breach_id, *_not_told(notice.id))
        .order_by(BreachPerson.id)
        .limit(limit)
    ).all()
    language = _languages([person.email for person in waiting])
    for person in waiting:
        moved = db.session.execute(
            update(BreachPerson)
            .where(BreachPerson.id == person.id, *_not_told(notice.id))
            .values(told_for=notice.id, told_at=now)
            .execution_options(synchronize_session=False)
        )
        if moved.rowcount == 1:  # type: ignore[attr-defined]
            _write(business, notice, breach, person, language.get(person.email) or business.facts.language or "en")
    return len(waiting)


def _not_told(notice_id: uuid.UUID) -> tuple[Any, ...]:
    return BreachPerson.asked_for == notice_id, BreachPerson.told_for.is_distinct_from(notice_id)


def _languages(emails: list[str]) -> dict[str, str]:
    """The language of those of whom we know one."""
    known = {one.email.lower(): one.language for one in members.all_members()}
    wanted = select(DataSubject.email, DataSubject.language).where(DataSubject.email.in_(emails))
    return {row.email: row.language for row in db.session.execute(wanted)} | known


def _write(business: Business, notice: BreachNotice, breach: Breach, person: BreachPerson, language: str) -> None:
    policy = versions.policy_in_force(business, breach.detected_at)
    who = policy.identity
    with force_locale(language):
        mail.send(
            person.email, "breach_told", mail_class=mail.TRANSACTIONAL, purpose="legal",
            subject_kind=BreachPerson.__tablename__, subject_id=person.id, language=language,
            business=business.facts.name, sender_name=business.facts.name, first=person.told_for is None,
            found_at=breach.detected_at, said=notice.words, kinds=_listed(vocabulary.DATA_CATEGORIES, breach.data_kinds),
            consequences=breach.consequences, measures=breach.measures, contact=who.dpo_email or who.contact,
            authority=authorities.authority_for(who.country),
        )  # fmt: skip
