"""Public feeds and single files: chosen, versioned, and served from ready-made bytes.

A feed's version costs one small query (F3). Its bytes are kept by version; each event's VEVENT
is kept by the event's own version, so that one changed event costs one VEVENT and a join.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import selectinload
from sqlalchemy.sql.elements import ColumnElement

from eventhub import clock, links
from eventhub.calendars import content, document, kept, vevent
from eventhub.db import session
from eventhub.errors import Invalid, NotFound
from eventhub.events import words
from eventhub.events.models import KINDS, MODES, Event, Series, Session
from eventhub.events.service.listing import COMES_BY
from eventhub.i18n import DEFAULT_LOCALE, LOCALES, gettext, in_locale, msgid
from eventhub.networks.models import DEFAULT_ACCENT, Network
from eventhub.settings import current_settings

EVERYTHING = "tout"
FORMAT = 1  # part of every ETag: raise it when the same events would be written differently
KEEP_PAST = timedelta(days=400)  # twelve months at least (F5)
KEEP_CANCELLED = timedelta(days=30)
CHUNK = 500
UNKNOWN_FILTER = msgid("This calendar has no such filter.")

log = structlog.get_logger()


@dataclass(frozen=True)
class _Publisher:
    """A network, as far as its feeds go."""

    id: int
    slug: str
    name: str
    accent: str
    time_zone: str
    calendar_version: int
    calendar_changed_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class Feed:
    """A public feed in one version.

    ``etag`` is the bare value of a strong validator, ``changed_at`` the Last-Modified moment.
    """

    slug: str
    name: str
    url: str
    filters: tuple[tuple[str, str], ...]
    locale: str
    etag: str
    changed_at: datetime
    today: date
    time_zone: str
    accent: str
    publishers: tuple[_Publisher, ...]


@dataclass(frozen=True)
class Listed:
    """A public feed on the page that names them all."""

    group: str  # "all", "network", "kind" or "series"
    name: str
    slug: str
    url: str


def find_feed(slug: str, filters: Mapping[str, str]) -> Feed:
    """Return the feed with this slug and these filters, in its present version.

    Filters: ``network`` (of the feed of everything only), ``kind``, ``mode``, ``series`` (slugs
    and codes) and ``lang``. Raises NotFound for an unknown slug, Invalid, naming it, for an
    unknown filter or value (F5).
    """
    publishers = _publishers()
    chosen = [p for p in publishers if slug in (EVERYTHING, p.slug)]
    if not chosen and slug != EVERYTHING:
        raise NotFound
    _check(slug, filters, publishers)
    if "network" in filters:
        chosen = [p for p in chosen if p.slug == filters["network"]]
    series_name = _series_name(filters["series"], chosen) if "series" in filters else ""
    locale = filters.get("lang", DEFAULT_LOCALE)
    only = chosen[0] if len(chosen) == 1 and (slug != EVERYTHING or "network" in filters) else None
    time_zone = only.time_zone if only else document.HOME_ZONE
    today = clock.today(time_zone)
    canonical = tuple(sorted(filters.items()))
    with in_locale(locale):
        name = _name(only.name if only else "", filters, series_name)
    midnight = datetime.combine(today, time(), ZoneInfo(time_zone))
    return Feed(
        slug=slug,
        name=name,
        url=links.calendar(slug, **dict(canonical)),
        filters=canonical,
        locale=locale,
        etag=_etag(slug, canonical, today, chosen),
        changed_at=max([midnight, *(max(p.calendar_changed_at, p.changed_at) for p in chosen)]),
        today=today,
        time_zone=time_zone,
        accent=only.accent if only else DEFAULT_ACCENT,
        publishers=tuple(chosen),
    )


def read_feed(feed: Feed, *, compressed: bool = False) -> bytes:
    """Return the bytes of a feed (C1-C10), gzipped when asked."""
    body = kept.body(feed.etag, compressed)
    if body is None:
        body = kept.keep_body(feed.etag, _build(feed), compressed)
    return body


def read_event(event: Event, locale: str = DEFAULT_LOCALE, group: str = "") -> bytes:
    """Return the file of one event: its sessions' VEVENTs, or its own.

    ``group``: the public id of a cohort, for its sessions only. Raises NotFound when there is no
    date, or no such cohort.
    """
    cohort = next((c for c in event.cohorts if c.public_id == group), None)
    if group and cohort is None:
        raise NotFound
    with in_locale(locale):
        found = vevent.sittings(event, cohort.sessions if cohort is not None else None)
        dated = [sitting for sitting in found if sitting.dated]
        if not dated:
            raise NotFound
        public = event.audience == "public"
        return document.document(
            document.header(),
            [sitting.zone for sitting in dated],
            [
                content.lines(vevent.component(s) if public else vevent.component(s, url=""))
                for s in dated
            ],
        )


def list_feeds() -> list[Listed]:
    """Return every public feed: of everything, of each network, of each kind and series in use."""
    found = [Listed("all", gettext("All the events"), EVERYTHING, links.calendar(EVERYTHING))]
    publishers = {p.id: p for p in _publishers()}
    found += [
        Listed("network", p.name, p.slug, links.calendar(p.slug)) for p in publishers.values()
    ]
    shown = _shown(clock.today(document.HOME_ZONE))
    kinds = session.scalars(select(Event.kind).where(shown).distinct())
    found += [
        Listed("kind", words.kind(kind), EVERYTHING, links.calendar(EVERYTHING, kind=kind))
        for kind in sorted(kinds, key=words.kind)
    ]
    in_use = select(Event.series_id).where(shown).distinct()
    for series in session.scalars(
        select(Series).where(Series.id.in_(in_use)).order_by(Series.name_fr)
    ):
        slug = publishers[series.network_id].slug
        url = links.calendar(slug, series=series.slug)
        found.append(Listed("series", series.name, slug, url))
    return found


def _publishers() -> list[_Publisher]:
    columns = (
        Network.id,
        Network.slug,
        Network.name,
        Network.accent,
        Network.time_zone,
        Network.calendar_version,
        Network.calendar_changed_at,
        Network.changed_at,
    )
    return [_Publisher(*row) for row in session.execute(select(*columns).order_by(Network.name))]


def _check(slug: str, filters: Mapping[str, str], publishers: list[_Publisher]) -> None:
    """Refuse a filter that does not exist: never answer it with everything (F5)."""
    allowed: dict[str, Iterable[str]] = {"kind": KINDS, "mode": MODES, "lang": LOCALES}
    if slug == EVERYTHING:
        allowed["network"] = [p.slug for p in publishers]
    for name, value in filters.items():
        if name != "series" and value not in allowed.get(name, ()):
            raise Invalid({name: UNKNOWN_FILTER})


def _series_name(slug: str, publishers: list[_Publisher]) -> str:
    series = session.scalar(
        select(Series).where(Series.slug == slug, Series.network_id.in_([p.id for p in publishers]))
    )
    if series is None:
        raise Invalid({"series": UNKNOWN_FILTER})
    return series.name_fr


def _name(network: str, filters: Mapping[str, str], series: str) -> str:
    parts = [network or gettext("All the events")]
    parts += [series] if series else []
    parts += [words.kind(filters["kind"])] if "kind" in filters else []
    parts += [words.mode(filters["mode"])] if "mode" in filters else []
    return " – ".join(parts)


def _etag(
    slug: str,
    filters: tuple[tuple[str, str], ...],
    today: date,
    publishers: list[_Publisher],
) -> str:
    settings = current_settings()
    parts = (
        FORMAT,
        settings.site_url,
        settings.identity_domain,
        slug,
        filters,
        today,
        [
            (p.id, p.slug, p.calendar_version, p.calendar_changed_at, p.changed_at)
            for p in publishers
        ],
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _shown(today: date) -> ColumnElement[bool]:
    """Public events, past ones for a year, cancelled ones until their date and 30 days (F5)."""
    last = func.coalesce(Event.ends_on, Event.starts_on)
    last_session = func.coalesce(Session.ends_on, Session.starts_on)

    def from_day(day: date) -> ColumnElement[bool]:
        return or_(last >= day, Event.sessions.any(last_session >= day))

    return and_(
        Event.audience == "public",
        or_(
            and_(Event.state == "published", from_day(today - KEEP_PAST)),
            and_(
                Event.state == "cancelled",
                Event.published_at.is_not(None),
                from_day(today - KEEP_CANCELLED),
            ),
        ),
    )


def _build(feed: Feed) -> bytes:
    filters = dict(feed.filters)
    wanted = (
        select(Event.id, Event.public_id, Event.version, Event.network_id)
        .where(_shown(feed.today), Event.network_id.in_([p.id for p in feed.publishers]))
        .order_by(Event.starts_on.nulls_last(), Event.starts_at.nulls_first(), Event.id)
    )
    if "kind" in filters:
        wanted = wanted.where(Event.kind == filters["kind"])
    if "mode" in filters:
        wanted = wanted.where(Event.mode.in_(COMES_BY[filters["mode"]]))
    if "series" in filters:
        wanted = wanted.where(
            Event.series_id.in_(select(Series.id).where(Series.slug == filters["series"]))
        )
    settings = current_settings()
    place = (feed.locale, settings.site_url, settings.identity_domain)
    named = {p.id: p.changed_at for p in feed.publishers}
    order = [
        (row_id, (public_id, place), (version, named[network_id]))
        for row_id, public_id, version, network_id in session.execute(wanted)
    ]
    ready = {key: kept.event(key, version) for _id, key, version in order}
    missing = {row_id: (key, version) for row_id, key, version in order if ready[key] is None}
    with in_locale(feed.locale):
        for row_id, serialised in _serialise(list(missing)):
            key, version = missing[row_id]
            ready[key] = kept.keep_event(key, version, serialised)
        used: set[str] = set()
        bodies = []
        for part in ready.values():
            if part is not None:
                bodies.append(part.body)
                used.update(part.zones)
        if not bodies:
            used.add(document.HOME_ZONE)  # a VCALENDAR holds at least one component
        return document.document(_opening(feed), used, bodies)


def _serialise(ids: list[int]) -> Iterable[tuple[int, kept.Serialised]]:
    """Give each event's VEVENTs. One that can't be read or written is logged and skipped (C10)."""
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        try:
            events = _load(chunk)
        except (ValueError, SQLAlchemyError):
            events = [event for row_id in chunk for event in _load_or_skip(row_id)]
        for event in events:
            try:
                dated = [s for s in vevent.sittings(event) if s.dated]
                lines = [line for s in dated for line in vevent.component(s)]
                body = content.lines(lines)
            except Exception as error:  # noqa: BLE001  whatever is wrong, the others are served
                log.warning(
                    "calendar.event_skipped", public_id=event.public_id, error=type(error).__name__
                )
                continue
            yield event.id, kept.Serialised(body, frozenset(s.zone for s in dated if s.zone))


def _load(ids: list[int]) -> list[Event]:
    return list(
        session.scalars(
            select(Event)
            .where(Event.id.in_(ids))
            .options(selectinload(Event.sessions), selectinload(Event.cohorts))
        )
    )


def _load_or_skip(row_id: int) -> list[Event]:
    try:
        return _load([row_id])
    except (ValueError, SQLAlchemyError) as error:
        log.warning("calendar.event_skipped", row=row_id, error=type(error).__name__)
        return []


def _opening(feed: Feed) -> bytes:
    name = content.text(content.one_line(feed.name))
    return document.header(
        [
            f"NAME:{name}",
            f"X-WR-CALNAME:{name}",
            f"X-WR-TIMEZONE:{feed.time_zone}",
            "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
            "X-PUBLISHED-TTL:PT1H",
            f"COLOR:{document.colour_name(feed.accent)}",
            f"SOURCE;VALUE=URI:{feed.url}",
            f"URL:{links.calendars()}",
        ]
    )
