"""Found by part of a word, without diacritics, in any phone notation; never what is gone, hidden or foreign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from logicrm.core import search
from logicrm.core.schema import new_id
from logicrm.core.search import SearchEntry
from logicrm.extensions import db


def plant(*bodies: str, hidden: bool = False) -> list[Any]:
    from logicrm.core import tenancy

    rows = [
        {
            "workspace_id": tenancy.current(),
            "kind": "lead",
            "ref_id": new_id(),
            "body": search.fold(b),
            "hidden": hidden,
        }
        for b in bodies
    ]
    db.session.execute(insert(SearchEntry), rows)
    return [r["ref_id"] for r in rows]


@pytest.mark.parametrize(
    "written, typed",
    [
        ("Nguyễn Văn Đường", "nguyen"),
        ("Nguyễn Văn Đường", "duong"),
        ("Țiriac Ion", "tiriac"),
        ("Müller & Söhne", "sohne"),
        ("Straße 5", "strasse"),
        ("Łódź Logistyka", "lodz"),
        ("Anna Karlsson", "ANNA karl"),
        ("Anna Karlsson", "arls"),
        ("100% Cargo_Line", "100% cargo_"),
    ],
)
def test_a_word_finds_its_row(in_workspace: None, written: str, typed: str) -> None:
    [ref] = plant(written)
    plant("somebody else entirely")
    assert search.find(typed) == [("lead", ref)]


@pytest.mark.parametrize("typed", ["0712 345 678", "+40 712-345-678", "712345678", "0040712345678"])
def test_a_phone_is_found_in_any_notation(in_workspace: None, typed: str) -> None:
    [ref] = plant("Ion +40712345678 712345678")
    assert search.find(typed) == [("lead", ref)]


@pytest.mark.parametrize("typed", ["", "a", "zz", "   ", '"', "'; drop table lead", "% _", "NEAR(", "AND OR"])
def test_odd_words_find_nothing_and_break_nothing(in_workspace: None, typed: str) -> None:
    plant("Anna Karlsson")
    assert search.find(typed) == []


def test_a_short_word_narrows(in_workspace: None) -> None:
    [ref] = plant("Anna Li")
    plant("Anna Karlsson")
    assert search.find("anna li") == [("lead", ref)]


def test_hidden_and_foreign_rows_are_not_found(inside: Callable[..., Any], cast: Any) -> None:
    with inside(cast.bravo):
        plant("Anna of Bravo")
        db.session.commit()
    with inside():
        plant("Anna restricted", hidden=True)
        [ref] = plant("Anna of Alpha")
        assert search.find("anna") == [("lead", ref)]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("latest", [1, 4, 100])
def test_the_newest_come_first_wherever_they_are_looked_for(
    in_workspace: None, monkeypatch: Any, latest: int, limit: int
) -> None:
    """PostgreSQL looks among the newest rows first and asks its index only for what they lack."""
    monkeypatch.setattr(search, "LATEST", latest)
    hits = plant("Anna one") + plant("Anna two") + plant("Anna three")
    plant("somebody else", "and another", "Anna restricted", hidden=True)
    hits += plant("Anna four")
    found = search.find("anna", kinds=("lead",), limit=limit)
    assert [ref for _kind, ref in found] == hits[::-1][:limit]
    assert search.find("anna", kinds=("shipment",), limit=limit) == []


def test_a_deleted_row_is_forgotten(in_workspace: None) -> None:
    [ref] = plant("Anna Karlsson")
    search.forget("lead", [ref])
    assert search.find("karlsson") == []


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_fold_is_stable_and_any_text_can_be_searched(value: str) -> None:
    assert search.fold(search.fold(value)) == search.fold(value)
