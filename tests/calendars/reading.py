"""How the tests read a calendar without our own code: raw lines, and vobject."""

import re
from typing import Any

import vobject


def lines(calendar: bytes) -> list[str]:
    """The content lines of a calendar, unfolded as RFC 5545 says."""
    return calendar.replace(b"\r\n ", b"").decode().split("\r\n")


def values(calendar: bytes, name: str) -> list[str]:
    """Each value of a property outside the zones, with its parameters when it has some."""
    content, inside = [], False
    for line in lines(calendar):
        inside = line == "BEGIN:VTIMEZONE" or (inside and line != "END:VTIMEZONE")
        content += [] if inside else [line]
    found = [line for line in content if re.match(rf"{name}[:;]", line)]
    return [line.removeprefix(name).removeprefix(":") for line in found]


def vevents(calendar: bytes) -> list[Any]:
    """The events, as vobject reads them."""
    parsed = vobject.readOne(calendar.decode())
    return list(getattr(parsed, "vevent_list", []))


def is_well_formed(calendar: bytes) -> bool:
    """CRLF everywhere, lines of 75 octets, each of them UTF-8 by itself, no control (C1)."""
    physical = calendar.split(b"\r\n")
    assert physical.pop() == b""
    for line in physical:
        assert len(line) <= 75, line
        assert not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]", line.decode()), line
    return True
