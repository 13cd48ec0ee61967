"""Reading calendar messages, with the `icalendar` library: not the code that wrote them."""

from icalendar import Calendar, Component


def is_sound_request(written: bytes, method: str) -> bool:
    """Tell whether another reader finds in a calendar request what must be there (M2, M4).

    The method, one VEVENT, and in it exactly one ORGANIZER, one ATTENDEE, a UID and a SEQUENCE.
    """
    try:
        calendar = Calendar.from_ical(written)
    except (ValueError, KeyError, IndexError):
        return False
    events = calendar.walk("VEVENT")
    return len(events) == 1 and calendar.get("METHOD") == method and _is_personal(events[0])


def _is_personal(event: Component) -> bool:
    return all(_count(event, name) == 1 for name in ("ORGANIZER", "ATTENDEE", "UID", "SEQUENCE"))


def _count(event: Component, name: str) -> int:
    """Return how many times a property stands: the library keeps several as a list."""
    value = event.get(name)
    if value is None:
        return 0
    return len(value) if isinstance(value, list) else 1
