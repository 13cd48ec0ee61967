"""What the public reads of events: lists with filters, and one event by its address."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import String, and_, cast, exists, func, or_, select
from sqlalchemy.orm import selectinload
from sqlalchemy.sql.elements import ColumnElement

from eventhub import clock, links, tokens
from eventhub.db import session
from eventhub.errors import Invalid, NotFound
from eventhub.events import words
from eventhub.events.models import KINDS, MODES, Event, Series
from eventhub.i18n import fold, msgid
from eventhub.networks.models import Network
from eventhub.networks.service import list_networks

PAGE_SIZE = 30
HOME_ZONE = "America/Toronto"
TERMS = 8
TERM_LENGTH = 60
CANCELLED_UNDATED = timedelta(days=30)  # how long a cancelled event without a date is listed
COMES_BY = {
    "in_person": ("in_person", "hybrid"),
    "online": ("online", "hybrid"),
    "hybrid": ("hybrid",),
}
"""Who looks for one way to come also wants the events that offer both."""

UNKNOWN_FILTER = msgid("We do not know this choice. Choose another one in the list.")
_MONTH = re.compile(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])")  # ASCII: a date is made of it


@dataclass(frozen=True)
class Filters:
    """What a reader looks for. ``month`` is YYYY-MM; codes and slugs otherwise; "" is any."""

    network: str = ""
    kind: str = ""
    mode: str = ""
    month: str = ""
    text: str = ""
    series: str = ""
    past: bool = False


@dataclass(frozen=True)
class Group:
    """Events of one month (YYYY-MM), or those whose month is not known ("")."""

    month: str
    events: list[Event]


@dataclass(frozen=True)
class Page:
    """One page of a list, in groups; ``total`` counts all pages. Pages are numbered from 1."""

    groups: list[Group]
    total: int
    number: int
    pages: int


def read_filters(given: Mapping[str, str]) -> Filters:
    """Return the filters that a query names; names it does not know are ignored.

    Raises Invalid, naming each, for values that do not exist.
    """
    found = {name: given.get(name, "").strip() for name in ("network", "kind", "mode", "month")}
    allowed = {
        "network": {network.slug for network in list_networks()} if found["network"] else set(),
        "kind": set(KINDS),
        "mode": set(MODES),
    }
    bad = {
        name: UNKNOWN_FILTER
        for name, value in found.items()
        if value
        and (not _MONTH.fullmatch(value) if name == "month" else value not in allowed[name])
    }
    if bad:
        raise Invalid(bad)
    return Filters(
        **found,
        text=given.get("q", "").strip()[:200],
        series=given.get("series", "").strip()[:200],
        past=given.get("past") == "1",
    )


def list_public(filters: Filters, page: int = 1) -> Page:
    """Return one page of public events: what comes, soonest first, or what is past, latest first.

    An event whose month only is known closes its month; one without any date closes the list. A
    month shows all of its events, past or not. Raises NotFound for a page that does not exist.
    """
    wanted = and_(_is_public(Event.audience == "public"), *_conditions(filters))
    total = session.scalar(select(func.count()).select_from(Event).where(wanted)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    if not 1 <= page <= pages:
        raise NotFound
    key = _sort_key()
    backwards = filters.past and not filters.month
    order = (key.desc(), Event.starts_at.desc().nulls_last(), Event.id.desc()) if backwards else (
        key, Event.starts_at.nulls_first(), Event.id
    )  # fmt: skip
    found = session.scalars(
        select(Event)
        .where(wanted)
        .order_by(*order)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
        .options(selectinload(Event.seat_pools), selectinload(Event.sessions))
    )
    return Page(_grouped(list(found)), total, page, pages)


def list_next(count: int) -> list[Event]:
    """Return the next public events that are not cancelled: dated ones first, soonest first."""
    found = session.scalars(
        select(Event)
        .where(
            _is_public(Event.audience == "public"),
            Event.state == "published",
            *_coming(clock.today(HOME_ZONE)),
        )
        .order_by(_sort_key(), Event.starts_at.nulls_first(), Event.id)
        .limit(count)
        .options(selectinload(Event.seat_pools), selectinload(Event.sessions))
    )
    return list(found)


def count_coming() -> dict[int, int]:
    """Return how many public events are to come, by the network's key."""
    rows = session.execute(
        select(Event.network_id, func.count())
        .where(_is_public(Event.audience == "public"), *_coming(clock.today(HOME_ZONE)))
        .group_by(Event.network_id)
    )
    return dict(rows.all())


def list_kinds() -> list[str]:
    """Return the kinds that public events have, in the order of their names."""
    found = session.scalars(
        select(Event.kind).where(_is_public(Event.audience == "public")).distinct()
    )
    return sorted(found, key=lambda kind: fold(words.kind(kind)))


def list_months() -> list[str]:
    """Return the months (YYYY-MM) that have public events to come."""
    today = clock.today(HOME_ZONE)
    rows = session.execute(
        select(Event.starts_on, Event.month)
        .where(_is_public(Event.audience == "public"), *_coming(today))
        .distinct()
    )
    months = {_month(starts_on, month) for starts_on, month in rows}
    return sorted(month for month in months if month >= f"{today:%Y-%m}")


def has_past() -> bool:
    """Tell whether the list of past events has any."""
    past = and_(_is_public(Event.audience == "public"), *_over(clock.today(HOME_ZONE)))
    return bool(session.scalar(select(exists().where(past))))


def list_slugs(limit: int = 50_000) -> list[str]:
    """Return the addresses of public events, the latest first; a sitemap holds 50,000."""
    found = session.scalars(
        select(Event.slug)
        .where(_is_public(Event.audience == "public"))
        .order_by(Event.id.desc())
        .limit(limit)
    )
    return list(found)


def find_series(slug: str) -> Series | None:
    """Return a series that has public events by its slug, or None."""
    return session.scalars(
        select(Series)
        .join(Event, Event.series_id == Series.id)
        .where(Series.slug == slug, _is_public(Event.audience == "public"))
        .limit(1)
    ).first()


def get_public(slug: str, access: str = "") -> Event:
    """Return an event that a reader may see: public, or a members' one by its access token.

    Raises NotFound alike for drafts, private events, wrong tokens and what does not exist.
    """
    event = session.scalar(
        select(Event)
        .where(Event.slug == slug, _is_public(Event.audience.in_(("public", "members"))))
        .options(
            selectinload(Event.seat_pools),
            selectinload(Event.sessions),
            selectinload(Event.cohorts),
        )
    )
    if event is None:
        raise NotFound
    if event.audience == "members" and not _opens(event, access):
        raise NotFound
    return event


def access_token(event: Event) -> str:
    """Return the token of the link that opens a members' event; raising its version revokes it."""
    return tokens.make("event.access", event.public_id, event.access_version)


def page_address(event: Event) -> str:
    """Return the address to give out: with its token for members, empty for a private event."""
    if event.audience == "private":
        return ""
    return links.event(event.slug, access_token(event) if event.audience == "members" else "")


def _opens(event: Event, access: str) -> bool:
    return tokens.verify(access, "event.access", event.public_id, event.access_version)


def _is_public(audience: ColumnElement[bool]) -> ColumnElement[bool]:
    """Published, or cancelled after it was: a draft that was cancelled was never shown."""
    cancelled = and_(Event.state == "cancelled", Event.published_at.is_not(None))
    return and_(audience, or_(Event.state == "published", cancelled))


def _last_day() -> ColumnElement[date]:
    return func.coalesce(Event.ends_on, Event.starts_on)


def _sort_key() -> ColumnElement[str]:
    """Dates in order; "2027-02-99", a month alone, after its days; no date at the very end."""
    return func.coalesce(cast(Event.starts_on, String), Event.month + "-99", "9999-99")


def _coming(today: date) -> list[ColumnElement[bool]]:
    undated = and_(
        Event.starts_on.is_(None),
        or_(Event.month.is_(None), Event.month >= f"{today:%Y-%m}"),
        or_(Event.state != "cancelled", Event.cancelled_at >= clock.now() - CANCELLED_UNDATED),
    )
    return [or_(_last_day() >= today, undated)]


def _over(today: date) -> list[ColumnElement[bool]]:
    undated = and_(Event.starts_on.is_(None), Event.month < f"{today:%Y-%m}")
    return [or_(_last_day() < today, undated)]


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    today = clock.today(HOME_ZONE)
    if filters.month:
        found.append(_in_month(filters.month))
    elif filters.past:
        found += _over(today)
    else:
        found += _coming(today)
    if filters.network:
        found.append(Event.network_id.in_(_network_ids(filters.network)))
    if filters.kind:
        found.append(Event.kind == filters.kind)
    if filters.mode:
        found.append(Event.mode.in_(COMES_BY[filters.mode]))
    if filters.series:
        found.append(Event.series_id.in_(select(Series.id).where(Series.slug == filters.series)))
    return found + _matches(filters.text)


def _in_month(month: str) -> ColumnElement[bool]:
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=31)).replace(day=1)
    return or_(
        and_(Event.starts_on < after, _last_day() >= first),
        and_(Event.starts_on.is_(None), Event.month == month),
    )


def _network_ids(slug: str) -> list[int]:
    return list(session.scalars(select(Network.id).where(Network.slug == slug)))


def _matches(text: str) -> list[ColumnElement[bool]]:
    """Each word must be somewhere: in the event's texts, its network's name, its kind's name."""
    found: list[ColumnElement[bool]] = []
    terms = [term[:TERM_LENGTH] for term in fold(text).replace("\x00", " ").split()][:TERMS]
    networks = list_networks() if terms else []
    for term in terms:
        kinds = [kind for kind in KINDS if term in fold(words.kind(kind))]
        hosts = [n.id for n in networks if term in fold(f"{n.code} {n.name}")]
        found.append(
            or_(
                Event.folded_text.contains(term, autoescape=True),
                Event.kind.in_(kinds),
                Event.network_id.in_(hosts),
            )
        )
    return found


def _month(starts_on: date | None, month: str | None) -> str:
    return f"{starts_on:%Y-%m}" if starts_on else month or ""


def _grouped(events: list[Event]) -> list[Group]:
    groups: list[Group] = []
    for event in events:
        month = _month(event.starts_on, event.month)
        if not groups or groups[-1].month != month:
            groups.append(Group(month, []))
        groups[-1].events.append(event)
    return groups
