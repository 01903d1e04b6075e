"""In Romanian and Vietnamese words are longer: nothing is cut off or wider than the screen, and axe finds nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from logicrm.core.languages import LANGUAGES
from tests.browser.conftest import Running
from tests.browser.looking import can_look, faults

pytestmark = pytest.mark.browser
PAGES = {
    "": ["/w/{slug}/privacy", "/w/{slug}/privacy/cookies", "/w/{slug}/privacy/promises", "/w/{slug}/privacy/versions",
         "/privacy/preferences", "/sign-in", "/p/{slug}/", "/track"],
    "guest": ["/p/{slug}/home", "/p/{slug}/choices", "/p/{slug}/requests", "/p/{slug}/copy", "/p/{slug}/delete"],
    "owner": ["/today/", "/leads/", "/leads/board", "/customers/", "/shipments/", "/shipments/new", "/settings/account",
              "/settings/people", "/privacy/desk/policy"],
}  # fmt: skip


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
@pytest.mark.parametrize("role", PAGES)
def test_words_of_every_language_fit(running: Running, open_as: Callable[..., Page], role: str, language: str) -> None:
    page, wrong = can_look(open_as(role, settled=True)), {}
    page.set_extra_http_headers({"Accept-Language": language})
    for path in PAGES[role]:
        asked = "" if role == "owner" else f"?lang={language}"  # the demo's customer has a language of their own
        answer = page.goto(path.format(slug=running.slug) + asked)
        assert answer is not None and answer.status == 200, path
        assert page.locator("html").get_attribute("lang") == language
        if found := faults(page):
            wrong[path] = found
    assert not wrong, "\n".join(f"{path}: {found}" for path, found in wrong.items())


def test_the_switch_is_followed_without_script_and_without_a_cookie(
    running: Running, open_as: Callable[..., Page]
) -> None:
    page = open_as("", scripts=False)
    page.goto(f"/w/{running.slug}/privacy")
    cookies = page.context.cookies()
    page.get_by_role("link", name="Tiếng Việt").click()
    assert page.locator("html").get_attribute("lang") == "vi"
    page.locator("main a[href*=promises]").first.click()
    assert page.locator("html").get_attribute("lang") == "vi" and "lang=vi" in page.url
    assert page.context.cookies() == cookies
