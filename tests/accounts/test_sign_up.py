"""The first page, set-up and sign-up: a workspace and its owner, old enough, with terms on record."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from logicrm.accounts import places, services_door
from logicrm.accounts.models import Membership, User, UserSession, Workspace
from logicrm.extensions import db

GOOD = {
    "workspace": "Carpat Curier SRL", "country": "RO", "time_zone": "", "currency": "", "language": "",
    "size": "2-9", "industry": "courier", "tax_code": "RO123", "name": "Ana Pop", "email": "Ana@Carpat.example",
    "password": "seven blue lorries", "of_age": "yes", "terms": "y",
}  # fmt: skip


def rows(app: Flask) -> tuple[int, int, int]:
    with app.app_context():
        return tuple(  # type: ignore[return-value]
            db.session.scalar(select(func.count()).select_from(model)) for model in (Workspace, User, UserSession)
        )


def test_the_first_page_of_an_empty_installation_sets_it_up(stranger: Any) -> None:
    assert stranger.get("/").headers["Location"] == "/set-up"
    assert stranger.get("/set-up").status_code == 200


def test_set_up_makes_the_workspace_and_its_owner_and_signs_in(app: Flask, stranger: Any) -> None:
    answer = stranger.post("/set-up", data=GOOD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/today/")
    assert stranger.get("/today/").status_code == 200
    with app.app_context():
        workspace = db.session.scalars(select(Workspace)).one()
        assert (workspace.name, workspace.time_zone, workspace.currency, workspace.language) == (
            "Carpat Curier SRL", "Europe/Bucharest", "RON", "ro",
        )  # fmt: skip
        assert (workspace.size, workspace.industry, workspace.tax_code) == ("2-9", "courier", "RO123")
        user = db.session.scalars(select(User)).one()
        assert (user.email, user.of_age) == ("ana@carpat.example", True)
        assert user.terms_version == services_door.terms().version and user.terms_at is not None
        assert user.password_hash.startswith("$argon2id$")
        assert db.session.scalars(select(Membership.role)).one() == "owner"


def test_set_up_is_dead_once_there_is_a_workspace(app: Flask, cast: Any, stranger: Any) -> None:
    before = rows(app)
    assert stranger.get("/set-up").status_code == 404
    assert stranger.post("/set-up", data=GOOD).status_code == 404
    assert rows(app) == before
    assert stranger.get("/").headers["Location"] == "/sign-in"


def test_sign_up_makes_another_workspace_at_any_time(app: Flask, cast: Any, stranger: Any) -> None:
    assert stranger.get("/sign-up").status_code == 200
    assert stranger.post("/sign-up", data=GOOD).status_code == 303
    assert "Carpat Curier" in stranger.get("/today/").text
    assert rows(app)[0] == 3


@pytest.mark.promise("age")
@pytest.mark.parametrize("said", ["no", ""])
def test_of_who_is_too_young_nothing_is_kept(app: Flask, stranger: Any, said: str) -> None:
    answer = stranger.post("/sign-up", data={**GOOD, "of_age": said})
    assert answer.status_code == 422
    assert rows(app) == (0, 0, 0)


def test_the_age_comes_from_the_policy(stranger: Any) -> None:
    assert services_door.terms.__module__  # the number itself is asked of the profile, inside a request
    assert "Are you at least 16 years old?" in stranger.get("/sign-up").text


@pytest.mark.promise("terms")
def test_the_terms_must_be_accepted(app: Flask, stranger: Any) -> None:
    assert stranger.post("/sign-up", data={k: v for k, v in GOOD.items() if k != "terms"}).status_code == 422
    assert rows(app) == (0, 0, 0)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"password": "short"}, "at least 12 characters"),
        ({"password": "passwordpassword"}, "quickly guessed"),
        ({"email": "not an address"}, "not an e-mail address"),
        ({"email": "ana@carpat.example\r\nBcc: x@evil.example"}, "not an e-mail address"),
        ({"country": "US"}, "several time zones"),
        ({"country": "XX"}, "Choose from the list"),
        ({"time_zone": "Mars/Olympus"}, "Choose from the list"),
        ({"workspace": "x" * 201}, "at most 200 characters"),
        ({"workspace": " "}, "Fill this in"),
    ],
)
def test_a_mistake_is_named_beside_its_field_and_nothing_is_made(
    app: Flask, stranger: Any, change: dict[str, str], words: str
) -> None:
    answer = stranger.post("/sign-up", data={**GOOD, **change})
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="Ana Pop"' in answer.text  # what was typed is not lost
    assert "seven blue lorries" not in answer.text  # but a password is never sent back
    assert rows(app) == (0, 0, 0)


def test_a_taken_address_makes_no_second_account(app: Flask, cast: Any, stranger: Any) -> None:
    before = rows(app)
    assert stranger.post("/sign-up", data={**GOOD, "email": "ALICE@alpha.example"}).status_code == 422
    assert rows(app) == before


def test_names_are_one_line(app: Flask, stranger: Any) -> None:
    stranger.post("/sign-up", data={**GOOD, "workspace": "Carpat\r\nBcc: x@evil.example\x00"})
    with app.app_context():
        assert db.session.scalars(select(Workspace.name)).one() == "Carpat Bcc: x@evil.example"


def test_the_choice_of_a_country_fills_in_the_rest(stranger: Any) -> None:
    part = stranger.get("/sign-up?country=VN", headers={"HX-Request": "true", "HX-Target": "region"}).text
    assert "<html" not in part
    assert '<option selected value="Asia/Ho_Chi_Minh">' in part
    assert '<option selected value="VND">' in part


def test_the_browsers_country_is_the_first_guess(stranger: Any) -> None:
    assert '<option selected value="RO">' in stranger.get("/sign-up", headers={"Accept-Language": "ro-RO,ro"}).text


def test_every_country_has_a_currency_or_asks_for_one() -> None:
    codes = [code for code, _name in places.countries()]
    assert len(codes) > 240
    assert {places.zone_of(c) for c in ("RO", "VN", "DE", "FR")} == {
        "Europe/Bucharest", "Asia/Ho_Chi_Minh", "Europe/Berlin", "Europe/Paris",
    }  # fmt: skip
    assert places.zone_of("US") == ""
    assert [c for c in codes if not places.currency_of(c)] == ["AQ"]
    assert places.language_of("RO", ("en", "ro")) == "ro" and places.language_of("RO", ("en",)) == "en"
