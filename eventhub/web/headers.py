"""Response headers: what a browser may load, what it may tell others, what may be kept."""

from flask import Flask, Response, request

from eventhub.web.robots import CLOSED

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'"
)


def init_headers(app: Flask) -> None:
    """Add the security headers to every response."""

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        if _is_private(response):
            headers["Cache-Control"] = "no-store"
            headers.setdefault("Referrer-Policy", "no-referrer")
            headers.setdefault("X-Robots-Tag", "noindex")
        elif response.mimetype == "text/html":
            # Each page holds the reader's own form token, and their language.
            headers.setdefault("Cache-Control", "private, no-cache")
        headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        if request.is_secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return response


def _is_private(response: Response) -> bool:
    """Tell whether an answer is for one person: signed in, or with a secret in the address.

    A members' calendar file is not: programs ask again for the one they know (F3).
    """
    if request.path.startswith(CLOSED):
        return True
    return "access" in request.args and response.mimetype == "text/html"
