"""Pages of one subscription, opened by the links of mails. GET and HEAD change nothing (N7)."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask import render_template as render
from flask.typing import ResponseReturnValue

from eventhub.db import transaction
from eventhub.i18n import COOKIE, in_locale
from eventhub.mail import address as addresses
from eventhub.subscriptions import catalogue, rules, service
from eventhub.subscriptions.models import Subscription

blueprint = Blueprint("subscriptions", __name__, url_prefix="/subscriptions")

ONE_CLICK = "List-Unsubscribe"


@blueprint.get("/requested/<slug>")
def requested(slug: str) -> ResponseReturnValue:
    """The page after the form: the same for every address."""
    newsletter = catalogue.get_newsletter(slug)
    return render("subscriptions/requested.html", newsletter=newsletter, network=newsletter.network)


@blueprint.get("/<token>/confirm")
def confirm(token: str) -> ResponseReturnValue:
    """Show what is to be confirmed, with one button; or that it is confirmed (N8)."""
    try:
        subscription = service.get_to_confirm(token)
    except service.LinkExpired:
        return _expired(token)
    if subscription.state == "confirmed":
        return _page("confirmed", subscription, token)
    others = service.list_also_requested(subscription)
    return _page("confirm", subscription, token, others=others)


@blueprint.post("/<token>/confirm")
def confirm_now(token: str) -> ResponseReturnValue:
    """Confirm, then show it."""
    also = tuple(request.form.getlist("also"))
    try:
        with transaction():
            service.confirm(token, source=request.path.replace(token, "…"), also=also)
    except service.LinkExpired:
        return _expired(token)
    return redirect(url_for("subscriptions.confirm", token=token), code=303)


@blueprint.get("/<token>/unsubscribe")
def unsubscribe(token: str) -> ResponseReturnValue:
    """Show whose subscription ends, masked (N10), with one button; or that it has ended."""
    subscription = service.get_to_unsubscribe(token)
    name = "left" if subscription.state == "unsubscribed" else "leave"
    return _page(name, subscription, token)


@blueprint.post("/<token>/unsubscribe")
def unsubscribe_now(token: str) -> ResponseReturnValue:
    """End the subscription: the page's button, or a mailbox's own (RFC 8058).

    The latter comes without cookie, session or CSRF token, and gets neither cookie nor redirect.
    """
    one_click = request.form.get(ONE_CLICK) == "One-Click"
    with transaction():
        subscription = service.unsubscribe(token, source="one-click" if one_click else "page")
    if one_click:
        return Response("OK\n", mimetype="text/plain")
    return _page("left", subscription, token)


@blueprint.post("/<token>/undo")
def undo(token: str) -> ResponseReturnValue:
    """Take the unsubscription back, while the page that offers it is fresh."""
    try:
        with transaction():
            subscription = service.get_to_unsubscribe(token)
            with _readers_language(subscription):
                wording = rules.consent_wording(subscription.newsletter)
            service.undo_unsubscribe(token, source="undo", wording=wording)
    except service.LinkExpired:
        return _expired(token)
    return _page("confirmed", subscription, token)


def _page(name: str, subscription: Subscription, token: str, **values: object) -> Response:
    newsletter = subscription.newsletter
    with _readers_language(subscription):
        page = render(
            f"subscriptions/{name}.html",
            subscription=subscription,
            newsletter=newsletter,
            network=newsletter.network,
            address=addresses.mask(subscription.person.email),
            token=token,
            may_undo=service.may_undo(subscription),
            **values,
        )
    response = make_response(page)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _expired(token: str) -> ResponseReturnValue:
    newsletter = service.newsletter_of(token)
    response = make_response(
        render("subscriptions/expired.html", newsletter=newsletter, network=newsletter.network),
        410,
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@contextmanager
def _readers_language(subscription: Subscription) -> Iterator[None]:
    """Speak the subscriber's language, unless the reader chose one on this site (N13)."""
    if request.args.get("lang") or request.cookies.get(COOKIE):
        yield
        return
    with in_locale(subscription.locale):
        yield
