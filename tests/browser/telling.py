"""What the chapters of the story share: the new firm, and what a hand does at a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

if TYPE_CHECKING:
    from tests.browser.conftest import Running, Windows

PASSWORD = "a lorry, a ferry, a parcel"
OWNER = "ana@northsea.example"


@dataclass
class Firm:
    """The new workspace; `state` holds the cookies of its owner's browser."""

    program: Running
    state: Any


def button(page: Page, words: str) -> Locator:
    """The button (or link that looks like one) that says so, in the page's main part."""
    return page.locator("main").locator("button, a.btn").filter(has_text=re.compile(rf"^\s*{re.escape(words)}")).first


def press(page: Page, words: str) -> None:
    """Click the button, and wait for the page that answers."""
    follow(page, button(page, words))


def follow(page: Page, place: Locator) -> None:
    """Click what leads to another page, and wait for that page: what stands on the old one is no answer."""
    with page.expect_navigation():
        place.click()


def fill(page: Page, **fields: str) -> None:
    """Type into fields and leave them: what a page asks when a field changed, it asks before the next click."""
    for name, value in fields.items():
        field = page.locator(f"main [name={name}]:is(input, textarea)").first
        field.fill(value)
        field.blur()
    settled(page)


def editing(page: Page, name: str) -> Locator:
    """Open a line of facts for editing; its field, once htmx has put it there for good."""
    settled(page)
    page.locator(f"#fact-{name} .fact-edit").click()
    field = page.locator(f"#fact-{name} input[name={name}]")
    expect(field).to_be_visible()
    settled(page)
    return field


def on_the_page(page: Page, *words: str) -> None:
    for one in words:
        expect(page.locator("main")).to_contain_text(one)


def download(page: Page, words: str) -> bytes:
    with page.expect_download() as coming:
        button(page, words).click()
    return Path(coming.value.path()).read_bytes()


def code_in(letter: str) -> str:
    """The code that the portal sent."""
    return re.findall(r"^([A-Z0-9]{4} [A-Z0-9]{4})\s*$", letter, re.M)[-1]


def settled(page: Page) -> None:
    """Wait until htmx has swapped and woken what it put there; before that a click goes to an element that is about
    to be replaced, or takes a link's long way. By locator, because a predicate in words would need `unsafe-eval`."""
    expect(page.locator(".htmx-settling, .htmx-swapping, .htmx-request")).to_have_count(0)


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
    expect(guest).to_have_url(re.compile(r"/today/$"))
    return guest.context
