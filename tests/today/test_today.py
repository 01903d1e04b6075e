"""Today: what waits, by area and by role; the first steps while there is nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from logicrm.core.access import May
from logicrm.core.today import Figure, Row, Section, today_section


@pytest.fixture
def registered(app: Flask) -> Iterator[list[Any]]:
    """The registry, emptied for the test."""
    held = app.extensions.get("logicrm.today", [])
    app.extensions["logicrm.today"] = []
    yield app.extensions["logicrm.today"]
    app.extensions["logicrm.today"] = held


def tasks(now: datetime) -> Section:
    assert now.tzinfo is not None
    return Section(
        "Due tasks", "/leads/?due=1", [Row("Call <Delta>", "/leads/1", "2 days late", "bad")],
        [Figure("Open leads", 1284, "/leads/"), Figure("Won", "€12")], key="leads",
    )  # fmt: skip


def nothing(now: datetime) -> Section:
    return Section("Due tasks", "/leads/", [], Figure("Open leads", 0), started=False, key="leads")


def requests_due(now: datetime) -> Section:
    return Section("Privacy requests", "/requests/", [Row("Access request", "/requests/1", "12 days left", "info")])


def test_each_area_brings_its_part_in_order(app: Flask, registered: Any, alice: Any) -> None:
    today_section(app, 90, May.VIEW_REQUESTS, requests_due)
    today_section(app, 20, May.VIEW_LEADS, tasks)
    page = alice.get("/today/").text
    assert page.index("Due tasks") < page.index("Privacy requests")
    assert 'href="/leads/1"' in page and "Call &lt;Delta&gt;" in page and "2 days late" in page
    assert "1,284" in page and "€12" in page


def test_a_role_sees_only_what_it_may(app: Flask, registered: Any, bob: Any, sue: Any, dan: Any) -> None:
    today_section(app, 20, May.VIEW_LEADS, tasks)
    today_section(app, 90, May.VIEW_REQUESTS, requests_due)
    sales, support, driver = (c.get("/today/").text for c in (bob, sue, dan))
    assert "Due tasks" in sales and "Privacy requests" not in sales
    assert "Due tasks" not in support and "Privacy requests" in support
    assert "Nothing waits for you" in driver


def test_a_provider_may_have_nothing_to_say(app: Flask, registered: Any, alice: Any) -> None:
    today_section(app, 20, May.VIEW_LEADS, lambda now: None)
    assert alice.get("/today/").status_code == 200


def test_an_empty_workspace_gets_first_steps(
    app: Flask, registered: Any, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from logicrm.today import views

    step = views.STEPS[0]
    known = views.Step(
        step.key, step.may, step.icon, step.title, step.text, step.button, ("nowhere", "settings.people")
    )
    monkeypatch.setattr(views, "STEPS", (known,))
    today_section(app, 20, May.VIEW_LEADS, nothing)
    page = alice.get("/today/").text
    assert "Import your leads" in page and 'href="/settings/people"' in page
    assert "Nothing waits for you" not in page
    app.extensions["logicrm.today"].clear()
    today_section(app, 20, May.VIEW_LEADS, tasks)
    assert "Import your leads" not in alice.get("/today/").text


def test_a_step_that_the_role_may_not_take_is_not_offered(app: Flask, registered: Any, dan: Any) -> None:
    today_section(app, 20, May.VIEW_TODAY, nothing)
    assert "Import your leads" not in dan.get("/today/").text


def test_the_frame_of_the_page_costs_one_statement(registered: Any, alice: Any, count_queries: Any) -> None:
    with count_queries() as seen:
        assert alice.get("/today/").status_code == 200
    assert len(seen) <= 1, seen


def test_the_whole_page_keeps_its_budget_of_six(alice: Any, count_queries: Any) -> None:
    with count_queries() as seen:
        assert alice.get("/today/").status_code == 200
    assert len(seen) <= 6, seen


def test_strangers_are_asked_to_sign_in(stranger: Any, cast: Any) -> None:
    assert stranger.get("/today/").headers["Location"] == "/sign-in?next=/today/"
    answer = stranger.get("/today/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in?next=/today/")
