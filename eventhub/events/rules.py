"""Values that follow from others, in one home: moments, search text, addresses of pages."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from slugify import slugify

from eventhub.events.models import Cohort, Event, SeatPool
from eventhub.i18n import fold

SLUG_LENGTH = 80


def moment(day: date, clock_time: time, time_zone: str) -> datetime:
    """Return the UTC moment of a local date and time; an hour that comes twice is the first."""
    return datetime.combine(day, clock_time, ZoneInfo(time_zone)).astimezone(UTC)


def exists(day: date, clock_time: time, time_zone: str) -> bool:
    """Tell whether a local time exists: when clocks go forward, an hour does not."""
    local = datetime.combine(day, clock_time, ZoneInfo(time_zone))
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(
        tzinfo=None
    )


def search_text(event: Event) -> str:
    """Return what the search without accents looks into, in both languages."""
    series = event.series
    texts = (
        event.title_fr,
        event.title_en,
        series.name_fr if series else "",
        series.name_en if series else "",
        event.venue_name,
        event.venue_address,
        event.description_fr,
        event.description_en,
        event.network.name,
        event.network.code,
    )
    return fold(" ".join(text for text in texts if text))


def slug_base(title: str) -> str:
    """Return the readable part of a page's address: ASCII, lower case, at most 80 characters."""
    plain = title.replace("’", "'")  # "d’été" is two words: "d-ete"
    return slugify(plain, max_length=SLUG_LENGTH, word_boundary=True) or "event"


@dataclass(frozen=True)
class Places:
    """Places counted together, for the page: of which cohort and mode (None: all), how many left.

    ``left`` None: no limit.
    """

    cohort: Cohort | None
    mode: str | None
    left: int | None


def places(event: Event) -> list[Places]:
    """Return the places that have a limit, cohort by cohort."""
    return [
        Places(pool.cohort, pool.mode or None, _free(pool))
        for pool in event.seat_pools
        if pool.capacity is not None
    ]


def places_left(event: Event) -> int | None:
    """Return how many places an event has left in all; None: no limit, or no registration."""
    left = [_free(pool) for pool in event.seat_pools]
    if not event.registration_open or not left or None in left:
        return None
    return sum(number for number in left if number is not None)


def _free(pool: SeatPool) -> int | None:
    """Return what a newcomer may take: nothing while others wait, for they come first."""
    return 0 if pool.waiting else pool.left
