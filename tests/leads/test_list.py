"""The list: every lead exactly once, whatever the order; filters that show; few statements."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from logicrm.core.keyset import Cursor
from logicrm.extensions import db
from logicrm.leads import bulk, queries
from logicrm.leads.models import Lead
from logicrm.leads.pipelines import queries as pipelines
from logicrm.leads.queries import NOBODY, SORTS, Wanted
from tests.leads.conftest import NOON

NAMES = st.sampled_from(["", "Ana", "Țiriac", "đại", "zoe"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "last_name": NAMES,
            "company": NAMES,
            "value_amount": st.sampled_from([None, Decimal("0"), Decimal("10.10"), Decimal("10.20"), Decimal("99999999.99")]),
            "day": st.integers(0, 2),
            "owner": st.integers(-1, 1),
            "stage": st.integers(0, 2),
        }
    ),
    min_size=1, max_size=15,
)  # fmt: skip


def _fill(rows: list[dict[str, Any]], owners: list[uuid.UUID]) -> set[uuid.UUID]:
    stages = [s.id for s in pipelines.choices().stages]
    return set(
        bulk.insert_leads(
            [
                {
                    "last_name": r["last_name"], "company": r["company"], "value_amount": r["value_amount"],
                    "email": f"n{n}@x.example", "created_at": NOON - timedelta(days=r["day"]),
                    "owner_id": owners[r["owner"]] if r["owner"] >= 0 else None,
                    **({"stage_id": stages[r["stage"]]} if stages else {}),
                }
                for n, r in enumerate(rows)
            ],
            now=NOON,
        )
    )  # fmt: skip


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", SORTS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, size=st.integers(1, 5))
def test_every_lead_stands_on_exactly_one_page_forwards_and_backwards(
    in_workspace: None, cast: Any, sort: str, descending: bool, rows: list[dict[str, Any]], size: int
) -> None:
    db.session.execute(delete(Lead))
    from logicrm.leads.pipelines.services import ensure_pipeline

    ensure_pipeline(NOON)
    everybody = _fill(rows, [cast.users["bob"], cast.users["alice"]])
    wanted, choices = Wanted(sort=sort, descending=descending), pipelines.choices()
    forwards, pages, cursor = [], [], None
    while True:
        page = queries.page(wanted, choices, cursor, size=size)
        pages.append([r.id for r in page.rows])
        forwards += pages[-1]
        assert len(forwards) <= len(everybody), "a page came twice"
        assert page.total == len(everybody)
        if page.next is None:
            break
        cursor = Cursor.parse(str(page.next))
    assert len(forwards) == len(everybody) and set(forwards) == everybody
    backwards = [pages[-1]]
    while page.previous is not None:
        page = queries.page(wanted, choices, Cursor.parse(str(page.previous)), size=size)
        backwards.append([r.id for r in page.rows])
        assert len(backwards) <= len(pages), "a page came twice"
    assert [i for p in reversed(backwards) for i in p] == forwards
    db.session.rollback()


def _order(sort: str, descending: bool) -> list[Any]:
    page = queries.page(Wanted(sort=sort, descending=descending), pipelines.choices(), None)
    return [getattr(r, "last_name") for r in page.rows]


def test_names_sort_without_regard_to_case_and_diacritics(in_workspace: None) -> None:
    bulk.insert_leads([{"last_name": n} for n in ("țurcan", "Zidar", "Ștefan", "anton", "Đặng")], now=NOON)
    assert _order("name", False) == ["anton", "Đặng", "Ștefan", "țurcan", "Zidar"]
    assert _order("name", True) == ["Zidar", "țurcan", "Ștefan", "Đặng", "anton"]


def test_leads_without_a_value_come_last_in_both_directions(in_workspace: None) -> None:
    bulk.insert_leads(
        [
            {"last_name": n, "value_amount": v}
            for n, v in (("none", None), ("much", Decimal(9)), ("little", Decimal(1)))
        ],
        now=NOON,
    )
    assert _order("value", False) == ["little", "much", "none"]
    assert _order("value", True) == ["much", "little", "none"]


def test_owners_sort_by_their_names_and_nobody_comes_last(in_workspace: None, cast: Any) -> None:
    owners = {"of Sue": cast.users["sue"], "of nobody": None, "of Alice": cast.users["alice"]}
    bulk.insert_leads([{"last_name": n, "owner_id": o} for n, o in owners.items()], now=NOON)
    assert _order("owner", False) == ["of Alice", "of Sue", "of nobody"]
    assert _order("owner", True) == ["of Sue", "of Alice", "of nobody"]


def test_stages_sort_in_the_order_of_the_pipeline(in_workspace: None) -> None:
    bulk.insert_leads([{"last_name": "first"}], now=NOON)
    won = next(s for s in pipelines.choices().stages if s.kind == "won")
    bulk.insert_leads([{"last_name": "won", "stage_id": won.id}], now=NOON)
    assert _order("stage", False) == ["first", "won"]
    assert _order("stage", True) == ["won", "first"]


def test_restricted_people_are_on_no_list(in_workspace: None) -> None:
    (key,) = bulk.insert_leads([{"last_name": "Hidden"}], now=NOON)
    queries.lead(key).restricted = True
    db.session.flush()
    assert queries.page(Wanted(), pipelines.choices(), None).rows == []
    assert queries.page(Wanted(words="hidden"), pipelines.choices(), None).rows == []


def test_a_cursor_that_somebody_made_up_begins_at_the_start(in_workspace: None) -> None:
    assert Cursor.parse("bm9uc2Vuc2U") is None
    assert Cursor.parse("%00") is None
    assert Cursor.parse("x" * 5000) is None
    sealed = str(Cursor("", ("2026-01-01T00:00:00+00:00", str(uuid.uuid4()))))
    assert Cursor.parse(sealed) is not None
    assert Cursor.parse(sealed[:-3] + "abc") is None


def test_a_cursor_shows_no_name(in_workspace: None) -> None:
    import base64

    text = str(Cursor("", ("nguyen van an", str(uuid.uuid4()))))
    assert b"nguyen" not in base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("path", ["", "?q=pop", "?sort=owner", "?sort=value&dir=asc", "?sort=stage&stage={stage}"])
def test_the_list_sends_at_most_four_statements_however_many_leads(
    bob: Any, inside: Any, stages: Any, count_queries: Any, path: str
) -> None:
    url = "/leads/" + path.replace("{stage}", str(stages()["New"]))
    with inside():
        bulk.insert_leads([{"last_name": f"Pop {n}", "company": "Pop"} for n in range(120)], now=NOON)
        db.session.commit()
    with count_queries() as seen:
        answer = bob.get(url)
    assert answer.status_code == 200 and answer.text.count("row-link") == 50
    assert len(seen) <= 4, seen


def test_each_filter_narrows_and_shows_as_a_chip_that_removes_it(bob: Any, add: Any, stages: Any, cast: Any) -> None:
    won = stages()["Won"]
    add(last_name="Winner", stage_id=won, source="fair", owner_id=cast.users["bob"])
    add(last_name="Other")
    for asked in (f"stage={won}", f"owner={cast.users['bob']}", "source=fair", "q=winner"):
        text = bob.get(f"/leads/?{asked}").text
        assert "Winner" in text and "Other" not in text
        assert 'class="chip"' in text
    text = bob.get(f"/leads/?owner={NOBODY}").text
    assert "Other" in text and "Winner" not in text
    assert "Winner" not in bob.get("/leads/?from=2026-03-03").text
    assert "Winner" in bob.get("/leads/?from=2026-03-02&to=2026-03-02").text


def test_the_search_swaps_only_the_table(bob: Any, add: Any) -> None:
    add(first_name="Văn", last_name="Nguyễn")
    answer = bob.get("/leads/?q=nguyen", headers={"HX-Request": "true", "HX-Target": "lead-table"})
    assert "Nguyễn" in answer.text and "<html" not in answer.text
    assert answer.text.strip().startswith('<div id="lead-table"')


def test_words_too_short_for_the_index_say_so(bob: Any, add: Any) -> None:
    add()
    assert "at least three letters" in bob.get("/leads/?q=po").text


def test_a_workspace_without_leads_says_what_to_do(bob: Any) -> None:
    assert "No leads yet" in bob.get("/leads/").text
    assert "No lead matches" in bob.get("/leads/?source=fair").text


def test_the_pages_link_forwards_and_back(bob: Any, inside: Any) -> None:
    with inside():
        bulk.insert_leads([{"last_name": f"N{n:03}"} for n in range(120)], now=NOON)
        db.session.commit()
    first = bob.get("/leads/?sort=name").text
    assert 'rel="prev"' not in first and "120 leads" in first
    second_url = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = bob.get(second_url).text
    assert "N050" in second and "N049" not in second and "N100" not in second
    third = bob.get(re.search(r'rel="next" href="([^"]+)"', second)[1].replace("&amp;", "&")).text
    assert "N119" in third and 'rel="next"' not in third
    back = bob.get(re.search(r'rel="prev" href="([^"]+)"', third)[1].replace("&amp;", "&")).text
    assert "N050" in back and "N099" in back and "N100" not in back


def test_what_somebody_typed_is_never_markup(bob: Any, add: Any) -> None:
    evil = "<script>alert(1)</script>"
    lead_id = add(
        last_name=evil, company='"><img src=x onerror=alert(2)>', tags=[evil], note=evil, website="javascript:alert(3)"
    )
    for url in ("/leads/", "/leads/board", f"/leads/{lead_id}", f"/leads/?q={evil}", f"/leads/{lead_id}/edit/name"):
        answer = bob.get(url)
        text = answer.text
        assert answer.status_code == 200
        assert "<script>alert" not in text and "<img src=x" not in text and 'href="javascript:' not in text


def test_several_leads_change_stage_at_once_and_back(bob: Any, add: Any, row: Any, stages: Any) -> None:
    ids, lost = [add(last_name=f"N{n}") for n in range(3)], stages()["Lost"]
    before = [row(i) for i in ids]
    answer = bob.post("/leads/bulk", data={"ids": ids[:2], "do": "stage", "bulk_stage": lost, "back": "sort=name"})
    assert answer.status_code == 303 and answer.location.endswith("/leads/?sort=name")
    assert [row(i)["stage_id"] == lost for i in ids] == [True, True, False]
    page = bob.get("/leads/").text
    assert "2 leads were changed." in page
    undo = re.search(r'action="(/leads/undo/[^"]+)"', page)[1]
    assert bob.post(undo).status_code == 303
    for i, old in zip(ids, before, strict=True):
        assert {k: v for k, v in row(i).items() if k != "version"} == {k: v for k, v in old.items() if k != "version"}
    bob.post(undo)
    assert "already undone" in bob.get("/leads/").text


def test_deleted_leads_come_back_with_all_that_belongs_to_them(bob: Any, add: Any, row: Any) -> None:
    lead_id = add(last_name="Gone", email="gone@x.example")
    bob.post(f"/leads/{lead_id}/activities", data={"kind": "call", "body": "asked for a quote"})
    bob.post(f"/leads/{lead_id}/activities", data={"kind": "task", "body": "send the quote", "due": "2026-03-05"})
    before = row(lead_id)
    bob.post("/leads/bulk", data={"ids": [lead_id], "do": "delete"})
    assert row(lead_id) == {}
    page = bob.get("/leads/?q=gone").text
    assert "No lead matches" in page
    bob.post(re.search(r'action="(/leads/undo/[^"]+)"', page)[1])
    assert row(lead_id) == {**before, "version": row(lead_id)["version"]}
    shown = bob.get(f"/leads/{lead_id}").text
    assert "asked for a quote" in shown and "send the quote" in shown
    assert "Gone" in bob.get("/leads/?q=gone").text


def test_an_act_on_something_else_is_not_undone_here(bob: Any, inside: Any, now: Any) -> None:
    from logicrm.core import history

    with inside():
        act = history.begin("shipment.edit", by=None, now=now)
        db.session.commit()
        act_id = act.id
    assert bob.post(f"/leads/undo/{act_id}").status_code == 404


def test_the_number_of_leads_comes_from_kept_sums_and_is_right(in_workspace: None, count_queries: Any) -> None:
    bulk.insert_leads([{"last_name": f"L{n}", "email": f"l{n}@x.example"} for n in range(5)], now=NOON)
    first, second = (s.id for s in pipelines.choices().stages[:2])
    rows = db.session.scalars(select(Lead).order_by(Lead.last_name)).all()
    rows[0].stage_id = rows[1].stage_id = second
    rows[2].restricted = True
    db.session.flush()
    choices = pipelines.choices()
    for wanted, count in ((Wanted(), 4), (Wanted(stage=first), 2), (Wanted(stage=second), 2), (Wanted(source="x"), 0)):
        with count_queries() as seen:
            found = queries.page(wanted, choices, None)
        assert (found.total, len(found.rows)) == (count, count)
        assert ("count(" in seen[0]) is bool(wanted.source), "what is kept need not be counted"
