"""Mails about a subscription."""

from email.headerregistry import Address

from eventhub import links
from eventhub.db import session
from eventhub.errors import NotFound
from eventhub.i18n import in_locale
from eventhub.mail.message import Message
from eventhub.mail.models import Delivery
from eventhub.networks.service import reply_to, sender
from eventhub.subscriptions import service
from eventhub.subscriptions.models import Subscription


def confirm(delivery: Delivery) -> Message:
    """Ask an address to confirm: one link, one large button (N8). Raises NotFound."""
    subscription = session.get(Subscription, delivery.subject_id)
    if subscription is None:
        raise NotFound
    newsletter = subscription.newsletter
    with in_locale(delivery.locale):
        name = newsletter.name
    return Message(
        name="subscriptions/confirm",
        locale=delivery.locale,
        sender=sender(newsletter.network),
        reply_to=reply_to(newsletter.network),
        recipient=Address(addr_spec=delivery.address),
        values={
            "locale": delivery.locale,
            "network": newsletter.network,
            "newsletter_name": name,
            "address": delivery.address,
            "links": {},
            "confirm_url": links.confirm_subscription(service.confirm_token(subscription)),
        },
    )
