"""Every cookie that the program can set is declared, and none is set without being allowed."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.wrappers import Response

from logicrm.privacy import cookies_registry as registry
from logicrm.privacy import profile

LOGICRM = profile.load("logicrm")


@pytest.fixture
def plain_app() -> Flask:
    return Flask(__name__)


def test_an_unknown_category_is_refused() -> None:
    with pytest.raises(ValueError, match="no cookie category"):
        registry.cookie("x", "fun", "Fun.", None, False)


@pytest.mark.parametrize(("category", "essential"), [("essential", False), ("marketing", True)])
def test_only_what_is_essential_is_called_essential(category: str, essential: bool) -> None:
    with pytest.raises(ValueError, match="essential"):
        registry.cookie("x", category, "Fun.", None, essential)


def test_a_name_cannot_mean_two_cookies() -> None:
    with pytest.raises(ValueError, match="twice"):
        registry.cookie("sid", "essential", "Something else.", None, True)


@pytest.mark.promise("cookies.registry")
def test_every_cookie_belongs_to_a_category_of_the_policy() -> None:
    assert registry.outside_policy(LOGICRM) == []
    without = LOGICRM.with_values({"cookies.categories": ["essential", "analytics", "marketing"]})
    assert "theme" in registry.outside_policy(without)


def test_a_cookie_is_found_by_the_name_that_browsers_see() -> None:
    assert registry.find("__Host-sid") is registry.find("sid") is registry.SESSION
    assert registry.SESSION.sent_as(https=True) == "__Host-sid"
    assert registry.THEME.sent_as(https=True) == "theme"
    with pytest.raises(registry.UnknownCookie, match="_ga"):
        registry.find("_ga")


def test_a_cookie_waits_for_consent(plain_app: Flask) -> None:
    response = Response()
    with plain_app.app_context():
        assert not registry.put(response, registry.THEME, "dark", allowed=())
        assert "Set-Cookie" not in response.headers
        assert registry.put(response, registry.THEME, "dark", allowed=("preference",))
    assert "Max-Age=31536000" in response.headers["Set-Cookie"]


def test_an_essential_cookie_does_not_wait(plain_app: Flask) -> None:
    response = Response()
    plain_app.config["HTTPS"] = True
    with plain_app.app_context():
        assert registry.put(response, registry.SESSION, "x", allowed=())
    header = response.headers["Set-Cookie"]
    assert header.startswith("__Host-sid=x; Secure; HttpOnly; Path=/")
    assert "SameSite=Lax" in header
    assert "Max-Age" not in header


def test_an_undeclared_cookie_cannot_be_set(plain_app: Flask) -> None:
    stray = registry.Cookie("stray", "essential", "?", None, True)
    with plain_app.app_context(), pytest.raises(registry.UnknownCookie):
        registry.put(Response(), stray, "x", allowed=())
