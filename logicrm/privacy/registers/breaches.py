"""The register of breaches: found, looked into, decided, told, closed. The callers commit.

Every move is a conditional UPDATE. Later than its time a notice needs a reason, in the law's own words an "explanation
of the delay"; the register does not let one be left out.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from logicrm.core import audit, jobs
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.promises import promise
from logicrm.core.schema import new_id
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import versions
from logicrm.privacy.registers import breach_clock
from logicrm.privacy.registers.models_breach import (
    AUTHORITY,
    DATA_KINDS,
    FIRST,
    FURTHER,
    OPEN,
    PEOPLE,
    PEOPLE_KINDS,
    RISKS,
    WAYS,
    Breach,
    BreachNotice,
    BreachPerson,
    BreachState,
)

TOLD = ("risk", "high")  # of these the authority hears
LONGEST = 5000
TRIES = 3


@dataclass(frozen=True)
class Facts:
    """What is known of a breach. Times are aware; counts may be None while nobody knows."""

    title: str
    happened: str
    data_kinds: tuple[str, ...] = ()
    people_kinds: tuple[str, ...] = ()
    people_count: int | None = None
    record_count: int | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None

    def values(self) -> dict[str, Any]:
        """The columns, with what is not of the vocabulary refused."""
        if not self.title.strip():
            raise Refused(_("Give it a name by which the desk speaks of it."), field="title")
        if set(self.data_kinds) - set(DATA_KINDS) or set(self.people_kinds) - set(PEOPLE_KINDS):
            raise Refused(_("Choose from the list."), field="data_kinds")
        if self.began_at and self.ended_at and self.ended_at < self.began_at:
            raise Refused(_("It cannot be over before it began."), field="ended_at")
        return {
            "title": self.title.strip()[:150], "happened": self.happened.strip()[:LONGEST],
            "data_kinds": list(self.data_kinds), "people_kinds": list(self.people_kinds),
            "people_count": self.people_count, "record_count": self.record_count, "began_at": self.began_at,
            "ended_at": self.ended_at,
        }  # fmt: skip


def record(
    business: Business, facts: Facts, *, detected_at: datetime, aware_at: datetime | None, is_exercise: bool,
    by: uuid.UUID, now: datetime,
) -> Breach:  # fmt: skip
    """Open a breach; its clocks run from now on. `aware_at`: when it was known that personal data is concerned.

    Refuses times to come, and a knowledge earlier than the finding. Unknown: the finding counts, which is stricter.
    """
    aware_at = aware_at or detected_at
    if detected_at > now:
        raise Refused(_("This time is still to come."), field="detected_at")
    if aware_at > now:
        raise Refused(_("This time is still to come."), field="aware_at")
    if aware_at < _minute(detected_at):
        raise Refused(_("Nobody knew before it was found."), field="aware_at")
    policy = versions.policy_in_force(business, detected_at)
    due = breach_clock.of_breach(policy, detected_at=detected_at, aware_at=aware_at)
    values = facts.values()
    made = _numbered(
        Breach,
        lambda number: Breach(
            id=new_id(), number=number, is_exercise=is_exercise, state=BreachState.FOUND, detected_at=detected_at,
            aware_at=aware_at, authority_due_at=due.authority.due_at, authority_by=due.authority.by,
            people_due_at=due.people.due_at if due.people else None, recorded_at=now, recorded_by=by, **values,
        ),
    )  # fmt: skip
    audit.record("breach.recorded", made, actor=by, number=made.number, exercise=is_exercise)
    return made


def _numbered(model: Any, make: Any) -> Any:
    """Add a row with the next number of this workspace; two who ask at once get two."""
    for _attempt in range(TRIES):
        number = (db.session.scalar(select(func.max(model.number))) or 0) + 1
        try:
            with db.session.begin_nested():
                made = make(number)
                db.session.add(made)
            return made
        except IntegrityError:  # somebody else was faster: the next one
            continue
    raise Refused(_("Somebody else is writing at this moment. Please try again."))


def change(breach_id: uuid.UUID, facts: Facts, *, by: uuid.UUID) -> None:
    """Write down what else became known. Refuses a closed breach."""
    if not _move(breach_id, OPEN, **facts.values()):
        raise Refused(_("This breach is closed. Open it again first."))
    audit.record("breach.changed", object_kind="breach", object_id=breach_id, actor=by)


@promise("P-NET-24")
@promise("P-LOGI-27")
def triage(breach_id: uuid.UUID, *, at: datetime, measures: str, by: uuid.UUID, now: datetime) -> None:
    """Somebody has looked into it, and said what was done at once. Refuses a second time, and a time that cannot be."""
    breach = _one(breach_id)
    if at > now or at < _minute(breach.detected_at):
        raise Refused(_("This is before it was found, or still to come."), field="at")
    if not measures.strip():
        raise Refused(_("Say what was done at once, or why nothing could be."), field="measures")
    moved = _move(
        breach_id, [BreachState.FOUND], state=BreachState.TRIAGED, triaged_at=at, measures=measures.strip()[:LONGEST]
    )
    if not moved:
        raise Refused(_("Somebody has done this already."))
    audit.record("breach.triaged", object_kind="breach", object_id=breach_id, actor=by)


def _minute(moment: datetime) -> datetime:
    """A form knows whole minutes only."""
    return moment.replace(second=0, microsecond=0)


def decide(
    breach_id: uuid.UUID, *, risk: str, reasons: str, consequences: str, measures: str, by: uuid.UUID, now: datetime
) -> None:
    """Judge the risk, which says who is told. May be judged anew until it is closed. Refuses a judgement without reasons."""
    if risk not in RISKS:
        raise Refused(_("Choose how high the risk is."), field="risk")
    for name, value in (("reasons", reasons), ("consequences", consequences), ("measures", measures)):
        if not value.strip():
            raise Refused(_("Fill this in: the law asks for it, whatever the decision."), field=name)
    said = {"reasons": reasons, "consequences": consequences, "measures": measures}
    moved = _move(
        breach_id, [BreachState.TRIAGED, BreachState.DECIDED], state=BreachState.DECIDED, risk=risk, decided_at=now,
        decided_by=by, **{name: value.strip()[:LONGEST] for name, value in said.items()},
    )  # fmt: skip
    if not moved:
        raise Refused(_("First somebody looks into it and writes down what was done at once."))
    audit.record("breach.decided", object_kind="breach", object_id=breach_id, actor=by, risk=risk)


@promise("P-NET-27")
def tell_authority(
    breach_id: uuid.UUID, *, way: str, reference: str, sent_at: datetime, late_reason: str, words: str, by: uuid.UUID,
    now: datetime,
) -> BreachNotice:  # fmt: skip
    """Write down a notice to the authority, the first or a further one. Late without a reason is refused."""
    breach = _one(breach_id)
    if way not in WAYS:
        raise Refused(_("Choose how the authority got it."), field="way")
    if sent_at > now or sent_at < _minute(breach.detected_at):
        raise Refused(_("This is before it was found, or still to come."), field="sent_at")
    if breach.state == BreachState.CLOSED:
        raise Refused(_("This breach is closed. Open it again first."))
    first = not _told(breach_id, AUTHORITY)
    due_at = breach.authority_due_at if first else None
    made = BreachNotice(
        id=new_id(), breach_id=breach_id, audience=AUTHORITY, phase=FIRST if first else FURTHER,
        words=words.strip()[:LONGEST], way=way, reference=reference.strip()[:100], sent_at=sent_at, due_at=due_at,
        late_reason=late_reason.strip()[:LONGEST], sent_by=by,
    )  # fmt: skip
    return _noted(made, by)


@promise("P-NET-25")
@promise("P-TRACK-23")
def tell_people(breach_id: uuid.UUID, *, words: str, late_reason: str, by: uuid.UUID, now: datetime) -> BreachNotice:
    """Write to everybody who was found to be affected; the worker sends, each letter once.

    It is a notice that the law asks for: no objection, no refusal and no opt-out holds it back. Refused while nobody
    was found, in an exercise, without words, and late without a reason.
    """
    breach = _one(breach_id)
    if breach.is_exercise:
        raise Refused(_("In an exercise nobody is written to."))
    if breach.state != BreachState.DECIDED:
        raise Refused(_("First decide how high the risk is: the letter says what it means for the people."))
    if not words.strip():
        raise Refused(_("Say in plain words what happened and what the people can do."), field="words")
    if people_count(breach_id) == 0:
        raise Refused(_("First find out who is affected."))
    first = not _told(breach_id, PEOPLE)
    made = BreachNotice(
        id=new_id(), breach_id=breach_id, audience=PEOPLE, phase=FIRST if first else FURTHER,
        words=words.strip()[:LONGEST], way="email", sent_at=now, due_at=breach.people_due_at if first else None,
        late_reason=late_reason.strip()[:LONGEST], sent_by=by,
    )  # fmt: skip
    _noted(made, by)
    db.session.execute(
        update(BreachPerson)
        .where(BreachPerson.breach_id == breach_id)
        .values(asked_for=made.id, asked_at=now)
        .execution_options(synchronize_session=False)
    )
    jobs.enqueue("breach.letters", args={"notice": made.id}, key=f"breach:{made.id}")
    return made


def _noted(notice: BreachNotice, by: uuid.UUID) -> BreachNotice:
    if notice.is_late and not notice.late_reason:
        raise Refused(_("It is late. Say why: the law asks for the reasons of the delay."), field="late_reason")
    db.session.add(notice)
    db.session.flush()
    audit.record(
        "breach.told", object_kind="breach", object_id=notice.breach_id, actor=by, audience=notice.audience,
        phase=notice.phase, late=notice.is_late,
    )  # fmt: skip
    return notice


def close(breach_id: uuid.UUID, *, by: uuid.UUID, now: datetime) -> None:
    """Nothing is left to do. Refuses while somebody who must be told has not been. Addresses nobody needs any more go."""
    breach = _one(breach_id)
    missing = missing_notices(breach, notices(breach_id))
    if breach.state != BreachState.DECIDED or missing:
        told = _("the authority") if AUTHORITY in missing else _("the people")
        raise Refused(
            _("%(who)s must be told first.", who=told[0].upper() + told[1:])
            if missing
            else _("First decide how high the risk is.")
        )
    if not _move(breach_id, [BreachState.DECIDED], state=BreachState.CLOSED, closed_at=now):
        raise Refused(_("Somebody else was faster. Look again."))
    for person in db.session.scalars(
        select(BreachPerson).where(BreachPerson.breach_id == breach_id, BreachPerson.asked_for.is_(None))
    ):
        db.session.delete(person)
    audit.record("breach.closed", object_kind="breach", object_id=breach_id, actor=by)


def reopen(breach_id: uuid.UUID, *, by: uuid.UUID) -> None:
    """Something else became known."""
    if not _move(breach_id, [BreachState.CLOSED], state=BreachState.DECIDED, closed_at=None):
        raise Refused(_("This breach is open."))
    audit.record("breach.reopened", object_kind="breach", object_id=breach_id, actor=by)


def _move(breach_id: uuid.UUID, states: Iterable[str], **values: Any) -> bool:
    moved = db.session.execute(
        update(Breach)
        .where(Breach.id == breach_id, Breach.state.in_(list(states)))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]


# Reading ------------------------------------------------------------------------------------------


def get(breach_id: uuid.UUID) -> Breach | None:
    """One breach, or None."""
    return db.session.scalar(select(Breach).where(Breach.id == breach_id))


def _one(breach_id: uuid.UUID) -> Breach:
    return db.session.scalars(select(Breach).where(Breach.id == breach_id)).one()


def listed(*, closed: bool, limit: int = 100) -> list[Breach]:
    """Open ones, the most urgent first; or the newest closed ones."""
    wanted = select(Breach).limit(limit)
    if closed:
        wanted = wanted.where(Breach.state == BreachState.CLOSED).order_by(Breach.number.desc())
    else:
        wanted = wanted.where(Breach.state.in_(OPEN)).order_by(Breach.authority_due_at, Breach.id)
    return list(db.session.scalars(wanted))


def notices(breach_id: uuid.UUID) -> list[BreachNotice]:
    """What was told, the oldest first."""
    wanted = select(BreachNotice).where(BreachNotice.breach_id == breach_id)
    return list(db.session.scalars(wanted.order_by(BreachNotice.sent_at, BreachNotice.id)))


def notice(notice_id: uuid.UUID) -> BreachNotice | None:
    """One notice, or None."""
    return db.session.scalar(select(BreachNotice).where(BreachNotice.id == notice_id))


def first_notices(breach_ids: Iterable[uuid.UUID]) -> dict[tuple[uuid.UUID, str], BreachNotice]:
    """The first notice of each of these, by breach and audience. One statement."""
    wanted = select(BreachNotice).where(BreachNotice.breach_id.in_(list(breach_ids)), BreachNotice.phase == FIRST)
    return {(one.breach_id, one.audience): one for one in db.session.scalars(wanted)}


def _told(breach_id: uuid.UUID, audience: str) -> bool:
    wanted = select(BreachNotice.id).where(BreachNotice.breach_id == breach_id, BreachNotice.audience == audience)
    return db.session.scalar(wanted.limit(1)) is not None


def people_count(breach_id: uuid.UUID) -> int:
    """How many people are listed as affected."""
    return db.session.scalar(select(func.count()).where(BreachPerson.breach_id == breach_id)) or 0


def told_count(breach_id: uuid.UUID) -> int:
    """How many of them the newest letter has gone to."""
    told = (BreachPerson.breach_id == breach_id, BreachPerson.told_for == BreachPerson.asked_for)
    return db.session.scalar(select(func.count()).where(*told)) or 0


def missing_notices(breach: Breach, told: Iterable[BreachNotice]) -> list[str]:
    """Whom the decision says must be told and who has not been: the authority, the people, both, none.

    The people are told where the risk is high, and, under a policy that gives itself a time for it, where there is any.
    """
    audiences = {one.audience for one in told}
    wanted = [AUTHORITY] if breach.risk in TOLD else []
    if not breach.is_exercise and (breach.risk == "high" or (breach.risk == "risk" and breach.people_due_at)):
        wanted.append(PEOPLE)
    return [one for one in wanted if one not in audiences]


def running(breach: Breach, told: Iterable[BreachNotice]) -> list[tuple[str, datetime]]:
    """The clocks that still run, the earliest first: until the notice, or until it is decided that there is no risk."""
    audiences = {one.audience for one in told}
    if breach.state == BreachState.CLOSED or breach.risk == "none":
        return []
    clocks = [(AUTHORITY, breach.authority_due_at), (PEOPLE, breach.people_due_at)]
    return sorted(((name, at) for name, at in clocks if at and name not in audiences), key=lambda one: one[1])
