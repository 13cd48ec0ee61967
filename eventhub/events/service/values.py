"""What an organiser (or a programme) says of an event: plain values, before any rule is applied."""

from dataclasses import dataclass, field
from datetime import date, time


@dataclass(frozen=True, kw_only=True)
class WhenValues:
    """When something takes place, in the event's zone.

    No ``start_time``: all day. No ``end_time``: the end is not known. No ``ends_on`` (inclusive):
    the day it begins. No ``starts_on``: no date yet.
    """

    starts_on: date | None = None
    start_time: time | None = None
    ends_on: date | None = None
    end_time: time | None = None


@dataclass(frozen=True, kw_only=True)
class SessionValues(WhenValues):
    """One sitting. ``public_id`` names one that exists; empty: a new one."""

    public_id: str = ""
    title_fr: str = ""
    title_en: str = ""


@dataclass(frozen=True, kw_only=True)
class CohortValues:
    """A group of a training, its places and its sittings.

    ``public_id`` names one that exists; empty: a new one. ``places`` None: no limit; for a hybrid
    event they are those in person, and ``places_online`` those online.
    """

    public_id: str = ""
    name_fr: str = ""
    name_en: str = ""
    places: int | None = None
    places_online: int | None = None
    sessions: tuple[SessionValues, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EventValues(WhenValues):
    """Everything that can be said of an event.

    With ``sessions`` or ``cohorts`` the event's own dates follow from theirs, and its own places
    are not counted when it has cohorts. ``month`` (YYYY-MM) is for an event without a date.
    ``series`` is a name; the series is added when the network has none of that name. ``places``
    None: no limit; for a hybrid event they are those in person, ``places_online`` those online.
    ``registration_opens`` and ``registration_closes`` are local; a closing date without a time
    is the end of that day. ``invented`` names the fields whose value is a demonstration value.
    """

    title_fr: str = ""
    title_en: str = ""
    kind: str = "meeting"
    description_fr: str = ""
    description_en: str = ""
    series: str = ""
    date_status: str = "confirmed"
    month: str | None = None
    time_zone: str = "America/Toronto"
    sessions: tuple[SessionValues, ...] = ()
    cohorts: tuple[CohortValues, ...] = ()
    mode: str = "in_person"
    venue_name: str = ""
    venue_address: str = ""
    join_url: str = ""
    places: int | None = None
    places_online: int | None = None
    price_cents: int | None = None
    audience: str = "public"
    registration_open: bool = True
    registration_opens_on: date | None = None
    registration_opens_time: time | None = None
    registration_closes_on: date | None = None
    registration_closes_time: time | None = None
    confirm_address: str = "never"
    invented: tuple[str, ...] = field(default=())
