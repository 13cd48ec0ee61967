"""Moving a demonstration's dates by whole weeks: weekdays and local times stay. Pure."""

from dataclasses import replace
from datetime import date, timedelta

from eventhub.programme.reading import EventEntry, Sitting

# The season of the documents (2021-2022) begins with the first meeting of an organising committee.
SEASON_STARTS_ON = date(2021, 8, 25)
MIDDLE = 15  # the day of a month that stands for the whole of it when it is moved


def weeks_ahead(today: date) -> int:
    """Return the least number of weeks (never below 0) that puts the whole season after today."""
    return max((today - SEASON_STARTS_ON).days // 7 + 1, 0)


def move_day(day: date | None, weeks: int) -> date | None:
    """Return a date some weeks later: the same weekday."""
    return day + timedelta(weeks=weeks) if day else None


def move_month(month: str | None, weeks: int) -> str | None:
    """Return the month (YYYY-MM) in which the middle of a month falls some weeks later."""
    if month is None:
        return None
    middle = date.fromisoformat(f"{month}-{MIDDLE}") + timedelta(weeks=weeks)
    return f"{middle:%Y-%m}"


def move(entry: EventEntry, weeks: int) -> EventEntry:
    """Return the same event some weeks later, at the same local times."""
    return replace(entry, sittings=tuple(_move_sitting(s, weeks) for s in entry.sittings))


def _move_sitting(sitting: Sitting, weeks: int) -> Sitting:
    return replace(
        sitting,
        starts_on=move_day(sitting.starts_on, weeks),
        ends_on=move_day(sitting.ends_on, weeks),
        month=move_month(sitting.month, weeks),
    )
