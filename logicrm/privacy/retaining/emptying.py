"""Empty a workspace that is over: every row of every table that names it, children first, in small transactions.

What a hold keeps stays, with the rows that it cannot be without, and the workspace with it until the hold is over. Each
batch adds its rows to the count that the certificate will show in the same transaction, so a killed purge goes on where
it stopped and counts nothing twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from logicrm.core import files, jobs, mail, tenancy
from logicrm.core.schema import Base
from logicrm.extensions import db
from logicrm.privacy import purge, walk
from logicrm.privacy.models import Deletion, DeletionLink
from logicrm.privacy.policy_models import PolicyVersion
from logicrm.privacy.retaining import acting, holds
from logicrm.privacy.retaining import rules as keeping
from logicrm.privacy.retaining.models import HeldRow, LegalHold

SIZE = 200
#: Not emptied by table: proofs of erasures go by their own times, published policies only with the workspace.
PROOFS = (Deletion.__tablename__, DeletionLink.__tablename__)
LAST = ("policy_version", "legal_hold", "held_row", "workspace")


def empty(workspace_id: uuid.UUID, deletion_id: uuid.UUID, *, now: datetime, commit: Callable[[], None]) -> None:
    """Delete what is there, batch by batch, in the present workspace's context."""
    holds.let_go(now=now, commit=commit)
    holds.refresh_all(now=now)
    commit()
    _unlink_own(workspace_id, commit)
    for model in _models():
        while _batch(model, workspace_id, deletion_id, now):
            commit()
        commit()
    _finish(workspace_id, deletion_id, now)
    commit()


def _models() -> Iterator[Any]:
    """Models with a column for the workspace, children before parents."""
    by_name = {mapper.local_table.name: mapper.class_ for mapper in Base.registry.mappers}  # type: ignore[attr-defined]
    for table in reversed(db.metadata.sorted_tables):
        model = by_name.get(table.name)
        if model is not None and "workspace_id" in table.columns and table.name not in (*PROOFS, *LAST):
            yield model


def _unlink_own(workspace_id: uuid.UUID, commit: Callable[[], None]) -> None:
    """Rows that point at rows of their own table (a correction at what it corrects) could not go in batches."""
    for model in _models():
        for key in model.__table__.foreign_key_constraints:
            column = next((c for c in key.columns if c.name != "workspace_id"), None)
            if column is None or key.referred_table is not model.__table__ or not column.nullable:
                continue
            pointer = getattr(model, column.key)
            while True:
                own = walk.key_of(model)
                some = _ask(select(own).where(_here(model, workspace_id), pointer.is_not(None)).limit(SIZE))
                if not some:
                    break
                _do(update(model).where(own.in_(some)).values({pointer.key: None}))
                commit()


def _here(model: Any, workspace_id: uuid.UUID) -> Any:
    return model.__table__.c.workspace_id == workspace_id


def _ask(statement: Any) -> list[Any]:
    return list(db.session.scalars(statement))


def _do(statement: Any) -> int:
    done = db.session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]


def _batch(model: Any, workspace_id: uuid.UUID, deletion_id: uuid.UUID, now: datetime) -> int:
    """Delete some rows; return how many. 0: nothing is left but what is kept."""
    key = walk.key_of(model)
    is_tenant = tenancy.is_tenant(model.__table__)
    classes = holds.held_classes(now)
    whole = [workspace_id] if walk.data_class(model) in classes else []
    free = keeping.not_held(model, whole, tenant=is_tenant, held_classes=classes)
    wanted = select(key).where(_here(model, workspace_id), *free)
    if model is jobs.Job:
        wanted = wanted.where(jobs.Job.state != jobs.JobState.RUNNING)  # the one that does this
    keys = _ask(wanted.order_by(key.desc()).limit(SIZE))
    if not keys:
        return 0
    if model in (files.StoredFile, mail.OutgoingMail):
        acting.content_first(model, keys)
    gone = _do(delete(model).where(key.in_(keys)))
    if walk.declared_personal(model):
        _count(deletion_id, walk.data_class(model), gone)
    return gone


def _count(deletion_id: uuid.UUID, data_class: str, rows: int) -> None:
    row = purge.get(deletion_id, locked=True)
    classes = {one["class"]: one for one in row.facts.get("classes", [])}
    known = classes.get(data_class) or {
        "class": data_class, "deleted": 0, "anonymised": 0, "kept": 0, "kept_until": None, "kept_because": "",
    }  # fmt: skip
    classes[data_class] = known | {"deleted": known["deleted"] + rows}
    row.facts = row.facts | {"classes": list(classes.values())}
    db.session.flush()


def _finish(workspace_id: uuid.UUID, deletion_id: uuid.UUID, now: datetime) -> None:
    """The workspace itself goes, unless a hold still keeps something in it; then that is written down."""
    kept = _kept(now)
    if kept:
        row = purge.get(deletion_id, locked=True)
        told = [one for one in row.facts.get("classes", []) if not one["kept"]]
        row.facts = row.facts | {"classes": [*told, *kept]}
        return
    _do(delete(HeldRow))
    _do(delete(LegalHold))
    _do(delete(PolicyVersion))
    table = db.metadata.tables["workspace"]
    db.session.execute(table.delete().where(table.c.id == workspace_id))


def _kept(now: datetime) -> list[dict[str, Any]]:
    by_name = {mapper.local_table.name: mapper.class_ for mapper in Base.registry.mappers}  # type: ignore[attr-defined]
    counts: dict[tuple[str, str], list[Any]] = {}
    rows = db.session.execute(
        select(HeldRow.table_name, HeldRow.row_id, LegalHold.ground, LegalHold.until)
        .join(LegalHold, LegalHold.id == HeldRow.hold_id)
        .where(LegalHold.lifted_at.is_(None), LegalHold.until >= holds.today_of(tenancy.current(), now))
    ).all()
    for row in rows:
        known = counts.setdefault((walk.data_class(by_name[row.table_name]), row.ground), [set(), row.until])
        known[0].add(row.row_id)
        known[1] = max(known[1], row.until)
    for hold in holds.in_force(now):
        if hold.data_class:
            counts.setdefault((hold.data_class, hold.ground), [set(), hold.until])
    return [
        {
            "class": name, "deleted": 0, "anonymised": 0, "kept": len(ids) or _of_class(name), "kept_until": until.isoformat(),
            "kept_because": ground,
        }
        for (name, ground), (ids, until) in sorted(counts.items())
        if ids or _of_class(name)
    ]  # fmt: skip


def _of_class(name: str) -> int:
    """Rows of a class that are left in this workspace."""
    here = tenancy.current()
    found = 0
    for model in _models():
        if walk.data_class(model) == name and walk.declared_personal(model) and here is not None:
            wanted = select(db.func.count()).select_from(model).where(_here(model, here))
            found += db.session.scalar(wanted) or 0
    return found
