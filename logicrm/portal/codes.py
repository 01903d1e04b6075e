"""One-time codes by mail: asked for in a browser, good in that browser only, for ten minutes, once.

Whether we know the address is decided by the job that sends the letter, not by the page: page and timing are the
same for everybody. The callers commit, also after a refusal: a wrong try must count.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from logicrm.core import crypto, jobs
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import db_now, new_id
from logicrm.extensions import db
from logicrm.portal.models import PortalCode

LASTS = timedelta(minutes=10)
TRIES = 5
ENTER, EXPORT, DELETE = "enter", "export", "delete"
#: No 0/O, 1/I/L, 5/S, 8/B: read from a phone and typed on a computer. 8 of 26 characters are 37 bits.
ALPHABET = "234679ACDEFGHJKMNPQRTUVWXYZ"
LENGTH = 8


def ask(email: str, purpose: str, browser: str, *, workspace_id: uuid.UUID, language: str, now: datetime) -> PortalCode:
    """Ask for a code for the browser that holds the secret `browser`; earlier ones of that browser die."""
    browser_hash = crypto.token_hash(browser)
    db.session.execute(
        delete(PortalCode)
        .where(PortalCode.browser_hash == browser_hash, PortalCode.purpose == purpose)
        .execution_options(synchronize_session=False)
    )
    asked = PortalCode(
        id=new_id(), workspace_id=workspace_id, email=email, language=language, browser_hash=browser_hash,
        purpose=purpose, code_hash="", tries=0, created_at=now, expires_at=now + LASTS,
    )  # fmt: skip
    db.session.add(asked)
    jobs.enqueue("portal.send_code", args={"code": asked.id}, workspace_id=workspace_id)
    return asked


def make(asked: PortalCode) -> str:
    """Make the code of a request and return it; from now on it can be used."""
    code = "".join(secrets.choice(ALPHABET) for _n in range(LENGTH))
    asked.code_hash = _hash(asked.id, code)
    return code


def shown(code: str) -> str:
    """The code as a letter shows it: 'KMNP 4T7X'."""
    return f"{code[:4]} {code[4:]}"


def spend(typed: str, purpose: str, browser: str, *, workspace_id: uuid.UUID) -> str:
    """Spend the browser's code, once, and return the address that it was sent to.

    Refused in the same words whether the code is wrong, expired, spent, another browser's or was never sent;
    of fifty at the same moment one succeeds.
    """
    normal = "".join(typed.upper().split()).replace("-", "")
    held = db.session.execute(
        select(PortalCode.id, PortalCode.workspace_id, PortalCode.email)
        .where(PortalCode.browser_hash == crypto.token_hash(browser), PortalCode.purpose == purpose)
        .order_by(PortalCode.id.desc())
        .limit(1)
    ).first()
    if held is not None and held.workspace_id == workspace_id:
        wanted = _counted(held.id)
        if wanted and crypto.same(wanted, _hash(held.id, normal)) and _used(held.id):
            return str(held.email)
    raise Refused(_("This code does not fit. Check it, or ask for a new one."), field="code")


def _counted(code_id: uuid.UUID) -> str:
    """Count one try and return what the code must hash to; "" when it may not be tried (any more)."""
    found = db.session.execute(
        update(PortalCode)
        .where(
            PortalCode.id == code_id, PortalCode.tries < TRIES, PortalCode.used_at.is_(None),
            PortalCode.expires_at > db_now(),
        )
        .values(tries=PortalCode.tries + 1)
        .returning(PortalCode.code_hash)
        .execution_options(synchronize_session=False)
    ).scalar()  # fmt: skip
    return found or ""


def _used(code_id: uuid.UUID) -> bool:
    used = db.session.execute(
        update(PortalCode)
        .where(PortalCode.id == code_id, PortalCode.used_at.is_(None))
        .values(used_at=db_now())
        .execution_options(synchronize_session=False)
    )
    return bool(used.rowcount == 1)  # type: ignore[attr-defined]


def waiting(purpose: str, browser: str, *, now: datetime) -> bool:
    """True when this browser asked for a code that it could still use."""
    return bool(
        db.session.scalar(
            select(PortalCode.id).where(
                PortalCode.browser_hash == crypto.token_hash(browser),
                PortalCode.purpose == purpose,
                PortalCode.used_at.is_(None),
                PortalCode.expires_at > now,
                PortalCode.tries < TRIES,
            )
        )
    )


def _hash(code_id: uuid.UUID, code: str) -> str:
    return crypto.keyed_hash("portal-code", f"{code_id}|{code}")
