"""The demo: a lively workspace of made-up people and firms, relative to today. Refused outside demo mode."""

from __future__ import annotations

from flask import Flask


def install(app: Flask) -> None:
    """Register the commands beside the demo's sign-in."""
    from logicrm.demo import cli

    cli.install(app)
