"""What the chapters of the story share: the new firm, and what a hand does at a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import BrowserContext, Page, expect

if TYPE_CHECKING:
    from tests.browser.conftest import Running, Windows

PASSWORD = "a lorry, a ferry, a parcel"
OWNER = "ana@northsea.example"


@dataclass
class Firm:
    """The new workspace; `state` holds the cookies of its owner's browser."""

    program: Running
    state: Any


def press(page: Page, words: str) -> None:
    """Click the button (or link that looks like one) that says so, in the page's main part."""
    page.locator("main").locator("button, a.btn").filter(has_text=re.compile(rf"^\s*{re.escape(words)}")).first.click()


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"main [name={name}]:is(input, textarea)").first.fill(value)


def on_the_page(page: Page, *words: str) -> None:
    for one in words:
        expect(page.locator("main")).to_contain_text(one)


def download(page: Page, words: str) -> bytes:
    with page.expect_download() as coming:
        press(page, words)
    return Path(coming.value.path()).read_bytes()


def saw(page: Page, selector: str) -> str:
    return page.locator(selector).first.inner_text().strip()


def invite(firm: Firm, desk: Windows, address: str, name: str, role: str = "sales") -> BrowserContext:
    """Invite somebody, who opens the letter in another browser and joins."""
    page = desk.open(firm.program, state=firm.state)
    page.goto("/settings/people")
    fill(page, email=address)
    page.locator("#role").select_option(role)
    press(page, "Send the invitation")
    on_the_page(page, "Open invitations", address)
    link = re.search(r"https?://\S+/join/\S+", firm.program.letter(address))
    assert link is not None
    guest = desk.open(firm.program)
    guest.goto(link[0])
    fill(guest, name=name, password=PASSWORD)
    guest.locator("[name=of_age][value=yes]").check()
    guest.locator("[name=terms]").check()
    press(guest, "Make my account and join")
    guest.wait_for_url("**/today/")
    return guest.context
