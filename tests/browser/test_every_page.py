"""Every page, as everybody who may open it: accessible in both themes, as wide as the screen, nothing from elsewhere.

The pages are walked in parts, each by whoever sees most of them; other roles see the same templates with less in them,
so of theirs only what differs is opened. What has to be opened on a page first (menus, dialogs, refusals): test_opened.py.
"""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Running
from tests.browser.looking import can_look, faults

pytestmark = pytest.mark.browser

# Addresses that end the visit, or answer with a file or a part of a page.
NOT_PAGES = re.compile(
    r"\.(json|pdf|csv|zip)$|/(health|static|assets|demo|well-known)|sign-out|/api/|download|/document$|schema|waybill|label"
    r"|^/shipments/customers$"
    r"|^/privacy/(policy|cookies|promises)$"  # /w/<slug>/… are the same templates
)
#: Which pages, and who walks them. A page belongs to the first part that fits.
PARTS = {
    "public": ("", r"^/(privacy/(policy|cookies|promises|preferences|receipts|cert|cancel)|track|sign|reset|set-up|w/|t/|u/|p/[^/]+/(code)?$)"),
    "portal": ("guest", r"^/p/"),
    "leads": ("owner", r"^/leads"),
    "customers and shipments": ("owner", r"^/(customers|shipments|scan)"),
    "the rest": ("owner", r"^/"),
}  # fmt: skip
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|P-[A-Z]+-\d\d|(?<=/privacy/controls/)[a-z_]+$")


def part_of(address: str) -> str:
    return next(name for name, (_who, fits) in PARTS.items() if re.match(fits, address))


def shape_of(address: str) -> str:
    """The address without its query, with every id as <id>: pages of one shape are one page."""
    return ID.sub("<id>", address.split("?")[0].split("#")[0])


def start_addresses(running: Running) -> list[str]:
    """Every GET page whose address takes nothing, or only the name of the business."""
    rules = [rule for rule in running.app.url_map.iter_rules() if "GET" in (rule.methods or set())]
    plain = [rule.rule.replace("<slug>", running.slug) for rule in rules if rule.arguments <= {"slug"}]
    return sorted(address for address in plain if not NOT_PAGES.search(address))


@pytest.mark.parametrize("part", PARTS)
def test_every_page_is_accessible_narrow_and_quiet(running: Running, open_as: Callable[..., Page], part: str) -> None:
    page = can_look(open_as(PARTS[part][0], settled=True))
    waiting = [address for address in start_addresses(running) if part_of(address) == part]
    seen, wrong, looked = {shape_of(address) for address in waiting}, {}, 0
    while waiting:
        address = waiting.pop(0)
        answer = page.goto(address)
        assert answer is not None
        if answer.status == 404:  # /set-up, once there is a workspace
            continue
        looked += 1
        if found := [f"status {answer.status}"] if answer.status >= 400 else faults(page):
            wrong[address] = found
        for href in page.eval_on_selector_all("main a[href^='/']", "all => all.map(a => a.getAttribute('href'))"):
            shape = shape_of(href)
            if shape not in seen and part_of(href) == part and not NOT_PAGES.search(shape):
                seen.add(shape)
                if not shape.startswith("/leads/<id>/edit/") or shape.endswith(
                    "/address"
                ):  # one line of facts as all others
                    waiting.append(href)
    assert looked >= 5
    assert not wrong, "\n".join(f"{address}: {found}" for address, found in wrong.items())
    assert page.watched.wrong == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("role", "addresses"),
    [
        ("driver", ["/today/", "/settings/account"]),
        ("dpo", ["/today/", "/privacy/desk", "/privacy/requests"]),
        ("support", ["/today/"]),
    ],
)
def test_other_roles_find_the_same(open_as: Callable[..., Page], role: str, addresses: list[str]) -> None:
    page = can_look(open_as(role, settled=True))
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None and answer.status == 200
        assert faults(page) == [], address


def weight(page: Page, address: str) -> int:
    """Bytes of a body on the wire, as a browser with these cookies gets it."""
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies(address))
    asked = urllib.request.Request(address, headers={"Accept-Encoding": "br", "Cookie": cookies})
    with urllib.request.urlopen(asked) as answer:
        assert answer.headers["Content-Encoding"] == "br", address
        return len(answer.read())


@pytest.mark.parametrize("path", ["/today/", "/leads/", "/shipments/"])
def test_a_first_visit_weighs_at_most_40_kb(open_as: Callable[..., Page], path: str) -> None:
    page = open_as("owner")
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if r.url.startswith("http") else None)
    page.goto(path, wait_until="networkidle")
    sizes = {address: weight(page, address) for address in asked}
    assert any("app.css" in address for address in sizes)
    assert len(asked) == len(sizes) <= 5, sizes
    assert sum(sizes.values()) <= 40_000, sizes
