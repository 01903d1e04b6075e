"""The programs' door: what is taken, what is refused, field by field."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from logicrm.accounts import api_tokens
from logicrm.core import clock
from logicrm.core.access import Scope
from logicrm.extensions import db


@pytest.fixture
def token(inside, cast, now) -> Any:
    def make(*scopes: Scope, workspace: Any = None) -> dict[str, str]:
        with inside(workspace):
            _row, secret = api_tokens.make("scanner", list(scopes), by=cast.users["alice"], now=now)
            db.session.commit()
            return {"Authorization": f"Bearer {secret}"}

    return make


@pytest.fixture
def both(token) -> dict[str, str]:
    return token(Scope.READ_SHIPMENTS, Scope.WRITE_EVENTS)


def an_hour_ago() -> str:
    return (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0).isoformat()


@pytest.fixture
def send(stranger, shipment, both):
    def post(body: Any, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return stranger.post(
            f"/api/v1/shipments/{shipment.number}/events",
            data=data,
            content_type="application/json",
            headers={**both, **headers},
        )

    return post


def test_an_event_moves_the_shipment_and_is_read_back(send, stranger, shipment, both, events_of):
    body = {"status": "Delivered", "occurred_at": "2026-01-05T10:00:00+07:00", "place": "Huế", "latitude": 16.46,
            "longitude": 107.59, "code": "DL", "description": "Signed"}  # fmt: skip
    answer = send(body)
    assert (
        answer.status_code == 201
        and answer.json["event"]["status"] == "delivered"
        and answer.json["shipment"]["status"] == "delivered"
    )
    assert answer.json["event"]["occurred_at"] == "2026-01-05T10:00:00+07:00"
    row = events_of(shipment)[-1]
    assert (row["raw_code"], row["source"], row["offset_minutes"], str(row["latitude"])) == (
        "Delivered",
        "carrier",
        420,
        "16.460000",
    )
    read = stranger.get(f"/api/v1/shipments/{shipment.number}", headers=both)
    assert [e["status"] for e in read.json["events"]] == ["pending", "delivered"] and "Popescu" not in read.text
    assert (
        stranger.get(f"/api/v1/shipments/{shipment.number}/events", headers=both).json["events"] == read.json["events"]
    )
    assert not [name for name, _value in answer.headers if name == "Set-Cookie"]


def test_a_repeated_key_is_the_same_event(send, events_of, shipment):
    body = {"status": "in_transit", "occurred_at": an_hour_ago(), "place": "Hub"}
    first = send(body, **{"Idempotency-Key": "abc"})
    again = [send(body, **{"Idempotency-Key": "abc"}), send({**body, "idempotency_key": "abc"}), send(body)]
    assert [first.status_code, *(a.status_code for a in again)] == [201, 200, 200, 200]
    assert {a.json["event"]["id"] for a in [first, *again]} == {first.json["event"]["id"]} and len(
        events_of(shipment)
    ) == 2
    other = send({**body, "status": "delivered"}, **{"Idempotency-Key": "abc"})
    assert other.status_code == 422 and other.json["errors"][0]["field"] == "idempotency_key"


def test_ten_copies_in_any_order_have_one_effect(send, look, shipment, events_of):
    now = clock.now()
    said = [{"status": s, "occurred_at": (now - timedelta(hours=h)).isoformat(), "idempotency_key": s} for s, h in
            (("picked_up", 9), ("in_transit", 8), ("out_for_delivery", 4), ("delivered", 2))]  # fmt: skip
    for body in said[::-1] * 5 + said * 5:
        assert send(body).status_code in (200, 201)
    assert look(shipment)["status"] == "delivered" and len(events_of(shipment)) == 5


def test_an_unknown_code_is_kept_as_it_is_and_moves_nothing(send, look, shipment, events_of):
    send({"status": "in_transit", "occurred_at": an_hour_ago()})
    answer = send({"status": "Weird Scan", "code": "W7", "occurred_at": clock.now().isoformat()})
    assert (
        answer.status_code == 201
        and answer.json["event"]["status"] == "unknown"
        and answer.json["event"]["raw_code"] == "Weird Scan"
    )
    assert look(shipment)["status"] == "in_transit"


WRONG = [
    ({}, {"status", "occurred_at"}),
    ({"status": "teleported"}, {"status", "occurred_at"}),
    ({"status": 5, "occurred_at": 5}, {"status", "occurred_at"}),
    ({"status": "delivered", "occurred_at": "2026-01-05T10:00:00"}, {"occurred_at"}),
    ({"status": "delivered", "occurred_at": "2026-01-05"}, {"occurred_at"}),
    ({"status": "delivered", "occurred_at": "2026-13-05T10:00:00Z"}, {"occurred_at"}),
    ({"status": "delivered", "occurred_at": "2999-01-05T10:00:00Z"}, {"occurred_at"}),
    ({"status": "delivered", "occurred_at": "0001-01-01T00:00:00+14:00"}, {"occurred_at"}),
    ({"latitude": 91, "longitude": 5}, {"status", "occurred_at", "latitude"}),
    ({"latitude": 1}, {"status", "occurred_at", "longitude"}),
    ({"latitude": "1", "longitude": True}, {"status", "occurred_at", "latitude", "longitude"}),
    ({"place": "x" * 201, "description": ["x"]}, {"status", "occurred_at", "place", "description"}),
    ({"place": "a\u0000b"}, {"status", "occurred_at", "place"}),
    ({"reason": "bad", "must_act": "you", "source": "rumour", "public": "yes"},
     {"status", "occurred_at", "reason", "must_act", "source", "public"}),
    ({"staus": "delivered", "workspace_id": "x"}, {"status", "occurred_at", "staus", "workspace_id"}),
    ({"idempotency_key": "ü"}, {"status", "occurred_at", "idempotency_key"}),
]  # fmt: skip


@pytest.mark.parametrize("body, fields", WRONG)
def test_each_wrong_field_is_named(send, look, shipment, body, fields, events_of):
    before = look(shipment), events_of(shipment)
    answer = send(body)
    assert answer.status_code == 422 and {e["field"] for e in answer.json["errors"]} == fields
    assert all(e["message"] for e in answer.json["errors"]) and (look(shipment), events_of(shipment)) == before


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b'{"status": NaN}', b'{"status":"delivered","status":"pending"}',
     b'{"a":' * 5000 + b"1" + b"}" * 5000, b"[" * 60_000, b'{"place": "' + b"x" * 70_000 + b'"}',
     b'{"latitude": 1e999999}', b'{"place": "\\ud800"}'],
)  # fmt: skip
def test_bodies_that_are_no_event_are_refused_in_words(send, body, shipment, events_of):
    answer = send(body)
    assert answer.status_code in (413, 422) and answer.json["errors"][0]["message"] and len(events_of(shipment)) == 1


def test_another_content_type_is_refused(stranger, shipment, both):
    answer = stranger.post(f"/api/v1/shipments/{shipment.number}/events", data={"status": "delivered"}, headers=both)
    assert answer.status_code == 415 and answer.json["errors"]


def test_tokens_open_what_they_say_and_nothing_else(stranger, shipment, token, cast, events_of, dora):
    url, body = f"/api/v1/shipments/{shipment.number}", {"status": "delivered", "occurred_at": an_hour_ago()}
    read, write = token(Scope.READ_SHIPMENTS), token(Scope.WRITE_EVENTS)
    elsewhere = token(Scope.READ_SHIPMENTS, Scope.WRITE_EVENTS, workspace=cast.bravo)
    assert (
        stranger.get(url).status_code
        == stranger.get(url, headers={"Authorization": "Bearer lcrm_x"}).status_code
        == 401
    )
    assert dora.get(url).status_code == 401  # a cookie is no token
    assert stranger.get(url, headers=write).status_code in (401, 403)
    assert stranger.post(url + "/events", json=body, headers=read).status_code in (401, 403)
    theirs, missing = stranger.get(url, headers=elsewhere), stranger.get("/api/v1/shipments/NOPE00", headers=elsewhere)
    assert (theirs.status_code, theirs.json) == (404, missing.json)
    assert stranger.post(url + "/events", json=body, headers=elsewhere).status_code == 404
    assert len(events_of(shipment)) == 1
    assert stranger.get(url, headers=read).status_code == 200
