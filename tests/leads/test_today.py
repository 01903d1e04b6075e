"""The leads' part of Today."""

from __future__ import annotations

from datetime import timedelta
from typing import Any


def test_what_is_due_and_who_waits_for_a_word_stands_on_today(bob: Any, add: Any, now: Any, cast: Any) -> None:
    stale = add(last_name="Silent", at=now - timedelta(days=40))
    fresh = add(last_name="Fresh", at=now)
    yesterday = (now - timedelta(days=1)).date().isoformat()
    bob.post(f"/leads/{fresh}/activities", data={"kind": "task", "body": "send the quote", "due": yesterday})
    text = bob.get("/", follow_redirects=True).text
    assert f"/leads/{stale}" in text and "send the quote" in text and "late" in text
    assert "send the quote" not in bob.get("/leads/?q=Fresh").text


def test_open_leads_and_their_value_are_shown_stage_by_stage(bob: Any, add: Any, now: Any) -> None:
    for value, currency in ((1200, "EUR"), (300, ""), (500, "RON")):
        add(last_name=f"Worth {value}", value_amount=value, currency=currency, at=now)
    text = bob.get("/today/").text
    assert "Open leads" in text and "New 3, Contacted 0" in text
    assert "€1,500" in text and "and RON\u00a0500" in text


def test_somebody_who_sees_no_leads_sees_no_figures_of_them(dan: Any, add: Any, now: Any) -> None:
    add(last_name="Somebody", at=now)
    assert "Open leads" not in dan.get("/today/").text
