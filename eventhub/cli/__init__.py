"""Commands: `eventhub ...`, one module per subject, thin."""

from flask import Flask


def init_cli(app: Flask) -> None:
    """Register every command on the application."""
    from eventhub.cli import translations

    app.cli.add_command(translations.translations)
