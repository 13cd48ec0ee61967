"""`eventhub create-organiser`: give somebody the right over networks."""

import sys

import click
from flask.cli import with_appcontext

from eventhub.accounts import service
from eventhub.db import transaction
from eventhub.errors import Invalid, NotFound


@click.command("create-organiser")
@click.argument("email")
@click.option("--name", required=True, help="The person's name.")
@click.option(
    "--network", "networks", multiple=True, required=True, help="A network's slug; repeatable."
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_appcontext
def create_organiser(
    email: str, name: str, networks: tuple[str, ...], password_stdin: bool
) -> None:
    """Create an organiser's account, or give an existing one more networks.

    Prints a generated password when none is given and the account is new.
    """
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else ""
    if password_stdin and not password:
        raise click.ClickException("no password on standard input")
    try:
        with transaction():
            account, generated = service.create_organiser(email, name, list(networks), password)
            slugs = ", ".join(network.slug for network in account.networks)
    except NotFound:
        raise click.ClickException(f"unknown network among: {', '.join(networks)}") from None
    except Invalid as refusal:
        raise click.ClickException("; ".join(refusal.fields.values())) from None
    click.echo(f"{account.email} organises: {slugs}")
    if generated:
        click.echo(f"password: {generated}")
