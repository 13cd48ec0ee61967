"""Many people at once: threads, each with its own connection, that start together."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask

from eventhub.db import session, transaction
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
