"""Refusals that a person can act on, and the pages that show them."""

from __future__ import annotations


class Refused(Exception):
    """A request that the rules do not allow. `message` is for the person; `field` names the form field."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Conflict(Refused):
    """Somebody else changed the same thing first; answered with 409 and both values."""


class Missing(Exception):
    """There is no such row in this workspace (a foreign one answers the same): 404."""
