"""The reader's language, remembered in a cookie."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, Response, redirect, request

from eventhub.i18n import COOKIE, DEFAULT_LOCALE, LOCALES
from eventhub.web.safety import local_path

blueprint = Blueprint("language", __name__)

ONE_YEAR = 365 * 24 * 3600


@blueprint.post("/language")
def switch() -> Response:
    """Remember a language, and go back to the page where it was chosen."""
    asked = request.form.get("language", "")
    response = redirect(_without_language(local_path(request.form.get("next", ""))), code=303)
    response.set_cookie(
        COOKIE,
        asked if asked in LOCALES else DEFAULT_LOCALE,
        max_age=ONE_YEAR,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )
    return response  # type: ignore[return-value]


def _without_language(path: str) -> str:
    """Return a path without ``?lang=``, which would win over what was chosen just now."""
    parts = urlsplit(path)
    if "lang=" not in parts.query:
        return path
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode([(name, value) for name, value in pairs if name != "lang"])
    return parts.path + (f"?{query}" if query else "")
