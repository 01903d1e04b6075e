"""Pipelines, stages, and who may own a lead: what lists and forms offer."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, func, literal, select, union_all

from logicrm.accounts.models import Membership, User
from logicrm.core import tenancy
from logicrm.core.schema import Id
from logicrm.extensions import db
from logicrm.leads.pipelines.models import Pipeline, Stage, StageSum


@dataclass(frozen=True)
class StageFacts:
    """A stage as pages need it."""

    id: uuid.UUID
    name: str
    kind: str
    probability: int
    position: int
    pipeline_id: uuid.UUID
    leads: int = 0  # how many there are, restricted ones apart

    @property
    def tone(self) -> str:
        """Colour of the stage's pill."""
        return {"won": "good", "lost": "bad"}.get(self.kind, "info")


@dataclass(frozen=True)
class Choices:
    """What can be chosen: the first pipeline's stages in order, and members by name."""

    stages: list[StageFacts] = field(default_factory=list)
    owners: list[tuple[uuid.UUID, str]] = field(default_factory=list)

    @cached_property
    def _stages(self) -> dict[uuid.UUID | None, StageFacts]:
        return {s.id: s for s in self.stages}

    @cached_property
    def _owners(self) -> dict[uuid.UUID | None, str]:
        return dict(self.owners)

    def stage(self, stage_id: uuid.UUID | None) -> StageFacts | None:
        """The stage, or None."""
        return self._stages.get(stage_id)

    def owner(self, user_id: uuid.UUID | None) -> str:
        """The member's name; '' for nobody and for somebody who left."""
        return self._owners.get(user_id, "")


def _stages_and_members() -> Any:
    stages = select(
        literal("stage").label("what"), Stage.id.label("id"), Stage.name.label("name"), Stage.kind.label("kind"),
        Stage.probability.label("probability"), Stage.position.label("position"),
        Stage.pipeline_id.label("pipeline_id"), Pipeline.position.label("pipeline_position"),
        select(func.coalesce(func.sum(StageSum.leads), 0)).where(StageSum.stage_id == Stage.id).scalar_subquery()
        .label("leads"),
    ).join(Pipeline, Pipeline.id == Stage.pipeline_id)  # fmt: skip
    owners = (
        select(
            literal("owner").label("what"), User.id.label("id"), User.name.label("name"), literal("").label("kind"),
            literal(0).label("probability"), literal(0).label("position"), User.id.label("pipeline_id"),
            literal(0).label("pipeline_position"), literal(0).label("leads"),
        )
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.workspace_id == bindparam("here", type_=Id()))
    )  # fmt: skip
    return union_all(stages, owners)


_CHOICES = _stages_and_members()  # every list asks, and building it took longer than asking


def choices() -> Choices:
    """Stages and members, in one statement: a list has a budget of four."""
    rows = list(db.session.execute(_CHOICES, {"here": tenancy.current()}))
    found = sorted((r for r in rows if r.what == "stage"), key=lambda r: (r.pipeline_position, r.position))
    return Choices(
        [StageFacts(r.id, r.name, r.kind, r.probability, r.position, r.pipeline_id, int(r.leads)) for r in found],
        sorted(((r.id, r.name) for r in rows if r.what == "owner"), key=lambda pair: pair[1].casefold()),
    )


def first_stage() -> Stage | None:
    """Where new leads begin: the first open stage of the first pipeline; None before there is one."""
    return db.session.scalar(
        select(Stage).join(Pipeline, Pipeline.id == Stage.pipeline_id)
        .where(Stage.kind == "open").order_by(Pipeline.position, Stage.position).limit(1)
    )  # fmt: skip


def stage(stage_id: uuid.UUID) -> Stage | None:
    """A stage of this workspace, or None."""
    return db.session.scalar(select(Stage).where(Stage.id == stage_id))


def any_pipeline() -> bool:
    """True when the workspace has a pipeline."""
    return bool(db.session.scalar(select(func.count()).select_from(Pipeline)))


@dataclass(frozen=True)
class StageStanding:
    """What a stage holds: leads, and their value by currency ("" = the workspace's own) in hundredths."""

    id: uuid.UUID
    name: str
    kind: str
    stale_after_days: int
    leads: int
    hundredths: dict[str, int]


def standing() -> list[StageStanding]:
    """The stages in order, with what they hold, from the kept sums. One statement."""
    return [_standing(list(some)) for _key, some in groupby(db.session.execute(_STANDING), key=lambda r: r.id)]


_STANDING = (
    select(Stage.id, Stage.name, Stage.kind, Stage.stale_after_days, StageSum.currency, StageSum.leads, StageSum.hundredths)
    .join(Pipeline, Pipeline.id == Stage.pipeline_id)
    .outerjoin(StageSum, StageSum.stage_id == Stage.id)
    .order_by(Pipeline.position, Stage.position, Stage.id)
)  # fmt: skip


def _standing(rows: list[Any]) -> StageStanding:
    first, held = rows[0], [r for r in rows if r.currency is not None]
    return StageStanding(
        first.id, first.name, first.kind, first.stale_after_days, sum(int(r.leads) for r in held),
        {r.currency: int(r.hundredths) for r in held if r.hundredths},
    )  # fmt: skip
