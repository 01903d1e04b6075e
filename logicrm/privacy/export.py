"""Copies of somebody's data: asked for, built by a job, fetched by the person alone, gone after a few days."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from flask_babel import force_locale, format_datetime
from sqlalchemy import or_, select, update

from logicrm.core import audit, database, files, jobs, tenancy
from logicrm.core.errors import Refused
from logicrm.core.pdf import Attachment, paper_css, render_pdf
from logicrm.core.phrases import gettext as _
from logicrm.core.promises import promise
from logicrm.core.schema import db_now, new_id
from logicrm.core.subjects import Subject
from logicrm.core.watermarks import leave_watermark
from logicrm.extensions import db
from logicrm.privacy import export_document, letters, signing, versions, walk
from logicrm.privacy.authorities import AUTHORITIES
from logicrm.privacy.models import Export, ExportState
from logicrm.privacy.purge import db_time

KINDS = {"json": "application/json", "pdf": "application/pdf", "zip": "application/zip"}
MAX_BYTES = 2 * 1024**3
BUSY = (ExportState.ASKED, ExportState.BUILDING)


@dataclass(frozen=True)
class Progress:
    """How far an export is: steps done and in all; `waiting` until a worker has it."""

    done: int
    total: int | None
    waiting: bool


@promise("export")
@walk.beyond_portal()
def request_export(subject: Subject) -> Export:
    """Ask for a copy; while one is being built, that one is returned. The caller commits.

    Its files are stored in the present workspace (an account's in the one where it was asked for).
    """
    place = tenancy.current()
    if place is None:
        raise tenancy.NoWorkspace("a copy is stored in a workspace")
    building = db.session.scalar(_of(subject).where(Export.state.in_(BUSY)).limit(1))
    if building is not None:
        return building
    export = Export(
        id=new_id(), subject_kind=subject.kind, subject_id=subject.id, workspace_id=place, state=ExportState.ASKED,
        asked_at=db_now(), files={},
    )  # fmt: skip
    db.session.add(export)
    db.session.flush()
    job = jobs.enqueue("privacy.export", args={"export": export.id}, key=f"export:{export.id}", workspace_id=place)
    export.job_id = job.id
    audit.record("export.asked", object_kind="privacy_export", object_id=export.id, kind=subject.kind)
    return export


def _of(subject: Subject) -> Any:
    return select(Export).where(Export.subject_kind == subject.kind, Export.subject_id == subject.id)


def latest_export(subject: Subject) -> Export | None:
    """The subject's newest export, or None."""
    return db.session.scalar(_of(subject).order_by(Export.asked_at.desc(), Export.id.desc()).limit(1))


def get_export(subject: Subject, export_id: uuid.UUID) -> Export | None:
    """One export of the subject; somebody else's is None, like a missing one."""
    return db.session.scalar(_of(subject).where(Export.id == export_id))


def progress_of(export: Export) -> Progress:
    """How far the job is."""
    job = db.session.get(jobs.Job, export.job_id) if export.job_id else None
    if job is None or export.state == ExportState.ASKED:
        return Progress(0, None, waiting=True)
    return Progress(job.progress_done, job.progress_total, waiting=False)


def try_again(subject: Subject, export_id: uuid.UUID) -> Export:
    """Ask anew after a failure."""
    failed = get_export(subject, export_id)
    if failed is None or failed.state != ExportState.FAILED:
        raise Refused(_("There is nothing to try again."))
    return request_export(subject)


def take(subject: Subject, export_id: uuid.UUID, kind: str) -> files.StoredFile | None:
    """The stored file of a ready copy, counted as a download; None when there is none (any more)."""
    export = get_export(subject, export_id)
    if export is None or export.state != ExportState.READY or kind not in export.files:
        return None
    counted = db.session.execute(
        update(Export)
        .where(Export.id == export_id, Export.state == ExportState.READY, Export.expires_at > db_now())
        .values(downloads=Export.downloads + 1)
        .execution_options(synchronize_session=False)
    )
    if counted.rowcount != 1:  # type: ignore[attr-defined]
        return None
    wanted = select(files.StoredFile).where(files.StoredFile.id == uuid.UUID(export.files[kind]["id"]))
    # An account may fetch its copy while it works in another of its workspaces.
    place = export.workspace_id
    return next(iter(walk.load_models(wanted, files.StoredFile, place, subject)), None) if place else None


def start(export_id: uuid.UUID) -> bool:
    """Move asked → building (or take it over after a crash); False when it is done or gone."""
    moved = db.session.execute(
        update(Export)
        .where(Export.id == export_id, Export.state.in_(BUSY))
        .values(state=ExportState.BUILDING, fault="")
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]


def fail(export_id: uuid.UUID, why: str) -> None:
    """Move to failed, with words for the person."""
    db.session.execute(
        update(Export)
        .where(Export.id == export_id, or_(Export.state == ExportState.ASKED, Export.state == ExportState.BUILDING))
        .values(state=ExportState.FAILED, fault=why[:200])
        .execution_options(synchronize_session=False)
    )


def fail_lost() -> int:
    """Say of copies in the making whose job was given up or cancelled that they failed, so that they can be asked
    for again; return how many. The caller commits."""
    at_work = select(jobs.Job.id).where(jobs.Job.state.in_([jobs.JobState.WAITING, jobs.JobState.RUNNING]))
    lost = db.session.execute(
        update(Export)
        .where(Export.state.in_(BUSY), Export.job_id.is_not(None), Export.job_id.not_in(at_work))
        .values(state=ExportState.FAILED, fault="The copy could not be built (its job was stopped).")
        .execution_options(synchronize_session=False)
    )
    return int(lost.rowcount)  # type: ignore[attr-defined]


def expire() -> int:
    """Mark the copies whose days are over. Their files go by their own last day."""
    done = db.session.execute(
        update(Export)
        .where(Export.state == ExportState.READY, Export.expires_at <= db_now())
        .values(state=ExportState.EXPIRED, files={})
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


# Building ------------------------------------------------------------------------------------------


@promise("export.portable")
@promise("explain")
def build(export_id: uuid.UUID, subject: Subject, *, controller: str, progress: Callable[[int, int], None]) -> None:
    """Build JSON, PDF and (when the person has files) ZIP, store them, and move to ready. The caller commits.

    Reading and writing are two transactions: the embedded database has one writer, who must not wait for a PDF.
    """
    with database.reading():
        at = db_time()
        terms = versions.of_subject(subject, at)
        found = walk.find(subject)
        total = len(found.tables) + 3
        stored = _own_files(found, subject)
        document = export_document.build(
            subject, found, terms, export_id=export_id, controller=controller, at=at,
            schema_url=letters.absolute("privacy.export_schema"), progress=lambda done, _of: progress(done, total),
        )  # fmt: skip
        lacking = export_document.missing(document, found)
        db.session.expunge_all()
        db.session.rollback()
    names = _archive_names(stored)
    document["manifest"]["files"] += [
        {"name": names[file.id], "sha256": file.sha256, "bytes": file.size} for file in stored
    ]
    export_document.sign(document)
    data = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    made = {
        "json": ("personal-data.json", data),
        "pdf": ("personal-data.pdf", paper_of(document, data, subject, at=at)),
    }
    progress(total - 2, total)
    if stored:
        made["zip"] = ("personal-data.zip", _archive(made, stored, names))
    progress(total - 1, total)
    _finish(
        export_id,
        subject,
        made,
        records=document["manifest"]["records"],
        expires=terms.retention["export"].keep_for.expires(at),
        lacking=lacking,
    )


def _finish(
    export_id: uuid.UUID, subject: Subject, made: dict[str, tuple[str, bytes]], *, records: int, expires: datetime,
    lacking: int,
) -> None:  # fmt: skip
    kept = {kind: _store(export_id, subject, name, content, kind, expires) for kind, (name, content) in made.items()}
    moved = db.session.execute(
        update(Export)
        .where(Export.id == export_id, Export.state == ExportState.BUILDING)
        .values(state=ExportState.READY, ready_at=db_now(), expires_at=expires, files=kept, records=records)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise jobs.GiveUp("the export is no longer wanted")
    leave_watermark(
        "export", ran_at=db_time(), rows_considered=records + lacking, rows_acted=records, rows_overdue=lacking
    )
    letters.write(subject, "export_ready", name=subject.name, expires_at=expires)


def _store(
    export_id: uuid.UUID, subject: Subject, name: str, content: bytes, kind: str, expires: datetime
) -> dict[str, Any]:
    file = files.save(
        content, name=name, kind=files.EXPORT, max_bytes=MAX_BYTES, entity=subject.kind, entity_id=subject.id,
        media_type=KINDS[kind], expires_at=expires, writer=export_id,
    )  # fmt: skip
    return {"id": str(file.id), "bytes": len(content), "sha256": signing.fingerprint(content)}


def _own_files(found: walk.Found, subject: Subject) -> list[files.StoredFile]:
    """The files that the person gave us or that are about them; copies made before are not copied again."""
    rows = found.tables.get(files.StoredFile.__tablename__)
    if rows is None:
        return []
    one, out = walk.TablePlan(rows), []
    for place, some in one.places(rows.by_key):
        wanted = select(files.StoredFile).where(files.StoredFile.id.in_(some), files.StoredFile.kind != files.EXPORT)
        if place is not None:
            out += walk.load_models(wanted, files.StoredFile, place, subject)
    return sorted(out, key=lambda file: file.id)


def _archive_names(stored: list[files.StoredFile]) -> dict[uuid.UUID, str]:
    return {file.id: f"files/{number:04d}-{files.clean_name(file.name)}" for number, file in enumerate(stored, start=1)}


def _archive(made: dict[str, tuple[str, bytes]], stored: list[files.StoredFile], names: dict[uuid.UUID, str]) -> bytes:
    out = io.BytesIO()
    sums = [f"{signing.fingerprint(content)}  {name}" for name, content in made.values()]
    sums += [f"{file.sha256}  {names[file.id]}" for file in stored]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in made.values():
            archive.writestr(name, content)
        for file in stored:
            with archive.open(names[file.id], "w") as inside:
                files.export(file, inside)  # type: ignore[arg-type]
        archive.writestr("SHA256SUMS", "\n".join(sums) + "\n")
    return out.getvalue()


def paper_of(document: dict[str, Any], data: bytes, subject: Subject, *, at: datetime) -> bytes:
    """The PDF, made for reading, with the JSON inside (PDF/A-3)."""
    lang = subject.language or "en"
    manifest = document["manifest"]
    authority = AUTHORITIES.get(subject.country)
    with force_locale(lang):
        title = _("Your personal data")
        html = letters.on_paper(
            "paper/personal_data.html", lang=lang, title=title, workspace={"name": manifest["controller"]},
            subject=subject.name, generated_at=format_datetime(at, "long"),
            sections=[_readable(section) for section in document["sections"]], omissions=manifest["omissions"],
            manifest={
                "id": manifest["id"], "signature": manifest["signature"],
                "files": [*manifest["files"], {"name": "personal-data.json", "sha256": signing.fingerprint(data)}],
            },
            rights=[(one["right"], one["text"]) for one in document["rights"]],
            authority={"name": authority.name, "website": authority.web} if authority else None,
        )  # fmt: skip
    attached = Attachment("personal-data.json", data, "application/json", title)
    return render_pdf(
        html, css=[paper_css()], attachments=[attached], title=title, lang=lang, created=at, timeout_s=600
    )


def _readable(section: dict[str, Any]) -> dict[str, Any]:
    shown = [name for name, field in section["fields"].items() if field["category"]]
    labels = {name: section["fields"][name]["label"] for name in shown}
    return {
        "title": section["title"],
        "purpose": "; ".join(one["purpose"] for one in section["purposes"]),
        "basis": "; ".join(dict.fromkeys(one["basis"] for one in section["purposes"] if one["basis"])),
        "recipients": section["recipients"],
        "keep": section["keep"],
        "source": section["source"],
        "rows": [[(labels[n], _shown(row[n])) for n in shown if n in row] for row in section["rows"] if shown],
    }


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode() if value else ""
    if isinstance(value, str) and len(value) >= 19 and value[4:5] == "-" and value[10:11] == "T":
        try:
            return format_datetime(datetime.fromisoformat(value), "medium")
        except ValueError:
            return value
    return value
