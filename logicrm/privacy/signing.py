"""Signatures over exports and certificates: Ed25519, with a key derived from the master key for this alone.

The public key stands in every manifest and at /privacy/signing-key.json, so that anybody can check.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from logicrm.core import crypto

ALGORITHM = "Ed25519"


def canonical(data: Any) -> bytes:
    """The bytes that are signed: JSON with sorted keys and no spaces, UTF-8."""
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)


def public_key() -> str:
    """The public key: 32 bytes in base64."""
    raw = _key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def fingerprint(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def sign(data: Any) -> str:
    """The signature over the canonical form of JSON data, in base64."""
    return base64.b64encode(_key().sign(canonical(data))).decode()


def holds(data: Any, signature: str, *, key: str = "") -> bool:
    """True when the signature belongs to the data; `key` is a public key in base64, ours unless given."""
    try:
        raw = base64.b64decode(key or public_key(), validate=True)
        Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(signature, validate=True), canonical(data))
    except (InvalidSignature, ValueError):
        return False
    return True


def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(crypto.derive("export-signing"))
