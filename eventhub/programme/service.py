"""Take a programme in: all of it or nothing, and nothing twice."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from eventhub import clock
from eventhub.db import session
from eventhub.events.models import Event
from eventhub.events.service import importing
from eventhub.networks import service as networks
from eventhub.networks.models import Network
from eventhub.programme import rules
from eventhub.programme.models import DemonstrationLoad, ProgrammeEntry
from eventhub.programme.reading import (
    COLLEGES,
    EVENTS,
    NEWSLETTERS,
    ORGANISATIONS,
    EventEntry,
    Programme,
    read_programme,
)
from eventhub.programme.records import COLLEGE, NEWSLETTER, ORGANISATION, Kind
from eventhub.programme.tables import Problem, ProgrammeRefused, Row
from eventhub.registrations.models import Registration

#: Full names of the networks whose documents we know; another is named by its code at first.
NETWORK_NAMES = {
    "AQPSC": "Alliance québécoise de la pédiatrie sociale en communauté",
    "GTE": "Grandissons tous ensemble",
    "PETALES": "PETALES Québec",
    "LAVAL": "Politique régionale de développement social de Laval",
}


@dataclass
class Report:
    """What an import did, by file: how many entries were added, changed, unchanged or kept.

    ``kept`` names what differs from the document because somebody edited it here since, with the
    reason: it was left as it is. ``absent`` counts entries of an earlier import that these files
    no longer name: they stay. ``weeks`` is by how many a demonstration's dates were moved.
    """

    added: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    kept: list[str] = field(default_factory=list)
    absent: Counter[str] = field(default_factory=Counter)
    networks: list[str] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    weeks: int = 0


def import_programme(folder: Path, *, publish: bool = True, demonstration: bool = False) -> Report:
    """Take in the four files of a folder and tell what was done.

    Entries are known by their key: what the document says as before is not touched, what it says
    anew changes that record only, and what somebody edited here since is kept and told. Events
    that are new are published unless ``publish`` is false. Networks that are new are added, as
    demonstration networks when ``demonstration``; the dates of those are moved by the weeks of
    the demonstration's first load, whatever command brings them.

    Raises ProgrammeRefused, with every problem found; nothing was taken then.
    """
    known = [network.code for network in networks.list_networks()]
    programme = read_programme(folder, known)
    return _Import(programme, publish=publish, demonstration=demonstration).run()


def find_offset() -> int | None:
    """Return by how many weeks the demonstration was moved; None: it was never loaded."""
    return session.scalar(select(DemonstrationLoad.offset_weeks))


def list_rows(event: Event) -> list[dict[str, Any]]:
    """Return the document's rows that an event was made from, note and source included."""
    entry = session.scalar(
        select(ProgrammeEntry).where(
            ProgrammeEntry.file == EVENTS, ProgrammeEntry.event_id == event.id
        )
    )
    return entry.rows if entry else []


class _Import:
    """One import: what it knows of the database, and what it did."""

    def __init__(self, programme: Programme, *, publish: bool, demonstration: bool) -> None:
        self._programme = programme
        self._publish = publish
        self._demonstration = demonstration
        self._report = Report()
        self._weeks = find_offset() or 0
        self._entries = {
            (entry.file, entry.network_id, entry.key): entry
            for entry in session.scalars(select(ProgrammeEntry))
        }
        self._named: set[tuple[str, int, str]] = set()

    def run(self) -> Report:
        """Take everything in."""
        by_code = {code: self._network(code) for code in self._programme.networks}
        self._refuse_strangers(by_code)
        events = {
            network.id: {e.programme_key: e for e in importing.list_imported(network.id)}
            for network in by_code.values()
        }
        for event_entry in self._programme.events:
            network = by_code[event_entry.network]
            self._event(network, event_entry, events[network.id].get(event_entry.key))
        for organisation in self._programme.organisations:
            self._record(ORGANISATIONS, ORGANISATION, by_code[organisation.network], organisation)
        for college in self._programme.colleges:
            self._record(COLLEGES, COLLEGE, by_code[college.network], college)
        for newsletter in self._programme.newsletters:
            self._record(NEWSLETTERS, NEWSLETTER, by_code[newsletter.network], newsletter)
        session.flush()
        ids = {network.id for network in by_code.values()}
        for file, network_id, key in self._entries:
            if network_id in ids and (file, network_id, key) not in self._named:
                self._report.absent[file] += 1
        return self._report

    def _network(self, code: str) -> Network:
        network = networks.find_by_code(code)
        if network is None:
            name = NETWORK_NAMES.get(code, code)
            network = networks.add_network(code, name, demonstration=self._demonstration)
            self._report.networks.append(f"{code} ({name})")
        if network.demonstration:
            self._report.weeks = self._weeks
        return network

    def _refuse_strangers(self, by_code: dict[str, Network]) -> None:
        """Refuse a row that moved to another event: a key names a row for ever."""
        home = {
            row["key"]: (entry.network_id, entry.key)
            for entry in self._entries.values()
            if entry.file == EVENTS
            for row in entry.rows
        }
        problems = []
        for entry in self._programme.events:
            here = (by_code[entry.network].id, entry.key)
            for row in entry.rows:
                known = home.get(row.cells["key"], here)
                if known != here:
                    reason = f"this row belongs to the event {known[1]} since an earlier import"
                    problems.append(Problem(EVENTS, row.line, "key", reason))
        if problems:
            raise ProgrammeRefused(problems)

    def _event(self, network: Network, entry: EventEntry, event: Event | None) -> None:
        known = self._find(EVENTS, network, entry.key, entry.rows)
        if known is not None and known.rows == _cells(entry.rows):
            self._report.unchanged[EVENTS] += 1
            return
        values = _values(rules.move(entry, self._weeks if network.demonstration else 0))
        if known is None or event is None:
            if known is not None or event is not None:
                self._keep(EVENTS, entry.key, "it was removed here")
                return
            event = importing.add_imported(network, values, publish=self._publish)
            self._remember(EVENTS, network, entry.key, entry.rows, importing.fingerprint(event))
            self._entries[(EVENTS, network.id, entry.key)].event_id = event.id
            self._report.added[EVENTS] += 1
            return
        reason = _why_not(event, known, values)
        if reason:
            self._keep(EVENTS, entry.key, reason)
            return
        importing.change_imported(event, values)
        self._renew(known, entry.rows, importing.fingerprint(event))

    def _record(self, file: str, kind: Kind[Any, Any], network: Network, entry: Any) -> None:
        known = self._find(file, network, entry.key, entry.rows)
        if known is not None and known.rows == _cells(entry.rows):
            self._report.unchanged[file] += 1
            return
        record = kind.find(network, entry)
        if known is None:
            if record is None:
                record = kind.add(network, entry)
                self._report.added[file] += 1
            else:
                self._keep(file, entry.key, "it was here before the programme")
            self._remember(file, network, entry.key, entry.rows, kind.fingerprint(record))
        elif record is None:
            self._keep(file, entry.key, "it was removed or renamed here")
        elif kind.fingerprint(record) != known.left:
            self._keep(file, entry.key, "it was edited here since")
        else:
            kind.update(record, entry)
            self._renew(known, entry.rows, kind.fingerprint(record))

    def _find(
        self, file: str, network: Network, key: str, rows: tuple[Row, ...]
    ) -> ProgrammeEntry | None:
        self._report.rows[file] += len(rows)
        self._named.add((file, network.id, key))
        return self._entries.get((file, network.id, key))

    def _remember(
        self, file: str, network: Network, key: str, rows: tuple[Row, ...], left: str
    ) -> None:
        now = clock.now()
        entry = ProgrammeEntry(
            file=file,
            network_id=network.id,
            key=key,
            rows=_cells(rows),
            left=left,
            imported_at=now,
            changed_at=now,
        )
        session.add(entry)
        self._entries[(file, network.id, key)] = entry

    def _renew(self, known: ProgrammeEntry, rows: tuple[Row, ...], left: str) -> None:
        known.rows = _cells(rows)
        known.left = left
        known.changed_at = clock.now()
        self._report.changed[known.file] += 1

    def _keep(self, file: str, key: str, reason: str) -> None:
        self._report.kept.append(f"{file}: {key}: {reason}")


def _cells(rows: tuple[Row, ...]) -> list[dict[str, Any]]:
    return [row.cells for row in rows]


def _values(entry: EventEntry) -> importing.ImportedEvent:
    return importing.ImportedEvent(
        key=entry.key,
        kind=entry.kind,
        title_fr=entry.title_fr,
        series=entry.series,
        time_zone=entry.time_zone,
        date_status=entry.date_status,
        month=entry.sittings[0].month,
        mode=entry.mode,
        audience=entry.audience,
        sittings=tuple(
            importing.ImportedSitting(
                key=sitting.key,
                cohort=sitting.cohort,
                starts_on=sitting.starts_on,
                start_time=sitting.start_time,
                ends_on=sitting.ends_on,
                end_time=sitting.end_time,
            )
            for sitting in entry.sittings
        ),
    )


def _why_not(event: Event, known: ProgrammeEntry, values: importing.ImportedEvent) -> str:
    """Return why an event may not be brought to what its document says now, or nothing."""
    if event.state == "cancelled":
        return "it is cancelled"
    if importing.fingerprint(event) != known.left:
        return "it was edited here since"
    names = {sitting.cohort for sitting in values.sittings}
    going = [cohort.id for cohort in event.cohorts if cohort.name_fr not in names]
    if going and session.scalar(
        select(Registration.id).where(Registration.cohort_id.in_(going)).limit(1)
    ):
        return "a group that the document no longer names has registrations"
    return ""
