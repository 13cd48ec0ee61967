"""The outbox: owed in the use case's transaction, and owed until it is done."""

from datetime import timedelta

import pytest
from flask import Flask

from eventhub import clock, outbox
from eventhub.db import session, transaction


def owe_and_fail() -> None:
    with transaction():
        outbox.add("mail.deliver", delivery_id=1)
        raise LookupError


def owed() -> list[str]:
    return sorted(row.task for row in session.query(outbox.OutboxRow))


@pytest.mark.requirement("S4")
def test_a_rolled_back_use_case_owes_nothing_and_rings_no_bell(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(LookupError):
            owe_and_fail()
        assert outbox.take_added() == []
        assert owed() == []


def test_a_task_owed_twice_under_one_key_is_owed_once(app: Flask) -> None:
    with app.app_context():
        with transaction():
            outbox.add("mail.deliver", key="one", delivery_id=1)
        with transaction():
            outbox.add("mail.deliver", key="one", delivery_id=1)
        assert owed() == ["mail.deliver"]


def test_the_relay_is_handed_what_is_due_and_not_again_until_the_redo_delay(app: Flask) -> None:
    start = clock.now()
    try:
        with app.app_context():
            clock.fix(start)
            with transaction():
                outbox.add("mail.deliver", delivery_id=1)
                outbox.add("later", delay=timedelta(hours=1), n=1)
            with transaction():
                assert outbox.claim_due() == []  # the bell has a head start
            clock.fix(start + outbox.BELL_HEAD_START)
            with transaction():
                assert len(outbox.claim_due()) == 1
            with transaction():
                assert outbox.claim_due() == []
            clock.fix(start + outbox.BELL_HEAD_START + timedelta(minutes=2))
            with transaction():
                assert len(outbox.claim_due()) == 1, "a task that nobody finished comes back"
    finally:
        clock.fix(None)


def test_a_failed_task_waits_longer_each_time_and_is_never_dropped(app: Flask) -> None:
    start = clock.now()
    try:
        with app.app_context():
            clock.fix(start)
            with transaction():
                outbox.add("mail.deliver", delivery_id=1)
            [row_id] = [row.id for row in session.query(outbox.OutboxRow)]
            waits = []
            for _ in range(8):
                with transaction():
                    outbox.failed(row_id, "ConnectionRefusedError")
                row = outbox.find(row_id)
                assert row is not None
                waits.append(row.due_at - start)
            assert waits == sorted(waits)
            assert waits[-1] == outbox.BACK_OFF[-1]
    finally:
        clock.fix(None)
