"""What organisers see: the events of their networks, and nobody else's (A1)."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import selectinload

from eventhub import clock
from eventhub.accounts.models import Account
from eventhub.db import session
from eventhub.errors import NotFound
from eventhub.events.models import Event, SeatPool
from eventhub.i18n import fold
from eventhub.networks.models import AccountNetwork, Network

PAGE = 50
SOON = timedelta(days=14)
ZONE = "America/Toronto"


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which events of the list: ``period`` upcoming, past or all; ``state`` and ``network``
    (a slug) when not empty; ``text`` without regard to accents; ``page`` from 1.
    """

    text: str = ""
    state: str = ""
    network: str = ""
    period: str = "upcoming"
    page: int = 1


@dataclass(frozen=True)
class Counts:
    """Registrations of an event: places taken, people waiting, places (None: no limit)."""

    taken: int
    waiting: int
    places: int | None


def get_managed(account: Account, public_id: str) -> Event:
    """Return the event of one of the account's networks. Raises NotFound for any other (A1)."""
    event = session.scalar(_owned(account).where(Event.public_id == public_id))
    if event is None:
        raise NotFound
    return event


def list_managed(account: Account, wanted: Filter) -> tuple[list[Event], bool]:
    """Return a page of the events of the account's networks, and whether there are more.

    Upcoming ones come first by date, those without a date last; past ones from the latest.
    """
    query = _owned(account).options(selectinload(Event.seat_pools))
    today = clock.today(ZONE)
    if wanted.period == "upcoming":
        query = query.where(or_(Event.ends_on.is_(None), Event.ends_on >= today))
    elif wanted.period == "past":
        query = query.where(Event.ends_on < today)
    if wanted.state:
        query = query.where(Event.state == wanted.state)
    if wanted.network:
        query = query.where(Network.slug == wanted.network)
    for word in fold(wanted.text).split()[:8]:
        query = query.where(Event.folded_text.contains(word, autoescape=True))
    undated = Event.starts_on.is_(None)
    if wanted.period == "upcoming":
        query = query.order_by(undated, Event.starts_on, Event.month.nulls_last(), Event.id)
    else:
        query = query.order_by(undated, Event.starts_on.desc(), Event.id.desc())
    found = list(session.scalars(query.limit(PAGE + 1).offset(PAGE * (wanted.page - 1))).unique())
    return found[:PAGE], len(found) > PAGE


def list_next(account: Account, limit: int = 5) -> list[Event]:
    """Return the next published events of the account's networks."""
    query = (
        _owned(account)
        .options(selectinload(Event.seat_pools))
        .where(Event.state == "published", Event.ends_on >= clock.today(ZONE))
        .order_by(Event.starts_on, Event.id)
        .limit(limit)
    )
    return list(session.scalars(query).unique())


def list_drafts(account: Account, limit: int = 5) -> list[Event]:
    """Return the drafts of the account's networks, those last touched first."""
    query = (
        _owned(account)
        .where(Event.state == "draft")
        .order_by(Event.changed_at.desc(), Event.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query).unique())


def list_needing_attention(account: Account, limit: int = 8) -> list[tuple[Event, list[str]]]:
    """Return the events that soon take place or wait for people, each with what it needs."""
    soon = clock.today(ZONE) + SOON
    query = (
        _owned(account)
        .options(selectinload(Event.seat_pools))
        .where(
            Event.state != "cancelled",
            or_(Event.ends_on.is_(None), Event.ends_on >= clock.today(ZONE)),
            or_(
                Event.starts_on <= soon,
                Event.date_status == "to_be_confirmed",
                Event.seat_pools.any(SeatPool.waiting > 0),
            ),
        )
        .order_by(Event.starts_on.is_(None), Event.starts_on, Event.id)
    )
    found = [(event, needs(event)) for event in session.scalars(query).unique()]
    return [(event, wanting) for event, wanting in found if wanting][:limit]


def needs(event: Event) -> list[str]:
    """Return what an event needs from its organisers, as codes.

    draft_soon, date_soon (to be confirmed within two weeks), place_soon and link_soon (not said
    within two weeks), waiting (people wait for a place).
    """
    soon = event.starts_on is not None and event.starts_on <= clock.today(ZONE) + SOON
    found = []
    if soon and event.state == "draft":
        found.append("draft_soon")
    if soon and event.date_status == "to_be_confirmed":
        found.append("date_soon")
    if soon and event.mode != "online" and not event.venue_name and not event.venue_address:
        found.append("place_soon")
    if soon and event.mode != "in_person" and not event.join_url:
        found.append("link_soon")
    if counts(event).waiting:
        found.append("waiting")
    return found


def counts(event: Event) -> Counts:
    """Return how many places of an event are taken, and how many people wait."""
    pools = event.seat_pools
    limits = [pool.capacity for pool in pools if pool.capacity is not None]
    return Counts(
        taken=sum(pool.taken for pool in pools),
        waiting=sum(pool.waiting for pool in pools),
        places=sum(limits) if pools and len(limits) == len(pools) else None,
    )


def _owned(account: Account) -> Select[Event]:
    return (
        select(Event)
        .join(Network, Network.id == Event.network_id)
        .join(AccountNetwork, AccountNetwork.network_id == Event.network_id)
        .where(AccountNetwork.account_id == account.id)
    )
