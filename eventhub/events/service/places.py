"""Places: which pools an event counts them in, and their capacity (S1)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select, true, update
from sqlalchemy.exc import IntegrityError

from eventhub import outbox
from eventhub.db import session
from eventhub.events.models import Cohort, Event, SeatPool
from eventhub.events.service.checking import Refusals
from eventhub.events.service.values import EventValues
from eventhub.i18n import msgid

TOO_FEW = msgid(
    "Places already taken: %(taken)s. Enter at least that many, or withdraw some people first."
)
MODE_HAS_PEOPLE = msgid(
    "Some people are registered for the way of taking part that would go (%(taken)s): "
    "move or withdraw them first."
)
WHOLE_HAS_PEOPLE = msgid(
    "Some people are registered for the whole event (%(taken)s): "
    "it can’t be divided into groups any more."
)
GROUP_HAS_PEOPLE = msgid(
    "Some people are registered in the group that would go (%(taken)s): "
    "move or withdraw them first."
)


@dataclass(frozen=True)
class _Scope:
    """The event or one of its cohorts: where its places are typed, and how many there are."""

    cohort: Cohort | None
    prefix: str
    places: int | None
    places_online: int | None


def lock_places(event_ids: Iterable[int]) -> None:
    """Lock every pool of some events for this transaction, in one order for everybody.

    Whatever may come to a second pool of an event takes them all first: no two deadlock.
    """
    session.execute(
        select(SeatPool.id)
        .where(SeatPool.event_id.in_(set(event_ids)))
        .order_by(SeatPool.id)
        .with_for_update()
    ).all()


def keep_places(event: Event, old_mode: str, values: EventValues, refusals: Refusals) -> None:
    """Make the event's pools what the values ask for; people who have a place keep it.

    Refusals are added, not raised. A pool that gains places and has a waitlist owes its
    promotion. ``taken`` is only compared in the database, where registrations change it.
    """
    scopes = [
        _Scope(cohort, f"cohorts-{index}-", asked.places, asked.places_online)
        for index, (cohort, asked) in enumerate(zip(event.cohorts, values.cohorts, strict=True))
    ] or [_Scope(None, "", values.places, values.places_online)]
    for pool in list(event.seat_pools):
        if pool.cohort_id is None and event.cohorts:
            _remove(pool, "date_status", WHOLE_HAS_PEOPLE, refusals)
    for scope in scopes:
        _keep_scope(event, old_mode, scope, refusals)
    session.expire(event, ["seat_pools"])


def remove_cohort_places(cohort: Cohort, refusals: Refusals) -> None:
    """Remove the pools of a cohort that goes; refused when somebody has a place there."""
    for pool in list(cohort.event.seat_pools):
        if pool.cohort_id == cohort.id:
            _remove(pool, "date_status", GROUP_HAS_PEOPLE, refusals)


def _keep_scope(event: Event, old_mode: str, scope: _Scope, refusals: Refusals) -> None:
    cohort_id = scope.cohort.id if scope.cohort else None
    known = {pool.mode: pool for pool in event.seat_pools if pool.cohort_id == cohort_id}
    shared = old_mode == "hybrid" and "" in known and scope.places_online is None
    if event.mode == "hybrid" and not shared:
        wanted = {"in_person": scope.places, "online": scope.places_online}
        heir = {old_mode: ""}
    else:
        wanted = {"": scope.places_online if _only_online(event, scope) else scope.places}
        heir = {"": event.mode}
    for mode, capacity in wanted.items():
        pool = known.pop(mode, None) or known.pop(heir.get(mode, "none"), None)
        field = f"{scope.prefix}{'places_online' if mode == 'online' else 'places'}"
        if pool is None:
            session.add(SeatPool(event=event, cohort=scope.cohort, mode=mode, capacity=capacity))
        else:
            _set(pool, mode, capacity, field, refusals)
    session.flush()
    for pool in known.values():
        _remove(pool, "mode", MODE_HAS_PEOPLE, refusals)


def _only_online(event: Event, scope: _Scope) -> bool:
    return event.mode == "online" and scope.places is None and scope.places_online is not None


def _set(pool: SeatPool, mode: str, capacity: int | None, field: str, refusals: Refusals) -> None:
    """Set a pool's capacity unless more places than that are taken, decided by the database."""
    if (pool.mode, pool.capacity) == (mode, capacity):
        return
    raised = pool.capacity is not None and (capacity is None or capacity > pool.capacity)
    enough = SeatPool.taken <= capacity if capacity is not None else true()
    done = session.execute(
        update(SeatPool)
        .where(SeatPool.id == pool.id, enough)
        .values(mode=mode, capacity=capacity)
        .execution_options(synchronize_session=False)
    )
    session.refresh(pool)
    if done.rowcount == 0:  # type: ignore[attr-defined]
        refusals.add(field, TOO_FEW, taken=pool.taken)
    elif raised and pool.waiting:
        outbox.add("registrations.promote", pool_id=pool.id)


def _remove(pool: SeatPool, field: str, sentence: str, refusals: Refusals) -> None:
    """Remove a pool that nobody counts on; one that old registrations name stays, closed."""
    try:
        with session.begin_nested():
            done = session.execute(
                delete(SeatPool)
                .where(SeatPool.id == pool.id, SeatPool.taken == 0, SeatPool.waiting == 0)
                .execution_options(synchronize_session=False)
            )
    except IntegrityError:
        _close(pool, field, refusals)
        return
    if done.rowcount == 0:  # type: ignore[attr-defined]
        session.refresh(pool)
        refusals.add(field, sentence, taken=pool.taken + pool.waiting)
    else:
        session.expunge(pool)


def _close(pool: SeatPool, field: str, refusals: Refusals) -> None:
    if pool.cohort_id is not None and field == "date_status":
        refusals.add(field, msgid("People have registered in this group: it can’t be removed."))
        return
    session.execute(update(SeatPool).where(SeatPool.id == pool.id).values(capacity=0))
