"""One owed mail, from the outbox to a real SMTP server."""

from eventhub.db import transaction
from eventhub.jobs import tasks
from eventhub.mail import service
from eventhub.mail.models import Delivery
from tests import factories
from tests.mailserver import MailServer


def owe(address: str = "lea@example.org", **values) -> Delivery:
    with transaction():
        delivery = service.owe(
            "mail.test", subject_id=1, address=address, locale="fr", key=f"test:{address}", **values
        )
    assert delivery is not None
    return delivery


def test_an_owed_mail_reaches_its_address_once(context, smtp: MailServer) -> None:
    delivery = owe()
    tasks.run_owed()
    tasks.run_owed()
    mail = smtp.only("lea@example.org")
    assert mail.message["Message-ID"] == f"<{delivery.public_id}@hub.example>"
    assert factories.reload(delivery).state == "sent"
