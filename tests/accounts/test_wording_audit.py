"""Every act of the audit trail has words; codes are no language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import logicrm
from logicrm.accounts import wording_audit


def recorded() -> Iterator[str]:
    """The names of acts that the program records, as its source has them."""
    for path in Path(logicrm.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            name = ast.unparse(call.func)
            if name == "audit.record" or (name == "_record" and path.name == "deletion.py"):
                told = call.args[0]
                choices = [told.body, told.orelse] if isinstance(told, ast.IfExp) else [told]
                yield from (one.value for one in choices if isinstance(one, ast.Constant))


def test_every_act_has_words(app: object) -> None:
    acts = set(recorded())
    assert len(acts) > 40, "the search found them"
    assert acts - set(wording_audit.ACTIONS) == set()


def test_facts_are_told_without_codes(app: object) -> None:
    with app.app_context():  # type: ignore[attr-defined]
        told = wording_audit.facts(
            {
                "role": "dpo",
                "known": False,
                "rows": 1200,
                "fields": ["first_name", "email"],
                "purpose": "",
                "channel": "in_app",
                "scopes": ["events:write"],
            }
        )
    assert told == [
        "role: Data protection officer",
        "was known already: no",
        "rows: 1,200",
        "fields: First name, E-mail",
        "channel: notification in the service",
        "scopes: Add tracking events",
    ]


def test_an_act_without_words_is_still_readable(app: object) -> None:
    with app.app_context():  # type: ignore[attr-defined]
        assert wording_audit.done("stock.moved_away") == "stock: moved away"
