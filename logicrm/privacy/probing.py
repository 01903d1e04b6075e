"""Opening our own pages the way a stranger's browser does, from inside the program: for checks."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread

from flask import Flask
from werkzeug.test import Client, TestResponse


def get(app: Flask, paths: Sequence[str]) -> list[TestResponse]:
    """The answers to GET requests of a stranger without cookies, one for each path.

    In a thread: a request inside the caller's application context would share its workspace and its session.
    """
    answers: list[TestResponse] = []
    faults: list[BaseException] = []

    def ask() -> None:
        try:
            answers.extend(Client(app).get(path, base_url=app.config["BASE_URL"]) for path in paths)
        except Exception as fault:  # told to the caller, below
            faults.append(fault)

    stranger = Thread(target=ask, name="probe")
    stranger.start()
    stranger.join()
    if faults:
        raise faults[0]
    return answers
