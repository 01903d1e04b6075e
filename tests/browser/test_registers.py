"""The officer works through a breach and a disclosure without a script, and every page on the way can be looked at."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from logicrm.demo.registers import paper
from tests.browser.conftest import PHONE, Running
from tests.browser.looking import can_look, faults
from tests.browser.telling import button, fill, follow, on_the_page, press

pytestmark = pytest.mark.browser


def fine(page: Page) -> None:
    assert faults(page) == [], page.url


def test_a_breach_on_every_page_of_its_way(running: Running, open_as: Callable[..., Page]) -> None:
    page = can_look(open_as("dpo", settled=True))
    follow(page, page.locator("main nav a", has_text="Breaches"))
    press(page, "Record a breach")
    fine(page)
    press(page, "Start the clocks")
    on_the_page(page, "Fill this in.")
    fine(page)
    fill(page, title="Lost notebook", happened="A notebook was lost.", people_count="40")
    page.locator("main [name=data_kinds][value=contact]").check()
    press(page, "Start the clocks")
    on_the_page(page, "To the authority", "hours left", "GDPR Art. 33(1)")
    address = page.url
    fine(page)
    press(page, "Who is affected?")
    page.locator("main [name=kinds][value=shipment]").check()
    press(page, "Count")
    on_the_page(page, "Different people")
    fine(page)
    press(page, "Put ")
    on_the_page(page, "on the list")
    press(page, "Somebody looked into it")
    fine(page)
    fill(page, measures="It was locked from afar.")
    press(page, "Save")
    press(page, "Decide how high the risk is")
    fine(page)
    page.locator("main [name=risk][value=high]").check()
    fill(page, reasons="It was not locked.", consequences="Spam.", measures="Locks everywhere.")
    press(page, "Decide")
    on_the_page(page, "The authority has to be told.", "The people affected have to be told.")
    fine(page)
    press(page, "It was sent")
    fine(page)
    press(page, "Write it down")
    on_the_page(page, "The letter of")
    press(page, "Write to them")
    fine(page)
    fill(page, words="A notebook with your address was lost.")
    press(page, "Write to ")
    running.run_jobs()
    page.goto(address)
    on_the_page(page, "Letters written")
    fine(page)
    press(page, "Close")
    on_the_page(page, "No clock runs.")
    fine(page)


def test_an_authority_asks_and_two_people_decide(
    running: Running, open_as: Callable[..., Page], tmp_path: Path
) -> None:
    order = tmp_path / "order.pdf"
    order.write_bytes(paper("Order of the court"))
    page = can_look(open_as("dpo", settled=True, scripts=True))
    page.goto("/privacy/disclosures/new")
    fine(page)
    fill(page, authority="District court", wanted="Two addresses", people_count="2")
    page.locator("main [name=ground]").first.check()
    page.locator("main [name=document]").set_input_files(str(order))
    press(page, "Put it into the register")
    on_the_page(page, "You wrote it down, so somebody else must approve it.")
    fine(page)
    expect(button(page, "Approve")).to_have_count(0)
    other = can_look(open_as("owner", settled=True))
    other.goto(page.url)
    fill(other, **{"d-reason": "The order is valid."})
    press(other, "Approve")
    fine(other)
    fill(other, **{"g-given": "2 addresses"})
    press(other, "It was handed over")
    on_the_page(other, "Say whether the people were told")
    fine(other)
    fill(other, **{"n-why": "The order forbids it until July."})
    press(other, "Save")
    on_the_page(other, "A law or an order forbids it for now")
    fine(other)


@pytest.mark.parametrize("path", ["/privacy/desk", "/privacy/controls", "/privacy/controls/audit"])
def test_the_desk_on_a_phone(open_as: Callable[..., Page], path: str) -> None:
    page = can_look(open_as("dpo", size=PHONE, settled=True))
    page.goto(path)
    expect(page.locator("h1")).to_have_text(re.compile(r"\S"))
    fine(page)
