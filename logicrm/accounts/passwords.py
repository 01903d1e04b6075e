"""Passwords: Argon2id hashes, and which passwords are good enough."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _

MIN_CHARS, MAX_BYTES = 12, 1024
hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
# Each hash takes 64 MiB: more than four at once would let strangers exhaust the machine.
_slots = threading.BoundedSemaphore(4)
_dummy = ""


def hashed(password: str) -> str:
    """Return the Argon2id hash of a password."""
    with _slots:
        return hasher.hash(password)


def verify(password_hash: str, password: str) -> bool:
    """True when the password fits. An empty hash costs the same time, so nobody learns whether an account exists."""
    global _dummy
    if len(password.encode()) > MAX_BYTES:
        return False
    if not _dummy:
        _dummy = hashed("no such account")
    with _slots:
        try:
            hasher.verify(password_hash or _dummy, password)
        except (VerificationError, InvalidHashError):
            return False
    return bool(password_hash)


def outdated(password_hash: str) -> bool:
    """True when the hash was made with weaker figures than today's."""
    return hasher.check_needs_rehash(password_hash)


def check_strength(password: str, *, about: list[str], field: str = "password") -> None:
    """Refuse a password that is short, too long, or quickly guessed (`about`: name, e-mail, workspace)."""
    if len(password) < MIN_CHARS:
        raise Refused(_("Use at least %(n)s characters; a few words in a row work well.", n=MIN_CHARS), field=field)
    if len(password.encode()) > MAX_BYTES:
        raise Refused(_("This password is too long; 1,024 bytes are the limit."), field=field)
    # zxcvbn refuses more than 72 characters; what follows can only make the password stronger.
    if zxcvbn(password[:72], user_inputs=[w for w in about if w])["score"] < 2:
        raise Refused(_("This password is quickly guessed. Add another uncommon word."), field=field)
