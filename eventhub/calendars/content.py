"""Content lines of iCalendar (RFC 5545, 3.1): values cleaned, escaped, and folded."""

import re
from datetime import UTC, date, datetime

LINE_OCTETS = 75  # without CRLF (C1)
CRLF = b"\r\n"

_LINE_BREAKS = re.compile("\r\n|[\r\n\v\f\u0085\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_URL = re.compile(r"https?://[^\s\"<>\x00-\x20\x7f-\x9f\u2028\u2029]+\Z", re.IGNORECASE)


def one_line(value: str) -> str:
    """Return a value on one line, without control characters: a title, a place, a name."""
    return re.sub(r"\s+", " ", clean(value)).strip()


def clean(value: str) -> str:
    """Return a value with ``\\n`` as its only line break and no control character but TAB (C1)."""
    return _CONTROLS.sub("", _LINE_BREAKS.sub("\n", value))


def text(value: str) -> str:
    """Return a TEXT value, escaped (C7)."""
    return (
        clean(value)
        .replace("\\", "\\\\")
        .replace(";", "\\;")
        .replace(",", "\\,")
        .replace("\n", "\\n")
    )


def parameter(value: str) -> str:
    """Return a parameter value between quotes; quotes inside become apostrophes (C7)."""
    return '"' + one_line(value).replace('"', "’") + '"'


def url(value: str) -> str:
    """Return a web address when it can stand in a URI value, an empty text otherwise."""
    stripped = value.strip()
    return stripped if _URL.match(stripped) else ""


def moment(value: datetime) -> str:
    """Return a DATE-TIME in UTC."""
    return value.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def day(value: date) -> str:
    """Return a DATE."""
    return f"{value:%Y%m%d}"


def fold(line: str) -> bytes:
    """Return one content line with its CRLF, folded at 75 octets between characters (C1)."""
    octets = line.encode("utf-8", "replace")
    if len(octets) <= LINE_OCTETS:
        return octets + CRLF
    pieces = []
    start, room = 0, LINE_OCTETS
    while len(octets) - start > room:
        end = start + room
        while octets[end] & 0xC0 == 0x80:  # inside a character: step back to its first octet
            end -= 1
        pieces.append(octets[start:end])
        start, room = end, LINE_OCTETS - 1  # the space that opens a continuation counts
    pieces.append(octets[start:])
    return b"\r\n ".join(pieces) + CRLF


def lines(content: list[str]) -> bytes:
    """Return content lines, folded, each with its CRLF."""
    return b"".join(map(fold, content))
