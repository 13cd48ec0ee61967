"""Québec's three ways of telling the time, each as a VTIMEZONE with RRULEs.

Written by hand on purpose: libraries write lists of dates that several calendar programs read one
hour late all summer. The rules hold from 2007, the year Canada moved its changes.
"""

from eventhub.calendars import content

_CHANGING = {
    "America/Toronto": ("EST", "-0500", "EDT", "-0400"),
    "America/Halifax": ("AST", "-0400", "ADT", "-0300"),
}
_FIXED = {"America/Blanc-Sablon": ("AST", "-0400")}


def _changing(zone: str, standard: str, winter: str, daylight: str, summer: str) -> list[str]:
    return [
        "BEGIN:VTIMEZONE",
        f"TZID:{zone}",
        f"X-LIC-LOCATION:{zone}",
        "BEGIN:DAYLIGHT",
        f"TZNAME:{daylight}",
        f"TZOFFSETFROM:{winter}",
        f"TZOFFSETTO:{summer}",
        "DTSTART:20070311T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        f"TZNAME:{standard}",
        f"TZOFFSETFROM:{summer}",
        f"TZOFFSETTO:{winter}",
        "DTSTART:20071104T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU",
        "END:STANDARD",
        "END:VTIMEZONE",
    ]


def _fixed(zone: str, name: str, offset: str) -> list[str]:
    return [
        "BEGIN:VTIMEZONE",
        f"TZID:{zone}",
        f"X-LIC-LOCATION:{zone}",
        "BEGIN:STANDARD",
        f"TZNAME:{name}",
        f"TZOFFSETFROM:{offset}",
        f"TZOFFSETTO:{offset}",
        "DTSTART:19700101T000000",
        "END:STANDARD",
        "END:VTIMEZONE",
    ]


VTIMEZONES: dict[str, bytes] = {
    **{zone: content.lines(_changing(zone, *rule)) for zone, rule in _CHANGING.items()},
    **{zone: content.lines(_fixed(zone, *rule)) for zone, rule in _FIXED.items()},
}
"""Each zone's component. A moment in a zone that is not here is written in UTC."""
