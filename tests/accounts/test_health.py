"""GET /health says whether, never why."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from logicrm.accounts import views_health
from logicrm.core.version import VERSION


def test_a_working_installation_says_so_to_anybody(stranger: Any) -> None:
    answer = stranger.get("/health")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "database": "ok", "version": VERSION}


def test_a_failing_database_is_503_without_a_word_more(
    app: Flask, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("select secret", {}, Exception("file is not a database"))

    monkeypatch.setattr(views_health, "select", fail)
    answer = stranger.get("/health")
    assert answer.status_code == 503
    assert answer.json == {"status": "failing", "database": "failing", "version": VERSION}
    assert "secret" not in answer.text and "file" not in answer.text


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION
