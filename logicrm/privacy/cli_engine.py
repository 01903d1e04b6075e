"""`flask privacy retain`, `check` and `erase`: the engine's commands, in the group of `cli.py`."""

from __future__ import annotations

import uuid

import click
from flask import Flask, current_app

from logicrm.core import clock, subjects, tenancy
from logicrm.core.errors import Refused
from logicrm.extensions import db
from logicrm.privacy import deletion, retention
from logicrm.privacy.cli import privacy
from logicrm.privacy.jobs import retain_everywhere
from logicrm.privacy.jobs_checks import check_everywhere
from logicrm.privacy.subjects import known


@privacy.command("retain")
@click.option("--dry-run", is_flag=True, help="Show what would go, with counts and ids, and change nothing.")
@click.option("--yes", is_flag=True, help="Also when unusually many rows are due.")
def retain(dry_run: bool, yes: bool) -> None:
    """Delete or make anonymous what the policies say is over. Ends with 1 when a rule stopped for a human."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    stopped, due = 0, 0
    for where, outcomes in retain_everywhere(app, now=clock.now(), dry=dry_run, force=yes):
        told = list(retention.lines(outcomes, dry=dry_run))
        due += sum(one.due for one in outcomes)
        stopped += sum(one.braked for one in outcomes)
        if told:
            click.echo(where)
            click.echo("\n".join(told))
    click.echo(f"{due} rows due{', nothing was changed' if dry_run else ''}; {stopped} rules stopped for a human.")
    raise SystemExit(1 if stopped else 0)


@privacy.command("check")
def check() -> None:
    """Go and look whether promises are kept, and leave what was seen. Ends with 1 when something is not as promised."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    wrong = 0
    for where, found in check_everywhere(app, now=clock.now()):
        click.echo(where)
        for name, seen in sorted(found.items()):
            wrong += seen.wrong
            click.echo(f"  {name:12} {seen.considered:>8} looked at, {seen.wrong:>6} not as promised")
    click.echo(f"{wrong} not as promised." if wrong else "Everything that was looked at is as promised.")
    raise SystemExit(1 if wrong else 0)


@privacy.command("erase")
@click.argument("subject")
@click.option("--workspace", help="Id of the workspace of an end customer.")
@click.option("--dry-run", is_flag=True, help="Show what would go and change nothing.")
@click.option("--yes", is_flag=True, help="Really erase, without waiting.")
def erase(subject: str, workspace: str | None, dry_run: bool, yes: bool) -> None:
    """Erase SUBJECT: account:ID, or person:ADDRESS with --workspace. Without --dry-run it wants --yes.

    The purge itself is done by the worker, like any other.
    """
    kind, _colon, key = subject.partition(":")
    if workspace is not None:
        tenancy.enter(uuid.UUID(workspace))
    if kind == "person":
        row = known(key)
        found = subjects.load("person", row.id) if row else None
    else:
        found = subjects.load(kind, uuid.UUID(key))
    if found is None:
        raise click.ClickException("there is no such subject")
    plan = deletion.plan(found)
    for one in plan.classes:
        kept = f", {one.kept} kept until {one.until} ({one.law})" if one.kept else ""
        click.echo(f"  {one.data_class:12} {one.deleted:>8} deleted, {one.anonymised:>6} made anonymous{kept}")
    for refusal in plan.refusals:
        click.echo(f"  REFUSED: {refusal}")
    if dry_run:
        return
    if not yes:
        raise click.ClickException("nothing was changed; add --yes to erase")
    try:
        asked = deletion.delete_now(found)
    except Refused as refusal:
        raise click.ClickException(refusal.message) from refusal
    db.session.commit()
    click.echo(f"asked for; reference {asked.reference}")
