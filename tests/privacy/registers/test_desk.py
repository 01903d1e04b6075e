"""The officer's desk: everything that waits on one page, each figure with its rows; and a breach from the browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from logicrm.core import promises, tenancy, watermarks
from logicrm.core.schema import new_id
from logicrm.core.watermarks import leave_watermark
from logicrm.extensions import db
from logicrm.privacy.models import RetentionRun
from logicrm.privacy.registers import controls, desk, waiting
from logicrm.privacy.registers.models_breach import BreachNotice
from tests.conftest import Cast
from tests.privacy.acting import asked
from tests.privacy.registers.acting import found_breach

BUCHAREST = ZoneInfo("Europe/Bucharest")


def minute(moment: datetime) -> str:
    return moment.astimezone(BUCHAREST).strftime("%Y-%m-%dT%H:%M")


def test_the_desk_shows_what_waits_with_what_is_left(app: Flask, cast: Cast, pia: FlaskClient) -> None:
    now = datetime.now(UTC)
    with tenancy.working_in(app, cast.alpha):
        asked(now - timedelta(days=27), "Tell me")
        found_breach(cast.users["pia"], now - timedelta(hours=60), now)
        today = now.astimezone(BUCHAREST).date()
        controls.add_evidence(
            "patching", done_on=today - timedelta(days=40), words="x", upload=None, by=None, today=today, now=now
        )
        runs = (new_id(), new_id())  # what ran at the same moment is one night
        counts = (("lead.last_contact_at", 5, 5), ("contact.last_contact_at", 3, 1))
        for run, (executor, due, acted) in zip(runs, counts, strict=True):
            db.session.add(
                RetentionRun(
                    id=new_id(), run_id=run, workspace_id=cast.alpha, executor=executor, data_class="leads", cutoff=now,
                    due=due, acted=acted, ran_at=now,
                )
            )  # fmt: skip
        db.session.commit()
    page = pia.get("/privacy/desk").text
    assert "Lost scanner" in page and "Authority:" in page and re.search(r"1[12] hours left", page)
    assert "Tell me more about the data" in page
    assert re.search(r"\d days? (left|late)", page)
    assert "Security updates of system and program are in" in page
    assert "6 rows went" in page and "2 rows left" in page and page.count(" rows went") == 1
    assert "Nothing published yet" in page


def test_a_broken_promise_comes_first_and_leads_to_its_page(app: Flask, cast: Cast, pia: FlaskClient) -> None:
    now = datetime.now(UTC)
    before = pia.get("/privacy/desk").text
    assert "No promise is known to be broken or overdue." in before
    with tenancy.working_in(app, cast.alpha):
        leave_watermark("check:routes", ran_at=now, rows_considered=9, rows_acted=9)
        leave_watermark("check:sessions", ran_at=now, rows_considered=7, rows_acted=4, rows_overdue=3)
        leave_watermark("check:opt_in", ran_at=now, rows_considered=1, rows_acted=1)
        db.session.commit()
    assert 'href="/privacy/desk/promises/P-LOGI-21"' in pia.get("/privacy/desk").text
    rows = pia.get("/privacy/desk/promises").text.split("<tbody>")[1].split("<tr>")[1:]
    states = [
        next(word for word in ("Not kept", "Overdue", "No evidence yet", "Kept") if f"{word}</span>" in row)
        for row in rows
    ]
    assert len(rows) == 66
    assert "P-LOGI-21" in rows[0] and states[0] == "Not kept"
    assert states == sorted(states, key=("Not kept", "Overdue", "No evidence yet", "Kept").index)
    assert len(set(states)) == 3
    only = pia.get("/privacy/desk/promises?state=breached").text.split("<tbody>")[1]
    assert only.count("<tr>") == states.count("Not kept")


def test_the_page_of_a_promise_shows_query_rows_and_time(
    app: Flask, cast: Cast, pia: FlaskClient, bob: FlaskClient
) -> None:
    now = datetime.now(UTC)
    with tenancy.working_in(app, cast.alpha):
        run = leave_watermark("check:routes", ran_at=now, rows_considered=321, rows_acted=320, rows_overdue=1)
        leave_watermark("check:sessions", ran_at=now, rows_considered=12, rows_acted=12)
        db.session.commit()
    page = pia.get("/privacy/desk/promises/P-LOGI-21").text
    assert "Not kept" in page
    assert str(run) in page
    for wanted in ("check:routes", "check:sessions", ">321<", "core.access:install", "watermark", "evidence_of"):
        assert wanted in page, wanted
    assert bob.get("/privacy/desk/promises/P-LOGI-21").status_code == 403
    assert pia.get("/privacy/desk/promises/P-NET-21").status_code == 404, "another policy's"


def test_the_rows_are_those_that_the_query_read(app: Flask, cast: Cast, inside: Any) -> None:
    now = datetime.now(UTC)
    with inside():
        watermarks.leave_watermark("check:routes", ran_at=now, rows_considered=1, rows_acted=1)
        watermarks.leave_watermark("check:other", ran_at=now, rows_considered=1, rows_acted=1)
        promises.load_all()
        assert desk.queries_of(promises.registry.get("P-LOGI-25"), now) == [], "people keep it"
        found = desk.queries_of(promises.registry.get("P-LOGI-21"), now)
        assert {mark.executor for one in found for mark in one.marks} == {"check:routes"}
        assert all(one.text and one.statements for one in found)


@pytest.mark.parametrize(("who", "status"), [("pia", 200), ("alice", 200), ("mona", 200), ("sue", 403), ("dan", 403)])
def test_who_may_see_the_desk(request: pytest.FixtureRequest, who: str, status: int) -> None:
    client: FlaskClient = request.getfixturevalue(who)
    assert client.get("/privacy/desk").status_code == status
    rail = client.get("/today/").text
    assert ('href="/privacy/desk"' in rail) == (status == 200)


def test_the_rail_has_one_way_to_privacy(sue: FlaskClient, pia: FlaskClient) -> None:
    rail = sue.get("/today/").text
    assert 'href="/privacy/requests"' in rail
    rail = pia.get("/today/").text.split("<main")[0]
    assert 'href="/privacy/desk"' in rail and 'href="/privacy/requests"' not in rail


def test_the_officer_lands_on_the_desk(pia: FlaskClient, alice: FlaskClient) -> None:
    assert pia.get("/").location == "/privacy/desk"
    assert alice.get("/").location == "/today/"


def test_today_costs_one_statement_for_all_registers(app: Flask, cast: Cast, inside: Any, count_queries: Any) -> None:
    now = datetime.now(UTC)
    with inside():
        own = found_breach(cast.users["pia"], now - timedelta(hours=5), now).id
        controls.ensure("audit", today=now.date())
        db.session.commit()
        with count_queries() as seen:
            found = waiting.waiting()
        assert len(seen) == 1
        ((breach, title, due_at),) = found.breaches
        assert (breach, title) == (own, "Lost scanner")
        assert abs(due_at - (now + timedelta(hours=67))) < timedelta(seconds=1)
        assert [(key, done) for key, _began, done in found.controls] == [("audit", None)]
    with inside(cast.bravo):
        assert waiting.waiting() == waiting.Waiting([], [], [])


# A breach in the browser ----------------------------------------------------------------------------


def test_a_breach_from_finding_to_closing(app: Flask, cast: Cast, pia: FlaskClient) -> None:
    now = datetime.now(UTC)
    found = now - timedelta(hours=80)
    form = {
        "title": "Open folder", "happened": "A folder could be read.", "detected_at": minute(found),
        "aware_at": minute(found), "data_kinds": ["contact", "identity"], "people_kinds": "recipients",
        "people_count": "12", "record_count": "-1",
    }  # fmt: skip
    assert "0 or more" in pia.post("/privacy/breaches/new", data=form).text
    made = pia.post("/privacy/breaches/new", data={**form, "record_count": "40"})
    assert made.status_code == 303
    address = made.location
    page = pia.get(address).text
    assert re.search(r"[78] hours late", page) and "GDPR Art. 33(1)" in page
    assert re.search(r"[78] hours late", pia.get("/privacy/breaches").text)
    assert "Open folder" in pia.get("/today/").text
    assert (
        pia.post(
            f"{address}/decide", data={"risk": "risk", "reasons": "r", "consequences": "c", "measures": "m"}
        ).status_code
        == 422
    )
    assert pia.post(f"{address}/triage", data={"at": minute(now), "measures": "Closed it."}).status_code == 303
    assert (
        pia.post(
            f"{address}/decide", data={"risk": "", "reasons": "r", "consequences": "c", "measures": "m"}
        ).status_code
        == 422
    )
    assert (
        pia.post(
            f"{address}/decide", data={"risk": "risk", "reasons": "r", "consequences": "c", "measures": "m"}
        ).status_code
        == 303
    )
    page = pia.get(address).text
    assert "The authority has to be told." in page and ">Close<" not in page
    late = {"sent_at": minute(now), "way": "form", "reference": "9"}
    refused = pia.post(f"{address}/authority", data=late)
    assert refused.status_code == 422 and "Say why" in refused.text
    with tenancy.working_in(app, cast.alpha):
        assert db.session.query(BreachNotice).count() == 0
    told = pia.post(f"{address}/authority", data={**late, "late_reason": "Nobody was there."})
    assert told.status_code == 303, told.text
    page = pia.get(address).text
    assert "Nobody was there." in page and "No clock runs." in page
    letter = re.search(r'href="(/privacy/breaches/notices/[^"]+)"', page)
    assert letter and pia.get(letter.group(1)).data.startswith(b"%PDF-")
    assert pia.get(f"{address}/letter.pdf").data.startswith(b"%PDF-")
    assert pia.post(f"{address}/close").status_code == 303
    assert "Closed" in pia.get(address).text
    assert pia.post(f"{address}/facts", data=form | {"record_count": "1"}).status_code == 422
    assert pia.post(f"{address}/reopen").status_code == 303
    assert pia.post(f"{address}/facts", data=form | {"record_count": "41", "title": "Open drawer"}).status_code == 303
    assert "Open drawer" in pia.get(address).text


@pytest.mark.parametrize("path", ["facts", "triage", "decide", "authority", "people"])
def test_the_manager_reads_a_breach_and_writes_nothing(app: Flask, cast: Cast, mona: FlaskClient, path: str) -> None:
    now = datetime.now(UTC)
    with tenancy.working_in(app, cast.alpha):
        own = found_breach(cast.users["pia"], now, now).id
        db.session.commit()
    assert mona.get(f"/privacy/breaches/{own}").status_code == 200
    assert mona.get(f"/privacy/breaches/{own}/{path}").status_code == 403
    assert mona.post(f"/privacy/breaches/{own}/{path}", data={}).status_code == 403
    assert "/triage" not in mona.get(f"/privacy/breaches/{own}").text
