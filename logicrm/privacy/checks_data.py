"""Checks of what is held: nothing undeclared, nothing for another purpose, no card numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, String, inspect, select

from logicrm.core import mail, pii, tenancy
from logicrm.core.cards import numbers_in
from logicrm.core.checks import Checked, check
from logicrm.core.schema import Base
from logicrm.extensions import db
from logicrm.privacy import profile, versions

#: Tables that the database or its tools keep for themselves.
NOT_OURS = ("sqlite_", "search_index", "alembic_version")
RECENT = timedelta(days=30)


@check("census", everywhere=True)
def everything_is_declared(now: datetime) -> Checked:
    """Columns that the database really has, and how many of them no declaration speaks of."""
    missing = set(pii.undeclared(db.metadata))
    held = list(_columns())
    known = {f"{table.name}.{column.name}" for table in db.metadata.tables.values() for column in table.columns}
    return Checked(len(held), len(missing) + len([one for one in held if one not in known]))


def _columns() -> Iterator[str]:
    with db.engine.connect() as connection:
        seen = inspect(connection)
        for table in seen.get_table_names():
            if not table.startswith(NOT_OURS):
                yield from (f"{table}.{column['name']}" for column in seen.get_columns(table))


@check("purposes")
def purposes_are_those_of_the_policy(now: datetime) -> Checked:
    """Personal columns and letters of the last days, and how many serve a purpose that the policy does not name."""
    here = tenancy.current()
    if here is None:
        raise tenancy.NoWorkspace("purposes are those of one policy")
    policy = versions.of_workspace(here, now)
    personal = sum(1 for table in db.metadata.tables.values() for _one in pii.personal_columns(table))
    letter = mail.OutgoingMail.__table__
    sent = db.session.execute(
        select(letter.c.purpose).where(letter.c.workspace_id == here, letter.c.created_at >= now - RECENT)
    ).scalars()
    used = list(sent)
    wrong = [purpose for purpose in used if purpose not in policy.purposes]
    return Checked(personal + len(used), len(profile.columns_without_rule(policy, db.metadata)) + len(wrong))


@check("cards")
def no_card_numbers_are_stored(now: datetime) -> Checked:
    """Texts of every table of the workspace and its letters, and how many card numbers stand in them."""
    seen = wrong = 0
    for text in _texts():
        seen += 1
        wrong += numbers_in(text)
    return Checked(seen, wrong)


def _texts() -> Iterator[str]:
    for mapper in Base.registry.mappers:
        model: Any = mapper.class_
        columns = [c for c in model.__table__.columns if isinstance(c.type, String | JSON)]
        letters = model is mail.OutgoingMail
        if not columns or not (tenancy.is_tenant(model.__table__) or letters):
            continue
        wanted = select(*(getattr(model, mapper.get_property_by_column(c).key) for c in columns))
        if letters:
            wanted = wanted.where(mail.OutgoingMail.__table__.c.workspace_id == tenancy.current())
        for row in db.session.execute(wanted).yield_per(1000):
            yield from (value if isinstance(value, str) else str(value) for value in row if value)
