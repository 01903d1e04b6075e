"""One extension, with reasons, inside the first period; and what is left shows wherever a request shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from logicrm.core.errors import Refused
from logicrm.core.mail import OutgoingMail
from logicrm.extensions import db
from logicrm.privacy import requests as desk
from logicrm.privacy.request_models import PrivacyRequest
from tests.conftest import Cast
from tests.privacy import acting

pytestmark = pytest.mark.promise("clock.requests")
RECEIVED = datetime(2026, 1, 30, 22, 30, tzinfo=UTC)  # half past midnight of the 31st in Bucharest


def extend(
    asked: PrivacyRequest, cast: Cast, at: datetime, reason: str = "Four systems hold it.", **changed: Any
) -> PrivacyRequest:
    here = acting.site()
    return desk.extend(
        asked.id, reason=reason, by=cast.users["pia"], profile=here.profile.with_values(changed), business=here.name,
        country="RO", time_zone="Europe/Bucharest", now=at,
    )  # fmt: skip


def test_it_adds_two_months_to_the_first_and_tells_the_person_why(in_workspace: None, cast: Cast) -> None:
    asked = acting.asked(RECEIVED, "everything")
    assert asked.due_on == date(2026, 3, 2)  # thirty days after the 31st; the law's 28 February is a Saturday
    longer = extend(asked, cast, datetime(2026, 3, 2, 21, 59, tzinfo=UTC))
    # The law: 30 April. The policy: its 2 March and two months.
    assert (longer.legal_due_on, longer.policy_due_on, longer.due_on) == (
        date(2026, 4, 30),
        date(2026, 5, 2),
        date(2026, 4, 30),
    )
    letter = db.session.scalars(select(OutgoingMail).where(OutgoingMail.to_address == acting.CARLA)).one()
    assert "Four systems hold it." in letter.text and "30 Apr" in letter.text


def test_not_after_the_first_day_not_twice_not_without_reasons_not_when_closed(in_workspace: None, cast: Cast) -> None:
    late = acting.asked(RECEIVED, "late")
    with pytest.raises(Refused):
        extend(late, cast, datetime(2026, 3, 2, 22, 0, tzinfo=UTC))  # the 3rd has begun there
    with pytest.raises(Refused):
        extend(late, cast, RECEIVED, reason="  ")
    extend(late, cast, RECEIVED)
    with pytest.raises(Refused):
        extend(late, cast, RECEIVED)
    closed = acting.asked(RECEIVED, "closed")
    desk.take_back(closed.id, now=RECEIVED)
    with pytest.raises(Refused):
        extend(closed, cast, RECEIVED)


def test_where_the_policy_leaves_no_more_time_there_is_none(in_workspace: None, cast: Cast) -> None:
    """The law would allow it, the policy promised thirty days."""
    asked = acting.asked(RECEIVED, "everything")
    with pytest.raises(Refused, match="leaves no more time"):
        extend(asked, cast, RECEIVED, **{"requests.extension": None})
    assert asked.due_on == date(2026, 3, 2)


def test_what_is_left_shows_at_the_desk_on_today_and_in_the_portal(
    app: Flask, cast: Cast, inside: Callable[..., Any], pia: FlaskClient, sue: FlaskClient
) -> None:
    with inside():
        asked = acting.asked(datetime.now(UTC) - timedelta(days=3), "everything")
        own = asked.id
        db.session.commit()
    for client, address in ((pia, "/privacy/requests"), (pia, f"/privacy/requests/{own}"), (sue, "/today/")):
        assert re.search(r"2[4-9] days left|2[4-9] days", client.get(address).get_data(as_text=True)), address
    answer = pia.post(f"/privacy/requests/{own}/extend", data={"extension_reason": ""})
    assert answer.status_code == 422
    assert sue.post(f"/privacy/requests/{own}/extend", data={"extension_reason": "Much to read"}).status_code == 303
    page = pia.get(f"/privacy/requests/{own}").get_data(as_text=True)
    assert "Much to read" in page and re.search(r"8\d days left", page) and "/extend" not in page
