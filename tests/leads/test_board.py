"""The board: order between cards, kept counts, moves that race."""

from __future__ import annotations

import random
import re
import threading
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from logicrm.extensions import db
from logicrm.leads import bulk, services
from logicrm.leads.board import ranks
from logicrm.leads.board.queries import STEP
from logicrm.leads.models import Lead, StageSum
from tests.leads.conftest import NOON


def test_there_is_always_a_key_between_two() -> None:
    keys, luck = [ranks.newest(NOON)], random.Random(7)
    for _ in range(400):
        place = luck.randint(0, len(keys))
        low = keys[place - 1] if place else None
        high = keys[place] if place < len(keys) else None
        keys.insert(place, ranks.between(low, high))
    assert keys == sorted(keys) and len(set(keys)) == len(keys)
    assert not any(key.endswith("0") for key in keys)


def test_keys_at_one_spot_run_out_loudly_not_wrongly() -> None:
    low, high = "a", "b"
    with pytest.raises(ranks.Full):
        for _ in range(1000):
            high = ranks.between(low, high)
            assert low < high


def test_newer_leads_come_first() -> None:
    from datetime import timedelta

    older, newer = ranks.newest(NOON), ranks.newest(NOON + timedelta(microseconds=1))
    assert newer < older and len(newer) == len(older)


def _column(text: str, stage: Any) -> list[str]:
    part = text.split(f'data-stage="{stage}"')[1].split("</ol>")[0]
    return re.findall(r'class="card-title"[^>]*>([^<]+)<', part)


def test_cards_stand_in_their_columns_with_count_and_sum(bob: Any, add: Any, stages: Any) -> None:
    names = stages()
    add(last_name="One", value_amount=Decimal("1000.50"), currency="EUR")
    add(last_name="Two", value_amount=Decimal("200"), currency="EUR")
    add(last_name="Won", stage_id=names["Won"])
    text = bob.get("/leads/board").text
    assert _column(text, names["New"]) == ["Two", "One"] or sorted(_column(text, names["New"])) == ["One", "Two"]
    assert _column(text, names["Won"]) == ["Won"]
    assert "€1,200.50" in text


def test_a_card_goes_where_it_is_dropped(bob: Any, add: Any, stages: Any) -> None:
    names = stages()
    from datetime import timedelta

    a, b, c = (add(last_name=n, at=NOON - timedelta(hours=h)) for h, n in enumerate(("Ana", "Bea", "Cea")))
    assert _column(bob.get("/leads/board").text, names["New"]) == ["Ana", "Bea", "Cea"]
    bob.post(f"/leads/{c}/move?from={names['New']}", data={"stage": names["New"], "before": b})
    assert _column(bob.get("/leads/board").text, names["New"]) == ["Ana", "Cea", "Bea"]
    bob.post(f"/leads/{a}/move?from={names['New']}", data={"stage": names["Won"], "before": ""})
    bob.post(f"/leads/{b}/move?from={names['New']}", data={"stage": names["Won"], "before": a})
    text = bob.get("/leads/board").text
    assert _column(text, names["New"]) == ["Cea"] and _column(text, names["Won"]) == ["Bea", "Ana"]


def test_a_move_swaps_the_board_and_can_be_undone(bob: Any, add: Any, stages: Any, row: Any) -> None:
    names, lead_id = stages(), add(last_name="Pop")
    before = row(lead_id)
    answer = bob.post(
        f"/leads/{lead_id}/move?from={names['New']}", data={"stage": names["Quoted"], "before": ""},
        headers={"HX-Request": "true", "HX-Target": "board"}, follow_redirects=True,
    )  # fmt: skip
    assert answer.text.strip().startswith('<div class="board" id="board"') and "Moved to Quoted." in answer.text
    assert row(lead_id)["stage_id"] == names["Quoted"]
    assert "moved it to Quoted" in bob.get(f"/leads/{lead_id}").text
    bob.post(re.search(r'action="(/leads/undo/[^"]+)"', answer.text)[1])
    after = row(lead_id)
    assert {k: v for k, v in after.items() if k != "version"} == {k: v for k, v in before.items() if k != "version"}
    assert "moved it to" not in bob.get(f"/leads/{lead_id}").text


def test_who_moves_a_card_that_was_moved_already_is_told_and_moves_nothing(
    bob: Any, alice: Any, add: Any, stages: Any, row: Any
) -> None:
    names, lead_id = stages(), add(last_name="Pop")
    bob.post(f"/leads/{lead_id}/move?from={names['New']}", data={"stage": names["Won"]})
    alice.post(f"/leads/{lead_id}/move?from={names['New']}", data={"stage": names["Lost"]})
    assert row(lead_id)["stage_id"] == names["Won"]
    assert "moved by somebody else" in alice.get("/leads/board").text


def test_of_racing_moves_one_wins(client_of: Any, add: Any, stages: Any, row: Any, inside: Any) -> None:
    names, lead_id = stages(), add(last_name="Pop")
    targets = ["Contacted", "Qualified", "Quoted", "Lost"]
    browsers = [client_of("bob") for _ in targets]
    codes: list[int] = []

    def go(browser: Any, target: str) -> None:
        data = {"stage": names[target], "before": ""}
        codes.append(browser.post(f"/leads/{lead_id}/move?from={names['New']}", data=data).status_code)

    threads = [threading.Thread(target=go, args=pair) for pair in zip(browsers, targets, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [303] * 4
    assert row(lead_id)["stage_id"] in [names[t] for t in targets]
    pages = [b.get("/leads/board").text for b in browsers]
    told = sum("moved by somebody else" in text or "at the same moment" in text for text in pages)
    with inside():
        from logicrm.leads.timeline.models import Activity

        assert db.session.scalar(select(func.count()).select_from(Activity).where(Activity.kind == "stage")) == 1
        assert _kept() == _counted()
    assert told == 3


def test_a_long_column_shows_some_cards_and_then_more(bob: Any, inside: Any, count_queries: Any) -> None:
    with inside():
        bulk.insert_leads([{"last_name": f"N{n:03}"} for n in range(70)], now=NOON)
        db.session.commit()
    with count_queries() as seen:
        text = bob.get("/leads/board").text
    assert len(seen) <= 6, seen
    assert f"N{STEP - 1:03}" in text and f"N{STEP:03}" not in text and ">70<" in text
    more = re.search(r'href="([^"]*more=[^"]*)"', text)[1].replace("&amp;", "&").split("#")[0]
    assert f"N{2 * STEP - 1:03}" in bob.get(more).text


def test_without_a_script_a_form_moves_the_card(bob: Any, add: Any, stages: Any) -> None:
    names = stages()
    add(last_name="Pop")
    text = bob.get("/leads/board").text
    form = re.search(r'<form class="[^"]*no-js" id="board-move" method="post" action="([^"]+)"', text)[1]
    card = re.search(
        r'<input class="card-mark no-js" type="radio" form="board-move" name="card" value="([^"]+)"', text
    )[1]
    nothing = bob.post(form.replace("&amp;", "&"), data={"stage": names["Won"]}, follow_redirects=True)
    assert "Mark a card first." in nothing.text and _column(nothing.text, names["Won"]) == []
    answer = bob.post(form.replace("&amp;", "&"), data={"stage": names["Won"], "card": card}, follow_redirects=True)
    assert _column(answer.text, names["Won"]) == ["Pop"]


def test_quick_add_puts_a_card_on_top(bob: Any, add: Any, stages: Any, row: Any, cast: Any) -> None:
    names = stages()
    add(last_name="Old", stage_id=names["Quoted"])
    bob.post(f"/leads/quick/{names['Quoted']}", data={"name": "Ana Maria Pop"})
    assert _column(bob.get("/leads/board").text, names["Quoted"]) == ["Ana Maria Pop", "Old"]
    bob.post(f"/leads/quick/{names['Quoted']}", data={"name": "  "})
    assert "Give a name" in bob.get("/leads/board").text


def test_the_filter_of_the_board_stays_visible_and_counts(bob: Any, add: Any, cast: Any) -> None:
    add(last_name="Mine", owner_id=cast.users["bob"])
    add(last_name="Yours", owner_id=cast.users["alice"])
    text = bob.get(f"/leads/board?owner={cast.users['bob']}").text
    assert "Mine" in text and "Yours" not in text and "Owner: Bob" in text


def _counted() -> dict[Any, Any]:
    """What counting says of each stage and currency: how many leads, and their sum in hundredths."""
    return {
        (stage, currency): (n, round((amount or 0) * 100))
        for stage, currency, n, amount in db.session.execute(
            select(Lead.stage_id, Lead.currency, func.count(), func.sum(Lead.value_amount))
            .where(Lead.restricted.is_(False)).group_by(Lead.stage_id, Lead.currency)
        )
    }  # fmt: skip


def _kept() -> dict[Any, Any]:
    """What triggers kept; a row without leads must be without a sum, or it shows here."""
    rows = db.session.scalars(select(StageSum))
    return {(s.stage_id, s.currency): (s.leads, s.hundredths) for s in rows if s.leads or s.hundredths}


def test_the_kept_sums_follow_every_way_of_writing(in_workspace: None, stages: Any) -> None:
    from logicrm.leads.pipelines.services import ensure_pipeline

    ensure_pipeline(NOON)
    ids = bulk.insert_leads(
        [
            {"last_name": f"N{n}", "value_amount": Decimal("0.1") * n, "currency": "EUR" if n % 2 else "RON"}
            for n in range(30)
        ],
        now=NOON,
    )
    assert _kept() == _counted()
    services.add_lead({"last_name": "X", "value_amount": Decimal("3.33"), "currency": "EUR"}, by=None, now=NOON)
    db.session.flush()
    assert _kept() == _counted()
    act, _n = services.delete_leads(ids[:5], by=None, now=NOON)
    assert _kept() == _counted()
    services.undo(act.id, by=None, now=NOON)
    assert _kept() == _counted()
    db.session.execute(delete(Lead).where(Lead.id.in_(ids[5:9])))  # as erasure and retention do
    assert _kept() == _counted()
    db.session.execute(update(Lead).where(Lead.id == ids[10]).values(restricted=True))
    assert _kept() == _counted()
    db.session.execute(update(Lead).where(Lead.id.in_(ids[10:20])).values(value_amount=None, currency=""))
    assert _kept() == _counted()
