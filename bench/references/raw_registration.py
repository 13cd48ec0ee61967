"""The transaction of a registration with nothing around it: drivers, SQL, as many clients.

    python -m bench.references.raw_registration ADDRESS COUNT CLIENTS

prints registrations per second. Each takes a place by the gate, adds a person and a registration,
and owes a mail (delivery and outbox): the rows that ours writes, in one transaction. PostgreSQL:
psycopg 3, a connection for each client. SQLite: the same clients on one connection each.
"""

import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg

GATE = (
    "UPDATE seat_pool SET taken = taken + 1 WHERE id = ? AND waiting = 0 "
    "AND (capacity IS NULL OR taken + 1 <= capacity)"
)
PERSON = (
    "INSERT INTO person (public_id, name, email, email_key, locale, created_at) "
    "VALUES (?, ?, ?, ?, 'fr', ?) RETURNING id"
)
REGISTRATION = (
    "INSERT INTO registration (public_id, event_id, pool_id, person_id, form_key, name, email, "
    "email_key, organisation, folded_text, mode, locale, state, manage_version, mail_version, "
    "created_at, changed_at, confirmed_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?, 'online', 'fr', 'confirmed', 1, 1, ?, ?, ?) "
    "RETURNING id"
)
DELIVERY = (
    "INSERT INTO delivery (public_id, person_id, message, subject_id, arguments, key, address, "
    "address_key, locale, state, attempts, created_at) "
    "VALUES (?, ?, 'registrations.confirmation', ?, '{}', ?, ?, ?, 'fr', 'pending', 0, ?) "
    "RETURNING id"
)
OUTBOX = (
    "INSERT INTO outbox (task, arguments, key, created_at, due_at, attempts) "
    "VALUES ('mail.deliver', '{}', ?, ?, ?, 0)"
)

Execute = Callable[[str, tuple[Any, ...]], Any]


def one(execute: Execute, event_id: int, pool_id: int, number: str, now: Any) -> None:
    """Write one registration."""
    name, email = f"Personne {number}", f"raw-{number}@example.org"
    execute(GATE, (pool_id,))
    (person_id,) = execute(PERSON, (uuid.uuid4().hex, name, email, email, now)).fetchone()
    row = (uuid.uuid4().hex, event_id, pool_id, person_id, uuid.uuid4().hex, name, email, email)
    (registration_id,) = execute(REGISTRATION, (*row, name, now, now, now)).fetchone()
    key = f"raw:{number}"
    owed = (uuid.uuid4().hex, person_id, registration_id, key, email, email, now)
    execute(DELIVERY, owed).fetchone()
    execute(OUTBOX, (key, now, now))


def on_postgresql(address: str, event_id: int, pool_id: int, numbers: list[str]) -> None:
    """Write them, each in a transaction."""
    with psycopg.connect(address) as connection:
        for number in numbers:
            with connection.transaction():

                def execute(statement: str, values: tuple[Any, ...]) -> Any:
                    return connection.execute(statement.replace("?", "%s"), values)

                one(execute, event_id, pool_id, number, datetime.now(UTC))


def on_sqlite(path: str, event_id: int, pool_id: int, numbers: list[str]) -> None:
    """Write them, each in an immediate transaction, as durable as ours."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
    for number in numbers:
        connection.execute("BEGIN IMMEDIATE")
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        one(connection.execute, event_id, pool_id, number, now)
        connection.execute("COMMIT")
    connection.close()


def main() -> None:
    """Write COUNT registrations with CLIENTS clients at once; print the rate."""
    address, count, clients, event_id, pool_id = sys.argv[1:]
    sqlite = address.startswith("sqlite:///")
    write = on_sqlite if sqlite else on_postgresql
    place = (
        address.removeprefix("sqlite:///")
        if sqlite
        else address.replace("postgresql+psycopg://", "postgresql://")
    )
    mark = uuid.uuid4().hex[:8]
    threads = [
        threading.Thread(
            target=write,
            args=(
                place,
                int(event_id),
                int(pool_id),
                [f"{mark}-{client}-{n}" for n in range(int(count) // int(clients))],
            ),
        )
        for client in range(int(clients))
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(int(count) / (time.perf_counter() - began))


if __name__ == "__main__":
    main()
