"""Imported once by the server that workers are forked from (`tests.killing`): loads all that a worker needs."""

from __future__ import annotations

import tempfile

from tests.killing import make_app

with tempfile.TemporaryDirectory() as folder:
    make_app(folder)
