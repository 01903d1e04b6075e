"""Rows are found by declared keys: all of the person's, none of anybody else's, and shared ones by part."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from logicrm.core import history, subjects, tenancy
from logicrm.core.pii import About, Erase, models_about
from logicrm.core.schema import new_id
from logicrm.core.subjects import Subject
from logicrm.extensions import db
from logicrm.privacy import walk
from logicrm.privacy.models import DataSubject
from logicrm.privacy.subjects import make_known
from tests.privacy.planting import Plantation

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.promise("export")
@pytest.mark.parametrize("kind", ["account", "person"])
def test_every_planted_row_is_found(inside, cast, kind):
    with inside():
        place = tenancy.current()
        subject_id = cast.users["bob"] if kind == "account" else make_known("jane@example.com", now=NOW).id
        planted = Plantation(subjects.load(kind, subject_id), place)
        planted.plant()
        found = walk.find(planted.subject)
        lost = {t: i for t, i in planted.ids.items() if t not in found.tables or i not in found.tables[t].by_key}
        assert lost == {}
        left_out = {m.__tablename__ for m, _a in models_about(kind, db.Model)} - set(found.tables)
        # Only what the test cannot make by itself; the list may shrink.
        assert left_out <= {"search_entry", "deletion", "deletion_link", "stored_file"} | set(planted.skipped)


def test_a_person_of_another_workspace_with_the_same_address_is_another(inside, cast):
    with inside(cast.bravo):
        make_known("jane@example.com", now=NOW)
        db.session.commit()
    with inside():
        row = make_known("jane@example.com", now=NOW)
        found = walk.find(subjects.load("person", row.id))
        assert found.ids("data_subject") == {row.id}


def test_matching_is_by_key_never_by_part_of_an_address(inside):
    with inside():
        jane = make_known("jane@example.com", now=NOW)
        make_known("mary-jane@example.com", now=NOW)
        make_known("jane@example.com.au", now=NOW)
        found = walk.find(subjects.load("person", jane.id))
        assert found.ids("data_subject") == {jane.id}


def test_a_person_is_followed_only_inside_their_workspace(inside, cast):
    with inside(cast.bravo):
        row = make_known("jane@example.com", now=NOW)
        subject = subjects.load("person", row.id)
        db.session.commit()
    with inside(), pytest.raises(tenancy.NoWorkspace):
        walk.find(subject)


def test_an_account_is_followed_through_all_workspaces(inside, cast):
    from logicrm.accounts.models import Invitation

    for place in (cast.alpha, cast.bravo):
        with inside(place):
            db.session.add(
                Invitation(
                    id=new_id(),
                    email="bob@alpha.example",
                    role="sales",
                    token_hash=str(new_id()),
                    created_at=NOW,
                    expires_at=NOW,
                )
            )
            db.session.commit()
    with inside():
        assert len(walk.find(subjects.load("account", cast.users["bob"])).ids("invitation")) == 2


def test_the_portals_narrow_view_does_not_hide_rows_from_the_walk(inside, cast):
    with inside():
        row = make_known("jane@example.com", now=NOW)
        subject = subjects.load("person", row.id)
        history_row = history.begin("edit", by=None, now=NOW)
        db.session.flush()
        db.session.add(
            history.Change(id=new_id(), change_set_id=history_row.id, row_kind="data_subject", row_id=row.id)
        )
        db.session.flush()
        tenancy.enter_portal(cast.alpha, tenancy.Person(row.id, "jane@example.com"))
        assert len(walk.find(subject).ids("change")) == 1
        assert tenancy.person() is not None


def rows_with(*abouts: About) -> walk.TablePlan:
    rows = walk.Rows(DataSubject, {new_id(): (None, set(abouts))})
    subject = Subject("person", new_id(), "x", ("x@x.example",))
    return walk.plan(walk.Found(subject, {"data_subject": rows}))["data_subject"]


def test_what_a_law_keeps_stays_whatever_else_is_said_of_the_row():
    one = rows_with(About("person", by="email"), About("person", by="email", rows=Erase.KEEP, law="tax_law"))
    assert (len(one.keep), len(one.delete), one.law) == (1, 0, "tax_law")


def test_a_row_about_two_people_loses_only_one_part():
    one = rows_with(About("person", by="email", part="sender"))
    assert (len(one.delete), {part: len(keys) for part, keys in one.blank.items()}) == (0, {"sender": 1})


def test_what_hangs_on_a_shared_row_is_not_the_persons():
    shared, own = new_id(), new_id()
    rows = walk.Rows(
        DataSubject,
        {shared: (None, {About("person", by="email", part="sender")}), own: (None, {About("person", by="email")})},
    )
    found = walk.Found(Subject("person", new_id(), "x", ()), {"data_subject": rows})
    assert found.ids("data_subject") == {own}
    assert found.ids("data_subject", "sender") == {shared}
    assert {shared, own} <= found.ids("*")
