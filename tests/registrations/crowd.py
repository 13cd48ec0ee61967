"""Many people at once: threads, each with its own connection, that start together."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask
from sqlalchemy import text

from eventhub.db import db, session, transaction
from eventhub.errors import DomainError


def at_once(app: Flask, tasks: Sequence[Callable[[], Any]], threads: int = 50) -> list[Any]:
    """Run each task in its own context and transaction; what they answered or refused, in order."""
    start = threading.Barrier(min(threads, len(tasks)))

    def run(number: int) -> Any:
        with app.app_context():
            if number < start.parties:
                start.wait(timeout=30)
            try:
                with transaction():
                    return tasks[number]()
            except DomainError as refusal:
                return refusal
            finally:
                session.remove()

    with ThreadPoolExecutor(max_workers=start.parties) as pool:
        return list(pool.map(run, range(len(tasks))))


def wait_for_a_lock(number: int = 1) -> None:
    """Return when so many connections wait for a row that another one holds (PostgreSQL)."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with db.engine.connect() as connection:
            if connection.scalar(waiting) == number:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")
