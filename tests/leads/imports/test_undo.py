"""One undo for the whole import: row by row as it was, but for what somebody worked on since."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from logicrm.core.jobs_worker import run_worker
from logicrm.core.search import SearchEntry, find
from logicrm.extensions import db
from logicrm.leads import services as leads_services
from logicrm.leads.imports.models import RunState
from logicrm.leads.models import Lead, LeadAddress, StageSum
from logicrm.leads.timeline.models import Activity
from tests.leads.imports.helping import count_of, csv_of, imported, leads, run_of

BASE = csv_of(
    "Ana,Pop,Old SRL,ana@x.example,0721234567,Cluj,RO,old,Note",
    "Ion,Rus,,ion@x.example,,,,,",
    "Eva,Lup,,eva@x.example,,,,,",
)
CHANGES = csv_of(
    "Anna,Popa,New SRL,ana@x.example;ana.new@x.example,+40721999999,,,new,More",
    ",,Rus SRL,ion@x.example,,,,,",
    "Mia,Dan,,mia@x.example;mia2@x.example,,,,,",
    "Dan,Dan,,dan@x.example,,,,,",
    ",,Dan SRL,dan@x.example,,,,,",
)


def undone(app: Any, client: Any, place: str) -> None:
    assert client.post(f"{place}/undo").status_code == 303
    run_worker(app, until_idle=True, threads=1)


def everything() -> Any:
    """All of the leads but the version, which only ever rises, with what is found and counted of them."""
    sums = sorted(
        (s.stage_id.hex, s.currency, s.leads, s.hundredths) for s in db.session.scalars(select(StageSum)) if s.leads
    )
    entries = sorted((e.ref_id.hex, e.body) for e in db.session.scalars(select(SearchEntry)))
    return leads(without={"version"}), sums, entries


def numbers(place: str) -> tuple[str, int, int, int]:
    run = run_of(place)
    return run.state, run.removed, run.restored, run.left_alone


def test_undo_puts_everything_back_as_it_was(app: Any, bob: Any, inside: Any) -> None:
    imported(app, bob, BASE)
    with inside():
        before = everything()
    place = imported(app, bob, CHANGES)
    with inside():
        assert (run_of(place).created, run_of(place).updated) == (2, 3)
        assert everything() != before and count_of(LeadAddress) == 2
    undone(app, bob, place)
    with inside():
        assert everything() == before
        assert numbers(place) == (RunState.UNDONE, 2, 2, 0)
        assert find("popa", kinds=("lead",)) == [] and count_of(LeadAddress) == 0
    page = bob.get(place).text
    assert "2 leads were removed" in page and "Undo this import" not in page


def test_what_somebody_worked_on_since_is_left_alone_and_counted(app: Any, bob: Any, inside: Any, cast: Any) -> None:
    imported(app, bob, BASE)
    place = imported(app, bob, CHANGES + b"Leo,Leu,,leo@x.example,,,,,\r\n")
    now = datetime.now(UTC)
    with inside():
        by_email = {lead.email: lead for lead in db.session.scalars(select(Lead))}
        by_email["ana@x.example"].company = "Typed by a person"  # updated by the import, then by somebody
        by_email["mia@x.example"].city = "Iasi"  # added by the import, then edited
        db.session.flush()
        db.session.add(  # added by the import, then called
            Activity(
                lead_id=by_email["leo@x.example"].id, kind="call", body="Called", at=now, author_id=cast.users["bob"]
            )
        )
        db.session.commit()
        kept = {row["email"]: row for row in leads(without=set())}
    undone(app, bob, place)
    with inside():
        after = {row["email"]: row for row in leads(without=set())}
        assert set(after) == {"ana@x.example", "ion@x.example", "eva@x.example", "mia@x.example", "leo@x.example"}
        for email in ("ana@x.example", "mia@x.example", "leo@x.example", "eva@x.example"):
            assert after[email] | {"further": []} == kept[email] | {"further": []}
        assert after["ion@x.example"]["company"] == ""
        assert numbers(place) == (RunState.UNDONE, 1, 1, 3)
    assert "3 were left alone" in bob.get(place).text


def test_two_imports_are_taken_back_one_after_the_other(app: Any, bob: Any, inside: Any) -> None:
    first = imported(app, bob, BASE)
    second = imported(app, bob, CHANGES)
    undone(app, bob, second)
    undone(app, bob, first)
    with inside():
        assert numbers(first) == (RunState.UNDONE, 3, 0, 0) and count_of(Lead) == 0 and count_of(SearchEntry) == 0


def test_undo_of_a_later_edit_does_not_hide_it(app: Any, bob: Any, inside: Any) -> None:
    first = imported(app, bob, BASE)
    with inside():
        lead = db.session.scalar(select(Lead).where(Lead.email == "ana@x.example"))
        assert lead is not None
        leads_services.update_lead(lead.id, {"city": "Iasi"}, lead.version, by=None, now=datetime.now(UTC))
        db.session.commit()
    undone(app, bob, imported(app, bob, CHANGES))
    undone(app, bob, first)
    with inside():
        assert [row["city"] for row in leads()] == ["Iasi"]
        assert numbers(first) == (RunState.UNDONE, 2, 0, 1)


def test_undo_happens_once(app: Any, bob: Any, inside: Any) -> None:
    place = imported(app, bob, BASE)
    assert [bob.post(f"{place}/undo").status_code for _ in range(2)] == [303, 303]
    run_worker(app, until_idle=True, threads=1)
    assert bob.post(f"{place}/undo").status_code == 303
    run_worker(app, until_idle=True, threads=1)
    with inside():
        assert numbers(place) == (RunState.UNDONE, 3, 0, 0)


def test_restricted_people_are_kept(app: Any, bob: Any, inside: Any) -> None:
    place = imported(app, bob, BASE)
    with inside():
        for lead in db.session.scalars(select(Lead).where(Lead.email == "ana@x.example")):
            lead.restricted = True
        db.session.commit()
    undone(app, bob, place)
    with inside():
        assert [row["email"] for row in leads()] == ["ana@x.example"]
