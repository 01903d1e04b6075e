"""Take the pictures of the README: the program on a fresh demo, in Chromium. Usage: python tools/pictures.py

Writes docs/pictures/*.png, each at most 200 kB (a palette of 256 colours is enough for pages).
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
OUT = ROOT / "docs" / "pictures"
MOST_BYTES = 200_000
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def serve(instance: Path) -> tuple[Any, str]:
    """Start the program on its own empty instance; return (app, address)."""
    from flask_migrate import upgrade
    from werkzeug.serving import WSGIRequestHandler, make_server

    from logicrm import create_app
    from logicrm.demo import cli as demo

    class Quiet(WSGIRequestHandler):
        def log(self, *_: Any) -> None:
            pass

    server = make_server("127.0.0.1", 0, lambda e, s: [b""], threaded=True, request_handler=Quiet)
    base = f"http://127.0.0.1:{server.server_port}"
    app = create_app(
        {
            "INSTANCE": instance, "DATABASE_URL": f"sqlite:///{instance / 'pictures.db'}", "BASE_URL": base,
            "DEMO": True, "TRUSTED_HOSTS": ["127.0.0.1"], "MAIL_URL": "file:",
        }
    )  # fmt: skip
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
    demo.load_when_empty(app)
    server.app = app
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return app, base


def addresses(app: Any) -> tuple[dict[str, str], str]:
    """Paths that are worth a picture, and a portal cookie's value of somebody who has a few shipments."""
    from sqlalchemy import func, select

    from logicrm.accounts.models import Workspace
    from logicrm.core import clock, tenancy
    from logicrm.extensions import db
    from logicrm.leads.models import Lead
    from logicrm.leads.timeline.models import Activity
    from logicrm.portal import sessions
    from logicrm.privacy import subjects
    from logicrm.shipments.models import Shipment

    with app.app_context():
        workspace = db.session.execute(select(Workspace).where(Workspace.is_demo)).scalar_one()
        tenancy.enter(workspace.id)
        notes = func.count(Activity.id)
        lead = db.session.scalars(
            select(Lead.id).join(Activity, Activity.lead_id == Lead.id).where(Lead.next_task_at.is_not(None))
            .group_by(Lead.id).order_by(notes.desc(), Lead.id).limit(1)
        ).first() or db.session.scalars(select(Lead.id).limit(1)).one()  # fmt: skip
        out = select(Shipment).where(Shipment.status == "out_for_delivery").order_by(Shipment.id.desc())
        shipment = db.session.scalars(out.limit(1)).one()
        email = db.session.execute(
            select(Shipment.sender_email).group_by(Shipment.sender_email).order_by(func.count().desc()).limit(1)
        ).scalar_one()
        subject = subjects.make_known(email, now=clock.now())
        token = sessions.begin(subject.id, workspace.id, now=clock.now())
        db.session.commit()
        pages = {
            "list": "/leads/", "board": "/leads/board", "lead": f"/leads/{lead}", "shipment": f"/shipments/{shipment.id}",
            "tracking": f"/t/{shipment.tracking_key}", "policy": f"/w/{workspace.slug}/privacy",
            "portal": f"/p/{workspace.slug}/home", "today": "/today/",
        }  # fmt: skip
        return pages, token


def shrunk(png: bytes) -> bytes:
    """The picture with 256 colours, then fewer until it is small enough."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 128, 64, 32):
        body = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(body, "PNG", optimize=True)
        if body.tell() <= MOST_BYTES:
            break
    return body.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import sync_playwright

    from logicrm.demo import cli as demo
    from logicrm.privacy.cookies_registry import PORTAL

    chromium = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app, base = serve(Path(folder))
        pages, token = addresses(app)
        link = dict(demo.sign_in_links(app))["owner"]
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        staff = browser.new_context(viewport=DESK, device_scale_factor=1, color_scheme="light")
        page = staff.new_page()
        page.goto(link)
        page.locator("main form button[type=submit], form button[type=submit]").first.click()
        page.wait_for_load_state()
        state = staff.storage_state()
        guests = [{"name": PORTAL.sent_as(False), "value": token, "url": base}]
        wanted = [
            ("today", "today", DESK, "light", state, []), ("list", "list", DESK, "light", state, []),
            ("board", "board", DESK, "light", state, []), ("board-dark", "board", DESK, "dark", state, []),
            ("lead", "lead", DESK, "light", state, []), ("shipment", "shipment", DESK, "light", state, []),
            ("tracking", "tracking", PHONE, "light", None, []), ("policy", "policy", DESK, "light", None, []),
            ("portal", "portal", DESK, "light", None, guests),
        ]  # fmt: skip
        for name, where, size, colours, signed_in, cookies in wanted:
            context = browser.new_context(
                viewport=size, device_scale_factor=1, color_scheme=colours, storage_state=signed_in, locale="en-GB"
            )
            if cookies:
                context.add_cookies(cookies)
            tab = context.new_page()
            answer = tab.goto(base + pages[where])
            refuse = tab.get_by_role("button", name="Reject all")
            if refuse.count():  # as most people do; the banner would hide a third of the page
                refuse.first.click()
                tab.wait_for_load_state("networkidle")
                answer = tab.goto(base + pages[where])
            tab.wait_for_load_state("networkidle")
            body = shrunk(tab.screenshot())
            (out / f"{name}.png").write_bytes(body)
            print(f"{name}: {answer.status if answer else '?'}, {len(body) / 1000:.0f} kB")
            context.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
