"""A feed built the usual way: one `icalendar` component an event, serialised each time."""

from collections.abc import Iterable
from datetime import timedelta

from icalendar import Calendar
from icalendar import Event as Component

from eventhub.events.models import Event


def build(events: Iterable[Event], domain: str) -> bytes:
    """Return the bytes of a calendar with these (timed) events."""
    calendar = Calendar()
    calendar.add("prodid", "-//bench//icalendar//FR")
    calendar.add("version", "2.0")
    for event in events:
        assert event.starts_at is not None
        component = Component()
        component.add("uid", f"{event.public_id}@{domain}")
        component.add("dtstamp", event.changed_at)
        component.add("created", event.created_at)
        component.add("last-modified", event.changed_at)
        component.add("sequence", event.sequence)
        component.add("dtstart", event.starts_at)
        component.add("dtend", event.ends_at or event.starts_at + timedelta(hours=1))
        component.add("summary", event.title_fr)
        component.add("description", event.description_fr)
        component.add("location", event.venue_address)
        component.add("status", "CONFIRMED")
        component.add("categories", [event.kind])
        calendar.add_component(component)
    return calendar.to_ical()
