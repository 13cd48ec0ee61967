"""What a network shows of itself to everyone: the colour of its pages."""

from flask import Blueprint, Response

from eventhub.networks import look, service
from eventhub.networks.models import DEFAULT_ACCENT

blueprint = Blueprint("networks", __name__)

ONE_YEAR = 365 * 24 * 3600


@blueprint.get("/networks/<slug>/look.css")
def look_css(slug: str) -> Response:
    """Answer the two tokens of a network's colour (see docs/design.md).

    Pages put the colour in the query, so that a new colour is a new address and an old one can
    be kept by browsers for a year.
    """
    network = service.get_network(slug)
    try:
        sheet = look.stylesheet(network.accent)
    except ValueError:
        sheet = look.stylesheet(DEFAULT_ACCENT)
    response = Response(sheet, mimetype="text/css")
    response.cache_control.public = True
    response.cache_control.max_age = ONE_YEAR
    return response
