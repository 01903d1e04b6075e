"""Every page, as everybody who may open it: accessible in both themes, as wide as the screen, nothing from elsewhere.

One walk per kind of person: each page is opened once, and everything that can be asked of it is asked while it is open.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import axe_playwright_python  # type: ignore[import-untyped]
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESK, PHONE, Running

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")

# Addresses that end the visit, or answer with a file or a part of a page.
NOT_PAGES = re.compile(
    r"\.(json|pdf|csv|zip)$|/(health|static|vendor|demo|well-known)|sign-out|/api/|download|schema|waybill|label"
    r"|^/shipments/customers$"
)
# The same for everybody: walked once, as a stranger.
PUBLIC = re.compile(
    r"^/(privacy/(policy|cookies|promises|preferences|receipts|cert)|track|sign|reset|set-up|w/|p/|t/|u/)"
)
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def shape_of(address: str) -> str:
    """The address without its query, with every id as <id>: pages of one shape are one page."""
    return ID.sub("<id>", address.split("?")[0].split("#")[0])


def start_addresses(running: Running) -> list[str]:
    """Every GET page without parameters."""
    return sorted(
        rule.rule
        for rule in running.app.url_map.iter_rules()
        if "GET" in (rule.methods or set()) and not rule.arguments and not NOT_PAGES.search(rule.rule)
    )


def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """axe's findings in words; [] when there are none. `rules`: only these."""
    only = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    page.evaluate(f"window.axe || (() => {{ {AXE} }})()")
    found = page.evaluate("(only) => axe.run(document, {resultTypes: ['violations'], ...only})", only)["violations"]
    return [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:200]}" for v in found]


def faults(page: Page) -> list[str]:
    """What is wrong with the open page: axe in the light and the dark theme, and a width beyond the screen's."""
    found = violations(page)
    page.emulate_media(color_scheme="dark")
    found += [f"dark {one}" for one in violations(page, ["color-contrast"])]
    page.emulate_media(color_scheme="light")
    for size in (PHONE, DESK):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
            found.append(f"wider than {size['width']} px")
    return found


@pytest.mark.parametrize("role", ["owner", "driver", "dpo", ""], ids=["owner", "driver", "dpo", "stranger"])
def test_every_page_is_accessible_narrow_and_quiet(running: Running, open_as: Callable[..., Page], role: str) -> None:
    page = open_as(role)
    waiting = start_addresses(running)
    seen, wrong = {shape_of(address) for address in waiting}, {}
    while waiting:
        address = waiting.pop(0)
        if role and PUBLIC.match(address):
            continue
        answer = page.goto(address)
        assert answer is not None
        if answer.status in (403, 404):  # not for this person; the matrix of rights has tests of its own
            continue
        if found := [f"status {answer.status}"] if answer.status >= 400 else faults(page):
            wrong[address] = found
        for href in page.eval_on_selector_all("main a[href^='/']", "all => all.map(a => a.getAttribute('href'))"):
            shape = shape_of(href)
            if shape not in seen and not NOT_PAGES.search(shape) and not shape.startswith("/leads/<id>/edit/"):
                seen.add(shape)
                waiting.append(href)
    assert len(seen) > 5
    assert not wrong, "\n".join(f"{address}: {found}" for address, found in wrong.items())
    assert page.watched.wrong == []  # type: ignore[attr-defined]


def test_a_first_visit_weighs_at_most_40_kb(open_as: Callable[..., Page]) -> None:
    page = open_as("owner")
    sizes: dict[str, int] = {}
    page.on("requestfinished", lambda r: sizes.update({r.url: r.sizes()["responseBodySize"]}))
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    for path in ("/today/", "/leads/"):
        sizes.clear()
        page.goto(path, wait_until="networkidle")
        assert any("app.css" in url for url in sizes), sizes
        assert sum(sizes.values()) <= 40_000, sizes
        assert len(sizes) <= 6, sizes
