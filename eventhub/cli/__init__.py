"""Commands: `eventhub ...`, one module per subject, thin."""

from flask import Flask


def init_cli(app: Flask) -> None:
    """Register every command on the application."""
    from eventhub.cli import accounts, programme, translations

    app.cli.add_command(accounts.create_organiser)
    app.cli.add_command(programme.import_programme)
    app.cli.add_command(programme.load_demonstration)
    app.cli.add_command(translations.translations)
