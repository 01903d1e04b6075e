"""Every answer carries its headers; a write from another site is refused before anything reads it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@pytest.mark.promise("transit")
@pytest.mark.parametrize("path", ["/sign-in", "/no-such-page", "/health", "/today"])
def test_headers_stand_on_every_answer_errors_included(stranger: FlaskClient, cast: object, path: str) -> None:
    response = stranger.get(path)
    assert {k: response.headers.get(k) for k in HEADERS} == HEADERS
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src 'self'" in policy


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://localhost"}, 303),
        ({}, 303),
    ],
)
def test_a_write_must_come_from_this_site(alice: FlaskClient, headers: dict[str, str], status: int) -> None:
    assert alice.post("/theme", data={"theme": "dark"}, headers=headers).status_code == status


def test_an_unknown_host_is_not_answered(stranger: FlaskClient) -> None:
    assert stranger.get("/sign-in", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_theme_switch_sends_nobody_elsewhere(alice: FlaskClient, target: str) -> None:
    assert alice.post("/theme", data={"theme": "dark", "next": target}).headers["Location"] == "/"


def test_trace_and_odd_methods_are_refused(stranger: FlaskClient) -> None:
    assert stranger.open("/sign-in", method="TRACE").status_code == 405
    assert stranger.open("/sign-in", method="PUT").status_code == 405
