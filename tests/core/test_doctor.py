"""The doctor sees what is unsafe and says how to mend it; in production unsafe means: do not serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from logicrm import config
from logicrm.core import crypto, database, doctor


@pytest.mark.parametrize(
    "version, safe",
    [
        ((3, 40, 1), False), ((3, 44, 5), False), ((3, 44, 6), True), ((3, 50, 6), False), ((3, 50, 7), True),
        ((3, 51, 2), False), ((3, 51, 3), True), ((3, 53, 4), True),
    ],
)  # fmt: skip
def test_the_range_of_the_wal_reset_bug(version: tuple[int, int, int], safe: bool) -> None:
    assert database.sqlite_is_safe(version) is safe


@pytest.mark.parametrize(
    "settings, named",
    [
        ({"BASE_URL": "http://crm.example"}, "address"),
        ({"TRUSTED_HOSTS": ["*"]}, "hosts"),
        ({"TRUSTED_HOSTS": ["other.example"]}, "hosts"),
        ({"MAIL_URL": "file:"}, "mail"),
        ({"MAIL_URL": "smtp://mail.example:25"}, "mail"),
        ({"DEMO": True}, "demo mode"),
        ({"PRODUCTION": False}, "environment"),
    ],
)
def test_a_deployment_with_an_unsafe_setting_is_bad(
    app: Flask, monkeypatch: pytest.MonkeyPatch, settings: Any, named: str
) -> None:
    good = {
        "BASE_URL": "https://crm.example", "TRUSTED_HOSTS": ["crm.example"], "MAIL_URL": "smtps://mail.example",
        "DEMO": False, "PRODUCTION": True,
    }  # fmt: skip
    for name, value in {**good, **settings}.items():
        monkeypatch.setitem(app.config, name, value)
    with app.app_context():
        findings = {f.name: f for f in doctor.look(deploy=True)}
    assert findings[named].state == doctor.BAD and findings[named].mend
    assert {n for n, f in findings.items() if f.state == doctor.BAD} - {named} <= {
        "migrations",
        "database key",
        "master key",
    }


def test_a_key_that_others_can_read_is_seen(app: Flask) -> None:
    path = app.config["INSTANCE"] / "keys" / "master.key"
    path.chmod(0o644)
    try:
        with app.app_context():
            found = next(f for f in doctor.look(deploy=True) if f.name == "master key")
    finally:
        path.chmod(0o600)
    assert found.state == doctor.BAD and "chmod 600" in found.mend


def test_keys_are_made_once_and_only_for_their_owner(tmp_path: Path) -> None:
    key = crypto.load_key(tmp_path / "keys", "master", "")
    assert crypto.load_key(tmp_path / "keys", "master", "") == key and len(key) == 32
    assert (tmp_path / "keys" / "master.key").stat().st_mode & 0o777 == 0o600


def test_a_damaged_key_is_refused_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_text("abc")
    with pytest.raises(crypto.BadKey):
        crypto.load_key(tmp_path, "master", "")
    assert (tmp_path / "master.key").read_text() == "abc"


@pytest.mark.parametrize(
    "environ",
    [
        {"LOGICRM_BASE_URL": "crm.example"},
        {"LOGICRM_ENV": "prod"},
        {"LOGICRM_PROXIES": "one"},
        {"DATABASE_URL": "mysql://x"},
    ],
)
def test_a_bad_setting_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(config.BadSetting, match=next(iter(environ))):
        config.from_environment(environ)


def test_the_wrong_database_key_opens_nothing(tmp_path: Path) -> None:
    import sqlcipher3.dbapi2 as sqlcipher
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import DatabaseError

    url = f"sqlite:///{tmp_path / 'x.db'}"
    for key, opens in ((b"\x01" * 32, True), (b"\x02" * 32, False), (b"\x01" * 32, True)):
        engine = create_engine(url, **database.engine_options(url))
        database.prepare(engine, key)
        try:
            with engine.connect() as connection:
                connection.execute(text("create table if not exists secret (word text)"))
                connection.execute(text("insert into secret values ('rhinoceros')"))
                connection.commit()
                assert opens
        except (DatabaseError, sqlcipher.DatabaseError):
            assert not opens
        finally:
            engine.dispose()
    assert b"rhinoceros" not in b"".join(p.read_bytes() for p in tmp_path.iterdir())


def test_production_serves_nothing_while_something_is_unsafe(tmp_path: Path) -> None:
    from logicrm import create_app

    url = f"sqlite:///{tmp_path / 'x.db'}"
    app = create_app({"INSTANCE": tmp_path, "DATABASE_URL": url, "PRODUCTION": True, "BASE_URL": "http://localhost"})
    answer = app.test_client().get("/health")
    assert answer.status_code == 503 and b"not safe" in answer.data
