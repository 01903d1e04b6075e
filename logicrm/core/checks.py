"""Checks: code that goes and looks whether a promise is kept, and leaves what it saw as a watermark.

    @check("passwords")
    def passwords_are_hashed(now: datetime) -> Checked | None: ...      # inside a workspace

They look at rows, files and answers, never at the figure of a policy. The worker runs them all once a day in every
workspace (`privacy.check`); `flask privacy check` does it now. None = there was nothing to look at, so nothing is left.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import LazyString

from logicrm.core import promises
from logicrm.core.phrases import lazy_gettext
from logicrm.core.promises import Evidence
from logicrm.core.watermarks import Watermark, leave_watermark
from logicrm.extensions import db

STALE = timedelta(days=2)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checked:
    """What a check saw: how many things, how many of them are not as promised."""

    considered: int
    wrong: int = 0


Look = Callable[[datetime], Checked | None]


@dataclass(frozen=True)
class Check:
    """One check. `everywhere`: it looks at the installation, once, outside any workspace."""

    name: str
    look: Look
    everywhere: bool


CHECKS: dict[str, Check] = {}


def check(name: str, *, everywhere: bool = False) -> Callable[[Look], Look]:
    """Register a check."""

    def register(look: Look) -> Look:
        known = CHECKS.get(name)
        if known is not None and known.look.__qualname__ != look.__qualname__:
            raise ValueError(f"two checks are called {name!r}")
        CHECKS[name] = Check(name, look, everywhere)
        return look

    return register


def look(now: datetime, *, everywhere: bool) -> dict[str, Checked]:
    """Run the checks of the installation, or those of the present workspace. One that fails leaves nothing."""
    found = {}
    for one in [*CHECKS.values()]:
        if one.everywhere != everywhere:
            continue
        try:
            with db.session.begin_nested():  # else one failed check would fail all after it on PostgreSQL
                seen = one.look(now)
        except Exception:  # whatever it is: the others still look, and this promise turns grey
            log.exception("check %s failed", one.name)
            continue
        if seen is not None:
            found[one.name] = seen
    return found


def leave(found: dict[str, Checked], *, now: datetime) -> None:
    """Leave what was seen in the present workspace. The caller commits."""
    for name, seen in found.items():
        leave_watermark(
            mark_of(name), ran_at=now, rows_considered=seen.considered, rows_acted=seen.considered - seen.wrong,
            rows_overdue=seen.wrong,
        )  # fmt: skip


def mark_of(name: str) -> str:
    """The name under which a check leaves its watermark."""
    return f"check:{name}"


def evidence_of(name: str, now: datetime, **also: Any) -> Evidence:
    """What the last look of a check shows; older than two days it counts for nothing. `also`: of from_watermark."""
    return promises.from_watermark(mark_of(name), now, at_most=STALE, figure=_figure, **also)


def _figure(mark: Watermark) -> LazyString:
    seen, wrong = mark.rows_considered, mark.rows_overdue
    return lazy_gettext("%(seen)s looked at, %(wrong)s not as promised", seen=seen, wrong=wrong)


__all__ = ["CHECKS", "STALE", "Check", "Checked", "check", "evidence_of", "leave", "look", "mark_of"]
