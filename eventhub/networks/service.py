"""Networks: find them, keep their identity, and raise the version of their calendars."""

from sqlalchemy import select, update

from eventhub import clock
from eventhub.db import session
from eventhub.errors import NotFound
from eventhub.networks.models import Network


def list_networks() -> list[Network]:
    """Return every network, by name."""
    return list(session.scalars(select(Network).order_by(Network.name)))


def get_network(slug: str) -> Network:
    """Return the network with this slug. Raises NotFound."""
    network = session.scalar(select(Network).where(Network.slug == slug))
    if network is None:
        raise NotFound
    return network


def touch_calendar(network_id: int) -> None:
    """Raise the version of a network's calendars: a feed may now answer something else (F3)."""
    session.execute(
        update(Network)
        .where(Network.id == network_id)
        .values(
            calendar_version=Network.calendar_version + 1,
            calendar_changed_at=clock.now(),
        )
    )
