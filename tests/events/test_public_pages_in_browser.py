"""The public pages in a real browser: legible for everyone, on a phone, without script."""

from datetime import date

import pytest
from playwright.sync_api import Page, expect

from eventhub import clock
from tests import factories
from tests.browser import DESK, PHONE, assert_accessible, assert_no_sideways_scroll
from tests.events.test_public_pages import NOW, a_full_programme

pytestmark = [pytest.mark.database("sqlite"), pytest.mark.browser]


@pytest.mark.requirement("S7")
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_public_pages_are_accessible_and_fit(site: str, page: Page, size: dict[str, int]):
    clock.fix(NOW)
    a_full_programme()
    training = factories.a_published_event(kind="training", description_fr="## Programme\n\n- un")
    factories.a_cohort(training, date(2027, 2, 16), date(2027, 3, 23), places=5)
    cancelled = factories.a_published_event(state="cancelled", mode="hybrid", price_cents=1250)
    page.set_viewport_size(size)
    for path in (
        "/",
        "/events/",
        "/events/?q=rien",
        "/events/?kind=x",
        f"/events/{training.slug}",
        f"/events/{cancelled.slug}",
        "/calendars/",
    ):
        page.goto(site + path)
        assert_accessible(page)
        assert_no_sideways_scroll(page)


def test_on_a_phone_one_can_register_from_anywhere_on_the_page(site: str, page: Page):
    event = factories.a_published_event(description_fr="Une ligne.\n\n" * 60)
    page.set_viewport_size(PHONE)
    page.goto(f"{site}/events/{event.slug}")
    for _ in range(3):
        expect(page.get_by_role("link", name="S’inscrire")).to_be_in_viewport()
        page.mouse.wheel(0, 900)


def test_the_filters_work_by_keyboard_and_keep_what_was_chosen(site: str, page: Page):
    clock.fix(NOW)
    a_full_programme()
    page.goto(f"{site}/events/")
    page.get_by_label("Chercher").fill("assemblee")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=3)).to_have_text(["Assemblée"])
    expect(page.get_by_label("Chercher")).to_have_value("assemblee")
