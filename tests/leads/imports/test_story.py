"""The story: send a file, look at it, start it, see what came of it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from logicrm.core.files import StoredFile
from logicrm.core.jobs import Job
from logicrm.core.jobs_worker import run_worker
from logicrm.core.search import find
from logicrm.extensions import db
from logicrm.leads.imports.models import ImportProblem, ImportRun, RunState
from logicrm.leads.models import Lead, StageSum
from tests.leads.imports.helping import count_of, counts, csv_of, filled, imported, leads, run_of, send, sent, start

ROWS = (
    "Ana,Pop,Trans SRL,ana@trans.example,0721 234 567,Cluj,Romania,rail;sea,Asks for 20 pallets",
    "Ion,Ionescu,Mobila SA,ION@mobila.example;ion2@mobila.example,+40 21 312 3456,Bucuresti,RO,,",
    ",,,not an address,,,,,",
)


def test_a_file_is_looked_at_before_anything_is_imported(bob: Any, inside: Any) -> None:
    place = sent(bob, csv_of(*ROWS))
    page = bob.get(place).text
    for seen in ("ana@trans.example", "First Name", "Asks for 20 pallets", "Read again", "Start the import"):
        assert seen in page
    chosen = filled(page)
    assert chosen["col-3"] == "email" and chosen["col-4"] == "phone" and chosen["col-7"] == "tags"
    with inside():
        assert run_of(place).state == RunState.READY
        assert count_of(Lead) == 0


def test_a_file_becomes_leads(app: Any, bob: Any, inside: Any, cast: Any) -> None:
    place = imported(app, bob, csv_of(*ROWS), tag="Fair", source="Trade fair")
    with inside():
        assert counts(place) == (2, 0, 0, 1)
        run = run_of(place)
        assert run.state == RunState.DONE and run.total == run.next_row == 3
        ion, ana = leads()[0], leads()[1]
        ana, ion = (ana, ion) if ana["email"].startswith("ana") else (ion, ana)
        assert (ana["first_name"], ana["last_name"], ana["company"]) == ("Ana", "Pop", "Trans SRL")
        assert (ana["email"], ana["phone"], ana["phone_typed"]) == ("ana@trans.example", "+40721234567", "0721 234 567")
        assert (ana["country"], ana["tags"], ana["source"]) == ("RO", ["rail", "sea", "Fair"], "Trade fair")
        assert ana["owner_id"] == cast.users["bob"] and ana["source_kind"] == "import"
        assert ion["email"] == "ion@mobila.example" and ion["further"] == [("email", "ion2@mobila.example")]
        assert ion["tags"] == ["Fair"]
        assert len(find("asks", kinds=("lead",))) == 0 and len(find("pop", kinds=("lead",))) == 1
        assert sum(s.leads for s in db.session.scalars(select(StageSum))) == 2


def test_the_file_is_kept_encrypted_and_deleted_after_the_import(app: Any, bob: Any, inside: Any) -> None:
    folder = app.config["INSTANCE"] / "files"
    before = set(folder.rglob("*"))
    place = sent(bob, csv_of(*ROWS))
    with inside():
        assert run_of(place).sample and count_of(StoredFile) == 1
    stored = [p for p in set(folder.rglob("*")) - before if p.is_file()]
    assert stored and not any(b"ana@trans" in p.read_bytes() for p in stored)
    assert start(bob, place).status_code == 303
    run_worker(app, until_idle=True, threads=1)
    with inside():
        assert count_of(StoredFile) == 0 and run_of(place).sample == []
    assert not any(p.exists() for p in stored)


def test_the_result_says_numbers_and_offers_undo_and_the_failed_rows(app: Any, bob: Any) -> None:
    place = imported(app, bob, csv_of(*ROWS))
    page = bob.get(place).text
    assert "Undo this import" in page and "Download these rows" in page and "1 row was not imported" in page
    assert "hx-trigger" not in page  # it has ended: nobody asks again
    assert "leads.csv" in bob.get("/leads/import").text


def test_failed_rows_come_back_as_a_file_that_can_be_imported_again(app: Any, bob: Any, inside: Any) -> None:
    place = imported(app, bob, csv_of(*ROWS, 'Eva,Munteanu,"=cmd()",eva@x.example,,,Nowhereland,,'))
    answer = bob.get(f"{place}/problems.csv")
    assert answer.status_code == 200 and answer.headers["Content-Disposition"].startswith("attachment")
    text = answer.data.decode("utf-8-sig")
    assert text.splitlines()[0] == "First Name,Last Name,Company,Email,Phone,City,Country,Tags,Note,Problem"
    assert "not an e-mail address" in text and "'=cmd()" in text and "No country of this name" in text
    mended = text.replace("Nowhereland", "Romania").replace("not an address", "third@x.example")
    again = imported(app, bob, mended.encode(), "mended.csv")
    with inside():
        assert counts(again) == (2, 0, 0, 0)
        assert {row["email"] for row in leads()} >= {"eva@x.example", "third@x.example"}
        assert next(r for r in leads() if r["email"] == "eva@x.example")["company"] == "=cmd()"


def test_two_clicks_start_one_import(app: Any, bob: Any, alice: Any, inside: Any) -> None:
    place = sent(bob, csv_of(*ROWS))
    form = filled(bob.get(place).text)
    assert [c.post(f"{place}/start", data=form).status_code for c in (bob, alice)] == [303, 303]
    with inside():
        assert count_of(ImportRun) == 1
        assert len(db.session.scalars(select(Job).where(Job.kind == "leads.import")).all()) == 1


def test_progress_is_a_fragment_that_asks_again_until_the_end(app: Any, bob: Any) -> None:
    place = sent(bob, csv_of(*ROWS))
    start(bob, place)
    part = bob.get(place, headers={"HX-Request": "true", "HX-Target": "import-state"}).text
    assert 'hx-trigger="every 1s"' in part and "<html" not in part and "Cancel" in part
    assert "Refresh" in bob.get(place).text


def test_a_file_can_be_thrown_away(bob: Any, inside: Any) -> None:
    place = sent(bob, csv_of(*ROWS))
    assert bob.post(f"{place}/discard").status_code == 303
    assert bob.get(place).status_code == 404
    with inside():
        assert count_of(ImportRun) == 0 and count_of(StoredFile) == 0


@pytest.mark.parametrize("name", ["dan", "dora", "pia"])
def test_who_may_not_see_leads_may_not_import(name: str, client_of: Any) -> None:
    client = client_of(name)
    assert client.get("/leads/import").status_code == 403
    assert send(client, csv_of(*ROWS)).status_code == 403


def test_another_workspaces_import_is_as_if_it_were_not_there(app: Any, bob: Any, mallory: Any, inside: Any) -> None:
    place = imported(app, bob, csv_of(*ROWS))
    waiting = sent(bob, csv_of(*ROWS), "second.csv")
    missing = "/leads/import/0190aaaa-0000-7000-8000-000000000000"
    for path in (place, f"{place}/problems.csv", waiting):
        assert mallory.get(path).status_code == 404
    for act in ("read", "start", "cancel", "resume", "discard", "undo"):
        for run in (place, waiting):
            answer = mallory.post(f"{run}/{act}")
            assert answer.status_code == 404
            assert len(answer.data) == len(mallory.post(f"{missing}/{act}").data)
    assert "leads.csv" not in mallory.get("/leads/import").text
    with inside():
        assert run_of(waiting).state == RunState.READY and count_of(Lead) == 2 and count_of(ImportProblem) == 1


def test_pages_cost_the_same_whatever_the_number_of_rows(app: Any, bob: Any, count_queries: Any) -> None:
    place = imported(app, bob, csv_of(*ROWS))
    sent(bob, csv_of(*ROWS))
    with count_queries() as seen:
        bob.get("/leads/import")
    assert len(seen) <= 4
    with count_queries() as seen:
        bob.get(place)
    assert len(seen) <= 8
