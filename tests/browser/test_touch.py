"""The board under a finger: a scroll never drags, a long press does. Real touches, by the browser's own protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser

LONG_MS, SHORT_MS = 600, 120  # the script waits 400 ms before it takes a press for a long one


@dataclass
class Finger:
    """One finger on the glass of `page`; `moves`: the answers of the program to cards that were dropped."""

    page: Page
    glass: CDPSession
    moves: list[int]

    def down(self, x: float, y: float) -> None:
        self._touch("touchStart", x, y)

    def slide(self, start: tuple[float, float], end: tuple[float, float], steps: int = 12) -> None:
        for step in range(1, steps + 1):
            x, y = (a + (b - a) * step / steps for a, b in zip(start, end, strict=True))
            self._touch("touchMove", x, y)
            self.page.wait_for_timeout(16)

    def up(self) -> None:
        self.glass.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        self.page.wait_for_timeout(100)

    def _touch(self, kind: str, x: float, y: float) -> None:
        self.glass.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})


@pytest.fixture
def finger(open_as: Callable[..., Page]) -> Iterator[Finger]:
    page = open_as("owner", settled=True, size=PHONE)
    moves: list[int] = []
    page.on("response", lambda r: moves.append(r.status) if r.url.split("?")[0].endswith("/move") else None)
    page.goto("/leads/board")
    yield Finger(page, page.context.new_cdp_session(page), moves)
    assert page.watched.wrong == []  # type: ignore[attr-defined]


def middle_of(card: Locator) -> tuple[float, float]:
    box = card.bounding_box()
    assert box
    return box["x"] + box["width"] / 2 - 20, box["y"] + box["height"] / 2


def first_card(page: Page) -> Locator:
    return page.locator(".column").first.locator(".card").first


def column_of(page: Page, card: str) -> str | None:
    return page.locator(".column", has=page.locator(f"[data-card='{card}']")).get_attribute("data-title")


def id_of(card: Locator) -> str:
    return str(card.get_attribute("data-card"))


def test_a_scroll_never_drags(finger: Finger) -> None:
    page, card = finger.page, first_card(finger.page)
    before, x_y = id_of(card), middle_of(card)
    finger.down(*x_y)
    page.wait_for_timeout(SHORT_MS)
    finger.slide(x_y, (x_y[0], x_y[1] - 220))
    page.wait_for_timeout(LONG_MS)  # the finger rests at the end of its way: still no press
    expect(page.locator(".card.picked")).to_have_count(0)
    finger.up()
    assert page.evaluate("scrollY") > 100
    assert finger.moves == [] and id_of(first_card(page)) == before and page.url.endswith("/leads/board")


def test_a_swipe_over_a_card_shows_the_next_column(finger: Finger) -> None:
    page, x_y = finger.page, middle_of(first_card(finger.page))
    finger.down(*x_y)
    page.wait_for_timeout(SHORT_MS)
    finger.slide(x_y, (x_y[0] - 150, x_y[1]))
    finger.up()
    assert page.locator("#board").evaluate("board => board.scrollLeft") > 50
    expect(page.locator(".card.picked")).to_have_count(0)
    assert finger.moves == []


def test_a_long_press_drags_to_another_column(finger: Finger) -> None:
    page, card = finger.page, first_card(finger.page)
    name, (x, y) = id_of(card), middle_of(card)
    begun = column_of(page, name)
    finger.down(x, y)
    page.wait_for_timeout(LONG_MS)
    expect(page.locator(f".card.picked[data-card='{name}']")).to_have_count(1)
    finger.slide((x, y), (x, y - 40))
    assert page.evaluate("scrollY") == 0, "the page stays where it is while a card is held"
    finger.slide((x, y - 40), (382, y - 40), steps=20)
    for _ in range(40):  # at the edge the board comes along
        if column_of(page, name) != begun:
            break
        finger.slide((380, y - 40), (382, y - 40), steps=2)
    with page.expect_response(lambda r: r.url.split("?")[0].endswith("/move")) as moved:
        finger.up()
    assert moved.value.status < 400
    goal = column_of(page, name)
    assert goal != begun
    page.reload()
    assert column_of(page, name) == goal


def test_a_long_press_without_a_way_changes_nothing(finger: Finger) -> None:
    page, card = finger.page, first_card(finger.page)
    name, (x, y) = id_of(card), middle_of(card)
    finger.down(x, y)
    finger.slide((x, y), (x + 4, y + 3), steps=2)  # no hand is quite still
    page.wait_for_timeout(LONG_MS)
    expect(page.locator(".card.picked")).to_have_count(1)
    finger.up()
    expect(page.locator(".card.picked")).to_have_count(0)
    assert finger.moves == [] and id_of(first_card(page)) == name
    assert page.url.endswith("/leads/board"), "letting go is no tap"


def test_a_tap_opens_the_lead(finger: Finger) -> None:
    page, card = finger.page, first_card(finger.page)
    x, y = middle_of(card)
    finger.down(x, y)
    page.wait_for_timeout(40)
    with page.expect_navigation(url="**/leads/*-*"):
        finger.up()
    assert finger.moves == []
