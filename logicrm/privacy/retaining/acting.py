"""What becomes of a batch of rows whose time is over: they go, lose what they say about anybody, or are locked away.

With them goes what hangs on them by declaration (the undo log's copies, notes on a lead): nothing may say again what a
row does not say any more.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select, update

from logicrm.core import files, mail, mail_delivery, search, tenancy
from logicrm.core.pii import About, Erase
from logicrm.core.schema import Base, Id
from logicrm.core.subjects import Subject
from logicrm.extensions import db
from logicrm.privacy import purge, walk
from logicrm.privacy.retaining import rules as keeping
from logicrm.privacy.retaining.rules import ANONYMISE, DELETE, RESTRICT
from logicrm.privacy.walk import Rows, TablePlan


def carry_out(model: Any, keys: list[Any], action: str) -> int:
    """Delete, make anonymous or lock away these rows of one table; return how many. The caller commits."""
    if not keys or (action == RESTRICT and "restricted" not in model.__table__.columns):
        return 0
    is_tenant = tenancy.is_tenant(model.__table__)
    place = tenancy.current() if is_tenant else None
    nobody = Subject("", uuid.UUID(int=0), "", (), workspace_id=place)
    one = TablePlan(Rows(model, {own: (place, set()) for own in keys}))
    plans = {model.__tablename__: one}
    if action == RESTRICT:
        one.keep = set(keys)
    elif action == ANONYMISE:
        one.blank[walk.WHOLE] = set(keys)
        _add_hanging(plans, nobody)
    else:
        one.delete = set(keys)
        content_first(model, keys)
        _add_hanging(plans, nobody)
    purge.apply(plans, nobody)
    if action == ANONYMISE:
        _cut_links(model, keys, nobody)
    if action == DELETE and is_tenant:
        search.forget(model.__tablename__, keys)
    return len(keys)


def finish(table_name: str, keys: list[uuid.UUID], act: str) -> int:
    """Do to held rows what an erasure had to leave: "delete", or "blank:PART"."""
    model = next((m.class_ for m in Base.registry.mappers if m.local_table.name == table_name), None)  # type: ignore[attr-defined]
    if model is None or not keys:
        return 0
    key = walk.key_of(model)
    there = list(db.session.scalars(select(key).where(key.in_(keys))))
    if act == DELETE:
        return carry_out(model, there, DELETE)
    is_tenant = tenancy.is_tenant(model.__table__)
    place = tenancy.current() if is_tenant else None
    one = TablePlan(Rows(model, {own: (place, set()) for own in there}))
    one.blank[act.removeprefix("blank:")] = set(there)
    purge.apply({table_name: one}, Subject("", uuid.UUID(int=0), "", (), workspace_id=place))
    return len(there)


def content_first(model: Any, keys: list[Any]) -> None:
    """Files and written copies of mail lie outside the database: they go with their rows."""
    if model is files.StoredFile:
        for (place,) in db.session.execute(select(files.StoredFile.storage_key).where(files.StoredFile.id.in_(keys))):
            files.store().remove(place)
    if model is mail.OutgoingMail:
        for own in keys:
            mail_delivery.remove_copy(own)


def _cut_links(model: Any, keys: list[Any], nobody: Subject) -> None:
    """An id that leads back to the person is as good as a name."""
    links = keeping.links_of(model)
    if links:
        cut = update(model).where(walk.key_of(model).in_(keys)).values(dict.fromkeys(links))
        db.session.execute(cut, execution_options=walk.options(nobody))
        db.session.expire_all()


def _add_hanging(plans: dict[str, TablePlan], nobody: Subject) -> None:
    """Add what belongs to these rows by `via`, and to those in turn."""
    waiting = list(plans.values())
    while waiting:
        parent = waiting.pop()
        gone = {key for key in (*parent.delete, *set().union(*parent.blank.values())) if isinstance(key, uuid.UUID)}
        for model, about in _belonging(parent):
            new = _children(model, about, gone, nobody)
            known = plans.get(model.__tablename__)
            if known is None:
                if not new:
                    continue
                known = plans[model.__tablename__] = TablePlan(Rows(model))
            fresh = {key: place for key, place in new.items() if key not in known.rows.by_key}
            known.rows.by_key |= {key: (place, set()) for key, place in fresh.items()}
            if about.rows is Erase.DELETE:
                known.delete |= set(fresh)
            else:
                known.blank[about.part or walk.WHOLE] |= set(fresh)
            if fresh:
                step = TablePlan(Rows(model, {key: known.rows.by_key[key] for key in fresh}))
                step.delete = set(fresh)
                waiting.append(step)


def _belonging(parent: TablePlan) -> Iterator[tuple[Any, About]]:
    """(model, declaration) of every table whose rows belong to rows of this one. Those that the database deletes by
    itself are left to it."""
    name = parent.rows.name
    for mapper in Base.registry.mappers:
        model = mapper.class_
        seen = set()
        for about in getattr(model, "__about__", ()):
            if about.via is None or about.rows is Erase.KEEP or about.via in seen or model is search.SearchEntry:
                continue
            seen.add(about.via)
            if about.via[1] == walk.ANY or (about.via[1] == name and not (parent.delete and _cascades(model, about))):
                yield model, about


def _cascades(model: Any, about: About) -> bool:
    column = about.via[0] if about.via else ""
    return any(
        (key.ondelete or "").upper() == "CASCADE" and column in {c.name for c in key.columns}
        for key in model.__table__.foreign_key_constraints
    )


def _children(model: Any, about: About, parents: set[uuid.UUID], nobody: Subject) -> dict[Any, uuid.UUID | None]:
    """Key → workspace of the rows that point at these parents and that no hold keeps."""
    column = about.via[0] if about.via else ""
    if not parents or not isinstance(model.__table__.columns[column].type, Id):
        return {}
    is_tenant = tenancy.is_tenant(model.__table__)
    key = walk.key_of(model)
    found: dict[Any, uuid.UUID | None] = {}
    free = keeping.not_held(model, (), tenant=is_tenant)
    options = walk.options(nobody) | ({} if is_tenant else {tenancy.ACROSS: True})
    for some in walk.batches(parents):
        wanted = select(key, model.workspace_id if is_tenant else key).where(getattr(model, column).in_(some), *free)
        for own, place in db.session.execute(wanted, execution_options=options):
            found[own] = place if is_tenant else None
    return found
