"""The address of an event's page: readable, and taken once only."""

from sqlalchemy import select

from eventhub.db import session
from eventhub.events.models import Event
from eventhub.events.rules import slug_base


def free_slug(title: str) -> str:
    """Return an address that no event has: from the title, numbered from -2 when it is taken."""
    base = slug_base(title)
    taken = set(
        session.scalars(select(Event.slug).where(Event.slug.startswith(base, autoescape=True)))
    )
    number, slug = 1, base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
