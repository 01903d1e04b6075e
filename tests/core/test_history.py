"""Undo puts back exactly what an act replaced, and never overwrites what came after."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from logicrm.accounts.models import Invitation
from logicrm.core import clock, history
from logicrm.core.errors import Refused
from logicrm.core.schema import new_id
from logicrm.extensions import db


def an_invitation(email: str = "a@b.example") -> Invitation:
    row = Invitation(
        id=new_id(), email=email, role="sales", token_hash=str(new_id()), created_at=clock.now(), expires_at=clock.now()
    )
    db.session.add(row)
    db.session.flush()
    return row


def test_an_edit_is_taken_back(in_workspace: None) -> None:
    row = an_invitation()
    before = history.snapshot(row)
    row.role = "owner"
    act = history.begin("edit", by=None, now=clock.now())
    history.note(act, row, before)
    db.session.commit()
    done = history.undo(act.id, by=None, now=clock.now())
    db.session.commit()
    assert (done.restored, done.left_alone, row.role) == (1, [], "sales")


def test_a_later_edit_is_never_overwritten(in_workspace: None) -> None:
    row = an_invitation()
    before = history.snapshot(row)
    row.role = "owner"
    act = history.begin("edit", by=None, now=clock.now())
    history.note(act, row, before)
    row.role = "driver"
    db.session.commit()
    done = history.undo(act.id, by=None, now=clock.now())
    assert (done.restored, done.left_alone, row.role) == (0, [row.id], "driver")


def test_a_deletion_is_taken_back_with_every_value(in_workspace: None) -> None:
    row = an_invitation()
    before = history.snapshot(row)
    act = history.begin("delete", by=None, now=clock.now())
    history.note(act, row, before, deleted=True)
    db.session.delete(row)
    db.session.commit()
    history.undo(act.id, by=None, now=clock.now())
    db.session.commit()
    db.session.expire_all()
    again = db.session.scalar(select(Invitation))
    assert again is not None and history.snapshot(again) == before


def test_a_new_row_is_removed_again(in_workspace: None) -> None:
    row = an_invitation()
    act = history.begin("import", by=None, now=clock.now())
    history.note(act, row, None)
    db.session.commit()
    history.undo(act.id, by=None, now=clock.now())
    assert db.session.scalar(select(Invitation)) is None


def test_undo_happens_once(in_workspace: None) -> None:
    act = history.begin("edit", by=None, now=clock.now())
    db.session.commit()
    history.undo(act.id, by=None, now=clock.now())
    with pytest.raises(Refused):
        history.undo(act.id, by=None, now=clock.now())
