"""The `eventhub` command."""

import sys

from flask.cli import FlaskGroup
from sqlalchemy.exc import OperationalError, ProgrammingError

from eventhub import cli
from eventhub.app import create_app
from eventhub.db import DatabaseFailed
from eventhub.settings import SettingsError, load_settings


def main() -> None:
    """Run a command of the application; what can go wrong outside is one clear line."""
    group = FlaskGroup(
        name="eventhub",
        create_app=lambda: create_app(load_settings()),
        add_version_option=False,
        load_dotenv=False,
        set_debug_flag=False,
        help="Events, registrations, calendars and newsletters for networks of non-profits.",
    )
    for command in cli.early_commands():
        group.add_command(command)
    try:
        load_settings()
        group.main(prog_name="eventhub")
    except (SettingsError, DatabaseFailed) as error:
        sys.exit(f"eventhub: {error}")
    except (OperationalError, ProgrammingError) as error:
        cause = str(error.orig).strip().splitlines()[0][:160]
        sys.exit(f"eventhub: the database refuses (`eventhub migrate` done?): {cause}")


if __name__ == "__main__":
    main()
