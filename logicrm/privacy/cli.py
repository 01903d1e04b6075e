"""`flask privacy …`: what an operator and a script may ask of the privacy half."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from logicrm.core import clock, database, promises, tenancy
from logicrm.core.promises import Evidence, State
from logicrm.extensions import db
from logicrm.privacy import chain, versions
from logicrm.privacy.profile import available

privacy = AppGroup("privacy", help="The policy that runs: promises, retention, requests.")


@privacy.command("promises")
@click.option("--profile", "profile_name", default="", help="Only the promises of this profile.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option("--tests", "folder", default=None, help="Where the tests are. Default: tests/ beside the program.")
def promises_command(profile_name: str, as_json: bool, folder: str | None) -> None:
    """Print each promise with its rule, its tests and its evidence. Ends with 1 when the chain has a hole.

    Evidence is that of all workspaces that run the profile; the worst counts.
    """
    if profile_name and profile_name not in available():
        raise click.BadParameter(f"no profile {profile_name!r}; there is {', '.join(available())}")
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    tests = chain.marked_tests(Path(folder) if folder else Path(app.root_path).parent / "tests")
    found = chain.links(profile_name, tests, evidence_everywhere(app, profile_name))
    holes = chain.holes(found, tests)
    click.echo(json.dumps(_as_json(found, holes, tests), indent=2) if as_json else _as_table(found, holes, tests))
    raise SystemExit(1 if holes else 0)


def evidence_everywhere(app: Flask, profile_name: str) -> dict[str, Evidence]:
    """The worst evidence of each promise over the workspaces that run the profile (any profile with "")."""
    promises.load_all()
    seen: dict[str, list[Evidence]] = {}
    now = clock.now()
    with database.reading():
        for workspace_id, runs in _workspaces():
            if profile_name in ("", runs):
                with tenancy.working_in(app, workspace_id):
                    for promise_id, evidence in promises.states(promises.registry.all(runs), now).items():
                        seen.setdefault(promise_id, []).append(evidence)
    return {promise_id: promises.worst(found) for promise_id, found in seen.items()}


def _workspaces() -> list[tuple[uuid.UUID, str]]:
    """Every workspace and the profile whose promises its policy makes now."""
    workspace, now = db.metadata.tables["workspace"], clock.now()
    try:
        found = db.session.scalars(select(workspace.c.id).order_by(workspace.c.id)).all()
        runs = [(place, versions.of_workspace(place, now).name) for place in found]
    except DBAPIError:
        click.echo("The database has no tables yet, so there is no evidence; run `flask db upgrade`.", err=True)
        runs = []
    db.session.rollback()  # each workspace is looked at in a session of its own
    return runs


def _as_table(found: list[chain.Link], holes: list[chain.Hole], tests: chain.MarkedTests) -> str:
    lines = []
    for link in found:
        row, evidence = link.promise, link.evidence
        lines.append(f"{row.id}  {row.kind}  {row.feature:<14}  {_word(evidence.state):<15}  {link.sentence.text}")
        lines += [f"    rule      {rule}" for rule in row.rules]
        lines += [f"    test      {test}" for test in link.tests]
        lines += [f"    control   {key}" for key in row.controls]
        lines += [f"    looks at  {name}" for name in link.queries]
        if evidence.figure or evidence.at:
            lines.append(f"    evidence  {evidence.figure} {evidence.at or ''} run {evidence.run_id or '-'}".rstrip())
    lines.append("")
    lines.append(_summary(found, tests))
    lines += [f"HOLE  {hole.promise_id}: {hole.says}" for hole in holes]
    lines.append(f"{len(holes)} holes." if holes else "No hole in what is built.")
    return "\n".join(lines)


def _summary(found: list[chain.Link], tests: chain.MarkedTests) -> str:
    features = Counter(link.promise.feature for link in found)
    states = Counter(link.evidence.state for link in found)
    told = [
        f"{len(found)} promises: {features['enforced']} enforced, {features['not built yet']} not built yet, "
        f"{features['control']} organisational.",
        *_by_profile(found),
        "Evidence: " + ", ".join(f"{states[state]} {_word(state).lower()}" for state in State) + ".",
    ]
    if not tests.found:
        told.append(
            "There is no tests/ folder here, so the tests of the chain were not looked at; run this in a checkout."
        )
    return "\n".join(told)


def _by_profile(found: list[chain.Link]) -> Iterator[str]:
    for name in dict.fromkeys(name for link in found for name in link.promise.profiles):
        own = [link for link in found if name in link.promise.profiles]
        enforced = [link for link in own if link.promise.rules]
        yield (
            f"  {name}: {len(own)} promises, {len(enforced)} enforced, {sum(bool(link.tests) for link in enforced)} of "
            f"these with tests, {sum(bool(link.queries) for link in enforced)} with a query for evidence."
        )


def _as_json(found: Iterable[chain.Link], holes: Iterable[chain.Hole], tests: chain.MarkedTests) -> dict[str, Any]:
    return {
        "tests_found": tests.found,
        "promises": [
            {
                "id": link.promise.id,
                "kind": link.promise.kind,
                "profiles": list(link.promise.profiles),
                "says": link.sentence.text,
                "feature": link.promise.feature,
                "rules": list(link.promise.rules),
                "tests": list(link.tests),
                "proofs": list(link.promise.proofs),
                "controls": list(link.promise.controls),
                "evidence": {
                    "queries": list(link.queries),
                    "state": link.evidence.state,
                    "figure": str(link.evidence.figure),
                    "rows": link.evidence.rows,
                    "at": link.evidence.at.isoformat() if link.evidence.at else None,
                    "run_id": str(link.evidence.run_id) if link.evidence.run_id else None,
                    "note": str(link.evidence.note),
                },
            }
            for link in found
        ],
        "holes": [{"promise": hole.promise_id, "says": hole.says} for hole in holes],
    }


def _word(state: State) -> str:
    return str(promises.STATE_WORDS[state])
