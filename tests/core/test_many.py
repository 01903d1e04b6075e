"""Many rows at once: complete, in their workspace, and in one statement on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DataError

from logicrm.core import tenancy
from logicrm.core.many import insert_many
from logicrm.core.schema import new_id
from logicrm.customers.models import Company, Contact
from logicrm.extensions import db
from logicrm.leads.bulk import insert_leads
from logicrm.leads.models import Lead, StageSum

WHEN = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)


def company(**more: Any) -> dict[str, Any]:
    return {"name": "Țiriac & Söhne", "name_key": "tiriac", "created_at": WHEN, **more}


def test_what_nobody_named_is_filled_in(in_workspace: None, cast: Any) -> None:
    insert_many(Company, [company(name=f"C{n}") for n in range(3)])
    rows = db.session.scalars(select(Company).order_by(Company.name)).all()
    assert [r.name for r in rows] == ["C0", "C1", "C2"]
    assert {r.workspace_id for r in rows} == {cast.alpha}
    assert len({r.id for r in rows}) == 3
    assert {r.tax_code for r in rows} == {""} and {r.created_at for r in rows} == {WHEN}


@pytest.mark.parametrize("tags", [[], ["sea", "ADR"], ['quote " comma , brace } back \\ slash', "", "đại"]])
def test_values_of_every_kind_come_back_as_they_went(in_workspace: None, tags: list[str]) -> None:
    firm = new_id()
    insert_many(Company, [company(id=firm)])
    text = "line\nbreak, {brace} \"quote\" \\ back 'single' – 🚚 NULL"
    more = {"created_at": WHEN, "last_contact_at": WHEN, "name_key": "a"}
    insert_many(
        Contact,
        [
            {"company_id": firm, "email": "a@x.example", "note": text, "tags": tags, **more},
            {"company_id": None, "email": None, "note": "", "tags": ["one"], **more},
        ],
    )
    first, second = db.session.scalars(select(Contact).order_by(Contact.email.is_(None))).all()
    assert (first.note, first.tags, first.company_id, first.restricted) == (text, tags, firm, False)
    assert (second.email, second.company_id, second.tags) == (None, None, ["one"])


def test_amounts_keep_their_cents_and_the_sums_follow(in_workspace: None) -> None:
    amounts = [Decimal("0.01"), None, Decimal("99999999.99")]
    insert_leads([{"last_name": str(n), "value_amount": a, "currency": "EUR"} for n, a in enumerate(amounts)], now=WHEN)
    assert db.session.scalars(select(Lead.value_amount).order_by(Lead.last_name)).all() == amounts
    kept = db.session.execute(select(StageSum.leads, StageSum.hundredths)).one()
    assert tuple(kept) == (3, 1 + 9_999_999_999)


def test_a_value_too_long_for_its_column_is_refused_not_cut(in_workspace: None) -> None:
    if db.engine.dialect.name == "postgresql":  # SQLite knows no lengths
        with pytest.raises(DataError):
            insert_many(Company, [company(name="x" * 10_000)])


def test_a_row_of_another_workspace_is_refused(in_workspace: None, cast: Any) -> None:
    with pytest.raises(tenancy.ForeignRow):
        insert_many(Company, [company(), company(workspace_id=cast.bravo)])


def test_outside_a_workspace_nothing_is_written(app: Any, cast: Any) -> None:
    with app.app_context(), pytest.raises(tenancy.NoWorkspace):
        insert_many(Company, [company()])


def test_a_batch_is_one_statement(in_workspace: None, count_queries: Any) -> None:
    with count_queries() as seen:
        insert_many(Company, [company(name=f"C{n}") for n in range(500)])
    assert len(seen) == 1, "row by row, each would run the triggers of the kept sums by itself"
    assert insert_many(Company, []) is None  # type: ignore[func-returns-value]
