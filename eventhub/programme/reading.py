"""A programme's four files into values: what each cell means, and what it may not be.

Pure: no database. A file is taken whole or not at all, and all its problems are told at once.
An empty cell means that the document does not say.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from itertools import groupby
from pathlib import Path

from eventhub.events.models import AUDIENCES, DATE_STATUSES, KINDS, MODES
from eventhub.programme.checks import ZONES, Checker
from eventhub.programme.tables import (
    Findings,
    Problem,
    ProgrammeRefused,
    Row,
    quoted,
    read_table,
)
from eventhub.subscriptions.models import CADENCES

EVENTS = "events.csv"
ORGANISATIONS = "organizations.csv"
COLLEGES = "colleges.csv"
NEWSLETTERS = "newsletters.csv"

EVENT_COLUMNS = (
    "key",
    "event_key",
    "network",
    "kind",
    "title_fr",
    "series",
    "cohort",
    "starts_on",
    "start_time",
    "ends_on",
    "end_time",
    "time_zone",
    "date_status",
    "mode",
    "audience",
    "note",
    "source",
)
COLUMNS: dict[str, tuple[str, ...]] = {
    EVENTS: EVENT_COLUMNS,
    ORGANISATIONS: ("network", "name", "sector", "source"),
    COLLEGES: ("network", "body", "college", "seats"),
    NEWSLETTERS: ("network", "name", "cadence", "rule", "source"),
}
# What every row of one event says alike.
SHARED = (
    "network",
    "kind",
    "title_fr",
    "series",
    "time_zone",
    "date_status",
    "mode",
    "audience",
)
MAX_SEATS = 10_000
KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,119}")


@dataclass(frozen=True)
class Sitting:
    """When one row takes place, in local dates and times, and its group of a training."""

    key: str
    cohort: str
    starts_on: date | None
    start_time: time | None
    ends_on: date | None
    end_time: time | None
    month: str | None
    note: str


@dataclass(frozen=True)
class EventEntry:
    """One event of a programme, with the rows it was read from."""

    network: str
    key: str
    kind: str
    title_fr: str
    series: str
    time_zone: str
    date_status: str
    mode: str
    audience: str
    sittings: tuple[Sitting, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class OrganisationEntry:
    """A member organisation of a network."""

    network: str
    key: str
    sector: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class CollegeEntry:
    """The seats that a body keeps for one college."""

    network: str
    body: str
    college: str
    seats: int
    rows: tuple[Row, ...]

    @property
    def key(self) -> str:
        """What names this college in its network."""
        return f"{self.body} / {self.college}"


@dataclass(frozen=True)
class NewsletterEntry:
    """A newsletter of a network, with its cadence and its rule in words."""

    network: str
    key: str
    cadence: str
    rule: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Programme:
    """All that the four files say."""

    events: tuple[EventEntry, ...]
    organisations: tuple[OrganisationEntry, ...]
    colleges: tuple[CollegeEntry, ...]
    newsletters: tuple[NewsletterEntry, ...]

    @property
    def networks(self) -> list[str]:
        """The codes of the networks, in the order in which they are first named."""
        named = [
            *(entry.network for entry in self.events),
            *(entry.network for entry in self.organisations),
            *(entry.network for entry in self.colleges),
            *(entry.network for entry in self.newsletters),
        ]
        return list(dict.fromkeys(named))


def read_programme(folder: Path, known_networks: Iterable[str] = ()) -> Programme:
    """Return the programme of a folder's four files.

    The networks are those that ``events.csv`` names and ``known_networks``: the other files may
    not name another. Raises ProgrammeRefused with every problem of every file (bounded).
    """
    if not folder.is_dir():
        raise ProgrammeRefused([Problem(str(folder), 0, "", "is not a folder")])
    findings = {name: Findings(name) for name in COLUMNS}
    tables = {
        name: read_table(folder / name, columns, findings[name])
        for name, columns in COLUMNS.items()
    }
    events = _events(tables[EVENTS], findings[EVENTS])
    networks = {*known_networks, *(row.cells["network"] for row in tables[EVENTS])}
    if findings[EVENTS].problems:
        networks = set()  # a refused row may have named it: accuse nobody of not knowing
    programme = Programme(
        events=tuple(events),
        organisations=tuple(
            _organisations(tables[ORGANISATIONS], findings[ORGANISATIONS], networks)
        ),
        colleges=tuple(_colleges(tables[COLLEGES], findings[COLLEGES], networks)),
        newsletters=tuple(_newsletters(tables[NEWSLETTERS], findings[NEWSLETTERS], networks)),
    )
    problems = [problem for each in findings.values() for problem in each.listed()]
    if problems:
        raise ProgrammeRefused(problems)
    return programme


def _events(rows: list[Row], findings: Findings) -> list[EventEntry]:
    read = [(row, _sitting(row, findings)) for row in rows]
    _no_duplicates(rows, ("key",), findings)
    entries = []
    by_event = sorted(read, key=lambda pair: pair[0].cells["event_key"])
    for event_key, group in groupby(by_event, key=lambda pair: pair[0].cells["event_key"]):
        pairs = list(group)
        first = pairs[0][0]
        _agreement([row for row, _ in pairs], findings)
        cells = first.cells
        entries.append(
            EventEntry(
                network=cells["network"],
                key=event_key,
                kind=cells["kind"],
                title_fr=cells["title_fr"],
                series=cells["series"],
                time_zone=cells["time_zone"],
                date_status=cells["date_status"],
                mode=cells["mode"],
                audience=cells["audience"],
                sittings=tuple(sitting for _, sitting in pairs),
                rows=tuple(row for row, _ in pairs),
            )
        )
    return sorted(entries, key=lambda entry: entry.rows[0].line)


def _sitting(row: Row, findings: Findings) -> Sitting:
    """Check one row of ``events.csv`` and return when it takes place."""
    cells = row.cells
    check = Checker(row, findings)
    for column in ("key", "event_key"):
        check.pattern(column, KEY, "lower-case letters, digits, '-', '_' and '.'")
    check.network()
    check.one_of("kind", KINDS)
    check.required("title_fr")
    check.one_of("date_status", DATE_STATUSES)
    check.one_of("mode", MODES)
    check.one_of("audience", AUDIENCES)
    check.lengths()
    time_zone = cells["time_zone"]
    if check.required("time_zone") and time_zone not in ZONES:
        check.refuse("time_zone", f"{quoted(time_zone)} is not a time zone's name (IANA)")
        time_zone = ""
    starts_on, month = check.day_or_month("starts_on")
    ends_on, end_month = check.day_or_month("ends_on")
    start_time, end_time = check.hour("start_time"), check.hour("end_time")
    if end_month and end_month != month:
        check.refuse("ends_on", "a month alone can only repeat the month of starts_on")
    if cells["ends_on"] and not cells["starts_on"]:
        check.refuse("ends_on", "there is an end without a start")
    if ends_on and month:
        check.refuse("ends_on", "the day of the end is given but not the day of the start")
    if cells["start_time"] and starts_on is None and not check.refused("starts_on"):
        check.refuse("start_time", "there is a time without a date")
    if cells["end_time"] and not cells["start_time"]:
        check.refuse("end_time", "there is a time of the end without a time of the start")
    if cells["date_status"] == "confirmed" and not starts_on and not check.refused("starts_on"):
        check.refuse("date_status", "a confirmed date needs a day in starts_on")
    last = ends_on or starts_on
    if starts_on and last:
        check.order(starts_on, start_time, last, end_time, time_zone)
    return Sitting(
        key=cells["key"],
        cohort=cells["cohort"],
        starts_on=starts_on,
        start_time=start_time,
        ends_on=last,
        end_time=end_time,
        month=month,
        note=cells["note"],
    )


def _agreement(rows: list[Row], findings: Findings) -> None:
    """Check that the rows of one event say the same of it, and differ where they must."""
    first, *others = rows
    for row in others:
        for column in SHARED:
            given, expected = row.cells[column], first.cells[column]
            if given != expected:
                findings.add(
                    row.line,
                    column,
                    f"{quoted(given)} disagrees with line {first.line} of the same event, "
                    f"which says {quoted(expected)}",
                )
        if bool(row.cells["cohort"]) != bool(first.cells["cohort"]):
            findings.add(
                row.line,
                "cohort",
                f"either every row of an event names a group or none does (see line {first.line})",
            )
    if others:
        for row in rows:
            if len(row.cells["starts_on"]) < len("YYYY-MM-DD"):
                findings.add(
                    row.line, "starts_on", "an event of several rows needs the day of each row"
                )


def _organisations(
    rows: list[Row], findings: Findings, networks: set[str]
) -> list[OrganisationEntry]:
    for row in rows:
        check = Checker(row, findings)
        check.network(networks)
        check.required("name")
        check.lengths()
    _no_duplicates(rows, ("network", "name"), findings)
    return [
        OrganisationEntry(
            network=row.cells["network"],
            key=row.cells["name"],
            sector=row.cells["sector"],
            rows=(row,),
        )
        for row in rows
    ]


def _colleges(rows: list[Row], findings: Findings, networks: set[str]) -> list[CollegeEntry]:
    entries = []
    for row in rows:
        cells = row.cells
        check = Checker(row, findings)
        check.network(networks)
        check.required("body")
        check.required("college")
        check.lengths()
        seats = 0
        if check.required("seats"):
            if re.fullmatch(r"[0-9]{1,5}", cells["seats"]) and int(cells["seats"]) <= MAX_SEATS:
                seats = int(cells["seats"])
            else:
                check.refuse("seats", f"{quoted(cells['seats'])} is not a number of seats")
        entries.append(
            CollegeEntry(
                network=cells["network"],
                body=cells["body"],
                college=cells["college"],
                seats=seats,
                rows=(row,),
            )
        )
    _no_duplicates(rows, ("network", "body", "college"), findings)
    return entries


def _newsletters(rows: list[Row], findings: Findings, networks: set[str]) -> list[NewsletterEntry]:
    for row in rows:
        check = Checker(row, findings)
        check.network(networks)
        check.required("name")
        check.one_of("cadence", CADENCES)
        check.lengths()
    _no_duplicates(rows, ("network", "name"), findings)
    return [
        NewsletterEntry(
            network=row.cells["network"],
            key=row.cells["name"],
            cadence=row.cells["cadence"],
            rule=row.cells["rule"],
            rows=(row,),
        )
        for row in rows
    ]


def _no_duplicates(rows: list[Row], columns: tuple[str, ...], findings: Findings) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = tuple(row.cells[column] for column in columns)
        if key in seen and all(key):
            findings.add(row.line, columns[-1], f"{quoted(key[-1])} is on line {seen[key]} already")
        seen.setdefault(key, row.line)
