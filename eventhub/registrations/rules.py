"""What a registration must satisfy: pure rules, the present moment passed in."""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from eventhub.errors import Conflict, Invalid
from eventhub.events.models import Cohort, Event, SeatPool, Session
from eventhub.i18n import msgid

HOLD = timedelta(minutes=45)  # S5: 30 to 60 minutes to confirm an address
LINK_LIFE = timedelta(days=30)  # S5: a manage link lives until the event's end and this long
LINE_LENGTH = 160  # of a name or an organisation, in characters

NAME_MISSING = msgid("Enter your name.")
ONE_LINE = msgid("Write this on one line, without special characters.")
TOO_LONG = msgid("Shorten this: at most %(count)s characters fit.")
MODE_MISSING = msgid("Choose how you will take part.")
COHORT_MISSING = msgid("Choose a group.")


class RegistrationClosed(Conflict):
    """No registration is taken now.

    ``reason``: event_cancelled, not_open, not_yet (from ``opens_at``), over.
    """

    def __init__(self, reason: str, opens_at: datetime | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.opens_at = opens_at


class PoolFull(Conflict):
    """The places that somebody wants to change to are all taken; the present one is kept."""


class AlreadyRegistered(Conflict):
    """The same address already has a registration there."""


class HoldEnded(Conflict):
    """The place was kept for a while for an address to be confirmed; it is free again."""


def one_line(text: str, field: str, missing: str = "") -> str:
    """Return a text typed into a one-line field, tidied.

    Raises Invalid for a line break (CR, LF, U+2028...) or a control character: they would reach
    a mail header or a calendar line (A3); when it is too long; and when it is empty but asked
    for (``missing``, the sentence).
    """
    tidy = text.strip(" \t")
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in tidy):
        raise Invalid({field: ONE_LINE})
    tidy = " ".join(tidy.split())
    if missing and not tidy:
        raise Invalid({field: missing})
    if len(tidy) > LINE_LENGTH:
        raise Invalid({field: TOO_LONG}, count=LINE_LENGTH)
    return tidy


def modes(event: Event) -> tuple[str, ...]:
    """Return the ways to take part that one may choose from."""
    return ("in_person", "online") if event.mode == "hybrid" else (event.mode,)


def sittings(event: Event, cohort: Cohort | None) -> list[Event | Session]:
    """Return what a registration lets one attend: the cohort's sessions, or the whole event."""
    sessions = event.sessions if cohort is None else cohort.sessions
    return list(sessions) or [event]


def starts(event: Event, cohort: Cohort | None = None) -> datetime | None:
    """Return when it begins, as a moment; None when the date is not known."""
    moments = [item.starts_at or _midnight(item, event.time_zone) for item in _dated(event, cohort)]
    return min(moments, default=None)


def ends(event: Event, cohort: Cohort | None = None) -> datetime | None:
    """Return when it is over, as a moment; None when the date is not known."""
    moments = [_end(item, event.time_zone) for item in _dated(event, cohort)]
    return max(moments, default=None)


def check_open(event: Event, now: datetime, cohort: Cohort | None = None) -> None:
    """Raise RegistrationClosed unless the event takes registrations at this moment."""
    if event.state == "cancelled":
        raise RegistrationClosed("event_cancelled")
    if event.state != "published" or event.audience == "private" or not event.registration_open:
        raise RegistrationClosed("not_open")
    if event.registration_opens_at is not None and now < event.registration_opens_at:
        raise RegistrationClosed("not_yet", event.registration_opens_at)
    over = ends(event, cohort)
    if (event.registration_closes_at is not None and now >= event.registration_closes_at) or (
        over is not None and now >= over
    ):
        raise RegistrationClosed("over")


def promotes(event: Event, now: datetime, cohort: Cohort | None = None) -> bool:
    """Tell whether a freed place may go to the waitlist: not after closing time or start (S3)."""
    try:
        check_open(event, now, cohort)
    except RegistrationClosed:
        return False
    start = starts(event, cohort)
    return start is None or now < start


def is_scarce(capacity: int | None, left: int) -> bool:
    """Tell whether places are scarce: at most a tenth is left (S5)."""
    return capacity is not None and left * 10 <= capacity


def pool_of(event: Event, mode: str, cohort: Cohort | None) -> SeatPool | None:
    """Return the places that a mode (of a cohort) is counted in: the narrowest pool there is."""
    cohort_id = cohort.id if cohort is not None else None
    scopes = ((cohort_id, mode), (cohort_id, ""), (None, mode), (None, ""))
    pools = {(pool.cohort_id, pool.mode): pool for pool in event.seat_pools}
    return next((pools[scope] for scope in scopes if scope in pools), None)


def places_left(event: Event, mode: str = "", cohort: Cohort | None = None) -> int | None:
    """Return how many places a newcomer finds: none while somebody waits; None: no limit.

    Without a mode: of all the modes that one may choose.
    """
    left = 0
    for pool in {pool_of(event, one, cohort) for one in ([mode] if mode else modes(event))}:
        if pool is None or (pool.left is None and not pool.waiting):
            return None
        left += 0 if pool.waiting else pool.left or 0
    return left


@dataclass(frozen=True)
class Occasion:
    """An event as one person comes to it: on their cohort's first date, in their own mode."""

    title: str
    state: str
    mode: str
    venue_name: str
    date_status: str
    month: str | None
    time_zone: str
    starts_on: date | None
    ends_on: date | None
    starts_at: datetime | None
    ends_at: datetime | None


def occasion(event: Event, cohort: Cohort | None, mode: str) -> Occasion:
    """Return an event as a registration's mails and pages show it."""
    dated = _dated(event, cohort) if cohort is not None else []
    item = min(dated, key=lambda one: str(one.starts_at or one.starts_on), default=event)
    return Occasion(
        title=event.title,
        state=event.state,
        mode=mode,
        venue_name=event.venue_name,
        date_status=event.date_status,
        month=event.month,
        time_zone=event.time_zone,
        starts_on=item.starts_on,
        ends_on=item.ends_on,
        starts_at=item.starts_at,
        ends_at=item.ends_at,
    )


def has_date(event: Event, cohort: Cohort | None) -> bool:
    """Tell whether it can stand in a calendar: a date, and one that is confirmed (C8)."""
    return event.date_status == "confirmed" and starts(event, cohort) is not None


def sequence(event: Event, cohort: Cohort | None) -> int:
    """Return the highest SEQUENCE that its VEVENTs have in the feeds (C5)."""
    return event.sequence + max(
        (item.sequence for item in sittings(event, cohort) if isinstance(item, Session)), default=0
    )


def news(event: Event, cohort: Cohort | None, mode: str) -> str:
    """Return a digest of what a person with this mode must be told anew when it changes."""
    here = (event.venue_name, event.venue_address) if mode != "online" else (event.join_url,)
    dates = [
        (item.starts_on, item.ends_on, item.starts_at, item.ends_at)
        for item in sittings(event, cohort)
    ]
    known = (event.state == "cancelled", event.date_status, event.month, event.time_zone)
    return hashlib.sha256(repr((known, here, dates)).encode()).hexdigest()[:32]


def _dated(event: Event, cohort: Cohort | None) -> list[Event | Session]:
    return [item for item in sittings(event, cohort) if item.starts_on is not None]


def _midnight(item: Event | Session, time_zone: str, days: int = 0) -> datetime:
    assert item.starts_on is not None  # noqa: S101  the caller chose dated ones
    day = item.starts_on if days == 0 else max(item.ends_on or item.starts_on, item.starts_on)
    midnight = datetime.combine(day + timedelta(days=days), time(), ZoneInfo(time_zone))
    return midnight.astimezone(UTC)


def _end(item: Event | Session, time_zone: str) -> datetime:
    """Return the end; the end of the day when it is not known."""
    return item.ends_at or _midnight(item, time_zone, days=1)
