"""Disclosures: only on grounds of the policy, with the letter, by two people; told or not with a reason; counted in public."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from logicrm.core import promises, subjects, tenancy
from logicrm.core.errors import Refused
from logicrm.core.promises import State
from logicrm.extensions import db
from logicrm.privacy import jobs_checks, profile, walk
from logicrm.privacy.registers import controls, disclosures
from logicrm.privacy.registers.models import Disclosure, DisclosureState
from logicrm.privacy.subjects import make_known
from tests.conftest import Cast
from tests.privacy.registers.acting import PDF, asked, business, letters, runs

NOW = datetime(2033, 3, 15, 12, tzinfo=UTC)
LOGICRM = profile.load("logicrm")
EARLIER = NOW - timedelta(hours=2)


def given(cast: Cast, at: datetime = NOW) -> Disclosure:
    made = asked(LOGICRM, cast.users["pia"], at - timedelta(hours=2))
    own = made.id
    disclosures.approve(own, reason="The order is valid.", profile=LOGICRM, by=cast.users["alice"], now=at)
    disclosures.give(own, given="2 addresses", at=at, by=cast.users["pia"], now=at)
    found = disclosures.get(own)
    assert found is not None
    return found


@pytest.mark.promise("P-LOGI-17")
@pytest.mark.parametrize("name", ["logicrm", "logicnet", "crmsoftware", "logitrack", "loro"])
def test_only_grounds_of_the_policy_are_offered_and_taken(name: str, cast: Cast, inside: Any) -> None:
    known = profile.load(name)
    with inside():
        assert tuple(disclosures.grounds(known)) == known.disclosures
        for ground in known.disclosures:
            assert asked(known, cast.users["pia"], NOW, ground=ground).ground == ground
        for ground in {"rights", "fraud", "good_faith", "regulation", "curiosity"} - set(known.disclosures):
            with pytest.raises(Refused, match="does not name this ground"):
                asked(known, cast.users["pia"], NOW, ground=ground)


@pytest.mark.promise("P-LOGI-17")
def test_without_the_letter_it_is_refused(cast: Cast, inside: Any) -> None:
    with inside(), pytest.raises(Refused, match="the letter itself"):
        asked(LOGICRM, cast.users["pia"], NOW, document=False)


@pytest.mark.promise("P-LOGI-17")
def test_two_people_or_nothing(cast: Cast, inside: Any) -> None:
    with inside():
        pia, alice = cast.users["pia"], cast.users["alice"]
        own = asked(LOGICRM, pia, EARLIER).id
        with pytest.raises(Refused, match="before somebody else has approved"):
            disclosures.give(own, given="x", at=NOW, by=pia, now=NOW)
        with pytest.raises(Refused, match="Somebody else"):
            disclosures.approve(own, reason="Fine.", profile=LOGICRM, by=pia, now=NOW)
        with pytest.raises(Refused, match="Say why"):
            disclosures.approve(own, reason=" ", profile=LOGICRM, by=alice, now=NOW)
        narrower = LOGICRM.with_values({"disclosures": ["fraud"]})
        with pytest.raises(Refused, match="does not name"):
            disclosures.approve(own, reason="Fine.", profile=narrower, by=alice, now=NOW)
        disclosures.approve(own, reason="Fine.", profile=LOGICRM, by=alice, now=NOW)
        with pytest.raises(Refused, match="decided this already"):
            disclosures.approve(own, reason="Fine.", profile=LOGICRM, by=alice, now=NOW)
        with pytest.raises(Refused, match="before it was approved"):
            disclosures.give(own, given="x", at=NOW - timedelta(hours=1), by=pia, now=NOW)
        disclosures.give(own, given="2 addresses", at=NOW, by=pia, now=NOW)
        with pytest.raises(Refused, match="decided this already"):
            disclosures.refuse(own, reason="No.", by=alice, now=NOW)


def test_what_was_approved_can_still_be_refused(cast: Cast, inside: Any) -> None:
    with inside():
        own = asked(LOGICRM, cast.users["pia"], EARLIER).id
        disclosures.approve(own, reason="Fine.", profile=LOGICRM, by=cast.users["alice"], now=NOW)
        disclosures.refuse(own, reason="The court took it back.", by=cast.users["pia"], now=NOW)
        with pytest.raises(Refused):
            disclosures.give(own, given="x", at=NOW, by=cast.users["pia"], now=NOW)


# Telling --------------------------------------------------------------------------------------------


def test_the_people_are_told_once_and_only_then_named(app: Flask, cast: Cast) -> None:
    with tenancy.working_in(app, cast.alpha):
        person = make_known("one@customer.example", now=NOW, language="en")
        own = given(cast).id
        db.session.commit()
        subject = subjects.load("person", person.id)
        assert subject is not None
        assert "disclosure_person" not in walk.find(subject).tables, "a copy must not betray what is not told yet"
        for _twice in range(2):
            disclosures.tell(
                own, emails="One@customer.example\nTWO@customer.example one@customer.example", business=business(),
                by=cast.users["pia"], now=NOW,
            )  # fmt: skip
        db.session.commit()
        assert "disclosure_person" in walk.find(subject).tables
    sent = letters(app, cast.alpha, "to an authority")
    assert [(to, state) for to, _subject, state in sent] == [
        ("one@customer.example", "sent"),
        ("two@customer.example", "sent"),
    ]


def test_not_told_wants_a_ground_and_a_sentence(cast: Cast, inside: Any) -> None:
    with inside():
        pia, own = cast.users["pia"], given(cast).id
        for code, why in (("", "x"), ("whim", "x"), ("forbidden", " ")):
            with pytest.raises(Refused, match="Choose the ground"):
                disclosures.do_not_tell(own, code=code, why=why, by=pia)
        disclosures.do_not_tell(own, code="forbidden", why="The order says so until July.", by=pia)
        disclosures.tell(own, emails="a@b.example", business=business(), by=pia, now=NOW)
        told = disclosures.get(own)
        assert told is not None and told.told_at == NOW and told.not_told == ""
        with pytest.raises(Refused):
            disclosures.do_not_tell(own, code="harm", why="x", by=pia)


def test_nobody_is_told_of_what_was_not_given(cast: Cast, inside: Any) -> None:
    with inside():
        own = asked(LOGICRM, cast.users["pia"], EARLIER).id
        with pytest.raises(Refused, match="Nothing was given"):
            disclosures.tell(own, emails="a@b.example", business=business(), by=cast.users["pia"], now=NOW)


# The pages ------------------------------------------------------------------------------------------


def test_from_the_letter_to_the_answer(app: Flask, cast: Cast, pia: FlaskClient, alice: FlaskClient) -> None:
    form = {
        "authority": "District court", "reference": "12/33", "asked_at": "2026-01-05T10:00", "ground": "law",
        "law": "Art. 170", "wanted": "Two addresses", "whose": "shipment 17", "people_count": "2",
        "document": (io.BytesIO(PDF), "order.pdf"),
    }  # fmt: skip
    refused = pia.post(
        "/privacy/disclosures/new", data={**form, "ground": "good_faith", "document": (io.BytesIO(PDF), "o.pdf")}
    )
    assert refused.status_code == 422 and "does not name this ground" in refused.text
    made = pia.post("/privacy/disclosures/new", data=form)
    assert made.status_code == 303, made.text
    address = made.location
    assert "Approve" not in pia.get(address).text, "not by whoever wrote it down"
    assert pia.post(f"{address}/approve", data={"d-reason": "Fine"}).status_code == 422
    assert "Approve" in alice.get(address).text
    assert alice.post(f"{address}/approve", data={"d-reason": ""}).status_code == 422
    assert alice.post(f"{address}/approve", data={"d-reason": "Valid"}).status_code == 303
    early = pia.post(f"{address}/give", data={"g-given": "2 addresses", "g-at": "2026-01-05T10:00"})
    assert early.status_code == 422
    minute = datetime.now(ZoneInfo("Europe/Bucharest")).strftime("%Y-%m-%dT%H:%M")
    assert pia.post(f"{address}/give", data={"g-given": "2 addresses", "g-at": minute}).status_code == 303
    page = pia.get(address).text
    assert "Say whether the people were told" in page
    assert pia.post(f"{address}/not-told", data={"n-not_told": "forbidden", "n-why": "Until July"}).status_code == 303
    assert pia.get(f"{address}/document").data == PDF
    assert "Until July" in pia.get(address).text


def test_the_public_line_counts_and_names_nobody(app: Flask, cast: Cast, stranger: FlaskClient, inside: Any) -> None:
    page = stranger.get("/w/alpha/privacy/promises").text
    assert "No authority and no court has asked for data" in page
    now = datetime.now(UTC)
    with inside():
        given(cast, now)
        disclosures.refuse(
            asked(LOGICRM, cast.users["pia"], now - timedelta(days=3)).id,
            reason="No order.",
            by=cast.users["alice"],
            now=now,
        )
        asked(LOGICRM, cast.users["pia"], now - timedelta(days=370))
        db.session.commit()
    page = stranger.get("/w/alpha/privacy/promises").text
    assert "asked for data 2 times" in page and "Data was given once. It was about 2 people. We refused once." in page
    assert "District court" not in page
    told = stranger.get("/w/alpha/privacy/promises.json").get_json()["authorities"]
    assert (told["asked"], told["given"], told["refused"], told["given_by_ground"]) == (2, 1, 1, {"law": 1})
    assert "asked for data" in stranger.get("/w/bravo/privacy/promises").text
    assert "2 times" not in stranger.get("/w/bravo/privacy/promises").text


# Evidence -------------------------------------------------------------------------------------------


def shown(at: datetime) -> State:
    promises.load_all()
    return promises.registry.look_at("P-LOGI-17", at).state


def night(app: Flask, at: datetime) -> None:
    with app.app_context():
        list(jobs_checks.check_everywhere(app, now=at))


@pytest.mark.promise("P-LOGI-17")
def test_an_empty_register_is_the_program_s_part_only(app: Flask, cast: Cast, inside: Any) -> None:
    with inside():
        assert shown(NOW) is State.NO_EVIDENCE, "before the check ran"
    night(app, NOW)
    with inside():
        assert shown(NOW) is State.KEPT
        assert promises.registry.look("P-LOGI-17", NOW).state is State.NO_EVIDENCE, (
            "people have not said that it is whole"
        )
        controls.add_evidence(
            "disclosures",
            done_on=NOW.date(),
            words="Looked through the post.",
            upload=None,
            by=None,
            today=NOW.date(),
            now=NOW,
        )
        db.session.flush()
        assert promises.registry.look("P-LOGI-17", NOW).state is State.KEPT


@pytest.mark.promise("P-LOGI-17")
@pytest.mark.parametrize("how", ["fine", "one person", "unseen", "no letter", "ground"])
def test_what_was_given_otherwise_turns_red(app: Flask, cast: Cast, inside: Any, how: str) -> None:
    with inside():
        row = given(cast)
        if how == "one person":
            row.decided_by = row.recorded_by
        if how == "unseen":
            row.four_eyes = False
        if how == "no letter":
            row.file_id = None
        if how == "ground":
            row.ground = "good_faith"
        db.session.commit()
    night(app, NOW)
    with inside():
        assert shown(NOW) is (State.KEPT if how == "fine" else State.BREACHED)


def test_the_register_of_another_workspace_is_not_ours(cast: Cast, inside: Any) -> None:
    with inside():
        given(cast)
        db.session.commit()
    with inside(cast.bravo):
        assert disclosures.tally(NOW).asked == 0
        assert disclosures.listed(done=True) == []
        runs("logicrm", cast.bravo)
        made = asked(LOGICRM, cast.users["mallory"], NOW)
        assert (made.number, made.state) == (1, DisclosureState.ASKED)
