"""What the officer's desk reads: figures and the rows behind them. Reads only."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import case, event, func, select

from logicrm.core import promises, tenancy
from logicrm.core.promises import Evidence, registry
from logicrm.core.watermarks import Watermark
from logicrm.extensions import db
from logicrm.privacy.models import RetentionRun

# The promise and what stands behind its state ------------------------------------------------------


@dataclass
class Query:
    """One query for evidence: its text, the statements that it sent, and the watermarks that it read."""

    name: str
    place: str
    text: str
    evidence: Evidence
    statements: list[str] = field(default_factory=list)
    marks: list[Watermark] = field(default_factory=list)


def queries_of(promise: promises.Promise, now: datetime) -> list[Query]:
    """Ask every query that serves a promise, and note what it read."""
    found: dict[Any, Query] = {}
    for name in promise.served_by:
        function = registry.queries.get(name)
        if function is None or function in found:
            continue
        with _listening() as heard:
            seen = registry.look_at(name, now)
        names = {value for values in heard.values for value in values if isinstance(value, str)}
        marks = (
            db.session.scalars(select(Watermark).where(Watermark.executor.in_(sorted(names)))).all() if names else []
        )
        found[function] = Query(
            name, f"{function.__module__.removeprefix('logicrm.')}:{function.__qualname__.split('.')[0]}", _text(function),
            seen, list(dict.fromkeys(heard.statements)), list(marks),
        )  # fmt: skip
    return list(found.values())


def _text(function: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(function)).strip()
    except (OSError, TypeError):  # an installation without its sources
        return ""


@dataclass
class _Heard:
    statements: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)


@contextmanager
def _listening() -> Iterator[_Heard]:
    """Note the statements that the present transaction sends."""
    heard, connection = _Heard(), db.session.connection()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if re.match(r"\s*(SAVEPOINT|RELEASE|ROLLBACK|PRAGMA)", statement, re.I):
            return
        heard.statements.append(" ".join(statement.split()))
        heard.values.append(list(parameters.values()) if isinstance(parameters, dict) else list(parameters or ()))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield heard
    finally:
        event.remove(connection, "before_cursor_execute", note)


# Retention ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """One night of retention in this workspace: rows that were due, rows that went, rules that stopped."""

    ran_at: datetime
    due: int
    acted: int
    braked: int


def retention_runs(limit: int = 5) -> list[Run]:
    """The newest nights here, newest first: what ran at the same moment is one. One statement."""
    table = RetentionRun.__table__
    stopped = func.sum(case((table.c.braked, 1), else_=0))
    wanted = (
        select(table.c.ran_at, func.sum(table.c.due), func.sum(table.c.acted), stopped)
        .where(table.c.workspace_id == tenancy.current())
        .group_by(table.c.ran_at)
        .order_by(table.c.ran_at.desc())
        .limit(limit)
    )
    found = db.session.execute(wanted)
    return [Run(at, int(due or 0), int(acted or 0), int(braked or 0)) for at, due, acted, braked in found]
