"""What waits for somebody now: each area says its part, the Today page shows them together.

    today_section(app, 20, May.VIEW_LEADS, due_tasks)     # in the area's install()

    def due_tasks(now: datetime) -> Section | None: ...

A provider runs inside the workspace, for a member who holds the permission, and asks the database
at most twice: the page has a budget of six statements, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, current_app

from logicrm.core.access import May, Principal


@dataclass(frozen=True)
class Row:
    """One thing that waits. `tone` (neutral, info, good, warn, bad) colours `note`, such as "2 days late"."""

    title: str
    url: str
    note: str = ""
    tone: str = "neutral"


@dataclass(frozen=True)
class Figure:
    """One number at the top of the page, with a small chart: `spark`, up to some dozen numbers, oldest first,
    or `bars`, what the number is made of."""

    label: Any
    value: str | int
    url: str = ""
    note: str = ""
    tone: str = ""
    spark: Sequence[float] | None = None
    bars: Sequence[tuple[str, float]] | None = None


@dataclass(frozen=True)
class Section:
    """One area's part.

    title, url:  heading, and where all of it is listed
    rows:        at most six; the most urgent first
    figure:      or several, for the top of the page
    started:     the workspace has something of this kind (False keeps the first step on offer)
    key:         which first step it ends: "leads", "shipments", "policy"
    """

    title: Any
    url: str
    rows: Sequence[Row] = ()
    figure: Figure | Sequence[Figure] | None = None
    started: bool = True
    key: str = ""

    @property
    def figures(self) -> list[Figure]:
        if self.figure is None:
            return []
        return [self.figure] if isinstance(self.figure, Figure) else list(self.figure)


Provider = Callable[[datetime], Section | None]


def today_section(app: Flask, order: int, may: May, provider: Provider) -> None:
    """Register an area's part of the Today page; areas call it while `create_app` wires them."""
    app.extensions.setdefault("logicrm.today", []).append((order, may, provider))


def sections(who: Principal, now: datetime) -> list[Section]:
    """What waits for this member, in order. `now` is aware."""
    registered = sorted(current_app.extensions.get("logicrm.today", []), key=lambda entry: entry[0])
    made = [provider(now) for _order, may, provider in registered if who.may(may)]
    return [section for section in made if section is not None]


__all__ = ["Figure", "Row", "Section", "sections", "today_section"]
