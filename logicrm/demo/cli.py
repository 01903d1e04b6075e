"""`flask demo load`, and what `make run` does with the demo."""

from __future__ import annotations

import click
from flask import Flask

from logicrm.accounts import services as accounts
from logicrm.accounts import services_door
from logicrm.accounts.links import absolute
from logicrm.core import clock, database
from logicrm.core.access import Role
from logicrm.core.errors import Refused
from logicrm.demo import services
from logicrm.extensions import db


def install(app: Flask) -> None:
    """Put `load` beside `sign-in`, which accounts registered."""
    group = app.cli.commands["demo"]
    assert isinstance(group, click.Group)
    if "load" not in group.commands:  # the group outlives an application; tests make several
        group.command("load")(click.option("--leads", default=services.LEADS, type=click.IntRange(0, 1_000_000))(
            click.option("--shipments", default=services.SHIPMENTS, type=click.IntRange(0, 200_000))(
                click.option("--seed", default=1)(_load))))  # fmt: skip


def _load(leads: int, shipments: int, seed: int) -> None:
    """Make the demo workspace with LEADS leads and SHIPMENTS shipments."""
    try:
        with database.bulk():
            services.load(leads=leads, shipments=shipments, seed=seed, now=clock.now())
            db.session.commit()
        db.session.remove()
        database.tidy(db.engine, *services.LARGE)
    except Refused as refusal:
        raise click.ClickException(str(refusal.message)) from None
    click.echo(f"Loaded {services.NAME}: {leads:,} leads, {shipments:,} shipments. Sign in: flask demo sign-in owner")


def load_when_empty(app: Flask, *, leads: int = services.LEADS, shipments: int = services.SHIPMENTS) -> bool:
    """Make the demo workspace when there is no workspace at all; True when it was made. Refused outside demo mode."""
    with app.app_context():
        services.only_in_demo_mode()
        if accounts.any_workspace():
            return False
        services.load(leads=leads, shipments=shipments, seed=1, now=clock.now())
        db.session.commit()
        return True


def sign_in_links(app: Flask) -> list[tuple[str, str]]:
    """A new one-time link for each role of the demo workspace: (role, address). [] when there is no demo."""
    found = []
    with app.app_context():
        services.only_in_demo_mode()
        for role in Role:
            secret = services_door.demo_link(role, now=clock.now())
            if secret is not None:
                found.append((str(role), absolute("accounts.demo_form", secret=secret)))
        db.session.commit()
    return found
