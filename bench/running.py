"""Start the program as in production on fresh data, and sign in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PORT = 8765


@dataclass
class Running:
    """A loaded, running program: its address, a session cookie, and ids worth asking for."""

    base: str
    cookie: str
    process: subprocess.Popen[bytes]
    found: dict[str, Any] = field(default_factory=dict)
    load_seconds: float = 0.0

    def memory_mb(self) -> float:
        """Proportional set size of the server and its workers, MB (shared pages counted once)."""
        total = 0
        for pid in [self.process.pid, *_children(self.process.pid)]:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total / 1024


def _children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def new_postgres(name: str) -> str:
    """Make an empty database for a role without privileges; '' when no server answers."""
    sys.path.insert(0, str(ROOT / "tools"))
    import check  # the same server and role as the tests

    address, why = check.postgres()
    if not address:
        print(f"PostgreSQL: not measured: {why}")
        return ""
    return check.make_databases(address, [name])


@contextmanager
def running(backend: str, leads: int, shipments: int) -> Iterator[Running | None]:
    """Load, start, sign in; stop and clean up afterwards. None when the backend is not there."""
    folder = Path(tempfile.mkdtemp(prefix="logicrm-bench-"))
    url = new_postgres(f"logicrm_bench_{leads}") if backend == "postgresql" else ""
    if backend == "postgresql" and not url:
        yield None
        return
    environ = {
        **os.environ, "LOGICRM_INSTANCE": str(folder), "DATABASE_URL": url, "LOGICRM_DEMO": "1", "PORT": str(PORT),
        "LOGICRM_BASE_URL": f"http://127.0.0.1:{PORT}", "PYTHONPATH": str(ROOT), "FLASK_APP": "wsgi.py",
    }  # fmt: skip
    flask = [str(Path(sys.executable).parent / "flask")]
    subprocess.run([*flask, "db", "upgrade"], cwd=ROOT, env=environ, check=True, stderr=subprocess.DEVNULL)
    started = time.perf_counter()
    subprocess.run(
        [*flask, "demo", "load", "--leads", str(leads), "--shipments", str(shipments), "--seed", "1"],
        cwd=ROOT, env=environ, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    load_seconds = time.perf_counter() - started
    server = subprocess.Popen(
        [str(Path(sys.executable).parent / "gunicorn"), "-c", "gunicorn.conf.py", "--log-level", "error", "bench.app:app"],
        cwd=ROOT, env=environ, stderr=(folder / "server.log").open("wb"),
    )  # fmt: skip
    try:
        base = f"http://127.0.0.1:{PORT}"
        _wait(base + "/health")
        cookie, found = _sign_in(environ)
        yield Running(base, cookie, server, found, load_seconds)
    finally:
        server.terminate()
        server.wait(timeout=20)
        log = (folder / "server.log").read_text(errors="replace")
        for line in [li for li in log.splitlines() if '"level": "info"' not in li][-20:]:
            print("  server:", line[:400])
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=2)
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the program did not start")


def _sign_in(environ: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Make a session of the demo's owner and pick what to ask for, in this process on the same database."""
    from logicrm import config, create_app
    from logicrm.core import crypto, tenancy
    from logicrm.core.schema import new_id
    from logicrm.extensions import db

    app = create_app(config.from_environment(environ))
    with app.app_context():
        from sqlalchemy import func, select

        from logicrm.accounts.models import Membership, UserSession
        from logicrm.leads.models import Lead
        from logicrm.leads.pipelines.models import Stage
        from logicrm.shipments.models import Shipment

        owner = db.session.scalars(select(Membership).where(Membership.role == "owner")).first()
        assert owner is not None
        token, now = crypto.token(), datetime.now(UTC)
        db.session.add(
            UserSession(
                id=new_id(),
                token_hash=crypto.token_hash(token),
                user_id=owner.user_id,
                workspace_id=owner.workspace_id,
                epoch=0,
                created_at=now,
                seen_at=now,
                proven_at=now,
                expires_at=now + timedelta(hours=12),
            )
        )
        db.session.commit()
        tenancy.enter(owner.workspace_id)
        ids = db.session.scalars(select(Lead.id).order_by(Lead.created_at.desc(), Lead.id.desc()).limit(200)).all()
        found = {
            "leads": [str(i) for i in ids],
            "shipments": [str(i) for i in db.session.scalars(select(Shipment.id).limit(50))],
            "stage": str(db.session.scalars(select(Stage.id).order_by(Stage.position)).first()),
            "count": db.session.scalar(select(func.count()).select_from(Lead)),
        }
        value = app.session_interface.get_signing_serializer(app).dumps({"_user_id": token, "_fresh": True})  # type: ignore[attr-defined, union-attr]
        db.session.remove()
        db.engine.dispose()
    return f"{app.config['SESSION_COOKIE_NAME']}={value}", found
