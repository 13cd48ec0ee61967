"""`eventhub test-mail`: see whether the mail settings work."""

import sys

import click
from flask.cli import with_appcontext

from eventhub import clock
from eventhub.db import public_id, transaction
from eventhub.errors import Invalid
from eventhub.i18n import DEFAULT_LOCALE, LOCALES
from eventhub.jobs import mail as jobs
from eventhub.mail import address as addresses
from eventhub.mail import service


@click.command("test-mail")
@click.argument("address")
@click.option("--locale", type=click.Choice(LOCALES), default=DEFAULT_LOCALE)
@with_appcontext
def test_mail(address: str, locale: str) -> None:
    """Send one mail to ADDRESS at once, and say what the mail server answered."""
    try:
        clean = addresses.clean(address)
    except Invalid:
        raise click.ClickException("this is not an e-mail address") from None
    with transaction():
        delivery = service.owe(
            "mail.test",
            subject_id=0,
            address=clean,
            locale=locale,
            key=f"mail.test:{clock.now().isoformat()}:{public_id()}",
        )
    assert delivery is not None  # noqa: S101  its key was never used
    jobs.deliver(delivery.id)
    sent = service.get_delivery(delivery.id)
    click.echo(f"{sent.state}: {sent.reply_code or ''} {sent.reply_text or ''}".strip())
    sys.exit(0 if sent.state == "sent" else 1)
