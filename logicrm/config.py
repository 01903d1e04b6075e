"""Every setting of the program: the only reader of the environment.

`SETTINGS` is the documented list (docs/configure.md prints it); `from_environment` turns
the environment into the values that `create_app` uses.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Setting:
    """One environment variable: its name, default, and what it does."""

    name: str
    default: str
    does: str


SETTINGS = (
    Setting("LOGICRM_INSTANCE", "instance", "Folder of the database, keys, files, mail and logs."),
    Setting("LOGICRM_BASE_URL", "http://127.0.0.1:8000", "Address that people use; links in mail begin with it."),
    Setting("LOGICRM_TRUSTED_HOSTS", "", "Host names that are answered, by comma. Default: that of LOGICRM_BASE_URL."),
    Setting("LOGICRM_PROXIES", "0", "How many reverse proxies stand in front, all trusted to set X-Forwarded-For."),
    Setting("LOGICRM_ENV", "development", "development or production; production refuses unsafe settings."),
    Setting("LOGICRM_DEMO", "0", "1 allows demo data, one-time demo sign-ins and the outbox page."),
    Setting("DATABASE_URL", "", "PostgreSQL address. Default: an AES-256 encrypted SQLite file in the instance folder."),
    Setting("LOGICRM_DATABASE_KEY", "", "64 hex digits; default: instance/keys/database.key, made at first start."),
    Setting("LOGICRM_MASTER_KEY", "", "64 hex digits for files, links and proofs; default: instance/keys/master.key."),
    Setting("REDIS_URL", "", "Redis for shared request limits between several web hosts; default: the database."),
    Setting("LOGICRM_MAIL_URL", "file:", "smtp://, smtp+starttls:// or smtps://user:password@host:port; file: writes .eml files."),
    Setting("LOGICRM_MAIL_FROM", "LogiCRM <no-reply@localhost>", "Sender of the program's mail."),
    Setting("LOGICRM_FILES_URL", "", "S3-compatible store, s3://key:secret@host:port/bucket?secure=1; default: instance/files."),
    Setting("LOGICRM_RECIPIENTS", "", "Who runs the servers outside; one a line or split by |: host = job; firm; country; safeguard."),
    Setting("LOGICRM_PROFILE", "logicrm", "Policy profile of new workspaces."),
)  # fmt: skip

MAX_UPLOAD_BYTES = 32 * 1024 * 1024  # of a whole request; larger ones get a page that says so


class BadSetting(ValueError):
    """A setting cannot be used; the message names it and how to mend it."""


def from_environment(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return Flask's configuration from the environment. Raises BadSetting with what to mend."""
    env = os.environ if environ is None else environ
    value = {s.name: env.get(s.name, "").strip() or s.default for s in SETTINGS}
    base_url = value["LOGICRM_BASE_URL"].rstrip("/")
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSetting(f"LOGICRM_BASE_URL must look like https://crm.example.com, not {base_url!r}")
    if value["LOGICRM_ENV"] not in ("development", "production"):
        raise BadSetting("LOGICRM_ENV must be development or production")
    if not value["LOGICRM_PROXIES"].isdigit():
        raise BadSetting("LOGICRM_PROXIES must be a number, 0 or more")
    hosts = [h.strip() for h in value["LOGICRM_TRUSTED_HOSTS"].split(",") if h.strip()] or [parts.hostname]
    instance = Path(value["LOGICRM_INSTANCE"]).resolve()
    https = parts.scheme == "https"
    return {
        "INSTANCE": instance,
        "BASE_URL": base_url,
        "HTTPS": https,
        "TRUSTED_HOSTS": hosts,
        "PROXIES": int(value["LOGICRM_PROXIES"]),
        "PRODUCTION": value["LOGICRM_ENV"] == "production",
        "DEMO": value["LOGICRM_DEMO"] == "1",
        "DATABASE_URL": database_url(value["DATABASE_URL"], instance),
        "DATABASE_KEY": value["LOGICRM_DATABASE_KEY"],
        "MASTER_KEY": value["LOGICRM_MASTER_KEY"],
        "REDIS_URL": value["REDIS_URL"],
        "MAIL_URL": value["LOGICRM_MAIL_URL"],
        "MAIL_FROM": value["LOGICRM_MAIL_FROM"],
        "FILES_URL": value["LOGICRM_FILES_URL"],
        "RECIPIENTS": value["LOGICRM_RECIPIENTS"],
        "PROFILE": value["LOGICRM_PROFILE"],
        "MAX_CONTENT_LENGTH": MAX_UPLOAD_BYTES,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        # Flask's signed cookie holds only a reference token and the CSRF secret; the session itself is a row.
        "SESSION_COOKIE_NAME": "__Host-sid" if https else "sid",
        "SESSION_COOKIE_SECURE": https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,  # Referer is withheld by our own policy; Fetch-Metadata stands in
        "BABEL_DEFAULT_LOCALE": "en",
        "SEND_FILE_MAX_AGE_DEFAULT": 31536000,
        "PREFERRED_URL_SCHEME": parts.scheme,
        # Pages carry cookies only on requests from this site (SameSite), so their length tells another site nothing.
        "COMPRESS_ALGORITHM": ["br", "gzip"],
        "COMPRESS_BR_LEVEL": 4,
        "COMPRESS_LEVEL": 5,
        "COMPRESS_STREAMS": False,
    }


def database_url(url: str, instance: Path) -> str:
    """Return SQLAlchemy's address: the embedded file, or PostgreSQL through psycopg 3."""
    if not url:
        return f"sqlite:///{instance / 'logicrm.db'}"
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    if url.startswith(("postgresql+psycopg://", "sqlite:///")):
        return url
    raise BadSetting("DATABASE_URL must begin with postgresql:// (or be empty for the encrypted file)")
