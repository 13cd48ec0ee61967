"""Addresses that put a feed or an event in the calendars people have (F6)."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from eventhub import links
from eventhub.calendars import vevent
from eventhub.calendars.vevent import Sitting
from eventhub.events.models import Event

DETAILS_LENGTH = 600  # characters of a description: services refuse long addresses


def webcal(feed: str) -> str:
    """Return the address that opens a calendar program on a feed."""
    return "webcal://" + feed.partition("://")[2]


def google_feed(feed: str) -> str:
    """Return Google's page that subscribes to a feed."""
    return "https://calendar.google.com/calendar/r?" + urlencode({"cid": webcal(feed)})


def outlook_feed(feed: str, name: str) -> str:
    """Return Outlook's page that subscribes to a feed."""
    return "https://outlook.live.com/calendar/0/addfromweb?" + urlencode(
        {"url": feed, "name": name}
    )


def google_event(sitting: Sitting) -> str:
    """Return Google's page that adds a sitting; nothing when it has no date."""
    times = _times(sitting, "%Y%m%dT%H%M%SZ", "%Y%m%d")
    if times is None:
        return ""
    values = {
        "action": "TEMPLATE",
        "text": vevent.summary(sitting),
        "dates": "/".join(times),
        "details": _details(sitting.event),
        "location": vevent.location(sitting.event),
    }
    if sitting.zone:
        values["ctz"] = sitting.zone
    return "https://calendar.google.com/calendar/render?" + urlencode(values)


def outlook_event(sitting: Sitting) -> str:
    """Return Outlook's page that adds a sitting; nothing when it has no date."""
    times = _times(sitting, "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d")
    if times is None:
        return ""
    values = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": vevent.summary(sitting),
        "startdt": times[0],
        "enddt": times[1],
        "body": _details(sitting.event),
        "location": vevent.location(sitting.event),
    }
    if sitting.item.starts_at is None:
        values["allday"] = "true"
    return "https://outlook.live.com/calendar/0/deeplink/compose?" + urlencode(values)


def _times(sitting: Sitting, timed: str, dated: str) -> tuple[str, str] | None:
    """Return both bounds in a service's format; both count the day after an all-day event."""
    found = vevent.bounds(sitting)
    if found is None:
        return None
    first, last = found
    if isinstance(first, datetime) and isinstance(last, datetime):
        return first.astimezone(UTC).strftime(timed), last.astimezone(UTC).strftime(timed)
    return first.strftime(dated), (last + timedelta(days=1)).strftime(dated)


def _details(event: Event) -> str:
    page = links.event(event.slug) if event.audience == "public" else ""
    return vevent.description(event, page, limit=DETAILS_LENGTH)
