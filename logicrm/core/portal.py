"""What areas show to an end customer in the portal, and what they let them correct there.

    portal.section(app, 20, my_shipments)        # in the area's install()
    portal.facts(app, my_details)

    def my_shipments(email: str, now: datetime) -> Section | None: ...

Providers run inside the portal's scope: of each table they see what its model's `portal_scope` gives to the
person, and nothing of a table whose model is silent. They need not compare the address again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from flask import Flask, current_app

from logicrm.core.today import Row, Section


@dataclass(frozen=True)
class Fact:
    """One fact that a person may correct. `key` is unique within its provider; `kind` is the input's type."""

    key: str
    label: Any
    value: str
    longest: int = 200
    kind: str = "text"


class Facts(Protocol):
    """What an area lets a person correct about themselves. Nothing here commits."""

    name: str

    def load(self, email: str) -> Sequence[Fact]:
        """The facts as they are; empty when the area knows nobody by this address."""
        ...

    def save(self, email: str, values: Mapping[str, str], *, now: datetime) -> list[str]:
        """Correct them; return the keys that changed. Raises Refused, with the fact's key as field."""
        ...


Provider = Callable[[str, datetime], Section | None]


def section(app: Flask, order: int, provider: Provider) -> None:
    """Register an area's part of the portal's first page; areas call it while `create_app` wires them."""
    app.extensions.setdefault("logicrm.portal_sections", []).append((order, provider))


def facts(app: Flask, provider: Facts) -> None:
    """Register what an area lets people correct."""
    app.extensions.setdefault("logicrm.portal_facts", []).append(provider)


def sections(email: str, now: datetime) -> list[Section]:
    """Every area's part for the person in the portal, in order."""
    registered = sorted(current_app.extensions.get("logicrm.portal_sections", []), key=lambda entry: entry[0])
    made = [provider(email, now) for _order, provider in registered]
    return [one for one in made if one is not None]


def correctable() -> list[Facts]:
    """The registered providers."""
    return list(current_app.extensions.get("logicrm.portal_facts", []))


__all__ = ["Fact", "Facts", "Row", "Section", "correctable", "facts", "section", "sections"]
