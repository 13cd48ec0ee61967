"""The outbox: what a use case wants done later, written in its own transaction.

A row names a task and its arguments (ids). After the commit the bell rings (best effort); the
relay enqueues what the bell did not. The row goes when the task is done, so losing Redis, a
worker or a whole machine loses nothing.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, delete, event, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from eventhub import clock
from eventhub.db import Base, insert_or_ignore, session
from eventhub.settings import current_settings

BELL_HEAD_START = timedelta(seconds=3)
BACK_OFF = [timedelta(seconds=s) for s in (10, 30, 60, 300, 900, 3600)]


class OutboxRow(Base):
    """One thing to do: the name of a registered task and its arguments."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    key: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]


def add(
    task: str,
    /,
    *,
    key: str | None = None,
    delay: timedelta | None = None,
    **arguments: int | str,
) -> None:
    """Owe a task. With a ``key``, a task already owed under it is not owed twice."""
    moment = clock.now()
    row_id = insert_or_ignore(
        OutboxRow,
        task=task,
        arguments=arguments,
        key=key,
        created_at=moment,
        due_at=moment + (delay or BELL_HEAD_START),
        attempts=0,
    )
    if row_id is not None and delay is None:
        session().info.setdefault("outbox_added", []).append((row_id, task))


def take_added() -> list[tuple[int, str]]:
    """Return ids and tasks added by the transaction just committed, and forget them (the bell)."""
    added: list[tuple[int, str]] = session().info.pop("outbox_added", [])
    return added


def claim_due(limit: int = 200) -> list[tuple[int, str]]:
    """Return ids and tasks of due rows for the relay, due again only after the lease."""
    moment = clock.now()
    redo_after = timedelta(seconds=current_settings().lease_seconds)
    due = (
        select(OutboxRow.id, OutboxRow.task)
        .where(OutboxRow.due_at <= moment)
        .order_by(OutboxRow.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = [(row_id, task) for row_id, task in session.execute(due)]
    if rows:
        session.execute(
            update(OutboxRow)
            .where(OutboxRow.id.in_([row_id for row_id, _task in rows]))
            .values(due_at=moment + redo_after)
        )
    return rows


def list_ready(limit: int = 200) -> list[int]:
    """Return ids of what is due, or was owed just now, without claiming it."""
    ready = OutboxRow.due_at <= clock.now() + BELL_HEAD_START
    return list(session.scalars(select(OutboxRow.id).where(ready).order_by(OutboxRow.id)))[:limit]


def find(row_id: int) -> OutboxRow | None:
    """Return what is owed, or None when it is done already."""
    return session.get(OutboxRow, row_id, populate_existing=True)


def take(row_id: int) -> OutboxRow | None:
    """Return what is owed and keep it from others until the commit; None when it is done."""
    return session.get(OutboxRow, row_id, populate_existing=True, with_for_update=True)


def postpone(row_id: int, delay: timedelta) -> None:
    """Look at a task again after ``delay``. That is no failure."""
    session.execute(
        update(OutboxRow).where(OutboxRow.id == row_id).values(due_at=clock.now() + delay)
    )


def done(row_id: int) -> None:
    """Forget a task that was done."""
    session.execute(delete(OutboxRow).where(OutboxRow.id == row_id))


def failed(row_id: int, error: str) -> None:
    """Keep a task that failed, for a later attempt. ``error`` names a class, no personal data."""
    row = find(row_id)
    if row is not None:
        row.due_at = clock.now() + BACK_OFF[min(row.attempts, len(BACK_OFF) - 1)]
        row.attempts += 1
        row.last_error = error[:200]


def oldest_due() -> datetime | None:
    """Return when the longest-waiting due row was created, or None."""
    return session.scalar(
        select(OutboxRow.created_at)
        .where(OutboxRow.due_at <= clock.now())
        .order_by(OutboxRow.created_at)
        .limit(1)
    )


@event.listens_for(Session, "after_rollback")
def _forget_added(rolled_back: Session) -> None:
    """A rolled-back use case rings no bell."""
    rolled_back.info.pop("outbox_added", None)
