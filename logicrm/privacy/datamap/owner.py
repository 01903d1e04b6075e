"""What only the owner knows for the record of processing, and how the policy page names recipients. The callers commit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from logicrm.core import audit, tenancy
from logicrm.core.errors import Conflict, Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy.datamap.models import ProcessingRecord
from logicrm.privacy.datamap.questions import OWNERS


@dataclass(frozen=True)
class Known:
    """The owner's answers as they stand. `revision` is 0 while there are none."""

    texts: Mapping[str, str]
    public_names: bool = False
    revision: int = 0
    changed_at: datetime | None = None


def known() -> Known:
    """The answers of the present workspace."""
    row = db.session.execute(
        select(
            ProcessingRecord.texts, ProcessingRecord.public_names, ProcessingRecord.revision, ProcessingRecord.changed_at
        )
    ).first()  # fmt: skip
    return Known(row.texts, bool(row.public_names), row.revision, row.changed_at) if row else Known({})


def save(texts: Mapping[str, str], *, revision: int, by: uuid.UUID, now: datetime) -> None:
    """Save the answers. Refuses one that is too long, naming the field; raises Conflict when somebody saved since."""
    kept = {}
    for key, one in OWNERS.items():
        said = texts.get(key, "").strip()
        if len(said) > one.longest:
            raise Refused(_("Use at most %(n)s characters.", n=one.longest), field=key)
        if said:
            kept[key] = said
    if kept.get("work") and not kept.get("on_behalf"):
        raise Refused(_("Say first for whom you do this."), field="on_behalf")
    if kept.get("dpo_phone") and not kept.get("dpo_name"):
        raise Refused(_("Say whose telephone this is: the name of the officer."), field="dpo_name")
    _store({"texts": kept}, revision=revision, by=by, now=now)
    audit.record(
        "record.saved", object_kind="processing_record", object_id=tenancy.current(), actor=by, answered=sorted(kept)
    )


def show_names(names: bool, *, revision: int, by: uuid.UUID, now: datetime) -> None:
    """Choose whether the policy page names the firms, or only their jobs."""
    _store({"public_names": int(names)}, revision=revision, by=by, now=now)
    audit.record(
        "recipients.public", object_kind="processing_record", object_id=tenancy.current(), actor=by, names=names
    )


def _store(values: Mapping[str, object], *, revision: int, by: uuid.UUID, now: datetime) -> None:
    stamped = {**values, "changed_at": now, "changed_by": by}
    if revision == 0 and db.session.scalar(select(ProcessingRecord.id)) is None:
        db.session.add(ProcessingRecord(id=new_id(), **{"texts": {}, "public_names": 0, "revision": 1, **stamped}))
        db.session.flush()
        return
    moved = db.session.execute(
        update(ProcessingRecord)
        .where(ProcessingRecord.revision == revision)
        .values(**stamped, revision=revision + 1)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(_("Somebody saved these answers meanwhile. Look at them again, then save."))
