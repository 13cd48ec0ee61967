"""What the workers do for registrations: mails, the line, and places kept too long."""

from datetime import timedelta

from eventhub.db import transaction
from eventhub.jobs.registry import LONG_TASKS, MESSAGES, TICKS
from eventhub.registrations import emails, service


def event_changed(event_id: int, version: int = 0) -> timedelta | None:
    """Tell those registered that an event changed, some at a time so that others never wait."""
    more = True
    while more:
        with transaction():
            more = service.tell_event_changed(event_id)
    return None


def promote(pool_id: int) -> timedelta | None:
    """Give a pool's free places to those who wait, some at a time."""
    given = 1
    while given:
        with transaction():
            given = service.promote(pool_id)
    return None


def keep_places_moving() -> None:
    """Free the places that nobody confirmed in time, and give on what is free."""
    freed = 1
    while freed:
        with transaction():
            freed = service.expire_holds()
    with transaction():
        unfilled = service.list_unfilled()
    for pool_id in unfilled:
        promote(pool_id)


LONG_TASKS["registrations.event_changed"] = event_changed
LONG_TASKS["registrations.promote"] = promote
TICKS["registrations.places"] = keep_places_moving
MESSAGES.update(
    {
        "registrations.confirmation": emails.confirmation,
        "registrations.promoted": emails.promoted,
        "registrations.waitlisted": emails.waitlisted,
        "registrations.confirm_address": emails.confirm_address,
        "registrations.updated": emails.updated,
        "registrations.withdrawn": emails.withdrawn,
        "registrations.left_cohort": emails.left_cohort,
        "registrations.session": emails.calendar_session,
        "registrations.cancelled_event": emails.cancelled_event,
        "registrations.already_registered": emails.already_registered,
        "registrations.links": emails.registration_links,
    }
)
