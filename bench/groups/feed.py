"""The feed of a network with 10,000 events: kept, after a change, and when nothing changed."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from bench import load
from bench.house import House, database, scratch
from bench.references import icalendar_feed
from bench.report import Line, Result, at_most, median
from eventhub import clock
from eventhub.db import public_id, session, transaction
from eventhub.events.models import Event
from eventhub.networks.models import Network
from eventhub.networks.service import add_network, touch_calendar

EVENTS = 10_000
RUNS = 7
PATH = "/calendars/bench.ics"
DESCRIPTION = "Une journée d’échanges et de ressourcement, en personne ou à distance. " * 4


def run(full: bool) -> Iterator[Line]:
    """Measure one process of the web server, asked by one client."""
    with scratch() as folder, database("sqlite", folder) as url, House(folder, url) as house:
        app = house.app()
        with app.app_context():
            fill(EVENTS)
            reference = [_build_with_icalendar(house) for _ in range(3)]
        house.serve()
        connection = load.Connection(house.port)
        first, answer = _ask(connection, house.port)
        found = answer.body.count(b"BEGIN:VEVENT")
        assert found == EVENTS, f"{found} events are in the feed"
        warm = [_ask(connection, house.port)[0] for _ in range(RUNS)]
        yield at_most("feed.10k_warm", warm, "ms", 25, f"{len(answer.body) / 1e6:.1f} MB")
        changed = []
        for number in range(RUNS):
            with app.app_context(), transaction():
                _change_one(number)
            seconds, answer = _ask(connection, house.port)
            assert f"Changé {number}".encode() in answer.body
            changed.append(seconds)
        yield Result(
            name="feed.10k_changed",
            value=round(median(changed), 1),
            unit="ms",
            reference=round(median(reference), 1),
            ratio=round(median(changed) / median(reference), 4),
            target="ratio <= 0.0333",
            ok=median(changed) / median(reference) <= 1 / 30,
            runs=[round(each, 1) for each in changed],
            note=f"first answer of a new process: {first:.0f} ms",
        )
        etag = answer.headers["etag"]
        unchanged = []
        for _ in range(RUNS * 3):
            milliseconds, answer = _ask(connection, house.port, if_none_match=etag)
            assert (answer.status, answer.body) == (304, b"")
            unchanged.append(milliseconds)
        yield at_most("feed.304", unchanged, "ms", 3)
        connection.close()


def fill(count: int) -> None:
    """Put a network with so many timed, public events in the database."""
    now = clock.now()
    begin = datetime(2027, 1, 4, 14, tzinfo=UTC)
    with transaction():
        network = add_network("BENCH", "Réseau de mesure")
        rows = []
        for number in range(count):
            starts_at = begin + timedelta(days=number % 700, minutes=15 * (number // 700))
            rows.append(
                {
                    "public_id": public_id(),
                    "network_id": network.id,
                    "slug": f"bench-{number}",
                    "kind": "workshop",
                    "title_fr": f"Atelier numéro {number} sur la vie associative",
                    "description_fr": DESCRIPTION,
                    "state": "published",
                    "audience": "public",
                    "date_status": "confirmed",
                    "mode": "in_person",
                    "venue_name": "Centre communautaire",
                    "venue_address": "100, rue de l’Exemple, Québec (Québec)",
                    "starts_on": starts_at.date(),
                    "ends_on": starts_at.date(),
                    "starts_at": starts_at,
                    "ends_at": starts_at + timedelta(hours=2),
                    "created_at": now,
                    "changed_at": now,
                    "published_at": now,
                }
            )
        session.execute(insert(Event), rows)


def _change_one(number: int) -> None:
    network = session.query(Network).filter_by(code="BENCH").one()
    event = session.query(Event).filter_by(slug=f"bench-{number * 37}").one()
    event.title_fr = f"Changé {number}"
    event.sequence += 1
    event.changed_at = clock.now()
    touch_calendar(network.id)


def _ask(connection: load.Connection, port: int, **headers: str) -> tuple[float, load.Answer]:
    request = load.get(PATH, port, **headers)
    began = time.perf_counter()
    answer = connection.ask(request)
    return (time.perf_counter() - began) * 1000, answer


def _build_with_icalendar(house: House) -> float:
    events = session.query(Event).all()
    began = time.perf_counter()
    icalendar_feed.build(events, house.settings.identity_domain)
    return (time.perf_counter() - began) * 1000
