"""Read calendars with libical, which nobody here wrote.

libical's bindings only load in the system's own Python, so each call runs this file there: a
calendar goes in on standard input, JSON comes out. `system.find_libical()` says whether that works
here; the fixture `libical` skips the test when it does not.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ParsedEvent:
    """One VEVENT as libical read it.

    `start` and `end` are UTC seconds; for an all-day event `all_day` is true and they are the
    dates' midnights in UTC. `start_local` is the time as written, `2026-11-17T18:00:00`.
    """

    uid: str
    summary: str
    description: str
    location: str
    status: str
    sequence: int
    start: int
    end: int
    start_local: str
    timezone: str
    all_day: bool


@dataclass(frozen=True)
class Libical:
    """libical behind the Python that can load it."""

    python: Path

    def events(self, calendar: bytes) -> list[ParsedEvent]:
        """The calendar's events, in its order; ValueError when libical can't parse it."""
        return [ParsedEvent(**event) for event in self._ask(calendar)["events"]]

    def parse_errors(self, calendar: bytes) -> list[str]:
        """What libical's parser found wrong (its X-LIC-ERROR lines)."""
        return list(self._ask(calendar)["errors"])

    def restriction_errors(self, calendar: bytes) -> list[str]:
        """What libical's RFC 5546 checker finds wrong with an iTIP message; empty when nothing."""
        return list(self._ask(calendar)["restrictions"])

    def _ask(self, calendar: bytes) -> dict[str, Any]:
        done = subprocess.run(
            [self.python, "-I", __file__],
            input=calendar,
            capture_output=True,
            check=False,
            timeout=60,
        )
        if done.returncode != 0:
            raise ValueError(done.stderr.decode().strip())
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def main() -> None:
    """Run in the system's Python: the calendar on standard input, JSON on standard output."""
    import gi

    gi.require_version("ICalGLib", "3.0")
    from gi.repository import ICalGLib

    def inside(component, kind):
        child = component.get_first_component(kind)
        while child is not None:
            yield child
            child = component.get_next_component(kind)

    def errors(component):
        found = []
        kind = ICalGLib.PropertyKind.XLICERROR_PROPERTY
        prop = component.get_first_property(kind)
        while prop is not None:
            found.append(prop.get_value_as_string())
            prop = component.get_next_property(kind)
        for child in inside(component, ICalGLib.ComponentKind.ANY_COMPONENT):
            found.extend(errors(child))
        return found

    def text_of(component, kind):
        prop = component.get_first_property(kind)
        return prop.get_value_as_string() if prop is not None else ""

    def described(event):
        start, end = event.get_dtstart(), event.get_dtend()
        zone = start.get_timezone()
        return {
            "uid": event.get_uid(),
            "summary": event.get_summary() or "",
            "description": event.get_description() or "",
            "location": event.get_location() or "",
            "status": text_of(event, ICalGLib.PropertyKind.STATUS_PROPERTY),
            "sequence": event.get_sequence(),
            "start": start.as_timet_with_zone(zone),
            "end": end.as_timet_with_zone(end.get_timezone()),
            "start_local": (
                f"{start.get_year():04}-{start.get_month():02}-{start.get_day():02}"
                f"T{start.get_hour():02}:{start.get_minute():02}:{start.get_second():02}"
            ),
            "timezone": zone.get_display_name() if zone is not None else "",
            "all_day": bool(start.is_date()),
        }

    text = sys.stdin.buffer.read().decode("utf-8")
    calendar = ICalGLib.Component.new_from_string(text)
    if calendar is None or not calendar.is_valid():
        sys.exit("libical can't parse this calendar")
    answer = {
        "errors": errors(calendar),
        "events": [described(e) for e in inside(calendar, ICalGLib.ComponentKind.VEVENT_COMPONENT)],
    }
    calendar.strip_errors()
    ICalGLib.restriction_check(calendar)
    answer["restrictions"] = errors(calendar)
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
