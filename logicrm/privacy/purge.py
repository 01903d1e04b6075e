"""The steps of a purge. Each can be done again after a crash, and each is the caller's transaction to commit.

begin (ledger, state, locks) → files → rows → mail → pages → proof → notice → evidence. `jobs.py` runs them in
order and commits after each; the last step that is done stands in the deletion's row.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, delete, inspect, select, update
from sqlalchemy.sql.schema import Column, ForeignKeyConstraint

from logicrm.core import crypto, database, files, mail, mail_delivery, search, subjects, tenancy
from logicrm.core.pii import Erase, personal_columns
from logicrm.core.schema import Base, Id, db_now, new_id
from logicrm.core.subjects import Subject
from logicrm.extensions import db
from logicrm.privacy import ledger, walk
from logicrm.privacy.models import Deletion, DeletionState
from logicrm.privacy.retaining import holds
from logicrm.privacy.walk import TablePlan

SEAL = "erasure-notice"
LAST_STEP = "evidence"


class Moved(Exception):
    """Another start of this purge has done the step: roll back and leave it the rest."""


def db_time() -> datetime:
    """The database's clock."""
    return db.session.execute(select(db_now())).scalar_one()


def begin(deletion_id: uuid.UUID) -> bool:
    """Move scheduled → purging if it is due by the database's clock; True when this call did it.

    The row is locked by the UPDATE when the ledger is written, and the ledger is on the disk before the
    commit: no erasure ever starts that a restored backup would not know of.
    """
    # A synchronised session would compare the due time with this host's clock.
    won = db.session.execute(
        update(Deletion)
        .where(Deletion.id == deletion_id, Deletion.state == DeletionState.SCHEDULED, Deletion.due_at <= db_now())
        .values(state=DeletionState.PURGING, begun_at=db_now(), step="begin")
        .execution_options(synchronize_session=False)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        return False
    deletion = get(deletion_id)
    subject = subjects.load(deletion.subject_kind, deletion.subject_id)
    if subject is not None:
        deletion.sealed = crypto.seal(SEAL, json.dumps(subject.emails).encode(), bound_to=deletion.id.bytes)
        deletion.facts = deletion.facts | {"workspaces": [str(place) for place in subject.workspaces]}
        subjects.adapter_of(subject.kind).lock(subject)
        ledger.append(ledger.BEGIN, deletion=str(deletion.id), kind=subject.kind, key=subject.key, at=db_time())
    return True


def take(deletion_id: uuid.UUID, *, after: str, to: str) -> Deletion:
    """Move a purge on by one step; its row is locked until the commit. Raises Moved."""
    moved = db.session.execute(
        update(Deletion)
        .where(Deletion.id == deletion_id, Deletion.step == after)
        .values(step=to)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Moved
    return get(deletion_id)


def get(deletion_id: uuid.UUID, *, locked: bool = False) -> Deletion:
    """The deletion as the database has it now, `locked` until the commit. Raises LookupError."""
    wanted = select(Deletion).where(Deletion.id == deletion_id).execution_options(populate_existing=True)
    found = db.session.scalar(wanted.with_for_update() if locked else wanted)
    if found is None:
        raise LookupError(deletion_id)
    return found


def sealed_addresses(deletion: Deletion) -> list[str]:
    """The addresses for the last notice, while they are still there."""
    if not deletion.sealed:
        return []
    opened = crypto.unseal(SEAL, deletion.sealed, bound_to=deletion.id.bytes)
    return [str(address) for address in json.loads(opened)]


def erase_files(deletion: Deletion) -> int:
    """Remove what lies outside the database: files' content, letters' written copies. The rows go with all others."""
    subject = subjects.load(deletion.subject_kind, deletion.subject_id)
    if subject is None:
        return 0
    plans = _plan(subject, note=False)
    letters = plans.get(mail.OutgoingMail.__tablename__)
    for key in letters.delete if letters else ():
        mail_delivery.remove_copy(key)
    one = plans.get(files.StoredFile.__tablename__)
    if one is None:
        return 0
    removed = 0
    rows = walk.Rows(one.model, {key: one.rows.by_key[key] for key in one.delete})
    for _key, values in walk.load_rows(rows, ["storage_key"], subject):
        files.store().remove(values["storage_key"])
        removed += 1
    return removed


def erase_rows(deletion: Deletion, tally: Any) -> None:
    """Delete, blank and keep, all rows in this one transaction. `tally(plans, subject)` gives the counts to keep."""
    subject = subjects.load(deletion.subject_kind, deletion.subject_id)
    if subject is None:
        return
    plans = _plan(subject, note=True)
    deletion.facts = deletion.facts | {"classes": tally(plans, subject)}
    db.session.flush()
    apply(plans, subject)
    deletion.facts = deletion.facts | {"left": left_behind(plans, subject)}


def _plan(subject: Subject, *, note: bool) -> dict[str, TablePlan]:
    plans = walk.plan(walk.find(subject))
    holds.spare(plans, subject, now=db_time(), note=note)
    return plans


def left_behind(plans: dict[str, TablePlan], subject: Subject) -> int:
    """Look for the person once more: rows that are still there and should not be. Anything but 0 breaks a promise."""
    db.session.flush()
    found = walk.find(subject)
    spared = {name: one.stays.union(*one.blank.values()) for name, one in plans.items()}
    return sum(len(set(rows.by_key) - spared.get(name, set())) for name, rows in found.tables.items())


# Rows ----------------------------------------------------------------------------------------------


def apply(plans: dict[str, TablePlan], subject: Subject) -> None:
    """Carry out a plan, children before parents."""
    order = {table.name: n for n, table in enumerate(reversed(db.metadata.sorted_tables))}
    for name in sorted(plans, key=order.__getitem__):
        _unlink(plans[name], plans, order, subject)
    for name in sorted(plans, key=order.__getitem__):
        one = plans[name]
        _unsearch(one)
        _restrict(one, subject)
        _blank(one, subject)
        for place, some in one.places(one.delete):
            _write(delete(one.model).where(walk.key_of(one.model).in_(some)), one.model, place, subject)
    db.session.expire_all()
    for one in plans.values():
        _search_again(one, subject)


def _write(statement: Any, model: Any, place: uuid.UUID | None, subject: Subject) -> int:
    if place is not None:
        statement = statement.where(model.workspace_id == place)
    return int(db.session.execute(statement, execution_options=walk.options(subject)).rowcount)  # type: ignore[attr-defined]


def _unlink(one: TablePlan, plans: dict[str, TablePlan], order: dict[str, int], subject: Subject) -> None:
    """Rows that stay must not point at rows that go: clear the pointer, or, where it must be, spare the parent."""
    if not one.delete:
        return
    for model, key, column in _pointing_at(one.model):
        theirs = plans.get(model.__tablename__)
        pointer = getattr(model, column.key)
        goes_first = order[model.__tablename__] < order[one.rows.name]
        for place, some in list(one.places(one.delete)):
            wanted = select(walk.key_of(model), pointer).where(pointer.in_(some))
            if place is not None and tenancy.is_tenant(model.__table__):
                wanted = wanted.where(model.workspace_id == place)
            rows = db.session.execute(wanted, execution_options=walk.options(subject)).all()
            stay = [r for r in rows if not (goes_first and theirs is not None and r[0] in theirs.delete)]
            if not stay:
                continue
            if column.nullable:
                _clear(model, pointer, stay, place, subject)
            elif key.ondelete is None or key.ondelete.upper() not in ("CASCADE", "SET NULL"):
                for _own, parent in stay:
                    one.delete.discard(parent)
                    one.blank[""].add(parent)


def _clear(model: Any, pointer: Any, rows: Iterable[Any], place: uuid.UUID | None, subject: Subject) -> None:
    tenant_place = place if tenancy.is_tenant(model.__table__) else None
    for some in walk.batches(row[0] for row in rows):
        statement = update(model).where(walk.key_of(model).in_(some)).values({pointer.key: None})
        _write(statement, model, tenant_place, subject)


def _pointing_at(model: Any) -> Iterator[tuple[Any, ForeignKeyConstraint, Column[Any]]]:
    """(model, key, column) of every reference to this table that the database does not resolve by itself."""
    for mapper in Base.registry.mappers:
        for key in mapper.local_table.foreign_key_constraints:  # type: ignore[attr-defined]
            if key.referred_table is not model.__table__ or (key.ondelete or "").upper() in ("CASCADE", "SET NULL"):
                continue
            column = next((c for c in key.columns if c.name != "workspace_id"), None)
            if column is not None:
                yield mapper.class_, key, column


def _restrict(one: TablePlan, subject: Subject) -> None:
    """What the law keeps is locked away where the table knows how."""
    if "restricted" not in one.model.__table__.columns:
        return
    for place, some in one.places(one.stays):
        _write(
            update(one.model).where(walk.key_of(one.model).in_(some)).values(restricted=True), one.model, place, subject
        )


def _blank(one: TablePlan, subject: Subject) -> None:
    for part, keys in one.blank.items():
        values, unique = neutral_values(one.model, part)
        if not values and not unique:
            continue
        for place, some in one.places(keys):
            if values:
                rows = update(one.model).where(walk.key_of(one.model).in_(some))
                _write(rows.values(values), one.model, place, subject)
            for key in some if unique else ():
                # Two erased rows must not collide on an empty value: a random one says as little.
                own = {name: f"erased-{new_id().hex}"[:length] for name, length in unique.items()}
                _write(update(one.model).where(walk.key_of(one.model) == key).values(own), one.model, place, subject)


def neutral_values(model: Any, part: str) -> tuple[dict[str, Any], dict[str, int]]:
    """(attribute → value that says nothing, attribute → length for those that must be unique) of one part."""
    marks = personal_columns(model.__table__, None if part == walk.WHOLE else part)
    wanted = {column.name for column, mark in marks if mark.erase is not Erase.KEEP}
    values: dict[str, Any] = {}
    unique: dict[str, int] = {}
    for attribute in inspect(model).column_attrs:
        column = attribute.columns[0]
        if column.name not in wanted or column.primary_key:
            continue
        if column.nullable:
            values[attribute.key] = None
        elif column.unique:
            unique[attribute.key] = getattr(column.type, "length", None) or 39
        else:
            values[attribute.key] = _neutral(column)
    return values, unique


def _neutral(column: Column[Any]) -> Any:
    if isinstance(column.type, Id):
        return uuid.UUID(int=0)
    if isinstance(column.type, JSON):
        # Only the default knows whether the empty value is a list or an object.
        default: Any = column.default
        return default.arg(None) if default is not None and default.is_callable else {}
    kind = column.type.python_type
    fixed: dict[type, Any] = {datetime: datetime(1970, 1, 1, tzinfo=UTC), date: date(1970, 1, 1)}
    return fixed[kind] if kind in fixed else kind()  # "", 0, False, {}, [], Decimal(0)


def _unsearch(one: TablePlan) -> None:
    """Nothing of an erased row is found any more; a row that stays is indexed again afterwards."""
    if not hasattr(one.model, "__search__"):
        return
    gone = one.delete.union(one.stays, *one.blank.values())
    entry = search.SearchEntry
    for some in walk.batches(gone):
        db.session.execute(
            delete(entry)
            .where(entry.kind == one.rows.name, entry.ref_id.in_(some))
            .execution_options(synchronize_session=False)
        )


def _search_again(one: TablePlan, subject: Subject) -> None:
    if not hasattr(one.model, "__search__"):
        return
    for place, some in one.places(set().union(*one.blank.values())):
        wanted = select(one.model).where(walk.key_of(one.model).in_(some))
        if place is not None:
            wanted = wanted.where(one.model.workspace_id == place)
        rows = db.session.scalars(wanted, execution_options=walk.options(subject)).all()
        entries = [entry for entry in map(search.entry_of, rows) if entry["body"]]
        if entries:
            db.session.execute(search.SearchEntry.__table__.insert(), entries)


# Pages ---------------------------------------------------------------------------------------------


class PagesBusy(RuntimeError):
    """A reader holds an old page of the WAL: try again a little later."""


def clean_pages() -> str:
    """Leave no old bytes behind in the database; return what was done. Call it outside any transaction.

    SQLite: `secure_delete` has overwritten them in the file; a truncating checkpoint empties the WAL, and is
    checked. PostgreSQL: dead rows are removed by VACUUM, whose old WAL segments the server recycles by itself.
    """
    engine = db.engine
    if engine.dialect.name == "sqlite":
        if not database.checkpoint(engine):
            raise PagesBusy("the write-ahead log could not be emptied yet")
        return "checkpoint"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in sorted({table.name for table in db.metadata.tables.values()}):
            connection.exec_driver_sql(f'VACUUM "{name}"')
    return "vacuum"
