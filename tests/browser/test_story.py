"""The main job, as somebody does it who has only read the README: accounts, leads, shipments.

The chapters that people must be able to do without JavaScript run twice. Every window is watched: an error in the
console, a refusal of the content security policy, an answer of 5xx or a request to another host fails the test.
"""

from __future__ import annotations

import io
import json
import re
import urllib.request
from datetime import UTC, datetime
from typing import Any

import pypdf
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Running, Windows
from tests.browser.telling import PASSWORD, Firm, editing, fill, follow, invite, on_the_page, press, saw, settled

pytestmark = pytest.mark.browser

BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["1440", "390"])


def test_the_first_page_made_the_workspace_and_cannot_do_it_twice(firm: Firm, desk: Windows) -> None:
    page = desk.open(firm.program, state=firm.state)
    page.goto("/today/")
    on_the_page(page, "Three steps to the first value")
    assert "North Sea Forwarding" in page.title()
    assert desk.open(firm.program).request.get("/set-up").status == 404


def test_somebody_is_invited_by_e_mail_and_joins(firm: Firm, desk: Windows) -> None:
    context = invite(firm, desk, "bo@northsea.example", "Bo Brandt")
    expect(context.pages[0].locator(".person")).to_contain_text("Bo Brandt")
    page = desk.open(firm.program, state=firm.state)
    page.goto("/settings/people")
    expect(page.locator("tr", has_text="bo@northsea.example")).to_contain_text("Bo Brandt")
    expect(page.locator("main")).not_to_contain_text("Open invitations")


CSV = "\ufeff" + "\r\n".join(
    [
        "Prenume;Nume;Firmă;E-mail;Telefon;Oraș",
        'Ștefan;Țîrlea;"Țîrlea; Fii & Co";stefan{n}@tirlea.example;0744 123 4{n}5;Iași',
        "Đặng;Thị Hà;Hà Nội Freight;ha{n}@freight.example;;Hà Nội",
        "Broken;Row;Nowhere;not an address;;Cluj",
    ]
)
VCARD = "\r\n".join(
    [
        "BEGIN:VCARD", "VERSION:3.0", "N:Čapek;Jiří;;;", "FN:Jiří Čapek", "ORG:Čapek Doprava;Sklad",
        "EMAIL;TYPE=WORK:jiri{n}@capek.example", "TEL;TYPE=CELL:+420 601 123 45{n}", "END:VCARD", "",
    ]
)  # fmt: skip


@BOTH
@pytest.mark.parametrize(
    ("name", "content", "people"),
    [("leads.csv", CSV, ["Ștefan Țîrlea", "Đặng Thị Hà"]), ("card.vcf", VCARD, ["Jiří Čapek"])],
    ids=["csv", "vcard"],
)
def test_a_file_is_imported_and_taken_back(
    firm: Firm, desk: Windows, scripts: bool, name: str, content: str, people: list[str]
) -> None:
    page = desk.open(firm.program, state=firm.state, scripts=scripts)
    page.goto("/leads/import")
    text = content.replace("{n}", str(int(scripts)))
    page.set_input_files("#file", {"name": name, "mimeType": "text/plain", "buffer": text.encode("utf-8")})
    press(page, "Look at the file")
    on_the_page(page, "Which column is what", *[one.split()[0] for one in people])
    press(page, "Start the import")
    firm.program.run_jobs()
    ended(page, reload=not scripts)
    expect(page.locator(".stat", has_text="Added")).to_contain_text(str(len(people)))
    press(page, "Show the leads of this import")
    on_the_page(page, *people)
    page.goto("/leads/import")
    follow(page, page.get_by_role("link", name=name).first)
    press(page, "Undo this import")
    firm.program.run_jobs()
    ended(page, reload=not scripts)
    on_the_page(page, "The import was undone")
    page.goto("/leads/")
    expect(page.locator("main")).not_to_contain_text(people[0])


def ended(page: Page, *, reload: bool) -> None:
    """The import's page tells of its end, and asks no more: nothing on it is about to be swapped."""
    if reload:
        page.reload()
    expect(page.locator("#import-state")).to_be_visible()
    expect(page.locator("#import-state[hx-get]")).to_have_count(0)
    settled(page)


def add_lead(page: Page, first: str, last: str, company: str = "") -> str:
    """Add a lead by its form; its address."""
    page.goto("/leads/new")
    mail = f"{first}.{last}@leads.example".lower()
    fill(page, first_name=first, last_name=last, company=company, email=mail)
    press(page, "Add lead")
    expect(page).to_have_url(re.compile(r"/leads/[0-9a-f-]{36}"))
    return page.url


@SIZES
def test_a_card_moves_by_keyboard_and_by_mouse(firm: Firm, desk: Windows, size: Any) -> None:
    page = desk.open(firm.program, state=firm.state, size=size)
    name = f"Kim Keys{size['width']}"
    add_lead(page, *name.split())
    page.goto("/leads/board")
    card, columns = page.locator(".card", has_text=name), page.locator(".column")
    stages = [columns.nth(i).get_attribute("data-title") for i in range(columns.count())]

    def stage() -> str | None:
        return page.locator(".column", has=page.locator(".card", has_text=name)).get_attribute("data-title")

    assert stage() == stages[0]
    with page.expect_response(lambda r: r.url.split("?")[0].endswith("/move")) as moved:
        card.locator("[data-grip]").focus()
        for key in ("Space", "ArrowRight", "Space"):
            page.keyboard.press(key)
    assert moved.value.status < 400
    page.reload()
    assert stage() == stages[1]

    if size is DESK:  # a phone has no mouse; a long press is the same code after it has begun
        card.scroll_into_view_if_needed()
        box, goal = card.bounding_box(), columns.nth(2).bounding_box()
        assert box and goal
        with page.expect_response(lambda r: r.url.split("?")[0].endswith("/move")) as moved:
            page.mouse.move(box["x"] + 20, box["y"] + box["height"] - 6)
            page.mouse.down()
            page.mouse.move(goal["x"] + 60, goal["y"] + 80, steps=12)
            page.mouse.up()
        assert moved.value.status < 400
        page.reload()
        assert stage() == stages[2]


@SIZES
@BOTH
def test_a_lead_is_worked_on_and_becomes_a_customer(firm: Firm, desk: Windows, size: Any, scripts: bool) -> None:
    page = desk.open(firm.program, state=firm.state, size=size, scripts=scripts)
    here = add_lead(page, "Lea", f"Lorry{size['width']}{scripts}", f"Lorry {size['width']} {scripts} GmbH")
    if scripts:
        for words, key, shown in (("Never kept", "Escape", "Not given"), ("Head of depot", "Enter", "Head of depot")):
            field = editing(page, "job_title")
            field.fill(words)
            field.press(key)
            expect(field).to_have_count(0)
            expect(page.locator("#fact-job_title")).to_contain_text(shown)
    else:
        follow(page, page.locator("#fact-job_title .fact-edit"))
        page.locator("[name=job_title]").fill("Head of depot")
        press(page, "Save")
    expect(page.locator("#fact-job_title .fact-value")).to_have_text("Head of depot")
    page.goto(here)
    expect(page.locator("#fact-job_title")).to_contain_text("Head of depot")
    for kind, words in (("note", "Wants two pallets a week"), ("call", "Rang, sounds keen"), ("task", "Send a quote")):
        page.locator(f"[name=kind][value={kind}]").check(force=True)
        fill(page, body=words)
        press(page, "Add")
        on_the_page(page, words)
    press(page, "Make a customer")
    expect(page).to_have_url(re.compile("/customers/contacts/"))
    on_the_page(page, "Lea Lorry", "Wants two pallets a week")
    page.goto(here)
    on_the_page(page, "Open the customer")


@BOTH
def test_a_shipment_from_its_form_to_the_recipient(firm: Firm, desk: Windows, scripts: bool) -> None:
    page = desk.open(firm.program, state=firm.state, scripts=scripts)
    page.goto("/customers/contacts/new")
    family = f"Kunde{scripts}"
    fill(page, first_name="Karla", last_name=family, email=f"{family}@kunde.example".lower())
    press(page, "Add person")
    expect(page).to_have_url(re.compile(r"/customers/contacts/[0-9a-f-]{36}"))
    page.goto("/shipments/new")
    if scripts:
        with page.expect_response(lambda answer: "/shipments/customers" in answer.url):
            page.locator("#customer_q").fill(family)
        settled(page)
    else:
        page.locator("#customer_q").fill(family)
        press(page, "Find")
    page.get_by_label(f"Karla {family}").check()
    fill(page, recipient_name="Ravi Rao", recipient_city="Utrecht", recipient_postcode="3511 AX")
    fill(page, **{"piece-0-description": "Tiles", "piece-0-weight_kg": "12,5"})
    press(page, "Register shipment")
    expect(page).to_have_url(re.compile(r"/shipments/[0-9a-f-]{36}"))
    on_the_page(page, f"Karla {family}", "Utrecht")
    number = saw(page, "h1")

    page.locator("main [name=status]").select_option("picked_up")
    fill(page, place="Constanța")
    press(page, "Add event")
    expect(page.locator(".timeline")).to_contain_text("Constanța")

    paper = page.request.get(page.get_by_role("link", name="Waybill").get_attribute("href") or "").body()
    assert paper.startswith(b"%PDF")
    assert number in "".join(one.extract_text() for one in pypdf.PdfReader(io.BytesIO(paper)).pages)
    track = page.locator("a[href*='/t/']").first.get_attribute("href")

    secret = make_token(desk.open(firm.program, state=firm.state, scripts=scripts))
    answer = tell(firm.program, secret, number, {"status": "in_transit", "place": "Budapest"})
    assert answer["shipment"]["status"] == "in_transit"

    stranger = desk.open(firm.program, scripts=scripts)
    stranger.goto(str(track))
    on_the_page(stranger, number, "Budapest")
    assert "Ravi Rao" not in stranger.content()
    fill(stranger, answer="3511 ax")
    press(stranger, "Show names and addresses")
    on_the_page(stranger, "Ravi Rao")


def make_token(page: Page) -> str:
    """An API token for events, made in the settings; it is shown once."""
    page.goto("/settings/tokens")
    if "/confirm" in page.url:
        fill(page, password=PASSWORD)
        press(page, "Confirm")
    fill(page, name="Scanner")
    for box in page.locator("[name=scopes]").all():
        box.check()
    press(page, "Make the token")
    secret = saw(page, ".callout code")
    page.reload()
    assert secret not in page.content()
    return secret


def tell(program: Running, secret: str, number: str, event: dict[str, Any]) -> Any:
    """Send an event as another program would."""
    body = json.dumps({"occurred_at": datetime.now(UTC).isoformat(), **event}).encode()
    request = urllib.request.Request(
        f"{program.base}/api/v1/shipments/{number}/events", body,
        {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"},
    )  # fmt: skip
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201
        return json.load(answer)
