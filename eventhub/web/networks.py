"""What a network shows of itself: the colour of its pages, and the form of its identity."""

from dataclasses import asdict, fields

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask import render_template as render
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import EmailField, StringField, TelField, TextAreaField, URLField
from wtforms.validators import InputRequired
from wtforms.widgets import ColorInput

from eventhub.accounts.models import Account
from eventhub.db import transaction
from eventhub.errors import Invalid, NotFound
from eventhub.events import service as events
from eventhub.networks import look, service
from eventhub.networks.models import DEFAULT_ACCENT, Network
from eventhub.networks.service import Identity, UnreadableColour
from eventhub.web.auth import current_account, keeps_typed_text, organiser_required
from eventhub.web.forms import Form, lazy_gettext, refuse, text, tidy

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


class IdentityForm(Form):
    """Who a network is, and its colour."""

    name = StringField(
        lazy_gettext("Name of the network"),
        [InputRequired(lazy_gettext("Enter the name of the network."))],
        filters=[tidy],
    )
    website = URLField(lazy_gettext("Website"), filters=[tidy])
    phone = TelField(lazy_gettext("Telephone"), filters=[tidy])
    postal_address = TextAreaField(lazy_gettext("Postal address"))
    from_name = StringField(lazy_gettext("Name that messages come from"), filters=[tidy])
    from_address = EmailField(lazy_gettext("Address that messages come from"), filters=[tidy])
    reply_to = EmailField(lazy_gettext("Address that receives the answers"), filters=[tidy])
    person_in_charge = StringField(
        lazy_gettext("Person in charge of personal information"), filters=[tidy]
    )
    person_in_charge_email = EmailField(
        lazy_gettext("E-mail address of this person"), filters=[tidy]
    )
    accent = StringField(lazy_gettext("Colour"), filters=[tidy], widget=ColorInput())


@blueprint.get("/organiser/network/")
@organiser_required
def own() -> ResponseReturnValue:
    """List the organiser's networks; go straight to the only one."""
    networks = current_account().networks
    if len(networks) == 1:
        return redirect(url_for("networks.identity", slug=networks[0].slug))
    return render(
        "networks/own.html",
        section="network",
        networks=networks,
        missing=service.missing_identity,
    )


@blueprint.route("/organiser/networks/<slug>", methods=["GET", "POST"])
@organiser_required
@keeps_typed_text
def identity(slug: str) -> ResponseReturnValue:
    """Show and change what a network's mails, forms and pages say of it."""
    mine = _managed(current_account(), slug)
    form = IdentityForm(data=asdict(service.identity_of(mine)))
    suggestion, status = "", 200
    if request.form.get("suggested"):
        form.accent.data = request.form["suggested"]
    if request.method == "POST" and not form.resumed:
        status = 422
        if form.validate():
            try:
                with transaction():
                    changed = _managed(current_account(), slug)
                    service.update_identity(changed, _typed(form))
                    events.refold_network(changed)
            except Invalid as refusal:
                refuse(form, refusal)
                if isinstance(refusal, UnreadableColour):
                    suggestion = refusal.suggestion
            else:
                flash(gettext("Saved. The pages and the next messages show it."), "success")
                return redirect(url_for("networks.identity", slug=slug), code=303)
    return render(
        "networks/identity.html",
        section="network",
        network=mine,
        form=form,
        missing=service.missing_identity(mine),
        suggestion=suggestion,
    ), status


def _managed(account: Account, slug: str) -> Network:
    """Return the organiser's network with this slug. Raises NotFound for any other (A1)."""
    for network in account.networks:
        if network.slug == slug:
            return network
    raise NotFound


def _typed(form: IdentityForm) -> Identity:
    return Identity(**{item.name: text(form[item.name]) for item in fields(Identity)})
