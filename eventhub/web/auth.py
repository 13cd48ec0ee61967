"""Signing in: organisers only. The session names the account and the version of its sessions."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import (
    Flask,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    request,
    session,
    url_for,
)
from flask import render_template as render
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.exceptions import HTTPException

from eventhub.accounts import service
from eventhub.accounts.models import Account
from eventhub.errors import NotFound
from eventhub.web.safety import local_path

HOME = "/organiser/"
SESSION_LIFETIME = timedelta(days=7)
KEPT_NEVER = ("csrf_token", "password", "current", "new", "resume", "action")
View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

manager = LoginManager()


class SignedIn(UserMixin):
    """What Flask-Login keeps of an account: its public id and the version of its sessions."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def get_id(self) -> str:
        """The session's content: it is worth nothing once the version has risen."""
        return f"{self.account.public_id}.{self.account.session_version}"


def init_auth(app: Flask) -> None:
    """Let organisers sign in to the application."""
    app.permanent_session_lifetime = SESSION_LIFETIME
    manager.init_app(app)
    app.jinja_env.globals["current_organiser"] = find_current_account


@manager.user_loader  # type: ignore[untyped-decorator]
def _load(session_id: str) -> SignedIn | None:
    public_id, _, version = session_id.partition(".")
    account = service.find_account(public_id)
    if account is None or str(account.session_version) != version:
        return None
    return SignedIn(account)


def find_current_account() -> Account | None:
    """Return the account that is signed in, or None."""
    user = current_user._get_current_object()
    return user.account if isinstance(user, SignedIn) else None


def forget_reader() -> None:
    """Take whoever reads this answer for somebody who is not signed in, without looking."""
    g._login_user = manager.anonymous_user()


def current_account() -> Account:
    """Return the account that is signed in. Raises NotFound when nobody is."""
    account = find_current_account()
    if account is None:
        raise NotFound
    return account


def begin_session(account: Account) -> None:
    """Start a new session: nothing of an earlier one stays, its CSRF token included."""
    session.clear()
    session.permanent = True
    login_user(SignedIn(account))


def end_session() -> None:
    """End the session."""
    logout_user()
    session.clear()


def organiser_required(view: View) -> View:
    """Let only signed-in organisers in; the others sign in first, and come back to where they were.

    What somebody typed before their session ended is not lost when the view is marked with
    ``keeps_typed_text``.
    """

    @wraps(view)
    def guarded(*args: Any, **named: Any) -> ResponseReturnValue:
        if find_current_account() is None:
            return ask_to_sign_in()
        return view(*args, **named)

    return guarded  # type: ignore[return-value]


def keeps_typed_text(view: View) -> View:
    """Mark a form's view: posted with ``resume``, it shows what was typed and changes nothing."""
    view.keeps_typed_text = True  # type: ignore[attr-defined]
    return view


def ask_to_sign_in() -> ResponseReturnValue:
    """Send to the sign-in page, or show it at once with what was typed kept in it."""
    if request.method in {"GET", "HEAD"}:
        back = request.full_path.rstrip("?")
        return redirect(f"{url_for('accounts.sign_in')}?{urlencode({'next': back})}")
    if _keeps():
        return _sign_in_page(kept=_typed()), 401
    back = urlsplit(request.referrer or "").path or HOME
    return redirect(f"{url_for('accounts.sign_in')}?{urlencode({'next': back})}", code=303)


def after_stale_form() -> Response | None:
    """Answer a form whose CSRF token is missing or of an ended session, when text would be lost.

    Nothing is changed: the person sees what they typed and decides. None: no text to keep.
    """
    if request.endpoint == "accounts.sign_in":
        return make_response(_sign_in_page(kept=request.form.get("kept", ""), stale=True), 400)
    if not _keeps():
        return None
    if find_current_account() is None:
        return make_response(_sign_in_page(kept=_typed()), 401)
    return make_response(resume_page(request.full_path.rstrip("?"), _typed()), 400)


def resume_page(target: str, kept: str) -> ResponseReturnValue:
    """The page that hands what was typed back to its form, to be looked at and saved.

    Only to a form that then shows it and changes nothing: ``kept`` and ``target`` come with the
    request, so anybody may have written them (A2).
    """
    path = local_path(target, HOME)
    if not _shows_typed(path):
        return redirect(path, code=303)
    try:
        pairs = [(str(name), str(value)) for name, value in json.loads(kept)]
    except (TypeError, ValueError):
        pairs = []
    return render("accounts/resume.html", target=path, pairs=pairs)


def _sign_in_page(kept: str = "", stale: bool = False) -> str:
    from eventhub.web.accounts import SignInForm

    form = SignInForm(formdata=request.form if stale else None)
    if not stale:
        form.next.data = request.full_path.rstrip("?")
    form.kept.data = kept
    return render("accounts/sign_in.html", form=form, stale=stale)


def _keeps(endpoint: str | None = None) -> bool:
    view = current_app.view_functions.get(endpoint or request.endpoint or "")
    return bool(getattr(view, "keeps_typed_text", False))


def _shows_typed(target: str) -> bool:
    """Tell whether what is posted to an address goes to a view that ``keeps_typed_text``."""
    try:
        endpoint, _values = current_app.url_map.bind("").match(urlsplit(target).path, "POST")
    except HTTPException:
        return False
    return _keeps(endpoint)


def _typed() -> str:
    """Return the posted fields as JSON, without secrets and without what was pressed."""
    pairs = [
        (name, value) for name, value in request.form.items(multi=True) if name not in KEPT_NEVER
    ]
    return json.dumps(pairs)
