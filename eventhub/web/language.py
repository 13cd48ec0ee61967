"""The reader's language, remembered in a cookie."""

from flask import Blueprint, Response, redirect, request

from eventhub.i18n import COOKIE, DEFAULT_LOCALE, LOCALES
from eventhub.web.safety import local_path

blueprint = Blueprint("language", __name__)

ONE_YEAR = 365 * 24 * 3600


@blueprint.post("/language")
def switch() -> Response:
    """Remember a language, and go back to the page where it was chosen."""
    asked = request.form.get("language", "")
    response = redirect(local_path(request.form.get("next", "")), code=303)
    response.set_cookie(
        COOKIE,
        asked if asked in LOCALES else DEFAULT_LOCALE,
        max_age=ONE_YEAR,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )
    return response  # type: ignore[return-value]
