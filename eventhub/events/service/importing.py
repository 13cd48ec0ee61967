"""Events that come from a document: added, changed, and told apart from what people edited."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from slugify import slugify
from sqlalchemy import select

from eventhub import clock
from eventhub.db import session
from eventhub.events.models import Cohort, Event, Series, Session, When
from eventhub.events.rules import moment, search_text
from eventhub.events.service.editing import owe_news
from eventhub.events.service.slugs import free_slug
from eventhub.networks.models import Network
from eventhub.networks.service import touch_calendar


@dataclass(frozen=True)
class ImportedSitting:
    """One date of an event: local dates (inclusive) and times; ``cohort`` names its group."""

    key: str
    cohort: str
    starts_on: date | None
    start_time: time | None
    ends_on: date | None
    end_time: time | None


@dataclass(frozen=True)
class ImportedEvent:
    """What a document says of an event. ``month`` (YYYY-MM) when that is all that is known."""

    key: str
    kind: str
    title_fr: str
    series: str
    time_zone: str
    date_status: str
    month: str | None
    mode: str
    audience: str
    sittings: tuple[ImportedSitting, ...]


def add_imported(network: Network, values: ImportedEvent, *, publish: bool) -> Event:
    """Add the event that a document tells of, published or as a draft."""
    now = clock.now()
    event = Event(
        network=network,
        programme_key=values.key,
        slug=free_slug(values.title_fr),
        state="published" if publish else "draft",
        created_at=now,
        changed_at=now,
        published_at=now if publish else None,
    )
    _fill(event, values)
    session.add(event)
    session.flush()
    touch_calendar(network.id)
    return event


def change_imported(event: Event, values: ImportedEvent) -> None:
    """Bring an event to what its document says now.

    The sequence rises when its time, mode or date status changes, not with its wording (C5), and
    those registered are owed the news. Its address stays. Raises IntegrityError when a group
    that goes has registrations: ask before.
    """
    times_before, wording_before = _times(event), fingerprint(event)
    sessions_before = {
        s.programme_key: (s.starts_on, s.ends_on, s.starts_at, s.ends_at) for s in event.sessions
    }
    _fill(event, values)
    if fingerprint(event) == wording_before:
        return
    moved = _times(event) != times_before
    if moved:
        event.sequence += 1
    for sitting in event.sessions:
        before = sessions_before.get(sitting.programme_key)
        now = (sitting.starts_on, sitting.ends_on, sitting.starts_at, sitting.ends_at)
        if before is not None and before != now:
            sitting.sequence += 1
    event.changed_at = clock.now()
    session.flush()
    touch_calendar(event.network_id)
    if moved and event.state == "published":
        owe_news(event)


def list_imported(network_id: int) -> list[Event]:
    """Return the events of a network that came from a document."""
    found = session.scalars(
        select(Event).where(Event.network_id == network_id, Event.programme_key.is_not(None))
    )
    return list(found.unique())


def fingerprint(event: Event) -> str:
    """Return a digest of all that a document says of an event, as the event stands now.

    Places, prices, descriptions, English texts and publication are not in it: no document of a
    programme gives them.
    """
    told = {
        "kind": event.kind,
        "title": event.title_fr,
        "series": event.series.name_fr if event.series else "",
        "audience": event.audience,
        "times": _times(event),
    }
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _times(event: Event) -> list[object]:
    """What a calendar shows of an event's time and manner."""
    return [
        [event.time_zone, event.date_status, event.month, event.mode],
        _when(event),
        [
            [s.cohort.name_fr if s.cohort else "", s.programme_key, *_when(s)]
            for s in sorted(event.sessions, key=lambda s: s.position)
        ],
    ]


def _when(item: When) -> list[str]:
    moments = (item.starts_on, item.ends_on, item.starts_at, item.ends_at)
    return [value.isoformat() if value else "" for value in moments]


def _fill(event: Event, values: ImportedEvent) -> None:
    with session.no_autoflush:
        event.kind = values.kind
        event.title_fr = values.title_fr
        event.series = _series(event.network, values.series)
        event.time_zone = values.time_zone
        event.date_status = values.date_status
        event.month = values.month
        event.mode = values.mode
        event.audience = values.audience
        _place(event, values)
        event.folded_text = search_text(event)


def _place(event: Event, values: ImportedEvent) -> None:
    """Set the event's own dates, and its sessions when it has several or has groups."""
    sittings = values.sittings
    single = len(sittings) == 1 and not sittings[0].cohort
    if single:
        _set_when(event, sittings[0], values.time_zone)
        event.sessions = []
        event.cohorts = []
        return
    event.starts_on = min((s.starts_on for s in sittings if s.starts_on), default=None)
    event.ends_on = max((s.ends_on for s in sittings if s.ends_on), default=None)
    event.starts_at = event.ends_at = None
    cohorts = _cohorts(event, sittings)
    known = {s.programme_key: s for s in event.sessions}
    kept = []
    for position, sitting in enumerate(sittings):
        item = known.get(sitting.key) or Session(programme_key=sitting.key)
        item.position = position
        item.cohort = cohorts.get(sitting.cohort)
        _set_when(item, sitting, values.time_zone)
        kept.append(item)
    event.sessions = kept
    event.cohorts = list(cohorts.values())


def _cohorts(event: Event, sittings: Iterable[ImportedSitting]) -> dict[str, Cohort]:
    known = {cohort.name_fr: cohort for cohort in event.cohorts}
    names = dict.fromkeys(sitting.cohort for sitting in sittings if sitting.cohort)
    cohorts = {name: known.get(name) or Cohort(name_fr=name) for name in names}
    for position, cohort in enumerate(cohorts.values()):
        cohort.position = position
    return cohorts


def _set_when(item: When, sitting: ImportedSitting, time_zone: str) -> None:
    item.starts_on, item.ends_on = sitting.starts_on, sitting.ends_on
    item.starts_at = _moment(sitting.starts_on, sitting.start_time, time_zone)
    item.ends_at = _moment(sitting.ends_on, sitting.end_time, time_zone)


def _moment(day: date | None, hour: time | None, time_zone: str) -> datetime | None:
    return moment(day, hour, time_zone) if day and hour else None


def _series(network: Network, name: str) -> Series | None:
    """Return the network's series of this name, added when there is none."""
    if not name:
        return None
    known = session.scalars(select(Series).where(Series.network_id == network.id)).all()
    for series in known:
        if series.name_fr == name:
            return series
    base, taken = slugify(name, max_length=80) or "serie", {series.slug for series in known}
    number, slug = 1, base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    series = Series(network_id=network.id, slug=slug, name_fr=name, created_at=clock.now())
    session.add(series)
    session.flush()
    return series
