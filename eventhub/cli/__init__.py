"""Commands: `eventhub ...`, one module per subject, thin."""

import click
from flask import Flask


def init_cli(app: Flask) -> None:
    """Register every command on the application."""
    from eventhub.cli import accounts, mail, programme, roles, translations

    app.cli.add_command(accounts.create_organiser)
    app.cli.add_command(programme.import_programme)
    app.cli.add_command(programme.load_demonstration)
    app.cli.add_command(translations.translations)
    app.cli.add_command(mail.test_mail)
    for role in (roles.web, roles.worker, roles.scheduler, roles.migrate):
        app.cli.add_command(role)


def early_commands() -> list[click.Command]:
    """Return the commands that change the settings before there is an application."""
    from eventhub.cli import up

    return [up.up]
