"""Waybill numbers: two letters of the firm, the day, a running number, a check digit.

The running number is a row that is raised in the caller's transaction, so two shipments made at the same
moment cannot get the same one, and a number that was rolled back is given again.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from sqlalchemy import BigInteger
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped

from logicrm.core import tenancy
from logicrm.core.barcodes import gs1_check_digit
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import plain
from logicrm.core.tenancy import InWorkspace
from logicrm.extensions import db

SHAPE = re.compile(r"[A-Z0-9][A-Z0-9-]{4,28}[A-Z0-9]")


class WaybillCounter(InWorkspace, db.Model):
    """The last running number that was given out in the workspace (one row, whose id is the workspace's)."""

    __tablename__ = "waybill_counter"
    __label__ = _l("Waybill numbers")

    last: Mapped[int] = plain(BigInteger, why="the running number of the newest waybill")


def prefix_of(name: str) -> str:
    """Two capital letters for a firm's name or slug: 'alpha-freight' -> 'AF', 'Đông' -> 'DO'."""
    bare = unicodedata.normalize("NFKD", name.replace("đ", "d").replace("Đ", "D"))
    words = re.findall(r"[A-Z]+", re.sub(r"[^A-Za-z\s_-]", "", bare).upper())
    letters = "".join(w[0] for w in words) if len(words) > 1 else "".join(words)
    return (letters + "XX")[:2]


def take(count: int) -> int:
    """Raise the counter by `count`; return the last number taken. The caller's transaction holds the row."""
    workspace_id = tenancy.current()
    if workspace_id is None:
        raise tenancy.NoWorkspace("a waybill number outside a workspace")
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    table = WaybillCounter.__table__
    first = insert(table).values(workspace_id=workspace_id, id=workspace_id, last=count)
    statement = first.on_conflict_do_update(
        index_elements=["workspace_id", "id"], set_={"last": table.c.last + count}
    ).returning(table.c.last)
    return int(db.session.execute(statement).scalar_one())


def write(prefix: str, on: date, running: int) -> str:
    """'AF26030100042' + check digit over the digits (mod 10, as GS1 does it)."""
    digits = f"{on:%y%m%d}{running:05d}"
    return f"{prefix}{digits}{gs1_check_digit(digits)}"


def clean(text: str) -> str:
    """What somebody typed or scanned, as it is stored: capitals, no spaces."""
    return re.sub(r"\s", "", text).upper()


def is_number(text: str) -> bool:
    """True for a cleaned number that we accept: 6 to 30 letters, digits, hyphens (it must fit a bar code)."""
    return bool(SHAPE.fullmatch(text))
