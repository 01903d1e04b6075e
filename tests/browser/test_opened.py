"""What has to be opened first: menus, dialogs, refused forms, messages, errors, and pages behind a letter. In both themes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Running
from tests.browser.looking import can_look, faults
from tests.browser.telling import code_in, editing, fill, follow, press

pytestmark = pytest.mark.browser

Step = Callable[[Page, Running], None]
CSV = "Prenume;Nume;E-mail\nȘtefan;Țîrlea;stefan@opened.example\nBroken;Row;not an address\n"


def refused(page: Page, words: str) -> None:
    """Press the button; the answer is a refusal that says what to mend."""
    with page.expect_response(lambda r: r.request.method == "POST") as answer:
        press(page, words)
    assert answer.value.status == 422, answer.value.url
    page.wait_for_load_state()


def seen(page: Page, selector: str) -> None:
    expect(page.locator(selector).first).to_be_visible()


def first_row(page: Page, list_address: str) -> None:
    page.goto(list_address)
    follow(page, page.locator("main .row-link").first)
    expect(page).to_have_url(re.compile(r"/[0-9a-f-]{36}$"))


# The owner -----------------------------------------------------------------------------------------


def menu(page: Page, _running: Running) -> None:
    first_row(page, "/leads/")
    page.locator("main details.menu summary").first.click()
    seen(page, ".menu-list")


def filters(page: Page, _running: Running) -> None:
    page.goto("/leads/")
    page.locator("details.menu summary").first.click()
    seen(page, "#f-source")


def ticked_rows(page: Page, _running: Running) -> None:
    page.goto("/leads/")
    page.locator("td.tick label").first.click()
    seen(page, ".bulk")


def nothing_found(page: Page, _running: Running) -> None:
    page.goto("/leads/?q=qqqqqq&stage=")
    seen(page, ".empty")
    seen(page, ".chip")


def dialog(page: Page, _running: Running) -> None:
    page.goto("/settings/people")
    page.locator("button[popovertarget^=remove]").first.click()
    seen(page, ".dialog:popover-open")


def phone_sheet(page: Page, _running: Running) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto("/leads/")
    page.locator(".rail-more").click()
    seen(page, ".rail-rest:popover-open")


def edit_in_place(page: Page, _running: Running) -> None:
    first_row(page, "/leads/")
    editing(page, "email").fill("not an address")
    page.locator("#fact-email .btn-primary").click()
    seen(page, "#fact-email .error")


def card_picked_up(page: Page, _running: Running) -> None:
    page.goto("/leads/board")
    page.locator("[data-grip]").first.focus()
    page.keyboard.press("Space")
    seen(page, ".card.picked")


def lead_refused(page: Page, _running: Running) -> None:
    page.goto("/leads/new")
    refused(page, "Add lead")


def message_with_undo(page: Page, _running: Running) -> None:
    page.goto("/leads/new")
    fill(page, last_name="Opened", email="opened@opened.example")
    press(page, "Add lead")
    expect(page).to_have_url(re.compile(r"/leads/[0-9a-f-]{36}$"))
    page.locator("main details.menu summary").first.click()
    press(page, "Delete lead")
    seen(page, ".toast form")


def shipment_refused(page: Page, _running: Running) -> None:
    page.goto("/shipments/new")
    refused(page, "Register shipment")


def customers_refused(page: Page, _running: Running) -> None:
    page.goto("/customers/companies/new")
    refused(page, "Add company")


def import_previewed(page: Page, _running: Running) -> None:
    page.goto("/leads/import")
    page.set_input_files("#file", {"name": "leads.csv", "mimeType": "text/csv", "buffer": CSV.encode()})
    press(page, "Look at the file")
    expect(page).to_have_url(re.compile("/leads/import/."))


def import_done(page: Page, running: Running) -> None:
    press(page, "Start the import")
    seen(page, "#import-state")
    running.run_jobs()
    page.reload()
    seen(page, "text=1 row was not imported")


def settings_refused(page: Page, _running: Running) -> None:
    page.goto("/settings/workspace")
    fill(page, workspace="")
    refused(page, "Save")


def invited(page: Page, _running: Running) -> None:
    page.goto("/settings/people")
    fill(page, email="opened@joins.example")
    press(page, "Send the invitation")
    seen(page, "text=Open invitations")
    seen(page, ".toast")


def token_made(page: Page, _running: Running) -> None:
    page.goto("/settings/tokens")
    fill(page, name="Scanner")
    page.locator("[name=scopes]").first.check()
    press(page, "Make the token")
    seen(page, ".callout code")


def outbox_letter(page: Page, running: Running) -> None:
    running.run_jobs()
    first_row(page, "/settings/outbox")


def answer_refused(page: Page, _running: Running) -> None:
    first_row(page, "/privacy/requests")
    page.locator("[name=outcome][value=denied]").check()
    fill(page, answer="No.")
    refused(page, "Close and send")


def not_found(page: Page, _running: Running) -> None:
    answer = page.goto("/nowhere")
    assert answer is not None and answer.status == 404


# The driver ----------------------------------------------------------------------------------------


def forbidden(page: Page, _running: Running) -> None:
    answer = page.goto("/settings/workspace")
    assert answer is not None and answer.status == 403


def scan_refused(page: Page, _running: Running) -> None:
    page.goto("/scan/?number=NOWHERE")
    seen(page, ".error")


# A stranger ----------------------------------------------------------------------------------------


def banner(page: Page, _running: Running) -> None:
    page.goto("/sign-in")
    seen(page, ".cookies")


def theme_menu(page: Page, _running: Running) -> None:
    page.get_by_role("button", name="Reject all").click()
    page.locator(".topbar details.menu summary").click()
    seen(page, ".topbar .menu-list")


def sign_in_refused(page: Page, _running: Running) -> None:
    page.goto("/sign-in")
    fill(page, email="nobody@opened.example", password="wrong, but long enough")
    refused(page, "Sign in")


def sign_up_refused(page: Page, _running: Running) -> None:
    page.goto("/sign-up")
    refused(page, "Make the workspace")


def reset_link(page: Page, running: Running) -> None:
    page.goto("/reset")
    fill(page, email="sales@demo.example")
    press(page, "Send the link")
    expect(page).to_have_url(re.compile("/reset/asked"))
    link = re.search(r"https?://\S+/reset/\S+", running.letter("sales@demo.example"))
    assert link
    page.goto(link[0])
    fill(page, password="short")
    refused(page, "Change the password")


def invitation_link(page: Page, running: Running) -> None:
    link = re.search(r"https?://\S+/join/\S+", running.letter("opened@joins.example"))
    assert link
    page.goto(link[0])
    refused(page, "Make my account")


def demo_link(page: Page, running: Running) -> None:
    page.goto(running.link("sales"))
    seen(page, "text=Open the demo")


def spent_link(page: Page, _running: Running) -> None:
    page.goto("/join/not-a-secret")
    seen(page, "text=opens nothing any more")


def tracking_opened(page: Page, running: Running) -> None:
    page.goto(f"/t/{running.shipment().tracking_key}")
    fill(page, answer="nothing that fits")
    refused(page, "Show names")
    fill(page, answer=running.shipment().recipient_email)
    press(page, "Show names")
    seen(page, "text=From and to")


def receipt_refused(page: Page, _running: Running) -> None:
    page.goto("/privacy/receipts/verify")
    fill(page, receipt="{}")
    press(page, "Check")
    seen(page, ".callout")


# A customer in the portal --------------------------------------------------------------------------


def request_sent(page: Page, running: Running) -> None:
    page.goto(f"/p/{running.slug}/requests")
    fill(page, words="Which vans came by?")
    press(page, "Send the request")
    seen(page, ".toast")


def code_refused(page: Page, running: Running) -> None:
    page.goto(f"/p/{running.slug}/copy")
    press(page, "Send me a code")
    fill(page, code="AAAA AAAA")
    refused(page, "Make my copy")


def copy_waits(page: Page, running: Running) -> None:
    fill(page, code=code_in(running.letter(running.guest)))
    press(page, "Make my copy")
    seen(page, "text=Your copy is being made")


def copy_ready(page: Page, running: Running) -> None:
    running.run_jobs()
    page.goto(f"/p/{running.slug}/copy")
    seen(page, "text=Your copy is ready")


def deletion_chosen(page: Page, running: Running) -> None:
    page.goto(f"/p/{running.slug}/delete")
    press(page, "Send me a code")
    seen(page, "[name=typed]")


def deletion_scheduled(page: Page, running: Running) -> None:
    page.locator("form[action$='/delete'] [name=code]").fill(code_in(running.letter(running.guest)))
    press(page, "Schedule deletion")
    seen(page, "text=Your data will be deleted on")


def home_in_grace(page: Page, running: Running) -> None:
    page.goto(f"/p/{running.slug}/home")
    seen(page, "text=Keep my data")


STEPS: dict[str, tuple[str, list[Step]]] = {
    "lists and leads": ("owner", [menu, filters, ticked_rows, nothing_found, dialog, phone_sheet, edit_in_place,
                                  card_picked_up, lead_refused, message_with_undo]),
    "forms and settings": ("owner", [shipment_refused, customers_refused, import_previewed, import_done, settings_refused,
                                     token_made, outbox_letter, answer_refused, not_found]),
    "driver": ("driver", [forbidden, scan_refused]),
    "stranger": ("", [banner, theme_menu, sign_in_refused, sign_up_refused, reset_link, demo_link, spent_link,
                      tracking_opened, receipt_refused, not_found]),
    "portal": ("guest", [request_sent, code_refused, copy_waits, copy_ready, deletion_chosen, deletion_scheduled,
                         home_in_grace]),
}  # fmt: skip


OVER_THE_PAGE = {menu, filters, ticked_rows, dialog, phone_sheet, banner, theme_menu, message_with_undo, request_sent}


@pytest.mark.parametrize("chapter", STEPS)
def test_what_is_opened_is_accessible_too(running: Running, open_as: Callable[..., Page], chapter: str) -> None:
    role, steps = STEPS[chapter]
    page, wrong = can_look(open_as(role, settled=bool(role))), {}
    for step in steps:
        step(page, running)
        if found := faults(page, covered=step in OVER_THE_PAGE):
            wrong[step.__name__] = found
    assert not wrong, "\n".join(f"{name}: {found}" for name, found in wrong.items())
    assert page.watched.wrong == []  # type: ignore[attr-defined]


def test_an_invitation_is_accessible_at_both_ends(running: Running, open_as: Callable[..., Page]) -> None:
    owner, guest = can_look(open_as("owner", settled=True)), can_look(open_as(settled=True))
    invited(owner, running)
    assert faults(owner) == []
    invitation_link(guest, running)
    assert faults(guest) == []
