"""Enforcements, each switched off by one change of the program: a plugin of pytest for `test_mutations.py`.

    MUTATION=erasure python -m pytest -p tests.privacy.mutations tests/privacy/test_purge.py

`MUTATIONS[name]` switches the enforcement of that proof off, for good, in this process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

Set = Callable[[Any, str, Any], None]


def erasure(put: Set) -> None:
    """The purge finds everything and deletes nothing."""
    from logicrm.privacy import purge

    put(purge, "apply", lambda plans, subject: None)


def retention(put: Set) -> None:
    """The daily run counts what is due and leaves it."""
    from logicrm.privacy.retaining import acting

    put(acting, "carry_out", lambda model, keys, action: 0)


def marketing_for_ever(put: Set) -> None:
    """The daily run counts from the wrong figure: nothing is ever due."""
    from logicrm.privacy import retention as engine

    put(engine.Rule, "cutoff", lambda self, profile, now: datetime(1990, 1, 1, tzinfo=UTC))


def gate(put: Set) -> None:
    """Advertising leaves without a yes."""
    from logicrm.privacy import contact

    put(contact, "may_contact", lambda email, purpose, channel, **_now: (True, ""))


def objection(put: Set) -> None:
    """A no is thanked for and not noted."""
    from logicrm.privacy import contact

    put(contact, "suppress", lambda hashed, **_values: None)


def clock(put: Set) -> None:
    """The policy's own days are forgotten: the law's month counts, or nothing."""
    from logicrm.privacy import clocks

    put(clocks, "policy_due", lambda *_args, **_values: None)


def roles(put: Set) -> None:
    """Every role may do everything."""
    from logicrm.core import access

    put(access.Principal, "may", lambda self, permission: True)


def isolation(put: Set) -> None:
    """Queries are not narrowed to the workspace any more."""
    from weakref import WeakKeyDictionary

    from sqlalchemy.orm import UserDefinedOption

    from logicrm.core import tenancy

    put(tenancy, "_ONLY_HERE", UserDefinedOption())
    put(tenancy, "_scoped", WeakKeyDictionary())


def passwords(put: Set) -> None:
    """Passwords are stored as they are typed."""
    from logicrm.accounts import passwords as kept

    put(kept, "hashed", lambda password: password)


def export(put: Set) -> None:
    """A copy leaves out every second column."""
    from logicrm.privacy import export_document

    whole = export_document._columns

    def some(model: Any) -> Iterator[tuple[str, Any]]:
        for number, pair in enumerate(whole(model)):
            if number % 2:
                yield pair

    put(export_document, "_columns", some)


def rest(put: Set) -> None:
    """Files are stored as they come."""
    from logicrm.core import files

    put(files, "encrypt", lambda content, key, bound_to: iter(content))
    put(files, "decrypt", lambda stream, key, bound_to: iter([stream.read()]))


def age(put: Set) -> None:
    """Nobody is too young."""
    from logicrm.accounts import services

    whole = services.make_user
    put(services, "make_user", lambda **values: whole(**values | {"of_age": True}))


#: Proof -> how its enforcement is switched off.
MUTATIONS: dict[str, Callable[[Set], None]] = {
    "erasure": erasure, "retention": retention, "retention.marketing": marketing_for_ever, "gate.marketing": gate,
    "objection": objection, "clock.requests": clock, "roles": roles, "isolation": isolation, "passwords": passwords,
    "export": export, "rest": rest, "age": age,
}  # fmt: skip


def pytest_collection_finish() -> None:
    """Everything is imported by now."""
    name = os.environ.get("MUTATION", "")
    if name:
        MUTATIONS[name](setattr)
