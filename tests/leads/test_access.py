"""Who may call what: another workspace's people learn nothing, roles without the permission change nothing."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import func, select

from logicrm.extensions import db
from logicrm.leads.models import Lead

GETS = ("/leads/{id}", "/leads/{id}/edit/name", "/customers/contacts/{contact}", "/customers/contacts/{contact}/edit",
        "/customers/companies/{company}", "/customers/companies/{company}/edit")  # fmt: skip
POSTS = (
    ("/leads/{id}/edit/company", {"company": "stolen", "version": "1", "was_company": "Pop SRL"}),
    ("/leads/{id}/activities", {"kind": "note", "body": "stolen"}),
    ("/leads/{id}/activities", {"kind": "task", "body": "stolen"}),
    ("/leads/{id}/convert", {}),
    ("/leads/{id}/delete", {}),
    ("/leads/{id}/move", {"stage": "{stage}"}),
    ("/leads/quick/{stage}", {"name": "stolen"}),
    ("/leads/tasks/{task}/done", {}),
    ("/leads/undo/{act}", {}),
    ("/customers/contacts/{contact}/edit", {"last_name": "stolen", "version": "1"}),
    ("/customers/contacts/{contact}/activities", {"kind": "note", "body": "stolen"}),
    ("/customers/companies/{company}/edit", {"name": "stolen", "version": "1"}),
    ("/customers/undo/{act}", {}),
)


@pytest.fixture
def things(bob: Any, inside: Any, now: Any) -> dict[str, str]:
    """One of each in Alpha."""
    from logicrm.leads import services
    from logicrm.leads.conversion.services import convert_lead
    from logicrm.leads.timeline.services import add_task

    with inside():
        done = services.add_lead({"last_name": "Done", "company": "Pop SRL"}, by=None, now=now)
        converted = convert_lead(done.id, by=None, now=now)
        lead = services.add_lead({"last_name": "Pop", "company": "Pop SRL"}, by=None, now=now)
        task = add_task("call", now, lead=lead, assignee_id=None, by=None, now=now)
        act, _n = services.change_many([lead.id], {"owner_id": None}, by=None, now=now)
        act = services.update_lead(lead.id, {"city": "Cluj"}, lead.version, by=None, now=now)
        db.session.commit()
        return {
            "id": str(lead.id), "contact": str(converted.contact_id), "company": str(converted.company_id),
            "task": str(task.id), "stage": str(lead.stage_id), "act": str(act.id),
        }  # fmt: skip


def _everything(inside: Any) -> list[Any]:
    """Every row of every table of Alpha's leads and customers."""
    with inside():
        names = ("lead", "lead_address", "activity", "task", "contact", "company", "stage", "change_set", "stage_sum")
        tables = db.metadata.tables
        held = []
        for name in names:
            with db.engine.connect() as connection:
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql("select set_config('app.across', 'on', true)")
                held.append([tuple(r) for r in connection.execute(select(tables[name]).order_by(tables[name].c.id))])
        return held


@pytest.mark.parametrize("url", GETS)
def test_another_workspace_sees_what_a_missing_page_looks_like(mallory: Any, things: dict[str, str], url: str) -> None:
    foreign, missing = (
        mallory.get(url.format(**things)),
        mallory.get(url.format(**dict.fromkeys(things, str(uuid.uuid4())))),
    )
    assert foreign.status_code == missing.status_code == 404


@pytest.mark.parametrize(("url", "data"), POSTS)
@pytest.mark.parametrize("who", ["mallory", "dan", "sue", "pia"])
def test_whoever_may_not_changes_nothing(
    client_of: Any, inside: Any, things: dict[str, str], who: str, url: str, data: dict[str, str]
) -> None:
    before = _everything(inside)
    data = {k: v.format(**things) for k, v in data.items()}
    answer = client_of(who).post(url.format(**things), data=data)
    assert answer.status_code == (404 if who == "mallory" else 403)
    assert _everything(inside) == before


def test_foreign_ids_in_a_bulk_list_are_passed_over(mallory: Any, inside: Any, things: dict[str, str]) -> None:
    before = _everything(inside)
    for do in ({"do": "delete"}, {"do": "owner", "bulk_owner": "nobody"}):
        assert mallory.post("/leads/bulk", data={"ids": [things["id"]], **do}).status_code == 303
    assert _everything(inside)[:-2] == before[:-2]  # she has change sets of her own now


def test_a_foreign_stage_filter_sort_and_search_show_nothing(mallory: Any, things: dict[str, str]) -> None:
    for url in (f"/leads/?stage={things['stage']}", "/leads/?q=pop", "/leads/?sort=owner", "/leads/board", "/customers/?q=done",
                "/customers/companies"):  # fmt: skip
        text = mallory.get(url).text
        assert "Pop SRL" not in text and "Done" not in text.replace("Done.", "")


def test_a_lead_cannot_be_put_into_a_foreign_stage(
    mallory: Any, inside: Any, things: dict[str, str], cast: Any
) -> None:
    mallory.post("/leads/new", data={"last_name": "Hers", "currency": "EUR"})
    with inside(cast.bravo):
        own = db.session.scalar(select(Lead.id))
        stage = db.session.scalar(select(Lead.stage_id))
    assert mallory.post(f"/leads/{own}/move", data={"stage": things["stage"]}).status_code == 404
    assert mallory.post(f"/leads/{own}/edit/stage", data={"stage_id": things["stage"], "version": 1}).status_code == 422
    mallory.post("/leads/bulk", data={"ids": [own], "do": "stage", "bulk_stage": things["stage"]})
    with inside(cast.bravo):
        assert db.session.scalar(select(Lead.stage_id)) == stage


@pytest.mark.parametrize("url", ["/leads/", "/leads/board", "/leads/new", "/customers/", "/customers/companies"])
def test_a_driver_sees_neither_leads_nor_customers(dan: Any, stranger: Any, url: str) -> None:
    assert dan.get(url).status_code == 403
    assert stranger.get(url).status_code == 303


def test_support_sees_customers_and_no_leads(sue: Any, things: dict[str, str]) -> None:
    text = sue.get(f"/customers/contacts/{things['contact']}").text
    assert "Done" in text and "/leads/" not in text
    assert sue.get("/leads/").status_code == 403


def test_a_view_that_only_reads_writes_nothing(bob: Any, inside: Any, things: dict[str, str]) -> None:
    before = _everything(inside)
    for url in (*GETS, "/leads/", "/leads/board", "/leads/new"):
        assert bob.get(url.format(**things)).status_code == 200
    with inside():
        assert db.session.scalar(select(func.count()).select_from(Lead)) == 2
    assert _everything(inside) == before
