"""Organisers' pages of their events: what comes next, the list, and each event with its actions."""

from collections.abc import Callable
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, request, url_for
from flask import render_template as render
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from eventhub.db import transaction
from eventhub.errors import Invalid
from eventhub.events import service
from eventhub.events.models import STATES, Event
from eventhub.events.service import Filter
from eventhub.events.service.listing import page_address
from eventhub.networks.service import missing_identity
from eventhub.web.auth import current_account, organiser_required
from eventhub.web.events import public

blueprint = Blueprint("organiser_events", __name__, url_prefix="/organiser")

PERIODS = ("upcoming", "past", "all")


@blueprint.get("/")
@organiser_required
def dashboard() -> ResponseReturnValue:
    """What comes next, what waits, and what needs somebody."""
    account = current_account()
    return render(
        "events/organiser/dashboard.html",
        section="home",
        account=account,
        coming=service.list_next(account),
        drafts=service.list_drafts(account),
        attention=service.list_needing_attention(account),
        unfinished=[network for network in account.networks if missing_identity(network)],
        counts=service.counts,
    )


@blueprint.get("/events/")
@organiser_required
def index() -> ResponseReturnValue:
    """List the events of the organiser's networks, with filters."""
    account = current_account()
    wanted = _filter()
    events, more = service.list_managed(account, wanted)
    query = {name: value for name, value in request.args.items() if name != "page"}
    return render(
        "events/organiser/index.html",
        section="events",
        events=events,
        wanted=wanted,
        networks=account.networks,
        states=STATES,
        counts=service.counts,
        previous_url=_page(query, wanted.page - 1) if wanted.page > 1 else None,
        next_url=_page(query, wanted.page + 1) if more else None,
    )


@blueprint.get("/events/<public_id>")
@organiser_required
def show(public_id: str) -> ResponseReturnValue:
    """One event: where it stands, and what can be done with it."""
    event = service.get_managed(current_account(), public_id)
    return render(
        "events/organiser/show.html",
        section="events",
        event=event,
        counts=service.counts(event),
        lacking=service.lacking(event) if event.state == "draft" else {},
        needs=service.needs(event),
        public_url=page_address(event),
    )


@blueprint.get("/events/<public_id>/preview")
@organiser_required
def preview(public_id: str) -> ResponseReturnValue:
    """The event as everyone will see it."""
    event = service.get_managed(current_account(), public_id)
    response = public.page(event, template="events/organiser/preview.html")
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@blueprint.post("/events/<public_id>/publish")
@organiser_required
def publish(public_id: str) -> ResponseReturnValue:
    """Publish, or say what is missing."""
    try:
        event = _act(public_id, service.publish)
    except Invalid as refusal:
        for sentence in refusal.fields.values():
            flash(gettext(sentence), "error")
        return _back(public_id)
    if event.audience == "public":
        flash(gettext("It is published: it shows on the site and in the calendars."), "success")
    else:
        flash(gettext("It is published, for those it is meant for."), "success")
    return _back(public_id)


@blueprint.post("/events/<public_id>/unpublish")
@organiser_required
def unpublish(public_id: str) -> ResponseReturnValue:
    """Take off the public pages; publishing undoes it."""
    _act(public_id, service.unpublish)
    flash(
        gettext("It no longer shows on the site. The registrations are kept; publish it to undo."),
        "success",
    )
    return _back(public_id)


@blueprint.post("/events/<public_id>/cancel")
@organiser_required
def cancel(public_id: str) -> ResponseReturnValue:
    """Cancel; those registered are told by mail. Restoring undoes it."""
    counts = service.counts(_act(public_id, service.cancel))
    if counts.taken or counts.waiting:
        words = gettext("It is cancelled. Those who were registered will receive a message.")
    else:
        words = gettext("It is cancelled. Its page says so.")
    flash(words, "success")
    return _back(public_id)


@blueprint.post("/events/<public_id>/restore")
@organiser_required
def restore(public_id: str) -> ResponseReturnValue:
    """Undo a cancellation; those registered are told by mail."""
    _act(public_id, service.restore)
    flash(
        gettext("It will take place after all. Those registered will receive a message."),
        "success",
    )
    return _back(public_id)


@blueprint.post("/events/<public_id>/duplicate")
@organiser_required
def duplicate(public_id: str) -> ResponseReturnValue:
    """Make a draft with the same content, and open it to set its dates."""
    with transaction():
        copy = service.duplicate(service.get_managed(current_account(), public_id))
    flash(
        gettext("This is a copy, still a draft. Set its dates, and publish it when it is ready."),
        "success",
    )
    return redirect(url_for("organiser_edit.edit", public_id=copy.public_id), code=303)


def _act(public_id: str, use_case: Callable[[Event], Event]) -> Event:
    """Do one thing to an event that the organiser may manage, in one transaction."""
    with transaction():
        return use_case(service.get_managed(current_account(), public_id))


def _back(public_id: str) -> ResponseReturnValue:
    return redirect(url_for("organiser_events.show", public_id=public_id), code=303)


def _filter() -> Filter:
    given = request.args
    period = given.get("period", "upcoming")
    state = given.get("state", "")
    page = given.get("page", "1")
    return Filter(
        text=given.get("q", "")[:200],
        state=state if state in STATES else "",
        network=given.get("network", "")[:100],
        period=period if period in PERIODS else "upcoming",
        page=int(page) if page.isascii() and page.isdigit() and 0 < int(page) < 10_000 else 1,
    )


def _page(query: dict[str, str], number: int) -> str:
    return f"{url_for('organiser_events.index')}?{urlencode(query | {'page': str(number)})}"
