"""Subscribing by double opt-in, leaving, coming back, and the consents behind them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from eventhub import clock, tokens
from eventhub.db import session, transaction
from eventhub.errors import Invalid, NotFound
from eventhub.mail.models import Batch, Delivery
from eventhub.subscriptions import rules, service
from eventhub.subscriptions.models import Consent, Newsletter, Subscription
from tests import factories

pytestmark = pytest.mark.usefixtures("context")

NOON = datetime(2026, 12, 1, 17, tzinfo=UTC)
WORDING = "J’accepte de recevoir l’infolettre."


def subscribe(newsletter: Newsletter, email: str = "lea@example.org", **values: str) -> None:
    with transaction():
        service.subscribe(
            factories.attached(newsletter),
            email=email,
            locale=values.get("locale", "fr"),
            source="/newsletters/x",
            wording=WORDING,
        )


def confirm(subscription: Subscription, *also: Subscription) -> None:
    token = service.confirm_token(subscription)
    with transaction():
        service.confirm(token, source="link", also=tuple(each.public_id for each in also))


def unsubscribe(subscription: Subscription) -> None:
    with transaction():
        service.unsubscribe(service.unsubscribe_token(subscription), source="one-click")


def the_subscription(newsletter: Newsletter) -> Subscription:
    session.rollback()
    return session.query(Subscription).filter_by(newsletter_id=newsletter.id).one()


def statements(subscription: Subscription) -> list[str]:
    rows = session.query(Consent).filter_by(subscription_id=subscription.id).order_by(Consent.id)
    return [row.statement for row in rows]


def confirmations() -> int:
    return factories.count(Delivery, message=service.CONFIRMATION)


@pytest.mark.requirement("N9", "L3")
def test_a_first_request_owes_one_confirmation_and_keeps_the_words_that_were_agreed_to():
    newsletter = factories.a_newsletter()
    subscribe(newsletter)
    subscription = the_subscription(newsletter)
    assert subscription.state == "unconfirmed"
    assert confirmations() == 1
    consent = session.query(Consent).one()
    assert (consent.statement, consent.wording, consent.basis) == ("requested", WORDING, "express")


def test_confirming_makes_a_subscriber_and_keeps_the_proof():
    newsletter = factories.a_newsletter()
    subscribe(newsletter)
    confirm(the_subscription(newsletter))
    subscription = the_subscription(newsletter)
    assert subscription.state == "confirmed"
    assert statements(subscription) == ["requested", "granted"]
    assert session.query(Consent).filter_by(statement="granted").one().wording == WORDING


def test_confirming_twice_is_confirming_once():
    newsletter = factories.a_newsletter()
    subscribe(newsletter)
    confirm(the_subscription(newsletter))
    confirm(the_subscription(newsletter))
    assert statements(the_subscription(newsletter)) == ["requested", "granted"]


@pytest.mark.requirement("N9")
def test_an_address_gets_one_confirmation_a_day_whatever_the_newsletter():
    first, second = factories.a_newsletter(), factories.a_newsletter()
    clock.fix(NOON)
    for newsletter in (first, first, second):
        subscribe(newsletter, "Lea@Example.org")
    assert confirmations() == 1
    clock.fix(NOON + timedelta(hours=23))
    subscribe(first, "lea@example.org")
    assert confirmations() == 1
    clock.fix(NOON + timedelta(hours=25))
    subscribe(first, "lea@example.org")
    assert confirmations() == 2


@pytest.mark.requirement("N9")
def test_requests_that_come_at_once_owe_one_confirmation(app: Flask):
    newsletter, other = factories.a_newsletter(), factories.a_newsletter()

    def ask(number: int) -> None:
        with app.app_context():
            subscribe(newsletter if number % 2 else other, "lea@example.org")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(16)))
    assert confirmations() == 1
    assert factories.count(Subscription) == 2


@pytest.mark.requirement("N9")
def test_an_address_gets_three_confirmations_a_month_at_most():
    newsletter = factories.a_newsletter()
    for day in range(20):
        clock.fix(NOON + timedelta(days=day))
        subscribe(newsletter)
    assert confirmations() == 3
    clock.fix(NOON + timedelta(days=31))
    subscribe(newsletter)
    assert confirmations() == 4


@pytest.mark.requirement("N9")
def test_somebody_who_is_subscribed_already_is_not_written_to():
    newsletter = factories.a_newsletter()
    factories.a_subscription(newsletter, "lea@example.org")
    subscribe(newsletter, "LEA@example.org")
    assert confirmations() == 0
    assert the_subscription(newsletter).state == "confirmed"


@pytest.mark.requirement("N9")
def test_the_day_s_one_confirmation_offers_the_other_newsletters_asked_for_that_day():
    first, second = factories.a_newsletter(), factories.a_newsletter()
    subscribe(first)
    subscribe(second)
    one = the_subscription(first)
    assert [other.newsletter_id for other in service.list_also_requested(one)] == [second.id]
    confirm(one)
    assert the_subscription(second).state == "unconfirmed"
    confirm(the_subscription(first), the_subscription(second))
    assert the_subscription(second).state == "confirmed"


def test_the_confirmation_of_one_person_confirms_nobody_else():
    newsletter, other = factories.a_newsletter(), factories.a_newsletter()
    subscribe(newsletter)
    stranger = factories.a_subscription(other, "autre@example.org", state="unconfirmed")
    confirm(the_subscription(newsletter), stranger)
    assert the_subscription(other).state == "unconfirmed"


def test_a_confirmation_link_stops_working_after_a_month():
    newsletter = factories.a_newsletter()
    clock.fix(NOON)
    subscribe(newsletter)
    clock.fix(NOON + rules.CONFIRM_WITHIN + timedelta(minutes=1))
    with pytest.raises(service.LinkExpired):
        confirm(the_subscription(newsletter))


def test_a_link_of_another_purpose_confirms_nothing():
    newsletter = factories.a_newsletter()
    subscribe(newsletter)
    token = service.unsubscribe_token(the_subscription(newsletter))
    with pytest.raises(NotFound):
        service.get_to_confirm(token)
    with pytest.raises(NotFound):
        service.get_to_unsubscribe(service.confirm_token(the_subscription(newsletter)))


def test_an_old_confirmation_link_brings_nobody_back_after_they_left():
    newsletter = factories.a_newsletter()
    subscribe(newsletter)
    subscription = the_subscription(newsletter)
    old = service.confirm_token(subscription)
    confirm(subscription)
    unsubscribe(subscription)
    with pytest.raises(service.LinkExpired), transaction():
        service.confirm(old, source="link")
    assert the_subscription(newsletter).state == "unsubscribed"


def test_somebody_who_left_comes_back_by_asking_again():
    newsletter = factories.a_newsletter()
    subscription = factories.a_subscription(newsletter, "lea@example.org")
    unsubscribe(subscription)
    subscribe(newsletter)
    assert the_subscription(newsletter).state == "unsubscribed"
    confirm(the_subscription(newsletter))
    assert the_subscription(newsletter).state == "confirmed"
    assert statements(subscription) == ["withdrawn", "requested", "granted"]


@pytest.mark.requirement("L2", "W6")
def test_leaving_closes_what_is_owed_of_this_newsletter_in_the_same_transaction():
    newsletter, other = factories.a_newsletter(), factories.a_newsletter()
    subscription = factories.a_subscription(newsletter, "lea@example.org")
    elsewhere = factories.a_subscription(other, person=subscription.person)
    states = ("pending", "claimed", "deferred", "sending", "sent")
    owed = {state: owe_issue(subscription, state) for state in states}
    kept = owe_issue(elsewhere, "pending")
    unsubscribe(subscription)
    now = {state: factories.reload(delivery).state for state, delivery in owed.items()}
    assert now == {
        "pending": "cancelled",
        "claimed": "cancelled",
        "deferred": "cancelled",
        "sending": "sending",
        "sent": "sent",
    }
    assert factories.reload(kept).state == "pending"


@pytest.mark.requirement("W6")
def test_leaving_twice_is_leaving_once():
    subscription = factories.a_subscription(factories.a_newsletter())
    unsubscribe(subscription)
    unsubscribe(subscription)
    assert statements(subscription) == ["withdrawn"]


@pytest.mark.requirement("L2")
def test_an_unsubscribe_link_works_years_later():
    clock.fix(NOON)
    subscription = factories.a_subscription(factories.a_newsletter())
    token = service.unsubscribe_token(subscription)
    clock.fix(NOON + timedelta(days=3650))
    with transaction():
        service.unsubscribe(token, source="one-click")
    assert factories.reload(subscription).state == "unsubscribed"


def test_leaving_can_be_undone_for_an_hour():
    clock.fix(NOON)
    newsletter = factories.a_newsletter()
    subscription = factories.a_subscription(newsletter)
    token = service.unsubscribe_token(subscription)
    unsubscribe(subscription)
    with transaction():
        service.undo_unsubscribe(token, source="page", wording=WORDING)
    assert statements(the_subscription(newsletter)) == ["withdrawn", "granted"]
    unsubscribe(subscription)
    clock.fix(NOON + timedelta(hours=2))
    with pytest.raises(service.LinkExpired), transaction():
        service.undo_unsubscribe(token, source="page", wording=WORDING)
    assert the_subscription(newsletter).state == "unsubscribed"


def test_a_members_newsletter_takes_no_public_subscription():
    newsletter = factories.a_newsletter(audience="members")
    with pytest.raises(service.MembersOnly):
        subscribe(newsletter)
    assert factories.count(Subscription) == 0


def test_an_address_that_cannot_be_one_is_refused():
    with pytest.raises(Invalid):
        subscribe(factories.a_newsletter(), "lea@")


@pytest.mark.requirement("L6")
def test_an_organiser_adds_nobody_without_a_basis_and_a_source():
    newsletter = factories.a_newsletter(audience="members")
    with pytest.raises(Invalid) as refusal, transaction():
        service.add_subscriber(
            factories.attached(newsletter),
            email="lea@example.org",
            locale="fr",
            basis="they will like it",
            source=" ",
        )
    assert set(refusal.value.fields) == {"basis", "source"}
    assert factories.count(Subscription) == 0


def test_an_organiser_adds_a_member_but_never_somebody_who_left():
    newsletter = factories.a_newsletter(audience="members")
    values = {"email": "lea@example.org", "locale": "fr", "basis": "membership"}
    for _attempt in range(2):
        with transaction():
            service.add_subscriber(factories.attached(newsletter), source="AGA 2026", **values)
    subscription = the_subscription(newsletter)
    assert subscription.state == "confirmed"
    assert statements(subscription) == ["granted"]
    unsubscribe(subscription)
    with pytest.raises(service.AlreadyLeft), transaction():
        service.add_subscriber(factories.attached(newsletter), source="AGA 2026", **values)


def test_a_token_that_was_never_ours_is_not_found():
    for token in ("", "x", "a" * 500, tokens.make("subscription.confirm", "0" * 32)):
        with pytest.raises(NotFound):
            service.get_to_confirm(token)
        with pytest.raises(NotFound):
            service.get_to_unsubscribe(token)


def owe_issue(subscription: Subscription, state: str) -> Delivery:
    batch = factories.save(Batch(message=service.ISSUE, subject_id=1, created_at=clock.now()))
    return factories.save(
        Delivery(
            batch_id=batch.id,
            person_id=subscription.person_id,
            message=service.ISSUE,
            subject_id=subscription.id,
            address="lea@example.org",
            address_key="lea@example.org",
            locale="fr",
            state=state,
            created_at=clock.now(),
        )
    )
