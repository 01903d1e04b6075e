"""An import, the rows of it that failed, and the mappings that people chose before."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Erase, Keep, personal, plain
from logicrm.core.schema import Id, Json
from logicrm.core.tenancy import InWorkspace, inside
from logicrm.extensions import db

KEEP_FILE_DAYS = 7  # a file that was sent and never imported
KEEP_PROBLEMS_DAYS = 30
KEEP_RUNS_DAYS = 365  # as long as undo reaches back


class RunState(StrEnum):
    """Where an import is. Moves: ready → running → done, cancelled or failed → undoing → undone."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


ENDED = (RunState.DONE, RunState.CANCELLED, RunState.FAILED)


class Duplicates(StrEnum):
    """What becomes of a row whose e-mail address or phone belongs to a lead already."""

    UPDATE = "update"
    SKIP = "skip"
    CREATE = "create"


class ImportRun(InWorkspace, db.Model):
    """One file on its way into the leads.

    `next_row` is written in the transaction of the rows before it: whatever kills the worker, the import goes on
    exactly there. Leads that it added say so themselves (`Lead.import_run_id`); what it changed of others is in
    its change set.
    """

    __tablename__ = "import_run"
    __label__ = _l("Imports")
    __table_args__ = (
        Index("ix_import_run_created", "workspace_id", "created_at", "id"),
        Index("ix_import_run_draft", "workspace_id", "draft_until"),
        Index("ix_import_run_by", "created_by"),
    )
    __about__ = (About("account", by="created_by", rows=Erase.BLANK),)
    __retention__ = (
        Keep("logs", anchor="created_at", days=KEEP_RUNS_DAYS, why=_l("undo reaches back a year")),
        Keep("logs", anchor="draft_until", days=0, why=_l("a file that was sent and not imported goes after a week")),
    )

    file_name: Mapped[str] = personal(
        String(200), category="upload", keep="logs", purpose="service", label=_l("Name of the imported file")
    )
    file_id: Mapped[uuid.UUID | None] = plain(
        Id(), why="the stored file, until the import has ended; it may have gone before"
    )
    kind: Mapped[str] = plain(String(5), why="csv, xlsx or vcard")
    reading: Mapped[dict[str, Any]] = plain(
        Json, default=dict, why="encoding, separator and header row, as found or chosen"
    )
    headings: Mapped[list[str]] = plain(Json, default=list, why="names of the file's columns, for its failed rows")
    sample: Mapped[list[Any]] = personal(
        Json, default=list, category="upload", keep="logs", purpose="service", export=False,
        label=_l("First rows of a file that waits to be imported"),
    )  # fmt: skip
    columns: Mapped[list[Any]] = plain(Json, default=list, why="which field each column fills, and why")
    choices: Mapped[dict[str, Any]] = plain(Json, default=dict, why="duplicates, country, owner, stage, source, tag")
    notes: Mapped[list[Any]] = personal(
        Json, default=list, category="upload", keep="logs", purpose="service", export=False,
        label=_l("What was noticed in the file, as counts"),
    )  # fmt: skip
    state: Mapped[str] = plain(String(10), default=RunState.READY, why="moves by conditional updates only")
    failure: Mapped[list[Any] | None] = plain(Json, why="why it stopped: our own sentence and what to do")
    faults: Mapped[int] = plain(Integer, default=0, why="how often the job broke; it stops after some")
    job_id: Mapped[uuid.UUID | None] = plain(Id(), why="the job that does it now")
    total: Mapped[int | None] = plain(Integer, why="rows of the file, counted before the first is written")
    about_total: Mapped[int] = plain(Integer, default=0, why="rows of the file, as guessed when it was opened")
    next_row: Mapped[int] = plain(Integer, default=0, why="rows that are done; where the import goes on")
    created: Mapped[int] = plain(Integer, default=0, why="leads added")
    updated: Mapped[int] = plain(Integer, default=0, why="leads changed")
    skipped: Mapped[int] = plain(Integer, default=0, why="rows left out because the lead was there")
    failed: Mapped[int] = plain(Integer, default=0, why="rows with an error")
    change_set_id: Mapped[uuid.UUID | None] = plain(Id(), why="what it changed, for undo; forgotten after a year")
    undo_step: Mapped[str] = plain(String(8), default="", why="which part of undo is at work")
    undo_after: Mapped[uuid.UUID | None] = plain(Id(), why="where undo goes on")
    undo_done: Mapped[int] = plain(Integer, default=0, why="rows that undo has looked at")
    undo_total: Mapped[int] = plain(Integer, default=0, why="rows that undo will look at")
    removed: Mapped[int] = plain(Integer, default=0, why="leads that undo removed")
    restored: Mapped[int] = plain(Integer, default=0, why="leads that undo put back")
    left_alone: Mapped[int] = plain(Integer, default=0, why="leads that undo left because somebody changed them since")
    created_by: Mapped[uuid.UUID | None] = plain(Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who sent it")
    created_at: Mapped[datetime] = plain(why="when the file was sent; starts the retention clock")
    draft_until: Mapped[datetime | None] = plain(why="last day of a file that waits; starts its retention clock")
    started_at: Mapped[datetime | None] = plain(why="when the import began")
    finished_at: Mapped[datetime | None] = plain(why="when the import ended")

    @property
    def rows(self) -> int:
        """Rows of the file, exact once the import has begun."""
        return self.total if self.total is not None else self.about_total

    @property
    def can_undo(self) -> bool:
        """True when there is something to take back."""
        return self.state in ENDED and bool(self.created or self.updated)


class ImportProblem(InWorkspace, db.Model):
    """A row that could not be imported, as it was read, so that it can be mended and sent again."""

    __tablename__ = "import_problem"
    __label__ = _l("Rows of an import that failed")
    __table_args__ = (
        inside("import_run_id", "import_run", ondelete="CASCADE"),
        Index("ix_import_problem_run", "workspace_id", "import_run_id", "line", "id"),
        Index("ix_import_problem_email", "workspace_id", "email_key"),
        Index("ix_import_problem_created", "workspace_id", "created_at"),
    )
    __about__ = (About("person", by="email_key"),)
    __retention__ = (
        Keep(
            "logs",
            anchor="created_at",
            days=KEEP_PROBLEMS_DAYS,
            why=_l("time enough to mend the rows and send them again"),
        ),
    )

    import_run_id: Mapped[uuid.UUID] = plain(Id(), why="of which import")
    line: Mapped[int] = plain(Integer, why="line of the file")
    cells: Mapped[list[str]] = personal(
        Json, category="upload", keep="logs", purpose="service", label=_l("The row as it was sent")
    )
    sentences: Mapped[list[Any]] = personal(
        Json, category="upload", keep="logs", purpose="service", label=_l("What was wrong with it")
    )
    email_key: Mapped[str | None] = personal(
        String(254), category="contact", keep="logs", purpose="service", label=_l("E-mail address in the row")
    )
    created_at: Mapped[datetime] = plain(why="starts the retention clock")


class ImportMapping(InWorkspace, db.Model):
    """How a set of headings was mapped the last time, so that the next file of that program needs no hand."""

    __tablename__ = "import_mapping"
    __label__ = _l("Columns of earlier imports")
    __table_args__ = (Index("uq_import_mapping_headings", "workspace_id", "headings_hash", unique=True),)
    __retention__ = (Keep("logs", anchor="used_at", days=730, why=_l("a program that nobody exports from any more")),)

    headings_hash: Mapped[str] = plain(String(64), why="the set of headings")
    fields: Mapped[dict[str, Any]] = plain(Json, why="heading → field, or nothing")
    used_at: Mapped[datetime] = plain(why="when it was used last; starts the retention clock")


__all__ = [
    "ENDED", "KEEP_FILE_DAYS", "KEEP_PROBLEMS_DAYS", "KEEP_RUNS_DAYS", "Duplicates", "ImportMapping", "ImportProblem",
    "ImportRun", "RunState",
]  # fmt: skip
