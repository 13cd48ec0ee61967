"""What the mails to organisers about their account say."""

from email.headerregistry import Address

from eventhub import links
from eventhub.accounts import service
from eventhub.accounts.models import Account
from eventhub.db import session
from eventhub.mail.message import Message, Unneeded
from eventhub.mail.models import Delivery
from eventhub.networks.models import DEFAULT_ACCENT
from eventhub.settings import current_settings


def password_reset(delivery: Delivery) -> Message:
    """The link to choose a new password, made when the mail leaves so that its hour is whole."""
    account = session.get(Account, delivery.subject_id)
    if account is None:
        raise Unneeded
    return Message(
        name="accounts/password_reset",
        locale=delivery.locale,
        sender=Address("EventHub", addr_spec=current_settings().mail_default_sender),
        recipient=Address(account.name, addr_spec=delivery.address),
        values={
            "name": account.name,
            "network": {
                "name": "EventHub",
                "from_name": "",
                "postal_address": "",
                "website": links.home(),
                "person_in_charge": "",
                "accent": DEFAULT_ACCENT,
            },
            "links": {
                "home": links.home(),
                "reset": links.reset_password(service.reset_token(account)),
            },
        },
    )
