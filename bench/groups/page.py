"""The public page of an event against a route of the same application that says hello."""

from collections.abc import Iterator

from bench import load
from bench.house import House, database, scratch
from bench.references import hello
from bench.report import Line, Result, at_least, percentile
from eventhub.db import session, transaction
from eventhub.events.models import Event
from eventhub.programme.demonstration import load_demonstration

RUNS = 5
CLIENTS = 4
PAGES = {"page.event": "", "page.list": "/events/"}
TRAINING = "gte-le-soutien-des-pratiques-parentales-liees-au"


def run(full: bool) -> Iterator[Line]:
    """Measure the event's page and, beside it, the list of events."""
    each = 400 if full else 100
    with scratch() as folder, database("sqlite", folder) as url, House(folder, url) as house:
        app = house.app()
        with app.app_context(), transaction():
            load_demonstration()
            event = session.query(Event).filter_by(programme_key=TRAINING).one()
            path = f"/events/{event.slug}"
        house.serve("bench.references.hello")
        hello_rates, pages = [], {name: [] for name in PAGES}
        seconds: dict[str, list[float]] = {name: [] for name in PAGES}
        for number in range(RUNS + 1):  # the first round warms up
            asked = _ask(house.port, hello.PATH, each * 4)
            rounds = {name: _ask(house.port, given or path, each) for name, given in PAGES.items()}
            if number == 0:
                continue
            hello_rates.append(asked.rate)
            for name, found in rounds.items():
                pages[name].append(found.rate)
                seconds[name] += found.seconds
        for name, rates in pages.items():
            line = at_least(name, rates, "pages/s", hello_rates, 0.1)
            p95 = percentile(seconds[name], 0.95) * 1000
            note = f"p95 {p95:.1f} ms with {CLIENTS} clients"
            if name != "page.event":
                yield _without_target(line, note)
            else:
                yield _with_note(line, note)


def _ask(port: int, path: str, each: int) -> load.Asked:
    request = load.get(path, port)
    asked = load.ask_all(port, [[request] * each] * CLIENTS)
    assert set(asked.statuses) == {200}, f"{path} answered {set(asked.statuses)}"
    return asked


def _with_note(line: Result, note: str) -> Result:
    return Result(**{**line.__dict__, "note": note})


def _without_target(line: Result, note: str) -> Result:
    return Result(**{**line.__dict__, "note": note, "target": "none", "ok": None})
