"""Imports, their failed rows, and remembered mappings."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from flask import Flask
from sqlalchemy import and_, or_, select

from logicrm.core import database, tenancy
from logicrm.core.files import StoredFile
from logicrm.extensions import db
from logicrm.leads.importing.wording import Said
from logicrm.leads.imports.models import ImportMapping, ImportProblem, ImportRun

PAGE = 50
_CHUNK = 200


def run(run_id: uuid.UUID, *, fresh: bool = False) -> ImportRun | None:
    """An import of this workspace, or None. `fresh` reads it again when it is loaded already."""
    wanted = select(ImportRun).where(ImportRun.id == run_id).execution_options(populate_existing=fresh)
    return db.session.scalar(wanted)


def recent() -> list[Any]:
    """The newest imports, without their rows."""
    columns = (
        ImportRun.id, ImportRun.file_name, ImportRun.kind, ImportRun.state, ImportRun.created_at, ImportRun.created_by,
        ImportRun.created, ImportRun.updated, ImportRun.skipped, ImportRun.failed, ImportRun.total,
        ImportRun.about_total, ImportRun.next_row,
    )  # fmt: skip
    newest = select(*columns).order_by(ImportRun.created_at.desc(), ImportRun.id.desc()).limit(PAGE)
    return list(db.session.execute(newest))


def file_of(run: ImportRun) -> StoredFile | None:
    """The stored file of an import, while it is kept."""
    return db.session.scalar(select(StoredFile).where(StoredFile.id == run.file_id)) if run.file_id else None


def remembered(headings_hash: str) -> ImportMapping | None:
    """How this set of headings was mapped the last time."""
    return db.session.scalar(select(ImportMapping).where(ImportMapping.headings_hash == headings_hash))


def first_problems(run_id: uuid.UUID, limit: int = 5) -> list[ImportProblem]:
    """The first failed rows."""
    wanted = select(ImportProblem).where(ImportProblem.import_run_id == run_id)
    return list(db.session.scalars(wanted.order_by(ImportProblem.line, ImportProblem.id).limit(limit)))


def problems(app: Flask, workspace_id: uuid.UUID, run_id: uuid.UUID) -> Iterator[tuple[list[str], list[str]]]:
    """(cells, sentences) of every failed row, in the order of the file.

    Each chunk is read in a context of its own: the answer is streamed, and its request may be over by then.
    """
    last: tuple[int, uuid.UUID] | None = None
    row = ImportProblem
    while True:
        wanted = select(row.line, row.id, row.cells, row.sentences).where(row.import_run_id == run_id)
        if last is not None:
            wanted = wanted.where(or_(row.line > last[0], and_(row.line == last[0], row.id > last[1])))
        with tenancy.working_in(app, workspace_id), database.reading():
            chunk = db.session.execute(wanted.order_by(row.line, row.id).limit(_CHUNK)).all()
        for one in chunk:
            yield one.cells, [Said(template, params) for template, params in one.sentences]
        if len(chunk) < _CHUNK:
            return
        last = (chunk[-1].line, chunk[-1].id)
