"""Pipelines, stages, and the kept count and sum of each stage."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import plain
from logicrm.core.schema import Id
from logicrm.core.tenancy import InWorkspace, inside
from logicrm.extensions import db


class Pipeline(InWorkspace, db.Model):
    """One way of selling: an ordered row of stages. A workspace may have several; the first is the usual one."""

    __tablename__ = "pipeline"
    __label__ = _l("Pipelines")
    __table_args__ = (Index("uq_pipeline_position", "workspace_id", "position", unique=True),)

    name: Mapped[str] = plain(String(80), why="names the pipeline")
    position: Mapped[int] = plain(Integer, why="order of the pipelines; unique, so that two requests make one default")
    created_at: Mapped[datetime] = plain(why="when it was made")


class Stage(InWorkspace, db.Model):
    """One step of a pipeline."""

    __tablename__ = "stage"
    __label__ = _l("Stages")
    __table_args__ = (
        inside("pipeline_id", "pipeline", ondelete="CASCADE"),
        Index("ix_stage_pipeline", "workspace_id", "pipeline_id", "position"),
    )

    pipeline_id: Mapped[uuid.UUID] = plain(Id(), why="of which pipeline")
    name: Mapped[str] = plain(String(80), why="heading of the column")
    position: Mapped[int] = plain(Integer, why="order of the columns")
    kind: Mapped[str] = plain(String(4), default="open", why="open, won or lost: what a lead here counts as")
    probability: Mapped[int] = plain(Integer, default=0, why="per cent, for the forecast")
    stale_after_days: Mapped[int] = plain(
        Integer, default=14, why="days without contact after which a lead here is stale"
    )


class StageSum(InWorkspace, db.Model):
    """How many leads a stage holds and what they are worth, per currency.

    Database triggers keep it (see `sums.py`), in the same statement that changes a lead: erasure, retention,
    undo and import write leads by other ways than our services, and a figure that service code kept would be
    wrong after the first of them. Restricted leads do not count.
    """

    __tablename__ = "stage_sum"
    __label__ = _l("Sums of the board")
    __table_args__ = (
        inside("stage_id", "stage", ondelete="CASCADE"),
        Index("uq_stage_sum_stage", "workspace_id", "stage_id", "currency", unique=True),
    )

    stage_id: Mapped[uuid.UUID] = plain(Id(), why="of which stage")
    currency: Mapped[str] = plain(String(3), why="ISO 4217 of the sum; '' for leads without one")
    leads: Mapped[int] = plain(BigInteger, default=0, why="how many leads are there")
    hundredths: Mapped[int] = plain(BigInteger, default=0, why="their value in hundredths: whole numbers do not drift")
