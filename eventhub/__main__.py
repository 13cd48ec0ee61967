"""The `eventhub` command."""

import sys

from flask.cli import FlaskGroup

from eventhub.app import create_app
from eventhub.settings import SettingsError, load_settings


def main() -> None:
    """Run a command of the application; a wrong setting is one clear line, not a traceback."""
    try:
        app = create_app(load_settings())
    except SettingsError as error:
        sys.exit(f"eventhub: {error}")
    group = FlaskGroup(name="eventhub", create_app=lambda: app, add_version_option=False)
    group.main(prog_name="eventhub")


if __name__ == "__main__":
    main()
