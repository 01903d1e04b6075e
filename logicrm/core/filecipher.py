"""Encryption of a file's content in a stream.

AES-256-GCM in chunks of 64 KiB after the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár,
CRYPTO 2015): the nonce holds a random prefix, the chunk's number and whether it is the last, so that a
chunk cut off, moved, repeated or taken from another file is noticed. The header, with the version of
the format, and what the file is bound to are authenticated with every chunk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
MAGIC = b"LGF\x01"  # the last byte is the version of the format
PREFIX_BYTES = 7


class DamagedFile(ValueError):
    """The content is not what was stored: changed, cut short, or of another file."""


def encrypt(content: Iterable[bytes], key: bytes, bound_to: bytes) -> Iterator[bytes]:
    """Yield the header and the sealed chunks. `content` comes in pieces of any size; memory stays at one chunk."""
    header = MAGIC + os.urandom(PREFIX_BYTES)
    yield header
    cipher, known, number = AESGCM(key), header + bound_to, 0
    chunks = _even(content)
    chunk = next(chunks, b"")
    while True:
        following = next(chunks, None)
        yield cipher.encrypt(_nonce(header, number, last=following is None), chunk, known)
        if following is None:
            return
        chunk, number = following, number + 1


def decrypt(stream: BinaryIO, key: bytes, bound_to: bytes) -> Iterator[bytes]:
    """Yield the content's chunks, each checked before it is given out. Raises DamagedFile where it does not hold."""
    header = _exactly(stream, len(MAGIC) + PREFIX_BYTES)
    if len(header) < len(MAGIC) + PREFIX_BYTES or not header.startswith(MAGIC):
        raise DamagedFile("not a stored file of a known version")
    cipher, known, number = AESGCM(key), header + bound_to, 0
    sealed = _exactly(stream, CHUNK_BYTES + TAG_BYTES)
    while True:
        following = _exactly(stream, CHUNK_BYTES + TAG_BYTES)
        try:
            yield cipher.decrypt(_nonce(header, number, last=not following), sealed, known)
        except InvalidTag as wrong:
            raise DamagedFile(f"chunk {number} does not hold") from wrong
        if not following:
            return
        sealed, number = following, number + 1


def _nonce(header: bytes, number: int, *, last: bool) -> bytes:
    return header[len(MAGIC) :] + number.to_bytes(4, "big") + bytes([last])


def _even(content: Iterable[bytes]) -> Iterator[bytes]:
    """Cut pieces of any size into chunks of CHUNK_BYTES; only the last is shorter."""
    rest = b""
    for piece in content:
        rest += piece
        while len(rest) >= CHUNK_BYTES:
            yield rest[:CHUNK_BYTES]
            rest = rest[CHUNK_BYTES:]
    if rest:
        yield rest


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, or what is left: a network stream may give less at a time."""
    parts, have = [], 0
    while have < size:
        part = stream.read(size - have)
        if not part:
            break
        parts.append(part)
        have += len(part)
    return b"".join(parts)
