"""A worker of its own process, for tests that kill it: `python -m tests.leads.imports.worker FOLDER URL`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from flask import Flask

from logicrm import create_app
from logicrm.core.jobs_worker import run_worker


def make_app(folder: Path, url: str = "", **settings: Any) -> Flask:
    """The whole application with its instance in `folder`; `url` empty is the encrypted file."""
    folder.mkdir(parents=True, exist_ok=True)
    return create_app(
        {
            "TESTING": True, "INSTANCE": folder, "DATABASE_URL": url or f"sqlite:///{folder / 'test.db'}",
            "DATABASE_KEY": "00" * 32, "MASTER_KEY": "11" * 32, "MAIL_URL": "file:", "WTF_CSRF_ENABLED": False,
            "BASE_URL": "http://localhost", "TRUSTED_HOSTS": ["localhost"], "FILES_URL": "",
            "JOBS_LEASE_S": 1.0, "JOBS_BACKOFF_S": 0.02, **settings,
        }
    )  # fmt: skip


if __name__ == "__main__":
    run_worker(make_app(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""), threads=1, periodic=False)
