"""Parts of a customer's page that other areas bring, without this area knowing them.

    sections.add(app, 10, May.VIEW_SHIPMENTS, shipments_of)      # in the other area's install()

    def shipments_of(*, contact_id: UUID | None, company_id: UUID | None) -> Section | None: ...

A provider runs inside the workspace, for a member who holds the permission, and asks the database at most
twice. Exactly one of the two ids is given.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flask import Flask, current_app

from logicrm.core.access import May, Principal


@dataclass(frozen=True)
class Row:
    """One line: a link, a note beside it, and its tone (neutral, info, good, warn, bad)."""

    title: str
    url: str
    note: str = ""
    tone: str = "neutral"


@dataclass(frozen=True)
class Section:
    """A panel of the page; `url` is where all of it is listed, `add_url` where one more is made."""

    title: Any
    rows: Sequence[Row] = ()
    url: str = ""
    add_url: str = ""
    add_label: Any = ""
    empty: Any = ""


class Provider(Protocol):
    """What an area gives."""

    def __call__(self, *, contact_id: uuid.UUID | None, company_id: uuid.UUID | None) -> Section | None: ...


def add(app: Flask, order: int, may: May, provider: Provider) -> None:
    """Register a part; areas call it while `create_app` wires them."""
    app.extensions.setdefault("logicrm.customer_sections", []).append((order, may, provider))


def of(who: Principal, *, contact_id: uuid.UUID | None = None, company_id: uuid.UUID | None = None) -> list[Section]:
    """The parts that this member may see, in order."""
    registered = sorted(current_app.extensions.get("logicrm.customer_sections", []), key=lambda entry: entry[0])
    made = [
        provider(contact_id=contact_id, company_id=company_id) for _order, may, provider in registered if who.may(may)
    ]
    return [section for section in made if section is not None]
