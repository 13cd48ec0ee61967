"""The pages of one subscription, as browsers, scanners and mailboxes use them."""

import re

import pytest

from eventhub.db import transaction
from eventhub.mail.models import Delivery
from eventhub.people.service import find_person
from eventhub.subscriptions import service
from eventhub.subscriptions.models import Consent, Subscription
from tests import factories
from tests.client import FormClient

pytestmark = pytest.mark.usefixtures("context")

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def asked_for(email: str = "lea@example.org", locale: str = "fr") -> Subscription:
    """A subscription that waits for its confirmation."""
    newsletter = factories.a_newsletter(name_fr="Infolettre d’ici")
    with transaction():
        service.subscribe(
            factories.attached(newsletter),
            email=email,
            locale=locale,
            source="page",
            wording="J’accepte.",
        )
    person = find_person(email)
    assert person is not None
    found = service.find_subscription(newsletter, person)
    assert found is not None
    return found


def confirm_path(subscription: Subscription) -> str:
    return f"/subscriptions/{service.confirm_token(subscription)}/confirm"


def unsubscribe_path(subscription: Subscription) -> str:
    return f"/subscriptions/{service.unsubscribe_token(subscription)}/unsubscribe"


def state_of(subscription: Subscription) -> str:
    return factories.reload(subscription).state


@pytest.mark.requirement("N7")
def test_looking_at_a_link_changes_nothing(client: FormClient):
    waiting = asked_for()
    reader = factories.a_subscription(factories.a_newsletter())
    before = factories.count(Consent)
    for _scan in range(2):
        for ask in (client.get, client.head):
            assert ask(confirm_path(waiting)).status_code == 200
            assert ask(unsubscribe_path(reader)).status_code == 200
    assert (state_of(waiting), state_of(reader)) == ("unconfirmed", "confirmed")
    assert factories.count(Consent) == before


@pytest.mark.requirement("N8", "N10")
def test_the_page_of_the_confirmation_link_has_one_button_and_a_masked_address(client: FormClient):
    waiting = asked_for()
    page = client.get(confirm_path(waiting))
    main = re.search(r"<main.*</main>", page.text, re.DOTALL)
    assert main is not None
    assert main[0].count("<button") == 1
    assert "l•••@e•••.org" in page.text
    assert "lea@example.org" not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    answer = client.post(confirm_path(waiting))
    assert answer.status_code == 303
    assert state_of(waiting) == "confirmed"
    assert "Votre abonnement est confirmé" in client.get(answer.location).text


def test_the_page_speaks_the_language_of_the_subscription(client: FormClient):
    waiting = asked_for(locale="en")
    assert "Yes, I subscribe" in client.get(confirm_path(waiting)).text
    assert "Oui, je m’abonne" in client.get(confirm_path(waiting) + "?lang=fr").text


def test_a_confirmation_needs_the_token_of_its_own_page(client: FormClient):
    waiting = asked_for()
    assert client.post(confirm_path(waiting), csrf=False).status_code == 400
    assert state_of(waiting) == "unconfirmed"


@pytest.mark.requirement("W6", "L2")
@pytest.mark.parametrize("encoding", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_mailbox_unsubscribes_by_one_post(client: FormClient, encoding: str):
    reader = factories.a_subscription(factories.a_newsletter())
    for _time in range(2):
        answer = client.post(
            unsubscribe_path(reader), data=ONE_CLICK, content_type=encoding, csrf=False
        )
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        assert state_of(reader) == "unsubscribed"
    assert factories.count(Consent, statement="withdrawn") == 1


@pytest.mark.requirement("W6")
def test_a_link_that_was_never_ours_unsubscribes_nobody(client: FormClient):
    reader = factories.a_subscription(factories.a_newsletter())
    forged = unsubscribe_path(reader)[:-14] + "x/unsubscribe"
    assert client.post(forged, data=ONE_CLICK, csrf=False).status_code == 404
    assert client.get(forged).status_code == 404
    assert state_of(reader) == "confirmed"


@pytest.mark.requirement("N10", "L2")
def test_the_link_in_the_mail_opens_a_page_with_a_button_that_needs_no_typing(client: FormClient):
    reader = factories.a_subscription(factories.a_newsletter(), "lea@example.org")
    page = client.get(unsubscribe_path(reader))
    assert "l•••@e•••.org" in page.text
    assert "lea@example.org" not in page.text
    answer = client.post(unsubscribe_path(reader), csrf=False)
    assert answer.status_code == 200
    assert "C’est fait." in answer.text
    assert state_of(reader) == "unsubscribed"
    undo = f"/subscriptions/{service.unsubscribe_token(reader)}/undo"
    assert undo in answer.text
    assert client.post(undo, csrf=False).status_code == 400
    assert client.post(undo).status_code == 200
    assert state_of(reader) == "confirmed"


def test_an_old_confirmation_link_says_that_it_is_old(client: FormClient):
    waiting = asked_for()
    old = confirm_path(waiting)
    client.post(old)
    client.post(unsubscribe_path(waiting), csrf=False)
    assert client.get(old).status_code == 410
    assert client.post(old).status_code == 410
    assert state_of(waiting) == "unsubscribed"


@pytest.mark.requirement("W6")
def test_leaving_by_the_mailbox_stops_what_was_about_to_leave(client: FormClient):
    reader = factories.a_subscription(factories.a_newsletter())
    owed = factories.save(
        Delivery(
            message=service.ISSUE,
            subject_id=reader.id,
            person_id=reader.person_id,
            address="lea@example.org",
            address_key="lea@example.org",
            locale="fr",
            created_at=reader.created_at,
        )
    )
    client.post(unsubscribe_path(reader), data=ONE_CLICK, csrf=False)
    assert factories.reload(owed).state == "cancelled"
