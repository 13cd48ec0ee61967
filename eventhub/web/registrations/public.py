"""Registering for an event, without an account, and the page after it."""

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask import session as browser
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from eventhub import clock
from eventhub.calendars import buttons, vevent
from eventhub.db import transaction
from eventhub.errors import Invalid, NotFound
from eventhub.events.models import Event
from eventhub.events.service.listing import get_public
from eventhub.i18n import current_locale
from eventhub.mail.address import key as address_key
from eventhub.people.service import list_organisation_names
from eventhub.registrations import rules, service
from eventhub.web.forms import refuse, text
from eventhub.web.limits import POSTS, is_rare, limiter
from eventhub.web.registrations.form import RegisterForm, places_words

blueprint = Blueprint("registrations", __name__)

PER_ADDRESS = "10 per hour; 40 per day"
SHORTEST = 2  # seconds: nobody fills a form faster without a machine (S6)
FAST_ONES = "5 per hour"  # but a browser that fills it by itself may


def _posted_address() -> str:
    """Return the bucket of the posted address: plus-tags and dots make no other one (A10)."""
    local, _, domain = address_key(request.form.get("email", "")).partition("@")
    return f"address:{local.partition('+')[0].replace('.', '')}@{domain}"


@blueprint.route("/events/<slug>/register", methods=["GET", "POST"])
@limiter.limit(POSTS, methods=["POST"])
@limiter.limit(PER_ADDRESS, key_func=_posted_address, methods=["POST"])
def register(slug: str) -> ResponseReturnValue:
    """Show the form; take a registration, then send to the page after it."""
    access = request.values.get("access", "")
    form = RegisterForm()
    if request.method == "POST":
        return _take(slug, access, form)
    event = get_public(slug, access)
    form.offer(event)
    form.form_key.data = service.new_form_key()
    return _form_page(event, access, form, 200)


def _form_again(slug: str) -> ResponseReturnValue:
    """Show a form again whose session ended, with what was typed in it (S7)."""
    access = request.values.get("access", "")
    event = get_public(slug, access)
    form = RegisterForm()
    form.offer(event)
    form.form_errors.append(
        gettext("The page had been open for a long time. Check what you typed, then send it again.")
    )
    return _form_page(event, access, form, 400)


register.form_again = _form_again  # type: ignore[attr-defined]


@blueprint.get("/registrations/done")
def done() -> ResponseReturnValue:
    """Say what became of the registration that this browser just sent."""
    sent: dict[str, Any] | None = browser.get("registered")
    if not sent:
        return redirect(url_for("events.index"))
    try:
        event = get_public(sent["slug"], sent["access"])
    except NotFound:
        return redirect(url_for("events.index"))
    cohort = next((c for c in event.cohorts if c.public_id == sent["cohort"]), None)
    sessions = cohort.sessions if cohort is not None else None
    return private(
        render_template(
            "registrations/done.html",
            event=event,
            network=event.network,
            cohort=cohort,
            sent=sent,
            occasion=rules.occasion(event, cohort, sent["mode"]),
            has_date=rules.has_date(event, cohort),
            sittings=vevent.sittings(event, sessions),
            buttons=buttons,
        )
    )


def private(page: str, status: int = 200) -> Response:
    """Return a page that concerns one person: kept by nobody, found by no search engine."""
    response = make_response(page, status)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _take(slug: str, access: str, form: RegisterForm) -> ResponseReturnValue:
    refusal: Invalid | None = None
    with transaction():
        event = get_public(slug, access)
        form.offer(event)
        try:
            outcome = service.register(
                event,
                name=form.name.data or "",
                email=text(form.email),
                organisation=form.organisation.data or "",
                mode=form.chosen("mode"),
                cohort=form.chosen("cohort"),
                locale=current_locale(),
                form_key=text(form.form_key),
                suspicious=_is_suspicious(form),
            )
        except Invalid as error:
            refusal = error
        except service.RegistrationClosed as error:
            return _closed_page(event, access, error), 409
    if refusal is not None:
        refuse(form, refusal)
        return _form_page(event, access, form, 422)
    browser["registered"] = {
        "slug": slug,
        "access": access if event.audience == "members" else "",
        "state": outcome.state,
        "position": outcome.position,
        "email": text(form.email).strip(),
        "cohort": form.chosen("cohort"),
        "mode": form.chosen("mode") or event.mode,
    }
    return redirect(url_for("registrations.done"), code=303)


def _is_suspicious(form: RegisterForm) -> bool:
    """Tell whether a robot filled the form: the trap, a foreign key, or too fast too often (S6).

    Nobody is turned away: the address must be confirmed.
    """
    age = service.form_age(text(form.form_key))
    if form.website.data or age is None:
        return True
    return age.total_seconds() < SHORTEST and not is_rare("fast registration", FAST_ONES)


def _form_page(event: Event, access: str, form: RegisterForm, status: int) -> ResponseReturnValue:
    try:
        rules.check_open(event, clock.now())
    except service.RegistrationClosed as error:
        return _closed_page(event, access, error), 200
    left = rules.places_left(event) if not event.cohorts else None
    return private(
        render_template(
            "registrations/register.html",
            event=event,
            network=event.network,
            access=access if event.audience == "members" else "",
            form=form,
            left=left,
            places=places_words(event),
            organisations=list_organisation_names(event.network_id),
        ),
        status,
    )


def _closed_page(event: Event, access: str, refusal: service.RegistrationClosed) -> str:
    return render_template(
        "registrations/closed.html",
        event=event,
        network=event.network,
        access=access if event.audience == "members" else "",
        reason=refusal.reason,
        opens_at=refusal.opens_at,
    )
