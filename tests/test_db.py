"""The transaction: one commit at the edge, nothing left after an exception."""

import pytest
from flask import current_app

from eventhub import outbox
from eventhub.db import NestedTransaction, after_commit, session, transaction

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


def test_hooks_hear_of_a_commit_and_never_of_a_rollback():
    heard: list[str] = []
    after_commit(lambda: heard.append("commit"))
    with transaction():
        outbox.add("a.task", number=1)
    assert heard == ["commit"]
    with pytest.raises(LookupError), transaction():
        raise LookupError
    assert heard == ["commit"]


def test_a_read_before_a_write_does_not_spoil_the_write():
    """In SQLite's WAL mode, a stale read snapshot that turns into a write fails at once."""
    assert session.query(outbox.OutboxRow).count() == 0
    with current_app.app_context(), transaction():
        outbox.add("other.task", number=1)
    with transaction():
        outbox.add("a.task", number=1)
    assert session.query(outbox.OutboxRow).count() == 2
