"""Start LogiCRM on this machine: migrate, load the demo when the database is empty, then web and worker.

Usage: python tools/run.py --port 8000     (make run does it)
Ctrl-C ends all of it.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

ROOT = Path(__file__).resolve().parent.parent


def prepare() -> list[tuple[str, str]]:
    """Migrate, fill an empty database with the demo, return (role, one-time link) for each demo role."""
    sys.path.insert(0, str(ROOT))
    from flask_migrate import upgrade

    from logicrm.extensions import db
    from wsgi import app

    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
    try:
        return _demo(app) if app.config["DEMO"] else []
    finally:
        with app.app_context():
            db.engine.dispose()  # a connection must not be shared with the processes that follow


def _demo(app: Flask) -> list[tuple[str, str]]:
    from logicrm.demo import cli as demo

    demo.load_when_empty(app)
    return demo.sign_in_links(app)


class Child:
    """A forked process: it has everything imported already, so it starts at once."""

    def __init__(self, work: Callable[[], None]) -> None:
        sys.stdout.flush()
        self.pid = os.fork()
        self.code: int | None = None
        if self.pid == 0:
            code = 1
            try:
                os.setpgid(0, 0)  # Ctrl-C reaches the parent alone, which then stops its children in order
                work()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
            finally:
                os._exit(code)

    def ended(self) -> bool:
        """True once the process is gone."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def stop(self, seconds: float) -> None:
        """Ask it to end; make it end when it does not."""
        until = time.monotonic() + seconds
        while not self.ended() and time.monotonic() < until:
            time.sleep(0.05)
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)


def web() -> None:
    """The web server, as gunicorn.conf.py says."""
    from gunicorn.app.wsgiapp import WSGIApplication

    sys.argv = ["gunicorn", "-c", "gunicorn.conf.py", "--log-level", "warning", "wsgi:app"]
    WSGIApplication("%(prog)s [OPTIONS] [APP_MODULE]").run()


def worker() -> None:
    """What `flask jobs work` does."""
    from logicrm.core.jobs_worker import run_worker
    from wsgi import app

    run_worker(app)


def wait_for(url: str, children: list[Child]) -> bool:
    """Wait until the health page answers; False when a child ended first."""
    for _ in range(300):
        if any(c.ended() for c in children):
            return False
        try:
            with urllib.request.urlopen(url, timeout=2):
                return True
        except OSError:
            time.sleep(0.1)
    return False


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    os.chdir(ROOT)
    os.environ.setdefault("LOGICRM_BASE_URL", f"http://127.0.0.1:{port}")
    os.environ.setdefault("LOGICRM_TRUSTED_HOSTS", "127.0.0.1,localhost")
    os.environ["PORT"] = str(port)
    links = prepare()
    children = [Child(web), Child(worker)]

    def stop(*_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the stopping
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        if not wait_for(f"http://127.0.0.1:{port}/health", children):
            print(f"LogiCRM did not start. Is something else using port {port}? Try: make run PORT=8001")
            return 1
        print(f"\nLogiCRM runs at {os.environ['LOGICRM_BASE_URL']}\n")
        if links:
            print("Sign in to the demo with a click (each link works once; `flask demo sign-in ROLE` makes another):")
            for role, link in links:
                print(f"  {role:<11} {link}")
        else:
            print("Open it to make your workspace and its owner.")
        print("\nCtrl-C ends the web server and the worker.", flush=True)
        while not any(c.ended() for c in children):
            time.sleep(0.3)
        print("One of the two processes ended; stopping the other.")
        return 1
    except KeyboardInterrupt:
        print("\nStopping …", flush=True)
        return 0
    finally:
        for child in children:
            if not child.ended():
                os.kill(child.pid, signal.SIGTERM)
        for child in children:
            child.stop(15)


if __name__ == "__main__":
    sys.exit(main())
