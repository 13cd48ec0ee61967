"""Rate limits, counted in Redis, or in this process's memory while Redis is away.

A view says its own: ``@limiter.limit(POSTS)``. Clients are told apart by their address, which a
proxy may give only when TRUSTED_PROXIES says so. A client over its limit gets 429.
"""

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import parse

from eventhub.settings import Settings

#: For forms that anyone may post.
POSTS = "20 per minute; 200 per hour"
#: For forms that let somebody guess (a password, a code).
GUESSES = "5 per minute; 30 per hour"

PATIENCE = 0.3  # seconds that a request may lose when Redis does not answer

limiter = Limiter(key_func=get_remote_address)


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
        return limiter.limiter.hit(parse(limit), what, get_remote_address())
    except Exception:  # noqa: BLE001  whatever the storage raises while it is away
        return True


def _storage(redis_url: str) -> str:
    """Return the address as the `limits` package spells it."""
    if redis_url.startswith("unix://"):
        return "redis+" + redis_url
    return redis_url
