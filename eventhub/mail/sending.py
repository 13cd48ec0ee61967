"""The states of a delivery, from claimed to closed. Every write is fenced by the claim's token.

pending -> claimed (token, lease) -> sending -> sent | deferred (next_at) | refused | suppressed |
cancelled | uncertain. ``sending`` is committed before SMTP begins: after a crash the row says that
the message may have left. It is then sent again under the same Message-ID, so that a killed
process may repeat one message and never loses one.
"""

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Result,
    Table,
    and_,
    bindparam,
    exists,
    or_,
    select,
    true,
    update,
)

from eventhub import clock
from eventhub.db import public_id, session
from eventhub.mail import service
from eventhub.mail.models import Batch, Delivery, Suppression
from eventhub.mail.rules import (
    GIVE_UP_AFTER,
    LEAST_ATTEMPTS,
    UNAVAILABLE_PAUSE,
    UNCERTAIN_PAUSE,
    Reply,
    retry_after,
)
from eventhub.settings import current_settings

DIALOGUE = 5  # answers that a mail server may each take MAIL_TIMEOUT to give
CLAIM_SIZE = 50
WAITING_STATES = ("deferred", "uncertain")

_BLOCKED = exists().where(Suppression.address_key == Delivery.address_key)
_RUNS = exists().where(Batch.id == Delivery.batch_id, Batch.state == "running")

# The two statements of each message, built once: building them took longer than running them.
_ROW = cast("Table", Delivery.__table__)
_START = (
    _ROW.update()
    .where(
        _ROW.c.id == bindparam("held_id"),
        _ROW.c.claim == bindparam("held_claim"),
        _ROW.c.state == "claimed",
        ~_BLOCKED,
        or_(_ROW.c.batch_id.is_(None), _RUNS),
    )
    .values(state="sending", attempts=_ROW.c.attempts + 1, lease_until=bindparam("new_lease"))
)
_RECORD = (
    _ROW.update()
    .where(
        _ROW.c.id == bindparam("held_id"),
        _ROW.c.claim == bindparam("held_claim"),
        _ROW.c.state == "sending",
    )
    .values(
        state=bindparam("new_state"),
        claim=None,
        lease_until=None,
        next_at=bindparam("new_next_at"),
        attempts=bindparam("new_attempts"),
        reply_code=bindparam("new_code"),
        reply_text=bindparam("new_text"),
        sent_at=bindparam("new_sent_at"),
    )
)


def claim(delivery_id: int) -> Delivery | timedelta | None:
    """Take one delivery in hand under a new token.

    Returns the delivery; or how long to wait, when it is in other hands or deferred; or None
    when nothing is left to do.
    """
    now, token = clock.now(), public_id()
    taken = session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, _claimable(now))
        .values(state="claimed", claim=token, lease_until=now + _lease(), next_at=None)
        .execution_options(synchronize_session=False)
    )
    delivery = session.get(Delivery, delivery_id, populate_existing=True)
    if delivery is None:
        return None
    if not _touched(taken):
        return wait_for(delivery)
    session.expunge(delivery)  # what we hold must not follow what others write
    return delivery


def wait_for(delivery: Delivery) -> timedelta | None:
    """Return how long until this delivery may be tried again, None when it is closed."""
    due = delivery.next_at if delivery.state in WAITING_STATES else None
    if delivery.state in {"claimed", "sending"}:
        due = delivery.lease_until
    if delivery.state == "pending":
        due = clock.now()
    return None if due is None else max(due - clock.now(), timedelta(seconds=1))


def claim_some(batch_id: int, limit: int = CLAIM_SIZE) -> list[Delivery]:
    """Take up to ``limit`` deliveries of a running batch in hand, the oldest first."""
    now, token = clock.now(), public_id()
    ids: list[int] = []
    for state, due in (("pending", None), ("deferred", now), ("uncertain", now)):
        if len(ids) < limit:
            waiting = (
                select(Delivery.id)
                .where(Delivery.batch_id == batch_id, _is(state))
                .order_by(Delivery.id)
                .limit(limit - len(ids))
                .with_for_update(skip_locked=True)
            )
            ids += session.scalars(
                waiting if due is None else waiting.where(Delivery.next_at <= due)
            )
    if not ids:
        return []
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(state="claimed", claim=token, lease_until=now + _lease(), next_at=None)
        .execution_options(synchronize_session=False)
    )
    claimed = select(Delivery).where(Delivery.id.in_(ids)).order_by(Delivery.id)
    held = list(session.scalars(claimed, execution_options={"populate_existing": True}))
    for delivery in held:
        session.expunge(delivery)
    return held


def start(delivery: Delivery) -> bool:
    """Note that a claimed delivery is being sent. Commit before SMTP begins.

    The last look before it leaves: False when the claim was lost or withdrawn (unsubscribed),
    when the address may not be written to, or when the batch no longer runs.
    """
    started = session.connection().execute(
        _START,
        {
            "held_id": delivery.id,
            "held_claim": delivery.claim,
            "new_lease": clock.now() + _lease(sends=True),
        },
    )
    if _touched(started):
        delivery.attempts += 1
        return True
    _close(delivery, "suppressed", _BLOCKED)
    release([delivery])
    return False


def release(deliveries: list[Delivery]) -> None:
    """Put back what was claimed together and not sent."""
    session.execute(
        update(Delivery)
        .where(
            Delivery.id.in_([delivery.id for delivery in deliveries]),
            Delivery.claim.in_({delivery.claim for delivery in deliveries}),
            Delivery.state == "claimed",
        )
        .values(state="pending", claim=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


def close(delivery: Delivery, state: str, reason: str = "") -> None:
    """Close a claimed delivery that can't or need not be sent: ``cancelled`` or ``refused``."""
    _close(delivery, state, true(), reason)


def record(delivery: Delivery, reply: Reply) -> timedelta | None:
    """Write what became of an attempt; return the pause before the next one, None when closed.

    A temporary failure is tried again for 48 hours; a server that is away, until it is back. An
    answer that never came is tried once more after a quarter of an hour (same Message-ID), then
    left ``uncertain`` for a person to judge. Only an address that does not exist is suppressed.
    """
    now = clock.now()
    state, pause = _next(delivery, reply, now)
    written = session.connection().execute(
        _RECORD,
        {
            "held_id": delivery.id,
            "held_claim": delivery.claim,
            "new_state": state,
            "new_next_at": None if pause is None else now + pause,
            "new_attempts": delivery.attempts - (reply.outcome == "unavailable"),
            "new_code": reply.code,
            "new_text": reply.text[:300],
            "new_sent_at": now if state == "sent" else None,
        },
    )
    if _touched(written) and reply.outcome == "bad_address":
        service.suppress(delivery.address, "hard_bounce")
    return pause


def reap(batch_id: int | None = None) -> int:
    """Take back the deliveries whose sender vanished; return how many.

    What was only claimed did not leave. What was being sent may have: it is sent again, under
    the same Message-ID. Without ``batch_id``, in every batch.
    """
    lost = update(Delivery).where(
        or_(_is("claimed"), _is("sending")),
        Delivery.lease_until < clock.now(),
        Delivery.batch_id.is_not(None) if batch_id is None else Delivery.batch_id == batch_id,
    )
    return _touched(
        session.execute(
            lost.values(state="pending", claim=None, lease_until=None).execution_options(
                synchronize_session=False
            )
        )
    )


def oldest_unsent() -> datetime | None:
    """Return when the longest-waiting delivery that should have left by now was owed."""
    now = clock.now()
    due = or_(_is("pending"), and_(_is("deferred"), Delivery.next_at < now))
    runs = exists().where(Batch.id == Delivery.batch_id, Batch.state == "running")
    return session.scalar(
        select(Delivery.created_at)
        .where(due, or_(Delivery.batch_id.is_(None), runs))
        .order_by(Delivery.created_at)
        .limit(1)
    )


def _lease(*, sends: bool = False) -> timedelta:
    """How long a claim holds; one that sends outlives the slowest dialogue with a server."""
    settings = current_settings()
    longest = DIALOGUE * settings.mail_timeout if sends else 0
    return timedelta(seconds=max(settings.lease_seconds, longest))


def _next(delivery: Delivery, reply: Reply, now: datetime) -> tuple[str, timedelta | None]:
    """Return the state that an answer leads to, and the pause before the next attempt."""
    if reply.outcome == "sent":
        return "sent", None
    if reply.outcome in {"bad_address", "refused"}:
        return "refused", None
    if reply.outcome == "uncertain":
        return "uncertain", UNCERTAIN_PAUSE if delivery.attempts < 2 else None
    if reply.outcome == "unavailable":
        return "deferred", UNAVAILABLE_PAUSE
    if now - delivery.created_at > GIVE_UP_AFTER and delivery.attempts >= LEAST_ATTEMPTS:
        return "refused", None
    return "deferred", retry_after(delivery.attempts)


def _claimable(now: datetime) -> ColumnElement[bool]:
    return or_(
        _is("pending"),
        and_(or_(_is("deferred"), _is("uncertain")), Delivery.next_at <= now),
        and_(or_(_is("claimed"), _is("sending")), Delivery.lease_until < now),
    )


def _held(delivery: Delivery, state: str) -> ColumnElement[bool]:
    """The row, if it is still in our hands: another token means that it is in another's."""
    return and_(
        Delivery.id == delivery.id, Delivery.claim == delivery.claim, Delivery.state == state
    )


def _close(delivery: Delivery, state: str, when: ColumnElement[bool], reason: str = "") -> None:
    session.execute(
        update(Delivery)
        .where(_held(delivery, "claimed"), when)
        .values(state=state, claim=None, lease_until=None, reply_text=reason[:300])
        .execution_options(synchronize_session=False)
    )


def _is(state: str) -> ColumnElement[bool]:
    """The state, written into the statement: a parameter would hide the partial index."""
    return Delivery.state == bindparam(None, state, literal_execute=True)


def _touched(result: Result[Any]) -> int:
    rows: int = result.rowcount  # type: ignore[attr-defined]
    return rows
