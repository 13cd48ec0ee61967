"""What everyone sees of newsletters: the list, each one with its form, and its archive."""

from flask import Blueprint, make_response, redirect, request, url_for
from flask import render_template as render
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, EmailField, StringField
from wtforms.validators import InputRequired, Length

from eventhub.db import transaction
from eventhub.errors import Invalid
from eventhub.i18n import current_locale
from eventhub.newsletters import content
from eventhub.newsletters.service import reading
from eventhub.subscriptions import catalogue, rules, service
from eventhub.subscriptions.models import Newsletter
from eventhub.web.forms import lazy_gettext, refuse, text, tidy
from eventhub.web.limits import POSTS, limiter
from eventhub.web.public_forms import PublicForm

blueprint = Blueprint("newsletters", __name__, url_prefix="/newsletters")


class SubscribeForm(PublicForm):
    """Who asks for a newsletter, and their agreement in its own sentence, unticked (L3)."""

    email = EmailField(
        lazy_gettext("E-mail address"),
        [InputRequired(lazy_gettext("Enter your e-mail address."))],
        filters=[tidy],
    )
    name = StringField(
        lazy_gettext("Your name"),
        [Length(max=200, message=lazy_gettext("This name is too long."))],
        filters=[tidy],
    )
    agreed = BooleanField(
        lazy_gettext("I agree"),
        [InputRequired(lazy_gettext("Tick the box to say that you agree to receive it."))],
    )


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the newsletters, network by network, each with its promise."""
    newsletters = catalogue.list_newsletters()
    networks = list({each.network_id: each.network for each in newsletters}.values())
    return render("newsletters/index.html", newsletters=newsletters, networks=networks)


@blueprint.get("/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """One newsletter: what it promises, how to receive it, what it said before."""
    return _page(catalogue.get_newsletter(slug), SubscribeForm())


@blueprint.post("/<slug>")
@limiter.limit(POSTS)
def subscribe(slug: str) -> ResponseReturnValue:
    """Ask for a subscription. The answer is the same for every address (N9)."""
    newsletter = catalogue.get_newsletter(slug)
    form = SubscribeForm()
    answer = redirect(url_for("subscriptions.requested", slug=slug), code=303)
    if form.is_trapped:
        return answer
    if not form.validate() or not form.check_pace():
        return _page(newsletter, form), 422
    try:
        with transaction():
            service.subscribe(
                newsletter,
                email=text(form.email),
                locale=current_locale(),
                source=request.path,
                wording=rules.consent_wording(newsletter),
                name=text(form.name),
            )
    except Invalid as refusal:
        refuse(form, refusal)
        return _page(newsletter, form), 422
    return answer


@blueprint.get("/<slug>/<issue_slug>")
def issue(slug: str, issue_slug: str) -> ResponseReturnValue:
    """The web version of an issue, as it was sent, without anything about a person."""
    newsletter = catalogue.get_newsletter(slug)
    access = request.args.get("access", "")
    sent = reading.get_sent(newsletter, issue_slug, access)
    variant = reading.find_variant(sent, current_locale()) or reading.find_variant(sent, "fr")
    response = make_response(
        render(
            "newsletters/issue.html",
            newsletter=newsletter,
            network=newsletter.network,
            issue=sent,
            subject=variant.subject if variant else sent.subject,
            items=content.load(variant.items) if variant else [],
        )
    )
    if newsletter.audience != "public":
        response.headers["X-Robots-Tag"] = "noindex"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "private, no-cache"
    return response


def _page(newsletter: Newsletter, form: SubscribeForm) -> str:
    return render(
        "newsletters/show.html",
        newsletter=newsletter,
        network=newsletter.network,
        form=form,
        wording=rules.consent_wording(newsletter),
        issues=reading.list_sent(newsletter),
    )
