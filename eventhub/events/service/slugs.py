"""The address of an event's page: readable, and taken once only."""

from datetime import date

from sqlalchemy import select

from eventhub.db import session
from eventhub.events.models import Event
from eventhub.events.rules import slug_base


def free_slug(title: str, day: date | None = None) -> str:
    """Return an address that no event has.

    It comes from the title; with the date when that is taken, then numbered from -2.
    """
    base = slug_base(title)
    taken = set(
        session.scalars(select(Event.slug).where(Event.slug.startswith(base, autoescape=True)))
    )
    if base in taken and day is not None:
        base = f"{base}-{day.isoformat()}"
    number, slug = 1, base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
