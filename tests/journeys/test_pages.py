"""Every page in a real browser: nothing that axe-core finds, no sideways scroll, keyboard alone.

The pages show the demonstration, so that long titles, missing dates and full events are on them.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from eventhub.db import session, transaction
from eventhub.events.models import Event
from eventhub.newsletters.rules import Window
from eventhub.newsletters.service import composing, sending
from eventhub.registrations.models import Registration
from eventhub.registrations.service import manage_token
from eventhub.subscriptions.models import Newsletter, Subscription
from eventhub.subscriptions.service import unsubscribe_token
from tests import factories
from tests.browser import DESK, PHONE, assert_accessible, assert_no_sideways_scroll
from tests.live import LiveServer
from tests.mailserver import MailServer

ORGANISER = "pages@example.org"
NEWSLETTER = "gte-infolettre-grandissons-tous-ensemble"
#: What is left of a window of 1280 px at 200 %.
ZOOMED = {"width": DESK["width"] // 2, "height": DESK["height"] // 2}

#: What has the focus has an outline, or something around it has (a whole card).
SHOWS_FOCUS = """() => {
    for (let e = document.activeElement; e && e !== document.body; e = e.parentElement) {
        if (getComputedStyle(e).outlineStyle !== "none") return true;
    }
    return false;
}"""
FOCUSED_WORDS = """() => {
    const e = document.activeElement, labels = e.labels && e.labels[0];
    return (labels ? labels.innerText : "") + " " + (e.innerText || e.value || "");
}"""

pytestmark = [pytest.mark.database("sqlite"), pytest.mark.timeout(400)]


class House:
    """The running house with the demonstration in it, and where its pages are."""

    def __init__(self, live: LiveServer) -> None:
        self.live = live
        live.command("load-demonstration")
        networks = [part for slug in ("gte", "aqpsc") for part in ("--network", slug)]
        output = live.command("create-organiser", ORGANISER, "--name", "Dominique", *networks)
        found = re.search(r"password: (\S+)", output)
        assert found is not None
        self.password = found[1]
        with live.app.app_context(), transaction():
            self.public, self.organiser = _public_pages(), _organiser_pages()

    def sign_in(self, page: Page) -> None:
        """Sign in as an organiser, as a person does."""
        page.goto(f"{self.live.url}/organiser/")
        page.get_by_label("Adresse courriel").fill(ORGANISER)
        page.get_by_label("Mot de passe", exact=True).fill(self.password)
        page.get_by_role("button", name="Ouvrir une session").click()
        page.wait_for_url("**/organiser/")


def _public_pages() -> list[str]:
    """The address of each sort of public page."""
    keys = {
        "full": "gte-le-soutien-des-pratiques-parentales-liees-au",
        "dated": "gte-grande-matinee-des-tout-petits-2021",
        "undated": "laval-sommet-sur-le-developpement-social",
        "paid": "petales-atelier-de-sensibilisation-inscription-i",
    }
    slugs = {
        name: session.query(Event.slug).filter_by(programme_key=key).scalar()
        for name, key in keys.items()
    }
    registration = session.query(Registration).filter_by(state="waitlisted").first()
    subscription = session.query(Subscription).filter_by(state="confirmed").first()
    assert registration is not None
    assert subscription is not None
    return [
        "/",
        "/events/",
        "/events/?q=rien+de+tel",
        *(f"/events/{slug}" for slug in slugs.values()),
        f"/events/{slugs['full']}/register",
        f"/events/{slugs['dated']}/register",
        f"/registrations/{manage_token(registration)}",
        "/registrations/links",
        "/calendars/",
        "/newsletters/",
        f"/newsletters/{NEWSLETTER}",
        "/newsletters/gte-suivi-des-reunions",
        f"/subscriptions/{unsubscribe_token(subscription)}/unsubscribe",
        "/organiser/sign-in",
        "/organiser/password",
        "/nulle-part",
        "/events/?lang=en",
    ]


def _organiser_pages() -> list[str]:
    """The address of each sort of organiser's page."""
    event = (
        session.query(Event)
        .filter_by(programme_key="gte-le-soutien-des-pratiques-parentales-liees-au")
        .one()
    )
    newsletter = session.query(Newsletter).filter_by(slug=NEWSLETTER).one()
    window = Window(factories.in_days(0), factories.in_days(300))
    draft, sent = (composing.compose(newsletter, window) for _ in range(2))
    for block in sent.blocks:
        if block.kind == "introduction":
            block.text_fr = "Bonne lecture!"
    session.flush()
    sending.send(sent, sent.version)
    return [
        "/organiser/",
        "/organiser/events/",
        "/organiser/events/new",
        f"/organiser/events/{event.public_id}",
        f"/organiser/events/{event.public_id}/edit",
        f"/organiser/events/{event.public_id}/preview",
        f"/organiser/events/{event.public_id}/registrations",
        "/organiser/newsletters/",
        f"/organiser/newsletters/{NEWSLETTER}/subscribers",
        f"/organiser/issues/{draft.public_id}",
        f"/organiser/issues/{draft.public_id}/preview",
        f"/organiser/issues/{draft.public_id}/send",
        f"/organiser/issues/{sent.public_id}",
        "/organiser/network/",
        "/organiser/networks/gte",
        "/organiser/account",
    ]


@pytest.fixture(scope="module")
def house(live_server: LiveServer) -> House:
    """The house with its demonstration, for all tests of this file."""
    factories.use(live_server.app)
    return House(live_server)


@pytest.fixture
def dark(browser: Browser) -> Iterator[Page]:
    """A window whose reader prefers a dark page."""
    context = browser.new_context(viewport=DESK, locale="fr-CA", color_scheme="dark")
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def visit(page: Page, house: House, path: str) -> None:
    """Open a page; a redirect to the sign-in page is a mistake of the test."""
    answer = page.goto(house.live.url + path)
    assert answer is not None
    expected = 404 if path == "/nulle-part" else 200
    assert answer.status == expected, f"{path} answered {answer.status}"


@pytest.mark.requirement("S7")
def test_axe_core_finds_nothing_on_any_public_page(page: Page, house: House):
    for path in house.public:
        visit(page, house, path)
        assert_accessible(page)


@pytest.mark.requirement("S7")
def test_axe_core_finds_nothing_on_any_page_of_the_organisers(page: Page, house: House):
    house.sign_in(page)
    for path in house.organiser:
        visit(page, house, path)
        assert_accessible(page)


def test_axe_core_finds_nothing_in_the_dark(dark: Page, house: House):
    for path in house.public[:7]:
        visit(dark, house, path)
        assert_accessible(dark)
    house.sign_in(dark)
    for path in house.organiser[:7]:
        visit(dark, house, path)
        assert_accessible(dark)


@pytest.mark.parametrize("window", [ZOOMED, PHONE, {"width": 320, "height": 640}])
def test_no_page_scrolls_sideways_at_200_percent_nor_on_a_phone(
    page: Page, house: House, window: dict[str, int]
):
    page.set_viewport_size({"width": window["width"], "height": window["height"]})
    for path in house.public:
        visit(page, house, path)
        assert_no_sideways_scroll(page)
    house.sign_in(page)
    for path in house.organiser:
        visit(page, house, path)
        assert_no_sideways_scroll(page)


def tab_to(page: Page, words: str, at_most: int = 60) -> None:
    """Press Tab until what has the focus says these words, and can be seen to have it."""
    for _ in range(at_most):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED_WORDS)
        if words in focused:
            assert page.evaluate(SHOWS_FOCUS), f"{words!r} has the focus and nothing shows it"
            return
    raise AssertionError(f"no Tab leads to {words!r} on {page.url}")


def test_a_person_registers_with_the_keyboard_alone(page: Page, house: House, smtp: MailServer):
    page.goto(f"{house.live.url}/events/?q=grande+matinee")
    tab_to(page, "Grande Matinée des Tout-petits")
    page.keyboard.press("Enter")
    page.wait_for_url("**/events/grande-matinee-*")
    tab_to(page, "S’inscrire")
    page.keyboard.press("Enter")
    page.wait_for_url("**/register")
    for label, typed in (("Votre nom", "Lise Côté"), ("Adresse courriel", "clavier@example.org")):
        tab_to(page, label)
        page.keyboard.type(typed)
    tab_to(page, "S’inscrire")
    page.keyboard.press("Enter")
    page.wait_for_url("**/registrations/done")
    assert "clavier@example.org" in page.inner_text("main")
    smtp.wait_for("clavier@example.org")


def test_a_form_with_a_mistake_takes_the_focus_to_what_is_wrong(page: Page, house: House):
    page.goto(f"{house.live.url}{house.public[7 + 1]}")
    page.get_by_label("Votre nom").fill("Lise Côté")
    page.get_by_role("button", name="S’inscrire").click()
    page.wait_for_load_state()
    focused = page.evaluate("document.activeElement.innerText")
    assert "courriel" in focused
    assert page.get_by_label("Votre nom").input_value() == "Lise Côté"
