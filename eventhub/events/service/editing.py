"""Create and update an event by the values that an organiser or a programme gives."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from eventhub import clock, outbox
from eventhub.db import session
from eventhub.errors import Conflict
from eventhub.events.models import Cohort, Event, Session, When
from eventhub.events.rules import moment, search_text, slug_base
from eventhub.events.service import checking
from eventhub.events.service.checking import Refusals
from eventhub.events.service.places import keep_places, lock_places, remove_cohort_places
from eventhub.events.service.series import named_series
from eventhub.events.service.slugs import free_slug
from eventhub.events.service.values import (
    CohortValues,
    EventValues,
    SessionValues,
    WhenValues,
)
from eventhub.networks.models import Network
from eventhub.networks.service import touch_calendar

_SAME = (
    *("kind", "title_fr", "title_en", "description_fr", "description_en", "date_status", "month"),
    *("time_zone", "mode", "venue_name", "venue_address", "join_url", "price_cents", "audience"),
    *("registration_open", "confirm_address"),
)


class ChangedMeanwhile(Conflict):
    """Somebody else saved the event since the form was opened."""


class EventCancelled(Conflict):
    """A cancelled event is not edited: it is restored first."""


def create_event(network: Network, values: EventValues) -> Event:
    """Add an event, as a draft. Raises Invalid, with a sentence for each field."""
    tidy = checking.check(values)
    now = clock.now()
    event = Event(
        network=network,
        state="draft",
        slug=free_slug(tidy.title_fr, tidy.starts_on),
        created_at=now,
        changed_at=now,
    )
    _fill(event, tidy)
    event.invented = ",".join(tidy.invented)
    _insert(event, tidy)
    refusals = Refusals({}, {})
    _keep_sittings(event, tidy, refusals)
    keep_places(event, event.mode, tidy, refusals)
    refusals.stop()
    return event


def update_event(event: Event, values: EventValues, version: int) -> Event:
    """Change an event to these values; ``version`` is the one that the person saw.

    SEQUENCE rises with its dates, place and mode, not with its wording (C5), and those registered
    are owed the news. The page's address stays once the event was published. Raises Invalid,
    ChangedMeanwhile, EventCancelled.
    """
    if event.state == "cancelled":
        raise EventCancelled
    if event.version != version:
        raise ChangedMeanwhile
    tidy = checking.check(values)
    refusals = Refusals({}, {})
    said, told, old_mode = _everything(event), when_and_where(event), event.mode
    invented = _invented(event)
    lock_places([event.id])
    try:
        _fill(event, tidy)
        _keep_sittings(event, tidy, refusals)
        keep_places(event, old_mode, tidy, refusals)
        refusals.stop()
        now = _invented(event)
        event.invented = ",".join(name for name in invented if now[name] == invented[name])
        if _everything(event) != said:
            if event.published_at is None:
                _follow_title(event)
            note_change(event, when_and_where(event) != told)
        session.flush()
    except StaleDataError:
        raise ChangedMeanwhile from None
    return event


def note_change(event: Event, told: bool) -> None:
    """Write down that an event changed: the feeds of its network, its moment, its sequence.

    ``told``: its dates, place, mode or status changed, which those registered must learn. What
    nobody has seen yet (a draft never published) has no sequence to raise.
    """
    event.changed_at = clock.now()
    if event.published_at is None:
        return
    touch_calendar(event.network_id)
    if told:
        event.sequence += 1
    session.flush()
    if told and event.state != "draft":
        owe_news(event)


def owe_news(event: Event) -> None:
    """Owe the news to those registered; each is told only what differs from what they know."""
    outbox.add(
        "registrations.event_changed",
        key=f"registrations.event_changed:{event.id}:{event.version}",
        event_id=event.id,
        version=event.version,
    )


def values_of(event: Event) -> EventValues:
    """Return what is known of an event as the values that would make it again."""
    opens, closes = event.registration_opens_at, event.registration_closes_at
    pools = {(pool.cohort_id, pool.mode): pool.capacity for pool in event.seat_pools}

    def places(cohort: Cohort | None) -> dict[str, Any]:
        scope = cohort.id if cohort else None
        if event.mode != "hybrid" or (scope, "") in pools:
            return {"places": pools.get((scope, ""))}
        return {
            "places": pools.get((scope, "in_person")),
            "places_online": pools.get((scope, "online")),
        }

    def sittings(sessions: Sequence[Session]) -> tuple[SessionValues, ...]:
        return tuple(
            SessionValues(
                public_id=item.public_id,
                title_fr=item.title_fr,
                title_en=item.title_en,
                **_when(item, event.time_zone),
            )
            for item in sessions
        )

    return EventValues(
        **{name: getattr(event, name) for name in _SAME},
        **_when(event, event.time_zone),
        **places(None),
        series=event.series.name_fr if event.series else "",
        sessions=sittings([item for item in event.sessions if item.cohort is None]),
        cohorts=tuple(
            CohortValues(
                public_id=cohort.public_id,
                name_fr=cohort.name_fr,
                name_en=cohort.name_en,
                sessions=sittings([s for s in event.sessions if s.cohort is cohort]),
                **places(cohort),
            )
            for cohort in event.cohorts
        ),
        registration_opens_on=_local_date(opens, event.time_zone),
        registration_opens_time=_local_time(opens, event.time_zone),
        registration_closes_on=_local_date(closes, event.time_zone),
        registration_closes_time=_local_time(closes, event.time_zone),
        invented=_names(event.invented),
    )


def refold(event: Event) -> None:
    """Bring what the search looks into up to date."""
    event.folded_text = search_text(event)


def refold_network(network: Network) -> None:
    """Bring what the search looks into up to date for a network that changed its name."""
    for event in session.scalars(select(Event).where(Event.network_id == network.id)).unique():
        refold(event)


def when_and_where(event: Event) -> list[object]:
    """Return what raises SEQUENCE when it changes (C5): dates, place, mode, groups."""
    return [
        [event.time_zone, event.date_status, event.month, event.mode],
        [event.venue_name, event.venue_address, event.join_url],
        _stamps(event),
        [[s.cohort.name_fr if s.cohort else "", *_stamps(s)] for s in event.sessions],
    ]


def _everything(event: Event) -> list[object]:
    own = [getattr(event, name) for name in _SAME]
    rest = [event.series_id, event.registration_opens_at, event.registration_closes_at]
    names = [[s.public_id, s.position, s.title_fr, s.title_en] for s in event.sessions]
    groups = [[c.public_id, c.position, c.name_fr, c.name_en] for c in event.cohorts]
    pools = sorted([p.cohort_id or 0, p.mode, p.capacity or -1] for p in event.seat_pools)
    return [own, rest, when_and_where(event), names, groups, pools]


def _invented(event: Event) -> dict[str, object]:
    """Return the demonstration values of an event by name: those that change become real."""
    places = {(pool.cohort_id, pool.mode): pool.capacity for pool in event.seat_pools}
    return {
        name: places if name == "capacity" else getattr(event, name, None)
        for name in _names(event.invented)
    }


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def _stamps(item: When) -> list[str]:
    moments = (item.starts_on, item.ends_on, item.starts_at, item.ends_at)
    return [value.isoformat() if value else "" for value in moments]


def _fill(event: Event, values: EventValues) -> None:
    with session.no_autoflush:
        for name in _SAME:
            setattr(event, name, getattr(values, name))
        event.registration_opens_at, event.registration_closes_at = checking.window(values)
        event.series = named_series(event.network.id, values.series)
        _set_when(event, values, values.time_zone)
        refold(event)


def _insert(event: Event, values: EventValues) -> None:
    """Insert an event; when somebody took its address at the same moment, take the next one."""
    for attempt in range(3):
        try:
            with session.begin_nested():
                session.add(event)
        except IntegrityError:
            if attempt == 2:
                raise
            event.slug = free_slug(values.title_fr, values.starts_on)
        else:
            return


def _follow_title(event: Event) -> None:
    """Give a draft that was never public the address of its present title."""
    if not event.slug.startswith(slug_base(event.title_fr)):
        event.slug = free_slug(event.title_fr, event.starts_on)


def _keep_sittings(event: Event, values: EventValues, refusals: Refusals) -> None:
    """Make the cohorts and the sessions what the values ask for; those that stay keep their id."""
    _keep_cohorts(event, values, refusals)
    known = {item.public_id: item for item in event.sessions}
    kept: list[Session] = []

    def keep(asked: SessionValues, cohort: Cohort | None) -> None:
        item = known.get(asked.public_id) or Session()
        item.position, item.cohort = len(kept), cohort
        item.title_fr, item.title_en = asked.title_fr, asked.title_en
        _set_when(item, asked, values.time_zone)
        kept.append(item)

    with session.no_autoflush:
        for asked in values.sessions:
            keep(asked, None)
        for cohort, group in zip(event.cohorts, values.cohorts, strict=True):
            for asked in group.sessions:
                keep(asked, cohort)
        event.sessions = kept
    session.flush()


def _keep_cohorts(event: Event, values: EventValues, refusals: Refusals) -> None:
    known = {cohort.public_id: cohort for cohort in event.cohorts}
    kept = []
    for asked in values.cohorts:
        cohort = known.pop(asked.public_id, None)
        if cohort is None:
            cohort = Cohort(name_fr=asked.name_fr)
        elif cohort.name_fr != asked.name_fr:
            cohort.name_fr = cohort.public_id  # two groups may exchange their names
        kept.append(cohort)
    for gone in known.values():
        remove_cohort_places(gone, refusals)
    refusals.stop()
    event.cohorts = kept
    session.flush()
    for position, (cohort, asked) in enumerate(zip(kept, values.cohorts, strict=True)):
        cohort.position = position
        cohort.name_fr, cohort.name_en = asked.name_fr, asked.name_en
    session.flush()


def _set_when(item: When, values: WhenValues, time_zone: str) -> None:
    first = values.starts_on
    last = (values.ends_on or first) if first else None
    item.starts_on, item.ends_on = first, last
    item.starts_at = (
        moment(first, values.start_time, time_zone) if first and values.start_time else None
    )
    item.ends_at = moment(last, values.end_time, time_zone) if last and values.end_time else None


def _when(item: When, time_zone: str) -> dict[str, Any]:
    return {
        "starts_on": item.starts_on,
        "start_time": _local_time(item.starts_at, time_zone),
        "ends_on": item.ends_on if item.ends_on != item.starts_on else None,
        "end_time": _local_time(item.ends_at, time_zone),
    }


def _local_date(instant: datetime | None, time_zone: str) -> date | None:
    return instant.astimezone(ZoneInfo(time_zone)).date() if instant else None


def _local_time(instant: datetime | None, time_zone: str) -> time | None:
    return instant.astimezone(ZoneInfo(time_zone)).time() if instant else None
