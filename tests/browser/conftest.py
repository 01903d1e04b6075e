"""A running program with a lively workspace, and real Chromium pages signed in to it."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import policy
from email.parser import BytesParser
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import func, select
from werkzeug.serving import WSGIRequestHandler, make_server

from logicrm import create_app
from logicrm.accounts.models import Workspace
from logicrm.core import clock, tenancy
from logicrm.demo import cli as demo
from logicrm.extensions import db
from logicrm.portal import sessions
from logicrm.privacy import subjects
from logicrm.privacy.cookies_registry import PORTAL
from logicrm.shipments.models import Shipment
from tests.browser.telling import OWNER, PASSWORD, Firm, fill, follow, press

ROOT = Path(__file__).resolve().parent.parent.parent
# A loaded machine of two cores answers in seconds, not in tenths of them; nothing waits this long when all is well.
WAIT_MS, PAGE_MS, START_MS = 20_000, 60_000, 120_000
expect.set_options(timeout=WAIT_MS)
CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), "")
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


class Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        pass


class Running:
    """The program at `base`; `run_jobs()` does what the worker would do now."""

    def __init__(self, app: Flask, base: str) -> None:
        self.app, self.base = app, base
        self._opened: set[str] = set()  # letters that were opened: the next one is awaited

    def link(self, role: str) -> str:
        return dict(demo.sign_in_links(self.app))[role]

    @cached_property
    def slug(self) -> str:
        """What the first workspace is called in addresses."""
        with self.app.app_context():
            return str(db.session.scalar(select(Workspace.slug).order_by(Workspace.created_at)))

    @contextmanager
    def inside(self) -> Iterator[None]:
        """A context in the first workspace."""
        with self.app.app_context():
            tenancy.enter(db.session.scalars(select(Workspace.id).order_by(Workspace.created_at)).one())
            yield

    @cached_property
    def guest(self) -> str:
        """The customer who looks into the portal: whoever sends most shipments."""
        with self.inside():
            senders = select(Shipment.sender_email).where(Shipment.sender_email != "").group_by(Shipment.sender_email)
            return str(db.session.scalars(senders.order_by(func.count().desc(), Shipment.sender_email)).first())

    def guest_cookie(self) -> Any:
        """The cookie that lets them in."""
        email = self.guest
        with self.inside():
            person = subjects.make_known(email, now=clock.now())
            token = sessions.begin(person.id, person.workspace_id, now=clock.now())
            db.session.commit()
        return {"name": PORTAL.sent_as(False), "value": token, "url": self.base}

    def shipment(self) -> Shipment:
        """One that is on its way."""
        with self.inside():
            return db.session.scalars(
                select(Shipment).where(Shipment.status == "in_transit").order_by(Shipment.id)
            ).first()

    def run_jobs(self) -> None:
        from logicrm.core.jobs_worker import run_worker

        run_worker(self.app, until_idle=True)

    def letter(self, to: str) -> str:
        """The text of the newest letter to an address that nobody has opened yet. Does the worker's part meanwhile."""
        deadline = time.monotonic() + WAIT_MS / 1000
        while time.monotonic() < deadline:
            self.run_jobs()
            mails = sorted((self.app.config["INSTANCE"] / "mail").glob("*.eml"), key=lambda p: p.stat().st_mtime_ns)
            for path in reversed([path for path in mails if path.name not in self._opened]):
                mail = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
                body = mail.get_body(("plain",))
                if to in mail["To"] and body is not None:
                    self._opened.add(path.name)
                    return str(body.get_content())
            time.sleep(0.1)
        raise AssertionError(f"no new letter to {to} among {len(mails)}")


@contextmanager
def serving(instance: Path, *, demo_mode: bool) -> Iterator[Running]:
    """The program with a migrated, empty database of its own, in a thread."""
    server = make_server("127.0.0.1", 0, lambda e, s: [b""], threaded=True, request_handler=Quiet)
    base = f"http://127.0.0.1:{server.server_port}"
    app = create_app(
        {
            "INSTANCE": instance, "DATABASE_URL": f"sqlite:///{instance / 'b.db'}", "BASE_URL": base, "DEMO": demo_mode,
            "TRUSTED_HOSTS": ["127.0.0.1"], "MAIL_URL": "file:", "TESTING": True,
        }
    )  # fmt: skip
    with app.app_context():
        upgrade(str(ROOT / "migrations"))
    server.app = app
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Running(app, base)
    server.shutdown()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """With the demo's workspace."""
    with serving(tmp_path_factory.mktemp("demo"), demo_mode=True) as program:
        demo.load_when_empty(program.app, leads=80, shipments=30)
        yield program


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """As after `make run DEMO=0`: nobody is in it yet."""
    with serving(tmp_path_factory.mktemp("fresh"), demo_mode=False) as program:
        yield program


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.fail("Chromium is not installed; `make test` installs it where it may")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            timeout=START_MS,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
        )
        yield browser
        browser.close()


class Watched:
    """What a page did that it should not: script and policy errors, requests to other hosts, answers of 5xx, lost files."""

    def __init__(self, page: Page, base: str) -> None:
        self.wrong: list[str] = []
        page.on(
            "console", lambda m: self.wrong.append(f"console: {m.text}") if m.type == "error" and not _said(m) else None
        )
        page.on("pageerror", lambda e: self.wrong.append(f"script: {e}"))
        page.on("request", lambda r: self.wrong.append(f"elsewhere: {r.url}") if not _here(r.url, base) else None)
        page.on("response", lambda r: self.wrong.append(f"{r.status}: {r.url}") if _lost(r) else None)


def _said(message: Any) -> bool:
    # Chromium reports every 4xx, also the page that says what was wrong with a form; `_lost` looks at those.
    return str(message.text).startswith("Failed to load resource: the server responded")


def _lost(answer: Any) -> bool:
    return answer.status >= 500 or (
        answer.status >= 400 and answer.request.resource_type not in ("document", "xhr", "fetch")
    )


def _here(url: str, base: str) -> bool:
    return url.startswith((base, "data:", "about:", "blob:"))


class Windows:
    """Opens browser windows, each with cookies of its own, and closes them all."""

    def __init__(self, chromium: Browser) -> None:
        self.chromium = chromium
        self.contexts: list[BrowserContext] = []
        self.pages: list[Page] = []

    def open(
        self, program: Running, *, size: Any = DESK, dark: bool = False, scripts: bool = True, state: Any = None
    ) -> Page:
        """A new window at the program; `state`: the cookies of another window (`context.storage_state()`)."""
        context = self.chromium.new_context(
            viewport=size, color_scheme="dark" if dark else "light", java_script_enabled=scripts,
            base_url=program.base, accept_downloads=True, has_touch=size is PHONE, storage_state=state,
        )  # fmt: skip
        self.contexts.append(context)
        page = context.new_page()
        page.watched = Watched(page, program.base)  # type: ignore[attr-defined]
        page.set_default_timeout(WAIT_MS)
        page.set_default_navigation_timeout(PAGE_MS)
        self.pages.append(page)
        return page

    def wrong(self) -> list[str]:
        """What any window did that it should not."""
        return [one for page in self.pages for one in page.watched.wrong]  # type: ignore[attr-defined]

    def close(self) -> None:
        for context in self.contexts:
            context.close()


@pytest.fixture
def windows(chromium: Browser) -> Iterator[Windows]:
    opened = Windows(chromium)
    yield opened
    opened.close()


@pytest.fixture
def open_as(running: Running, windows: Windows) -> Callable[..., Page]:
    """open_as("owner", size=PHONE): a window of the demo, signed in by the one-time link ("" = stranger, "guest" = a
    customer in the portal). settled: optional cookies are refused already."""

    def open_page(role: str = "", settled: bool = False, **how: Any) -> Page:
        page = windows.open(running, **how)
        if role == "guest":
            page.context.add_cookies([running.guest_cookie()])
        elif role:
            page.goto(running.link(role))
            follow(page, page.locator("main form button[type=submit]").first)
            expect(page).to_have_url(re.compile("/privacy/desk" if role == "dpo" else "/today"))
        if settled:
            answer = page.request.post("/privacy/choice", form={"do": "reject"}, headers={"Origin": running.base})
            assert answer.ok
        return page

    return open_page


@pytest.fixture(scope="session")
def first_window(fresh: Running, chromium: Browser) -> Iterator[tuple[Page, Windows]]:
    """The very first visit: the first page makes the first workspace and its owner."""
    windows = Windows(chromium)
    page = windows.open(fresh, scripts=False)
    page.goto("/")
    expect(page.locator("h1")).to_have_text("Set up LogiCRM")
    fill(page, workspace="North Sea Forwarding", name="Ana Ștefănescu", email=OWNER, password=PASSWORD)
    page.locator("[name=country]").select_option("RO")
    page.locator("[name=of_age][value=yes]").check()
    page.locator("[name=terms]").check()
    press(page, "Make the workspace")
    expect(page).to_have_url(re.compile(r"/today/$"))
    yield page, windows
    windows.close()


@pytest.fixture
def firm(fresh: Running, first_window: tuple[Page, Windows]) -> Firm:
    return Firm(fresh, first_window[0].context.storage_state())


@pytest.fixture
def desk(firm: Firm, windows: Windows) -> Iterator[Windows]:
    """Windows of this test; none of them did what it should not."""
    yield windows
    assert windows.wrong() == []
