"""Newsletters in a real browser: legible for everyone, on a phone, by keyboard, without script."""

from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from eventhub import clock
from eventhub.db import transaction
from eventhub.newsletters import rules
from eventhub.newsletters.models import Issue
from eventhub.newsletters.service import composing, sending
from eventhub.subscriptions import service
from eventhub.subscriptions.models import Newsletter, Subscription
from tests import factories
from tests.browser import DESK, PHONE, assert_accessible, assert_no_sideways_scroll
from tests.factories import PASSWORD

pytestmark = [pytest.mark.database("sqlite"), pytest.mark.browser]

NOW = datetime(2026, 12, 1, 17, tzinfo=UTC)
WINDOW = rules.Window(date(2026, 12, 1), date(2027, 1, 31))


@pytest.fixture(autouse=True)
def _december(site: str) -> None:
    clock.fix(NOW)


def a_newsletter_with_events() -> Newsletter:
    newsletter = factories.a_newsletter(rule="nouvelles, dates à venir")
    for title, day in (("Grande Matinée", date(2026, 12, 9)), ("Forum", date(2027, 1, 14))):
        factories.a_published_event(newsletter.network, title_fr=title, starts_on=day)
    factories.a_published_event(
        newsletter.network,
        title_fr="Rencontre",
        starts_on=None,
        ends_on=None,
        month="2027-01",
        date_status="to_be_confirmed",
    )
    return newsletter


def a_draft(newsletter: Newsletter, text: str = "Bonjour\n\n## Un bon coup\n\n- Bravo") -> Issue:
    with factories.context(), transaction():
        issue = composing.compose(factories.attached(newsletter), WINDOW)
        issue.blocks[0].text_fr = text
    return issue


def a_sent_issue(newsletter: Newsletter) -> Issue:
    issue = a_draft(newsletter)
    with factories.context(), transaction():
        held = factories.attached(issue)
        sending.send(held, held.version)
    return issue


def links_of(subscription: Subscription) -> tuple[str, str]:
    with factories.context():
        held = factories.reload(subscription)
        return service.confirm_token(held), service.unsubscribe_token(held)


def sign_in(page: Page, site: str, newsletter: Newsletter) -> None:
    account = factories.an_organiser(newsletter.network)
    page.goto(f"{site}/organiser/sign-in")
    page.get_by_label("Adresse courriel").fill(account.email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)


@pytest.mark.requirement("S7")
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_readers_pages_are_accessible_and_fit(site: str, page: Page, size: dict[str, int]):
    newsletter = a_newsletter_with_events()
    members = factories.a_newsletter(newsletter.network, audience="members")
    reader = factories.a_subscription(newsletter)
    waiting = factories.a_subscription(
        newsletter, state="unconfirmed", confirmed_at=None, confirmation_owed_at=NOW
    )
    issue = a_sent_issue(newsletter)
    confirm, unsubscribe = links_of(waiting)[0], links_of(reader)[1]
    page.set_viewport_size(size)
    for path in (
        "/newsletters/",
        f"/newsletters/{newsletter.slug}",
        f"/newsletters/{members.slug}",
        f"/newsletters/{newsletter.slug}/{issue.slug}",
        f"/subscriptions/requested/{newsletter.slug}",
        f"/subscriptions/{confirm}/confirm",
        f"/subscriptions/{unsubscribe}/unsubscribe",
    ):
        page.goto(site + path)
        assert_accessible(page)
        assert_no_sideways_scroll(page)
    page.get_by_role("button", name="Me désabonner").click()
    expect(page.get_by_role("heading", name="C’est fait.")).to_be_visible()
    assert_accessible(page)


@pytest.mark.requirement("S7")
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_organisers_pages_are_accessible_and_fit(site: str, page: Page, size: dict[str, int]):
    newsletter = a_newsletter_with_events()
    factories.a_subscription(newsletter)
    draft, empty, sent = a_draft(newsletter), a_draft(newsletter, ""), a_sent_issue(newsletter)
    page.set_viewport_size(size)
    sign_in(page, site, newsletter)
    issues = f"{site}/organiser/issues"
    for address in (
        f"{site}/organiser/newsletters/",
        f"{site}/organiser/newsletters/{newsletter.slug}/subscribers",
        f"{issues}/{draft.public_id}",
        f"{issues}/{empty.public_id}",
        f"{issues}/{draft.public_id}/preview",
        f"{issues}/{draft.public_id}/send",
        f"{issues}/{empty.public_id}/send",
        f"{issues}/{sent.public_id}",
    ):
        page.goto(address)
        assert_accessible(page)
        assert_no_sideways_scroll(page)


@pytest.mark.requirement("N8")
def test_one_subscribes_on_a_phone_without_script(site: str, browser: Browser):
    newsletter = a_newsletter_with_events()
    context = browser.new_context(viewport=PHONE, locale="fr-CA", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/newsletters/{newsletter.slug}")
    clock.fix(datetime(2026, 12, 1, 17, 1, tzinfo=UTC))
    page.get_by_label("Adresse courriel").fill("lea@example.org")
    page.get_by_role("button", name="S’abonner").click()
    expect(page.get_by_role("alert")).to_contain_text("Cochez la case")
    expect(page.get_by_label("Adresse courriel")).to_have_value("lea@example.org")
    page.get_by_label("J’accepte de recevoir").check()
    page.get_by_role("button", name="S’abonner").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Une dernière étape")
    with factories.context():
        waiting = factories.session.query(Subscription).one()
    page.goto(f"{site}/subscriptions/{links_of(waiting)[0]}/confirm")
    page.get_by_role("button", name="Oui, je m’abonne").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bienvenue")
    context.close()


def test_an_issue_is_put_in_order_by_keyboard_alone(site: str, page: Page):
    newsletter = a_newsletter_with_events()
    draft = a_draft(newsletter)
    sign_in(page, site, newsletter)
    page.goto(f"{site}/organiser/issues/{draft.public_id}")
    titles = page.locator(".composer__block .event-row__title")
    expect(titles).to_have_text(["Grande Matinée", "Forum", "Rencontre"])
    page.get_by_role("button", name="Monter – Forum").focus()
    page.keyboard.press("Enter")
    expect(titles).to_have_text(["Forum", "Grande Matinée", "Rencontre"])
    expect(page.locator(":target")).to_contain_text("Forum")


def test_words_that_were_not_saved_come_back(site: str, page: Page):
    newsletter = a_newsletter_with_events()
    draft = a_draft(newsletter, "")
    sign_in(page, site, newsletter)
    page.goto(f"{site}/organiser/issues/{draft.public_id}")
    page.get_by_label("Texte en français").fill("Un long texte")
    kept = "() => Object.values(localStorage).some(text => text.includes('Un long texte'))"
    page.wait_for_function(kept)
    page.goto(f"{site}/organiser/newsletters/")
    page.goto(f"{site}/organiser/issues/{draft.public_id}")
    page.get_by_role("button", name="Reprendre mon texte").click()
    expect(page.get_by_label("Texte en français")).to_have_value("Un long texte")
