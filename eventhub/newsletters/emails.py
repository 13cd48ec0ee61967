"""Mails of newsletters: the issue itself, its test, and the note that a draft is ready.

An issue is rendered once per language, with tokens where a person's own links go (J1):
``personal`` gives what replaces them for each delivery.
"""

from collections.abc import Sequence
from dataclasses import replace
from email.headerregistry import Address

from sqlalchemy import select

from eventhub import links, tokens
from eventhub.db import session
from eventhub.errors import NotFound
from eventhub.i18n import in_locale
from eventhub.mail import address as addresses
from eventhub.mail.batch import Personal, Prepared
from eventhub.mail.message import Message
from eventhub.mail.models import Batch, Delivery
from eventhub.mail.render import Rendered
from eventhub.networks.service import reply_to, sender
from eventhub.newsletters import content
from eventhub.newsletters.models import Issue, Variant
from eventhub.newsletters.service import reading
from eventhub.settings import current_settings
from eventhub.subscriptions.models import Newsletter, Subscription
from eventhub.subscriptions.service import UNSUBSCRIBE_PURPOSE

UNSUBSCRIBE, ADDRESS = "unsubscribe", "address"


def issue(issue: Issue, locale: str, *, mark: str = "", shown_address: str = "") -> Message:
    """Return an issue in a language.

    With a ``mark`` it holds tokens (``@@unsubscribe-<mark>@@``) where each person's values go;
    without, it is a copy that shows ``shown_address`` and unsubscribes nobody.
    """
    newsletter = issue.newsletter
    network = newsletter.network
    with in_locale(locale):
        subject, name = issue.subject, newsletter.name
    archive = links.issue(newsletter.slug, issue.slug, reading.access_of(issue))
    unsubscribe = token(mark, UNSUBSCRIBE) if mark else links.newsletter(newsletter.slug)
    return Message(
        name="newsletters/issue",
        locale=locale,
        sender=sender(network),
        reply_to=reply_to(network),
        recipient=Address(),
        values={
            "locale": locale,
            "network": network,
            "subject": subject,
            "newsletter_name": name,
            "items": content.items_of(issue, locale),
            "address": token(mark, ADDRESS) if mark else shown_address,
            "links": {"unsubscribe": unsubscribe, "archive": archive},
        },
        list_id=list_id(newsletter),
        archive_url=links.newsletter(newsletter.slug),
        bulk=True,
    )


def test(delivery: Delivery) -> Message:
    """Return the copy of a draft that an organiser asked for. Raises NotFound."""
    draft = session.get(Issue, delivery.subject_id)
    if draft is None:
        raise NotFound
    shown = addresses.mask(delivery.address)
    message = issue(draft, delivery.locale, shown_address=shown)
    subject = f"[Test] {message.values['subject']}"
    return replace(
        message,
        recipient=Address(addr_spec=delivery.address),
        values={**message.values, "subject": subject},
    )


def draft_ready(delivery: Delivery) -> Message:
    """Tell an organiser that the month's draft is there to be finished. Raises NotFound."""
    draft = session.get(Issue, delivery.subject_id)
    if draft is None:
        raise NotFound
    network = draft.newsletter.network
    with in_locale(delivery.locale):
        name, subject = draft.newsletter.name, draft.subject
    return Message(
        name="newsletters/draft_ready",
        locale=delivery.locale,
        sender=sender(network),
        recipient=Address(addr_spec=delivery.address),
        values={
            "locale": delivery.locale,
            "network": network,
            "newsletter_name": name,
            "issue_subject": subject,
            "events": [item for item in content.items_of(draft, delivery.locale) if item.title],
            "issue_url": links.organiser_issue(draft.public_id),
            "links": {},
        },
    )


def prepare(batch: Batch, locale: str) -> Prepared:
    """Return what was frozen of an issue in a language, with its headers. Raises NotFound."""
    sent = session.get(Issue, batch.subject_id)
    variant = reading.find_variant(sent, locale) if sent is not None else None
    if sent is None or variant is None:
        raise NotFound
    return Prepared(
        message=issue(sent, locale, mark=variant.mark),
        rendered=Rendered(subject=variant.subject, text=variant.text, html=variant.html),
    )


def personal(deliveries: Sequence[Delivery]) -> dict[int, Personal]:
    """Return what each recipient's copy has of its own, by delivery id.

    Whose subscription has ended is left out. The deliveries are of one batch.
    """
    if not deliveries:
        return {}
    marks = {
        row.locale: row.mark
        for row in session.execute(
            select(Variant.locale, Variant.mark)
            .join(Issue, Issue.id == Variant.issue_id)
            .where(Issue.batch_id == deliveries[0].batch_id)
        )
    }
    ids = {delivery.subject_id for delivery in deliveries}
    rows = session.execute(
        select(Subscription.id, Subscription.public_id).where(
            Subscription.id.in_(ids), Subscription.state == "confirmed"
        )
    )
    public_ids = {row.id: row.public_id for row in rows}
    found = {}
    for delivery in deliveries:
        if delivery.subject_id not in public_ids or delivery.locale not in marks:
            continue
        mark = marks[delivery.locale]
        own = tokens.make(UNSUBSCRIBE_PURPOSE, public_ids[delivery.subject_id])
        url = links.unsubscribe(own)
        found[delivery.id] = Personal(
            recipient=Address(addr_spec=delivery.address),
            unsubscribe_url=url,
            values={
                token(mark, UNSUBSCRIBE): url,
                token(mark, ADDRESS): addresses.mask(delivery.address),
            },
        )
    return found


def token(mark: str, name: str) -> str:
    """Return the text that stands for a person's value in a frozen issue."""
    return f"@@{name}-{mark}@@"


def list_id(newsletter: Newsletter) -> str:
    """Return the List-Id of a newsletter: its name, and an identifier that never changes (W5)."""
    return f"{newsletter.name_fr} <{newsletter.slug}.{current_settings().identity_domain}>"
