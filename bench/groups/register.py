"""Registrations over HTTP on one hot event, and 200 people at once on 50 places."""

import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator

from flask import Flask
from sqlalchemy import func, select

from bench import load
from bench.house import DATABASES, ROOT, House, database, redis_server, scratch
from bench.report import Line, Result, at_least, percentile
from eventhub import clock
from eventhub.db import session, transaction
from eventhub.events.models import Event, SeatPool
from eventhub.networks.service import add_network
from eventhub.registrations.models import Registration

RUNS = 5
CLIENTS = 8
CROWD, PLACES = 200, 50


def run(full: bool) -> Iterator[Line]:
    """Measure both databases."""
    each = 60 if full else 20
    rounds = 10 if full else 3
    medians = {}
    for kind in DATABASES:
        with (
            scratch() as folder,
            database(kind, folder) as url,
            redis_server(folder) as redis_url,
            House(folder, url, redis_url) as house,
        ):
            app = house.app()
            with app.app_context(), transaction():
                network = add_network("BENCH", "Réseau de mesure")
                events = {name: _event(network.id, name) for name in _names(rounds)}
            house.serve()
            rates, seconds, reference = [], [], []
            for number in range(RUNS + 1):  # the first round warms up
                asked = _register(house.port, "hot", each, f"{number}")
                reference.append(_raw(url, each * CLIENTS, *events["hot"]))
                if number:
                    rates.append(asked.rate)
                    seconds += asked.seconds
            line = at_least(
                f"register.vs_raw[{kind}]", rates, "registrations/s", reference[1:], 0.25
            )
            p95 = percentile(seconds, 0.95) * 1000
            yield Result(**{**line.__dict__, "note": f"p95 {p95:.0f} ms, {CLIENTS} clients"})
            medians[kind] = line.value
            yield from _oversell(app, house.port, kind, rounds)
    ratio = medians["sqlite"] / medians["postgresql"]
    yield Result(
        name="register.sqlite_vs_postgresql",
        value=medians["sqlite"],
        unit="registrations/s",
        reference=medians["postgresql"],
        ratio=round(ratio, 3),
        target="ratio >= 1",
        ok=ratio >= 1,
    )


def _names(rounds: int) -> list[str]:
    return ["hot", *(f"crowd-{number}" for number in range(rounds))]


def _event(network_id: int, slug: str) -> tuple[int, int]:
    """Add an event with its places; return its key and its pool's."""
    now, day = clock.now(), clock.today("America/Toronto")
    event = Event(
        network_id=network_id,
        slug=slug,
        kind="meeting",
        title_fr="Rencontre très attendue",
        state="published",
        date_status="confirmed",
        mode="online",
        starts_on=day.replace(year=day.year + 1, day=1),
        registration_open=True,
        created_at=now,
        changed_at=now,
        published_at=now,
    )
    capacity = None if slug == "hot" else PLACES
    pool = SeatPool(event=event, mode="", capacity=capacity)
    session.add_all([event, pool])
    session.flush()
    return event.id, pool.id


def _forms(port: int, slug: str, count: int, mark: str) -> list[bytes]:
    """Open the form so many times, each as another person; return what they will send."""
    path = f"/events/{slug}/register"
    connection = load.Connection(port)
    requests = []
    for number in range(count):
        answer = connection.ask(load.get(path, port))
        assert answer.status == 200, answer.status
        page = answer.body.decode()
        email = f"personne-{mark}-{number}@example.org"
        fields = {
            "csrf_token": _hidden(page, "csrf_token"),
            "form_key": _hidden(page, "form_key"),
            "name": f"Personne {number}",
            "email": email,
            "organisation": "",
            "website": "",
        }
        cookie = answer.headers["set-cookie"].partition(";")[0]
        requests.append(load.post(path, port, urllib.parse.urlencode(fields).encode(), cookie))
    connection.close()
    return requests


def _hidden(page: str, name: str) -> str:
    for tag in re.findall(r"<input[^>]*>", page):
        if f'name="{name}"' in tag:
            found = re.search(r'value="([^"]*)"', tag)
            assert found is not None
            return found[1]
    raise AssertionError(f"no field {name!r} on the page")


def _register(port: int, slug: str, each: int, mark: str) -> load.Asked:
    requests = [_forms(port, slug, each, f"{mark}-{client}") for client in range(CLIENTS)]
    asked = load.ask_all(port, requests)
    assert set(asked.statuses) == {303}, set(asked.statuses)
    return asked


def _raw(url: str, count: int, event_id: int, pool_id: int) -> float:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.references.raw_registration"),
            *(url, str(count), str(CLIENTS), str(event_id), str(pool_id)),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def _oversell(app: Flask, port: int, kind: str, rounds: int) -> Iterator[Line]:
    """Let 200 people press the button at once, and count the places."""
    confirmed, slowest = [], []
    faults = 0
    for number in range(rounds):
        slug = f"crowd-{number}"
        requests = [[request] for request in _forms(port, slug, CROWD, f"c{number}")]
        asked = load.ask_all(port, requests)
        faults += sum(status >= 500 for status in asked.statuses)
        slowest.append(percentile(asked.seconds, 0.95))
        with app.app_context():
            session.rollback()
            confirmed.append(
                session.scalar(
                    select(func.count())
                    .select_from(Registration)
                    .join(Event)
                    .where(Event.slug == slug, Registration.state == "confirmed")
                )
                or 0
            )
    p95 = percentile(slowest, 0.5)
    exact = set(confirmed) == {PLACES} and not faults
    yield Result(
        name=f"register.oversell[{kind}]",
        value=float(max(confirmed)),
        unit="places",
        target=f"exactly {PLACES}, no 500, p95 <= 1 s",
        ok=exact and p95 <= 1,
        runs=[float(number) for number in confirmed],
        note=f"{CROWD} at once, {faults} faults, p95 {p95:.2f} s",
    )
