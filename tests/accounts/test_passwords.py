"""Of a password only an Argon2id hash is kept; it is in no copy, and a wrong one costs as long as a right one."""

from __future__ import annotations

from typing import Any

import pytest

from logicrm.accounts import passwords
from logicrm.core.pii import declaration


@pytest.mark.promise("passwords")
def test_only_a_salted_hash_is_kept_and_it_is_never_exported() -> None:
    from logicrm.accounts.models import User

    made, again = passwords.hashed("seven blue lorries"), passwords.hashed("seven blue lorries")
    assert made.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert made != again
    assert "lorries" not in made
    assert passwords.verify(made, "seven blue lorries")
    assert not passwords.verify(made, "seven blue lorries ")
    mark: Any = declaration(User.__table__.columns["password_hash"])
    assert mark.export is False


def test_a_hash_of_other_figures_is_made_anew() -> None:
    from argon2 import PasswordHasher

    assert passwords.outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))
    assert not passwords.outdated(passwords.hashed("x"))
