"""A PostgreSQL database of one's own, for tests that kill workers or try both databases by themselves."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import psycopg
from psycopg import sql

from tools.check import make_databases, postgres


@cache
def address() -> str:
    """Where databases can be made; "" when no server answers."""
    return postgres()[0]


@contextmanager
def fresh() -> Iterator[str]:
    """A new database whose owner is bound by row-level security; gone afterwards."""
    name = f"logicrm_test_{uuid.uuid4().hex[:12]}"
    try:
        yield make_databases(address(), [name])
    finally:
        with psycopg.connect(address(), autocommit=True) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
