"""`flask jobs`: the worker, and a look at the queue."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from flask import current_app
from flask.cli import AppGroup

from logicrm.core import jobs, jobs_worker

group = AppGroup("jobs", help="Work that happens outside the request.")


@group.command("work")
@click.option("--once", is_flag=True, help="Run one due job at most, then end.")
@click.option("--until-idle", is_flag=True, help="Run all that is due, then end.")
@click.option("--threads", default=2, show_default=True, type=click.IntRange(1, 64), help="Jobs at a time.")
def work(once: bool, until_idle: bool, threads: int) -> None:
    """Take jobs and run them until SIGTERM or Ctrl-C, which let running ones finish or go back to the queue."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    started = jobs_worker.run_worker(app, once=once, until_idle=until_idle, threads=threads)
    click.echo(f"{started} jobs started")


@group.command("status")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """What waits, runs and failed, by kind, and for how long the oldest has been due."""
    kinds = jobs.status()
    if as_json:
        click.echo(json.dumps([asdict(kind) for kind in kinds]))
        return
    click.echo(f"{'kind':32}{'waiting':>9}{'running':>9}{'failed':>9}  oldest due")
    for kind in kinds:
        age = "-" if kind.oldest_waiting_s is None else f"{kind.oldest_waiting_s:.0f} s"
        note = "" if kind.handled else "  (no handler in this version)"
        click.echo(f"{kind.kind:32}{kind.waiting:>9}{kind.running:>9}{kind.failed:>9}  {age}{note}")
