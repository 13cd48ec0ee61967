"""What everyone sees of events: the front page, the list, and each event's page."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from eventhub import clock
from eventhub.calendars import buttons, vevent
from eventhub.errors import Invalid, NotFound
from eventhub.events import rules
from eventhub.events.models import MODES, Event
from eventhub.events.service import listing
from eventhub.events.service.listing import Filters, Page
from eventhub.markdown import to_html
from eventhub.networks.service import list_networks
from eventhub.registrations.rules import RegistrationClosed, check_open, ends

blueprint = Blueprint("events", __name__)

ON_THE_BOARD = 6


@blueprint.get("/")
def home() -> str:
    """Welcome, and show what comes next."""
    return render_template(
        "events/home.html",
        events=listing.list_next(ON_THE_BOARD),
        networks=list_networks(),
        coming=listing.count_coming(),
        places_left=_places_left,
    )


@blueprint.get("/events/")
def index() -> str | tuple[str, int]:
    """List public events, with filters."""
    refused: Mapping[str, str] = {}
    try:
        filters = listing.read_filters(request.args)
        page = listing.list_public(filters, _page_number(request.args))
    except Invalid as error:
        refused = error.fields
        filters = Filters(text=request.args.get("q", "")[:200])
        page = Page([], 0, 1, 1)
    networks = list_networks()
    answer = render_template(
        "events/index.html",
        filters=filters,
        refused=refused,
        page=page,
        networks=networks,
        network=next((n for n in networks if n.slug == filters.network), None),
        series=listing.find_series(filters.series) if filters.series else None,
        kinds=listing.list_kinds(),
        modes=MODES,
        months=_months(filters),
        has_past=listing.has_past(),
        previous_url=_page_url(filters, page.number - 1) if page.number > 1 else None,
        next_url=_page_url(filters, page.number + 1) if page.number < page.pages else None,
        places_left=_places_left,
    )
    return (answer, 400) if refused else answer


@blueprint.get("/events/<slug>")
def show(slug: str) -> Response:
    """Show one event; a members' one with its access token only (``headers`` keeps it quiet)."""
    access = request.args.get("access", "")
    event = listing.get_public(slug, access)
    return page(event, access if event.audience == "members" else "")


def page(event: Event, access: str = "", template: str = "events/show.html") -> Response:
    """Answer an event's page; an organiser's preview is the same in a frame of its own."""
    return make_response(
        render_template(
            template,
            event=event,
            network=event.network,
            access=access,
            description=to_html(event.description),
            sittings=vevent.sittings(event),
            buttons=buttons,
            places=rules.places(event),
            invented=set(event.invented.split(",")) if event.invented else set(),
            **_registration(event, access),
        )
    )


def _places_left(event: Event) -> int | None:
    """Return the places left of an event that takes registrations now; None for others."""
    try:
        check_open(event, clock.now())
    except RegistrationClosed:
        return None
    return rules.places_left(event)


def _registration(event: Event, access: str) -> dict[str, object]:
    """Return whether one can register now, where, and whether places are left.

    ``registration``: open, or why not: not_yet, over, taken_place, event_cancelled, not_open.
    """
    now = clock.now()
    status = "open"
    try:
        check_open(event, now)
    except RegistrationClosed as refusal:
        status = refusal.reason
    end = ends(event)
    if status in {"over", "not_open"} and end is not None and end <= now:
        status = "taken_place"
    return {
        "registration": status,
        "register_url": url_for("registrations.register", slug=event.slug, access=access or None),
        "is_full": rules.places_left(event) == 0,
    }


def _page_number(args: MultiDict[str, str]) -> int:
    """Return the page asked for. Raises NotFound for what is not a number."""
    given = args.get("page", "1")
    if not (given.isascii() and given.isdigit() and len(given) <= 6):
        raise NotFound
    return int(given)


def _page_url(filters: Filters, number: int) -> str:
    values = {
        "network": filters.network,
        "kind": filters.kind,
        "mode": filters.mode,
        "month": filters.month,
        "series": filters.series,
        "q": filters.text,
        "past": "1" if filters.past else "",
        "page": str(number) if number > 1 else "",
    }
    return "/events/?" + urlencode({name: value for name, value in values.items() if value})


def _months(filters: Filters) -> list[str]:
    """Return the months to choose from; the chosen one is always among them."""
    return sorted({*listing.list_months(), *([filters.month] if filters.month else [])})
