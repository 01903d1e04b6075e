"""What can be asked of a page while it is open: is it accessible in both themes, is it as wide as the screen, is it cut off?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python  # type: ignore[import-untyped]
from playwright.sync_api import Page

from tests.browser.conftest import DESK, PHONE

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")

#: Every rule that is on by itself, and the one of WCAG 2.2 that is not.
_RUN = """(targets) => axe.run(document, {resultTypes: ["violations"], rules: {"target-size": {enabled: targets}}})
    .then((found) => found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes[0].html.slice(0, 200)}`))"""

#: Words that do not fit: a choice or a hint longer than its field, a label that sticks out of its button.
_CUT = """() => {
    const out = [], pen = document.createElement("canvas").getContext("2d"), seen = (el) => el.checkVisibility() && el.clientWidth > 1;
    for (const el of document.querySelectorAll("select, input[placeholder]")) {
        const style = getComputedStyle(el), choice = el.tagName === "SELECT";
        const words = choice ? (el.selectedOptions[0] || {}).text || "" : el.value ? "" : el.placeholder;
        pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
        const room = el.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - (choice ? 18 : 0);
        if (seen(el) && pen.measureText(words).width > room + 1) out.push(`cut off: ${words}`);
    }
    for (const el of document.querySelectorAll(".btn, .pill, .chip, .stat-value, .rail-nav a, .count"))
        if (seen(el) && el.scrollWidth > el.clientWidth + 1) out.push(`sticks out: ${el.textContent.trim()}`);
    return out;
}"""


def can_look(page: Page) -> Page:
    """Put axe into every page that this window opens. A page that still fades from theme to theme has no colours."""
    page.add_init_script(AXE)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return page


def faults(page: Page, *, covered: bool = False) -> list[str]:
    """All rules in the light theme at the desk, all rules in the dark one on the phone; width and cut-off words on both.

    covered: something lies over the page, so what is half under it is no target to measure.
    """
    found: list[str] = []
    for size, theme in ((DESK, "light"), (PHONE, "dark")):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        found += [f"{theme}, {size['width']} px: {one}" for one in (*page.evaluate(_RUN, not covered), *_misfits(page))]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    return found


def _misfits(page: Page) -> Iterator[str]:
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
        yield "wider than the screen"
    yield from page.evaluate(_CUT)
