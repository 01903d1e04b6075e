"""Logs name no one: not in the message, not in a field, not in an error."""

from __future__ import annotations

import json
import logging

import pytest

from logicrm.core import logs

CANARIES = ("jane.doe@example.com", "+40 721 555 0123", "q7Jx0dkPz1Qm4vRt8yLwEoNu2sAhBcGf5iKjXzVbM9T")


@pytest.mark.promise("logs")
@pytest.mark.parametrize("canary", CANARIES)
def test_addresses_numbers_and_secrets_are_taken_out(canary: str) -> None:
    try:
        raise ValueError(f"cannot read {canary}")
    except ValueError as fault:
        record = logging.LogRecord(
            "logicrm", logging.ERROR, __file__, 1, "somebody typed %s", (canary,),
            (type(fault), fault, fault.__traceback__),
        )  # fmt: skip
    record.route = f"/leads/{canary}"
    line = logs.Lines().format(record)
    assert canary not in line
    data = json.loads(line)
    assert data["event"] == "somebody typed [redacted]"
    assert data["error"] == "ValueError"
    assert any("test_logs.py" in frame for frame in data["where"])


def test_ids_of_our_own_stay_and_other_fields_are_left_out() -> None:
    record = logging.LogRecord("logicrm", logging.INFO, __file__, 1, "request", None, None)
    record.workspace = "0197a4f0-1111-7222-8333-411111111111"
    record.email = "jane.doe@example.com"
    data = json.loads(logs.Lines().format(record))
    assert data["workspace"] == record.workspace
    assert "email" not in data
