"""A person's own registration: its link opens it here; only a POST changes anything (S5)."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as browser
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from eventhub import clock
from eventhub.calendars import buttons, vevent
from eventhub.db import transaction
from eventhub.errors import Invalid, NotFound
from eventhub.events.service.listing import access_token
from eventhub.i18n import current_locale
from eventhub.registrations import rules, service
from eventhub.registrations.models import Registration
from eventhub.web.forms import refuse, text
from eventhub.web.limits import GUESSES, POSTS, limiter
from eventhub.web.registrations.form import ChangeForm, LinkForm, places_words
from eventhub.web.registrations.public import private

blueprint = Blueprint("own_registration", __name__, url_prefix="/registrations")

OPENED = "registration"  # in the browser's session: public id and version of the link


@blueprint.get("/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """Remember in this browser which registration a link opens; go where no token shows."""
    try:
        registration = service.get_by_token(token)
    except NotFound:
        return _unknown()
    _remember(registration)
    response = redirect(url_for("own_registration.show"))
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@blueprint.get("/manage")
def show() -> ResponseReturnValue:
    """Show the registration that this browser opened."""
    try:
        registration = _opened()
    except NotFound:
        return _unknown()
    form = ChangeForm(formdata=None)
    form.offer(registration.event)
    form.name.data = registration.name
    form.organisation.data = registration.organisation
    if "mode" in form:
        form.mode.data = registration.mode
    if "cohort" in form and registration.cohort is not None:
        form.cohort.data = registration.cohort.public_id
    return _page(registration, form, 200)


@blueprint.post("/manage")
@limiter.limit(POSTS)
def change() -> ResponseReturnValue:
    """Change the registration: name, organisation, mode or group."""
    form = ChangeForm()
    problem: Exception | None = None
    try:
        with transaction():
            registration = _opened()
            form.offer(registration.event)
            service.change(
                registration,
                name=form.name.data or "",
                organisation=form.organisation.data or "",
                mode=form.chosen("mode"),
                cohort=form.chosen("cohort"),
                wait=bool(form.wait.data),
            )
    except NotFound:
        return _unknown()
    except (
        Invalid,
        service.PoolFull,
        service.AlreadyRegistered,
        service.RegistrationClosed,
    ) as error:
        problem = error
    if problem is not None:
        _explain(form, problem)
        return _page(_opened(), form, 422, full=isinstance(problem, service.PoolFull))
    flash(gettext("Your changes are saved."), "success")
    return redirect(url_for("own_registration.show"), code=303)


@blueprint.post("/manage/withdraw")
@limiter.limit(POSTS)
def withdraw() -> ResponseReturnValue:
    """Give the place back."""
    try:
        with transaction():
            service.withdraw(_opened())
    except NotFound:
        return _unknown()
    return redirect(url_for("own_registration.show"), code=303)


@blueprint.route("/<token>/confirm", methods=["GET", "POST"])
@limiter.limit(POSTS, methods=["POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Show one button; its POST confirms the address. A scanner that fetches links does not."""
    try:
        if request.method != "POST":  # HEAD as well: scanners use it
            registration = service.get_by_token(token, service.CONFIRM)
            return _confirm_page(registration, 200)
        with transaction():
            registration = service.get_by_token(token, service.CONFIRM)
            service.confirm_address(registration)
    except NotFound:
        return _unknown()
    except (service.HoldEnded, service.RegistrationClosed):
        return _confirm_page(service.get_by_token(token, service.CONFIRM), 409)
    _remember(registration)
    flash(gettext("Thank you, your address is confirmed."), "success")
    return redirect(url_for("own_registration.show"), code=303)


@blueprint.route("/links", methods=["GET", "POST"])
@limiter.limit(GUESSES, methods=["POST"])
def send_links() -> ResponseReturnValue:
    """Send somebody the links of their registrations: the same answer for any address (A12)."""
    form = LinkForm()
    if request.method != "POST":
        return private(render_template("registrations/unknown.html", form=form, lost=False))
    try:
        with transaction():
            service.send_links(text(form.email), current_locale())
    except Invalid as error:
        refuse(form, error)
        return private(render_template("registrations/unknown.html", form=form, lost=False), 422)
    email = text(form.email).strip()
    return private(render_template("registrations/links_sent.html", email=email))


def _remember(registration: Registration) -> None:
    browser[OPENED] = [registration.public_id, registration.manage_version]


def _opened() -> Registration:
    """Return the registration that this browser opened. Raises NotFound."""
    public_id, version = browser.get(OPENED) or ("", 0)
    return service.get_opened(public_id, version)


def _unknown() -> ResponseReturnValue:
    form = LinkForm(formdata=None)
    return private(render_template("registrations/unknown.html", form=form, lost=True), 404)


def _explain(form: ChangeForm, problem: Exception) -> None:
    """Put on the form why a change was refused."""
    if isinstance(problem, Invalid):
        refuse(form, problem)
        return
    field = form["cohort" if "cohort" in form else "mode"]
    if isinstance(problem, service.PoolFull):
        sentence = gettext("All the places there are taken. Your present place is kept.")
    elif isinstance(problem, service.AlreadyRegistered):
        sentence = gettext("This address is already registered in that group.")
    else:
        sentence = gettext("Registration is closed: the way you take part can’t change any more.")
    field.errors = [*field.errors, sentence]


def _page(
    registration: Registration, form: ChangeForm, status: int, full: bool = False
) -> ResponseReturnValue:
    event, cohort = registration.event, registration.cohort
    over = rules.ends(event, cohort)
    return private(
        render_template(
            "registrations/manage.html",
            registration=registration,
            event=event,
            network=event.network,
            access=access_token(event) if event.audience == "members" else "",
            position=service.position(registration),
            is_over=over is not None and over < clock.now(),
            sittings=vevent.sittings(event, cohort.sessions if cohort is not None else None),
            occasion=rules.occasion(event, cohort, registration.mode),
            has_date=rules.has_date(event, cohort),
            buttons=buttons,
            places=places_words(event),
            form=form,
            full=full,
        ),
        status,
    )


def _confirm_page(registration: Registration, status: int) -> ResponseReturnValue:
    event = registration.event
    return private(
        render_template(
            "registrations/confirm.html",
            registration=registration,
            event=event,
            occasion=rules.occasion(event, registration.cohort, registration.mode),
            network=event.network,
            access=access_token(event) if event.audience == "members" else "",
        ),
        status,
    )
