"""What one row's cells may be: each check notes a refusal once a column. Pure."""

import re
from collections.abc import Mapping
from datetime import date, time
from zoneinfo import available_timezones

from eventhub.events import rules as event_rules
from eventhub.programme.tables import Findings, Row, quoted

# What is stored and shown in places with a size; a note may be longer.
LENGTHS = {"note": 2000, "rule": 2000}
LENGTH = 300
YEARS = range(1990, 2101)
NETWORK_CODE = re.compile(r"[A-Z][A-Z0-9-]{1,19}")
DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
HOUR = re.compile(r"([0-9]{2}):([0-9]{2})")
ZONES = available_timezones()


class Checker:
    """Checks the cells of one row; what is wrong is noted once a column."""

    def __init__(self, row: Row, findings: Findings) -> None:
        self._row = row
        self._findings = findings
        self._refused: set[str] = set()

    @property
    def _cells(self) -> Mapping[str, str]:
        return self._row.cells

    def refuse(self, column: str, reason: str) -> None:
        """Note why a cell is refused; the first reason of a column is the one that helps."""
        if column not in self._refused:
            self._refused.add(column)
            self._findings.add(self._row.line, column, reason)

    def refused(self, column: str) -> bool:
        """Tell whether a cell was refused already: what hangs on it need not be told."""
        return column in self._refused

    def required(self, column: str) -> bool:
        """Refuse an empty cell."""
        if not self._cells[column]:
            self.refuse(column, "this cell may not be empty")
        return bool(self._cells[column])

    def pattern(self, column: str, pattern: re.Pattern[str], meaning: str) -> None:
        """Refuse what does not look as it must."""
        if self.required(column) and not pattern.fullmatch(self._cells[column]):
            self.refuse(column, f"{quoted(self._cells[column])} must be {meaning}")

    def one_of(self, column: str, values: tuple[str, ...]) -> None:
        """Refuse a word that is not in the list."""
        if self.required(column) and self._cells[column] not in values:
            self.refuse(column, f"{quoted(self._cells[column])} is not one of: {', '.join(values)}")

    def network(self, networks: set[str] | None = None) -> None:
        """Refuse what is no code, or a network that is not among those that are known."""
        self.pattern("network", NETWORK_CODE, "a network's code, like AQPSC")
        if networks and not self.refused("network") and self._cells["network"] not in networks:
            self.refuse(
                "network",
                f"{quoted(self._cells['network'])} is not a network that events.csv names",
            )

    def lengths(self) -> None:
        """Refuse texts longer than what is stored."""
        for column, cell in self._cells.items():
            longest = LENGTHS.get(column, LENGTH)
            if len(cell) > longest:
                self.refuse(column, f"is too long: {len(cell)} characters, at most {longest}")

    def day_or_month(self, column: str) -> tuple[date | None, str | None]:
        """Return the day, or the month when only that is known."""
        cell = self._cells[column]
        day, month = DAY.fullmatch(cell), MONTH.fullmatch(cell)
        try:
            if day:
                return self._within_years(date(int(day[1]), int(day[2]), int(day[3]))), None
            if month:
                self._within_years(date(int(month[1]), int(month[2]), 1))
                return None, cell
        except ValueError:
            self.refuse(column, f"{quoted(cell)} is not a date that exists")
            return None, None
        if cell:
            self.refuse(column, f"{quoted(cell)} is not a date: write YYYY-MM-DD or YYYY-MM")
        return None, None

    @staticmethod
    def _within_years(day: date) -> date:
        if day.year not in YEARS:
            raise ValueError
        return day

    def hour(self, column: str) -> time | None:
        """Return a local time."""
        cell = self._cells[column]
        found = HOUR.fullmatch(cell)
        if found and int(found[1]) < 24 and int(found[2]) < 60:
            return time(int(found[1]), int(found[2]))
        if cell:
            self.refuse(column, f"{quoted(cell)} is not a time: write HH:MM, from 00:00 to 23:59")
        return None

    def order(
        self, first: date, start: time | None, last: date, end: time | None, time_zone: str
    ) -> None:
        """Refuse an end that is not after the start, and an hour that no clock shows."""
        if last < first:
            self.refuse("ends_on", f"the end ({last}) is before the start ({first})")
            return
        if start and end and last == first and end <= start:
            self.refuse("end_time", f"the end ({end:%H:%M}) is not after the start ({start:%H:%M})")
        if not time_zone:
            return
        hours: tuple[tuple[str, date, time | None], ...]
        hours = (("start_time", first, start), ("end_time", last, end))
        for column, day, hour in hours:
            if hour and not event_rules.exists(day, hour, time_zone):
                self.refuse(column, f"{hour:%H:%M} does not exist on {day} in {time_zone}")
