"""One owed mail: from the outbox to a real SMTP server, through everything that can go wrong."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from eventhub import clock
from eventhub.db import transaction
from eventhub.jobs import mail as jobs
from eventhub.jobs import registry, tasks
from eventhub.mail import mime, sending, service
from eventhub.mail.models import Delivery, Suppression
from eventhub.mail.rules import Reply, classify
from eventhub.mail.transport import SmtpRun
from eventhub.outbox import OutboxRow
from tests import factories
from tests.mail.unruly import UnrulyServer
from tests.mailserver import MailServer, free_port

NOON = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
LEA = "lea@example.org"


@pytest.fixture(autouse=True)
def _noon() -> None:
    clock.fix(NOON)


def later(**pause: int) -> None:
    clock.fix(clock.now() + timedelta(**pause))


def owe(address: str = LEA) -> Delivery:
    with factories.writing():
        delivery = service.owe(
            "mail.test", subject_id=1, address=address, locale="fr", key=f"test:{address}"
        )
    assert delivery is not None
    return delivery


def state(delivery: Delivery) -> str:
    return factories.reload(delivery).state


def test_an_owed_mail_reaches_its_address_once(context, smtp: MailServer, run_jobs):
    delivery = owe()
    run_jobs()
    run_jobs()
    assert smtp.only(LEA).message["Message-ID"] == f"<{delivery.public_id}@hub.example>"
    assert state(delivery) == "sent"
    assert factories.count(OutboxRow) == 0


def test_a_mail_is_owed_once_under_its_key(context, smtp: MailServer, run_jobs):
    owe()
    with transaction():
        assert (
            service.owe("mail.test", subject_id=1, address=LEA, locale="fr", key=f"test:{LEA}")
            is None
        )
    run_jobs()
    smtp.only(LEA)


def test_a_use_case_that_is_rolled_back_leaves_no_mail(context, smtp: MailServer, run_jobs):
    def change_my_mind() -> None:
        with transaction():
            owe()
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        change_my_mind()
    run_jobs()
    assert smtp.mails == []
    assert factories.count(Delivery) == factories.count(OutboxRow) == 0


def test_an_address_that_must_not_be_written_to_is_not(context, smtp: MailServer, run_jobs):
    with transaction():
        service.suppress("LEA@example.org", "manual")
        service.suppress(LEA, "complaint")
    delivery = owe()
    run_jobs()
    assert smtp.mails == []
    assert state(delivery) == "suppressed"
    assert factories.count(Suppression, reason="manual") == 1


def test_a_mail_taken_back_before_it_left_never_leaves(context, smtp: MailServer, run_jobs):
    delivery = owe()
    with transaction():
        assert service.cancel_open("mail.test", 1) == 1
    run_jobs()
    assert smtp.mails == []
    assert state(delivery) == "cancelled"


@pytest.mark.requirement("W1")
def test_a_temporary_refusal_is_tried_again_later_under_the_same_message_id(
    context, smtp: MailServer, run_jobs
):
    smtp.refuse_recipient = lambda _address: "450 4.2.1 try again later"
    delivery = owe()
    run_jobs()
    assert state(delivery) == "deferred"
    run_jobs()
    assert factories.reload(delivery).attempts == 1
    smtp.refuse_recipient = lambda _address: None
    later(minutes=2)
    run_jobs()
    assert smtp.only(LEA).message["Message-ID"] == f"<{delivery.public_id}@hub.example>"
    assert (state(delivery), factories.reload(delivery).attempts) == ("sent", 2)


def test_a_mail_that_nobody_takes_is_given_up_after_two_days(context, smtp, run_jobs):
    smtp.refuse_recipient = lambda _address: "451 busy"
    delivery = owe()
    for _attempt in range(40):
        run_jobs()
        later(hours=4)
    assert state(delivery) == "refused"
    assert factories.count(OutboxRow) == 0


@pytest.mark.requirement("N1")
def test_a_mail_held_back_for_days_is_not_given_up_at_its_first_failure(
    context, smtp: MailServer, run_jobs
):
    held, asked = owe(), owe("max@example.org")
    later(days=3)
    answers = {LEA: "451 busy", "max@example.org": "421 going away"}
    smtp.refuse_recipient = answers.get
    for _attempt in range(2):
        run_jobs()
        later(hours=1)
    smtp.refuse_recipient = lambda _address: None
    run_jobs()
    assert (state(held), state(asked)) == ("sent", "sent")


@pytest.mark.parametrize("code", ["5.1.1", "5.1.2", "5.1.10", "5.2.1"])
def test_an_address_that_does_not_exist_is_never_written_to_again(
    context, smtp: MailServer, run_jobs, code: str
):
    smtp.refuse_recipient = lambda _address: f"550 {code} no such user"
    delivery = owe()
    run_jobs()
    assert state(delivery) == "refused"
    with factories.context():
        assert service.is_suppressed(LEA)


@pytest.mark.parametrize("answer", ["550 5.7.1 policy", "554 refused", "552 5.2.2 mailbox full"])
def test_a_refusal_for_policy_never_blames_the_person(
    context, smtp: MailServer, run_jobs, answer: str
):
    smtp.refuse_recipient = lambda _address: answer
    delivery = owe()
    run_jobs()
    assert state(delivery) == "refused"
    assert factories.count(Suppression) == 0


def test_a_server_that_is_away_counts_against_nobody(make_app: Callable[..., Flask], smtp):
    app = make_app(mail_port=free_port())
    with app.app_context():
        delivery = owe()
        tasks.run_owed()
        assert (state(delivery), factories.reload(delivery).attempts) == ("deferred", 0)


@pytest.mark.database("sqlite")
def test_a_server_slower_than_a_claim_is_left_before_it_has_the_mail(
    make_app: Callable[..., Flask],
):
    def slowly(_command: str) -> str:
        time.sleep(0.65)
        return ""

    with UnrulyServer(slowly) as server:
        app = make_app(mail_port=server.port, mail_timeout=1)
        with app.app_context(), SmtpRun() as smtp:
            reply = smtp.send("a@example.org", "b@example.org", b"Subject: x\r\n\r\nx\r\n")
        assert reply.outcome == "temporary"
        assert server.contents == []


def test_a_server_that_hangs_up_after_the_final_dot_is_tried_once_more_then_left_to_a_person(
    make_app: Callable[..., Flask],
):
    with UnrulyServer(lambda command: None if command == "CONTENT" else "") as server:
        app = make_app(mail_port=server.port)
        with app.app_context():
            delivery = owe()
            tasks.run_owed()
            assert state(delivery) == "uncertain"
            later(minutes=5)
            tasks.run_owed()
            assert len(server.contents) == 1
            later(minutes=15)
            tasks.run_owed()
            later(days=1)
            tasks.run_owed()
    assert state(delivery) == "uncertain"
    assert len(server.contents) == 2
    assert factories.count(OutboxRow) == 0


@pytest.mark.parametrize(
    ("when", "answer", "expected"),
    [
        ("GREETING", "421 closing", "deferred"),
        ("EHLO", None, "deferred"),
        ("MAIL", "451 4.3.0 later", "deferred"),
        ("MAIL", "550 5.7.1 not you", "refused"),
        ("RCPT", None, "deferred"),
        ("DATA", "421 closing", "deferred"),
        ("DATA", "554 5.7.1 no", "refused"),
        ("CONTENT", "451 4.7.1 greylisted", "deferred"),
        ("CONTENT", "554 5.7.1 spam", "refused"),
        ("CONTENT", "nonsense", "uncertain"),
    ],
)
def test_each_answer_of_a_server_leads_to_one_state(
    make_app: Callable[..., Flask], when: str, answer: str | None, expected: str
):
    with UnrulyServer(lambda command: answer if command == when else "") as server:
        app = make_app(mail_port=server.port)
        with app.app_context():
            delivery = owe()
            tasks.run_owed()
            assert state(delivery) == expected
            assert factories.count(Suppression) == 0


@pytest.mark.requirement("N1", "N2")
def test_a_sender_that_died_before_smtp_loses_nothing_and_repeats_nothing(
    context, smtp: MailServer, run_jobs
):
    delivery = owe()
    with transaction():
        assert isinstance(sending.claim(delivery.id), Delivery)
    run_jobs()
    assert smtp.mails == []
    later(minutes=3)
    run_jobs()
    smtp.only(LEA)
    assert state(delivery) == "sent"


@pytest.mark.requirement("N1", "N2")
def test_a_sender_that_died_while_sending_repeats_at_most_its_one_message(
    context, smtp: MailServer, run_jobs
):
    delivery = owe()
    with transaction():
        held = sending.claim(delivery.id)
    with transaction():
        assert isinstance(held, Delivery)
        assert sending.start(held)
    later(minutes=3)
    run_jobs()
    smtp.only(LEA)
    with transaction():  # the first sender comes back to life and writes: it holds nothing
        sending.record(held, Reply("refused", 550))
    assert state(delivery) == "sent"


def test_two_workers_never_send_the_same_mail(context, smtp: MailServer):
    delivery = owe()
    with transaction():
        held = sending.claim(delivery.id)
    assert isinstance(held, Delivery)
    pause = jobs.deliver(delivery.id)
    assert pause is not None
    assert pause > timedelta(minutes=1)
    assert smtp.mails == []


def test_a_builder_that_fails_leaves_the_mail_owed(
    context, smtp: MailServer, run_jobs, monkeypatch: pytest.MonkeyPatch
):
    def broken(_delivery: Delivery):
        raise ValueError("not ready")

    delivery = owe()
    with monkeypatch.context() as patched:
        patched.setitem(registry.MESSAGES, "mail.test", broken)
        run_jobs()
    assert state(delivery) == "pending"
    assert factories.count(OutboxRow, last_error="ValueError") == 1
    later(seconds=15)
    run_jobs()
    smtp.only(LEA)


@pytest.mark.requirement("W3")
def test_a_name_with_a_line_break_closes_its_mail_and_holds_up_no_other(
    context, smtp: MailServer, run_jobs, monkeypatch: pytest.MonkeyPatch
):
    usual = registry.MESSAGES["mail.test"]

    def with_injection(delivery: Delivery):
        message = usual(delivery)
        if delivery.address == LEA:
            mime.phrase("Léa\r\nBcc: victim@example.org")
        return message

    monkeypatch.setitem(registry.MESSAGES, "mail.test", with_injection)
    first, second = owe(), owe("max@example.org")
    run_jobs()
    assert (state(first), state(second)) == ("refused", "sent")
    assert [mail.recipients for mail in smtp.mails] == [["max@example.org"]]


@pytest.mark.parametrize(
    ("stage", "code", "text", "outcome"),
    [
        ("recipient", 550, "5.1.1 unknown", "bad_address"),
        ("recipient", 550, "unknown user", "refused"),
        ("content", 550, "5.1.1 unknown", "refused"),
        ("recipient", 454, "4.7.0 relay", "temporary"),
        ("recipient", 550, "message from 203.5.1.1 blocked", "refused"),
        ("recipient", 550, "5.1.1.7 is on a list", "refused"),
        ("sender", 530, "5.7.0 sign in first", "unavailable"),
        ("connect", 535, "5.7.8 credentials", "unavailable"),
        ("answer", 250, "2.0.0 queued", "sent"),
        ("sender", 421, "4.7.0 too many", "unavailable"),
    ],
)
def test_replies_are_understood_by_their_stage_and_code(stage, code, text, outcome):
    assert classify(stage, code, text).outcome == outcome
