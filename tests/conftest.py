"""The cast, and the stage they play on.

Alpha Freight:  alice (owner), mona (manager), bob (sales), dora (dispatcher), dan (driver), sue (support), pia (dpo).
Bravo Couriers: mallory (owner). Nothing of Alpha's may ever reach her.

Each name is a fixture: a signed-in test client. `in_workspace` is an application context inside Alpha for
tests of services; do not use clients inside it (their request would share its context), which the clients refuse.
The database is the encrypted SQLite file of production, or TEST_DATABASE_URL (PostgreSQL).
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from sqlalchemy import text

from logicrm import create_app
from logicrm.core import crypto, tenancy
from logicrm.core.access import Role
from logicrm.core.schema import new_id
from logicrm.extensions import db
from tests import postgres
from tools import phrases

PASSWORD = "seven blue lorries"
ALPHA, BRAVO = "Alpha Freight", "Bravo Couriers"
PEOPLE = {
    "alice": (ALPHA, Role.OWNER),
    "mona": (ALPHA, Role.MANAGER),
    "bob": (ALPHA, Role.SALES),
    "dora": (ALPHA, Role.DISPATCHER),
    "dan": (ALPHA, Role.DRIVER),
    "sue": (ALPHA, Role.SUPPORT),
    "pia": (ALPHA, Role.DPO),
    "mallory": (BRAVO, Role.OWNER),
}


class Client(FlaskClient):
    """A test client that refuses to run inside an application context."""

    def open(self, *args: Any, **kw: Any) -> Any:
        if has_app_context():
            raise RuntimeError(
                "close the application context before using a client: its `g` would leak into the request"
            )
        return super().open(*args, **kw)


@dataclass(frozen=True)
class Cast:
    """Ids of who and where: cast.users['alice'], cast.workspaces['Alpha Freight']."""

    users: dict[str, uuid.UUID]
    workspaces: dict[str, uuid.UUID]
    slugs: dict[str, str]

    @property
    def alpha(self) -> uuid.UUID:
        return self.workspaces[ALPHA]

    @property
    def bravo(self) -> uuid.UUID:
        return self.workspaces[BRAVO]


def pytest_configure() -> None:
    """As `make test` does: so a single test sees the words that the catalogues have now."""
    phrases.compile_old()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    instance = tmp_path_factory.mktemp("instance")
    settings: dict[str, Any] = {
        "INSTANCE": instance, "TESTING": True, "WTF_CSRF_ENABLED": False, "DEMO": True, "MAIL_URL": "file:",
        "BASE_URL": "http://localhost", "TRUSTED_HOSTS": ["localhost"], "SERVER_NAME": None, "DATABASE_URL": _database(instance),
    }  # fmt: skip
    app = create_app(settings)
    app.test_client_class = Client
    with app.app_context():
        _drop_everything()
        db.create_all()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _drop_everything() -> None:
    """Also what an earlier run of other code left on a PostgreSQL server."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            for (name,) in connection.execute(
                text("select tablename from pg_tables where schemaname = 'public' and tableowner = current_user")
            ):
                connection.execute(text(f'drop table if exists "{name}" cascade'))


def _database(instance: Path) -> str:
    url = os.environ.get("TEST_DATABASE_URL", "")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if url:
        return url + (f"_{worker}" if worker else "")
    return f"sqlite:///{instance / 'test.db'}"


@pytest.fixture(autouse=True)
def _clean(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test begins with empty tables."""
    yield
    if "app" not in request.fixturenames:
        return
    app: Flask = request.getfixturevalue("app")
    with app.app_context():
        db.session.remove()
        with db.engine.begin() as connection:
            names = [t.name for t in reversed(db.metadata.sorted_tables)]
            if connection.dialect.name == "postgresql":
                # One message of DELETEs: a TRUNCATE makes new files for every table and index, 0.2 to 1.5 s a test.
                names.remove("stage_sum")
                names.insert(names.index("lead") + 1, "stage_sum")  # the end of a lead writes there
                connection.exec_driver_sql(
                    "set local app.across = 'on'; update workspace set closes_at = '2000-01-01'; "  # else its policies stay
                    + "; ".join(f'delete from "{name}"' for name in names)
                )
            else:
                connection.execute(text("PRAGMA defer_foreign_keys = ON"))
                # The workspaces first: a published policy goes with its workspace only.
                for name in sorted(names, key=lambda name: name != "workspace"):
                    connection.execute(text(f'delete from "{name}"'))


_cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def cast(app: Flask, now: datetime) -> Cast:
    """Make both workspaces and everybody in them."""
    from logicrm.accounts.models import Membership, User, Workspace

    workspaces, slugs, users = {}, {}, {}
    with app.app_context():
        for name in (ALPHA, BRAVO):
            slug = name.split()[0].lower()
            workspace = Workspace(
                id=new_id(), slug=slug, name=name, country="RO", time_zone="Europe/Bucharest", currency="EUR",
                privacy_contact=f"privacy@{slug}.example", created_at=now,
            )  # fmt: skip
            db.session.add(workspace)
            workspaces[name], slugs[name] = workspace.id, slug
        db.session.flush()
        for name, (where, role) in PEOPLE.items():
            user = User(
                id=new_id(), name=name.title(), email=f"{name}@{slugs[where]}.example",
                password_hash=_cheap.hash(PASSWORD), password_set_at=now, of_age=True, created_at=now,
            )  # fmt: skip
            db.session.add(user)
            db.session.flush()
            db.session.add(
                Membership(id=new_id(), workspace_id=workspaces[where], user_id=user.id, role=role, joined_at=now)
            )
            users[name] = user.id
        db.session.commit()
    return Cast(users, workspaces, slugs)


@pytest.fixture
def client_of(app: Flask, cast: Cast) -> Callable[[str], FlaskClient]:
    """client_of("bob"): a browser in which bob is signed in."""

    def sign_in(name: str) -> FlaskClient:
        from datetime import timedelta

        from logicrm.accounts.models import UserSession

        token, now = crypto.token(), datetime.now(UTC)
        with app.app_context():
            db.session.add(
                UserSession(
                    id=new_id(),
                    token_hash=crypto.token_hash(token),
                    user_id=cast.users[name],
                    workspace_id=cast.workspaces[PEOPLE[name][0]],
                    epoch=0,
                    created_at=now,
                    seen_at=now,
                    proven_at=now,
                    expires_at=now + timedelta(hours=12),
                )
            )
            db.session.commit()
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = token
            session["_fresh"] = True
        return client

    return sign_in


def _person(name: str) -> Any:
    @pytest.fixture(name=name)
    def client(client_of: Callable[[str], FlaskClient]) -> FlaskClient:
        return client_of(name)

    return client


for _name in PEOPLE:
    globals()[_name] = _person(_name)


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """A browser in which nobody is signed in."""
    return app.test_client()


@pytest.fixture
def inside(app: Flask, cast: Cast) -> Callable[..., Any]:
    """`with inside():` a context in Alpha; `with inside(cast.bravo):` in another workspace."""

    @contextmanager
    def enter(workspace_id: uuid.UUID | None = None) -> Iterator[None]:
        with app.app_context():
            tenancy.enter(workspace_id or cast.alpha)
            yield
            db.session.rollback()

    return enter


@pytest.fixture
def in_workspace(inside: Callable[..., Any]) -> Iterator[None]:
    """The whole test runs in a context inside Alpha."""
    with inside():
        yield


@pytest.fixture
def count_queries(app: Flask) -> Callable[[], Any]:
    """`with count_queries() as seen:` then `len(seen)` statements were sent (BEGIN and PRAGMA do not count)."""
    from sqlalchemy import event

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []
        with app.app_context():
            engine = db.engine

        def note(_c: Any, _cur: Any, statement: str, *_: Any) -> None:
            if not re.match(r"\s*(BEGIN|PRAGMA|select set_config|SAVEPOINT|RELEASE)", statement, re.I):
                seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return counting


@pytest.fixture(params=["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """For tests that make an application of their own: "" is the encrypted file; then a fresh PostgreSQL database."""
    if request.param == "sqlite":
        yield ""
        return
    if not postgres.address():
        pytest.skip("no PostgreSQL answers")
    with postgres.fresh() as url:
        yield url


@pytest.fixture
def database_url() -> Iterator[str]:
    """The same, only of the kind that this run is about."""
    if not os.environ.get("TEST_DATABASE_URL"):
        yield ""
        return
    with postgres.fresh() as url:
        yield url
