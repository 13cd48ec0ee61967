"""What everyone sees of newsletters: the list, the form, the archive."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask_babel import refresh

from eventhub import clock, links
from eventhub.db import transaction
from eventhub.mail.models import Delivery
from eventhub.newsletters import rules
from eventhub.newsletters.models import Issue
from eventhub.newsletters.service import composing, reading, sending
from eventhub.subscriptions.models import Consent, Newsletter, Subscription
from tests import factories
from tests.client import FormClient, hidden_value

pytestmark = pytest.mark.usefixtures("context")

NOON = datetime(2026, 12, 1, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _december(context: None) -> None:
    clock.fix(NOON)


def fill_in(client: FormClient, newsletter: Newsletter, seconds: int = 20, **typed: str):
    """Open the form, take some time, and send it."""
    page = client.get(f"/newsletters/{newsletter.slug}")
    clock.fix(clock.now() + timedelta(seconds=seconds))
    form = {"email": "lea@example.org", "agreed": "y", "started": hidden_value(page, "started")}
    return client.post(f"/newsletters/{newsletter.slug}", data=form | typed)


def a_sent_issue(newsletter: Newsletter) -> Issue:
    factories.a_subscription(newsletter, "abonne@example.org")
    with transaction():
        window = rules.Window(date(2026, 12, 1), date(2027, 1, 31))
        issue = composing.compose(factories.attached(newsletter), window)
        issue.blocks[0].text_fr = "Bonjour à **vous**"
        issue.blocks[0].text_en = "Hello to **you**"
    with transaction():
        held = factories.attached(issue)
        sending.send(held, held.version)
    return factories.reload(issue)


@pytest.mark.requirement("L3", "L8")
def test_the_form_says_who_writes_and_asks_for_consent_in_an_unticked_box(client: FormClient):
    newsletter = factories.a_newsletter()
    page = client.get(f"/newsletters/{newsletter.slug}").text
    network = newsletter.network
    for words in (network.name, network.postal_address, network.person_in_charge, network.phone):
        assert words in page
    assert network.person_in_charge_email in page
    assert 'name="agreed"' in page
    assert "checked" not in page
    refused = fill_in(client, newsletter, agreed="")
    assert refused.status_code == 422
    assert 'value="lea@example.org"' in refused.text
    assert factories.count(Subscription) == 0


@pytest.mark.requirement("L3")
def test_the_sentence_that_was_shown_is_kept(client: FormClient):
    newsletter = factories.a_newsletter(name_fr="Infolettre d’ici")
    sentence = "J’accepte de recevoir par courriel «\u00a0Infolettre d’ici\u00a0»"
    assert sentence in client.get(f"/newsletters/{newsletter.slug}").text
    assert fill_in(client, newsletter).status_code == 303
    with transaction():
        assert factories.session.query(Consent).one().wording.startswith(sentence)


@pytest.mark.requirement("N9", "A12")
def test_the_answer_is_the_same_whether_the_address_is_known_or_not(client: FormClient):
    newsletter = factories.a_newsletter()
    factories.a_subscription(newsletter, "abonne@example.org")
    answers = [
        fill_in(client, newsletter, email=email)
        for email in ("nouvelle@example.org", "abonne@example.org", "abonne@example.org")
    ]
    assert {(each.status_code, each.location) for each in answers} == {
        (303, f"/subscriptions/requested/{newsletter.slug}")
    }
    assert factories.count(Delivery) == 1


@pytest.mark.requirement("N9")
def test_a_robot_that_fills_the_hidden_field_is_answered_and_ignored(client: FormClient):
    newsletter = factories.a_newsletter()
    answer = fill_in(client, newsletter, website="https://spam.example")
    assert (answer.status_code, answer.location) == (
        303, f"/subscriptions/requested/{newsletter.slug}",
    )  # fmt: skip
    assert factories.count(Subscription) == factories.count(Delivery) == 0


@pytest.mark.requirement("N9")
@pytest.mark.parametrize("stamp", ["", "1.abc", "99999999999999.x", None])
def test_a_form_sent_at_once_or_with_a_forged_time_is_asked_again(client: FormClient, stamp):
    newsletter = factories.a_newsletter()
    forged = {} if stamp is None else {"started": stamp}
    refused = fill_in(client, newsletter, seconds=1, **forged)
    assert refused.status_code == 422
    assert factories.count(Delivery) == 0
    clock.fix(clock.now() + timedelta(seconds=3))
    again = {
        "email": "lea@example.org", "agreed": "y", "started": hidden_value(refused, "started"),
    }  # fmt: skip
    assert client.post(f"/newsletters/{newsletter.slug}", data=again).status_code == 303
    assert factories.count(Delivery) == 1


def test_an_address_that_cannot_be_one_is_refused_beside_its_field(client: FormClient):
    answer = fill_in(client, factories.a_newsletter(), email="lea@", name="Léa <b>")
    assert answer.status_code == 422
    assert "Léa &lt;b&gt;" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_members_newsletter_shows_no_form_and_takes_no_subscription(client: FormClient):
    newsletter = factories.a_newsletter(audience="members")
    assert 'name="email"' not in client.get(f"/newsletters/{newsletter.slug}").text
    form = {"email": "lea@example.org", "agreed": "y", "started": "x"}
    clock.fix(NOON)
    assert client.post(f"/newsletters/{newsletter.slug}", data=form).status_code in {409, 422}
    assert factories.count(Subscription) == 0


def test_the_list_names_each_newsletter_under_its_network(client: FormClient):
    first, second = factories.a_newsletter(), factories.a_newsletter(audience="members")
    page = client.get("/newsletters/").text
    for newsletter in (first, second):
        assert newsletter.network.name in page
        assert f'href="/newsletters/{newsletter.slug}"' in page


def test_the_archive_shows_what_was_sent_and_nothing_about_a_person(client: FormClient):
    newsletter = factories.a_newsletter()
    draft = factories.a_newsletter(newsletter.network)
    factories.a_published_event(newsletter.network, title_fr="Forum", starts_on=date(2026, 12, 10))
    issue = a_sent_issue(newsletter)
    path = f"/newsletters/{newsletter.slug}/{issue.slug}"
    assert f'href="{path}"' in client.get(f"/newsletters/{newsletter.slug}").text
    french = client.get(path).text
    refresh()  # this test's context remembers the language of its last page
    english = client.get(path + "?lang=en").text
    assert "Bonjour à <strong>vous</strong>" in french
    assert "Forum" in french
    assert "Hello to <strong>you</strong>" in english
    for page in (french, english):
        for secret in ("@@", "abonne", "a•••@", "/unsubscribe", "/subscriptions/"):
            assert secret not in page.partition("<main")[2].partition("</main>")[0]
    with transaction():
        factories.attached(issue).blocks[1].event.title_fr = "Autre titre"
    assert "Autre titre" not in client.get(path).text
    assert client.get(f"/newsletters/{draft.slug}/2026-12").status_code == 404


def test_a_draft_is_not_in_the_archive(client: FormClient):
    newsletter = factories.a_newsletter()
    with transaction():
        issue = composing.compose(
            factories.attached(newsletter), rules.Window(date(2026, 12, 1), date(2026, 12, 31))
        )
    assert client.get(f"/newsletters/{newsletter.slug}/{issue.slug}").status_code == 404
    assert issue.slug not in client.get(f"/newsletters/{newsletter.slug}").text


def test_a_members_issue_opens_by_the_link_of_its_mail_only(client: FormClient):
    newsletter = factories.a_newsletter(audience="members")
    factories.a_published_event(
        newsletter.network, audience="members", starts_on=date(2026, 12, 10)
    )
    issue = a_sent_issue(newsletter)
    address = links.issue(newsletter.slug, issue.slug, reading.access_of(issue))
    bare = f"/newsletters/{newsletter.slug}/{issue.slug}"
    assert client.get(bare).status_code == 404
    assert client.get(bare + "?access=x").status_code == 404
    answer = client.get(address.removeprefix("http://localhost"))
    assert answer.status_code == 200
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert bare not in client.get(f"/newsletters/{newsletter.slug}").text
