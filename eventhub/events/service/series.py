"""Series: events that belong together under one name."""

from slugify import slugify
from sqlalchemy import select

from eventhub import clock
from eventhub.db import session
from eventhub.events.models import Series


def named_series(network_id: int, name: str) -> Series | None:
    """Return the network's series of this name, added when there is none; None for no name."""
    if not name:
        return None
    known = list_series(network_id)
    for series in known:
        if series.name_fr == name:
            return series
    base, taken = slugify(name, max_length=80) or "serie", {series.slug for series in known}
    number, slug = 1, base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    series = Series(network_id=network_id, slug=slug, name_fr=name, created_at=clock.now())
    session.add(series)
    session.flush()
    return series


def list_series(network_id: int) -> list[Series]:
    """Return the series of a network, by name."""
    return list(
        session.scalars(
            select(Series).where(Series.network_id == network_id).order_by(Series.name_fr)
        )
    )
