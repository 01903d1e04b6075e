"""The stage of the tests of mail: templates of its own, and nobody who says what marketing is permitted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader

from logicrm.core import mail
from tests.core import mechanisms

TEMPLATES = {
    "mail/hello.txt": "Subject: Hello {{ name }}\n\nDear {{ name }},\n\nyour lorry is on its way.\n",
    "mail/plain.txt": "Subject: Plain\n\nOnly text.\n",
    "mail/hello.html": '{% extends "mail/base.html" %}{% block body %}<p>Dear {{ name }}</p>{% endblock %}',
    "mail/child.txt": '{% extends "mail/base.txt" %}{% block subject %}From base{% endblock %}'
    "{% block body %}Text{% endblock %}",
    "mail/headless.txt": "No subject here",
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Flask]:
    app = mechanisms.make_app(tmp_path)
    app.jinja_loader = ChoiceLoader([DictLoader(TEMPLATES), app.jinja_loader])
    app.extensions["test.workspace"] = mechanisms.make_tables(app)
    yield app


@pytest.fixture(autouse=True)
def no_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "_gates", [])
