"""Networks: find them, keep their identity, and raise the version of their calendars."""

from email.headerregistry import Address

from sqlalchemy import select, update

from eventhub import clock
from eventhub.db import session
from eventhub.errors import NotFound
from eventhub.networks.models import Network
from eventhub.settings import current_settings


def list_networks() -> list[Network]:
    """Return every network, by name."""
    return list(session.scalars(select(Network).order_by(Network.name)))


def get_network(slug: str) -> Network:
    """Return the network with this slug. Raises NotFound."""
    network = session.scalar(select(Network).where(Network.slug == slug))
    if network is None:
        raise NotFound
    return network


def sender(network: Network) -> Address:
    """Return the From of a network's mails; the installation's own until an address is set."""
    return Address(
        display_name=network.from_name or network.name,
        addr_spec=network.from_address or current_settings().mail_default_sender,
    )


def reply_to(network: Network) -> Address | None:
    """Return where answers to a network's mails go, when that is not their From."""
    return Address(addr_spec=network.reply_to) if network.reply_to else None


def find_by_code(code: str) -> Network | None:
    """Return the network that programmes know by this code ("AQPSC"), or None."""
    return session.scalar(select(Network).where(Network.code == code))


def add_network(code: str, name: str, *, demonstration: bool = False) -> Network:
    """Add a network. Its identity stays empty until its organisers give it."""
    now = clock.now()
    network = Network(
        code=code,
        slug=code.lower(),
        name=name,
        demonstration=demonstration,
        calendar_changed_at=now,
        created_at=now,
        changed_at=now,
    )
    session.add(network)
    session.flush()
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
