"""Many leads at once: what an import stands on."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from logicrm.core import search, tenancy
from logicrm.core.pii import undeclared
from logicrm.extensions import db
from logicrm.leads import bulk, queries
from logicrm.leads.models import Lead, LeadAddress
from tests.leads.conftest import NOON


def test_rows_become_leads_that_are_found_and_counted(in_workspace: None) -> None:
    ids = bulk.insert_leads(
        [
            {"first_name": "Ana", "last_name": "Nguyễn", "email": "ana@x.example", "phone": "+40722123456",
             "phone_typed": "0722 123 456", "value_amount": Decimal("10"), "currency": "EUR", "tags": ["sea"],
             "further": [("email", "ana@home.example"), ("phone", "+40213000000")]},
            {"company": "Pop SRL", "created_at": NOON - timedelta(days=400)},
        ],
        now=NOON,
    )  # fmt: skip
    first, second = (queries.lead(i) for i in ids)
    assert first.name == "Ana Nguyễn" and first.source_kind == "import" and first.tags == ["sea"]
    assert first.position < second.position, "rows of a file keep their order on the board"
    assert second.cold_from == second.last_contact_at == NOON - timedelta(days=400)
    assert [ref for _kind, ref in search.find("nguyen")] == [ids[0]]
    assert bulk.find_by_emails(["ana@home.example", "ana@x.example", "no@x.example"]) == {
        "ana@home.example": ids[0], "ana@x.example": ids[0]
    }  # fmt: skip
    assert bulk.find_by_phones(["+40722123456", "+40213000000"]) == {"+40722123456": ids[0], "+40213000000": ids[0]}


def test_an_unknown_field_is_a_bug_and_says_so(in_workspace: None) -> None:
    with pytest.raises(TypeError, match="restricted"):
        bulk.insert_leads([{"last_name": "x", "restricted": True}], now=NOON)


def test_rows_land_in_this_workspace_only(inside: Any, cast: Any) -> None:
    with inside():
        bulk.insert_leads([{"last_name": "Ours", "email": "a@x.example"}], now=NOON)
        db.session.commit()
    with inside(cast.bravo):
        assert db.session.scalar(select(func.count()).select_from(Lead)) == 0
        assert bulk.find_by_emails(["a@x.example"]) == {}
        with pytest.raises(tenancy.ForeignRow):
            db.session.execute(
                insert(LeadAddress),
                [{"workspace_id": cast.alpha, "lead_id": cast.alpha, "kind": "email", "value": "x"}],
            )


def test_duplicates_are_found_by_every_address(in_workspace: None) -> None:
    (key,) = bulk.insert_leads(
        [{"last_name": "Pop", "email": "a@x.example", "mobile": "+40722123456", "further": [("email", "b@x.example")]}],
        now=NOON,
    )
    assert [(d.id, d.reason) for d in queries.duplicates("a@x.example", [])] == [(key, "email")]
    assert [d.id for d in queries.duplicates("b@x.example", [])] == [key]
    assert [(d.id, d.reason) for d in queries.duplicates(None, ["+40722123456"])] == [(key, "phone")]
    assert queries.duplicates("a@x.example", [], but=key) == []


def test_every_column_of_the_lead_desk_is_declared(app: Any) -> None:
    ours = ("lead", "lead_address", "activity", "task", "pipeline", "stage", "stage_sum", "contact", "company")
    assert [c for c in undeclared(db.metadata) if c.split(".")[0] in ours] == []
