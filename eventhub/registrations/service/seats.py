"""Places and the line for them: the gate, the waitlist, and what a freed place sets off.

Everything that changes a registration's state or pool locks the pool's row first (the gate's
UPDATE does, or ``lock_places``), so that a pool's registrations change one at a time. On SQLite
the transaction itself is exclusive.
"""

from collections.abc import Iterable

from sqlalchemy import and_, func, or_, select, update

from eventhub import clock
from eventhub.db import insert_or_ignore, session
from eventhub.events.models import Cohort, Event, SeatPool
from eventhub.events.service.places import lock_places
from eventhub.registrations import rules
from eventhub.registrations.models import Registration
from eventhub.registrations.service import telling

PROMOTED_AT_ONCE = 50

_room = and_(
    SeatPool.waiting == 0,
    or_(SeatPool.capacity.is_(None), SeatPool.taken + 1 <= SeatPool.capacity),
)


class Turn:
    """What the gate gave: a place (``number`` None), or a number in the line."""

    def __init__(self, pool: SeatPool, number: int | None, scarce: bool) -> None:
        self.pool = pool
        self.number = number
        self.scarce = scarce


def pool_for(event: Event, mode: str, cohort: Cohort | None) -> SeatPool:
    """Return the places that a mode of an event is counted in; unlimited ones are made."""
    found = rules.pool_of(event, mode, cohort)
    if found is not None:
        return found
    insert_or_ignore(SeatPool, event_id=event.id, mode="")
    session.expire(event, ["seat_pools"])
    made = rules.pool_of(event, mode, cohort)
    assert made is not None  # noqa: S101  inserted above, by us or by another
    return made


def enter(pool: SeatPool) -> Turn:
    """Take a place, or the next number of the line when there is none (S1).

    Each is one UPDATE whose row count decides. Nobody jumps the line: no place is given while
    somebody waits. Between the two a place may come free: then we ask again.
    """
    while True:
        taken = session.execute(
            update(SeatPool)
            .where(SeatPool.id == pool.id, _room)
            .values(taken=SeatPool.taken + 1)
            .returning(SeatPool.capacity, SeatPool.taken)
            .execution_options(synchronize_session=False)
        ).first()
        if taken is not None:
            left_before = (taken.capacity or 0) - taken.taken + 1
            return Turn(pool, None, rules.is_scarce(taken.capacity, left_before))
        number = session.scalar(
            update(SeatPool)
            .where(SeatPool.id == pool.id, ~_room)
            .values(last_number=SeatPool.last_number + 1, waiting=SeatPool.waiting + 1)
            .returning(SeatPool.last_number)
            .execution_options(synchronize_session=False)
        )
        if number is not None:
            return Turn(pool, number, True)


def take(pool: SeatPool) -> bool:
    """Take a place of a pool, if there is one and nobody waits for it."""
    taken = session.scalar(
        update(SeatPool)
        .where(SeatPool.id == pool.id, _room)
        .values(taken=SeatPool.taken + 1)
        .returning(SeatPool.id)
        .execution_options(synchronize_session=False)
    )
    return taken is not None


def peek(pool: SeatPool) -> Turn:
    """Tell what the gate would give now, and change nothing."""
    row = session.execute(
        select(SeatPool.capacity, SeatPool.taken, SeatPool.waiting).where(SeatPool.id == pool.id)
    ).one()
    if row.waiting or (row.capacity is not None and row.taken >= row.capacity):
        return Turn(pool, row.waiting + 1, True)
    return Turn(pool, None, rules.is_scarce(row.capacity, (row.capacity or 0) - row.taken))


def lock(pool_id: int) -> None:
    """Lock one pool for this transaction, which touches no other."""
    session.execute(select(SeatPool.id).where(SeatPool.id == pool_id).with_for_update()).all()


def lock_registration(registration: Registration) -> Registration:
    """Lock a registration and every pool that it may be in or come to; read it again."""
    lock_places([registration.event_id])
    session.refresh(registration, with_for_update=True)
    return registration


def leave(registration: Registration) -> None:
    """Give back the place, or the number in the line, of a registration whose pool is locked."""
    in_line = registration.waitlist_number is not None
    registration.waitlist_number = None
    session.flush()
    freed = {"waiting": SeatPool.waiting - 1} if in_line else {"taken": SeatPool.taken - 1}
    session.execute(
        update(SeatPool)
        .where(SeatPool.id == registration.pool_id)
        .values(freed)
        .execution_options(synchronize_session=False)
    )


def promote(pool_id: int, limit: int = PROMOTED_AT_ONCE) -> int:
    """Give the free places of a pool (locked by us) to those who wait, first come first served.

    Return how many were given. Nothing after closing time or while registration is suspended
    (S3). Somebody whose address is not confirmed yet gets the place until the hold ends.
    """
    pool = session.get(SeatPool, pool_id)
    given = 0
    while pool is not None and given < limit:
        first = session.scalar(
            select(Registration)
            .where(Registration.pool_id == pool_id, Registration.waitlist_number.is_not(None))
            .order_by(Registration.waitlist_number)
            .limit(1)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if first is None or not rules.promotes(pool.event, clock.now(), first.cohort):
            break
        gate = session.scalar(
            update(SeatPool)
            .where(
                SeatPool.id == pool_id,
                SeatPool.waiting > 0,
                or_(SeatPool.capacity.is_(None), SeatPool.taken + 1 <= SeatPool.capacity),
            )
            .values(taken=SeatPool.taken + 1, waiting=SeatPool.waiting - 1)
            .returning(SeatPool.id)
            .execution_options(synchronize_session=False)
        )
        if gate is None:
            break
        first.waitlist_number = None
        first.changed_at = clock.now()
        if first.held_until is None:
            first.state = "confirmed"
            first.confirmed_at = clock.now()
            telling.owe(first, "promoted", calendar="REQUEST")
        else:
            first.state = "pending"
        session.flush()
        given += 1
    return given


def list_unfilled() -> list[int]:
    """Return the pools, by key, that have a free place while somebody waits for one."""
    return list(
        session.scalars(
            select(SeatPool.id)
            .join(SeatPool.event)
            .where(
                SeatPool.waiting > 0,
                or_(SeatPool.capacity.is_(None), SeatPool.taken < SeatPool.capacity),
                Event.state == "published",
            )
        )
    )


def positions(registrations: Iterable[Registration]) -> dict[str, int]:
    """Return the places in the line, from 1, of those that wait, by public id: in one query."""
    last: dict[int, int] = {}
    for row in registrations:
        if row.waitlist_number is not None:
            last[row.pool_id] = max(last.get(row.pool_id, 0), row.waitlist_number)
    if not last:
        return {}
    order = func.row_number().over(
        partition_by=Registration.pool_id, order_by=Registration.waitlist_number
    )
    up_to = [
        and_(Registration.pool_id == pool_id, Registration.waitlist_number <= number)
        for pool_id, number in last.items()
    ]
    found = session.execute(select(Registration.public_id, order).where(or_(*up_to)))
    return {row[0]: row[1] for row in found}


def position(registration: Registration) -> int | None:
    """Return the place in the line, from 1; None when the registration does not wait."""
    if registration.waitlist_number is None:
        return None
    return session.scalar(
        select(func.count())
        .select_from(Registration)
        .where(
            Registration.pool_id == registration.pool_id,
            Registration.waitlist_number <= registration.waitlist_number,
        )
    )
