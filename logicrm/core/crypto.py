"""Keys, and the few things done with them. Primitives come from `cryptography`; nothing is invented here.

Two secrets exist: the database key (SQLCipher) and the master key, from which a key per
purpose is derived (HKDF-SHA256), so that no key serves two ends.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

KEY_BYTES = 32


class BadKey(ValueError):
    """A key file or variable is unusable; the message says which and how to mend it."""


def load_key(folder: Path, name: str, given: str) -> bytes:
    """Return a 32-byte key: from `given` (64 hex digits), else from `folder/name.key`, made 0600 when missing."""
    path = folder / f"{name}.key"
    text = given
    if not text:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:  # another process starts at the same moment and was first
                pass
            else:
                with os.fdopen(handle, "w") as file:
                    file.write(secrets.token_hex(KEY_BYTES))
                    file.flush()
                    os.fsync(file.fileno())
        text = path.read_text().strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise BadKey(f"{name} key must be 64 hex digits; restore {path.name} from your backup of the keys")
    return key


def derive(purpose: str) -> bytes:
    """Return the 32-byte key of one purpose, such as "audit" or "suppression"."""
    cache: dict[str, bytes] = current_app.extensions.setdefault("logicrm.keys", {})
    if purpose not in cache:
        master: bytes = current_app.config["MASTER_KEY_BYTES"]
        cache[purpose] = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"logicrm/1/" + purpose.encode()).derive(master)
    return cache[purpose]


def file_key() -> bytes:
    """Key-encryption key of stored files (each file has its own data key, wrapped with this one)."""
    return derive("files")


def keyed_hash(purpose: str, value: str) -> str:
    """HMAC-SHA256 in hex. An e-mail's keyed hash can be compared, and not guessed without the key."""
    return hmac.new(derive(purpose), value.encode(), hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two strings in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def token() -> str:
    """A fresh 256-bit secret for links, sessions and API tokens, URL-safe."""
    return secrets.token_urlsafe(32)


def token_hash(value: str) -> str:
    """What is stored of a token: its SHA-256 in hex. Tokens are random, so no salt is needed."""
    return hashlib.sha256(value.encode()).hexdigest()


def seal(purpose: str, value: bytes, *, bound_to: bytes = b"") -> bytes:
    """Encrypt a short value with AES-256-GCM; `bound_to` must be given again to open it."""
    nonce = os.urandom(12)
    return b"\x01" + nonce + AESGCM(derive(purpose)).encrypt(nonce, value, bound_to)


def unseal(purpose: str, sealed: bytes, *, bound_to: bytes = b"") -> bytes:
    """Decrypt what `seal` made. Raises cryptography.exceptions.InvalidTag when it was changed."""
    if sealed[:1] != b"\x01":
        raise BadKey("unknown version of a sealed value")
    return AESGCM(derive(purpose)).decrypt(sealed[1:13], sealed[13:], bound_to)
