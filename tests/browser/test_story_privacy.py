"""The privacy half of the main job: cookies, one's own copy and deletion, and the same for a customer at the portal."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from logicrm.core.jobs_models import Job
from logicrm.extensions import db
from logicrm.privacy.models import Deletion
from tests.browser.conftest import Running, Windows
from tests.browser.telling import PASSWORD, Firm, code_in, download, fill, follow, invite, on_the_page, press

pytestmark = pytest.mark.browser

BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


@BOTH
def test_cookies_are_refused_with_one_click(firm: Firm, desk: Windows, scripts: bool) -> None:
    page = desk.open(firm.program, scripts=scripts)
    page.goto("/sign-in")
    assert {one["name"] for one in page.context.cookies()} <= {"sid"}
    page.locator(".cookies button", has_text="Reject all").click()
    expect(page.locator(".cookies")).to_have_count(0)
    page.goto("/privacy/policy")
    assert {one["name"] for one in page.context.cookies()} <= {"sid", "cookie_choice"}


def when_due(program: Running) -> None:
    """The days of grace pass, and the worker does what is due."""
    with program.app.app_context():
        past = datetime.now(UTC) - timedelta(minutes=1)
        db.session.execute(update(Deletion).where(Deletion.state == "scheduled").values(due_at=past))
        db.session.execute(update(Job).where(Job.kind == "privacy.purge", Job.state == "waiting").values(run_at=past))
        db.session.commit()
    program.run_jobs()


def proven(page: Page, words: str) -> None:
    """Press; where the password is asked first, give it and press again."""
    press(page, words)
    if "/confirm" in page.url:  # the page that answered
        fill(page, password=PASSWORD)
        press(page, "Confirm")
        press(page, words)


@BOTH
def test_ones_own_copy_deletion_and_purge(firm: Firm, desk: Windows, scripts: bool) -> None:
    address = f"vera{int(scripts)}@northsea.example"
    page = desk.open(firm.program, state=invite(firm, desk, address, "Vera Vogt").storage_state(), scripts=scripts)
    page.goto("/privacy/mine")
    proven(page, "Prepare my copy")
    on_the_page(page, "Being prepared")
    firm.program.run_jobs()
    page.goto("/privacy/mine")
    assert download(page, "To read (PDF)").startswith(b"%PDF")
    copy = json.loads(download(page, "For programs (JSON)"))
    assert address in json.dumps(copy)

    page.goto("/privacy/mine/delete")
    proven(page, "Schedule the deletion")
    on_the_page(page, "Your account will be deleted on", f"{datetime.now(UTC) + timedelta(days=30):%Y}")
    page.goto("/leads/")
    expect(page).to_have_url(re.compile("/privacy/mine$"))
    press(page, "Keep my account")
    page.goto("/today/")
    expect(page.locator("h1")).to_contain_text("Today")

    page.goto("/privacy/mine/delete")
    proven(page, "Schedule the deletion")
    certificate = page.get_by_role("link", name="Where the certificate will be").get_attribute("href")
    when_due(firm.program)
    stranger = desk.open(firm.program, scripts=scripts)
    stranger.goto(str(certificate))
    on_the_page(stranger, "Reference")
    assert download(stranger, "Certificate (PDF)").startswith(b"%PDF")
    stranger.goto("/sign-in")
    fill(stranger, email=address, password=PASSWORD)
    press(stranger, "Sign in")
    expect(stranger).to_have_url(re.compile("/sign-in$"))
    expect(stranger.locator("main [name=password]")).to_be_visible()


@BOTH
def test_a_customer_at_the_portal(firm: Firm, desk: Windows, scripts: bool) -> None:
    address = f"gast{int(scripts)}@kunde.example"
    owner = desk.open(firm.program, state=firm.state)
    owner.goto("/customers/contacts/new")
    fill(owner, first_name="Greta", last_name="Gast", email=address, city="Bremen")
    press(owner, "Add person")
    expect(owner).to_have_url(re.compile(r"/customers/contacts/[0-9a-f-]{36}"))

    page = desk.open(firm.program, scripts=scripts)
    page.goto("/p/north-sea-forwarding/")
    fill(page, email=address)
    press(page, "Send me a code")
    fill(page, code=code_in(firm.program.letter(address)))
    press(page, "Open the page")
    expect(page).to_have_url(re.compile("/home$"))
    on_the_page(page, "Greta", "Bremen")

    follow(page, page.get_by_role("link", name="Get a copy", exact=True))
    press(page, "Send me a code")
    fill(page, code=code_in(firm.program.letter(address)))
    press(page, "Make my copy")
    firm.program.run_jobs()
    page.goto("/p/north-sea-forwarding/copy")
    assert address in download(page, "JSON for programs").decode()
    assert download(page, "PDF to read").startswith(b"%PDF")

    follow(page, page.get_by_role("link", name="Delete", exact=True))
    press(page, "Send me a code")
    page.locator("form[action$='/delete'] [name=code]").fill(code_in(firm.program.letter(address)))
    press(page, "Schedule deletion")
    on_the_page(page, "Your data will be deleted on")
    press(page, "Keep my data")
    page.goto("/p/north-sea-forwarding/home")
    on_the_page(page, "Greta")
    expect(page.get_by_role("button", name="Keep my data")).to_have_count(0)
