"""English, Romanian and Vietnamese: the catalogues are whole and true to the English, and pages speak one language."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from pypdf import PdfReader
from sqlalchemy import select, update

from logicrm.core import doctor, languages, promises, tenancy, words
from logicrm.core.mail import OutgoingMail
from logicrm.core.pdf import render_pdf
from logicrm.extensions import db
from logicrm.privacy import cookies_registry, policy
from logicrm.privacy import profile as profiles
from tests.conftest import Cast
from tests.portal.conftest import CARLA, code_for, customers, enter, run_jobs  # noqa: F401 - fixtures

SPOKEN = [code for code in languages.LANGUAGES if code != "en"]
ADDRESSES = {
    "ro": {"/privacy/policy": "Politica de confidențialitate", "/privacy/cookies": "modulele cookie"},
    "vi": {"/privacy/policy": "Chính sách", "/privacy/cookies": "cookie"},
}
PUBLIC = [
    "/privacy/policy", "/privacy/cookies", "/privacy/promises", "/privacy/preferences", "/privacy/receipts/verify",
    "/w/alpha/privacy", "/w/alpha/privacy/cookies", "/w/alpha/privacy/promises", "/w/alpha/privacy/versions", "/track",
    "/sign-in", "/sign-up", "/reset", "/p/alpha/", "/p/alpha/code", "/nowhere",
]  # fmt: skip
PORTAL = ["home", "choices", "details", "requests", "copy", "delete"]


# What is shown -----------------------------------------------------------------------------------


def shown(text: str) -> set[str]:
    """What a page says, piece by piece: texts and what assistive programs read out."""
    text = re.sub(r"(?s)<(script|style|iframe)\b.*?</\1>", "", text)
    pieces = [
        *re.split(r"<[^>]+>", text),
        *re.findall(r'(?:aria-label|title|placeholder|alt|data-\w+)="([^"]+)"', text),
    ]
    return {" ".join(html.unescape(piece).split()) for piece in pieces}


def sentences(pieces: set[str]) -> set[str]:
    """Those that are words of a language: three or more; no address, zone or name of a cookie."""
    return {
        piece for piece in pieces
        if len(re.findall(r"[^\W\d_]{2,}", piece)) >= 3 and not re.search(r"@|://|__Host-|^[A-Z]\w+/[A-Z]", piece)
    }  # fmt: skip


@pytest.fixture(scope="module")
def places() -> set[str]:
    """Names of countries, zones and currencies are the same in several languages."""
    english = Locale("en")
    return {*english.territories.values(), *english.currencies.values()}


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_page_speaks_one_language(
    cast: Cast, stranger: FlaskClient, places: set[str], language: str, address: str
) -> None:
    english, theirs = stranger.get(f"{address}?lang=en"), stranger.get(f"{address}?lang={language}")
    assert theirs.status_code == english.status_code in (200, 303 if address == "/set-up" else 200, 404)
    assert f'<html lang="{language}"' in theirs.text and '<html lang="en"' in english.text
    assert sentences(shown(english.text)) & sentences(shown(theirs.text)) - places == set()
    assert ADDRESSES[language].get(address, "") in theirs.text


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("part", PORTAL)
def test_the_portal_speaks_one_language(enter: Callable[..., FlaskClient], language: str, part: str) -> None:  # noqa: F811
    carla = enter(CARLA)
    english, theirs = carla.get(f"/p/alpha/{part}?lang=en"), carla.get(f"/p/alpha/{part}?lang={language}")
    assert theirs.status_code == 200 and f'<html lang="{language}"' in theirs.text
    alike = sentences(shown(english.text)) & sentences(shown(theirs.text))
    assert {piece for piece in alike if not piece.startswith("<!doctype")} - {"Alpha Freight"} == _of_letters(alike)


def _of_letters(pieces: set[str]) -> set[str]:
    """Letters that were sent are shown as they went, in the language of their time."""
    return {piece for piece in pieces if "is your code for" in piece or piece.startswith("Hello, ")}


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("name", profiles.available())
def test_no_english_sentence_is_left_in_a_policy(app: Flask, name: str, language: str) -> None:
    profile = profiles.load(name)
    with app.test_request_context():
        for make in (_policy, _cookies):
            english, theirs = (texts_of(make(profile, lang)) for lang in ("en", language))
            assert len(english) == len(theirs) > 10
            assert sentences(set(english)) & sentences(set(theirs)) <= _names(profile), name
        said = {row.id: str(row.says) for row in promises.registry.all(name)}
        with force_locale(language):
            assert [row.id for row in promises.registry.all(name) if str(row.says) == said[row.id]] == []


def _policy(profile: Any, lang: str) -> policy.Document:
    return policy.policy_document(profile, workspace_name="Alpha", lang=lang)


def _cookies(profile: Any, lang: str) -> policy.Document:
    return policy.cookie_document(profile, cookies_registry.registered(), workspace_name="Alpha", lang=lang)


def texts_of(document: policy.Document) -> list[str]:
    """Every text of a document, in its order."""
    found = [document.title, *document.dates]
    for part in document.sections:
        found += [part.heading, *(sentence.text for sentence in part.paragraphs)]
        for table in part.tables:
            found += [table.caption, *table.columns, *(cell for row in table.rows for cell in row)]
    return found


def _names(profile: Any) -> set[str]:
    """What is called the same everywhere: firms, and the names that authorities give themselves."""
    return {one.name for one in profile.recipients} | {profile.identity.controller}


@pytest.mark.parametrize("language", SPOKEN)
def test_the_file_for_programs_is_in_the_language(cast: Cast, stranger: FlaskClient, language: str) -> None:
    for kind in ("policy", "cookies"):
        made = json.loads(stranger.get(f"/w/alpha/privacy/{kind}.json?lang={language}").text)
        english = json.loads(stranger.get(f"/w/alpha/privacy/{kind}.json?lang=en").text)
        assert made["lang"] == language and made["title"] != english["title"]
        assert [part["id"] for part in made["sections"]] == [part["id"] for part in english["sections"]]
    made = json.loads(stranger.get(f"/w/alpha/privacy/promises.json?lang={language}").text)
    english = json.loads(stranger.get("/w/alpha/privacy/promises.json?lang=en").text)
    says = {row["id"]: row["says"] for row in english["promises"]}
    assert all(says[row["id"]] != row["says"] for row in made["promises"])


# Paper -------------------------------------------------------------------------------------------


def letters_on(paper: bytes) -> tuple[str, set[str]]:
    """(language that the PDF claims, letters that can be read in it). A letter that no font has is not drawn at all."""
    reader = PdfReader(BytesIO(paper))
    return str(reader.root_object["/Lang"]), {letter for page in reader.pages for letter in page.extract_text()}


@pytest.mark.parametrize(("language", "special"), [("ro", "ăâîșțȘ"), ("vi", "ăâđêôơưạảấầẩệộợữ")])
@pytest.mark.parametrize("kind", ["policy", "cookies"])
def test_the_paper_has_every_letter(
    app: Flask, cast: Cast, stranger: FlaskClient, kind: str, language: str, special: str
) -> None:
    answer = stranger.get(f"/w/alpha/privacy/{kind}.pdf?lang={language}")
    assert answer.mimetype == "application/pdf"
    said = json.loads(stranger.get(f"/w/alpha/privacy/{kind}.json?lang={language}").text)
    wanted = {letter for letter in json.dumps(said["sections"], ensure_ascii=False) if letter.isalpha()} - set(
        "PLOGI"
    )  # ids
    claimed, drawn = letters_on(answer.data)
    assert claimed == language
    assert wanted - drawn == set()
    if kind == "policy":
        assert set(special) <= wanted


def test_a_letter_that_no_font_has_is_missed() -> None:
    """The other letters too, so a test that only counted them would see it as well."""
    assert {"ș", "ợ"} <= letters_on(render_pdf("<p>ș ợ</p>", title="x", lang="en"))[1]
    assert "\U00010450" not in letters_on(render_pdf("<p>ș ợ \U00010450</p>", title="x", lang="en"))[1]


# Which language ----------------------------------------------------------------------------------


def language_of(client: FlaskClient, address: str, accept: str = "") -> str:
    answer = client.get(address, headers={"Accept-Language": accept} if accept else {})
    found = re.search(r'<html lang="(\w+)"', answer.text)
    assert found, answer.status
    return found.group(1)


@pytest.mark.parametrize(
    ("accept", "language"),
    [("ro", "ro"), ("ro-RO,ro;q=0.9,en;q=0.5", "ro"), ("vi-VN", "vi"), ("de,en;q=0.5", "en"), ("de", "en"), ("", "en")],
)
def test_a_stranger_is_answered_as_the_browser_asks(
    cast: Cast, stranger: FlaskClient, accept: str, language: str
) -> None:
    assert language_of(stranger, "/w/alpha/privacy", accept) == language


def test_a_business_speaks_its_language_to_those_whose_is_unknown(
    app: Flask, cast: Cast, stranger: FlaskClient
) -> None:
    speak(app, "workspace", cast.alpha, "vi")
    for address in ("/w/alpha/privacy", "/p/alpha/"):
        assert language_of(stranger, address) == language_of(stranger, address, "de") == "vi"
        assert language_of(stranger, address, "ro") == "ro"
    assert language_of(stranger, "/w/bravo/privacy") == "en"


def speak(app: Flask, table: str, key: Any, language: str) -> None:
    with app.app_context():
        rows = db.metadata.tables[table]
        db.session.execute(update(rows).where(rows.c.id == key).values(language=language))
        db.session.commit()


def test_the_switch_needs_no_cookie_and_links_carry_it_on(cast: Cast, stranger: FlaskClient) -> None:
    page = stranger.get("/w/alpha/privacy?lang=ro", headers={"Accept-Language": "vi"})
    assert '<html lang="ro"' in page.text and "Set-Cookie" not in page.headers
    links = re.findall(r'href="(/w/alpha/[^"#]+|/privacy/[^"#]+)"', page.text)
    kept = [link for link in links if "lang=" not in link]
    assert len(links) > 5 and kept == []
    for code, name in languages.LANGUAGES.items():
        assert re.search(rf'href="/w/alpha/privacy\?lang={code}" lang="{code}"[^>]*>{name}</a>', page.text)
    assert 'lang="ro" hreflang="ro" rel="alternate" aria-current="true"' in page.text
    assert "lang=" not in stranger.get("/assets/app.css").text
    plain = stranger.get("/w/alpha/privacy")
    assert [
        link
        for link in re.findall(r'href="([^"]+)"', plain.text)
        if "lang=" in link and "/w/alpha/privacy?" not in link
    ] == []


def test_a_form_sent_from_a_page_answers_in_its_language(cast: Cast, stranger: FlaskClient) -> None:
    page = stranger.get("/p/alpha/?lang=vi")
    action = re.search(r'<form[^>]*action="([^"]*code[^"]*)"', page.text)
    assert action and "lang=vi" in action.group(1)
    refused = stranger.post(html.unescape(action.group(1)), data={"email": "no address"})
    assert refused.status_code == 422 and '<html lang="vi"' in refused.text


@pytest.mark.parametrize("wanted", ["xx", "", "en-", "../ro", "ro" * 50])
def test_a_language_that_we_do_not_speak_is_not_asked_for(cast: Cast, stranger: FlaskClient, wanted: str) -> None:
    answer = stranger.get("/w/alpha/privacy", query_string={"lang": wanted}, headers={"Accept-Language": "ro"})
    assert answer.status_code == 200 and '<html lang="ro"' in answer.text
    assert set(re.findall(r'href="[^"]*[?;]lang=([^"&]*)', answer.text)) == set(languages.LANGUAGES)  # the switch only


def test_a_member_s_own_language_rules_their_pages(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    assert language_of(alice, "/today/", "vi") == "vi"
    assert language_of(alice, "/today/") == "en"
    speak(app, "workspace", cast.alpha, "ro")
    assert language_of(alice, "/today/") == "ro"
    speak(app, "user", cast.users["alice"], "vi")
    assert language_of(alice, "/today/", "en") == "vi"
    assert language_of(alice, "/today/?lang=en") == "vi"  # the switch is for strangers' pages
    assert language_of(alice, "/w/alpha/privacy?lang=ro") == "ro"


def test_letters_go_out_in_the_language_in_which_somebody_came_last(
    app: Flask,
    cast: Cast,
    enter: Callable[..., FlaskClient],  # noqa: F811
) -> None:
    def language_of_letters() -> str | None:
        with app.app_context():
            tenancy.enter(cast.alpha)
            rows = db.metadata.tables["data_subject"]
            return db.session.scalar(select(rows.c.language).where(rows.c.email == CARLA))

    browser = app.test_client()
    browser.post("/p/alpha/code?lang=vi", data={"email": CARLA})
    browser.post("/p/alpha/enter?lang=vi", data={"code": code_for(app, CARLA)})
    assert language_of_letters() == "vi"
    assert language_of(browser, "/p/alpha/home", "ro") == "vi"  # without the address saying so
    enter(CARLA)
    assert language_of_letters() == "en"


# Letters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "subject", "said"),
    [("en", "is your code for Alpha Freight", "Hello,"), ("ro", "este codul dumneavoastră pentru Alpha Freight", "Bună ziua,"),
     ("vi", "Alpha Freight", "Xin chào")],
)  # fmt: skip
def test_a_letter_is_in_the_language_of_who_asked(
    app: Flask,
    cast: Cast,
    customers: Any,  # noqa: F811
    stranger: FlaskClient,
    language: str,
    subject: str,
    said: str,
) -> None:
    assert stranger.post(f"/p/alpha/code?lang={language}", data={"email": CARLA}).status_code == 303
    run_jobs(app)
    with app.app_context():
        letter = db.session.scalars(select(OutgoingMail).where(OutgoingMail.to_address == CARLA)).one()
        assert subject in letter.subject and said in letter.text
        assert f'<html lang="{language}"' in (letter.html or "")
        english = "It works once" in letter.text or "Never tell it" in (letter.html or "")
    assert english is (language == "en")


# Figures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "day", "number", "money"),
    [("en", "3 Mar 2026", "12,345", "€1,234.50"), ("ro", "3 mar. 2026", "12.345", "1.234,50 EUR"),
     ("vi", "03/03/2026", "12.345", "1.234,50 €")],
)  # fmt: skip
def test_days_numbers_and_money(app: Flask, language: str, day: str, number: str, money: str) -> None:
    with app.test_request_context(), force_locale(language):
        assert words.show_date(date(2026, 3, 3)) == day
        assert words.show_number(12345) == number
        assert words.show_money(Decimal("1234.50"), "EUR").replace("\u00a0", " ") == money


@pytest.mark.parametrize(
    ("language", "years", "days"),
    [("en", "3 years", "30 days"), ("ro", "3 ani", "30 de zile"), ("vi", "3 năm", "30 ngày")],
)
def test_times_in_the_policy(app: Flask, language: str, years: str, days: str) -> None:
    with app.test_request_context():
        text = " ".join(texts_of(_policy(profiles.load("logicrm"), language)))
    assert years in text and days in text


# The doctor --------------------------------------------------------------------------------------


def test_the_doctor_says_what_is_not_compiled(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "translations" / "ro" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    assert languages.fault_of(tmp_path / "translations", "ro") == "not compiled"
    (folder / "messages.mo").write_bytes(b"")
    assert languages.fault_of(tmp_path / "translations", "ro") == ""
    (folder / "messages.po").write_text("")
    later = (folder / "messages.mo").stat().st_mtime + 5
    os.utime(folder / "messages.po", (later, later))
    assert "before the last change" in languages.fault_of(tmp_path / "translations", "ro")
    with app.app_context():
        assert [f.state for f in doctor.look(deploy=False) if f.name.startswith("words in")] == ["good", "good"]
        monkeypatch.setattr(app, "root_path", str(tmp_path))
        found = {f.name: f for f in doctor.look(deploy=False)}
    assert found["words in Română"].state == doctor.WARN and "compile" in found["words in Română"].mend
