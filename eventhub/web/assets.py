"""Addresses of our own files that change with their content, so that browsers may keep them."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, request, url_for

STATIC = Path(__file__).parent.parent / "static"
ONE_YEAR = 365 * 24 * 3600


def init_assets(app: Flask) -> None:
    """Give templates ``asset(filename)``, and let browsers keep what it names for a year."""
    app.jinja_env.globals["asset"] = asset

    @app.after_request
    def keep(response: Response) -> Response:
        # A font's file never changes under its name; the stylesheet names fonts without a version.
        if request.endpoint == "static" and ("v" in request.args or "/fonts/" in request.path):
            response.cache_control.no_cache = None
            response.cache_control.public = True
            response.cache_control.max_age = ONE_YEAR
            response.cache_control.immutable = True
        return response


def asset(filename: str) -> str:
    """Return the address of a file of ``static/``, with its content's mark in it."""
    return url_for("static", filename=filename, v=_mark(filename))


@cache
def _mark(filename: str) -> str:
    return hashlib.sha256((STATIC / filename).read_bytes()).hexdigest()[:10]
