"""End customers and leads as data subjects: known by one address, in one workspace."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Protocol

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from logicrm.core import crypto, files, subjects, tenancy
from logicrm.core.schema import new_id
from logicrm.core.subjects import Subject
from logicrm.extensions import db
from logicrm.privacy.models import DataSubject


def key_hash(email: str) -> str:
    """The keyed hash under which an address is found again. Stored addresses are lower-case."""
    return crypto.keyed_hash("subject", email.strip().lower())


def known(email: str) -> DataSubject | None:
    """The data subject with this address in this workspace, or None."""
    return db.session.scalar(select(DataSubject).where(DataSubject.key_hash == key_hash(email)))


def make_known(email: str, *, now: datetime, language: str = "") -> DataSubject:
    """The data subject with this address in this workspace, made when there is none. The caller commits.

    Called when somebody enters the portal, chooses something or asks for something; two at once make one.
    Our letters go out in the language in which the person came last.
    """
    address = email.strip().lower()
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    values = {
        "id": new_id(), "workspace_id": tenancy.current(), "email": address, "key_hash": key_hash(address),
        "language": language, "created_at": now, "last_seen_at": now,
    }  # fmt: skip
    row = insert(DataSubject).values(values)
    renewed = {"last_seen_at": row.excluded.last_seen_at}
    if language:
        renewed["language"] = row.excluded.language
    db.session.execute(row.on_conflict_do_update(index_elements=["workspace_id", "key_hash"], set_=renewed))
    found = known(address)
    if found is None:  # pragma: no cover - the statement above made or found it
        raise LookupError("the data subject that was just made is not there")
    return found


def as_subject(row: DataSubject, *, profile: str = "logicrm", country: str = "") -> Subject:
    """The row as what export and deletion work on."""
    return Subject(
        kind="person", id=row.id, name=row.email, emails=(row.email,), language=row.language,
        workspace_id=row.workspace_id, profile=profile, country=country, workspaces=(row.workspace_id,),
        deletion_due_at=row.deletion_due_at,
    )  # fmt: skip


class PersonSubject:
    """The adapter of kind "person". Portal sessions are rows about the person and end with their deletion mark."""

    kind = "person"

    def load(self, subject_id: uuid.UUID) -> Subject | None:
        """The person, inside their workspace."""
        row = db.session.scalar(select(DataSubject).where(DataSubject.id == subject_id))
        if row is None:
            return None
        profile, country = _workspace_policy(row.workspace_id)
        return as_subject(row, profile=profile, country=country)

    def refusals(self, subject: Subject) -> list[str]:
        """An end customer can always be deleted: what must be kept is kept per record."""
        return []

    def mark(self, subject: Subject, due_at: datetime | None, *, but: uuid.UUID | None = None) -> None:
        """Note the due instant, and end the portal's sessions save one."""
        db.session.execute(
            update(DataSubject)
            .where(DataSubject.id == subject.id)
            .values(deletion_due_at=due_at)
            .execution_options(synchronize_session=False)
        )
        for end in ENDS_SESSIONS:
            end(subject, but)
        db.session.expire_all()

    def lock(self, subject: Subject) -> None:
        """The purge begins: nobody enters as this person any more."""
        for end in ENDS_SESSIONS:
            end(subject, None)


class EndsSessions(Protocol):
    """Signature of what the portal registers: `(subject, but) -> None` ends the person's sessions, save one."""

    def __call__(self, subject: Subject, but: uuid.UUID | None) -> None: ...


#: The portal adds its function here.
ENDS_SESSIONS: list[EndsSessions] = []


def _workspace_policy(workspace_id: uuid.UUID) -> tuple[str, str]:
    """Profile and country of a workspace, read from the table by name: this half imports no area."""
    table = db.metadata.tables["workspace"]
    row = db.session.execute(select(table.c.profile, table.c.country).where(table.c.id == workspace_id)).first()
    return (row.profile, row.country) if row else ("logicrm", "")


subjects.register(PersonSubject())
files.belongs_to("data_subject")
