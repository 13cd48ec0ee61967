"""Rate limits: they hold, they tell clients apart rightly, and they outlive Redis."""

from collections.abc import Callable

import pytest
from flask import Flask

from eventhub.web.limits import limiter
from tests.mailserver import free_port

pytestmark = pytest.mark.database("sqlite")


def limited(app: Flask) -> Flask:
    @app.get("/limited-for-test")
    @limiter.limit("3 per minute")
    def view() -> str:
        return "ok"

    return app


def statuses(app: Flask, number: int = 4, **headers: str) -> list[int]:
    client = app.test_client()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return [client.get("/limited-for-test", headers=names).status_code for _ in range(number)]


def test_a_client_over_its_limit_is_told_so(make_app: Callable[..., Flask]):
    assert statuses(limited(make_app(rate_limits=True))) == [200, 200, 200, 429]


def test_limits_are_kept_in_this_process_while_redis_is_away(make_app: Callable[..., Flask]):
    app = limited(make_app(rate_limits=True, redis_url=f"redis://127.0.0.1:{free_port()}"))
    assert statuses(app) == [200, 200, 200, 429]


def test_a_header_does_not_make_another_client_unless_a_proxy_is_trusted(
    make_app: Callable[..., Flask],
):
    app = limited(make_app(rate_limits=True))
    for number in range(3):
        assert statuses(app, 1, X_Forwarded_For=f"10.0.0.{number}") == [200]
    assert statuses(app, 1, X_Forwarded_For="10.0.0.9") == [429]


def test_behind_a_trusted_proxy_each_client_has_its_own_limit(make_app: Callable[..., Flask]):
    app = limited(make_app(rate_limits=True, trusted_proxies=1))
    assert statuses(app, X_Forwarded_For="10.0.0.1") == [200, 200, 200, 429]
    assert statuses(app, 1, X_Forwarded_For="10.0.0.1, 10.0.0.2") == [200]
