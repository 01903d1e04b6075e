"""Deletion of an account or an end customer: schedule, take back, hasten. The callers commit.

`scheduled → purging → purged`, or `scheduled → cancelled`. Cancel and purge are competing conditional
UPDATEs: whichever commits first wins, and the other sees that its row count is 0.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from logicrm.core import audit, crypto, jobs, subjects, tenancy
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.promises import promise
from logicrm.core.schema import db_now, new_id
from logicrm.core.subjects import WORKSPACE, Subject
from logicrm.extensions import db
from logicrm.privacy import certificate, ledger, letters, profile, versions, walk
from logicrm.privacy.certificate import Tally
from logicrm.privacy.models import OPEN, Deletion, DeletionLink, DeletionState
from logicrm.privacy.profile import Profile
from logicrm.privacy.purge import LAST_STEP, db_time
from logicrm.privacy.retaining import holds

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without what is misread on paper


@dataclass(frozen=True)
class DryPlan:
    """What a deletion would do now: counts by class of data, and why it cannot be, if it cannot."""

    classes: list[Tally]
    refusals: list[str]

    @property
    def deleted(self) -> int:
        return sum(one.deleted for one in self.classes)

    @property
    def anonymised(self) -> int:
        return sum(one.anonymised for one in self.classes)

    @property
    def kept(self) -> list[Tally]:
        return [one for one in self.classes if one.kept]


@walk.beyond_portal()
def plan(subject: Subject) -> DryPlan:
    """Say what a deletion would do, and change nothing."""
    now = db_time()
    plans = walk.plan(walk.find(subject))
    holds.spare(plans, subject, now=now, only_look=True)
    classes = certificate.tally(plans, subject, versions.of_subject(subject, now), now=now)
    return DryPlan(classes, subjects.adapter_of(subject.kind).refusals(subject))


def open_deletion(subject: Subject) -> Deletion | None:
    """The subject's scheduled or running deletion, or None."""
    return db.session.scalar(
        select(Deletion).where(
            Deletion.subject_kind == subject.kind, Deletion.subject_id == subject.id, Deletion.state.in_(OPEN)
        )
    )


@promise("erasure")
@walk.beyond_portal()
def schedule(
    subject: Subject, *, session_id: uuid.UUID | None = None, minor: bool = False, at_once: bool = False
) -> Deletion:
    """Schedule the deletion after the policy's grace, tell every known address, and end all sessions but one.

    `minor`: a child's data has no grace. `at_once`: the person does not want to wait. Refused for the last
    owner of a workspace, and while another deletion is open.
    """
    adapter = subjects.adapter_of(subject.kind)
    refusals = adapter.refusals(subject)
    if refusals:
        raise Refused(" ".join(refusals))
    now = db_time()
    policy = versions.of_subject(subject, now)
    terms = policy.deletion
    wait = not at_once and not (minor and not terms.minors_wait)
    days = policy.termination.keep_days if subject.kind == WORKSPACE else terms.grace_days
    due = now + timedelta(days=days if wait else 0)
    deletion = Deletion(
        id=new_id(), reference=_reference(), subject_kind=subject.kind, subject_id=subject.id,
        workspace_id=subject.workspace_id, state=DeletionState.SCHEDULED, asked_at=now, due_at=due,
        at_once=due == now, profile=policy.name, language=subject.language or "en", facts=_ruled_by(subject), certificate={},
    )  # fmt: skip
    deletion.certificate_hash = crypto.token_hash(certificate.secret_of(deletion))
    try:
        with db.session.begin_nested():
            db.session.add(deletion)
    except IntegrityError:
        raise Refused(_("Deletion is scheduled already.")) from None
    adapter.mark(subject, due, but=session_id)
    ask_for_purge(deletion)
    if not deletion.at_once:
        for days in (one for one in terms.reminders if one < days):
            jobs.enqueue(
                "privacy.remind", args={"deletion": deletion.id, "days": days}, run_at=due - timedelta(days=days),
                workspace_id=subject.workspace_id,
            )  # fmt: skip
    _tell(subject, deletion, "deletion_now" if deletion.at_once else "deletion_scheduled")
    _record("deletion.scheduled", deletion)
    return deletion


def _ruled_by(subject: Subject) -> dict[str, str]:
    """Whose policy the deletion stands under; once the account is gone nothing else would tell."""
    place = subject.workspace_id or next(iter(subject.workspaces), None)
    # A business is named on its own certificate; nothing else would know its name then.
    named = {"controller": subject.name} if subject.kind == WORKSPACE else {}
    return named | ({"ruled_by": str(place)} if place else {})


def policy_of(deletion: Deletion, at: datetime) -> Profile:
    """The policy that rules a deletion at an instant, also after its subject is gone."""
    place = deletion.facts.get("ruled_by")
    try:
        return versions.of_workspace(uuid.UUID(place), at) if place else profile.load(deletion.profile)
    except LookupError:  # the workspace is gone: its profile is what is left
        return profile.load(deletion.profile)


def ask_for_purge(deletion: Deletion) -> None:
    """Ask for the purge at the due instant, unless a job for it is there. The caller commits."""
    jobs.enqueue(
        "privacy.purge", args={"deletion": deletion.id}, run_at=deletion.due_at,
        key=f"purge:{deletion.id}:{int(deletion.due_at.timestamp())}", workspace_id=deletion.workspace_id,
    )  # fmt: skip


def _tell(subject: Subject, deletion: Deletion, template: str, days: int = 0) -> None:
    """Write to each known address, each with a link of its own by which the deletion can be taken back."""
    if subject.kind == WORKSPACE:
        template = template.replace("deletion_", "closing_")
    for address in subject.emails:
        secret = crypto.token()
        db.session.add(
            DeletionLink(
                id=new_id(),
                deletion_id=deletion.id,
                token_hash=crypto.token_hash(secret),
                expires_at=deletion.due_at + timedelta(days=1),
            )
        )
        letters.write(
            subject, template, to=address, name=subject.name, due_at=deletion.due_at, days=days,
            reference=deletion.reference, cancel_url=letters.absolute("privacy.cancel_by_link", secret=secret),
            certificate_url=certificate.url_of(deletion),
        )  # fmt: skip


def remind(deletion_id: uuid.UUID, days: int) -> bool:
    """Write a reminder if the deletion is still to come; True when one was written."""
    deletion = db.session.scalar(
        select(Deletion).where(
            Deletion.id == deletion_id, Deletion.state == DeletionState.SCHEDULED, Deletion.due_at > db_now()
        )
    )
    subject = subjects.load(deletion.subject_kind, deletion.subject_id) if deletion else None
    if deletion is None or subject is None:
        return False
    _tell(subject, deletion, "deletion_reminder", days)
    return True


@walk.beyond_portal()
def cancel(deletion_id: uuid.UUID, *, session_id: uuid.UUID | None = None) -> bool:
    """Take a scheduled deletion back; False when it was cancelled before, or the purge was faster."""
    won = db.session.execute(
        update(Deletion)
        .where(Deletion.id == deletion_id, Deletion.state == DeletionState.SCHEDULED)
        .values(state=DeletionState.CANCELLED, cancelled_at=db_now())
        .execution_options(synchronize_session=False)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        return False
    db.session.expire_all()
    deletion = db.session.get_one(Deletion, deletion_id)
    subject = subjects.load(deletion.subject_kind, deletion.subject_id)
    if subject is None:
        return True
    if ledger.latest(str(deletion.id)) == ledger.BEGIN:
        # A purge wrote its entry and died before its commit: a restore must not replay what was taken back.
        ledger.append(ledger.VOID, deletion=str(deletion.id), kind=subject.kind, key=subject.key, at=db_time())
    subjects.adapter_of(subject.kind).mark(subject, None, but=session_id)
    template = "closing_cancelled" if subject.kind == WORKSPACE else "deletion_cancelled"
    letters.write(subject, template, name=subject.name, reference=deletion.reference)
    _record("deletion.cancelled", deletion)
    return True


@walk.beyond_portal()
def delete_now(subject: Subject, *, session_id: uuid.UUID | None = None) -> Deletion:
    """Delete without waiting for the end of the grace ("without undue delay"). The purge job starts at once."""
    if not versions.of_subject(subject, db_time()).deletion.delete_now:
        raise Refused(_("This policy deletes at the end of the waiting time only."))
    scheduled = open_deletion(subject)
    if scheduled is None:
        return schedule(subject, session_id=session_id, at_once=True)
    hastened = db.session.execute(
        update(Deletion)
        .where(Deletion.id == scheduled.id, Deletion.state == DeletionState.SCHEDULED)
        .values(due_at=db_now(), at_once=True)
        .execution_options(synchronize_session=False)
    )
    if hastened.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(_("This deletion has begun already."))
    db.session.expire_all()
    deletion = db.session.get_one(Deletion, scheduled.id)
    subjects.adapter_of(subject.kind).mark(subject, deletion.due_at, but=session_id)
    ask_for_purge(deletion)
    _tell(subject, deletion, "deletion_now")
    _record("deletion.hastened", deletion)
    return deletion


# Links ---------------------------------------------------------------------------------------------


def by_cancel_link(secret: str) -> Deletion | None:
    """The scheduled deletion that a letter's link takes back, or None. Looking changes nothing: mail scanners look."""
    return db.session.scalar(
        select(Deletion)
        .join(DeletionLink, DeletionLink.deletion_id == Deletion.id)
        .where(
            DeletionLink.token_hash == crypto.token_hash(secret),
            DeletionLink.expires_at > db_now(),
            Deletion.state == DeletionState.SCHEDULED,
        )
    )


def by_certificate_link(secret: str) -> Deletion | None:
    """The deletion whose certificate a link opens, or None."""
    return db.session.scalar(select(Deletion).where(Deletion.certificate_hash == crypto.token_hash(secret)))


def by_reference(reference: str) -> Deletion | None:
    """A finished deletion by the code on its certificate, or None."""
    return db.session.scalar(
        select(Deletion).where(Deletion.reference == reference, Deletion.state == DeletionState.PURGED)
    )


def due_and_stuck(now: datetime) -> list[Deletion]:
    """Deletions that are due, or whose purge stopped half way, be it before the last notice or the evidence."""
    del now  # the database's clock decides
    return list(
        db.session.scalars(
            select(Deletion).where(
                ((Deletion.state == DeletionState.SCHEDULED) & (Deletion.due_at <= db_now()))
                | (Deletion.state == DeletionState.PURGING)
                | ((Deletion.state == DeletionState.PURGED) & (Deletion.step != LAST_STEP))
            )
        )
    )


def _reference() -> str:
    """Ten characters that can be read over the phone: LC-7F3K9-Q2MXR."""
    code = "".join(secrets.choice(_ALPHABET) for _n in range(10))
    return f"LC-{code[:5]}-{code[5:]}"


def _record(action: str, deletion: Deletion) -> None:
    """Note it in the workspace where it happened; in a request there is one."""
    if tenancy.current() is not None:
        audit.record(action, object_kind="deletion", object_id=deletion.id, kind=deletion.subject_kind)
