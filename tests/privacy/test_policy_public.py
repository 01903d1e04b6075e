"""Versions for anybody: listed, each at its own address in three forms, with readable differences."""

from __future__ import annotations

import hashlib
import html
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from logicrm.core import clock
from tests.conftest import Cast
from tests.privacy.policies import publisher

HERE = "/w/alpha/privacy"


@pytest.fixture
def three(app: Flask, cast: Cast) -> list[datetime]:
    """Version 1 in force since now; 2 was to begin in 20 days; 3, published after it, begins in 15."""
    go, now = publisher(app, cast), datetime.now(UTC)
    first = go({"requests.answer": "P21D"}, summary="We answer faster.")
    second = go({"retention.leads.keep_for": "P3Y"}, effective_on=(now + timedelta(days=20)).date())
    third = go({"retention.leads.keep_for": "P30M", "identity.dpo_email": "officer@alpha-freight.eu"},
               effective_on=(now + timedelta(days=15)).date(), summary="<b>Not so long</b>")  # fmt: skip
    return [begins for _number, begins in (first, second, third)]


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def rows(page: str) -> list[str]:
    return [text_of(row) for row in re.findall(r"<tr>(.*?)</tr>", page, re.S)[1:]]


@pytest.mark.promise("P-LOGI-60")
def test_the_list_shows_past_present_and_coming(
    stranger: FlaskClient, three: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = stranger.get(f"{HERE}/versions").text
    states = [row.split()[2] for row in rows(page)]
    assert states == ["Coming", "Replaced", "In"]
    assert "We answer faster." in page and "<b>Not" not in page and "&lt;b&gt;Not so long" in page
    monkeypatch.setattr(clock, "now", lambda: three[2])
    assert [row.split()[2] for row in rows(stranger.get(f"{HERE}/versions").text)] == ["In", "Replaced", "Earlier"]
    monkeypatch.setattr(clock, "now", lambda: three[1] + timedelta(days=1))
    assert [row.split()[2] for row in rows(stranger.get(f"{HERE}/versions").text)] == ["In", "Replaced", "Earlier"]


@pytest.mark.promise("P-LOGI-60")
def test_each_version_stays_as_it_was_published(
    stranger: FlaskClient, three: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read now and in ten years: the same words. Only what says whether it is in force may change."""
    before = {n: stranger.get(f"{HERE}/versions/{n}").text for n in (1, 2, 3)}
    assert "within 21 days of the day" in before[1] and "3 years" in before[2] and "30 months" in before[3]
    assert "This version is not in force" not in before[1]
    assert "It has not begun yet." in before[3] and "replaced it before it began" in before[2]
    monkeypatch.setattr(clock, "now", lambda: three[2] + timedelta(days=3650))
    for n in (1, 2, 3):
        later = stranger.get(f"{HERE}/versions/{n}").text
        assert later.split("<article")[1] == before[n].split("<article")[1], n
    assert "It ruled earlier." in stranger.get(f"{HERE}/versions/1").text


@pytest.mark.promise("P-LOGI-61")
def test_the_page_says_its_version_and_both_days_and_what_is_coming(
    stranger: FlaskClient, three: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = text_of(stranger.get(HERE).text)
    assert re.search(
        r"Version 1 · All versions, and what changed Last updated: \d+ \w+ 20\d\d Applies from: \d+ \w+", page
    )
    assert "A new version applies from" in page and "Read version 3" in page
    monkeypatch.setattr(clock, "now", lambda: three[2])
    page = text_of(stranger.get(HERE).text)
    assert "Version 3 · All versions" in page and "A new version applies from" not in page


def test_the_file_for_programs_holds_the_content_whose_hash_it_names(stranger: FlaskClient, three: Any) -> None:
    for n in (1, 2, 3):
        data = stranger.get(f"{HERE}/versions/{n}.json").get_json()
        content = json.dumps(data["content"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert hashlib.sha256(content).hexdigest() == data["version"]["hash"] == data["profile_hash"]
        assert (data["version"]["number"], data["last_updated"]) == (n, data["content"]["last_updated"])
    assert stranger.get(f"{HERE}/policy.json").get_json()["version"]["number"] == 1


def test_the_paper_of_a_version_names_it(stranger: FlaskClient, three: Any) -> None:
    import io

    import pypdf

    for n, says in ((1, "within 21 days"), (3, "30 months")):
        answer = stranger.get(f"{HERE}/versions/{n}.pdf")
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
        said = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.data)).pages)
        assert says in re.sub(r"\s+", " ", said) and f"{n} (" in said


def test_differences_are_in_the_fields_words(stranger: FlaskClient, three: Any) -> None:
    page = stranger.get(f"{HERE}/differences?from=1&to=3").text
    assert "<del>2 years</del>" in page and "<ins>30 months</ins>" in page
    said = text_of(page)
    assert "From version 1 to version 3" in said
    assert "People who asked us for an offer: Kept for 2 years 30 months" in said
    assert "E-mail of the data protection officer privacy@alpha-freight.eu officer@alpha-freight.eu" in said
    assert "P2Y" not in page and "keep_for" not in page
    assert "They say the same." in stranger.get(f"{HERE}/differences?from=2&to=2").text
    assert "From version 2 to version 3" in stranger.get(f"{HERE}/differences").text
    assert "From version 2 to version 1" in stranger.get(f"{HERE}/differences?from=2&to=1").text


@pytest.mark.parametrize("query", ["?from=0&to=9", "?from=x&to=-1", "?from=%00&to=1e9", "?to=99999999999999"])
def test_a_comparison_that_there_is_not_shows_the_latest(stranger: FlaskClient, three: Any, query: str) -> None:
    assert "From version 2 to version 3" in stranger.get(f"{HERE}/differences{query}").text


@pytest.mark.parametrize("path", ["/versions/0", "/versions/4", "/versions/4.pdf", "/versions/4.json", "/versions/x"])
def test_a_version_that_there_is_not_is_missing(stranger: FlaskClient, three: Any, path: str) -> None:
    assert stranger.get(f"{HERE}{path}").status_code == 404
    assert stranger.get(f"/w/nobody/privacy{path}").status_code == 404


def test_before_the_first_version_the_list_says_so(stranger: FlaskClient, cast: Cast) -> None:
    assert "No version was published yet" in stranger.get(f"{HERE}/versions").text
    assert stranger.get(f"{HERE}/differences").status_code == 404
    assert stranger.get(f"{HERE}/versions/1").status_code == 404


def test_every_business_has_its_own_numbers(
    app: Flask, stranger: FlaskClient, mallory: FlaskClient, three: Any
) -> None:
    """Bravo's addresses show nothing of Alpha's, whoever asks; Alpha's are public for Bravo's owner, too."""
    for client in (stranger, mallory):
        assert client.get("/w/bravo/privacy/versions/1").status_code == 404
        assert "No version was published yet" in client.get("/w/bravo/privacy/versions").text
        assert client.get(f"{HERE}/versions/1").status_code == 200
    assert "Version 1" not in mallory.get("/privacy/policy").text


def test_no_address_of_a_person_is_public(app: Flask, cast: Cast, stranger: FlaskClient, three: Any) -> None:
    """Who published is the workspace's business: neither their name nor their id is on a page or in a file."""
    for path in ("/versions", "/versions/1", "/versions/1.json", "/differences", "", "/policy.json"):
        body = stranger.get(f"{HERE}{path}").text
        assert "alice" not in body.lower() and str(cast.users["alice"]) not in body
        assert not re.search(str(uuid.UUID(int=cast.alpha.int)), body)
