"""Versions: immutable, each with its hash; the earlier figures rule to the very instant at which the new ones begin."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from logicrm.core import audit, clock, subjects, tenancy
from logicrm.core.errors import Conflict, Refused
from logicrm.extensions import db
from logicrm.privacy import deletion, mine, publishing, requests, retention, sites, versions
from logicrm.privacy import jobs as privacy_jobs
from logicrm.privacy.models import DataSubject
from logicrm.privacy.policy_models import PolicyDraft, PolicyVersion
from logicrm.privacy.subjects import make_known
from tests.conftest import Cast
from tests.privacy.policies import business_of, edit, inside_of, publish, reachable

SECOND = timedelta(seconds=1)


@pytest.fixture
def owner(cast: Cast) -> uuid.UUID:
    return cast.users["alice"]


# The instant ----------------------------------------------------------------------------------------


@pytest.fixture
def begins(in_workspace: None, cast: Cast, owner: uuid.UUID, now: datetime) -> datetime:
    """Version 1 asks for less time (14 days instead of 30 to answer); it begins at a midnight in Bucharest."""
    tomorrow = now.date() + timedelta(days=3)
    values = {"requests.answer": "P14D", "retention.requests.keep_for": "P1Y", "deletion.grace_days": 10,
              "deletion.reminders": [3], "cookies.categories": ["essential", "preference"]}  # fmt: skip
    made = publish(cast.alpha, values, by=owner, now=now, effective_on=tomorrow)
    return made.effective_at


def test_the_instant_is_the_first_of_the_day_in_the_workspaces_zone(
    cast: Cast, begins: datetime, now: datetime
) -> None:
    version = db.session.scalars(select(PolicyVersion)).one()
    local = begins.astimezone(ZoneInfo("Europe/Bucharest"))
    assert (local.hour, local.minute, local.second) == (0, 0, 0)
    assert (local.date(), version.document["effective"]) == (now.date() + timedelta(days=3), local.date().isoformat())


@pytest.mark.parametrize("offset, answers", [(-SECOND, 30), (timedelta(0), 14), (SECOND, 14)])
def test_the_clock_changes_at_that_second_and_not_before(
    cast: Cast, begins: datetime, offset: timedelta, answers: int
) -> None:
    site = sites.of_business(business_of(cast.alpha), begins + offset)
    assert site.profile.requests.answer is not None
    assert site.profile.requests.answer.days == answers
    assert (site.version is None) is (answers == 30)


@pytest.mark.parametrize("offset, left", [(-SECOND, 1), (timedelta(0), 0), (SECOND, 0)])
def test_the_engine_changes_at_that_second_and_not_before(
    cast: Cast, begins: datetime, offset: timedelta, left: int
) -> None:
    """Known for two years: kept by the three years of before, gone by the one year of version 1."""
    make_known("carla@customer.eu", now=begins - timedelta(days=730))
    retention.run(versions.of_workspace(cast.alpha, begins + offset), now=begins + offset, tenant=True)
    assert len(db.session.scalars(select(DataSubject)).all()) == left


@pytest.mark.parametrize("offset, kinds", [(-SECOND, 4), (timedelta(0), 2), (SECOND, 2)])
def test_the_cookie_gate_changes_at_that_second_and_not_before(
    app: Flask, cast: Cast, begins: datetime, offset: timedelta, kinds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: begins + offset)
    db.session.commit()
    with app.test_request_context("/"):
        sites.visit(business_of(cast.alpha))
        assert len(sites.gate_profile().cookie_categories) == kinds


@pytest.mark.parametrize("offset, says", [(-SECOND, "30 days"), (timedelta(0), "14 days"), (SECOND, "14 days")])
def test_the_page_changes_at_that_second_and_not_before(
    app: Flask, cast: Cast, owner: uuid.UUID, now: datetime, stranger: Any, offset: timedelta, says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with inside_of(app, cast.alpha):
        begins = publish(
            cast.alpha, {"requests.answer": "P14D"}, by=owner, now=now, effective_on=now.date() + timedelta(days=3)
        ).effective_at
        db.session.commit()
    monkeypatch.setattr(clock, "now", lambda: begins + offset)
    page = stranger.get("/w/alpha/privacy").text
    assert f"within {says} of the day" in page
    assert ("A new version applies from" in page) is (says == "30 days")


@pytest.mark.parametrize("ahead, grace", [(timedelta(days=1), 30), (-SECOND, 10)], ids=["not begun", "begun"])
def test_a_deletion_waits_by_the_policy_of_the_moment_at_which_it_was_asked_for(
    in_workspace: None, cast: Cast, owner: uuid.UUID, ahead: timedelta, grace: int
) -> None:
    """The database's clock decides, so the version is published around it."""
    values = {"deletion.grace_days": 10, "deletion.reminders": [3]}
    publish(cast.alpha, values, by=owner, now=datetime.now(UTC) + ahead)
    subject = subjects.load("person", make_known("carla@customer.eu", now=datetime.now(UTC)).id)
    assert subject is not None
    made = deletion.schedule(subject)
    assert made.due_at - made.asked_at == timedelta(days=grace)


def test_a_request_keeps_the_day_that_was_promised_when_it_came(cast: Cast, begins: datetime) -> None:
    person = make_known("carla@customer.eu", now=begins - SECOND)
    filed = [
        requests.file(
            person.id, "access", "", profile=sites.of_business(business_of(cast.alpha), at).profile, country="RO",
            time_zone="Europe/Bucharest", language="en", now=at,
        )
        for at in (begins - SECOND, begins)
    ]  # fmt: skip
    first, second = (one.policy_due_on for one in filed)
    last_day_before = (begins - SECOND).astimezone(ZoneInfo("Europe/Bucharest")).date()
    assert first == last_day_before + timedelta(days=30)
    assert second == last_day_before + timedelta(days=1 + 14)
    db.session.expire_all()
    assert filed[0].policy_due_on == first  # a version that has begun since does not shorten or stretch it


def test_what_a_person_reads_about_their_data_is_the_policy_in_force(cast: Cast, begins: datetime) -> None:
    subject = subjects.load("account", cast.users["bob"])
    assert subject is not None
    for at, years in ((begins - SECOND, "3 years"), (begins, "1 year")):
        kept = {words for one in mine.categories(subject, versions.of_subject(subject, at)) for words in one.keep}
        assert any(words.startswith(f"{years} after") and "request" in words for words in kept), (at, kept)


def test_retention_of_every_day_uses_the_version_in_force_at_its_run(
    app: Flask, cast: Cast, owner: uuid.UUID, now: datetime
) -> None:
    with inside_of(app, cast.alpha):
        begins = publish(
            cast.alpha, {"retention.requests.keep_for": "P1Y"}, by=owner, now=now,
            effective_on=now.date() + timedelta(days=3),
        ).effective_at  # fmt: skip
        make_known("carla@customer.eu", now=begins - timedelta(days=730))
        db.session.commit()
    for at, left in ((begins - SECOND, 1), (begins, 0)):
        with app.app_context():
            list(privacy_jobs.retain_everywhere(app, now=at))
        with inside_of(app, cast.alpha):
            assert len(db.session.scalars(select(DataSubject)).all()) == left


# Versions -------------------------------------------------------------------------------------------


def test_the_highest_number_whose_time_has_come_rules(
    in_workspace: None, cast: Cast, owner: uuid.UUID, now: datetime
) -> None:
    """Version 2 is to begin in ten days; version 3, published after it, begins today and stays in force then."""
    day = now.date()
    publish(cast.alpha, {"requests.answer": "P20D"}, by=owner, now=now)
    later = publish(cast.alpha, {"requests.answer": "P19D"}, by=owner, now=now, effective_on=day + timedelta(days=10))
    publish(cast.alpha, {"requests.answer": "P18D"}, by=owner, now=now + SECOND)
    facts = business_of(cast.alpha).facts
    ruling = [versions.ruling(facts, at) for at in (now - SECOND, now, now + SECOND, later.effective_at)]
    assert [one.number if one else 0 for one in ruling] == [0, 1, 3, 3]


def test_the_hash_names_the_content_and_is_in_the_chain_of_events(
    in_workspace: None, cast: Cast, owner: uuid.UUID, now: datetime
) -> None:
    publish(cast.alpha, {"requests.answer": "P20D"}, by=owner, now=now)
    row = db.session.scalars(select(PolicyVersion)).one()
    written = json.dumps(row.document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert row.hash == hashlib.sha256(written.encode()).hexdigest()
    event = db.session.scalars(select(audit.AuditEvent).where(audit.AuditEvent.action == "policy.published")).one()
    assert (event.facts["hash"], event.facts["number"], event.actor, event.object_id) == (row.hash, 1, owner, row.id)
    assert list(audit.broken_links()) == []
    assert (row.last_updated, row.document["last_updated"]) == (now.date(), now.date().isoformat()) or now.hour >= 21


@pytest.mark.parametrize(
    "change",
    [
        update(PolicyVersion).values(document={"schema": 1}),
        update(PolicyVersion).values(hash="0" * 64),
        update(PolicyVersion).values(effective_at=datetime(2020, 1, 1, tzinfo=UTC)),
        update(PolicyVersion).values(material=False),
        delete(PolicyVersion),
    ],
    ids=["content", "hash", "instant", "material", "taken back"],
)
def test_the_database_itself_refuses_to_change_a_version(
    app: Flask, cast: Cast, owner: uuid.UUID, now: datetime, change: Any
) -> None:
    with inside_of(app, cast.alpha):
        publish(cast.alpha, {"requests.answer": "P20D"}, by=owner, now=now)
        db.session.commit()
        before = db.session.execute(select(PolicyVersion.__table__)).all()
        with pytest.raises(DBAPIError, match="never changed"):
            db.session.execute(change.execution_options(synchronize_session=False))
        db.session.rollback()
        assert db.session.execute(select(PolicyVersion.__table__)).all() == before


def test_a_version_that_was_changed_behind_the_database_is_noticed(
    app: Flask, cast: Cast, owner: uuid.UUID, now: datetime
) -> None:
    with inside_of(app, cast.alpha):
        publish(cast.alpha, {"requests.answer": "P20D"}, by=owner, now=now)
        forged = json.loads(json.dumps(db.session.scalars(select(PolicyVersion.document)).one()))
        forged["requests"]["answer"] = "P29D"
        with db.session.no_autoflush:
            _without_fence(forged)
        with pytest.raises(versions.Altered):
            versions.published(business_of(cast.alpha).facts)


def _without_fence(document: dict[str, Any]) -> None:
    """As somebody would who opens the file with the key, and drops the trigger."""
    connection = db.session.connection()
    on = " ON policy_version" if connection.dialect.name == "postgresql" else ""
    connection.execute(text(f"DROP TRIGGER policy_version_stays{on}"))
    connection.execute(PolicyVersion.__table__.update().values(document=document))


def test_a_stored_version_belongs_to_its_workspace(
    app: Flask, cast: Cast, owner: uuid.UUID, now: datetime, inside: Any
) -> None:
    with inside():
        publish(cast.alpha, {"requests.answer": "P20D"}, by=owner, now=now)
        db.session.commit()
        row = dict(db.session.execute(select(PolicyVersion.__table__)).mappings().one())
    with inside(cast.bravo):
        assert db.session.scalars(select(PolicyVersion)).all() == []
        assert versions.of_workspace(cast.bravo, now).requests.answer.days == 30  # type: ignore[union-attr]
        with pytest.raises(tenancy.ForeignRow):
            db.session.execute(insert(PolicyVersion), [row | {"id": uuid.uuid4(), "number": 2}])


# Publishing -----------------------------------------------------------------------------------------


def test_two_owners_who_publish_at_once_make_one_version(
    app: Flask, cast: Cast, owner: uuid.UUID, now: datetime
) -> None:
    """Both looked at the same preview. The first wins; the second is told, and nothing of theirs is written."""
    with inside_of(app, cast.alpha):
        business = reachable(cast.alpha)
        revision = edit(business, {"requests.answer": "P20D"}, by=owner, now=now)
        db.session.commit()

    def press(by: uuid.UUID) -> PolicyVersion:
        return publishing.publish(
            business, revision=revision, newest=0, effective_on=now.date() + timedelta(days=1), raised=False, summary="", by=by,
            lang="en", now=now,
        )  # fmt: skip

    with inside_of(app, cast.alpha):
        press(owner)
        db.session.commit()
    with inside_of(app, cast.alpha):
        with pytest.raises(Conflict):
            press(cast.users["pia"])
        db.session.rollback()
        assert [row.published_by for row in db.session.scalars(select(PolicyVersion))] == [owner]


def test_the_number_is_taken_by_a_conditional_update(
    in_workspace: None, cast: Cast, owner: uuid.UUID, now: datetime
) -> None:
    """Between the look and the write somebody else's number is there: the write finds no row."""
    business = reachable(cast.alpha)
    publishing._take_number(business, 0)
    with pytest.raises(Conflict):
        publishing._take_number(business, 0)
    with pytest.raises(Conflict):
        publishing._take_draft(7)


def test_an_edit_after_the_preview_is_not_published_unseen(
    in_workspace: None, cast: Cast, owner: uuid.UUID, now: datetime
) -> None:
    business = reachable(cast.alpha)
    seen = edit(business, {"requests.answer": "P20D"}, by=owner, now=now)
    edit(business, {"requests.answer": "P10D"}, by=cast.users["pia"], now=now)
    with pytest.raises(Conflict):
        publishing.publish(
            business, revision=seen, newest=0, effective_on=now.date() + timedelta(days=1), raised=False, summary="", by=owner,
            lang="en", now=now,
        )  # fmt: skip
    assert db.session.scalars(select(PolicyVersion)).all() == []


@pytest.mark.parametrize("days, goes", [(13, False), (14, True), (15, True)])
def test_a_material_change_gives_two_weeks_where_the_policy_promises_to_tell_people(
    in_workspace: None, cast: Cast, owner: uuid.UUID, now: datetime, days: int, goes: bool
) -> None:
    business = reachable(cast.alpha)
    revision = edit(
        business, {"retention.support.keep_for": "P4Y", "retention.support.maximum": "P4Y"}, by=owner, now=now
    )
    look = publishing.review(business, by=owner, lang="en", now=now)
    assert look.material and look.people.members == 6
    try:
        publishing.publish(
            business, revision=revision, newest=0, effective_on=look.today + timedelta(days=days), raised=False, summary="",
            by=owner, lang="en", now=now,
        )  # fmt: skip
    except Refused as refusal:
        assert (refusal.field, goes) == ("effective_on", False)
        assert db.session.scalars(select(PolicyVersion)).all() == []
    else:
        assert goes


def test_nothing_is_published_twice(in_workspace: None, cast: Cast, owner: uuid.UUID, now: datetime) -> None:
    publish(cast.alpha, {"requests.answer": "P20D"}, by=owner, now=now)
    assert db.session.scalars(select(PolicyDraft)).all() == []
    look = publishing.review(business_of(cast.alpha), by=owner, lang="en", now=now)
    assert [stop.label for stop in look.stops] == ["Nothing to publish"]


def test_what_is_rolled_back_never_ruled(app: Flask, cast: Cast, owner: uuid.UUID, now: datetime) -> None:
    """Nor is it remembered: a later version takes the same number, with other figures."""
    for answer, kept in (("P20D", False), ("P10D", True)):
        with inside_of(app, cast.alpha):
            publish(cast.alpha, {"requests.answer": answer}, by=owner, now=now)
            assert str(versions.of_workspace(cast.alpha, now).requests.answer) == answer
            db.session.commit() if kept else db.session.rollback()
    with inside_of(app, cast.alpha):
        assert str(versions.of_workspace(cast.alpha, now).requests.answer) == "P10D"


def test_a_page_asks_the_database_nothing_more_once_a_version_was_read(
    app: Flask, cast: Cast, owner: uuid.UUID, now: datetime, count_queries: Any
) -> None:
    with inside_of(app, cast.alpha):
        publish(cast.alpha, {"requests.answer": "P20D"}, by=owner, now=now)
        db.session.commit()
    with inside_of(app, cast.alpha):
        business = business_of(cast.alpha)
        versions.policy_in_force(business, now)
        with count_queries() as sent:
            assert versions.policy_in_force(business, now).requests.answer is not None
        assert sent == []


def test_today_is_the_workspaces_day(in_workspace: None, cast: Cast, owner: uuid.UUID) -> None:
    """Ten at night in London is tomorrow in Bucharest: the version says so, and begins at once."""
    late = datetime(2027, 1, 5, 22, 30, tzinfo=UTC)
    made = publish(cast.alpha, {"requests.answer": "P20D"}, by=owner, now=late)
    assert (made.last_updated, made.effective_at) == (date(2027, 1, 6), late)
