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
