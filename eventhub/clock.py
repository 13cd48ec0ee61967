"""The one clock. Everything that asks for the time asks here, so that tests can set it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_fixed: datetime | None = None


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return _fixed or datetime.now(UTC)  # noqa: TID251  the one place that may


def today(time_zone: str) -> date:
    """Return the present date in an IANA zone."""
    return now().astimezone(ZoneInfo(time_zone)).date()


def fix(moment: datetime | None) -> None:
    """Stop the clock at an aware moment (tests and demonstrations only); None lets it run."""
    global _fixed
    _fixed = moment
