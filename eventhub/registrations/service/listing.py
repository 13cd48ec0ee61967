"""The organiser's list of an event's registrations: pages, counts, export, and what they do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, Tuple, and_, func, select, tuple_

from eventhub.db import session
from eventhub.errors import NotFound
from eventhub.events.models import Event
from eventhub.i18n import fold
from eventhub.registrations.models import Registration
from eventhub.registrations.service import manage, telling
from eventhub.registrations.service.register import ACTIVE_STATES

PAGE_SIZE = 50
EXPORTED_AT_ONCE = 5000
SORTS = ("newest", "name", "line")
FILTERS = ("active", "confirmed", "pending", "waitlisted", "cancelled", "all")

_EXPORTED = (
    Registration.folded_text,
    Registration.id,
    Registration.name,
    Registration.email,
    Registration.organisation,
    Registration.mode,
    Registration.cohort_id,
    Registration.state,
    Registration.waitlist_number,
    Registration.locale,
    Registration.created_at,
    Registration.confirmed_at,
    Registration.cancelled_at,
    Registration.checked_in_at,
    Registration.public_id,
)


@dataclass(frozen=True)
class Page:
    """Some registrations of an event, and the marks that lead to the pages beside it."""

    rows: list[Registration]
    previous: str
    next: str


@dataclass(frozen=True)
class Counts:
    """How many hold a place, must confirm their address, wait, and how many places there are."""

    confirmed: int
    pending: int
    waiting: int
    places: int | None


def list_registrations(
    event: Event,
    *,
    search: str = "",
    state: str = "active",
    sort: str = "newest",
    after: str = "",
    before: str = "",
    size: int = PAGE_SIZE,
) -> Page:
    """Return a page of an event's registrations.

    ``search`` ignores accents and case, in name, address and organisation; ``state`` is one of
    FILTERS, ``sort`` one of SORTS. ``after`` and ``before`` are marks from another page: no
    offset is counted, so that any page costs the same, however long the list.
    """
    order = _order(sort)
    backwards = bool(before) and not after
    descending = (sort == "newest") != backwards
    query = _filtered(select(Registration), event, search, state, by_name=sort == "name")
    edge = _edge(event, after or before, order)
    if edge is not None:
        query = query.where(tuple_(*order) < edge if descending else tuple_(*order) > edge)
    query = query.order_by(*(column.desc() if descending else column for column in order))
    rows = list(session.scalars(query.limit(size + 1)))
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    has_previous = more if backwards else edge is not None
    has_next = edge is not None if backwards else more
    return Page(
        rows=rows,
        previous=rows[0].public_id if rows and has_previous else "",
        next=rows[-1].public_id if rows and has_next else "",
    )


def count_registrations(event: Event) -> Counts:
    """Return an event's counts, from the pools: as quick for 100,000 as for ten."""
    pending = (
        session.scalar(
            select(func.count())
            .select_from(Registration)
            .where(Registration.event_id == event.id, Registration.state == "pending")
        )
        or 0
    )
    limits = [pool.capacity for pool in event.seat_pools]
    known = [limit for limit in limits if limit is not None]
    return Counts(
        confirmed=sum(pool.taken for pool in event.seat_pools) - pending,
        pending=pending,
        waiting=sum(pool.waiting for pool in event.seat_pools),
        places=sum(known) if limits and len(known) == len(limits) else None,
    )


def get_registration(event: Event, public_id: str) -> Registration:
    """Return one of an event's registrations. Raises NotFound."""
    found = session.scalar(
        select(Registration).where(
            Registration.event_id == event.id, Registration.public_id == public_id
        )
    )
    if found is None:
        raise NotFound
    return found


def cancel_registration(event: Event, public_id: str) -> Registration:
    """Cancel somebody's registration, as an organiser: they are told, and the line moves up."""
    return manage.withdraw(get_registration(event, public_id), by="organiser")


def resend(event: Event, public_id: str) -> Registration:
    """Send somebody again what they were told, at most once an hour. Not to the cancelled."""
    registration = get_registration(event, public_id)
    if registration.state == "cancelled":
        raise NotFound
    if registration.held_until is not None:
        telling.owe_again(registration, "confirm_address")
    elif registration.state == "waitlisted":
        telling.owe_again(registration, "waitlisted")
    else:
        telling.owe_again(registration, "confirmation")
    return registration


def export_rows(
    event: Event, words: Mapping[str, str], *, search: str = "", state: str = "all"
) -> Iterator[list[str]]:
    """Return the values of an event's registrations, by name, read some thousands at a time.

    ``words`` gives modes and states as the reader says them. Times are the event's local ones.
    The rows are read when they are asked for; of the event nothing is read any more by then.
    """
    zone = ZoneInfo(event.time_zone)
    cohorts = {cohort.id: cohort.name for cohort in event.cohorts}
    wanted = _filtered(select(*_EXPORTED), event, search, state, by_name=True)
    return _read_rows(wanted, words, cohorts, zone)


def _read_rows(
    wanted: Select[*tuple[Any, ...]],
    words: Mapping[str, str],
    cohorts: Mapping[int, str],
    zone: ZoneInfo,
) -> Iterator[list[str]]:
    order = (Registration.folded_text, Registration.id)
    wanted = wanted.order_by(*order)
    last: Tuple | None = None
    while True:
        query = wanted if last is None else wanted.where(tuple_(*order) > last)
        rows = session.execute(query.limit(EXPORTED_AT_ONCE)).all()
        for (
            _folded,
            _id,
            name,
            email,
            organisation,
            mode,
            cohort_id,
            state,
            number,
            locale,
            created_at,
            confirmed_at,
            cancelled_at,
            checked_in_at,
            public_id,
        ) in rows:
            yield [
                name,
                email,
                organisation,
                words.get(mode, mode),
                cohorts.get(cohort_id, ""),
                words.get(state, state),
                "" if number is None else str(number),
                locale,
                _local(created_at, zone),
                _local(confirmed_at, zone),
                _local(cancelled_at, zone),
                _local(checked_in_at, zone),
                public_id,
            ]
        if len(rows) < EXPORTED_AT_ONCE:
            return
        last = tuple_(rows[-1].folded_text, rows[-1].id)


def _filtered(
    query: Select[*tuple[Any, ...]], event: Event, search: str, state: str, *, by_name: bool
) -> Select[*tuple[Any, ...]]:
    here = Registration.event_id == event.id
    query = query.where(here)
    if state == "active":
        query = query.where(Registration.state.in_(ACTIVE_STATES))
    elif state != "all":
        query = query.where(Registration.state == state)
    words = fold(search).split()
    if not words:
        return query
    texts = (Registration.folded_text.contains(word, autoescape=True) for word in words)
    has_words = and_(*texts)
    if by_name:
        return query.where(has_words)
    # The index by name answers a query of its own without reading any row.
    return query.where(Registration.id.in_(select(Registration.id).where(here, has_words)))


def _order(sort: str) -> tuple[ColumnElement[Any], ...]:
    if sort == "name":
        return (Registration.folded_text, Registration.id)  # type: ignore[return-value]
    if sort == "line":
        return (Registration.waitlist_number, Registration.id)  # type: ignore[return-value]
    return (Registration.id,)  # type: ignore[return-value]


def _edge(event: Event, mark: str, order: tuple[ColumnElement[Any], ...]) -> Tuple | None:
    """Return where the page beside a marked registration begins; None for the first page."""
    if not mark:
        return None
    row = session.execute(
        select(*order).where(Registration.event_id == event.id, Registration.public_id == mark)
    ).first()
    return None if row is None or None in tuple(row) else tuple_(*row)


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    return "" if moment is None else moment.astimezone(zone).isoformat(" ")[:16]
