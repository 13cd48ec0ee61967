"""Rate limits, counted in Redis, or in this process's memory while Redis is away.

A view says its own: ``@limiter.limit(POSTS)``. Clients are told apart by their address, which a
proxy may give only when TRUSTED_PROXIES says so. A client over its limit gets 429.
"""

import ipaddress
import time

from flask import Flask, request
from flask_limiter import Limiter
from limits import parse

from eventhub.settings import Settings

#: For forms that anyone may post.
POSTS = "20 per minute; 200 per hour"
#: For forms that let somebody guess (a password, a code).
GUESSES = "5 per minute; 30 per hour"

PATIENCE = 0.3  # seconds that a request may lose when Redis does not answer

HOUSEHOLD = 64  # bits of an IPv6 address that a line is given: whoever has one has them all


def client() -> str:
    """Return what tells one client from another: an IPv4 address, or the network of an IPv6 one."""
    try:
        address = ipaddress.ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, HOUSEHOLD), strict=False))


limiter = Limiter(key_func=client)


def init_limits(app: Flask) -> None:
    """Give the limiter its storage: Redis when there is one."""
    settings: Settings = app.extensions["eventhub_settings"]
    app.config.setdefault("RATELIMIT_ENABLED", settings.rate_limits)
    app.config.setdefault("RATELIMIT_HEADERS_ENABLED", False)
    app.config.setdefault("RATELIMIT_IN_MEMORY_FALLBACK_ENABLED", True)
    app.config.setdefault("RATELIMIT_KEY_PREFIX", "eventhub")
    if settings.redis_url:
        app.config["RATELIMIT_STORAGE_URI"] = _storage(settings.redis_url)
        app.config["RATELIMIT_STORAGE_OPTIONS"] = {
            "socket_connect_timeout": PATIENCE,
            "socket_timeout": PATIENCE,
        }
    else:
        app.config["RATELIMIT_STORAGE_URI"] = "memory://"
    limiter.init_app(app)


def is_rare(what: str, limit: str) -> bool:
    """Count something that the client did; tell whether it stays under a limit ("5 per hour").

    Always so while limits are off, or Redis is away.
    """
    if not limiter.enabled:
        return True
    try:
        return limiter.limiter.hit(parse(limit), what, client())
    except Exception:  # noqa: BLE001  whatever the storage raises while it is away
        return True


def seconds_left() -> int:
    """Return after how many seconds a client that was refused may try again."""
    limit = limiter.current_limit
    return max(1, round(limit.reset_at - time.time())) if limit is not None else 60


def _storage(redis_url: str) -> str:
    """Return the address as the `limits` package spells it."""
    if redis_url.startswith("unix://"):
        return "redis+" + redis_url
    return redis_url
