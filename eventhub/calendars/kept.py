"""What one process keeps ready: joined feeds and serialised events, within a budget of memory.

Nothing here is needed by another process: everything is made again from the database.
"""

import gzip
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock

FEEDS_OCTETS = 48 * 1024 * 1024
EVENTS = 30_000
GZIP_LEVEL = 5


@dataclass(frozen=True)
class Serialised:
    """The VEVENTs of one event, and the zones they use."""

    body: bytes
    zones: frozenset[str]


_lock = Lock()
_bodies: OrderedDict[tuple[str, bool], bytes] = OrderedDict()
_events: OrderedDict[Hashable, tuple[Hashable, Serialised]] = OrderedDict()


def body(etag: str, compressed: bool) -> bytes | None:
    """Return the ready bytes of a feed's version, or None."""
    with _lock:
        found = _bodies.get((etag, compressed))
        if found is not None:
            _bodies.move_to_end((etag, compressed))
        return found


def keep_body(etag: str, built: bytes, compressed: bool) -> bytes:
    """Keep a feed's bytes; return them, gzipped when asked."""
    answer = gzip.compress(built, GZIP_LEVEL, mtime=0) if compressed else built
    with _lock:
        _bodies[etag, compressed] = answer
        while len(_bodies) > 1 and sum(map(len, _bodies.values())) > FEEDS_OCTETS:
            _bodies.popitem(last=False)
    return answer


def event(key: Hashable, version: Hashable) -> Serialised | None:
    """Return an event's ready VEVENTs when they are of this version, or None."""
    found = _events.get(key)
    return found[1] if found is not None and found[0] == version else None


def keep_event(key: Hashable, version: Hashable, serialised: Serialised) -> Serialised:
    """Keep an event's VEVENTs in this version; return them."""
    with _lock:
        _events[key] = (version, serialised)
        while len(_events) > EVENTS:
            _events.popitem(last=False)
    return serialised
