"""Commands of the accounts area."""

from __future__ import annotations

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from logicrm.accounts import services_door
from logicrm.accounts.links import absolute
from logicrm.core import clock
from logicrm.core.access import Role
from logicrm.extensions import db

demo = AppGroup("demo", help="Demo data and one-time sign-ins.")


def install(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(demo)


@demo.command("sign-in")
@click.argument("role", type=click.Choice([role.value for role in Role]))
def sign_in(role: str) -> None:
    """Print a one-time link that signs in the demo workspace's ROLE."""
    if not current_app.config["DEMO"]:
        raise click.ClickException("this is no demo: set LOGICRM_DEMO=1 to allow one-time demo sign-ins")
    secret = services_door.demo_link(Role(role), now=clock.now())
    if secret is None:
        raise click.ClickException(f"there is no demo {role}: load the demo first (flask demo load)")
    db.session.commit()
    click.echo(absolute("accounts.demo_form", secret=secret))
