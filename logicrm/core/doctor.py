"""`flask doctor`: what is not as it should be, and how to mend it. `--deploy` is the gate before serving people."""

from __future__ import annotations

import ctypes.util
import logging
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click
import sqlcipher3.dbapi2 as sqlcipher
from flask import Flask, current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from logicrm.core import database, egress, languages
from logicrm.extensions import db

log = logging.getLogger("logicrm")
GOOD, WARN, BAD = "good", "warn", "bad"
MIN_POSTGRESQL = 140000


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `mend` says what to do when `state` is not good."""

    name: str
    state: str
    says: str
    mend: str = ""


def look(*, deploy: bool) -> Iterator[Finding]:
    """Yield every finding. In a deployment what is a warning at home becomes bad."""
    strict = BAD if deploy else WARN
    yield from _sqlite()
    with database.reading():
        yield from _database(strict)
    yield from _keys(strict)
    yield from _hosts(strict)
    yield from _mail(strict)
    yield from _recipients()
    yield from _pdf()
    yield from _front_end()
    yield from _translations()
    with database.reading():
        yield from _demo(strict)


def _sqlite() -> Iterator[Finding]:
    safe = database.sqlite_is_safe(sqlcipher.sqlite_version_info)
    yield Finding(
        "SQLite", GOOD if safe else BAD, f"{sqlcipher.sqlite_version} (SQLCipher)",
        "Versions 3.7.0 to 3.51.2 can corrupt a database in WAL mode: pip install -r requirements.txt",
    )  # fmt: skip


def _database(strict: str) -> Iterator[Finding]:
    try:
        with db.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                cipher = connection.exec_driver_sql("PRAGMA cipher_version").scalar()
                yield Finding("database", GOOD if cipher else BAD, f"encrypted file, SQLCipher {cipher}",
                              "the file is not encrypted: install sqlcipher3")  # fmt: skip
            else:
                version = int(connection.execute(text("show server_version_num")).scalar_one())
                yield Finding("database", GOOD if version >= MIN_POSTGRESQL else BAD, f"PostgreSQL {version // 10000}",
                              "PostgreSQL 14 or newer is needed")  # fmt: skip
                free = connection.execute(
                    text("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
                ).scalar()
                yield Finding("row-level security", strict if free else GOOD,
                              "this role ignores it" if free else "binds this role",
                              "connect as a role without SUPERUSER and BYPASSRLS")  # fmt: skip
        head, here = _revisions()
        yield Finding("migrations", GOOD if head == here else BAD, here or "none applied", "run: flask db upgrade")
    except (SQLAlchemyError, sqlcipher.DatabaseError) as error:
        yield Finding("database", BAD, f"does not open ({type(error).__name__})",
                      "check DATABASE_URL, or restore the database key that belongs to this file")  # fmt: skip


def _revisions() -> tuple[str | None, str | None]:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(current_app.extensions["migrate"].directory))
    with db.engine.connect() as connection:
        return script.get_current_head(), MigrationContext.configure(connection).get_current_revision()


def _keys(strict: str) -> Iterator[Finding]:
    folder = current_app.config["INSTANCE"] / "keys"
    for name, given in (("database", "DATABASE_KEY"), ("master", "MASTER_KEY")):
        path = folder / f"{name}.key"
        if current_app.config[given]:
            yield Finding(f"{name} key", GOOD, "from the environment")
        elif not path.exists():
            yield Finding(f"{name} key", BAD, "missing", f"restore {path.name} from your backup of the keys")
        else:
            mode = stat.S_IMODE(path.stat().st_mode)
            yield Finding(
                f"{name} key", GOOD if mode == 0o600 else strict, f"file, mode {mode:o}", f"chmod 600 {path.name}"
            )


def _hosts(strict: str) -> Iterator[Finding]:
    base = urlsplit(current_app.config["BASE_URL"])
    https = base.scheme == "https"
    yield Finding("address", GOOD if https else strict, current_app.config["BASE_URL"],
                  "set LOGICRM_BASE_URL to the https:// address that people use")  # fmt: skip
    hosts = current_app.config["TRUSTED_HOSTS"]
    known = bool(hosts) and base.hostname in hosts and "*" not in hosts
    yield Finding("hosts", GOOD if known else BAD, ", ".join(hosts), "set LOGICRM_TRUSTED_HOSTS to your host names")
    yield Finding(
        "debug", BAD if current_app.debug else GOOD, "on" if current_app.debug else "off", "unset FLASK_DEBUG"
    )
    yield Finding("environment", GOOD if current_app.config["PRODUCTION"] else strict,
                  "production" if current_app.config["PRODUCTION"] else "development",
                  "set LOGICRM_ENV=production")  # fmt: skip


def _mail(strict: str) -> Iterator[Finding]:
    url = current_app.config["MAIL_URL"]
    scheme = urlsplit(url).scheme
    if scheme == "file":
        yield Finding(
            "mail", strict, "is written to instance/mail, not sent", "set LOGICRM_MAIL_URL to your SMTP server"
        )
    else:
        local = urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
        yield Finding("mail", GOOD if scheme != "smtp" or local else strict, f"{scheme} to {urlsplit(url).hostname}",
                      "use smtps:// or smtp+starttls:// for a server on another host")  # fmt: skip


def _recipients() -> Iterator[Finding]:
    unlisted = [f"{host} ({setting})" for setting, host in egress.unlisted_settings()]
    yield Finding(
        "recipients", WARN if unlisted else GOOD,
        f"not listed: {', '.join(unlisted)}" if unlisted else "every server outside is listed, or there is none",
        "say in LOGICRM_RECIPIENTS who runs it, or nothing is sent there (docs/data-map.md)",
    )  # fmt: skip


def _pdf() -> Iterator[Finding]:
    names = {
        "pango-1.0": "libpango-1.0-0",
        "pangoft2-1.0": "libpangoft2-1.0-0",
        "harfbuzz-subset": "libharfbuzz-subset0",
    }
    missing = [package for lib, package in names.items() if not ctypes.util.find_library(lib)]
    yield Finding("PDF libraries", BAD if missing else GOOD, f"missing: {', '.join(missing)}" if missing else "found",
                  f"apt-get install {' '.join(missing)}")  # fmt: skip


def _front_end() -> Iterator[Finding]:
    from logicrm.core import assets

    try:
        assets.vendor_file("htmx.min.js")
        yield Finding("htmx", GOOD, "found in its package")
    except FileNotFoundError:
        yield Finding("htmx", BAD, "missing", "pip install --no-deps --require-hashes -r requirements/frontend.txt")


def _translations() -> Iterator[Finding]:
    for language in languages.LANGUAGES:
        if language != "en":
            fault = languages.fault_of(Path(current_app.root_path) / "translations", language)
            yield Finding(f"words in {languages.LANGUAGES[language]}", WARN if fault else GOOD, fault or "compiled",
                          "run: python tools/phrases.py compile (make run does it); until then these pages are in English")  # fmt: skip


def _demo(strict: str) -> Iterator[Finding]:
    on = current_app.config["DEMO"]
    yield Finding("demo mode", strict if on else GOOD, "on" if on else "off", "unset LOGICRM_DEMO")
    try:
        with db.engine.connect() as connection:
            there = connection.execute(text("select 1 from workspace where is_demo limit 1")).scalar()
    except SQLAlchemyError:
        return
    yield Finding("demo data", strict if there else GOOD, "a demo workspace exists" if there else "none",
                  "start with a fresh instance folder or database for real work")  # fmt: skip


def failures(*, deploy: bool) -> list[Finding]:
    """The findings that must not be."""
    return [f for f in look(deploy=deploy) if f.state == BAD]


def guard(app: Flask) -> None:
    """In production answer nothing while something is unsafe, whatever server was started."""
    verdict: list[list[Finding]] = []

    def check() -> Response | None:
        if not verdict:
            verdict.append(failures(deploy=True))
        if not verdict[0]:
            return None
        names = "; ".join(f"{f.name}: {f.says} -> {f.mend}" for f in verdict[0])
        log.error("refused to serve: flask doctor --deploy says: %s", names)
        return Response("This installation is not safe to serve. Its operator finds why in the log.\n", 503)

    app.before_request(check)


def install(app: Flask) -> None:
    """Register the command, and the gate of production."""
    if app.config["PRODUCTION"]:
        guard(app)

    @app.cli.command("doctor", help="Check this installation and say how to mend what is wrong.")
    @click.option("--deploy", is_flag=True, help="As strict as before serving people: exit 1 on anything unsafe.")
    def doctor(deploy: bool) -> None:
        bad = 0
        marks = {GOOD: "ok  ", WARN: "warn", BAD: "BAD "}
        for finding in look(deploy=deploy):
            bad += finding.state == BAD
            click.echo(f"{marks[finding.state]}  {finding.name}: {finding.says}")
            if finding.state != GOOD and finding.mend:
                click.echo(f"      -> {finding.mend}")
        if bad:
            click.echo(f"{bad} to mend.")
            raise SystemExit(1)
