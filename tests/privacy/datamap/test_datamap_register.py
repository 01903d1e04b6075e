"""The register of recipients: its form, what it refuses and where it says so, what strangers read of it."""

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
from sqlalchemy import select

from logicrm.config import BadSetting
from logicrm.core import files, tenancy
from logicrm.core.egress import Listed
from logicrm.extensions import db
from logicrm.privacy import datamap, profile, vocabulary
from logicrm.privacy.datamap import register, rules
from logicrm.privacy.datamap.models import Recipient
from tests.conftest import Cast
from tests.privacy.registering import HOST, SIGNED, add, days, policy, run_under

LIST = "/privacy/desk/recipients"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def sent(**others: Any) -> dict[str, Any]:
    """What the browser sends for an entry that is in order."""
    return {
        "category": "messaging", "name": "Postbird", "role": "processor", "country": "DE", "mechanism": "home",
        "kinds": ["contact", "communication"], "hosts": HOST, "contract_on": SIGNED.isoformat(),
        "secrecy_on": SIGNED.isoformat(), "revision": "0", **others,
    }  # fmt: skip


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def error_at(page: str, field: str) -> str:
    found = re.search(rf'id="{field}-error">.*?<span class="sr-only">[^<]*</span>([^<]*)<', page, re.S)
    return html.unescape(found[1]).strip() if found else ""


def stored(app: Flask, cast: Cast) -> list[Recipient]:
    with tenancy.working_in(app, cast.alpha):
        return list(db.session.scalars(select(Recipient).order_by(Recipient.id)))


def test_what_the_policy_names_is_there_before_anybody_wrote_it(app: Flask, alice: FlaskClient, cast: Cast) -> None:
    page = text_of(alice.get(LIST).text)
    jobs = {one.category for one in profile.load("logicrm").recipients}
    assert len(jobs) == 5 and all(str(vocabulary.RECIPIENTS[job]) in page for job in jobs)
    assert page.count("Not filled in") == 5 and stored(app, cast) == []
    prefilled = alice.get(f"{LIST}/new?job=payments").text
    assert '<option selected value="payments">' in prefilled and re.search(
        r'value="financial"[^>]*checked|checked[^>]*value="financial"', prefilled
    )


def test_an_entry_is_written_shown_and_changed(app: Flask, alice: FlaskClient, cast: Cast) -> None:
    assert alice.post(f"{LIST}/new", data=sent()).status_code == 303
    [row] = stored(app, cast)
    assert (row.name, row.country, row.hosts, row.data, row.contract_on) == (
        "Postbird", "DE", [HOST], ["contact", "communication"], SIGNED
    )  # fmt: skip
    assert "In order" in text_of(alice.get(LIST).text)
    changed = alice.post(f"{LIST}/{row.id}", data=sent(name="Postbird Two", revision="1"))
    assert changed.status_code == 303
    assert [(one.name, one.revision) for one in stored(app, cast)] == [("Postbird Two", 2)]


@pytest.mark.parametrize(
    ("field", "change", "says"),
    [
        ("mechanism", {"country": "US", "mechanism": "privacy_shield"}, "struck it down on 16 July 2020"),
        ("mechanism", {"country": "US", "mechanism": "safe_harbor"}, "struck it down on 6 October 2015"),
        ("mechanism", {"country": "US", "mechanism": "home"}, "outside your region"),
        ("category", {"category": ""}, "Choose a job"),
        ("category", {"category": "carriers"}, "Choose from the list"),
        ("name", {"name": "  "}, "Fill this in"),
        ("kinds", {"kinds": []}, "at least one kind"),
        ("hosts", {"hosts": "https://smtp.example.com/x"}, "no name of a server"),
        ("hosts", {"hosts": "smtp.example.com:25"}, "no name of a server"),
        ("hosts", {"hosts": "localhost"}, "no name of a server"),
        ("contract_ends", {"contract_ends": "2024-01-01"}, "before it begins"),
        ("contract_on", {"contract_on": "2090-01-01"}, "still to come"),
        ("secrecy_on", {"secrecy_on": "2090-01-01"}, "still to come"),
        ("contact_email", {"contact_email": "nobody"}, "e-mail address"),
        ("role", {"role": "controller"}, "does not ask people"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_written(
    app: Flask, alice: FlaskClient, cast: Cast, field: str, change: dict[str, Any], says: str
) -> None:
    answer = alice.post(f"{LIST}/new", data=sent(**change))
    assert answer.status_code == 422 and stored(app, cast) == []
    assert says in error_at(answer.text, field), error_at(answer.text, field) or text_of(answer.text)[:2000]
    assert f'href="#{field}"' in answer.text  # the list of errors leads there


def test_under_an_eea_policy_a_country_outside_is_refused_whatever_its_safeguard(
    app: Flask, alice: FlaskClient, cast: Cast
) -> None:
    with app.app_context():
        run_under(cast.alpha, "logicnet")
    answer = alice.post(f"{LIST}/new", data=sent(country="US", mechanism="scc"))
    assert answer.status_code == 422
    assert "European Economic Area" in error_at(answer.text, "country")
    assert alice.post(f"{LIST}/new", data=sent(country="FR")).status_code == 303


def test_a_server_belongs_to_one_firm(app: Flask, alice: FlaskClient, cast: Cast) -> None:
    alice.post(f"{LIST}/new", data=sent())
    answer = alice.post(f"{LIST}/new", data=sent(name="Other"))
    assert answer.status_code == 422 and "for Postbird" in error_at(answer.text, "hosts")
    assert alice.post(f"{LIST}/new", data=sent(name="Gone", ended_on=days(-1).isoformat())).status_code == 303


def test_two_who_save_at_once_do_not_overwrite_each_other(
    app: Flask, alice: FlaskClient, pia: FlaskClient, cast: Cast
) -> None:
    alice.post(f"{LIST}/new", data=sent())
    [row] = stored(app, cast)
    assert pia.post(f"{LIST}/{row.id}", data=sent(name="Pia's", revision="1")).status_code == 303
    late = alice.post(f"{LIST}/{row.id}", data=sent(name="Alice's", revision="1"))
    assert late.status_code == 409 and "Alice&#39;s" in late.text and 'name="revision" value="2"' in late.text
    assert [one.name for one in stored(app, cast)] == ["Pia's"]


def test_a_manager_reads_and_does_not_write(app: Flask, mona: FlaskClient, alice: FlaskClient, cast: Cast) -> None:
    alice.post(f"{LIST}/new", data=sent())
    [row] = stored(app, cast)
    assert (
        mona.get(f"{LIST}/{row.id}").status_code == 200
        and "Save in the register" not in mona.get(f"{LIST}/{row.id}").text
    )
    assert mona.post(f"{LIST}/{row.id}", data=sent(name="Mona's", revision="1")).status_code == 403
    assert mona.post(f"{LIST}/public", data={"names": "1"}).status_code == 403
    assert [one.name for one in stored(app, cast)] == ["Postbird"]


def test_the_contract_is_stored_and_comes_back(
    app: Flask, alice: FlaskClient, cast: Cast, mallory: FlaskClient
) -> None:
    alice.post(f"{LIST}/new", data=sent(contract=(io.BytesIO(PDF), "contract.pdf")), content_type="multipart/form-data")
    [row] = stored(app, cast)
    answer = alice.get(f"{LIST}/{row.id}/contract/download")
    assert (answer.status_code, answer.data) == (200, PDF)
    assert mallory.get(f"{LIST}/{row.id}/contract/download").status_code == 404
    wrong = alice.post(
        f"{LIST}/{row.id}", data=sent(revision="1", contract=(io.BytesIO(b"MZ\x00"), "contract.exe")),
        content_type="multipart/form-data",
    )  # fmt: skip
    assert wrong.status_code == 422 and "contract.exe" not in text_of(wrong.text)
    assert stored(app, cast)[0].revision == 1
    newer = PDF.replace(b"1.4", b"1.5")
    alice.post(
        f"{LIST}/{row.id}", data=sent(revision="1", contract=(io.BytesIO(newer), "new.pdf")),
        content_type="multipart/form-data",
    )  # fmt: skip
    assert alice.get(f"{LIST}/{row.id}/contract/download").data == newer
    with tenancy.working_in(app, cast.alpha):
        assert [one.name for one in db.session.scalars(select(files.StoredFile))] == ["new.pdf"]


# Problems ------------------------------------------------------------------------------------------


def test_the_list_says_what_is_missing_and_what_stops_the_gate(app: Flask, alice: FlaskClient, cast: Cast) -> None:
    with tenancy.working_in(app, cast.alpha):
        add(cast.users["alice"], secrecy_on=None)
        found = rules.problems(register.written()[0], policy(), days(0))
        assert [(one.code, one.blocks) for one in found] == [("secrecy", False)]
        run_under(cast.alpha, "logicnet")
    assert "Incomplete" in text_of(alice.get(LIST).text)
    with tenancy.working_in(app, cast.alpha):
        db.session.execute(Recipient.__table__.update().values(contract_on=None))
        db.session.commit()
    assert "Nothing is sent" in text_of(alice.get(LIST).text)


# The operator's list -------------------------------------------------------------------------------


def test_what_the_operator_lists_stands_in_every_register_until_somebody_takes_it_over(
    app: Flask, alice: FlaskClient, monkeypatch: pytest.MonkeyPatch, cast: Cast
) -> None:
    rows = (Listed(HOST, "messaging", "Postbird", "DE", "home"),)
    monkeypatch.setattr(app.extensions["logicrm.egress"], "listed", rows)
    assert "listed by the operator" in text_of(alice.get(LIST).text)
    assert (
        f'value="{HOST}"' in alice.get(f"{LIST}/new?job=messaging&host={HOST}").text
        or HOST in alice.get(f"{LIST}/new?job=messaging&host={HOST}").text
    )
    alice.post(f"{LIST}/new", data=sent(name="Postbird, ours"))
    page = text_of(alice.get(LIST).text)
    assert "Postbird, ours" in page and "listed by the operator" not in page


@pytest.mark.promise("transfers.void")
@pytest.mark.parametrize(
    ("row", "says"),
    [
        (Listed("x.example", "messaging", "X", "US", "privacy_shield"), "struck it down on 16 July 2020"),
        (Listed("x.example", "fun", "X", "US", "scc"), "no job"),
        (Listed("x.example", "messaging", "X", "US", "hope"), "no safeguard"),
    ],
)
def test_the_operator_cannot_list_what_is_impossible(row: Listed, says: str) -> None:
    with pytest.raises(BadSetting, match=says):
        datamap._check(row)


# For strangers -------------------------------------------------------------------------------------


def test_the_policy_page_names_jobs_or_firms_as_the_owner_chose(
    app: Flask, cast: Cast, alice: FlaskClient, stranger: FlaskClient
) -> None:
    assert "recipients-now" not in stranger.get("/w/alpha/privacy").text
    alice.post(f"{LIST}/new", data=sent())
    by_job = stranger.get("/w/alpha/privacy").text.split('id="recipients-now"')[1]
    assert "E-mail and marketing automation" in by_job and "Germany" in by_job and "Postbird" not in by_job
    assert alice.post(f"{LIST}/public", data={"names": "1"}).status_code == 303
    by_name = stranger.get("/w/alpha/privacy").text.split('id="recipients-now"')[1]
    assert "Postbird" in by_name
    data = stranger.get("/w/alpha/privacy/policy.json").json["recipients_now"]
    assert data["named"] is True and data["recipients"][0]["firms"] == "Postbird"
    assert "recipients-now" not in stranger.get("/w/bravo/privacy").text


def test_files_of_the_register(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    alice.post(f"{LIST}/new", data=sent(name="=cmd()"))
    rows = list(csv.reader(io.StringIO(alice.get(f"{LIST}.csv").data.decode("utf-8-sig"))))
    assert len(rows) == 6 and rows[0][:2] == ["Job", "Firm"]
    assert "'=cmd()" in [row[1] for row in rows]  # no spreadsheet runs it
    data = alice.get(f"{LIST}.json").json["recipients"]
    assert {one["known_from"] for one in data} == {"register", "policy"}
    assert alice.get(f"{LIST}.pdf").data.startswith(b"%PDF")


def test_two_workspaces_have_two_registers(app: Flask, cast: Cast, alice: FlaskClient, mallory: FlaskClient,
                                           inside: Callable[..., Any]) -> None:  # fmt: skip
    alice.post(f"{LIST}/new", data=sent())
    [row] = stored(app, cast)
    assert "Postbird" not in mallory.get(LIST).text
    assert mallory.get(f"{LIST}/{row.id}").status_code == 404
    assert mallory.post(f"{LIST}/{row.id}", data=sent(name="Mine", revision="1")).status_code == 404
    assert [one.name for one in stored(app, cast)] == ["Postbird"]
