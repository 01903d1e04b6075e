"""The stage of the mechanisms' own tests: an application without areas, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from logicrm.extensions import db
from tests.core import mechanisms


@pytest.fixture
def stage(each_database: str, tmp_path: Path) -> Iterator[Flask]:
    app = mechanisms.make_app(tmp_path, each_database)
    mechanisms.make_tables(app)
    yield app
    with app.app_context():
        db.engine.dispose()
