"""What the board shows: the cards of each column, and its kept count and sums."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, false, func, literal, select, union_all

from logicrm.core import keyset, search
from logicrm.extensions import db
from logicrm.leads.models import Lead, StageSum
from logicrm.leads.pipelines.queries import StageFacts
from logicrm.leads.queries import FOUND

CARDS = (
    Lead.id, Lead.first_name, Lead.last_name, Lead.company, Lead.email, Lead.value_amount, Lead.currency,
    Lead.owner_id, Lead.stage_id, Lead.position, Lead.next_task_at, Lead.next_step,
)  # fmt: skip
STEP, MOST = 20, 300  # a screen shows about ten of a column
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
    where = [Lead.restricted == false(), *([Lead.owner_id == owner] if owner is not None else [])]
    for card in db.session.execute(_searched(words, owner) if words else _first(wanted, where)):
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
        _counted(made, where)
    return list(made.values())


def _first(wanted: dict[uuid.UUID, int], where: list[ColumnElement[bool]]) -> Any:
    """The first cards of each column: a range of the board's index per column, whatever the column's length."""
    parts = []
    for key, most in wanted.items():
        part = select(Lead.id.label("id")).where(*where, Lead.stage_id == key)
        parts.append(select(part.order_by(Lead.position, Lead.id).limit(most + 1).subquery()))
    found = union_all(*parts).subquery("found")
    return select(*CARDS).select_from(found).outerjoin(Lead, found.c.id == Lead.id)


def _searched(words: str, owner: uuid.UUID | None) -> Any:
    """All that is found: a few hundred cards at most."""
    lead = keyset.among(Lead, [ref for _k, ref in search.find(words, kinds=("lead",), limit=FOUND)])
    mine = [lead.owner_id == owner] if owner is not None else []
    return select(*(getattr(lead, column.key) for column in CARDS)).where(lead.restricted == false(), *mine)


def _kept_sums(made: dict[uuid.UUID, Column]) -> None:
    rows = db.session.execute(
        select(StageSum.stage_id, StageSum.currency, StageSum.leads, StageSum.hundredths)
        .where(StageSum.stage_id.in_(list(made))).order_by(StageSum.hundredths.desc())
    )  # fmt: skip
    for column in made.values():
        column.count = 0
    for stage_id, currency, leads, hundredths in rows:
        made[stage_id].count += leads
        if hundredths and currency:
            made[stage_id].sums.append((Decimal(hundredths) / 100, currency))


def _counted(made: dict[uuid.UUID, Column], where: list[ColumnElement[bool]]) -> None:
    """Filtered: counted up to CAP; a sum of a part would mislead, so none is shown."""
    counts = []
    for key in made:
        inner = select(literal(1).label("one")).select_from(Lead).where(*where, Lead.stage_id == key).limit(CAP + 1)
        counted = inner.subquery()
        counts.append(
            select(literal(key, Lead.id.type).label("stage_id"), func.count().label("n")).select_from(counted)
        )
    for stage_id, n in db.session.execute(union_all(*counts)):
        column = made[stage_id]
        column.count, column.capped = min(n, CAP), n > CAP
