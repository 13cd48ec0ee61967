"""The transaction: one commit at the edge, nothing left after an exception."""

import pytest

from eventhub import outbox
from eventhub.db import NestedTransaction, session, transaction

pytestmark = pytest.mark.usefixtures("context")


def test_a_finished_use_case_is_committed_once():
    with transaction():
        outbox.add("a.task", number=1)
    session.remove()
    assert session.query(outbox.OutboxRow).count() == 1


def test_an_exception_leaves_nothing_behind():
    def add_and_fail() -> None:
        with transaction():
            outbox.add("a.task", number=1)
            raise LookupError

    with pytest.raises(LookupError):
        add_and_fail()
    session.remove()
    assert session.query(outbox.OutboxRow).count() == 0


def test_a_use_case_inside_another_is_refused():
    with transaction():
        inner = transaction()
        with pytest.raises(NestedTransaction):
            inner.__enter__()
