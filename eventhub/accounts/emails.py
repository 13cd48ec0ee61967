"""What the mails to organisers about their account say."""

from email.headerregistry import Address

from eventhub import links
from eventhub.accounts import service
from eventhub.accounts.models import Account
from eventhub.db import session
from eventhub.errors import NotFound
from eventhub.mail.message import Message
from eventhub.mail.models import Delivery
from eventhub.settings import current_settings


def password_reset(delivery: Delivery) -> Message:
    """The link to choose a new password, made when the mail leaves so that its hour is whole."""
    account = session.get(Account, delivery.subject_id)
    if account is None:
        raise NotFound
    return Message(
        name="accounts/password_reset",
        locale=delivery.locale,
        sender=Address("EventHub", addr_spec=current_settings().mail_default_sender),
        recipient=Address(account.name, addr_spec=delivery.address),
        values={
            "name": account.name,
            "reset_url": links.reset_password(service.reset_token(account)),
        },
        headers={"Auto-Submitted": "auto-generated"},
    )
