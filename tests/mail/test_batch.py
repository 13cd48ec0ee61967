"""A batch: everyone once, in their language; paused, cancelled, refused and taken back."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address

import pytest

from eventhub import clock
from eventhub.db import session, transaction
from eventhub.jobs import mail as jobs
from eventhub.jobs import registry
from eventhub.mail import batch as batches
from eventhub.mail import sending, service
from eventhub.mail.message import Message
from eventhub.mail.models import Batch, Delivery, Suppression
from eventhub.mail.render import Rendered
from tests import factories
from tests.mailserver import MailServer

NOON = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
NAME = "test.issue"

pytestmark = pytest.mark.usefixtures("context")


class Source:
    """What a newsletter gives its batches; ``unwanted`` addresses are left out."""

    def __init__(self) -> None:
        self.prepared: list[str] = []
        self.finished: list[int] = []
        self.unwanted: set[str] = set()

    def prepare(self, batch: Batch, locale: str) -> batches.Prepared:
        self.prepared.append(locale)
        hello = {"fr": "Bonjour", "en": "Hello"}[locale]
        message = Message(
            name=NAME,
            locale=locale,
            sender=Address("Réseau", addr_spec="bonjour@reseau.example"),
            recipient=Address(addr_spec="nobody@example.org"),
            values={},
            bulk=True,
        )
        body = f"{hello} @@name@@: @@leave@@"
        return batches.Prepared(message, Rendered(hello, body, f"<body>{body}</body>"))

    def personal(self, deliveries: Sequence[Delivery]) -> Mapping[int, batches.Personal]:
        return {
            delivery.id: batches.Personal(
                Address(addr_spec=delivery.address),
                f"https://hub.example/leave/{delivery.id}",
                {"@@name@@": delivery.address, "@@leave@@": f"https://hub.example/{delivery.id}"},
            )
            for delivery in deliveries
            if delivery.address not in self.unwanted
        }

    def finish(self, batch: Batch) -> None:
        self.finished.append(batch.id)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    found = Source()
    fed = batches.BatchSource(found.prepare, found.personal, found.finish)
    monkeypatch.setitem(registry.BATCHES, NAME, fed)
    clock.fix(NOON)
    yield found
    clock.fix(None)


def a_batch(readers: int, *, running: bool = True) -> int:
    with transaction():
        batch = batches.open_batch(NAME, 1)
        for number in range(readers):
            session.add(
                Delivery(
                    batch_id=batch.id,
                    message=NAME,
                    subject_id=number,
                    address=f"personne{number}@example.org",
                    address_key=f"personne{number}@example.org",
                    locale="en" if number % 3 == 0 else "fr",
                    created_at=clock.now(),
                )
            )
        if running:
            batches.run(batch)
    return batch.id


def change(batch_id: int, how) -> None:
    with transaction():
        batch = batches.get_batch(batch_id)
        assert batch is not None
        how(batch)


def progress(batch_id: int) -> Counter[str]:
    session.rollback()
    return Counter(batches.progress(batch_id))


@pytest.mark.requirement("N3")
def test_everyone_receives_one_copy_in_their_language_and_the_batch_is_done(
    source: Source, smtp: MailServer, run_jobs
):
    batch_id = a_batch(60)
    run_jobs()
    assert Counter(mail.recipients[0] for mail in smtp.mails) == {
        f"personne{number}@example.org": 1 for number in range(60)
    }
    english = smtp.only("personne3@example.org")
    assert english.subject == "Hello"
    assert "Hello personne3@example.org: https://hub.example/" in english.text
    assert english.message["List-Unsubscribe"].startswith("<https://hub.example/leave/")
    assert progress(batch_id) == Counter(sent=60)
    assert source.finished == [batch_id]
    assert factories.count(Batch, state="done") == 1


def test_each_language_is_prepared_once_a_slice(source: Source, smtp, run_jobs):
    a_batch(60)
    run_jobs()
    assert len(source.prepared) <= 2 * batches.LANES


@pytest.mark.requirement("L2")
def test_who_left_meanwhile_receives_nothing(source: Source, smtp: MailServer, run_jobs):
    source.unwanted = {"personne1@example.org"}
    batch_id = a_batch(4)
    with transaction():
        service.cancel_open(NAME, 2)
        service.suppress("personne3@example.org", "manual")
    run_jobs()
    assert [mail.recipients for mail in smtp.mails] == [["personne0@example.org"]]
    assert progress(batch_id) == Counter(sent=1, cancelled=2, suppressed=1)
    assert source.finished == [batch_id]


@pytest.mark.requirement("N2")
def test_one_refused_address_sends_nobody_a_second_copy(source, smtp: MailServer, run_jobs):
    smtp.refuse_recipient = lambda address: (
        "550 5.1.1 unknown" if address.startswith("personne1") else None
    )
    batch_id = a_batch(20)
    run_jobs()
    assert progress(batch_id) == Counter(sent=9, refused=11)
    assert len(smtp.mails) == 9
    assert factories.count(Suppression) == 11


@pytest.mark.requirement("N3")
def test_a_batch_is_not_done_while_somebody_is_deferred(source, smtp: MailServer, run_jobs):
    smtp.refuse_recipient = lambda address: "450 later" if "e2@" in address else None
    batch_id = a_batch(5)
    run_jobs()
    assert progress(batch_id) == Counter(sent=4, deferred=1)
    assert source.finished == []
    smtp.refuse_recipient = lambda _address: None
    clock.fix(NOON + timedelta(minutes=5))
    run_jobs()
    assert progress(batch_id) == Counter(sent=5)
    assert source.finished == [batch_id]


@pytest.mark.requirement("N4")
def test_a_paused_batch_sends_at_most_the_message_in_hand_and_goes_on_where_it_was(
    source: Source, smtp: MailServer, run_jobs
):
    batch_id = a_batch(6)

    def pause_after_the_second(_address: str) -> None:
        if len(smtp.mails) == 2 and factories.count(Batch, state="running"):
            pause_from_elsewhere(batch_id)

    smtp.refuse_recipient = pause_after_the_second
    run_jobs()
    assert len(smtp.mails) == 3
    assert progress(batch_id) == Counter(sent=3, pending=3)
    change(batch_id, batches.run)
    run_jobs()
    assert len(smtp.mails) == len({mail.recipients[0] for mail in smtp.mails}) == 6
    assert source.finished == [batch_id]


def pause_from_elsewhere(batch_id: int) -> None:
    """In the mail server's thread: an organiser pauses while a message is on its way."""
    with factories._apps[0].app_context():
        change(batch_id, batches.pause)


@pytest.mark.requirement("N4")
def test_a_cancelled_batch_sends_nothing_more(source: Source, smtp: MailServer, run_jobs):
    batch_id = a_batch(3)
    change(batch_id, batches.cancel)
    run_jobs()
    change(batch_id, batches.run)
    run_jobs()
    assert smtp.mails == []
    assert progress(batch_id) == Counter(cancelled=3)
    assert source.finished == []


def test_nothing_leaves_while_a_batch_is_being_filled(source, smtp: MailServer, run_jobs):
    batch_id = a_batch(3, running=False)
    run_jobs(ticks=True)
    assert smtp.mails == []
    change(batch_id, batches.run)
    run_jobs()
    assert len(smtp.mails) == 3


@pytest.mark.requirement("N1")
def test_what_a_vanished_sender_held_is_taken_back(source, smtp: MailServer, run_jobs):
    batch_id = a_batch(3)
    with transaction():
        held = sending.claim_some(batch_id)
    with transaction():
        assert sending.start(held[0])
    run_jobs()
    assert smtp.mails == []
    clock.fix(NOON + timedelta(minutes=5))
    run_jobs(ticks=True)
    assert len(smtp.mails) == 3
    assert progress(batch_id) == Counter(sent=3)


def test_a_server_that_goes_away_puts_everyone_back(source, smtp: MailServer, run_jobs):
    smtp.refuse_recipient = lambda _address: "421 closing" if len(smtp.mails) == 2 else None
    batch_id = a_batch(6)
    run_jobs()
    found = progress(batch_id)
    assert (found["sent"], found["deferred"] + found["pending"]) == (2, 4)
    smtp.refuse_recipient = lambda _address: None
    clock.fix(NOON + timedelta(minutes=1))
    run_jobs()
    assert progress(batch_id) == Counter(sent=6)
    assert {delivery.attempts for delivery in session.query(Delivery)} == {1}


def test_an_empty_batch_is_done_at_once(source: Source, smtp: MailServer, run_jobs):
    batch_id = a_batch(0)
    run_jobs()
    assert source.finished == [batch_id]


def test_a_claim_takes_the_oldest_and_never_more_than_its_share(source: Source):
    batch_id = a_batch(70)
    with transaction():
        first = sending.claim_some(batch_id)
    with transaction():
        second = sending.claim_some(batch_id)
    assert [len(first), len(second)] == [50, 20]
    assert max(delivery.id for delivery in first) < min(delivery.id for delivery in second)
    with transaction():
        sending.release(second)
    assert progress(batch_id) == Counter(claimed=50, pending=20)


def test_a_drain_without_a_batch_has_nothing_to_do(source: Source):
    assert jobs.drain(12345, 0) is None
