"""The organiser's list of an event's registrations, its export, and what one does there."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from eventhub.db import transaction
from eventhub.errors import NotFound
from eventhub.events import words
from eventhub.events.models import MODES, Event
from eventhub.events.service.listing import page_address
from eventhub.events.service.managed import get_managed
from eventhub.registrations import service
from eventhub.registrations.models import STATES
from eventhub.web.auth import current_account, organiser_required
from eventhub.web.registrations.export import csv_lines

blueprint = Blueprint(
    "organiser_registrations", __name__, url_prefix="/organiser/events/<public_id>"
)
log = structlog.get_logger()


@blueprint.get("/registrations")
@organiser_required
def index(public_id: str) -> ResponseReturnValue:
    """List the registrations, with search, state and pages."""
    event = get_managed(current_account(), public_id)
    search, state, sort = _asked()
    page = service.list_registrations(
        event,
        search=search,
        state=state,
        sort=sort,
        after=request.args.get("after", ""),
        before=request.args.get("before", ""),
    )
    kept: dict[str, Any] = {"q": search or None, "state": state, "sort": sort}
    here = "organiser_registrations.index"
    return render_template(
        "registrations/list.html",
        section="events",
        event=event,
        network=event.network,
        page=page,
        positions=service.positions(page.rows),
        local=lambda moment: moment.astimezone(ZoneInfo(event.time_zone)),
        counts=service.count_registrations(event),
        search=search,
        state=state,
        sort=sort,
        filters=_filter_words(),
        sorts=_sort_words(),
        page_address=page_address(event) if event.registration_open else "",
        csv_url=url_for(
            "organiser_registrations.export", public_id=public_id, q=search or None, state=state
        ),
        previous_url=page.previous
        and url_for(here, public_id=public_id, **kept, before=page.previous),
        next_url=page.next and url_for(here, public_id=public_id, **kept, after=page.next),
    )


@blueprint.get("/registrations.csv")
@organiser_required
def export(public_id: str) -> Response:
    """Send the registrations as CSV, line by line; who took them is logged (A23)."""
    account = current_account()
    event = get_managed(account, public_id)
    search, state, _sort = _asked()
    log.info(
        "registrations.exported",
        account=account.public_id,
        event_id=event.public_id,
        state=state,
        searched=bool(search),
    )
    return Response(
        stream_with_context(_csv(event, search, state)),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="{event.slug}.csv"',
            "Cache-Control": "private, no-store",
        },
    )


@blueprint.post("/registrations/<registration_id>/cancel")
@organiser_required
def cancel(public_id: str, registration_id: str) -> ResponseReturnValue:
    """Cancel somebody's registration; they are told by mail."""
    with transaction():
        event = get_managed(current_account(), public_id)
        try:
            registration = service.cancel_registration(event, registration_id)
        except service.RegistrationClosed:
            flash(gettext("The event is over: the list stays as it was."), "warning")
            return _back(public_id)
        name = registration.name
    flash(gettext("The registration of %(name)s is cancelled.", name=name), "success")
    return _back(public_id)


@blueprint.post("/registrations/<registration_id>/resend")
@organiser_required
def resend(public_id: str, registration_id: str) -> ResponseReturnValue:
    """Send somebody again what they were told."""
    with transaction():
        event = get_managed(current_account(), public_id)
        try:
            registration = service.resend(event, registration_id)
        except NotFound:
            flash(gettext("This registration is cancelled: there is nothing to send."), "warning")
            return _back(public_id)
        name, email = registration.name, registration.email
    flash(gettext("The message leaves again for %(name)s (%(email)s).", name=name, email=email))
    return _back(public_id)


def _asked() -> tuple[str, str, str]:
    """Return the search, the state and the order asked for; what is unknown is the usual one."""
    search = request.args.get("q", "").strip()[:120]
    state = request.args.get("state", "")
    sort = request.args.get("sort", "")
    return (
        search,
        state if state in service.FILTERS else service.FILTERS[0],
        sort if sort in service.SORTS else ("line" if state == "waitlisted" else "newest"),
    )


def _csv(event: Event, search: str, state: str) -> Iterator[str]:
    said = {mode: words.mode(mode) for mode in MODES} | _state_words()
    header = [
        gettext("Name"),
        gettext("E-mail address"),
        gettext("Organisation"),
        gettext("You take part"),
        gettext("Group"),
        gettext("State"),
        gettext("Number on the waitlist"),
        gettext("Language"),
        gettext("Registered on"),
        gettext("Confirmed on"),
        gettext("Cancelled on"),
        gettext("Arrived on"),
        gettext("Identifier"),
    ]
    return csv_lines(header, service.export_rows(event, said, search=search, state=state))


def _state_words() -> dict[str, str]:
    return dict(
        zip(
            STATES,
            (
                gettext("Address to confirm"),
                gettext("Place confirmed"),
                gettext("On the waitlist"),
                gettext("Withdrawn"),
            ),
            strict=True,
        )
    )


def _filter_words() -> dict[str, str]:
    return {
        "active": gettext("Current"),
        "confirmed": gettext("Place confirmed"),
        "pending": gettext("Address to confirm"),
        "waitlisted": gettext("On the waitlist"),
        "cancelled": gettext("Withdrawn"),
        "all": gettext("All"),
    }


def _sort_words() -> dict[str, str]:
    return {
        "newest": gettext("Latest first"),
        "name": gettext("By name"),
        "line": gettext("By number on the waitlist"),
    }


def _back(public_id: str) -> ResponseReturnValue:
    """Go back to the list, as it was shown."""
    kept: dict[str, Any] = {
        name: value
        for name in ("q", "state", "sort", "after", "before")
        if (value := request.form.get(name))
    }
    return redirect(url_for("organiser_registrations.index", public_id=public_id, **kept), code=303)
