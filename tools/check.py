"""Everything that must hold, in one go: format, lint, types, then the tests on each database that is there.

Usage: python tools/check.py [--static]
The last lines say which legs ran and which did not, and why.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def run(title: str, *command: str, env: dict[str, str] | None = None) -> bool:
    """Run one check and say how it went."""
    started = time.monotonic()
    print(f"== {title}", flush=True)
    code = subprocess.call(command, cwd=ROOT, env={**os.environ, **(env or {})})
    print(
        f"-- {title}: {'passed' if code == 0 else f'FAILED ({code})'} in {time.monotonic() - started:.0f} s", flush=True
    )
    return code == 0


def postgres() -> tuple[str, str]:
    """(address of a server on which we may make databases, or "", why not)."""
    import psycopg

    address = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
    try:
        with psycopg.connect(address, connect_timeout=3) as connection:
            found = connection.execute("select 1 from pg_available_extensions where name = 'pg_trgm'").fetchone()
            return (address, "") if found else ("", "the server lacks the extension pg_trgm (postgresql-contrib)")
    except psycopg.Error as error:
        return "", f"no server answers at TEST_POSTGRES_URL ({type(error).__name__})"


def make_databases(address: str, names: list[str]) -> str:
    """Make empty databases owned by a role without privileges (row-level security binds it); return the stem."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(address, autocommit=True) as connection:
        if not connection.execute("select 1 from pg_roles where rolname = 'logicrm_test'").fetchone():
            connection.execute("create role logicrm_test login password 'logicrm_test'")
        for name in names:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
            connection.execute(sql.SQL("create database {} owner logicrm_test").format(sql.Identifier(name)))
    for name in names:
        with psycopg.connect(address, dbname=name, autocommit=True) as connection:
            connection.execute("create extension if not exists pg_trgm")
    with psycopg.connect(address) as connection:
        info = connection.info
        return f"postgresql+psycopg://logicrm_test:logicrm_test@{info.host}:{info.port}/{names[0]}"


#: One more than the cores we count on: while one worker waits for Chromium, the others work.
WORKERS = 3
# Without a database, or trying every database that answers by themselves: once is enough.
ONCE = (
    "tests/core/test_barcodes.py",
    "tests/core/test_doctor.py",
    "tests/core/test_filetypes.py",
    "tests/core/test_jobs.py",
    "tests/core/test_jobs_kill.py",
    "tests/core/test_pdf.py",
    "tests/leads/importing",
    "tests/browser",
    "tests/leads/imports/test_killed.py",  # kills on PostgreSQL are in the soak
    "tests/privacy/test_closing_killed.py",
    "tests/privacy/test_export_killed.py",
    "tests/privacy/test_purge_killed.py",
    "tests/privacy/test_policy_told_killed.py",
    "tests/privacy/test_mutations.py",
    "tests/privacy/test_promises_register.py",
    "tests/privacy/test_five_profiles.py",
    "tests/privacy/test_profile.py",
    "tests/privacy/test_profile_rules.py",
    "tests/test_catalogues.py",
    "tests/test_house_rules.py",
)


def redis_answers(url: str) -> bool:
    import redis

    try:
        return bool(redis.Redis.from_url(url, socket_connect_timeout=2).ping())
    except redis.RedisError:
        return False


def main() -> int:
    py = str(BIN / "python")
    good = [
        run("format", py, "-m", "ruff", "format", "--check", "."),
        run("lint", py, "-m", "ruff", "check", "."),
        run("types", py, "-m", "mypy"),
        run("translations", py, "tools/phrases.py", "check"),
    ]
    if "--static" in sys.argv:
        return 0 if all(good) else 1
    tests = [py, "-m", "pytest", "-n", str(WORKERS), "--dist", "worksteal", "--durations", "15", "-m", "not slow"]
    legs = []
    redis_url = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
    redis_env = {"TEST_REDIS_URL": redis_url} if redis_answers(redis_url) else {"TEST_REDIS_URL": ""}
    good.append(run("tests on SQLite (encrypted), with a browser", *tests, env={"TEST_DATABASE_URL": "", **redis_env}))
    legs.append("SQLite (encrypted): ran, with Chromium")
    address, why_not = postgres()
    if address:
        stem = "logicrm_test"
        url = make_databases(address, [stem, *(f"{stem}_gw{n}" for n in range(WORKERS))])
        good.append(
            run(
                "tests on PostgreSQL", *tests, *(f"--ignore={path}" for path in ONCE),
                env={"TEST_DATABASE_URL": url, "TEST_POSTGRES_URL": address, **redis_env},
            )
        )  # fmt: skip
        legs.append("PostgreSQL: ran")
    else:
        legs.append(f"PostgreSQL: DID NOT RUN: {why_not}")
    legs.append(
        "Redis: ran" if redis_env["TEST_REDIS_URL"] else "Redis: DID NOT RUN: no server answers at TEST_REDIS_URL"
    )
    print("\n".join(["", "Legs:", *(f"  {leg}" for leg in legs)]))
    print("All checks passed." if all(good) else "SOME CHECKS FAILED.")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
