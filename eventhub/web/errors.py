"""Error pages: plain words in the reader's language, and what to do next."""

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from eventhub.errors import Conflict, Invalid, NotFound
from eventhub.web import auth, limits

TOO_MANY = 429


def init_errors(app: Flask) -> None:
    """Answer every refusal and fault with a page that helps."""
    app.register_error_handler(NotFound, lambda error: _page(404))
    app.register_error_handler(Conflict, lambda error: _page(409))
    app.register_error_handler(Invalid, lambda error: _page(422))
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(500, _fault)


def _stale_form(_error: CSRFError) -> ResponseReturnValue:
    """Answer a form whose token is missing or of an ended session: typed text is not lost.

    A view may say how by its attribute ``form_again``, which shows the form and changes nothing.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    form_again = getattr(view, "form_again", None)
    if form_again is not None:
        answer: ResponseReturnValue = form_again(**(request.view_args or {}))
        return answer
    return auth.after_stale_form() or _page(400)


def _fault(_error: Exception) -> tuple[str, int, dict[str, str]]:
    """Answer a fault of ours. The database may be what failed: nobody is looked up in it."""
    auth.forget_reader()
    return _page(500)


def _answer(error: HTTPException) -> ResponseReturnValue:
    """Answer with the page that the error brings itself, or with ours."""
    if error.response is not None:
        return error.response
    return _page(error.code or 500, error)


def _page(status: int, error: HTTPException | None = None) -> tuple[str, int, dict[str, str]]:
    kept = ("Allow", "Retry-After")
    headers = dict(error.get_headers()) if error is not None else {}
    if status == TOO_MANY:
        headers["Retry-After"] = str(limits.seconds_left())
    return (
        render_template("errors/error.html", status=status),
        status,
        {name: value for name, value in headers.items() if name in kept},
    )
