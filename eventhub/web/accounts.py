"""Pages of an organiser's account: sign in and out, forgotten password, change of password."""

from flask import Blueprint, Response, flash, make_response, redirect, request, url_for
from flask import render_template as render
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_limiter import RequestLimit
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import InputRequired

from eventhub.accounts import service
from eventhub.accounts.service import WrongCredentials
from eventhub.db import transaction
from eventhub.errors import Invalid, NotFound
from eventhub.web import auth, limits
from eventhub.web.auth import organiser_required
from eventhub.web.forms import Form, lazy_gettext, refuse, text, tidy
from eventhub.web.limits import GUESSES, limiter
from eventhub.web.safety import local_path

#: Tries on one address, wherever they come from: more than anyone needs, too few to guess (A8).
PER_ADDRESS = "50 per hour"

blueprint = Blueprint("accounts", __name__, url_prefix="/organiser")


class SignInForm(Form):
    """Who signs in. ``next``: where they were; ``kept``: what they had typed there."""

    email = EmailField(
        lazy_gettext("E-mail address"),
        [InputRequired(lazy_gettext("Enter your e-mail address."))],
        filters=[tidy],
    )
    password = PasswordField(
        lazy_gettext("Password"), [InputRequired(lazy_gettext("Enter your password."))]
    )
    next = HiddenField()
    kept = HiddenField()


class ForgottenForm(Form):
    """Whose password is forgotten."""

    email = EmailField(
        lazy_gettext("E-mail address"),
        [InputRequired(lazy_gettext("Enter your e-mail address."))],
        filters=[tidy],
    )


class NewPasswordForm(Form):
    """A new password."""

    password = PasswordField(
        lazy_gettext("New password"), [InputRequired(lazy_gettext("Choose a password."))]
    )


class ChangePasswordForm(NewPasswordForm):
    """A new password, by somebody who knows the present one."""

    current = PasswordField(
        lazy_gettext("Present password"),
        [InputRequired(lazy_gettext("Enter your present password."))],
    )


def _typed_address() -> str:
    return request.form.get("email", "").strip().lower()[:320]


def _too_many(_limit: RequestLimit) -> Response:
    """Answer somebody who tried too often, without losing what they had typed elsewhere."""
    form = SignInForm()
    form.form_errors.append(gettext("Too many tries. Please wait a few minutes, then try again."))
    response = make_response(render("accounts/sign_in.html", form=form), 429)
    response.headers["Retry-After"] = str(limits.seconds_left())
    return response


@blueprint.route("/sign-in", methods=["GET", "POST"])
@limiter.limit(GUESSES, methods=["POST"], on_breach=_too_many)
@limiter.limit(PER_ADDRESS, methods=["POST"], key_func=_typed_address, on_breach=_too_many)
def sign_in() -> ResponseReturnValue:
    """Sign in, then go back to where the person was, with what they had typed."""
    form = SignInForm()
    if request.method == "GET":
        if auth.find_current_account() is not None:
            return redirect(local_path(request.args.get("next", ""), auth.HOME))
        form.next.data = request.args.get("next", "")
        return render("accounts/sign_in.html", form=form)
    if not form.validate():
        return render("accounts/sign_in.html", form=form), 422
    try:
        account = service.authenticate(text(form.email), text(form.password))
    except WrongCredentials:
        form.form_errors.append(
            gettext("This address and this password do not go together. Please try again.")
        )
        return render("accounts/sign_in.html", form=form), 422
    with transaction():
        service.note_sign_in(account)
    auth.begin_session(account)
    target = local_path(text(form.next), auth.HOME)
    if form.kept.data:
        return auth.resume_page(target, text(form.kept))
    return redirect(target, code=303)


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session."""
    auth.end_session()
    flash(gettext("You are signed out. See you soon!"), "success")
    return redirect(url_for("accounts.sign_in"), code=303)


@blueprint.route("/password", methods=["GET", "POST"])
@limiter.limit(GUESSES, methods=["POST"])
def forgotten() -> ResponseReturnValue:
    """Ask for a link to choose a new password: the answer is the same for every address."""
    form = ForgottenForm()
    if request.method == "POST":
        if not form.validate():
            return render("accounts/forgotten.html", form=form), 422
        with transaction():
            service.request_password_reset(text(form.email))
        return render("accounts/forgotten_sent.html", email=text(form.email))
    return render("accounts/forgotten.html", form=form)


@blueprint.route("/password/<token>", methods=["GET", "POST"])
@limiter.limit(GUESSES, methods=["POST"])
def reset_password(token: str) -> ResponseReturnValue:
    """Choose a new password with the link of a mail. GET changes nothing."""
    form = NewPasswordForm()
    status = 200
    try:
        service.get_by_reset_token(token)
        if request.method == "POST":
            status = 422
            if form.validate():
                with transaction():
                    account = service.reset_password(token, text(form.password))
                auth.begin_session(account)
                flash(gettext("Your new password is saved, and you are signed in."), "success")
                return redirect(auth.HOME, code=303)
    except NotFound:
        return render("accounts/reset_expired.html"), 404
    except Invalid as refusal:
        refuse(form, refusal)
    response = make_response(render("accounts/reset_password.html", form=form), status)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.route("/account", methods=["GET", "POST"])
@limiter.limit(GUESSES, methods=["POST"])
@organiser_required
def own() -> ResponseReturnValue:
    """One's own account: change the password, which ends every other session."""
    account = auth.current_account()
    form = ChangePasswordForm()
    status = 200
    if request.method == "POST":
        status = 422
        try:
            if form.validate():
                with transaction():
                    service.change_password(account, text(form.current), text(form.password))
                auth.begin_session(account)
                words = gettext("Your new password is saved. Your other sessions are ended.")
                flash(words, "success")
                return redirect(url_for("accounts.own"), code=303)
        except Invalid as refusal:
            refuse(form, refusal)
    return render("accounts/own.html", form=form, account=account), status
