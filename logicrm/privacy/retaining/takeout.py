"""A copy of a whole workspace, for its owner to take along: one CSV file for each table, the files, and a list of both.

Built by the job that builds copies for people, read in one go and written row by row, so a large workspace needs no
large memory. Secrets and what only makes sense here (hashes, search words, counters of the program) are left out.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select, update

from logicrm.core import database, files, jobs, tenancy, watermarks
from logicrm.core.csvs import csv_of
from logicrm.core.pii import Personal, declaration
from logicrm.core.promises import promise
from logicrm.core.schema import Base, db_now
from logicrm.core.subjects import Subject
from logicrm.extensions import db
from logicrm.privacy import letters, versions
from logicrm.privacy.models import Export, ExportState
from logicrm.privacy.purge import db_time

MAX_BYTES = 50 * 1024**3
#: The program's own bookkeeping: it says nothing to anybody elsewhere.
LEFT_OUT = frozenset((
    "audit_head", "held_row", "outgoing_mail", "search_entry", "stage_sum", "stored_file", "waybill_counter", "watermark",
))  # fmt: skip
SECRET = ("_hash", "wrapped_key", "storage_key", "tracking_key", "proof")


@promise("termination")
def build(export_id: uuid.UUID, subject: Subject, *, progress: Callable[[int, int], None]) -> None:
    """Write the archive, store it and move the copy to ready. The caller commits."""
    with tempfile.TemporaryFile() as archive:
        with database.reading():
            at = db_time()
            expires = versions.of_subject(subject, at).retention["export"].keep_for.expires(at)
            counts = _write(archive, subject, at, progress)
            db.session.expunge_all()
            db.session.rollback()
        archive.seek(0)
        file = files.save(
            archive, name=f"{subject.name}.zip", kind=files.EXPORT, max_bytes=MAX_BYTES, entity=subject.kind,
            entity_id=subject.id, media_type="application/zip", expires_at=expires, writer=export_id,
        )  # fmt: skip
    moved = db.session.execute(
        update(Export)
        .where(Export.id == export_id, Export.state == ExportState.BUILDING)
        .values(
            state=ExportState.READY, ready_at=db_now(), expires_at=expires, records=sum(counts.values()),
            files={"zip": {"id": str(file.id), "bytes": file.size, "sha256": file.sha256}},
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise jobs.GiveUp("the export is no longer wanted")
    rows = sum(counts.values())
    watermarks.leave_watermark("export.workspace", ran_at=db_time(), rows_considered=rows, rows_acted=rows)
    letters.write(subject, "closing_copy", name=subject.name, expires_at=expires)


def models() -> Iterator[tuple[Any, list[str]]]:
    """(model, columns) of what is taken along."""
    for mapper in sorted(Base.registry.mappers, key=lambda one: one.local_table.name):  # type: ignore[attr-defined]
        table = mapper.local_table
        if tenancy.is_tenant(table) and table.name not in LEFT_OUT:  # type: ignore[arg-type, attr-defined]
            columns = [column.key for column in table.columns if column.name != "workspace_id" and _is_told(column)]
            yield mapper.class_, columns


def _is_told(column: Any) -> bool:
    mark = declaration(column)
    return not column.name.endswith(SECRET) and not (isinstance(mark, Personal) and not mark.export)


def _write(archive: Any, subject: Subject, at: datetime, progress: Callable[[int, int], None]) -> dict[str, int]:
    counts: dict[str, int] = {}
    sums: dict[str, str] = {}
    wanted = list(models())
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for number, (model, columns) in enumerate(wanted, start=1):
            progress(number, len(wanted) + 1)
            name = f"{model.__tablename__}.csv"
            counts[name], sums[name] = _table(out, name, model, columns)
        for row in db.session.scalars(select(files.StoredFile).where(files.StoredFile.kind != files.EXPORT)):
            name = f"files/{row.id}-{files.clean_name(row.name)}"
            with out.open(name, "w") as target:
                files.export(row, target)  # type: ignore[arg-type]
            sums[name] = row.sha256
        manifest = {
            "format": "logicrm.workspace/1", "business": subject.name, "made_at": at.astimezone(UTC).isoformat(),
            "rows": counts, "sha256": sums,
        }  # fmt: skip
        out.writestr("manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False))
    return counts


def _table(out: zipfile.ZipFile, name: str, model: Any, columns: list[str]) -> tuple[int, str]:
    digest, rows = hashlib.sha256(), 0
    with out.open(name, "w") as target:

        def put(data: bytes) -> None:
            digest.update(data)
            target.write(data)

        put(csv_of([columns]))
        wanted = select(*(getattr(model, column) for column in columns)).order_by(model.id)
        for row in db.session.execute(wanted.execution_options(yield_per=500)):
            put(csv_of([[written(value) for value in row]]).removeprefix(codecs.BOM_UTF8))
            rows += 1
    return rows, digest.hexdigest()


def written(value: Any) -> str:
    """A value as text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
