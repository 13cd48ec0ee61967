"""The shortcut of the tests does what the workers do."""

from collections.abc import Callable

import pytest

from eventhub import outbox
from eventhub.db import transaction
from eventhub.jobs import registry
from tests import factories


def test_what_is_owed_is_done_once(run_jobs: Callable[..., int], monkeypatch: pytest.MonkeyPatch):
    done: list[int] = []
    monkeypatch.setitem(registry.TASKS, "test.note", lambda number: done.append(number))
    with factories.context(), transaction():
        outbox.add("test.note", number=7)

    assert run_jobs() == 1
    assert run_jobs(ticks=True) == 0
    assert done == [7]
    assert factories.count(outbox.OutboxRow) == 0
