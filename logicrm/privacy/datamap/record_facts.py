"""What the answers of the record of processing are made of, and the two ways of not answering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask_babel import LazyString
from sqlalchemy import func, select

from logicrm.core import tenancy
from logicrm.core.phrases import gettext as _
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.privacy import vocabulary
from logicrm.privacy.datamap import inventory, register
from logicrm.privacy.datamap.inventory import Area
from logicrm.privacy.datamap.rules import Entry
from logicrm.privacy.profile import Profile
from logicrm.privacy.show import Show


@dataclass(frozen=True)
class Not:
    why: str | LazyString
    own: str = ""


@dataclass(frozen=True)
class Open:
    why: str | LazyString
    own: str = ""


Said = Sequence[Any] | Not | Open


@dataclass
class Facts:
    """What the answers are made of."""

    business: Business
    policy: Profile
    lang: str
    now: datetime
    today: date
    texts: Mapping[str, str]
    policy_since: date | None
    changed_at: datetime | None
    entries: list[Entry] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)
    breaches: tuple[str, ...] = ()

    @property
    def show(self) -> Show:
        return Show(self.policy, self.lang)

    def own(self, key: str) -> tuple[str, ...]:
        """The lines of one of the owner's answers; () where they gave none."""
        return tuple(line.strip() for line in str(self.texts.get(key, "")).splitlines() if line.strip())

    @property
    def in_the_eea(self) -> bool:
        return vocabulary.area(self.policy.identity.country) == "EEA"


def facts(
    business: Business, policy: Profile, *, lang: str, now: datetime, today: date, texts: Mapping[str, str],
    policy_since: date | None, changed_at: datetime | None,
) -> Facts:  # fmt: skip
    """Collect what the answers are made of, in the present workspace."""
    entries = [one for one in register.entries(policy) if one.active(today)]
    areas = inventory.made(policy, lang=lang, today=today, counted=False)
    return Facts(business, policy, lang, now, today, texts, policy_since, changed_at, entries, areas, known_breaches())


def known_breaches() -> tuple[str, ...]:
    """Where breaches stand and how many there are, from the register of breaches; () where it keeps no count."""
    table = db.metadata.tables.get("breach")
    if table is None:
        return ()
    mine = table.c.workspace_id == tenancy.current()  # a table by name: the register is a neighbour, not imported
    number = db.session.scalar(select(func.count()).select_from(table).where(mine)) or 0
    return (_("%(number)s so far; each with its times and letters in the register of breaches.", number=number),)
