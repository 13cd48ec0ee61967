"""What is owed survives: Redis away or emptied, workers killed. Real processes, both databases."""

import time
from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask

from eventhub import clock
from eventhub.db import session, transaction
from eventhub.mail import service
from eventhub.mail.models import Batch, Delivery
from eventhub.newsletters import rules
from eventhub.newsletters.models import Issue
from eventhub.newsletters.service import composing, sending
from eventhub.outbox import OutboxRow
from eventhub.subscriptions.models import Newsletter
from tests import factories
from tests.jobs.conftest import House, Valkey
from tests.mailserver import MailServer

SUBSCRIBERS = 120


@pytest.fixture
def app(make_app: Callable[..., Flask], valkey: Valkey) -> Flask:
    """The application whose Redis the test may stop."""
    return make_app(redis_url=valkey.url)


def owe(number: int = 1) -> None:
    with factories.context():
        for one in range(number):
            with transaction():
                service.owe(
                    "mail.test",
                    subject_id=one,
                    address=f"lea{one}@example.org",
                    locale="fr",
                    key=f"test:{one}",
                )


def states() -> Counter[str]:
    with factories.context():
        session.rollback()
        return Counter(state for (state,) in session.query(Delivery.state))


def all_sent(number: int) -> Callable[[], bool]:
    return lambda: states() == Counter(sent=number) and factories.count(OutboxRow) == 0


def test_a_worker_sends_what_is_owed_as_soon_as_the_bell_rings(app, house: House, smtp):
    house.start("worker")
    owe(3)
    house.wait(all_sent(3), "three mails")
    assert sorted(mail.recipients[0] for mail in smtp.mails) == [
        f"lea{one}@example.org" for one in range(3)
    ]


@pytest.mark.requirement("S4")
def test_while_redis_is_stopped_a_use_case_goes_on_and_its_mail_leaves_when_redis_is_back(
    app, house: House, smtp: MailServer, valkey: Valkey
):
    house.start("worker")
    house.start("scheduler")
    valkey.stop()
    started = time.monotonic()
    owe(3)
    assert time.monotonic() - started < 2, "a bell that nobody hears must not hold up the request"
    assert states() == Counter(pending=3)
    valkey.start()
    house.wait(all_sent(3), "three mails after Redis came back")
    assert len(smtp.mails) == 3


def test_emptying_redis_loses_nothing_and_repeats_nothing(
    app, house: House, smtp: MailServer, valkey: Valkey
):
    owe(10)
    valkey.empty()
    house.start("worker")
    house.start("scheduler")
    house.wait(all_sent(10), "ten mails after FLUSHALL")
    assert len(smtp.mails) == 10


@pytest.mark.requirement("N1", "N2", "N3")
def test_a_worker_killed_in_the_middle_of_an_issue_loses_nobody(
    app, house: House, smtp: MailServer
):
    newsletter = factories.a_newsletter()
    factories.a_published_event(newsletter.network)
    with factories.context(), transaction():
        for number in range(SUBSCRIBERS):
            factories.a_subscription(newsletter, f"personne{number}@example.org")
    house.start("scheduler")
    worker = house.start("worker")
    issue_id = send_the_issue(newsletter)
    house.wait(lambda: len(smtp.mails) >= SUBSCRIBERS // 4, "the first mails")
    house.kill(worker)
    assert factories.count(Delivery, state="sent") < SUBSCRIBERS, "killed too late to prove much"
    house.start("worker")
    house.wait(lambda: factories.count(Batch, state="done") == 1, "the end of the issue")
    received = Counter(mail.recipients[0] for mail in smtp.mails)
    assert len(received) == SUBSCRIBERS, "somebody was lost"
    assert sum(received.values()) <= SUBSCRIBERS + 1, "more copies than killed senders"
    assert len({mail.message["Message-ID"] for mail in smtp.mails}) == SUBSCRIBERS
    assert states() == Counter(sent=SUBSCRIBERS)
    assert factories.count(Issue, id=issue_id, state="sent") == 1


def send_the_issue(newsletter: Newsletter) -> int:
    """Compose this month's issue and send it, as an organiser does."""
    with factories.context():
        with transaction():
            window = rules.window_of("monthly", clock.today("America/Toronto"))
            issue = composing.compose(factories.attached(newsletter), window)
            for block in issue.blocks:
                block.text_fr = block.text_fr or "Bonjour à vous!"
        with transaction():
            held = session.get(Issue, issue.id, populate_existing=True)
            assert held is not None
            sending.send(held, held.version)
            return held.id
