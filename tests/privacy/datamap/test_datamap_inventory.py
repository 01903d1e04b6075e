"""The data map: it is whole, in words, with the figures of the policy, and counts only what is here."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from logicrm.core import pii, tenancy
from logicrm.extensions import db
from logicrm.privacy import profile
from logicrm.privacy.datamap import inventory
from logicrm.privacy.datamap.inventory import Filter
from tests.conftest import Cast
from tests.factories import plant_one_of_each
from tests.privacy.registering import add, days

MAP = "/privacy/desk/data-map"


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def declared() -> set[tuple[str, str]]:
    """Every personal column of the database, found without the map."""
    return {
        (table.name, column.name)
        for table in db.metadata.tables.values()
        for column in table.columns
        if isinstance(pii.declaration(column), pii.Personal)
    }


@pytest.mark.promise("census")
@pytest.mark.usefixtures("app")
def test_every_record_and_every_value_is_called_something_that_people_understand() -> None:
    assert inventory.unnamed() == []
    labels = [(inventory.area_label(inventory.area_of(one)), one.__tablename__) for one in inventory.models()]
    assert all(area and not area.islower() for area, _table in labels)


@pytest.mark.usefixtures("app")
def test_a_value_without_a_name_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from logicrm.privacy.datamap.models import Recipient

    table: Any = Recipient.__table__
    mark = pii.Personal("contact", "account", pii.Erase.BLANK, "", "legal", True, "contact_email")
    monkeypatch.setitem(table.columns["contact_email"].info, pii.INFO, mark)
    monkeypatch.setattr(Recipient, "__label__", "")
    assert inventory.unnamed() == ["recipient", "recipient.contact_email"]


@pytest.mark.promise("census")
@pytest.mark.parametrize("name", ["logicrm", "logicnet", "crmsoftware", "logitrack", "loro"])
def test_the_map_holds_every_personal_column_with_all_that_must_be_said(inside: Callable[..., Any], name: str) -> None:
    with inside():
        areas = inventory.made(profile.load(name), lang="en", today=days(0))
        found = {(table.name, one.name) for area in areas for table in area.tables for one in table.columns}
        assert found == declared()
        for area in areas:
            for table in area.tables:
                assert table.subject_words and table.keep and table.erasure, table.name
                assert "_" not in table.label
                for one in table.columns:
                    said = (one.label, one.category_words, one.purpose_words, one.source, one.keep, one.erasure)
                    assert all(text.strip() for text in said), f"{table.name}.{one.name}: {said}"
                    assert not one.purpose or one.basis, f"{table.name}.{one.name} has a purpose and no basis"


def test_the_figures_are_those_of_the_policy(inside: Callable[..., Any]) -> None:
    """Counted out by hand: leads are kept 2 years by LogiCRM; another figure shows at once."""
    with inside():
        for policy, said in (
            (profile.load("logicrm"), "2 years"),
            (profile.load("logicrm").with_values({"retention.leads.keep_for": "P5M"}), "5 months"),
        ):
            areas = inventory.made(policy, lang="en", today=days(0), wanted=Filter(area="leads"))
            lead = next(table for table in areas[0].tables if table.name == "lead")
            assert all(one.keep.startswith(said) for one in lead.columns) and lead.keep[0].startswith(said)


def test_what_erasure_does_is_what_the_declaration_says(inside: Callable[..., Any]) -> None:
    with inside():
        areas = inventory.made(profile.load("logicrm"), lang="en", today=days(0))
        tables = {table.name: table for area in areas for table in area.tables}
    assert all(one.erasure == "goes with its record" for one in tables["lead"].columns)
    assert {one.erasure for one in tables["shipment"].columns} == {"is emptied"}
    assert all("until the law lets it go" in one.erasure for one in tables["deletion"].columns)
    assert any("whole receiver" in note or "receiver of the shipment" in note for one in tables["shipment"].columns
               for note in one.notes)  # fmt: skip
    password = next(one for one in tables["user"].columns if one.name == "password_hash")
    assert "never part of a copy" in password.notes[0]


def test_recipients_are_those_that_get_this_kind_of_data(inside: Callable[..., Any], cast: Cast) -> None:
    with inside():
        add(cast.users["alice"], category="messaging", data=["contact"], hosts="")
        areas = inventory.made(profile.load("loro"), lang="en", today=days(0), wanted=Filter(area="leads"))
        lead = next(table for table in areas[0].tables if table.name == "lead")
        email = next(one for one in lead.columns if one.name == "email")
        name = next(one for one in lead.columns if one.name == "first_name")
    assert "E-mail and marketing automation" in email.recipients
    assert "E-mail and marketing automation" not in name.recipients and "Hosting and storage" in name.recipients


# Counting ------------------------------------------------------------------------------------------


def test_rows_are_those_of_this_workspace_and_counted_to_a_cap(
    app: Flask, cast: Cast, inside: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from logicrm.leads.services import add_lead

    plant_one_of_each(app, cast.bravo, cast.users["mallory"])
    with tenancy.working_in(app, cast.alpha):
        for number in range(3):
            add_lead({"company": f"Firm {number}"}, by=None, now=inventory_now())
        db.session.commit()

    def rows(name: str) -> tuple[int | None, str]:
        areas = inventory.made(profile.load("logicrm"), lang="en", today=days(0))
        table = next(table for area in areas for table in area.tables if table.name == name)
        return table.rows, table.rows_words

    with inside():
        assert rows("lead") == (3, "3 records")
        assert rows("contact")[0] == 0
        assert (
            rows("outgoing_mail")[0] == 0
        )  # a table of the installation that names the workspace: Bravo's is not ours
        assert rows("user")[0] is None and "whole installation" in rows("user")[1]
        monkeypatch.setattr(inventory, "CAP", 2)
        assert rows("lead") == (3, "more than 2 records")


def inventory_now() -> Any:
    from logicrm.core import clock

    return clock.now()


# The page ------------------------------------------------------------------------------------------


def test_the_page_is_in_words_and_filters(alice: FlaskClient) -> None:
    whole = text_of(alice.get(MAP).text)
    for word in ("Leads", "Customers", "Accounts of the team", "Names", "Password"):
        assert word.rstrip("s") in whole
    assert "password_hash" not in whole and "outgoing_mail" not in whole
    positions = text_of(alice.get(f"{MAP}?category=location").text)
    assert "Latitude" in positions and "Job title" not in positions
    found = text_of(alice.get(f"{MAP}?q=tax+code").text)
    assert "1 value" in found and "Tax code" in found
    nothing = text_of(alice.get(f"{MAP}?q=zzz&area=leads").text)
    assert "Nothing of this kind is held" in nothing
    team = text_of(alice.get(f"{MAP}?subject=account").text)
    assert "Accounts of the team" in team and "Further e-mail or phone" not in team


def test_the_files_hold_the_same(alice: FlaskClient) -> None:
    data = alice.get(f"{MAP}.json").json
    columns = {
        (table["table"], one["column"]) for area in data["areas"] for table in area["tables"] for one in table["columns"]
    }  # fmt: skip
    assert columns == declared()
    rows = list(csv.reader(io.StringIO(alice.get(f"{MAP}.csv").data.decode("utf-8-sig"))))
    assert {(row[-2], row[-1]) for row in rows[1:]} == declared()
    some = alice.get(f"{MAP}.json?category=location").json
    assert {one["category"] for area in some["areas"] for table in area["tables"] for one in table["columns"]} == {
        "location"
    }
    assert alice.get(f"{MAP}.pdf?area=leads").data.startswith(b"%PDF")


def test_a_new_personal_column_is_on_the_map_by_itself(alice: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    column = db.metadata.tables["lead"].columns["stage_since"]
    mark = pii.Personal("usage", "leads", pii.Erase.BLANK, "", "service", True, "Moved on the board")
    before = text_of(alice.get(f"{MAP}?area=leads").text)
    monkeypatch.setitem(column.info, pii.INFO, mark)
    assert "Moved on the board" not in before
    assert "Moved on the board" in text_of(alice.get(f"{MAP}?area=leads").text)


# What people read about themselves -----------------------------------------------------------------


def test_pages_about_oneself_speak_of_records_not_of_tables(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    page = text_of(alice.get("/privacy/mine").text)
    records = text_of(alice.get("/privacy/mine/records").text)
    assert "Accounts of the team" in records or "Accounts of the team" in page
    for name in db.metadata.tables:
        if "_" in name:
            assert name not in page + records and name.replace("_", " ").capitalize() not in _labels_apart(
                page + records
            ), name


def _labels_apart(text: str) -> str:
    """The text without labels that happen to be spelt like a table."""
    for model in inventory.models():
        text = text.replace(str(getattr(model, "__label__", "-")), "")
    return text
