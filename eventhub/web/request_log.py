"""One line per request: which page, which answer, how long. Never an address or a token."""

import time
from typing import Any

import structlog
from flask import Flask, Response, g, request

log = structlog.get_logger()

QUIET = {"health.alive", "health.ready", "static"}


def init_request_log(app: Flask) -> None:
    """Log every request by its route's template: what was typed in an address may be secret."""

    # Flask's own way names the address.
    app.log_exception = _log_fault  # type: ignore[method-assign]

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def write(response: Response) -> Response:
        level = log.debug if request.endpoint in QUIET else log.info
        spent = time.perf_counter() - g.get("started", time.perf_counter())
        level(
            "request",
            method=request.method,
            route=_route(),
            status=response.status_code,
            ms=round(spent * 1000, 1),
        )
        return response


def _log_fault(exc_info: Any) -> None:
    """Log a fault of ours by its route."""
    log.error("fault", method=request.method, route=_route(), exc_info=exc_info)


def _route() -> str:
    return request.url_rule.rule if request.url_rule is not None else "(no route)"
