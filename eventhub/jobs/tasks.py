"""Running what the outbox owes, whoever asks: an RQ worker, a test, a command.

The database is the ledger. A task is forgotten only when it is done; a process that dies in the
middle leaves the row, and the relay has it run again.
"""

import threading
from datetime import timedelta

import structlog

from eventhub import clock, outbox
from eventhub.db import transaction
from eventhub.jobs import registry

log = structlog.get_logger()

#: Set when this process was asked to end: long tasks finish the step in hand and come back later.
stop_requested = threading.Event()


def run_task(row_id: int) -> timedelta | None:
    """Do what one outbox row owes, unless it was done already.

    Never raises for a task that failed: the failure is noted and the row comes back later.
    Returns the pause after which a long task wants to go on, otherwise None.
    """
    row = outbox.find(row_id)
    if row is None:
        return None
    name, arguments = row.task, dict(row.arguments)
    try:
        if name in registry.TASKS:
            with transaction():
                if outbox.take(row_id) is not None:
                    registry.TASKS[name](**arguments)
                    outbox.done(row_id)
            return None
        again = registry.LONG_TASKS[name](**arguments)
    except Exception as error:  # whatever it was, the row must come back
        log.exception("task.failed", task=name, row=row_id)
        with transaction():
            outbox.failed(row_id, type(error).__name__)
        return None
    with transaction():
        if again is None:
            outbox.done(row_id)
        else:
            outbox.postpone(row_id, again)
    return again


def run_owed(limit: int = 10_000) -> int:
    """Do everything that is owed now, here, without Redis; return how many tasks ran.

    What is owed meanwhile is done too; what failed or was put off is left for later.
    """
    ran = 0
    seen: set[int] = set()
    while ran < limit:
        ids = [row_id for row_id in outbox.list_ready() if row_id not in seen]
        if not ids:
            break
        for row_id in ids:
            if run_task(row_id) != timedelta(0):
                seen.add(row_id)
            ran += 1
    return ran


def run_ticks() -> None:
    """Do what is due every minute. One that fails does not keep the others from running."""
    for name, tick in registry.TICKS.items():
        started = clock.now()
        try:
            tick()
        except Exception:  # the next minute tries again
            log.exception("tick.failed", tick=name)
        else:
            log.debug("tick.done", tick=name, ms=_milliseconds(clock.now() - started))


def _milliseconds(spent: timedelta) -> int:
    return round(spent.total_seconds() * 1000)
