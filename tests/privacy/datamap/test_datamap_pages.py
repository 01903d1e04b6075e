"""The pages of the room as a browser without JavaScript uses them, and who may open them."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

PAGES = ["/privacy/desk/data-map", "/privacy/desk/record", "/privacy/desk/record/answers", "/privacy/desk/recipients",
         "/privacy/desk/recipients/new"]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_owner_officer_and_manager_open_the_pages(
    path: str, alice: FlaskClient, pia: FlaskClient, mona: FlaskClient, bob: FlaskClient
) -> None:
    assert [one.get(path).status_code for one in (alice, pia, mona, bob)] == [200, 200, 200, 403]
