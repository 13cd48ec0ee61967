"""A whole VCALENDAR: its own properties, the zones it uses, its events."""

from collections.abc import Iterable

from eventhub.calendars import content, zones
from eventhub.calendars.vevent import Sitting, component
from eventhub.i18n import current_locale

HOME_ZONE = "America/Toronto"

# CSS3 names (RFC 7986 takes no others) that a network's accent may be close to.
_COLOURS = {
    "black": (0, 0, 0), "brown": (165, 42, 42), "chocolate": (210, 105, 30),
    "crimson": (220, 20, 60), "darkblue": (0, 0, 139), "darkcyan": (0, 139, 139),
    "darkgreen": (0, 100, 0), "darkmagenta": (139, 0, 139), "darkolivegreen": (85, 107, 47),
    "darkorange": (255, 140, 0), "darkred": (139, 0, 0), "darkslateblue": (72, 61, 139),
    "darkslategray": (47, 79, 79), "goldenrod": (218, 165, 32), "gray": (128, 128, 128),
    "green": (0, 128, 0), "indigo": (75, 0, 130), "mediumseagreen": (60, 179, 113),
    "mediumvioletred": (199, 21, 133), "midnightblue": (25, 25, 112), "olive": (128, 128, 0),
    "orange": (255, 165, 0), "purple": (128, 0, 128), "royalblue": (65, 105, 225),
    "saddlebrown": (139, 69, 19), "seagreen": (46, 139, 87), "sienna": (160, 82, 45),
    "steelblue": (70, 130, 180), "teal": (0, 128, 128), "tomato": (255, 99, 71),
}  # fmt: skip


def header(extra: Iterable[str] = ()) -> bytes:
    """Return the opening of a VCALENDAR (C2), with more properties after the usual ones."""
    return content.lines(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            f"PRODID:-//EventHub//EventHub//{current_locale().upper()}",
            "CALSCALE:GREGORIAN",
            *extra,
        ]
    )


def document(opening: bytes, used: Iterable[str], events: Iterable[bytes]) -> bytes:
    """Return the VCALENDAR: opening, one VTIMEZONE for each zone used (C6), events, end."""
    timezones = [zones.VTIMEZONES[zone] for zone in sorted(set(used)) if zone]
    return b"".join([opening, *timezones, *events, b"END:VCALENDAR\r\n"])


def of_sittings(sittings: Iterable[Sitting], extra: Iterable[str] = ()) -> bytes:
    """Return the VCALENDAR of some sittings."""
    chosen = list(sittings)
    return document(
        header(extra),
        (sitting.zone for sitting in chosen),
        (content.lines(component(sitting)) for sitting in chosen),
    )


def colour_name(accent: str) -> str:
    """Return the CSS3 name nearest to a colour (#rrggbb) for COLOR (F2); "teal" for others."""
    try:
        red, green, blue = (int(accent[i : i + 2], 16) for i in (1, 3, 5))
    except ValueError:
        return "teal"
    return min(
        _COLOURS,
        key=lambda name: sum(
            (a - b) ** 2 for a, b in zip(_COLOURS[name], (red, green, blue), strict=True)
        ),
    )
