"""The gate of outgoing connections: every socket asks it, strangers are refused and counted, nothing else is.

The database is not among the sockets: it is where the answers lie. `flask doctor` names its host when nobody lists it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from logicrm.config import BadSetting
from logicrm.core import egress, tenancy
from logicrm.core.egress import NotListed, OutgoingConnection, Verdict
from logicrm.extensions import db

PACKAGE = Path(__file__).resolve().parent.parent.parent / "logicrm"
#: What opens a connection in Python's library and in the packages that the program uses.
OPENERS = {
    "socket.create_connection", "socket.socket", "asyncio.open_connection", "smtplib.SMTP", "smtplib.SMTP_SSL",
    "smtplib.LMTP", "http.client.HTTPConnection", "http.client.HTTPSConnection", "urllib.request.urlopen",
    "urllib.request.Request", "urllib.request.build_opener", "urllib3.PoolManager", "minio.Minio",
    "redis.Redis.from_url", "redis.Redis", "redis.from_url", "psycopg.connect", "sqlalchemy.create_engine",
    "ftplib.FTP", "imaplib.IMAP4", "poplib.POP3", "telnetlib.Telnet", "xmlrpc.client.ServerProxy", "requests.get",
    "requests.post", "requests.Session", "httpx.Client", "httpx.get", "httpx.post",
}  # fmt: skip
#: Modules that exist to talk to others: their import alone is looked at, so that a new way in cannot hide.
NETWORK = {
    "socket", "asyncio", "smtplib", "http.client", "urllib.request", "urllib3", "minio", "redis", "psycopg", "ftplib",
    "imaplib", "poplib", "telnetlib", "xmlrpc.client", "requests", "httpx", "socketserver", "paramiko", "aiohttp",
}  # fmt: skip
ASKS = {"ask", "listed_for"}


def scopes(tree: ast.Module) -> Iterator[ast.AST]:
    """Functions and classes: within one of them the gate must be asked."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            yield node


def imported(tree: ast.Module) -> dict[str, str]:
    """Name in the module → what it stands for, for imports anywhere in it."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def dotted(node: ast.AST, names: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        before = dotted(node.value, names)
        return f"{before}.{node.attr}" if before else ""
    return names.get(node.id, "") if isinstance(node, ast.Name) else ""


def openings(source: str) -> list[tuple[int, str, bool]]:
    """(line, what is opened, whether the gate is asked in the same function or class) of a module's text."""
    tree = ast.parse(source)
    names = imported(tree)
    found = []
    for scope in [*scopes(tree), tree]:
        calls = [node for node in ast.walk(scope) if isinstance(node, ast.Call)]
        asked = any(dotted(call.func, names) == f"logicrm.core.egress.{ask}" for call in calls for ask in ASKS)
        for call in calls:
            opened = dotted(call.func, names)
            if opened in OPENERS and not any(line == call.lineno for line, _what, _asked in found):
                found.append((call.lineno, opened, asked))
    return found


def modules() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), path.read_text()


@pytest.mark.promise("egress")
def test_every_place_that_opens_a_connection_asks_the_gate() -> None:
    seen = {name: openings(source) for name, source in modules()}
    assert {name for name, found in seen.items() if found} == {
        "core/mail_delivery.py", "core/filestore.py", "core/throttle.py", "privacy/checks_safety.py",
    }  # fmt: skip
    wrong = [f"{name}:{line} {what}" for name, found in seen.items() for line, what, asked in found if not asked]
    assert wrong == []


def test_no_other_module_even_imports_a_way_out() -> None:
    wrong = []
    for name, source in modules():
        if openings(source):
            continue
        for what in imported(ast.parse(source)).values():
            if any(what == one or what.startswith(f"{one}.") for one in NETWORK):
                wrong.append(f"{name}: {what}")
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    [
        "import socket\ndef f():\n    socket.create_connection(('x', 1))\n",
        "from smtplib import SMTP\ndef f():\n    SMTP('x')\n",
        "def f():\n    from minio import Minio\n    Minio('x')\n",
        "import urllib.request\nurllib.request.urlopen('http://x')\n",
        "from logicrm.core import egress\nimport smtplib\ndef asks():\n    egress.ask('mail', 'x')\n"
        "def does_not():\n    smtplib.SMTP('x')\n",
    ],
)
def test_a_planted_way_out_is_seen(source: str) -> None:
    assert [asked for _line, _what, asked in openings(source)] == [False]


def test_a_way_out_that_asks_is_seen_as_one() -> None:
    source = "from logicrm.core import egress\nimport smtplib\ndef f():\n    egress.ask('mail', 'x')\n    smtplib.SMTP('x')\n"
    assert [asked for _line, _what, asked in openings(source)] == [True]


# Asking --------------------------------------------------------------------------------------------


@pytest.fixture
def nobody_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "_gates", [])


def log() -> list[Any]:
    egress.write()
    return list(db.session.scalars(select(OutgoingConnection)))


@pytest.mark.promise("egress")
@pytest.mark.usefixtures("nobody_decides")
def test_without_a_register_nothing_leaves(inside: Callable[..., Any]) -> None:
    with inside():
        with pytest.raises(NotListed) as refused:
            egress.ask("mail", "smtp.stranger.example")
        assert refused.value.code == "nobody_knows"
        assert [(one.host, one.allowed, one.times) for one in log()] == [("smtp.stranger.example", False, 1)]


@pytest.mark.parametrize("host", ["", "localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
@pytest.mark.usefixtures("nobody_decides")
def test_this_machine_needs_nobodys_leave(inside: Callable[..., Any], host: str) -> None:
    with inside():
        egress.ask("mail", host)
        assert [(one.host, one.code, one.allowed) for one in log()] == [("", "local", True)]


@pytest.mark.parametrize("host", ["10.0.0.1", "0.0.0.0", "localhost.example", "127.0.0.1.example", "169.254.169.254"])
def test_what_only_looks_like_this_machine_is_another(host: str) -> None:
    assert not egress.on_this_machine(host)


@pytest.mark.usefixtures("nobody_decides")
def test_taking_something_back_is_never_refused(inside: Callable[..., Any]) -> None:
    with inside():
        egress.ask("files", "s3.stranger.example", takes_back=True)
        assert [(one.code, one.allowed) for one in log()] == [("taken_back", True)]


@pytest.mark.usefixtures("nobody_decides")
def test_our_own_address_may_be_looked_at_and_only_that(app: Flask, inside: Callable[..., Any]) -> None:
    old, app.config["BASE_URL"] = app.config["BASE_URL"], "https://crm.firm.example"
    try:
        with inside():
            egress.ask("own", "crm.firm.example")
            with pytest.raises(NotListed):
                egress.ask("own", "other.example")
            with pytest.raises(NotListed):
                egress.ask("mail", "crm.firm.example")
    finally:
        app.config["BASE_URL"] = old


def test_answers_are_counted_by_day_workspace_and_server(
    app: Flask, cast: Any, monkeypatch: pytest.MonkeyPatch, inside: Callable[..., Any]
) -> None:
    monkeypatch.setattr(egress, "_gates", [lambda _service, host: Verdict(host.startswith("good"), "listed", "no")])
    for place in (cast.alpha, cast.alpha, cast.bravo):
        with inside(place):
            egress.ask("mail", "good.example")  # the counts are written when the context ends
    with inside(), pytest.raises(NotListed):
        egress.ask("mail", "bad.example")
    with app.app_context():
        rows = {
            (one.workspace_id, one.host): (one.times, one.allowed)
            for one in db.session.scalars(select(OutgoingConnection))
        }
    assert rows == {
        (cast.alpha, "good.example"): (2, True), (cast.bravo, "good.example"): (1, True),
        (cast.alpha, "bad.example"): (1, False),
    }  # fmt: skip
    with inside(cast.bravo):
        assert [one.host for one in egress.seen(datetime(2020, 1, 1, tzinfo=UTC).date())] == ["good.example"]


def test_asking_holds_no_write_lock(inside: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer comes before a conversation that may last long: no transaction may be left open by it."""

    def decides(_service: str, _host: str) -> Verdict:
        db.session.execute(select(OutgoingConnection))
        return Verdict(True, "listed")

    monkeypatch.setattr(egress, "_gates", [decides])
    with inside():
        db.session.rollback()
        egress.ask("mail", "smtp.example.com")
        assert not db.session().in_transaction()
        assert tenancy.current() is not None


def test_an_unknown_work_is_a_bug(inside: Callable[..., Any]) -> None:
    with inside(), pytest.raises(KeyError):
        egress.ask("fun", "x.example")


# The setting ---------------------------------------------------------------------------------------


def test_the_setting_is_read() -> None:
    found = egress.parse("SMTP.Example.com = messaging; Example Mail SAS; FR; home | s3.x.example=hosting;X;US;scc\n")
    assert [(one.host, one.job, one.name, one.country, one.safeguard) for one in found] == [
        ("smtp.example.com", "messaging", "Example Mail SAS", "FR", "home"), ("s3.x.example", "hosting", "X", "US", "scc")
    ]  # fmt: skip
    assert egress.parse("") == egress.parse(" \n | ") == ()


@pytest.mark.parametrize(
    "text", ["smtp.example.com", "x=messaging;Firm;France;home", "x=messaging;Firm;FR", "x = messaging;;FR;home",
             "=messaging;Firm;FR;home", "http://x=messaging;Firm;FR;home", "x=messaging;Firm;fr;home"],
)  # fmt: skip
def test_a_setting_that_cannot_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(BadSetting, match="LOGICRM_RECIPIENTS"):
        egress.parse(text)


# Limits --------------------------------------------------------------------------------------------


def test_a_redis_that_nobody_listed_counts_nothing_and_the_limit_still_holds(
    app: Flask, inside: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from logicrm.core import throttle

    called: list[str] = []
    monkeypatch.setattr(throttle.redis.Redis, "from_url", lambda url, **_: called.append(url))
    monkeypatch.setitem(app.config, "REDIS_URL", "redis://redis.stranger.example:6379/0")
    with inside():
        assert [throttle.hit("x", "y", limit=2, per=timedelta(hours=1)) for _ in range(3)] == [True, True, False]
    assert called == []


def test_doctor_names_servers_that_nobody_listed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "MAIL_URL", "smtps://u:p@smtp.postbird.example:465")
    with app.app_context():
        assert list(egress.unlisted_settings()) == [("LOGICRM_MAIL_URL", "smtp.postbird.example")]
        rows = egress.parse("smtp.postbird.example = messaging; Postbird; DE; home")
        monkeypatch.setattr(app.extensions["logicrm.egress"], "listed", rows)
        assert list(egress.unlisted_settings()) == []


# Writing -------------------------------------------------------------------------------------------


def test_a_context_inside_another_writes_nothing_for_it(app: Flask, inside: Callable[..., Any]) -> None:
    """The outer one may hold the write lock of the embedded database: waiting for it here would last until it gives up."""
    with inside():
        egress.ask("mail", "")
        with app.app_context():
            pass
        with app.app_context():
            assert db.session.scalar(select(OutgoingConnection)) is None
    with app.app_context():
        assert db.session.scalars(select(OutgoingConnection)).one().times == 1


def test_what_cannot_be_written_is_written_with_the_next(
    app: Flask, inside: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("no database")

    with monkeypatch.context() as patched, inside():
        patched.setattr(egress, "_counted", broken)
        egress.ask("mail", "")
        egress.write()
    with inside():
        egress.ask("mail", "")
    with app.app_context():
        assert db.session.scalars(select(OutgoingConnection)).one().times == 2
