"""What happens to an event as a whole: published, withdrawn, cancelled, restored, duplicated."""

from dataclasses import replace
from datetime import date, timedelta
from typing import TypeVar

from eventhub import clock
from eventhub.errors import Conflict, Invalid
from eventhub.events.models import Event
from eventhub.events.service.editing import (
    ChangedMeanwhile,
    EventCancelled,
    create_event,
    note_change,
    owe_news,
    values_of,
)
from eventhub.events.service.values import EventValues, WhenValues
from eventhub.i18n import msgid
from eventhub.networks.service import missing_identity

Values = TypeVar("Values", bound=WhenValues)

WEEK = timedelta(days=7)


class NotPublished(Conflict):
    """Only what was published can be cancelled; a draft is simply left or deleted."""


def publish(event: Event, version: int | None = None) -> Event:
    """Put an event on the public pages and in the feeds (members' and private ones: not there).

    Raises Invalid when the event or its network lacks what a published one needs (L1, L8),
    EventCancelled, ChangedMeanwhile. Publishing again changes nothing.
    """
    _check_version(event, version)
    if event.state == "cancelled":
        raise EventCancelled
    if event.state == "published":
        return event
    missing = lacking(event)
    if missing:
        raise Invalid(missing)
    was_published = event.published_at is not None
    event.state = "published"
    event.published_at = event.published_at or clock.now()
    note_change(event, told=False)
    if was_published:
        owe_news(event)  # what changed while it was withdrawn
    return event


def lacking(event: Event) -> dict[str, str]:
    """Return what an event still needs before it is published, as sentences by field."""
    found = {}
    if not event.title_fr:
        found["title_fr"] = msgid("Enter the title in French.")
    if event.date_status == "confirmed" and event.starts_on is None:
        found["starts_on"] = msgid("Enter the date, or say above that it is to be confirmed.")
    if missing_identity(event.network):
        found["network"] = msgid(
            "Complete your network’s page first: each registration form must show who collects "
            "the answers and how to write to them."
        )
    return found


def unpublish(event: Event, version: int | None = None) -> Event:
    """Take an event off the public pages and feeds; registrations stay. Publish it to undo."""
    _check_version(event, version)
    if event.state == "cancelled":
        raise EventCancelled
    if event.state == "published":
        event.state = "draft"
        note_change(event, told=False)
    return event


def cancel(event: Event, version: int | None = None) -> Event:
    """Cancel a published event: it stays visible as cancelled, those registered are owed a mail.

    Raises NotPublished for a draft, ChangedMeanwhile. Cancelling again changes nothing.
    """
    _check_version(event, version)
    if event.state == "draft":
        raise NotPublished
    if event.state == "published":
        event.state = "cancelled"
        event.cancelled_at = clock.now()
        note_change(event, told=True)
    return event


def restore(event: Event, version: int | None = None) -> Event:
    """Undo a cancellation: the event is published again and those registered are owed the news."""
    _check_version(event, version)
    if event.state == "cancelled":
        event.state = "published"
        event.cancelled_at = None
        note_change(event, told=True)
    return event


def duplicate(event: Event) -> Event:
    """Make a draft with the same content, its dates moved by whole weeks past today and the
    original, and to be confirmed.
    """
    values = values_of(event)
    latest = max([day for day in (event.ends_on, clock.today(event.time_zone)) if day is not None])
    shift = timedelta()
    if event.starts_on is not None:
        while event.starts_on + shift <= latest:
            shift += WEEK
    return create_event(event.network, _copied(values, shift))


def _copied(values: EventValues, shift: timedelta) -> EventValues:
    return replace(
        _moved(values, shift),
        date_status="to_be_confirmed",
        sessions=tuple(replace(_moved(s, shift), public_id="") for s in values.sessions),
        cohorts=tuple(
            replace(
                cohort,
                public_id="",
                sessions=tuple(replace(_moved(s, shift), public_id="") for s in cohort.sessions),
            )
            for cohort in values.cohorts
        ),
        registration_opens_on=None,
        registration_opens_time=None,
        registration_closes_on=_later(values.registration_closes_on, shift),
    )


def _moved(values: Values, shift: timedelta) -> Values:
    return replace(
        values,
        starts_on=_later(values.starts_on, shift),
        ends_on=_later(values.ends_on, shift),
    )


def _later(day: date | None, shift: timedelta) -> date | None:
    return day + shift if day is not None else None


def _check_version(event: Event, version: int | None) -> None:
    if version is not None and event.version != version:
        raise ChangedMeanwhile
