"""Data subjects: the people whose data is exported and erased, and how each kind of them is known.

The privacy half knows no area; an area that knows people registers an adapter:

    subjects.register(AccountAdapter())

Kinds: "account" (somebody who signs in, in all workspaces) and "person" (an end customer or lead, known by
an e-mail address in one workspace); "workspace" is a business that closes. The rows that are about them are found by declarations, not by adapters.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from logicrm.core import crypto


@dataclass(frozen=True)
class Subject:
    """One data subject. `emails`: known addresses in stored form, the first is where letters go.

    `workspace_id` is None for whoever belongs to no single workspace (accounts).
    """

    kind: str
    id: uuid.UUID
    name: str = field(repr=False)
    emails: tuple[str, ...] = field(repr=False)
    language: str = ""
    workspace_id: uuid.UUID | None = None
    profile: str = "logicrm"
    country: str = ""
    workspaces: tuple[uuid.UUID, ...] = ()  # where something about them may be (for events and evidence)
    deletion_due_at: datetime | None = None

    @property
    def key(self) -> str:
        """A keyed hash that stands for the subject where no personal value may: ledger, certificate."""
        return crypto.keyed_hash("erasure", f"{self.kind}|{self.workspace_id or ''}|{self.id}")


class Adapter(Protocol):
    """What an area knows of one kind of subject. Nothing here commits."""

    kind: str

    def load(self, subject_id: uuid.UUID) -> Subject | None:
        """The subject, or None when there is none (any more)."""
        ...

    def refusals(self, subject: Subject) -> list[str]:
        """Why the subject cannot be deleted now, in words with what to do about it; [] when it can."""
        ...

    def mark(self, subject: Subject, due_at: datetime | None, *, but: uuid.UUID | None = None) -> None:
        """Deletion is due then, or (None) no longer. Ends the subject's sessions, save the one named."""
        ...

    def lock(self, subject: Subject) -> None:
        """The purge begins: end every session and make signing in impossible."""
        ...


#: A business that closes is erased as a whole; its people are subjects of their own.
WORKSPACE = "workspace"

ADAPTERS: dict[str, Adapter] = {}


def register(adapter: Adapter) -> None:
    """Make a kind of subject known; the latest registration of a kind counts."""
    ADAPTERS[adapter.kind] = adapter


def adapter_of(kind: str) -> Adapter:
    """The adapter of a kind. Raises LookupError with the kinds there are."""
    if kind not in ADAPTERS:
        raise LookupError(f"no data subjects of kind {kind!r}; there are {', '.join(sorted(ADAPTERS)) or 'none'}")
    return ADAPTERS[kind]


def load(kind: str, subject_id: uuid.UUID) -> Subject | None:
    """The subject, or None when there is none (any more)."""
    return adapter_of(kind).load(subject_id)
