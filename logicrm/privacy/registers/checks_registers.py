"""Checks of the registers: were breaches looked into, told in time and to everybody, and data given as promised?

They read rows and count hours by themselves, without the clocks that the register uses.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from logicrm.core import mail
from logicrm.core.checks import Checked, check
from logicrm.core.mail import MailState
from logicrm.extensions import db
from logicrm.privacy.registers.models import Disclosure, DisclosureState
from logicrm.privacy.registers.models_breach import AUTHORITY, FIRST, PEOPLE, Breach, BreachNotice, BreachPerson

PROMPTLY = timedelta(hours=24)  # from finding to looking into it: our own measure of "at once"
LETTERS_WITHIN = timedelta(hours=6)  # from the decision to write until the last letter has left
COUNTED = timedelta(days=365)  # a notice that was late shows for a year
UNDUE = timedelta(hours=72)  # from the decision that the risk is high: our own measure of "undue delay"


@check("breach.triage")
def breaches_are_looked_into(now: datetime) -> Checked | None:
    """Every incident and every exercise of the year: looked into within a day of being found. None: nothing to see."""
    rows = db.session.execute(
        select(Breach.detected_at, Breach.triaged_at).where(Breach.detected_at >= now - COUNTED)
    ).all()
    if not rows:
        return None
    return Checked(len(rows), sum((done or now) - found > PROMPTLY for found, done in rows))


def _real(now: datetime) -> list[Breach]:
    wanted = select(Breach).where(Breach.is_exercise.is_(False), Breach.detected_at >= now - COUNTED)
    return list(db.session.scalars(wanted))


def _first(audience: str) -> dict[object, datetime]:
    """When the first notice to these went out, by breach."""
    wanted = select(BreachNotice.breach_id, func.min(BreachNotice.sent_at)).where(
        BreachNotice.audience == audience, BreachNotice.phase == FIRST
    )
    return {row[0]: row[1] for row in db.session.execute(wanted.group_by(BreachNotice.breach_id))}


@check("breach.authority")
def the_authority_hears_in_time(now: datetime) -> Checked | None:
    """Each real breach that may be a risk: told by its time, or the time is not up. A late one counts for a year."""
    rows = _real(now)
    if not rows:
        return None
    sent = _first(AUTHORITY)
    wrong = [
        breach
        for breach in rows
        if breach.risk != "none" and breach.authority_due_at and sent.get(breach.id, now) > breach.authority_due_at
    ]
    return Checked(len(rows), len(wrong))


@check("breach.people")
def everybody_affected_is_told(now: datetime) -> Checked | None:
    """Everybody on the list of a real breach: the letter that was decided on has left, and none waits that was not."""
    rows = _real(now)
    if not rows:
        return None
    sent = _first(PEOPLE)
    untold = [
        breach
        for breach in rows
        if breach.id not in sent
        and ((breach.risk == "high" and _age(breach.decided_at, now) > UNDUE) or _late(breach, now))
    ]
    late = [
        breach
        for breach in rows
        if breach.id in sent and breach.people_due_at and sent[breach.id] > breach.people_due_at
    ]
    ids = [breach.id for breach in rows]
    listed = (BreachPerson.breach_id.in_(ids), BreachPerson.asked_for.is_not(None))
    everybody = db.session.scalar(select(func.count()).where(*listed)) or 0
    waiting = db.session.scalar(
        select(func.count()).where(
            *listed,
            BreachPerson.told_for.is_distinct_from(BreachPerson.asked_for),
            BreachPerson.asked_at <= now - LETTERS_WITHIN,
        )
    )
    held = db.session.scalar(
        select(func.count())
        .select_from(mail.OutgoingMail)
        .join(BreachPerson, BreachPerson.id == mail.OutgoingMail.subject_id)
        .where(*listed, mail.OutgoingMail.state.in_((MailState.WITHHELD, MailState.FAILED)))
    )
    return Checked(everybody + len(rows), len(untold) + len(late) + (waiting or 0) + (held or 0))


def _late(breach: Breach, now: datetime) -> bool:
    return breach.risk != "none" and breach.people_due_at is not None and breach.people_due_at < now


def _age(at: datetime | None, now: datetime) -> timedelta:
    return now - at if at else timedelta(0)


@check("disclosures")
def data_is_given_as_promised(now: datetime) -> Checked | None:
    """Everything given in a year: two people decided, the letter is there, and the people were told or it says why not.

    An empty register is something seen: that it is complete is the word of people, whose control stands beside this.
    """
    wanted = select(Disclosure).where(Disclosure.asked_at >= now - COUNTED)
    rows = list(db.session.scalars(wanted))
    wrong = [
        row
        for row in rows
        if row.state == DisclosureState.GIVEN
        and (
            not row.four_eyes
            or row.file_id is None
            or (row.recorded_by is not None and row.recorded_by == row.decided_by)
        )
    ]
    return Checked(len(rows), len(wrong))
