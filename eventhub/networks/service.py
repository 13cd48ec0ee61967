"""Networks: find them, keep their identity, and raise the version of their calendars."""

from dataclasses import dataclass, fields
from datetime import timedelta
from email.headerregistry import Address

from sqlalchemy import select, update

from eventhub import clock
from eventhub.db import session
from eventhub.errors import Invalid, NotFound
from eventhub.i18n import msgid
from eventhub.mail import address as addresses
from eventhub.networks import look
from eventhub.networks.models import DEFAULT_ACCENT, Network
from eventhub.settings import current_settings
from eventhub.texts import is_web_address, lines, one_line

LONGEST = {"postal_address": 500, "website": 500}
LONGEST_LINE = 200
SECOND = timedelta(seconds=1)
AHEAD = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a network is, as its mails and forms show it (L1, L8), and its colour (#rrggbb)."""

    name: str
    from_name: str = ""
    from_address: str = ""
    reply_to: str = ""
    postal_address: str = ""
    phone: str = ""
    website: str = ""
    person_in_charge: str = ""
    person_in_charge_email: str = ""
    accent: str = DEFAULT_ACCENT


class UnreadableColour(Invalid):
    """A colour on which white text can't be read; ``suggestion`` is the nearest that can."""

    def __init__(self, suggestion: str) -> None:
        sentence = msgid(
            "This colour is too pale: white text on it can’t be read. "
            "The nearest that works is %(colour)s."
        )
        super().__init__({"accent": sentence}, colour=suggestion)
        self.suggestion = suggestion


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


def identity_of(network: Network) -> Identity:
    """Return a network's identity as values."""
    return Identity(**{item.name: getattr(network, item.name) for item in fields(Identity)})


def missing_identity(network: Network) -> list[str]:
    """Return the fields without which nothing may be published or sent (L1, L8)."""
    needed = ("from_address", "postal_address", "person_in_charge", "person_in_charge_email")
    return [name for name in needed if not getattr(network, name)]


def update_identity(network: Network, identity: Identity) -> Network:
    """Change what a network shows of itself.

    Raises Invalid with a sentence for each field, UnreadableColour when only the colour is
    refused. The pages' and feeds' version rises.
    """
    clean = _clean(identity)
    try:
        readable = look.tones(clean["accent"]).accent
    except ValueError:
        raise Invalid({"accent": msgid("Enter a colour like #1f5f5b.")}) from None
    if not look.is_readable(clean["accent"]):
        raise UnreadableColour(readable)
    if identity_of(network) == Identity(**clean):
        return network
    for name, value in clean.items():
        setattr(network, name, value)
    network.changed_at = clock.now()
    session.flush()
    touch_calendar(network.id)
    return network


def _clean(identity: Identity) -> dict[str, str]:
    """Return the identity's values tidied. Raises Invalid."""
    refused: dict[str, str] = {}
    clean = {}
    for item in fields(Identity):
        text = getattr(identity, item.name)
        text = lines(text) if item.name == "postal_address" else one_line(text)
        if len(text) > LONGEST.get(item.name, LONGEST_LINE):
            refused[item.name] = msgid("This is too long.")
        clean[item.name] = text
    clean["accent"] = clean["accent"].lower()
    if not clean["name"]:
        refused["name"] = msgid("Enter the name of the network.")
    for name in ("from_address", "reply_to", "person_in_charge_email"):
        if clean[name]:
            try:
                clean[name] = addresses.clean(clean[name], name)
            except Invalid as refusal:
                refused |= refusal.fields
    if clean["website"] and not is_web_address(clean["website"]):
        refused["website"] = msgid("Enter an address that begins with https://.")
    if refused:
        raise Invalid(refused)
    return clean


def touch_calendar(network_id: int) -> None:
    """Raise the version of a network's calendars: a feed may now answer something else (F3).

    The moment moves on by a second at least (five ahead of the clock at most): Last-Modified
    counts in seconds, and two changes within one must still be told apart.
    """
    session.execute(
        update(Network)
        .where(Network.id == network_id)
        .values(calendar_version=Network.calendar_version + 1)
    )
    before = session.scalar(select(Network.calendar_changed_at).where(Network.id == network_id))
    now = clock.now()
    after = now if before is None else max(now, min(before + SECOND, now + AHEAD))
    session.execute(
        update(Network).where(Network.id == network_id).values(calendar_changed_at=after)
    )
