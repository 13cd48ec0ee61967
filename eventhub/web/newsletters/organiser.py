"""What organisers see of their newsletters: issues, readers, and an issue on its way."""

from flask import Blueprint, flash, redirect, request, url_for
from flask import render_template as render
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from eventhub import clock
from eventhub.db import transaction
from eventhub.errors import Conflict, Invalid
from eventhub.newsletters import rules
from eventhub.newsletters.models import Issue
from eventhub.newsletters.service import composing, reading, sending
from eventhub.subscriptions import catalogue
from eventhub.subscriptions import service as subscriptions
from eventhub.subscriptions.models import Newsletter
from eventhub.web.auth import current_account, organiser_required
from eventhub.web.forms import refuse, text
from eventhub.web.newsletters.forms import ComposeForm, SubscriberForm

blueprint = Blueprint("organiser_newsletters", __name__, url_prefix="/organiser")

STATES = ("confirmed", "unconfirmed", "unsubscribed")
FIRST_YEAR, LAST_YEAR = 2000, 2100


@blueprint.get("/newsletters/")
@organiser_required
def index() -> ResponseReturnValue:
    """List the newsletters of one's networks, their readers and their issues."""
    return _index()


@blueprint.post("/newsletters/<slug>/issues")
@organiser_required
def compose(slug: str) -> ResponseReturnValue:
    """Compose a draft from the calendar."""
    newsletter = catalogue.get_managed(current_account(), slug)
    form = ComposeForm()
    if not form.validate() or form.starts_on.data is None or form.ends_on.data is None:
        return _index(newsletter, form), 422
    if form.ends_on.data < form.starts_on.data:
        form.ends_on.errors = [gettext("The last day comes before the first one.")]
        return _index(newsletter, form), 422
    if not FIRST_YEAR <= form.starts_on.data.year <= form.ends_on.data.year <= LAST_YEAR:
        form.ends_on.errors = [gettext("Check the year of this date.")]
        return _index(newsletter, form), 422
    with transaction():
        newsletter = catalogue.get_managed(current_account(), slug)
        issue = composing.compose(newsletter, rules.Window(form.starts_on.data, form.ends_on.data))
    count = sum(1 for block in issue.blocks if block.event is not None)
    flash(
        ngettext(
            "Your draft is ready, with %(num)s event from the calendar.",
            "Your draft is ready, with %(num)s events from the calendar.",
            count,
        ),
        "success",
    )
    return redirect(url_for("organiser_issues.show", public_id=issue.public_id), code=303)


@blueprint.get("/newsletters/<slug>/subscribers")
@organiser_required
def subscribers(slug: str) -> ResponseReturnValue:
    """List who receives a newsletter, who has not confirmed yet, and who left."""
    newsletter = catalogue.get_managed(current_account(), slug)
    return _subscribers(newsletter, SubscriberForm(formdata=None))


@blueprint.post("/newsletters/<slug>/subscribers")
@organiser_required
def add_subscriber(slug: str) -> ResponseReturnValue:
    """Add somebody whose consent the network already holds."""
    form = SubscriberForm()
    newsletter = catalogue.get_managed(current_account(), slug)
    if not form.validate():
        return _subscribers(newsletter, form), 422
    try:
        with transaction():
            newsletter = catalogue.get_managed(current_account(), slug)
            subscription = subscriptions.add_subscriber(
                newsletter,
                email=text(form.email),
                name=text(form.name),
                locale=text(form.locale),
                basis=text(form.basis),
                source=text(form.source),
            )
    except Invalid as refusal:
        refuse(form, refusal)
        return _subscribers(newsletter, form), 422
    except subscriptions.AlreadyLeft:
        form.email.errors = [gettext("This person unsubscribed: only they can come back.")]
        return _subscribers(newsletter, form), 409
    address = subscription.person.email
    flash(gettext("%(address)s will receive the next issue.", address=address), "success")
    return redirect(url_for("organiser_newsletters.subscribers", slug=slug), code=303)


@blueprint.post("/issues/<public_id>/<any(pause, resume, cancel):action>")
@organiser_required
def steer(public_id: str, action: str) -> ResponseReturnValue:
    """Pause a sending, go on with it, or stop it for good."""
    use_case, words = {
        "pause": (sending.pause, gettext("The sending is paused.")),
        "resume": (sending.resume, gettext("The sending goes on.")),
        "cancel": (sending.cancel, gettext("The sending is stopped. Nothing more leaves.")),
    }[action]
    try:
        with transaction():
            use_case(reading.get_managed_issue(current_account(), public_id))
    except Conflict:
        flash(gettext("It was too late for that: look at where the sending is now."), "warning")
    else:
        flash(words, "success")
    return redirect(url_for("organiser_issues.show", public_id=public_id), code=303)


def _index(chosen: Newsletter | None = None, refused: ComposeForm | None = None) -> str:
    newsletters = catalogue.list_managed(current_account())
    issues: dict[int, list[Issue]] = {each.id: [] for each in newsletters}
    for issue in reading.list_issues(newsletters):
        issues[issue.newsletter_id].append(issue)
    forms = {}
    for each in newsletters:
        today = clock.today(each.network.time_zone)
        window = rules.proposed_window(each.cadence, today)
        form = ComposeForm(
            formdata=None, data={"starts_on": window.starts_on, "ends_on": window.ends_on}
        )
        if chosen is not None and refused is not None and each.id == chosen.id:
            form = refused
        for field in form:
            field.id = f"{field.id}-{each.slug}"
        forms[each.id] = form
    return render(
        "newsletters/organiser.html",
        section="newsletters",
        newsletters=newsletters,
        issues=issues,
        counts=subscriptions.count_subscribers(newsletters),
        forms=forms,
        refused=refused,
    )


def _subscribers(newsletter: Newsletter, form: SubscriberForm) -> str:
    state = request.args.get("state", "")
    search = request.args.get("q", "")[:200]
    page = _number(request.args.get("page", ""))
    state = state if state in STATES else ""
    found = subscriptions.list_subscribers(newsletter, state=state, search=search, page=page)
    more = len(found) > subscriptions.PAGE_SIZE

    def page_url(number: int) -> str:
        return url_for(
            "organiser_newsletters.subscribers",
            slug=newsletter.slug,
            state=state or None,
            q=search or None,
            page=number,
        )

    return render(
        "newsletters/subscribers.html",
        section="newsletters",
        newsletter=newsletter,
        network=newsletter.network,
        subscriptions=found[: subscriptions.PAGE_SIZE],
        counts=subscriptions.count_subscribers([newsletter])[newsletter.id],
        form=form,
        states=STATES,
        state=state,
        search=search,
        previous_url=page_url(page - 1) if page > 1 else None,
        next_url=page_url(page + 1) if more else None,
    )


def _number(typed: str) -> int:
    return min(int(typed), 100_000) if typed.isdecimal() and int(typed) > 0 else 1
