"""The pages of a registration in a real browser: legible for everyone, on a phone, by keyboard."""

import pytest
from playwright.sync_api import Page, expect

from eventhub.registrations import service
from tests import factories as a
from tests.browser import DESK, PHONE, assert_accessible, assert_no_sideways_scroll
from tests.registrations.people import register, states

pytestmark = [pytest.mark.database("sqlite"), pytest.mark.browser]


@pytest.mark.requirement("S7")
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_pages_of_a_registration_are_accessible_and_fit(
    site: str, page: Page, size: dict[str, int]
):
    page.set_viewport_size(size)
    event = a.a_published_event(mode="hybrid", places=1, join_url="https://meet.example/x")
    training = a.a_published_event(kind="training")
    a.a_cohort(training, a.in_days(10), a.in_days(17), places=3)
    closed = a.a_published_event(registration_open=False)
    row = register(event, mode="online").registration
    waits = register(event, "omar@example.org", mode="online").registration
    held = register(training, cohort=training_cohort(training), suspicious=True).registration
    with a.context():
        paths = [
            f"/events/{event.slug}/register",
            f"/events/{training.slug}/register",
            f"/events/{closed.slug}/register",
            f"/registrations/{service.manage_token(row)}",
            f"/registrations/{service.manage_token(waits)}",
            f"/registrations/{service.confirm_token(held)}/confirm",
            "/registrations/unknown",
            "/registrations/links",
        ]
    for path in paths:
        page.goto(site + path)
        assert_accessible(page)
        assert_no_sideways_scroll(page)

    account = a.an_organiser(event.network)
    page.goto(f"{site}/organiser/sign-in")
    page.fill("#email", account.email)
    page.fill("#password", a.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/organiser/")
    for query in ("", "?q=zzz", "?state=waitlisted"):
        page.goto(f"{site}/organiser/events/{event.public_id}/registrations{query}")
        assert_accessible(page)
        assert_no_sideways_scroll(page)


def training_cohort(event: a.Event) -> str:
    with a.context():
        return a.attached(event).cohorts[0].public_id


@pytest.mark.requirement("S7")
def test_one_registers_with_the_keyboard_alone_and_errors_take_the_focus(site: str, page: Page):
    event = a.a_published_event(places=3)
    page.goto(f"{site}/events/{event.slug}/register")
    page.focus("#name")
    page.keyboard.type("Lise Côté")
    page.keyboard.press("Tab")
    page.keyboard.type("lise")
    page.keyboard.press("Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    assert_accessible(page)
    expect(page.locator("#name")).to_have_value("Lise Côté")
    page.locator("[data-error-summary] a").press("Enter")
    expect(page.locator("#email")).to_be_focused()
    page.fill("#email", "lise@example.org")
    page.keyboard.press("Enter")
    page.wait_for_url("**/registrations/done")
    expect(page.locator("h1")).to_have_text("Votre inscription est confirmée")
    assert_accessible(page)
    assert states(event) == {"lise@example.org": "confirmed"}


def test_the_organisers_search_answers_as_one_types(site: str, page: Page):
    event = a.a_published_event()
    register(event, "lise@example.org", name="Lise Côté")
    register(event, "omar@example.org", name="Omar Benali")
    account = a.an_organiser(event.network)
    page.goto(f"{site}/organiser/sign-in?next=/organiser/events/{event.public_id}/registrations")
    page.fill("#email", account.email)
    page.fill("#password", a.PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Omar Benali")).to_be_visible()
    page.locator("#q").press_sequentially("cote")
    expect(page.get_by_text("Omar Benali")).to_have_count(0)
    expect(page.get_by_text("Lise Côté")).to_be_visible()
