"""What the board shows: the cards of each column, and its kept count and sums."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, false, func, literal, select, union_all

from logicrm.core import search
from logicrm.extensions import db
from logicrm.leads.models import Lead, StageSum
from logicrm.leads.pipelines.queries import StageFacts
from logicrm.leads.queries import FOUND

CARDS = (
    Lead.id, Lead.first_name, Lead.last_name, Lead.company, Lead.email, Lead.value_amount, Lead.currency,
    Lead.owner_id, Lead.stage_id, Lead.position, Lead.next_task_at, Lead.next_step,
)  # fmt: skip
STEP, MOST = 10, 300  # a screen shows about nine of a column
CAP = 1000  # a filtered column is counted so far


@dataclass
class Column:
    """One column. `sums` are (amount, currency); `count` is exact, or capped when `capped`."""

    stage: StageFacts
    cards: list[Any] = field(default_factory=list)
    count: int = 0
    capped: bool = False
    sums: list[tuple[Decimal, str]] = field(default_factory=list)
    more: bool = False


def columns(
    stages: list[StageFacts],
    *,
    owner: uuid.UUID | None = None,
    words: str = "",
    shown: dict[uuid.UUID, int] | None = None,
) -> list[Column]:
    """The columns of one pipeline: one statement for all cards, one for counts and sums (two when searching).

    `shown` says how many cards of a column are wanted (STEP unless said).
    """
    made = {s.id: Column(s) for s in stages}
    if not made:
        return []
    wanted = {s.id: min((shown or {}).get(s.id, STEP), MOST) for s in stages}
    mine = {"owner": owner} if owner is not None else {}
    cards: Any = (
        _searched(words, owner) if words else db.session.execute(_first(tuple(wanted.items()), bool(mine)), mine)
    )
    for card in cards:
        if card.stage_id in made:
            made[card.stage_id].cards.append(card)
    for key, column in made.items():
        column.cards.sort(key=lambda card: (card.position, card.id))
        column.count = len(column.cards)  # true of a search; the others are counted below
        column.more = len(column.cards) > wanted[key] and wanted[key] < MOST
        column.cards = column.cards[: wanted[key]]
    if owner is None and not words:
        _kept_sums(made)
    elif not words:
        for stage_id, n in db.session.execute(_counts(tuple(made)), mine):
            made[stage_id].count, made[stage_id].capped = min(n, CAP), n > CAP
    return list(made.values())


def _shown(mine: bool) -> list[ColumnElement[bool]]:
    return [Lead.restricted == false(), *([Lead.owner_id == bindparam("owner")] if mine else [])]


@lru_cache(maxsize=256)
def _first(wanted: tuple[tuple[uuid.UUID, int], ...], mine: bool) -> Any:
    """The first cards of each column: a range of the board's index per column, whatever the column's length."""
    parts = []
    for key, most in wanted:
        part = select(Lead.id.label("id")).where(*_shown(mine), Lead.stage_id == key)
        parts.append(select(part.order_by(Lead.position, Lead.id).limit(most + 1).subquery()))
    found = union_all(*parts).subquery("found")
    return select(*CARDS).select_from(found).outerjoin(Lead, found.c.id == Lead.id)


def _searched(words: str, owner: uuid.UUID | None) -> Any:
    """All that is found: a few hundred cards at most."""
    searched = search.among(Lead, "lead", words, limit=FOUND)
    if searched is None:
        return []
    lead, params = searched
    mine = [lead.owner_id == owner] if owner is not None else []
    cards = select(*(getattr(lead, column.key) for column in CARDS)).where(lead.restricted == false(), *mine)
    return db.session.execute(cards, params)


_SUMS = (
    select(StageSum.stage_id, StageSum.currency, StageSum.leads, StageSum.hundredths)
    .where(StageSum.stage_id.in_(bindparam("stages", expanding=True)))
    .order_by(StageSum.hundredths.desc())
)


def _kept_sums(made: dict[uuid.UUID, Column]) -> None:
    rows = db.session.execute(_SUMS, {"stages": list(made)})
    for column in made.values():
        column.count = 0
    for stage_id, currency, leads, hundredths in rows:
        made[stage_id].count += leads
        if hundredths and currency:
            made[stage_id].sums.append((Decimal(hundredths) / 100, currency))


@lru_cache(maxsize=256)
def _counts(stages: tuple[uuid.UUID, ...]) -> Any:
    """Somebody's cards by column, counted up to CAP; a sum of a part would mislead, so none is shown."""
    counts = []
    for key in stages:
        inner = select(literal(1).label("one")).select_from(Lead).where(*_shown(True), Lead.stage_id == key)
        counted = inner.limit(CAP + 1).subquery()
        counts.append(
            select(literal(key, Lead.id.type).label("stage_id"), func.count().label("n")).select_from(counted)
        )
    return union_all(*counts)
