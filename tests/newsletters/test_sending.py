"""An issue that leaves: what stops it, what is frozen, who is owed a copy, when it is done."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from eventhub import clock, tokens
from eventhub.db import session, transaction
from eventhub.errors import Conflict
from eventhub.mail import batch as batches
from eventhub.mail.models import Batch, Delivery
from eventhub.newsletters import emails, rules
from eventhub.newsletters.models import Issue, Variant
from eventhub.newsletters.service import composing, sending
from eventhub.outbox import OutboxRow
from eventhub.subscriptions import service as subscriptions
from eventhub.subscriptions.models import Newsletter
from tests import factories

pytestmark = pytest.mark.usefixtures("context")

FIRST_OF_DECEMBER = datetime(2026, 12, 1, 11, 0, tzinfo=UTC)
WINDOW = rules.Window(date(2026, 12, 1), date(2027, 1, 31))


@pytest.fixture(autouse=True)
def _december(context: None) -> None:
    clock.fix(FIRST_OF_DECEMBER)


def an_issue(newsletter: Newsletter | None = None, text_fr: str = "Bonjour à vous!") -> Issue:
    """A draft that is ready to leave, with one event."""
    newsletter = newsletter or factories.a_newsletter()
    factories.a_published_event(newsletter.network, starts_on=date(2026, 12, 10))
    with transaction():
        issue = composing.compose(factories.attached(newsletter), WINDOW)
        issue.blocks[0].text_fr = text_fr
    return issue


def send(issue: Issue) -> Issue:
    with transaction():
        held = factories.reload(issue)
        sending.send(held, held.version)
    return factories.reload(issue)


def owe_all(issue: Issue, chunk: int = 10_000) -> int:
    """Owe each delivery; the number of transactions it took."""
    for turn in range(1, 1000):
        with transaction():
            more = sending.owe_deliveries(issue.id, chunk)
        if not more:
            return turn
    raise AssertionError("it never ends")


def codes(issue: Issue) -> set[str]:
    return {finding.code for finding in sending.findings(factories.reload(issue)) if finding.stops}


def the_delivery_states(issue: Issue) -> Counter[str]:
    session.rollback()
    return Counter(
        state for (state,) in session.query(Delivery.state).filter_by(batch_id=issue.batch_id)
    )


@pytest.mark.requirement("L1")
@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ({"postal_address": " "}, "no_postal_address"),
        ({"person_in_charge": ""}, "no_person_in_charge"),
        ({"from_address": ""}, "no_sender"),
        ({"phone": "", "reply_to": "", "website": "", "from_address": ""}, "no_contact"),
    ],
)
def test_an_issue_whose_sender_is_not_identified_does_not_leave(missing, code):
    newsletter = factories.a_newsletter(factories.a_network(**missing))
    factories.a_subscription(newsletter)
    issue = an_issue(newsletter)
    with pytest.raises(sending.NotReady) as refusal:
        send(issue)
    assert code in {finding.code for finding in refusal.value.findings}
    assert factories.reload(issue).state == "draft"
    assert factories.count(Batch) == factories.count(Delivery) == factories.count(Variant) == 0


def test_an_issue_without_readers_does_not_leave():
    newsletter = factories.a_newsletter()
    factories.a_subscription(newsletter, state="unconfirmed")
    factories.a_subscription(newsletter, state="unsubscribed")
    assert codes(an_issue(newsletter)) == {"no_subscribers"}


def test_english_without_french_does_not_leave():
    newsletter = factories.a_newsletter()
    factories.a_subscription(newsletter)
    issue = an_issue(newsletter, text_fr="")
    with transaction():
        factories.attached(issue).blocks[0].text_en = "Hello"
    assert codes(issue) == {"no_french"}
    with transaction():
        factories.attached(issue).blocks[0].hidden = True
        factories.attached(issue).subject_fr = ""
    assert codes(issue) == {"no_subject"}


def test_an_event_that_is_no_longer_public_stops_the_issue_and_a_past_one_is_only_noted():
    newsletter = factories.a_newsletter()
    factories.a_subscription(newsletter)
    issue = an_issue(newsletter)
    clock.fix(FIRST_OF_DECEMBER + timedelta(days=20))
    assert codes(issue) == set()
    assert [found.code for found in sending.findings(factories.reload(issue))] == ["past"]
    with transaction():
        factories.attached(issue).blocks[1].event.audience = "members"
    assert codes(issue) == {"not_public"}


def test_a_tight_squeeze_of_100_events_is_too_long_to_be_delivered_whole():
    newsletter = factories.a_newsletter()
    factories.a_subscription(newsletter)
    for _event in range(100):
        factories.a_published_event(newsletter.network, starts_on=date(2026, 12, 10))
    assert "too_large" in codes(an_issue(newsletter))


def test_sending_freezes_each_language_and_leaves_the_rest_to_the_worker():
    newsletter = factories.a_newsletter()
    factories.a_subscription(newsletter)
    issue = send(an_issue(newsletter))
    assert issue.state == "sending"
    assert sorted(variant.locale for variant in issue.variants) == ["en", "fr"]
    assert factories.count(OutboxRow, task="newsletters.freeze") == 1
    assert issue.batch.state == "preparing"
    assert sending.progress(issue) == {
        "sent": 0, "owed": 1, "failed": 0, "stopped": 0, "total": 1,
    }  # fmt: skip


def test_what_was_frozen_does_not_follow_a_later_change():
    newsletter = factories.a_newsletter()
    factories.a_subscription(newsletter)
    issue = send(an_issue(newsletter))
    before = issue.variants[0].html
    with transaction():
        factories.attached(issue).blocks[1].event.title_fr = "Autre titre"
    assert factories.reload(issue).variants[0].html == before
    with pytest.raises(composing.NotADraft), transaction():
        composing.edit_subject(factories.attached(issue), 9, subject_fr="Autre", subject_en="")


def test_each_confirmed_subscriber_is_owed_one_copy_in_their_language():
    newsletter = factories.a_newsletter()
    french = factories.a_subscription(newsletter, "fr@example.org")
    english = factories.a_subscription(newsletter, "en@example.org", locale="en")
    factories.a_subscription(newsletter, "non@example.org", state="unconfirmed")
    factories.a_subscription(newsletter, "parti@example.org", state="unsubscribed")
    factories.a_subscription(factories.a_newsletter(), "ailleurs@example.org")
    issue = send(an_issue(newsletter))
    owe_all(issue)
    owe_all(issue)  # a task that is run again owes nothing twice
    session.rollback()
    owed = session.query(Delivery).filter_by(batch_id=issue.batch_id).order_by(Delivery.id).all()
    assert [(each.address, each.locale, each.subject_id, each.person_id) for each in owed] == [
        ("fr@example.org", "fr", french.id, french.person_id),
        ("en@example.org", "en", english.id, english.person_id),
    ]
    assert {each.state for each in owed} == {"pending"}
    assert len({each.public_id for each in owed}) == 2
    assert factories.reload(issue).batch.state == "running"


@pytest.mark.database("sqlite")
def test_on_sqlite_the_copies_are_owed_in_chunks_that_can_be_interrupted():
    newsletter = factories.a_newsletter()
    for _reader in range(7):
        factories.a_subscription(newsletter)
    issue = send(an_issue(newsletter))
    with transaction():
        assert sending.owe_deliveries(issue.id, chunk=3)
    assert factories.reload(issue).batch.state == "preparing"
    assert the_delivery_states(issue) == {"pending": 3}
    with pytest.raises(KeyboardInterrupt):
        owe_and_die(issue)
    assert the_delivery_states(issue) == {"pending": 3}
    assert owe_all(issue, chunk=3) == 2
    assert the_delivery_states(issue) == {"pending": 7}
    assert factories.reload(issue).batch.state == "running"


def test_an_address_that_is_owed_a_copy_already_is_not_owed_a_second():
    newsletter = factories.a_newsletter()
    subscription = factories.a_subscription(newsletter, "lea@example.org")
    issue = send(an_issue(newsletter))
    factories.save(
        Delivery(
            batch_id=issue.batch_id, message=subscriptions.ISSUE, subject_id=subscription.id,
            address="Lea@example.org", address_key="lea@example.org", locale="fr",
            created_at=clock.now(),
        )
    )  # fmt: skip
    owe_all(issue)
    assert the_delivery_states(issue) == {"pending": 1}


@pytest.mark.requirement("L2")
def test_somebody_who_leaves_after_the_freeze_is_not_written_to():
    newsletter = factories.a_newsletter()
    before, after = (factories.a_subscription(newsletter) for _reader in range(2))
    stays = factories.a_subscription(newsletter)
    issue = send(an_issue(newsletter))
    leave(before)
    owe_all(issue)
    leave(after)
    assert the_delivery_states(issue) == {"cancelled": 1, "pending": 1}
    session.rollback()
    owed = session.query(Delivery).filter_by(state="pending").one()
    assert owed.subject_id == stays.id
    left = session.query(Delivery).filter_by(state="cancelled").all()
    assert emails.personal(left) == {}


@pytest.mark.requirement("W6")
def test_each_copy_has_its_own_unsubscribe_link_and_shows_its_address_masked():
    newsletter = factories.a_newsletter()
    subscription = factories.a_subscription(newsletter, "lea@example.org")
    issue = send(an_issue(newsletter))
    owe_all(issue)
    session.rollback()
    deliveries = session.query(Delivery).filter_by(batch_id=issue.batch_id).all()
    (own,) = emails.personal(deliveries).values()
    mark = {each.locale: each.mark for each in factories.reload(issue).variants}["fr"]
    token = tokens.make("subscription.unsubscribe", subscription.public_id)
    assert own.unsubscribe_url == f"http://localhost/subscriptions/{token}/unsubscribe"
    assert own.values == {
        f"@@unsubscribe-{mark}@@": own.unsubscribe_url,
        f"@@address-{mark}@@": "l•••@e•••.org",
    }


@pytest.mark.requirement("W5", "W6", "W7")
def test_the_message_names_its_list_and_its_archive():
    newsletter = factories.a_newsletter(slug="infolettre-mensuelle", name_fr="Infolettre mensuelle")
    message = emails.issue(factories.reload(an_issue(newsletter)), "fr", mark="m")
    assert message.list_id == "Infolettre mensuelle <infolettre-mensuelle.hub.example>"
    assert message.archive_url == "http://localhost/newsletters/infolettre-mensuelle"
    assert message.bulk
    assert message.sender.addr_spec == newsletter.network.from_address


@pytest.mark.requirement("N4")
def test_a_paused_issue_stops_goes_on_and_can_be_cancelled():
    newsletter = factories.a_newsletter()
    for _reader in range(3):
        factories.a_subscription(newsletter)
    issue = send(an_issue(newsletter))
    change(issue, sending.pause)
    owe_all(issue)
    assert (factories.reload(issue).state, factories.reload(issue).batch.state) == (
        "paused", "paused",
    )  # fmt: skip
    change(issue, sending.resume)
    assert (factories.reload(issue).state, factories.reload(issue).batch.state) == (
        "sending", "running",
    )  # fmt: skip
    change(issue, sending.cancel)
    assert (factories.reload(issue).state, factories.reload(issue).batch.state) == (
        "cancelled", "cancelled",
    )  # fmt: skip
    assert the_delivery_states(issue) == {"cancelled": 3}
    with pytest.raises(Conflict):
        change(issue, sending.resume)


@pytest.mark.requirement("N3")
def test_an_issue_is_sent_when_nothing_of_it_is_open_any_more():
    newsletter = factories.a_newsletter()
    for _reader in range(3):
        factories.a_subscription(newsletter)
    issue = send(an_issue(newsletter))
    owe_all(issue)
    for state, delivery in zip(("sent", "refused", "sent"), deliveries(issue), strict=True):
        assert not finish(issue)
        set_state(delivery, state)
    assert finish(issue)
    done = factories.reload(issue)
    assert (done.state, done.batch.state) == ("sent", "done")
    assert done.sent_at == FIRST_OF_DECEMBER
    assert sending.progress(done) == {
        "sent": 2, "owed": 0, "failed": 1, "stopped": 0, "total": 3,
    }  # fmt: skip


def test_an_issue_is_sent_once_however_often_the_button_is_pressed():
    newsletter = factories.a_newsletter()
    factories.a_subscription(newsletter)
    issue = send(an_issue(newsletter))
    with pytest.raises(composing.NotADraft):
        send(issue)
    assert factories.count(Batch) == 1


def test_an_issue_that_changed_since_it_was_looked_at_is_not_sent():
    newsletter = factories.a_newsletter()
    factories.a_subscription(newsletter)
    issue = an_issue(newsletter)
    with pytest.raises(composing.ChangedMeanwhile), transaction():
        sending.send(factories.attached(issue), issue.version - 1)


def owe_and_die(issue: Issue) -> None:
    """A worker that is killed between its writes and its commit."""
    with transaction():
        sending.owe_deliveries(issue.id, chunk=3)
        raise KeyboardInterrupt


def leave(subscription) -> None:
    with transaction():
        subscriptions.unsubscribe(
            subscriptions.unsubscribe_token(factories.attached(subscription)), source="one-click"
        )


def change(issue: Issue, use_case) -> None:
    with transaction():
        use_case(factories.attached(issue))


def finish(issue: Issue) -> bool:
    """What a worker does when it can claim nothing more."""
    with transaction():
        done = batches.finish(issue.batch_id)
        if done:
            sending.finish(batches.get_batch(issue.batch_id))
    return done


def deliveries(issue: Issue) -> list[Delivery]:
    session.rollback()
    return session.query(Delivery).filter_by(batch_id=issue.batch_id).order_by(Delivery.id).all()


def set_state(delivery: Delivery, state: str) -> None:
    with transaction():
        factories.attached(delivery).state = state
