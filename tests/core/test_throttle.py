"""A limit counts every try once, in all processes, in Redis or the database, and never fails open."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask

from logicrm.core import throttle
from logicrm.core.clock import now as the_time


@pytest.fixture(params=["database", "redis", "redis that is down"])
def counting(request: pytest.FixtureRequest, app: Flask) -> Iterator[Flask]:
    url = {"database": "", "redis": os.environ.get("TEST_REDIS_URL", ""), "redis that is down": "redis://127.0.0.1:1"}[
        request.param
    ]
    if request.param == "redis" and not url:
        pytest.skip("no Redis server answers (TEST_REDIS_URL)")
    app.config["REDIS_URL"] = url
    app.extensions.pop("logicrm.redis", None)
    yield app
    app.config["REDIS_URL"] = ""
    app.extensions.pop("logicrm.redis", None)


@pytest.mark.promise("monitoring")
def test_the_limit_holds(counting: Flask) -> None:
    with counting.app_context():
        whom = str(datetime.now())
        verdicts = [throttle.hit("sign-in", whom, limit=3, per=timedelta(minutes=5)) for _ in range(5)]
    assert verdicts == [True, True, True, False, False]


def test_another_person_and_a_later_window_count_anew(counting: Flask) -> None:
    with counting.app_context():
        whom, at = str(datetime.now()), the_time()
        for _ in range(4):
            throttle.hit("reset", whom, limit=3, per=timedelta(minutes=5), now=at)
        assert throttle.hit("reset", whom + "x", limit=3, per=timedelta(minutes=5), now=at)
        assert throttle.hit("reset", whom, limit=3, per=timedelta(minutes=5), now=at + timedelta(minutes=6))


def test_racing_tries_are_all_counted(counting: Flask) -> None:
    whom, verdicts = str(datetime.now()), []

    def attempt() -> None:
        with counting.app_context():
            verdicts.append(throttle.hit("code", whom, limit=5, per=timedelta(hours=1)))

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(verdicts) == [False] * 15 + [True] * 5


def test_only_a_keyed_hash_is_stored(app: Flask) -> None:
    from sqlalchemy import select

    from logicrm.extensions import db

    with app.app_context():
        throttle.hit("sign-in", "anna@example.com", limit=3, per=timedelta(minutes=5))
        names = db.session.scalars(select(throttle.Throttle.name)).all()
    assert names and all("anna" not in n and len(n) == 64 for n in names)
