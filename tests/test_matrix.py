"""Every route, as everybody, with ids of another workspace: nothing leaks, nothing changes, nothing differs from a missing id.

The routes are enumerated from the program, so a new one is in the matrix without anybody remembering it.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.routing import Rule

from logicrm.core.access import GRANTS, Access, May, Role
from logicrm.extensions import db
from tests.conftest import PEOPLE, Cast
from tests.factories import plant_one_of_each

# What a look may change: when somebody was last seen, how often something was tried, letters and jobs that wait.
RESTLESS = {"user_session", "throttle", "user"}


def routes(app: Flask) -> Iterator[tuple[Rule, str, Access]]:
    """(rule, method, declaration) of every route."""
    for rule in app.url_map.iter_rules():
        access: Access = app.view_functions[rule.endpoint].__access__  # type: ignore[attr-defined]
        yield rule, "POST" if "POST" in (rule.methods or set()) else "GET", access


def address(app: Flask, rule: Rule, values: dict[str, Any]) -> str | None:
    """The rule's address with ids filled in; None when it takes none of them."""
    return filled(app, rule, values) if rule.arguments & set(values) else None


def filled(app: Flask, rule: Rule, values: dict[str, Any]) -> str:
    """The rule's address with ids and, for arguments that are none, words filled in."""
    fill = {name: values.get(name, _other(rule, name)) for name in rule.arguments}
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, fill)


def _other(rule: Rule, name: str) -> Any:
    """A value for an argument that is no id: the first of a choice, else a word."""
    found = re.search(r"any\(([^)]*)\):" + name, rule.rule)
    return found.group(1).split(",")[0].strip() if found else {"fact": "name"}.get(name, "x")


def fingerprint(app: Flask) -> dict[str, str]:
    """A hash over all rows of each table, restless ones excepted."""
    out = {}
    with app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select set_config('app.across', 'on', true)"))
        for table in db.metadata.sorted_tables:
            if table.name not in RESTLESS:
                rows = sorted(str(tuple(r)) for r in connection.execute(table.select()))
                out[table.name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
        connection.rollback()
    return out


def masked(response: Any) -> str:
    """The answer's body without what differs between any two answers."""
    body = response.get_data(as_text=True)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|csrf[^>]*>|X-CSRFToken[^}]*|nonce=\S+|v=[0-9a-f]+", "", body)


@pytest.fixture
def planted(app: Flask, cast: Cast) -> dict[str, Any]:
    """One of everything in Alpha, by the name of the route's argument."""
    return plant_one_of_each(app, cast.alpha, cast.users["alice"])


def test_there_is_something_to_ask_for_at_every_address(app: Flask, planted: dict[str, Any]) -> None:
    """An argument without a planted row would make the matrix look away."""
    free = {
        "slug",
        "secret",
        "token",
        "tracking_key",
        "filename",
        "name",
        "kind",
        "form",
        "fact",
        "purpose",
        "reference",
        "number",  # of a published policy: public, below its business's name
    }
    unknown = {a for rule, _, _ in routes(app) for a in rule.arguments} - set(planted) - free
    assert unknown == set()


@pytest.mark.promise("isolation")
@pytest.mark.parametrize("who", ["mallory", "stranger"])
def test_another_workspaces_ids_answer_as_missing_ones_and_change_nothing(
    app: Flask, planted: dict[str, Any], request: pytest.FixtureRequest, who: str
) -> None:
    client: FlaskClient = request.getfixturevalue(who)
    secrets = planted["secrets"]
    before = fingerprint(app)
    wrong = []
    for rule, method, access in routes(app):
        foreign = address(app, rule, planted)
        missing = address(app, rule, {k: _missing(v) for k, v in planted.items() if k != "secrets"})
        if foreign is None or missing is None or access.kind in ("portal", "token"):
            continue
        theirs, nobodys = (client.open(a, method=method) for a in (foreign, missing))
        if theirs.status_code != nobodys.status_code or masked(theirs) != masked(nobodys):
            wrong.append(f"{method} {rule.rule}: {theirs.status_code} for a foreign id, {nobodys.status_code} for none")
        if any(s in theirs.get_data(as_text=True) for s in secrets):
            wrong.append(f"{method} {rule.rule}: shows what is not theirs")
        if who == "mallory" and theirs.status_code < 300 and access.kind != "public":
            wrong.append(f"{method} {rule.rule}: {theirs.status_code}")
    assert wrong == []
    after = fingerprint(app)
    assert [t for t in before if before[t] != after[t]] == []


def _missing(value: Any) -> Any:
    return uuid.uuid4() if isinstance(value, uuid.UUID) else "0" * len(str(value))


def test_lists_and_searches_show_nothing_of_another_workspace(
    app: Flask, planted: dict[str, Any], mallory: FlaskClient
) -> None:
    shown = []
    for rule, method, _ in routes(app):
        if method == "GET" and not rule.arguments:
            for query in ("", "?q=canary", "?q=Canary+Lead&sort=name"):
                body = mallory.get(rule.rule + query).get_data(as_text=True)
                shown += [f"{rule.rule}{query}: {s}" for s in planted["secrets"] if s in body]
    assert shown == []


@pytest.mark.promise("roles")
@pytest.mark.parametrize("who", [n for n, (where, _) in PEOPLE.items() if where.startswith("Alpha")])
def test_each_role_reaches_exactly_what_it_is_granted(
    app: Flask, planted: dict[str, Any], client_of: Callable[[str], FlaskClient], who: str
) -> None:
    role = PEOPLE[who][1]
    client = client_of(who)
    before = fingerprint(app)
    wrong = []
    for rule, method, access in routes(app):
        if access.kind != "needs" or access.may in GRANTS[role]:
            continue
        path = filled(app, rule, planted) if rule.arguments else rule.rule
        status = client.open(path, method=method).status_code
        if status != 403:
            wrong.append(f"{role} {method} {rule.rule}: {status}")
    assert wrong == []
    after = fingerprint(app)
    assert [t for t in before if before[t] != after[t]] == []


@pytest.mark.promise("roles")
def test_a_stranger_reaches_only_what_is_public(app: Flask, planted: dict[str, Any], stranger: FlaskClient) -> None:
    wrong = []
    for rule, method, access in routes(app):
        if access.kind == "public":
            continue
        path = address(app, rule, planted) if rule.arguments & set(planted) else rule.rule
        if path is None or "<" in path:
            continue
        response = stranger.open(path, method=method)
        allowed = (401,) if access.kind == "token" else (303, 404)
        if response.status_code not in allowed:
            wrong.append(f"{method} {rule.rule}: {response.status_code}")
    assert wrong == []


def test_an_owner_may_do_everything_and_nobody_has_unknown_rights() -> None:
    assert GRANTS[Role.OWNER] == frozenset(May)
    assert set(GRANTS) == set(Role)
