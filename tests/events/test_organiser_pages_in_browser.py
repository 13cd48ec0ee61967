"""The organisers' pages in a real browser: accessible, usable by keyboard, forgetting nothing."""

import pytest
from playwright.sync_api import Browser, Page, expect

from eventhub.events.models import Event
from tests import factories
from tests.browser import DESK, PHONE, assert_accessible, assert_no_sideways_scroll
from tests.factories import (
    PASSWORD,
    a_cohort,
    a_network,
    a_published_event,
    a_registration,
    an_event,
    an_organiser,
    in_days,
)

pytestmark = [pytest.mark.database("sqlite"), pytest.mark.browser]

EMAIL = "dominique@example.org"


def sign_in(site: str, page: Page, target: str = "/organiser/") -> None:
    page.goto(f"{site}/organiser/sign-in?next={target}")
    page.get_by_label("Adresse courriel").fill(EMAIL)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(site + target)


@pytest.mark.requirement("S7")
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_organisers_pages_are_accessible_and_fit(
    site: str, page: Page, size: dict[str, int]
) -> None:
    network, other = a_network(slug="aqpsc"), a_network(postal_address="")
    an_organiser(network, other, email=EMAIL)
    event = a_published_event(network, places=10, mode="hybrid")
    a_registration(event)
    training = an_event(network, kind="training", starts_on=in_days(3))
    a_cohort(training, in_days(3), in_days(10), places=5)
    cancelled = a_published_event(network, state="cancelled", audience="members")
    page.set_viewport_size(size)
    for path in ("/organiser/sign-in", "/organiser/password", "/organiser/password/a.b"):
        page.goto(site + path)
        assert_accessible(page)
        assert_no_sideways_scroll(page)
    sign_in(site, page)
    for path in (
        "/organiser/",
        "/organiser/events/",
        "/organiser/events/?q=rien",
        "/organiser/events/new",
        f"/organiser/events/{event.public_id}",
        f"/organiser/events/{event.public_id}/edit",
        f"/organiser/events/{event.public_id}/preview",
        f"/organiser/events/{training.public_id}",
        f"/organiser/events/{training.public_id}/edit",
        f"/organiser/events/{cancelled.public_id}",
        "/organiser/network/",
        "/organiser/networks/aqpsc",
        "/organiser/account",
    ):
        page.goto(site + path)
        assert_accessible(page)
        assert_no_sideways_scroll(page)


@pytest.mark.requirement("S7")
def test_a_refused_form_is_accessible_and_says_everything_at_once(site: str, page: Page) -> None:
    an_organiser(a_network(), email=EMAIL)
    sign_in(site, page, "/organiser/events/new")
    page.locator("#end_time").fill("09:00")
    page.get_by_role("button", name="Enregistrer le brouillon").click()
    summary = page.locator("[data-error-summary]")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("link")).to_have_text(
        ["Entrez le titre en français.", "Entrez la date du début."]
    )
    assert_accessible(page)
    summary.get_by_role("link").first.click()
    expect(page.locator("#title_fr")).to_be_focused()


def test_the_enter_key_saves(site: str, page: Page) -> None:
    an_organiser(a_network(), email=EMAIL)
    sign_in(site, page, "/organiser/events/new")
    page.locator("#starts_on").fill(in_days(30).isoformat())
    page.locator("#title_fr").fill("Forum")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Forum")
    assert factories.count(Event) == 1


def test_a_training_in_two_groups_is_written_without_a_script(site: str, browser: Browser) -> None:
    an_organiser(a_network(), email=EMAIL)
    page = browser.new_context(java_script_enabled=False, locale="fr-CA").new_page()
    sign_in(site, page, "/organiser/events/new")
    page.locator("#title_fr").fill("Formation")
    page.locator("#starts_on").fill(in_days(30).isoformat())
    page.get_by_role("button", name="Il est offert à plusieurs groupes").click()
    page.locator("#cohorts-0-name_fr").fill("Groupe A")
    page.get_by_role("button", name="Ajouter une date à ce groupe").click()
    page.locator("#cohorts-0-sessions-1-starts_on").fill(in_days(37).isoformat())
    page.get_by_role("button", name="Ajouter un groupe").click()
    page.locator("#cohorts-1-name_fr").fill("Groupe B")
    page.locator("#cohorts-1-sessions-0-starts_on").fill(in_days(31).isoformat())
    page.get_by_role("button", name="Enregistrer le brouillon").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Formation")
    expect(page.locator("dd strong")).to_have_text(["Groupe A", "Groupe B"])
    page.context.close()


def test_a_closed_tab_loses_nothing_not_even_rows_that_were_added(site: str, page: Page) -> None:
    an_organiser(a_network(), email=EMAIL)
    sign_in(site, page, "/organiser/events/new")
    page.locator("#title_fr").fill("Cercle de lecture")
    page.locator("#starts_on").fill(in_days(30).isoformat())
    page.get_by_role("button", name="Il a plusieurs dates").click()
    page.locator("#sessions-1-starts_on").fill(in_days(37).isoformat())
    page.locator("#description_fr").fill("Un texte écrit avec soin")
    page.locator("#description_fr").blur()
    page.context.new_page().goto(f"{site}/organiser/events/new")
    other = page.context.pages[-1]
    page.close(run_before_unload=False)
    other.get_by_role("button", name="Reprendre mon texte").click()
    expect(other.locator("#title_fr")).to_have_value("Cercle de lecture")
    expect(other.locator("#sessions-1-starts_on")).to_have_value(in_days(37).isoformat())
    expect(other.locator("#description_fr")).to_have_value("Un texte écrit avec soin")
    other.get_by_role("button", name="Enregistrer le brouillon").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Cercle de lecture")
    other.goto(f"{site}/organiser/events/new")
    expect(other.locator("#title_fr")).to_be_visible()
    expect(other.get_by_role("button", name="Reprendre mon texte")).to_have_count(0)
