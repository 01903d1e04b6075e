"""The register of controls: what people do, by when, and what shows that they did. The callers commit.

Which controls there are, and how often, is the policy's word: `promises/controls.py: demanded`. A row comes into being
when somebody gives it an owner or evidence, or when the daily job first sees that the policy asks for it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import LazyString, force_locale
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import FileStorage

from logicrm.core import audit, files, mail, tenancy
from logicrm.core.access import May
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.schema import new_id
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import letters
from logicrm.privacy.clocks import Duration
from logicrm.privacy.profile import Profile
from logicrm.privacy.promises.controls import Demand, demanded
from logicrm.privacy.registers import members
from logicrm.privacy.registers.members import Member
from logicrm.privacy.registers.models import Control, ControlEvidence

FIRST_WITHIN = timedelta(days=30)  # the first evidence of a control that the policy newly asks for
LEAD, SHORT_LEAD = timedelta(days=14), timedelta(days=7)  # a reminder goes out so long before; of a monthly one later
AGAIN = timedelta(days=14)  # and once more each so often after it
LONGEST_WORDS = 5000

KEPT, DUE_SOON, OVERDUE, NONE_YET, FIRST_LATE = "kept", "due_soon", "overdue", "none_yet", "first_late"
STATE_WORDS: dict[str, tuple[LazyString, str]] = {
    KEPT: (_l("In date"), "good"),
    DUE_SOON: (_l("Due soon"), "warn"),
    OVERDUE: (_l("Overdue"), "bad"),
    NONE_YET: (_l("No evidence yet"), "neutral"),
    FIRST_LATE: (_l("First evidence is late"), "warn"),
}
URGENCY = (OVERDUE, FIRST_LATE, DUE_SOON, NONE_YET, KEPT)


@dataclass(frozen=True)
class Row:
    """A control as the register shows it. `last`: the newest evidence; `due_on`: by when the next one is wanted."""

    demand: Demand
    control: Control | None
    last: ControlEvidence | None
    due_on: date
    state: str

    @property
    def key(self) -> str:
        return self.demand.key

    def days_left(self, today: date) -> int:
        """Whole days until it is late; negative when it is."""
        return (self.due_on - today).days


def register(profile: Profile, today: date) -> list[Row]:
    """The controls that the policy in force needs, the most urgent first. Two statements."""
    known = {one.key: one for one in db.session.scalars(select(Control))}
    last = _latest()
    rows = []
    for demand in demanded(profile):
        control = known.get(demand.key)
        shown = last.get(control.id) if control else None
        rows.append(_row(demand, control, shown, today))
    return sorted(rows, key=lambda row: (URGENCY.index(row.state), row.due_on, row.key))


def one(profile: Profile, key: str, today: date) -> Row | None:
    """One control, or None where the policy does not ask for it."""
    return next((row for row in register(profile, today) if row.key == key), None)


def _row(demand: Demand, control: Control | None, last: ControlEvidence | None, today: date) -> Row:
    began, done = control.began_on if control else today, last.done_on if last else None
    return Row(demand, control, last, due(demand.cadence, done, began), state_of(demand, began, done, today))


def row_of(demand: Demand, began_on: date, done_on: date | None, today: date) -> Row:
    """The same from bare days, for a list that needs neither the row nor the evidence."""
    return Row(demand, None, None, due(demand.cadence, done_on, began_on), state_of(demand, began_on, done_on, today))


def state_of(demand: Demand, began_on: date, done_on: date | None, today: date) -> str:
    """Where a control stands on a day."""
    due_on = due(demand.cadence, done_on, began_on)
    if done_on is None:
        return FIRST_LATE if today > due_on else NONE_YET
    if today > due_on:
        return OVERDUE
    return DUE_SOON if today >= due_on - lead(demand.cadence) else KEPT


def due(cadence: Duration, done_on: date | None, began_on: date) -> date:
    """The last day on which the next evidence is in time."""
    return cadence.last_day(done_on) if done_on else began_on + FIRST_WITHIN


def lead(cadence: Duration) -> timedelta:
    """How long before the day somebody is reminded."""
    return LEAD if cadence.is_longer_than(Duration(days=62)) else SHORT_LEAD


def _latest() -> dict[uuid.UUID, ControlEvidence]:
    """The newest evidence of each control. One statement."""
    place = func.row_number().over(
        partition_by=ControlEvidence.control_id, order_by=(ControlEvidence.done_on.desc(), ControlEvidence.id.desc())
    )
    ranked = select(ControlEvidence.id, place.label("place")).subquery()
    wanted = select(ControlEvidence).join(ranked, ranked.c.id == ControlEvidence.id).where(ranked.c.place == 1)
    return {shown.control_id: shown for shown in db.session.scalars(wanted)}


def history(control: Control | None) -> list[ControlEvidence]:
    """All evidence of a control, newest first."""
    if control is None:
        return []
    wanted = select(ControlEvidence).where(ControlEvidence.control_id == control.id)
    return list(db.session.scalars(wanted.order_by(ControlEvidence.done_on.desc(), ControlEvidence.id.desc())))


def document(evidence_id: uuid.UUID) -> files.StoredFile | None:
    """The document of a piece of evidence, or None."""
    wanted = select(files.StoredFile).join(ControlEvidence, ControlEvidence.file_id == files.StoredFile.id)
    return db.session.scalar(wanted.where(ControlEvidence.id == evidence_id))


# Writing -------------------------------------------------------------------------------------------


def ensure(key: str, *, today: date) -> Control:
    """The row of a control; made now when there is none."""
    wanted = select(Control).where(Control.key == key)
    found = db.session.scalar(wanted)
    if found is None:
        try:
            with db.session.begin_nested():
                found = Control(id=new_id(), key=key, began_on=today)
                db.session.add(found)
        except IntegrityError:  # somebody else's first word on it was faster
            found = db.session.scalars(wanted).one()
    return found


def set_owner(key: str, owner_id: uuid.UUID | None, *, by: uuid.UUID, today: date) -> Control:
    """Say who sees to a control. Refuses somebody who does not work here, or whose role cannot open the register."""
    if owner_id is not None and all(known.id != owner_id for known in possible_owners(members.all_members())):
        raise Refused(_("Choose somebody who works here and may open the register."), field="owner_id")
    control = ensure(key, today=today)
    control.owner_id = owner_id
    audit.record("control.owner", control, actor=by, control=key)
    return control


def possible_owners(everybody: Iterable[Member]) -> list[Member]:
    """Those who can open what a reminder leads to."""
    return [one for one in everybody if one.may(May.VIEW_REGISTERS)]


def add_evidence(
    key: str, *, done_on: date, words: str, upload: FileStorage | None, by: uuid.UUID | None, today: date, now: datetime
) -> ControlEvidence:
    """Write down that it was done, with a document or in words.

    Refuses a day that is still to come, evidence that shows nothing, and files of a kind that we do not take.
    """
    if done_on > today:
        raise Refused(_("This day is still to come."), field="done_on")
    if not words.strip() and upload is None:
        raise Refused(_("Add a document, or say in words what was done and seen."), field="words")
    control = ensure(key, today=today)
    db.session.flush()
    file = files.save_upload(upload, "evidence", entity="control", entity_id=control.id) if upload else None
    db.session.flush()
    made = ControlEvidence(
        id=new_id(), control_id=control.id, done_on=done_on, words=words.strip()[:LONGEST_WORDS],
        file_id=file.id if file else None, given_at=now, given_by=by,
    )  # fmt: skip
    db.session.add(made)
    audit.record("control.evidence", control, actor=by, control=key, done_on=done_on.isoformat(), document=bool(file))
    return made


# Reminding ------------------------------------------------------------------------------------------


def remind(business: Business, profile: Profile, *, today: date) -> int:
    """Write to whoever sees to a control that is due soon or late; return how many reminders were sent.

    Once before the day, once when it is late, and again every two weeks. The note that somebody was reminded and the
    letters are one transaction. Controls that the policy newly asks for begin today.
    """
    _begin(profile, today)
    sent, everybody = 0, None
    for row in register(profile, today):
        if row.control is None or not is_time(row, today):
            continue
        everybody = members.all_members() if everybody is None else everybody
        before = row.control.reminded_on
        noted = db.session.execute(
            update(Control)
            .where(Control.id == row.control.id, _same(before))
            .values(reminded_on=today)
            .execution_options(synchronize_session=False)
        )
        if noted.rowcount == 1:  # type: ignore[attr-defined]
            for person in members.who_is_reminded(everybody, row.control.owner_id):
                _write(business, row, person, today)
                sent += 1
    db.session.expire_all()
    return sent


def _begin(profile: Profile, today: date) -> None:
    known = set(db.session.scalars(select(Control.key)))
    for demand in demanded(profile):
        if demand.key not in known:
            ensure(demand.key, today=today)
    db.session.flush()


def is_time(row: Row, today: date) -> bool:
    """True when a reminder is due today, or was due and has not gone out."""
    told = row.control.reminded_on if row.control else None
    if today > row.due_on:
        return told is None or told <= row.due_on or today - told >= AGAIN
    first = row.due_on - lead(row.demand.cadence)
    return today >= first and (told is None or told < first)


def _same(day: date | None) -> ColumnElement[bool]:
    return Control.reminded_on.is_(None) if day is None else Control.reminded_on == day


def _write(business: Business, row: Row, person: Member, today: date) -> None:
    language = person.language or business.facts.language or "en"
    with force_locale(language):
        mail.send(
            person.email, "control_due", mail_class=mail.TRANSACTIONAL, purpose="legal", subject_kind="account",
            subject_id=person.id, workspace_id=tenancy.current(), language=language, name=person.name,
            business=business.facts.name, sender_name=business.facts.name, says=row.demand.says, due_on=row.due_on,
            days=row.days_left(today), first=row.last is None,
            writes=person.may(May.EDIT_REGISTERS), url=letters.absolute("privacy.control", name=row.key),
        )  # fmt: skip


def waiting(rows: Iterable[Row]) -> list[Row]:
    """Those that somebody should see to now."""
    return [row for row in rows if row.state in (OVERDUE, FIRST_LATE, DUE_SOON)]
