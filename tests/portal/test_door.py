"""The portal's door: a code to one's own address, in one's own browser, once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from logicrm.extensions import db
from logicrm.portal.models import PortalCode, PortalSession
from tests.portal.conftest import CARL, CARLA, code_for, letters, run_jobs


def sessions(app: Flask) -> int:
    with app.app_context():
        return int(db.session.scalar(select(func.count()).select_from(PortalSession)) or 0)


def test_the_code_opens_the_door(app: Flask, enter: Callable[..., FlaskClient]) -> None:
    browser = enter(CARLA)
    assert CARLA in browser.get("/p/alpha/home").text
    assert sessions(app) == 1


def test_the_page_says_the_same_to_whom_we_know_and_to_whom_we_do_not(app: Flask, customers: Any) -> None:
    known, unknown = app.test_client(), app.test_client()
    first = known.post("/p/alpha/code", data={"email": CARLA})
    second = unknown.post("/p/alpha/code", data={"email": "nobody@nowhere.example"})
    assert (first.status_code, first.data, first.location) == (second.status_code, second.data, second.location)
    assert known.get("/p/alpha/code").data == unknown.get("/p/alpha/code").data
    run_jobs(app)
    assert len(letters(app, CARLA)) == 1
    assert letters(app, "nobody@nowhere.example") == []


def test_whoever_knocked_once_does_not_count_as_known(app: Flask, cast: Any) -> None:
    for _n in range(2):
        app.test_client().post("/p/alpha/code", data={"email": "nobody@nowhere.example"})
        run_jobs(app)
    assert letters(app, "nobody@nowhere.example") == []


def test_blanks_and_small_letters_do_not_matter(app: Flask, customers: Any) -> None:
    browser = app.test_client()
    browser.post("/p/alpha/code", data={"email": f"  {CARLA.upper()} "})
    code = code_for(app, CARLA).lower().replace(" ", " - ")
    assert browser.post("/p/alpha/enter", data={"code": f" {code}  "}).status_code == 303


def test_of_a_replay_exactly_one_succeeds(app: Flask, customers: Any) -> None:
    browser = app.test_client()
    browser.post("/p/alpha/code", data={"email": CARLA})
    first, cookie_a = code_for(app, CARLA), browser.get_cookie("portal")
    browser.post("/p/alpha/code", data={"email": CARLA})
    second, cookie_b = code_for(app, CARLA), browser.get_cookie("portal")
    assert cookie_a is not None and cookie_b is not None
    outcomes = []
    for code in (first, second, first, second):
        browser.set_cookie("portal", cookie_b.value)
        outcomes.append(browser.post("/p/alpha/enter", data={"code": code}).status_code)
    assert outcomes == [422, 303, 422, 422]
    assert sessions(app) == 1


def test_of_fifty_at_the_same_moment_one_succeeds(app: Flask, customers: Any) -> None:
    browser = app.test_client()
    browser.post("/p/alpha/code", data={"email": CARLA})
    code, cookie = code_for(app, CARLA), browser.get_cookie("portal")
    assert cookie is not None

    def one(_n: int) -> int:
        mine = app.test_client()
        mine.set_cookie("portal", cookie.value)
        # Each from an address of its own: the throttle is not what is tested here.
        return mine.post(
            "/p/alpha/enter", data={"code": code}, environ_base={"REMOTE_ADDR": f"192.0.2.{_n}"}
        ).status_code

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(one, range(50)))
    assert sorted(set(outcomes)) == [303, 422]
    assert outcomes.count(303) == 1
    assert sessions(app) == 1


def test_a_code_is_good_in_the_browser_that_asked_and_nowhere_else(app: Flask, customers: Any) -> None:
    asked, other = app.test_client(), app.test_client()
    asked.post("/p/alpha/code", data={"email": CARLA})
    other.post("/p/alpha/code", data={"email": CARL})
    run_jobs(app)
    assert other.post("/p/alpha/enter", data={"code": code_for(app, CARLA)}).status_code == 422
    assert app.test_client().post("/p/alpha/enter", data={"code": code_for(app, CARLA)}).status_code == 422
    assert sessions(app) == 0


def test_a_code_of_one_business_opens_no_other(app: Flask, customers: Any) -> None:
    browser = app.test_client()
    browser.post("/p/alpha/code", data={"email": CARLA})
    assert browser.post("/p/bravo/enter", data={"code": code_for(app, CARLA)}).status_code == 422
    assert sessions(app) == 0


def test_wrong_expired_and_spent_read_the_same(app: Flask, customers: Any, now: Any) -> None:
    def answer(change: dict[str, Any], typed: str = "") -> bytes:
        browser = app.test_client()
        browser.post("/p/alpha/code", data={"email": CARLA})
        code = typed or code_for(app, CARLA)
        if change:
            with app.app_context():
                db.session.execute(update(PortalCode).values(**change))
                db.session.commit()
        answered = browser.post("/p/alpha/enter", data={"code": code})
        assert answered.status_code == 422
        return bytes(answered.data)

    wrong = answer({}, "AAAA AAAA")
    assert answer({"expires_at": now - timedelta(seconds=1)}) == wrong
    assert answer({"used_at": now}) == wrong
    assert answer({"tries": 5}) == wrong


def test_five_wrong_tries_are_the_end_of_a_code(app: Flask, customers: Any) -> None:
    browser = app.test_client()
    browser.post("/p/alpha/code", data={"email": CARLA})
    code = code_for(app, CARLA)
    for _n in range(5):
        assert browser.post("/p/alpha/enter", data={"code": "AAAA AAAA"}).status_code == 422
    assert browser.post("/p/alpha/enter", data={"code": code}).status_code == 422
    assert sessions(app) == 0


def test_opening_pages_spends_nothing(app: Flask, customers: Any) -> None:
    browser = app.test_client()
    browser.post("/p/alpha/code", data={"email": CARLA})
    code = code_for(app, CARLA)
    for path in ("/p/alpha/", "/p/alpha/code", f"/p/alpha/code?code={code}", f"/p/alpha/enter?code={code}"):
        browser.get(path)
        browser.head(path)
    assert browser.post("/p/alpha/enter", data={"code": code}).status_code == 303


def test_letters_are_limited_per_address(app: Flask, customers: Any) -> None:
    outcomes = [app.test_client().post("/p/alpha/code", data={"email": CARLA}).status_code for _n in range(6)]
    assert outcomes == [303] * 5 + [429]


def test_guesses_are_limited_per_device(app: Flask, customers: Any) -> None:
    outcomes = [app.test_client().post("/p/alpha/enter", data={"code": "AAAA"}).status_code for _n in range(31)]
    assert outcomes == [422] * 30 + [429]


def test_the_secret_changes_at_the_door(app: Flask, customers: Any) -> None:
    """Whoever plants a cookie before must not be inside after."""
    browser = app.test_client()
    browser.post("/p/alpha/code", data={"email": CARLA})
    before = browser.get_cookie("portal")
    browser.post("/p/alpha/enter", data={"code": code_for(app, CARLA)})
    after = browser.get_cookie("portal")
    assert before is not None and after is not None and before.value != after.value
    planted = app.test_client()
    planted.set_cookie("portal", before.value)
    assert planted.get("/p/alpha/home").status_code == 303


def test_leaving_ends_the_session_on_our_side(app: Flask, enter: Callable[..., FlaskClient]) -> None:
    browser = enter(CARLA)
    kept = browser.get_cookie("portal")
    assert kept is not None
    browser.post("/p/alpha/leave")
    assert sessions(app) == 0
    browser.set_cookie("portal", kept.value)
    assert browser.get("/p/alpha/home").status_code == 303


@pytest.mark.parametrize("change", [{"seen_at": timedelta(minutes=31)}, {"expires_at": timedelta(seconds=1)}])
def test_a_session_ends_by_itself(
    app: Flask, enter: Callable[..., FlaskClient], now: Any, change: dict[str, timedelta]
) -> None:
    browser = enter(CARLA)
    with app.app_context():
        db.session.execute(update(PortalSession).values({name: now - ago for name, ago in change.items()}))
        db.session.commit()
    assert browser.get("/p/alpha/home").headers["Location"] == "/p/alpha/"


def test_an_unknown_business_is_a_missing_page(stranger: FlaskClient, cast: Any) -> None:
    assert stranger.get("/p/nobody/").status_code == 404
    assert stranger.get("/p/nobody/home").status_code == 404


def test_another_site_cannot_knock(app: Flask, customers: Any) -> None:
    answer = app.test_client().post("/p/alpha/code", data={"email": CARLA}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert (
        app.test_client()
        .post("/p/alpha/code", data={"email": CARLA}, headers={"Origin": "https://evil.example"})
        .status_code
        == 403
    )
