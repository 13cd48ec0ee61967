"""An issue sent and recorded by RQ workers, against the same bytes sent with no record at all.

First form: messages per second from the first delivery recorded as sent to the last one.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from sqlalchemy import func, insert, select

from bench.groups.feed import DESCRIPTION
from bench.house import DATABASES, ROOT, House, database, redis_server, scratch
from bench.report import Line, NotRun, Result, at_least
from bench.sinks import NoSink, Sink, sink
from eventhub import clock
from eventhub.db import public_id, session, transaction
from eventhub.events.models import Event
from eventhub.jobs import registry
from eventhub.mail import batch as batches
from eventhub.mail.models import Delivery
from eventhub.networks.service import add_network
from eventhub.newsletters.models import Issue
from eventhub.newsletters.rules import Window
from eventhub.newsletters.service import composing, sending
from eventhub.people.models import Person
from eventhub.subscriptions.models import Newsletter, Subscription
from eventhub.subscriptions.service import ISSUE

EVENTS = 8
RUNS = 3
STOPS_AFTER = 300.0  # seconds without the issue being sent
WAYS = {
    "vs_ready_bytes": ("ready", 0.8),
    "vs_naive": ("naive", 6),
    "vs_pipelined": ("pipelined", 0.4),
}


def run(full: bool) -> Iterator[Line]:
    """Measure one and two workers on both databases."""
    count = 20_000 if full else 1_000
    try:
        with scratch() as folder, sink(folder) as target:
            for kind in DATABASES:
                for workers in (1, 2):
                    yield from _measure(folder, target, kind, workers, count, RUNS)
    except NoSink as error:
        yield NotRun("send", str(error))


def _measure(
    folder: Path, target: Sink, kind: str, workers: int, count: int, runs: int
) -> Iterator[Line]:
    name = f"{kind}.{workers}"
    place = folder / name
    place.mkdir()
    with (
        database(kind, place) as url,
        redis_server(place) as redis_url,
        House(place, url, redis_url, MAIL_SERVER="127.0.0.1", MAIL_PORT=str(target.port)) as house,
    ):
        app = house.app()
        with app.app_context():
            newsletter_id = fill(count)
        for _ in range(workers):
            house.run("eventhub", "worker")
        house.run("eventhub", "scheduler")
        rates, references = [], {way: [] for way, _ in WAYS.values()}
        size = 0
        for number in range(runs):
            with app.app_context():
                before = target.count()
                issue_id = _send(newsletter_id, number)
                rates.append(_rate(app, issue_id, count))
                after = target.count()
                if before is not None and after is not None:
                    assert after - before == count, f"{after - before} of {count} came"
                sample = place / "message"
                sample.write_bytes(_sample(issue_id))
                size = sample.stat().st_size
            for way in references:
                references[way].append(_reference(way, target.port, count, workers, sample))
        for suffix, (way, ratio) in WAYS.items():
            line = at_least(f"send.{suffix}[{name}]", rates, "msg/s", references[way], ratio)
            note = f"{size / 1000:.0f} kB, {count:,} messages, {workers} workers"
            yield Result(**{**line.__dict__, "note": note})


def fill(count: int) -> int:
    """Put a newsletter with so many subscribers in the database; return its id."""
    now = clock.now()
    with transaction():
        network = add_network("BENCH", "Réseau de mesure")
        network.from_name, network.from_address = "Réseau de mesure", "bench@example.org"
        network.postal_address = "100, rue de l’Exemple, Québec (Québec)"
        network.phone, network.person_in_charge = "418 555-0100", "Responsable"
        newsletter = Newsletter(
            network=network, slug="bench", name_fr="Infolettre de mesure", created_at=now
        )
        session.add(newsletter)
        first_day = clock.today(network.time_zone)
        session.flush()
        session.execute(
            insert(Event),
            [
                {
                    "public_id": public_id(),
                    "network_id": network.id,
                    "slug": f"bench-{number}",
                    "kind": "workshop",
                    "title_fr": f"Atelier numéro {number} sur la vie associative",
                    "description_fr": DESCRIPTION,
                    "state": "published",
                    "date_status": "confirmed",
                    "mode": "online",
                    "starts_on": first_day,
                    "ends_on": first_day,
                    "created_at": now,
                    "changed_at": now,
                }
                for number in range(EVENTS)
            ],
        )
        for begin in range(0, count, 10_000):
            numbers = range(begin, min(begin + 10_000, count))
            people = [
                {
                    "public_id": public_id(),
                    "name": f"Personne {number}",
                    "email": f"personne-{number}@example.org",
                    "email_key": f"personne-{number}@example.org",
                    "locale": "fr",
                    "created_at": now,
                }
                for number in numbers
            ]
            session.execute(insert(Person), people)
        ids = session.scalars(select(Person.id)).all()
        session.execute(
            insert(Subscription),
            [
                {
                    "public_id": public_id(),
                    "newsletter_id": newsletter.id,
                    "person_id": person_id,
                    "locale": "fr",
                    "state": "confirmed",
                    "created_at": now,
                    "changed_at": now,
                    "confirmed_at": now,
                }
                for person_id in ids
            ],
        )
        return newsletter.id


def _send(newsletter_id: int, number: int) -> int:
    with transaction():
        newsletter = session.get_one(Newsletter, newsletter_id)
        today = clock.today(newsletter.network.time_zone)
        issue = composing.compose(newsletter, Window(today, today))
        issue.subject_fr = f"Numéro {number}"
        for block in issue.blocks:
            if block.kind == "introduction":
                block.text_fr = DESCRIPTION * 6
        session.flush()
        sending.send(issue, issue.version)
        return issue.id


def _rate(app: Flask, issue_id: int, count: int) -> float:
    deadline = time.monotonic() + STOPS_AFTER
    while time.monotonic() < deadline:
        session.rollback()
        issue = session.get_one(Issue, issue_id, populate_existing=True)
        if issue.state == "sent":
            break
        time.sleep(0.25)
    else:
        raise TimeoutError(
            f"the issue was not sent in {STOPS_AFTER:.0f} s: {sending.progress(issue)}"
        )
    found, first, last = session.execute(
        select(func.count(), func.min(Delivery.sent_at), func.max(Delivery.sent_at)).where(
            Delivery.batch_id == issue.batch_id, Delivery.state == "sent"
        )
    ).one()
    assert found == count, f"{found} of {count} are recorded as sent"
    return (count - 1) / float((last - first).total_seconds())


def _sample(issue_id: int) -> bytes:
    """Return one message as it was sent, for the references."""
    session.rollback()
    issue = session.get_one(Issue, issue_id)
    source = registry.BATCHES[ISSUE]
    assert issue.batch is not None
    delivery = session.scalars(
        select(Delivery).where(Delivery.batch_id == issue.batch_id).limit(1)
    ).one()
    own = source.personal([delivery])[delivery.id]
    template = batches.Template(source.prepare(issue.batch, "fr"))
    return template.assemble(own, public_id=delivery.public_id, date=clock.now())


def _reference(way: str, port: int, count: int, processes: int, sample: Path) -> float:
    count = count if way != "naive" else max(count // 5, 200)
    arguments = [way, str(port), str(count), str(processes), str(sample)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.references.smtp", *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)
