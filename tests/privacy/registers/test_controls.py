"""Controls: which the policy asks for, by when, what shows it, whom it reminds, and what the public page says."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from logicrm.core import files, jobs_worker, mail, promises, tenancy
from logicrm.core.errors import Refused
from logicrm.core.promises import State
from logicrm.extensions import db
from logicrm.privacy import profile, versions
from logicrm.privacy.registers import controls, jobs
from logicrm.privacy.registers.models import Control, ControlEvidence
from tests.conftest import Cast
from tests.privacy.registers.acting import PDF, business, runs, upload

DAY = date(2033, 3, 15)
NOON = datetime(2033, 3, 15, 12, tzinfo=UTC)
LOGICRM = profile.load("logicrm")


def shown(key: str, done_on: date, by: Any, *, now: datetime = NOON) -> None:
    controls.add_evidence(key, done_on=done_on, words="Seen.", upload=None, by=by, today=now.date(), now=now)
    db.session.flush()


def state(promise_id: str, now: datetime) -> State:
    promises.load_all()
    return promises.registry.look(promise_id, now).state


@pytest.mark.parametrize(
    ("name", "has", "has_not"),
    [
        ("logicrm", {"screening", "training", "data_centre"}, {"pentest", "assurance", "jurisdiction"}),
        ("crmsoftware", {"pentest", "assurance", "emergencies"}, {"screening", "jurisdiction"}),
        ("logitrack", {"jurisdiction", "confidentiality"}, {"audit", "training"}),
        ("loro", {"audit", "business_transfer"}, {"training", "jurisdiction"}),
    ],
)
@pytest.mark.usefixtures("in_workspace")
def test_only_what_the_policy_asks_for_is_in_the_register(name: str, has: set[str], has_not: set[str]) -> None:
    keys = {row.key for row in controls.register(profile.load(name), DAY)}
    assert has <= keys
    assert not has_not & keys


@pytest.mark.parametrize(
    ("name", "key", "done_on", "due_on"),
    [
        ("logicrm", "audit", date(2033, 1, 31), date(2034, 1, 31)),
        ("crmsoftware", "audit", date(2033, 1, 31), date(2033, 2, 28)),  # every month, and February is short
        ("crmsoftware", "audit", date(2032, 1, 31), date(2032, 2, 29)),
        ("logicrm", "patching", date(2033, 2, 28), date(2033, 3, 28)),
        ("logicrm", "training", date(2032, 2, 29), date(2033, 2, 28)),
    ],
)
def test_the_next_day_is_the_last_one_plus_the_cadence_of_the_policy(
    cast: Cast, inside: Any, name: str, key: str, done_on: date, due_on: date
) -> None:
    with inside():
        shown(key, done_on, cast.users["pia"])
        row = controls.one(profile.load(name), key, DAY)
        assert row is not None
        assert row.due_on == due_on


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2033, 3, 16), controls.KEPT),
        (date(2034, 2, 28), controls.KEPT),
        (date(2034, 3, 1), controls.DUE_SOON),
        (date(2034, 3, 15), controls.DUE_SOON),
        (date(2034, 3, 16), controls.OVERDUE),
    ],
)
def test_a_control_is_in_date_to_its_last_day(cast: Cast, inside: Any, today: date, expected: str) -> None:
    with inside():
        shown("training", DAY, cast.users["pia"])
        row = controls.one(LOGICRM, "training", today)
        assert row is not None and row.state == expected


# What the page of promises says ---------------------------------------------------------------------


@pytest.mark.promise("P-LOGI-25")
def test_a_promise_of_people_is_grey_then_kept_then_overdue(cast: Cast, inside: Any) -> None:
    with inside():
        assert state("P-LOGI-25", NOON) is State.NO_EVIDENCE
        controls.set_owner("training", cast.users["mona"], by=cast.users["pia"], today=DAY)
        assert state("P-LOGI-25", NOON) is State.NO_EVIDENCE, "an owner alone shows nothing"
        shown("training", DAY, cast.users["pia"])
        assert state("P-LOGI-25", NOON) is State.KEPT
        assert state("P-LOGI-25", datetime(2034, 3, 15, 21, 59, tzinfo=UTC)) is State.KEPT  # 23:59 in Bucharest
        assert state("P-LOGI-25", datetime(2034, 3, 15, 22, 1, tzinfo=UTC)) is State.OVERDUE
        found = promises.registry.look("P-LOGI-25", datetime(2034, 4, 1, tzinfo=UTC))
        assert "15 Mar 2033" in str(found.figure) and "15 Mar 2034" in str(found.figure)


def test_a_promise_with_two_controls_wants_both(cast: Cast, inside: Any) -> None:
    with inside():
        runs("crmsoftware", cast.alpha)
        shown("audit", DAY, cast.users["pia"])
        assert state("P-SOFT-30", NOON) is State.NO_EVIDENCE
        shown("pentest", DAY, cast.users["pia"])
        assert state("P-SOFT-30", NOON) is State.KEPT
        a_month_on = NOON + timedelta(days=32)
        assert state("P-SOFT-30", a_month_on) is State.OVERDUE, "audits are monthly there, and only there"
        runs("logicrm", cast.alpha)
        assert state("P-LOGI-28", a_month_on) is State.KEPT


def test_one_workspace_s_evidence_is_not_another_s(cast: Cast, inside: Any) -> None:
    with inside():
        shown("training", DAY, cast.users["pia"])
        db.session.commit()
    with inside(cast.bravo):
        assert state("P-LOGI-25", NOON) is State.NO_EVIDENCE


def test_the_public_page_shows_days_and_no_document(pia: FlaskClient, stranger: FlaskClient) -> None:
    today = datetime.now(UTC).date()
    sent = pia.post(
        "/privacy/controls/training/evidence",
        data={
            "e-done_on": today.isoformat(),
            "e-words": "Nobody was missing",
            "e-document": (io.BytesIO(PDF), "list.pdf"),
        },
    )
    assert sent.status_code == 303
    page = stranger.get("/w/alpha/privacy/promises").text
    row = page[page.index('id="p-logi-25"') :].split("</tr>")[0]
    assert "Kept" in row and "done on" in row
    assert "Nobody was missing" not in page and "list.pdf" not in page and "controls/" not in page


# The pages ------------------------------------------------------------------------------------------


def test_evidence_is_kept_encrypted_and_comes_back(
    app: Flask, cast: Cast, pia: FlaskClient, mallory: FlaskClient
) -> None:
    marked = PDF + b"% a very unusual sentence about lorries"
    sent = pia.post(
        "/privacy/controls/audit/evidence",
        data={"e-done_on": "2026-01-05", "e-words": "", "e-document": (io.BytesIO(marked), "audit.pdf")},
    )
    assert sent.status_code == 303
    with tenancy.working_in(app, cast.alpha):
        evidence = db.session.query(ControlEvidence).one()
        stored = controls.document(evidence.id)
        assert stored is not None and evidence.given_by == cast.users["pia"]
        with files.store().open(stored.storage_key) as lying:
            assert b"unusual sentence" not in lying.read()
        address = f"/privacy/controls/evidence/{evidence.id}/document"
    assert pia.get(address).data == marked
    assert mallory.get(address).status_code == 404
    assert 'href="' + address in pia.get("/privacy/controls/audit").text


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"e-done_on": "2199-01-01", "e-words": "x"}, "still to come"),
        ({"e-done_on": "2026-01-01", "e-words": " "}, "Add a document"),
        ({"e-done_on": "", "e-words": "x"}, "Fill this in"),
    ],
)
def test_evidence_that_shows_nothing_is_refused_at_its_field(
    pia: FlaskClient, values: dict[str, str], says: str
) -> None:
    answer = pia.post("/privacy/controls/audit/evidence", data=values)
    assert answer.status_code == 422
    assert says in answer.text


def test_a_program_is_no_evidence(app: Flask, cast: Cast, pia: FlaskClient) -> None:
    sent = pia.post(
        "/privacy/controls/audit/evidence",
        data={"e-done_on": "2026-01-05", "e-document": (io.BytesIO(b"MZ\x90\x00"), "audit.exe")},
    )
    assert sent.status_code == 422
    with tenancy.working_in(app, cast.alpha):
        assert db.session.query(ControlEvidence).count() == 0


def test_a_control_that_the_policy_does_not_ask_for_is_missing(pia: FlaskClient) -> None:
    assert pia.get("/privacy/controls/jurisdiction").status_code == 404
    assert pia.post("/privacy/controls/jurisdiction/evidence", data={}).status_code == 404


def test_the_manager_looks_and_does_not_write(mona: FlaskClient, bob: FlaskClient) -> None:
    assert mona.get("/privacy/controls").status_code == 200
    assert "Add evidence" not in mona.get("/privacy/controls/audit").text
    assert mona.post("/privacy/controls/audit/evidence", data={"e-done_on": "2026-01-05"}).status_code == 403
    assert bob.get("/privacy/controls").status_code == 403


def test_only_a_member_can_own_a_control(app: Flask, cast: Cast, pia: FlaskClient) -> None:
    foreign = pia.post("/privacy/controls/audit/owner", data={"o-owner_id": str(cast.users["mallory"])})
    assert foreign.status_code == 422
    assert pia.post("/privacy/controls/audit/owner", data={"o-owner_id": "x"}).status_code == 422
    driver = pia.post("/privacy/controls/audit/owner", data={"o-owner_id": str(cast.users["dan"])})
    assert driver.status_code == 422, "a reminder would lead to a page that is closed to them"
    assert str(cast.users["dan"]) not in pia.get("/privacy/controls/audit").text
    assert pia.post("/privacy/controls/audit/owner", data={"o-owner_id": str(cast.users["mona"])}).status_code == 303
    with tenancy.working_in(app, cast.alpha):
        assert db.session.query(Control).one().owner_id == cast.users["mona"]


# Reminding ------------------------------------------------------------------------------------------


def reminded(app: Flask, cast: Cast, day: date) -> int:
    with tenancy.working_in(app, cast.alpha):
        here = business()
        sent = controls.remind(here, versions.policy_in_force(here, NOON), today=day)
        db.session.commit()
        return sent


def test_somebody_is_reminded_once_before_once_after_and_again_every_two_weeks(app: Flask, cast: Cast) -> None:
    with tenancy.working_in(app, cast.alpha):
        for demand in controls.demanded(LOGICRM):  # everything else is in date, so that one control is heard alone
            controls.add_evidence(
                demand.key, done_on=DAY if demand.key == "training" else date(2040, 1, 1), words="x", upload=None,
                by=cast.users["pia"], today=date(2041, 1, 1), now=NOON,
            )  # fmt: skip
        controls.set_owner("training", cast.users["mona"], by=cast.users["pia"], today=DAY)
        db.session.commit()
    due = date(2034, 3, 15)
    wanted = {
        due - timedelta(days=15): 0, due - timedelta(days=14): 1, due - timedelta(days=13): 0, due: 0,
        due + timedelta(days=1): 1, due + timedelta(days=2): 0, due + timedelta(days=14): 0, due + timedelta(days=15): 1,
    }  # fmt: skip
    assert {day: reminded(app, cast, day) for day in wanted} == wanted
    jobs_worker.run_worker(app, until_idle=True)
    with tenancy.working_in(app, cast.alpha):
        sent = [one for one in mail.recent() if one.subject.startswith(("Due", "Overdue"))]
        assert {one.to_address for one in sent} == {"mona@alpha.example"}
        assert sum(one.subject.startswith("Overdue") for one in sent) == 2
        assert all("/privacy/controls/training" in one.text for one in sent)
        assert all("give the document" in one.text for one in sent), "mona may look, and not write"


def test_where_nobody_owns_it_the_officer_is_reminded(app: Flask, cast: Cast) -> None:
    with tenancy.working_in(app, cast.alpha):
        controls.ensure("training", today=DAY)
        db.session.commit()
    assert reminded(app, cast, DAY + controls.FIRST_WITHIN + timedelta(days=1)) >= 1
    with tenancy.working_in(app, cast.alpha):
        assert {one.to_address for one in mail.recent()} == {"pia@alpha.example"}


def test_the_daily_job_begins_what_the_policy_newly_asks_for(app: Flask, cast: Cast) -> None:
    with app.app_context():
        jobs.remind_everywhere(app, now=NOON)
    for place in (cast.alpha, cast.bravo):
        with tenancy.working_in(app, place):
            begun = {one.key: one.began_on for one in db.session.query(Control)}
            assert begun.keys() == {demand.key for demand in controls.demanded(LOGICRM)}
            assert set(begun.values()) == {DAY}


def test_two_first_words_on_a_control_make_one_row(cast: Cast, inside: Any) -> None:
    with inside():
        assert controls.ensure("audit", today=DAY).id == controls.ensure("audit", today=DAY).id
        with pytest.raises(Refused):
            controls.set_owner("audit", cast.users["mallory"], by=cast.users["pia"], today=DAY)
        controls.add_evidence(
            "audit", done_on=DAY, words="", upload=upload(), by=cast.users["pia"], today=DAY, now=NOON
        )
        db.session.flush()
        assert db.session.query(Control).count() == 1


def test_today_shows_what_is_late_to_who_can_mend_it(
    app: Flask, cast: Cast, pia: FlaskClient, mona: FlaskClient
) -> None:
    with tenancy.working_in(app, cast.alpha):
        controls.add_evidence(
            "patching", done_on=date(2026, 1, 1), words="x", upload=None, by=None, today=DAY, now=NOON
        )
        db.session.commit()
    assert "Security updates" in pia.get("/today/").text
    assert "Security updates" not in mona.get("/today/").text
