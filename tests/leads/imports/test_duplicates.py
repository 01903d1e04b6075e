"""Rows about somebody who is here already: update, skip, or add anyway; in the workspace and in the file itself."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from logicrm.core.search import find
from logicrm.extensions import db
from logicrm.leads.imports.models import Duplicates
from logicrm.leads.imports.rows import MAX_CHARS
from logicrm.leads.models import Lead
from tests.leads.imports.helping import counts, csv_of, imported, leads, run_of

FIRST = csv_of("Ana,Pop,Vechea SRL,ana@x.example;ana2@x.example,0721234567,Cluj,RO,old,First note")
SECOND = csv_of("Anna,,New SRL,ANA@x.example,,,,new,Second note")


def one() -> dict[str, Any]:
    (row,) = leads()
    return row


def test_update_lets_filled_cells_replace_and_loses_nothing(app: Any, bob: Any, inside: Any) -> None:
    imported(app, bob, FIRST)
    place = imported(app, bob, SECOND)
    with inside():
        assert counts(place) == (0, 1, 0, 0)
        row = one()
        assert (row["first_name"], row["last_name"], row["company"]) == ("Anna", "Pop", "New SRL")
        assert (row["phone"], row["city"], row["email"]) == ("+40721234567", "Cluj", "ana@x.example")
        assert row["tags"] == ["old", "new"] and row["note"] == "First note\n\nSecond note"
        assert len(find("new srl", kinds=("lead",))) == 1 and find("vechea", kinds=("lead",)) == []


def test_skip_leaves_the_lead_as_it_is(app: Any, bob: Any, inside: Any) -> None:
    imported(app, bob, FIRST)
    with inside():
        before = leads(without=set())
    place = imported(app, bob, SECOND, duplicates="skip")
    with inside():
        assert counts(place) == (0, 0, 1, 0) and leads(without=set()) == before


def test_create_adds_another_lead_anyway(app: Any, bob: Any, inside: Any) -> None:
    imported(app, bob, FIRST)
    place = imported(app, bob, SECOND, duplicates="create")
    with inside():
        assert counts(place) == (1, 0, 0, 0) and len(leads()) == 2


def test_a_further_address_alone_is_news_too(app: Any, bob: Any, inside: Any) -> None:
    imported(app, bob, FIRST)
    place = imported(app, bob, csv_of(",,,ana@x.example;ana3@x.example,,,,,"))
    with inside():
        assert counts(place) == (0, 1, 0, 0)
        assert one()["further"] == [("email", "ana2@x.example"), ("email", "ana3@x.example")]


@pytest.mark.parametrize("row", ["Z,,,ana2@x.example,,,,,", "Z,,,,+40 721 234 567,,,,"])
def test_any_address_or_number_tells_who_it_is(row: str, app: Any, bob: Any, inside: Any) -> None:
    imported(app, bob, FIRST)
    imported(app, bob, csv_of(row))
    with inside():
        found = one()
        assert found["first_name"] == "Z" and found["email"] == "ana@x.example"


def test_a_firms_phone_does_not_make_two_people_one(app: Any, bob: Any, inside: Any) -> None:
    imported(app, bob, FIRST)
    place = imported(app, bob, csv_of("Ion,Rus,Vechea SRL,ion@x.example,0721234567,,,,"))
    with inside():
        assert counts(place) == (1, 0, 0, 0)


@pytest.mark.parametrize("mode, expected", [("update", (1, 1, 1, 0)), ("skip", (1, 0, 2, 0)), ("create", (3, 0, 0, 0))])
def test_the_choice_holds_within_the_file_too(mode: str, expected: Any, app: Any, bob: Any, inside: Any) -> None:
    place = imported(
        app,
        bob,
        csv_of("Ana,Pop,,a@x.example,,,,,", ",,Firm,a@x.example,,,,,", "Ana,,,a@x.example,,,,,"),
        duplicates=mode,
    )
    with inside():
        assert counts(place) == expected
        if mode == "update":
            row = one()
            assert (row["first_name"], row["last_name"], row["company"]) == ("Ana", "Pop", "Firm")


def test_the_same_file_twice_changes_nothing(app: Any, bob: Any, inside: Any) -> None:
    content = csv_of("Ana,Pop,,a@x.example,,,,,", "Ion,Rus,,,0721000000,,,,")
    imported(app, bob, content)
    with inside():
        before = leads(without=set())
    place = imported(app, bob, content)
    with inside():
        assert counts(place) == (0, 0, 2, 0) and leads(without=set()) == before


def test_a_restricted_person_is_not_changed(app: Any, bob: Any, inside: Any) -> None:
    imported(app, bob, FIRST)
    with inside():
        db.session.execute(update(Lead).values(restricted=True))
        db.session.commit()
        before = leads(without=set())
    place = imported(app, bob, SECOND)
    with inside():
        assert counts(place) == (0, 0, 1, 0) and leads(without=set()) == before


def test_another_workspaces_people_are_not_known_here(app: Any, bob: Any, mallory: Any, inside: Any, cast: Any) -> None:
    imported(app, bob, FIRST)
    place = imported(app, mallory, SECOND)
    with inside(cast.bravo):
        assert counts(place) == (1, 0, 0, 0) and one()["company"] == "New SRL"
    with inside():
        assert one()["company"] == "Vechea SRL"


def test_stage_and_owner_are_found_by_name_and_what_is_unknown_is_said(
    app: Any, bob: Any, inside: Any, cast: Any
) -> None:
    content = csv_of(
        "Ana,a@x.example,qualified,alice@alpha.example", "Ion,i@x.example,Brewing,Nobody Known", "Eva,e@x.example,,Dora",
        headings="First name,Email,Lead Status,Lead Owner",
    )  # fmt: skip
    place = imported(app, bob, content)
    with inside():
        from logicrm.leads.pipelines import queries as pipelines

        choices = pipelines.choices()
        found = {r["email"]: (choices.stage(r["stage_id"]).name, r["owner_id"]) for r in leads()}  # type: ignore[union-attr]
        assert found == {
            "a@x.example": ("Qualified", cast.users["alice"]),
            "i@x.example": ("New", cast.users["bob"]),
            "e@x.example": ("New", cast.users["dora"]),
        }
        assert {n[1]["name"]: n[2:] for n in run_of(place).notes} == {"Brewing": [1, 3], "Nobody Known": [1, 3]}
    page = bob.get(place).text
    assert "Brewing" in page and "Nobody Known" in page


def test_consent_of_a_file_gives_no_right(app: Any, bob: Any, inside: Any) -> None:
    content = csv_of("Ana,a@x.example,yes", headings="First name,Email,Marketing consent")
    page = bob.get(imported(app, bob, content)).text
    assert "allowed marketing" in page
    from logicrm.privacy.consent_models import Consent

    with inside():
        assert db.session.scalars(select(Consent)).all() == []


def test_limits_of_rows_are_those_of_the_columns() -> None:
    assert {name: Lead.__table__.columns[name].type.length for name in MAX_CHARS} == MAX_CHARS
    assert {str(d) for d in Duplicates} == {"update", "skip", "create"}
