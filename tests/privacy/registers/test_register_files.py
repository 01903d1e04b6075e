"""The registers as files, for a spreadsheet, a folder and a program."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from logicrm.core import tenancy
from logicrm.extensions import db
from logicrm.privacy import profile
from logicrm.privacy.promises.controls import demanded
from logicrm.privacy.registers import breaches, controls
from tests.conftest import Cast
from tests.privacy.registers.acting import asked, decided_breach


@pytest.fixture
def filled(app: Flask, cast: Cast) -> None:
    now = datetime.now(UTC)
    with tenancy.working_in(app, cast.alpha):
        pia = cast.users["pia"]
        controls.add_evidence(
            "training",
            done_on=date(2026, 1, 5),
            words="=All of us",
            upload=None,
            by=pia,
            today=date(2026, 1, 6),
            now=now,
        )
        breach = decided_breach(pia, now - timedelta(hours=90), now, risk="risk")
        breaches.tell_authority(
            breach.id, way="form", reference="", sent_at=now, late_reason="Nobody was there.", words="", by=pia, now=now
        )
        asked(profile.load("logicrm"), pia, now)
        db.session.commit()


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("kind", "count", "holds"),
    [
        ("controls", len(demanded(profile.load("logicrm"))), ["5 Jan 2026", "P-LOGI-25"]),
        ("breaches", 1, ["1: Lost scanner", "Nobody was there.", "It had no lock.", "Spam."]),
        ("disclosures", 1, ["1: District court", "shipments 17 and 18"]),
    ],
)
def test_a_register_as_csv_json_and_pdf(pia: FlaskClient, kind: str, count: int, holds: list[str]) -> None:
    answer = pia.get(f"/privacy/registers/{kind}.csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    head, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert len(rows) == count and {len(row) for row in rows} == {len(head)}
    told = pia.get(f"/privacy/registers/{kind}.json").get_json()
    assert len(told[kind]) == count
    for wanted in holds:
        assert wanted in answer.text
        assert wanted in str(told)
    assert not any(cell.startswith("=") for row in rows for cell in row), "no cell may be a formula"
    assert pia.get(f"/privacy/registers/{kind}.pdf").data.startswith(b"%PDF-")
    assert f"/privacy/registers/{kind}.csv" in pia.get(f"/privacy/{kind}").text


@pytest.mark.usefixtures("filled")
def test_files_are_for_those_who_may_look_and_of_their_workspace(
    bob: FlaskClient, mona: FlaskClient, mallory: FlaskClient
) -> None:
    assert bob.get("/privacy/registers/breaches.csv").status_code == 403
    assert mona.get("/privacy/registers/breaches.csv").status_code == 200
    assert "Lost scanner" not in mallory.get("/privacy/registers/breaches.csv").text
