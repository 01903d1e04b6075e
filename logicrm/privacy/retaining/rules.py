"""The rules of keeping, read off the tables' declarations and the policy; and which rows each of them means.

A row whose anchor is NULL never expires. Calendar arithmetic is done in the workspace's zone: three years are over on
its day, not on Greenwich's.
"""

from __future__ import annotations

import uuid
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select

from logicrm.core import tenancy, workspaces
from logicrm.core.pii import Erase, Keep
from logicrm.core.schema import Base
from logicrm.extensions import db
from logicrm.privacy import purge, walk
from logicrm.privacy.clocks import Duration
from logicrm.privacy.profile import Profile
from logicrm.privacy.retaining.models import HeldRow

DELETE, ANONYMISE, RESTRICT = "delete", "anonymise", "restrict"
FLAGS = ("on_hold", "legal_hold")  # columns by which an area itself sets a row aside


@dataclass(frozen=True)
class Rule:
    """One declared rule of one table. `end`: the second half of "locked away", when what was locked goes."""

    model: Any
    keep: Keep
    end: bool = False

    @property
    def executor(self) -> str:
        return f"{self.model.__tablename__}.{self.keep.anchor}{'.end' if self.end else ''}"

    @property
    def is_tenant(self) -> bool:
        return tenancy.is_tenant(self.model.__table__)

    @property
    def is_promised(self) -> bool:
        """True where the policy itself sets the figure, not a mechanism of ours."""
        return self.keep.days is None

    @property
    def through(self) -> str:
        """The kind of subject whose deletion is the act; "" where the rows themselves go."""
        return self.keep.through

    def period(self, profile: Profile) -> Duration | None:
        """How long is kept (no time at all where rows carry their own last day); None: nothing counts from this."""
        if self.keep.days is not None:
            return Duration(days=self.keep.days)
        figures = profile.retention[self.keep.data_class]
        return figures.counted_from(self.keep.event or figures.anchor)

    def action(self, profile: Profile) -> str:
        """delete, anonymise or restrict. What a table declares to stay is made anonymous, whatever the policy says;
        what cannot be made anonymous is deleted."""
        wanted = ANONYMISE if self.keep.action is Erase.BLANK else DELETE
        if wanted == DELETE and self.is_promised and not self.end:
            wanted = profile.retention[self.keep.data_class].action
        return DELETE if wanted == ANONYMISE and not can_be_anonymous(self.model) else wanted

    def cutoff(self, profile: Profile, now: datetime) -> datetime | None:
        """Rows with an anchor at or before this are due; None where this policy counts nothing from the event.

        Never inside the minimum of the class, whichever figure the row goes by.
        """
        figures = profile.retention[self.keep.data_class]
        period = figures.maximum if self.end else self.period(profile)
        if period is None:
            return None
        cutoff = period.cutoff(now)
        return min(cutoff, figures.minimum.cutoff(now)) if figures.minimum and self.is_promised else cutoff

    def phases(self, profile: Profile) -> list[Rule]:
        """The rule, and where rows are locked away first, its end."""
        if not self.end and self.action(profile) == RESTRICT and profile.retention[self.keep.data_class].maximum:
            return [self, Rule(self.model, self.keep, end=True)]
        return [self]


def rules(*, tenant: bool) -> list[Rule]:
    """The declared rules of the tables inside workspaces, or of the global ones."""
    found = [
        Rule(mapper.class_, keep)
        for mapper in Base.registry.mappers
        for keep in getattr(mapper.class_, "__retention__", ())
    ]
    return sorted((r for r in found if r.is_tenant == tenant), key=lambda r: r.executor)


def every_rule() -> list[Rule]:
    """All declared rules."""
    return [*rules(tenant=True), *rules(tenant=False)]


def covers(data_class: str, event: str = "") -> bool:
    """True when some table goes by the policy's own figure of this class, counted from this event ("" = the main)."""
    return any(
        rule.is_promised and (rule.keep.data_class, rule.keep.event) == (data_class, event) for rule in every_rule()
    )


def here(now: datetime, *, tenant: bool = True) -> datetime:
    """The same instant on the wall clock of the present workspace, by whose calendar its rows are counted."""
    place = tenancy.current() if tenant else None
    business = (workspaces.met(place) or workspaces.by_id(place)) if place else None
    return now.astimezone(ZoneInfo(business.facts.time_zone) if business else UTC)


# Which rows ----------------------------------------------------------------------------------------


def anchor_of(rule: Rule) -> Any:
    """The column from which the rule counts."""
    return getattr(rule.model, rule.keep.anchor)


def due(rule: Rule, cutoff: datetime, action: str) -> list[ColumnElement[bool]]:
    """Conditions of the rows that are due, holds left aside. NULL is never `<=` anything."""
    anchor = anchor_of(rule)
    is_date = anchor.type.python_type is date
    return [anchor <= (cutoff.date() if is_date else cutoff.astimezone(UTC)), *meant(rule, action)]


def meant(rule: Rule, action: str) -> list[ColumnElement[bool]]:
    """Conditions of the rows that the rule speaks of, whatever their age: with an anchor, and not done with."""
    conditions: list[ColumnElement[bool]] = [anchor_of(rule).is_not(None)]
    columns = rule.model.__table__.columns
    conditions += [getattr(rule.model, name).is_(False) for name in FLAGS if name in columns]
    if action == RESTRICT and "restricted" in columns:
        conditions.append(rule.model.restricted.is_(False))
    if action == ANONYMISE:
        # An anonymous row stays: it would be due for ever, so it is known by having nothing left.
        left = something_left(rule.model)
        conditions.append(left if left is not None else db.false())
    return conditions


def something_left(model: Any) -> ColumnElement[bool] | None:
    """True for a row that still says something about somebody; None for a table that never does."""
    values, _unique = purge.neutral_values(model, walk.WHOLE)
    values |= dict.fromkeys(links_of(model))
    nullable = [getattr(model, name).is_not(None) for name, value in values.items() if value is None]
    other = [getattr(model, name) != value for name, value in values.items() if value is not None]
    return db.or_(*nullable, *other) if nullable or other else None


def links_of(model: Any) -> list[str]:
    """Columns that say whose a row is without holding anything personal themselves: a person's id, a key to a row of
    theirs. As long as one of them stands there, the row is nobody's only by name."""
    found = []
    for about in getattr(model, "__about__", ()):
        name = about.by or about.via[0]
        column = model.__table__.columns[name]
        if column.nullable and not column.primary_key and name not in found:
            found.append(name)
    return found


def can_be_anonymous(model: Any) -> bool:
    """False where a column that must be filled says whose the row is: such rows are deleted instead."""
    for about in getattr(model, "__about__", ()):
        column = model.__table__.columns[about.by or about.via[0]]
        neutral, unique = purge.neutral_values(model, walk.WHOLE)
        if not column.nullable and column.name not in neutral and column.name not in unique:
            return False
    return True


def not_held(
    model: Any, classes: Sequence[uuid.UUID], *, tenant: bool, held_classes: Container[str] = ()
) -> list[ColumnElement[bool]]:
    """Conditions of the rows that no hold keeps. `classes`: workspaces in which the whole class is held;
    `held_classes`: classes that are held here, whose rows must not go with a parent of another class."""
    key = walk.key_of(model)
    if tenant:
        conditions: list[ColumnElement[bool]] = [db.false()] if classes else []
    else:
        place = model.__table__.columns.get("workspace_id")
        conditions = [db.or_(place.is_(None), place.not_in(classes))] if classes and place is not None else []
    if key.type.python_type is uuid.UUID:
        held = select(HeldRow.row_id).where(HeldRow.table_name == model.__tablename__, HeldRow.row_id == key)
        conditions.append(~held.exists())
    for child, column in _going_along(model) if held_classes and tenant else ():
        if walk.data_class(child) in held_classes:
            pointer = getattr(child, column)
            conditions.append(~select(pointer).where(pointer == key).exists())
    return conditions


def _going_along(model: Any) -> Iterator[tuple[Any, str]]:
    """(model, column) of the tables whose rows the database deletes together with this one's."""
    for mapper in Base.registry.mappers:
        for key in mapper.local_table.foreign_key_constraints:  # type: ignore[attr-defined]
            column = next((c.name for c in key.columns if c.name != "workspace_id"), "")
            if column and key.referred_table is model.__table__ and (key.ondelete or "").upper() == "CASCADE":
                yield mapper.class_, column
