"""The form that makes and changes an event. What was typed is never lost."""

from flask import Blueprint, flash, redirect, request, url_for
from flask import render_template as render
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from eventhub.accounts.models import Account
from eventhub.db import transaction
from eventhub.errors import Invalid
from eventhub.events import service
from eventhub.events.models import KINDS, Event
from eventhub.events.service import ChangedMeanwhile, EventValues
from eventhub.web.auth import current_account, keeps_typed_text, organiser_required
from eventhub.web.events.form import (
    TIME_ZONES,
    EventForm,
    change_rows,
    differences,
    drop_empty_rows,
    fill,
    values_in,
)
from eventhub.web.forms import refuse, text

blueprint = Blueprint("organiser_edit", __name__, url_prefix="/organiser/events")


@blueprint.route("/new", methods=["GET", "POST"])
@organiser_required
@keeps_typed_text
def new() -> ResponseReturnValue:
    """Make a new event, a draft until it is published."""
    account = current_account()
    form = _form(account)
    if request.method == "GET":
        network = account.networks[0] if account.networks else None
        zone = network.time_zone if network else "America/Toronto"
        fill(form, EventValues(time_zone=zone))
        return _page(form, None)
    again = _shown_again(form, None)
    if again is not None:
        return again
    try:
        with transaction():
            network = next(n for n in account.networks if n.slug == form.network.data)
            event = service.create_event(network, values_in(form))
    except Invalid as refusal:
        refuse(form, refusal)
        return _page(form, None, status=422)
    flash(gettext("Your event is saved, as a draft. Nobody else sees it yet."), "success")
    return redirect(url_for("organiser_events.show", public_id=event.public_id), code=303)


@blueprint.route("/<public_id>/edit", methods=["GET", "POST"])
@organiser_required
@keeps_typed_text
def edit(public_id: str) -> ResponseReturnValue:
    """Change an event."""
    account = current_account()
    event = service.get_managed(account, public_id)
    form = _form(account, event)
    if event.state == "cancelled":
        flash(gettext("A cancelled event is restored before it is changed."), "warning")
        return redirect(url_for("organiser_events.show", public_id=public_id), code=303)
    if request.method == "GET":
        fill(form, service.values_of(event))
        form.version.data = str(event.version)
        return _page(form, event)
    again = _shown_again(form, event)
    if again is not None:
        return again
    seen = text(form.version)
    try:
        with transaction():
            event = service.get_managed(account, public_id)
            service.update_event(event, values_in(form), int(seen) if seen.isdecimal() else 0)
    except Invalid as refusal:
        refuse(form, refusal)
        return _page(form, event, status=422)
    except ChangedMeanwhile:
        theirs = service.values_of(event)
        form.version.data = str(event.version)
        form.version.raw_data = None
        return _page(form, event, status=409, theirs=differences(form, theirs))
    if event.state == "published":
        flash(gettext("Saved. The site and the calendars show it already."), "success")
    else:
        flash(gettext("Saved."), "success")
    return redirect(url_for("organiser_events.show", public_id=public_id), code=303)


def _form(account: Account, event: Event | None = None) -> EventForm:
    form = EventForm()
    if event is not None:
        del form.network
    else:
        form.network.choices = [(n.slug, n.name) for n in account.networks]
    known = dict(TIME_ZONES)
    if event is not None and event.time_zone not in known:
        form.time_zone.choices = [*known.items(), (event.time_zone, event.time_zone)]
    return form


def _shown_again(form: EventForm, event: Event | None) -> ResponseReturnValue | None:
    """Show the form again when it was not to be saved yet, or can't be; None: save it."""
    action = request.form.get("action", "save")
    if form.resumed:
        return _page(form, event, unsaved=True)
    if action.startswith(("add:", "remove:")):
        return _page(form, event, unsaved=True, focus=change_rows(form, action))
    drop_empty_rows(form)
    if not form.validate():
        try:
            service.check(values_in(form))  # everything at once, not one thing at a time
        except Invalid as refusal:
            refuse(form, refusal)
        return _page(form, event, status=422)
    return None


def _page(
    form: EventForm,
    event: Event | None,
    *,
    status: int = 200,
    unsaved: bool = False,
    focus: str = "",
    theirs: list[tuple[str, str, str]] | None = None,
) -> ResponseReturnValue:
    """The form. ``focus``: the row just added; ``theirs``: what somebody else saved meanwhile."""
    networks = [event.network] if event is not None else current_account().networks
    series = [item.name_fr for network in networks for item in service.list_series(network.id)]
    return (
        render(
            "events/organiser/edit.html",
            section="events",
            form=form,
            event=event,
            kinds=KINDS,
            series=sorted(set(series)),
            unsaved=unsaved,
            focus=focus,
            theirs=theirs or [],
            counts=service.counts(event) if event is not None else None,
        ),
        status,
    )
