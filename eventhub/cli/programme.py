"""`eventhub import-programme` and `eventhub load-demonstration`: the networks' documents."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from flask.cli import with_appcontext

from eventhub.db import transaction
from eventhub.programme import demonstration, service
from eventhub.programme.reading import COLLEGES, EVENTS, NEWSLETTERS, ORGANISATIONS
from eventhub.programme.service import Report
from eventhub.programme.tables import ProgrammeRefused

_WORDS = {
    EVENTS: "events",
    ORGANISATIONS: "organisations",
    COLLEGES: "colleges",
    NEWSLETTERS: "newsletters",
}


@click.command("import-programme")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--drafts", is_flag=True, help="Leave new events as drafts; they are published else.")
@with_appcontext
def import_programme(folder: Path, drafts: bool) -> None:
    """Take in events.csv, organizations.csv, colleges.csv and newsletters.csv from FOLDER.

    All of it, or nothing when something is wrong. Doing it twice changes nothing.
    """
    try:
        with transaction():
            report = service.import_programme(folder, publish=not drafts)
    except ProgrammeRefused as refusal:
        for problem in refusal.problems:
            click.echo(str(problem), err=True)
        click.echo("Nothing was imported.", err=True)
        sys.exit(1)
    for line in _lines(report):
        click.echo(line)


@click.command("load-demonstration")
@with_appcontext
def load_demonstration() -> None:
    """Load the demonstration programme, its season moved ahead of today. Twice changes nothing."""
    try:
        with transaction():
            report = demonstration.load_demonstration()
    except demonstration.NotDemonstration as refusal:
        raise click.ClickException(
            f"the network {refusal} is here already and is a real one: nothing was loaded"
        ) from None
    for line in _lines(report):
        click.echo(line)


def _lines(report: Report) -> Iterator[str]:
    """Say what an import did."""
    for network in report.networks:
        yield f"network added: {network}"
    for file, words in _WORDS.items():
        done = [
            f"{count} {name}"
            for name, count in (
                ("added", report.added[file]),
                ("changed", report.changed[file]),
                ("unchanged", report.unchanged[file]),
            )
            if count
        ]
        entries = report.added[file] + report.changed[file] + report.unchanged[file]
        yield (
            f"{file}: {report.rows[file]} rows, {entries} {words}: {', '.join(done) or 'nothing'}"
        )
        if report.absent[file]:
            yield f"{file}: {report.absent[file]} of earlier imports not named: left as they are"
    for kept in report.kept:
        yield f"kept as it is: {kept}"
    if report.weeks:
        yield f"demonstration: dates are {report.weeks} weeks after the documents'"
