"""Addresses: the full ones that mail carries, and the ones on this site that a form may lead back to."""

from __future__ import annotations

import uuid
from typing import Any

from flask import current_app, request, url_for

from logicrm.accounts import queries
from logicrm.core import shell
from logicrm.core.access import Role


def absolute(endpoint: str, **values: Any) -> str:
    """The full address of a page, from BASE_URL: a forged Host header never gets into a mail."""
    path = current_app.url_map.bind("localhost").build(endpoint, values)
    return f"{current_app.config['BASE_URL']}{path}"


def on_site(target: str | None, otherwise: str = "/") -> str:
    """`target` if it is a path of this site, else `otherwise`.

    A browser reads '//evil', '/\\evil' and '/<tab>/evil' as another host, so anything with a
    backslash, a blank or a control character is refused too.
    """
    if not target or not target.startswith("/") or target.startswith("//") or len(target) > 1000:
        return otherwise
    if any(c == "\\" or c.isspace() or not c.isprintable() for c in target):
        return otherwise
    return target


def next_page(otherwise: str = "/") -> str:
    """Where to go after a sign-in or a proof: the `next` of the form or of the address, on this site only."""
    return on_site(request.form.get("next") or request.args.get("next"), otherwise)


def home(user_id: uuid.UUID, workspace_id: uuid.UUID) -> str:
    """Where somebody begins who just signed in: the officer at the desk, the others at Today."""
    roles = {place: role for place, _name, role in queries.workspaces_of(user_id)}
    return shell.home_of(Role(roles[workspace_id])) if workspace_id in roles else url_for("today.index")


def prove_first(back_to: str) -> str:
    """Address of the page that asks for the password again, and then leads to `back_to`."""
    return url_for("accounts.prove_form", next=back_to)
