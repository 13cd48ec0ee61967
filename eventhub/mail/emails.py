"""The one message that belongs to no other domain: a test of the mail settings."""

from email.headerregistry import Address

from eventhub import links
from eventhub.mail.message import Message
from eventhub.mail.models import Delivery
from eventhub.settings import current_settings

ACCENT = "#1f5f5b"


def test(delivery: Delivery) -> Message:
    """Tell somebody that mails arrive."""
    home = links.home()
    return Message(
        name="mail/test",
        locale=delivery.locale,
        sender=Address("EventHub", addr_spec=current_settings().mail_default_sender),
        recipient=Address(addr_spec=delivery.address),
        values={
            "network": {
                "name": "EventHub",
                "from_name": "",
                "postal_address": "",
                "website": home,
                "person_in_charge": "",
                "accent": ACCENT,
            },
            "links": {"home": home},
        },
    )
