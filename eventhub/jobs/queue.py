"""RQ: the bell, the relay, the workers and the timetable. The only module that knows Redis.

Redis may be away, emptied or replaced at any moment: what is owed is in the outbox, and the
relay puts it in the queue again.
"""

import contextlib
import logging
import os
import signal
import threading
import time
from datetime import UTC, timedelta
from functools import cache
from types import FrameType
from typing import Any

import redis
import structlog
from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue, Worker
from rq.cron import CronScheduler
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.job import Job, JobStatus

from eventhub import clock, outbox, processes
from eventhub.db import drop_inherited_connections, transaction
from eventhub.jobs import tasks
from eventhub.mail import render
from eventhub.settings import Settings, current_settings

log = structlog.get_logger()

#: What people wait for goes before what is sent in bulk.
URGENT, BULK = "urgent", "bulk"
BULK_TASKS = frozenset({"mail.drain"})

RING_TIMEOUT = 0.3  # seconds a request may lose when Redis does not answer
RING_LIMIT = 50  # more rows than this wait for the relay
PATIENCE = 5.0  # seconds that the relay waits for Redis
SILENCE = 5.0  # seconds without ringing after Redis did not answer
JOB_TIMEOUT = 600
FAILURE_TTL = 60
LONGEST_HEARTBEAT = 30  # seconds
RELAY_PAUSE = 1.0
LOOK_AGAIN = timedelta(seconds=2)
TICK_TTL = 55

_IMPATIENT: dict[str, Any] = {
    "socket_connect_timeout": RING_TIMEOUT,
    "socket_timeout": RING_TIMEOUT,
    "retry": Retry(NoBackoff(), 0),
}

#: By address: until when (monotonic) the bell stays silent.
_silent_until: dict[str, float] = {}


class Unreachable(Exception):
    """Redis does not answer. The message is one line fit for a terminal."""


def ring() -> None:
    """Tell the workers what the transaction just committed owes. Best effort, never raises."""
    added = outbox.take_added()
    url = current_settings().redis_url
    if not added or len(added) > RING_LIMIT or not url:
        return
    if time.monotonic() < _silent_until.get(url, 0.0):
        return
    try:
        for row_id, task in added:
            enqueue(row_id, task, _bell(url))
    except (redis.RedisError, OSError) as error:
        _silent_until[url] = time.monotonic() + SILENCE
        log.warning("bell.silent", error=type(error).__name__)


def enqueue(row_id: int, task: str, connection: "redis.Redis") -> bool:
    """Put one outbox row in the queue. False when it is being done at this moment."""
    queue = Queue(BULK if task in BULK_TASKS else URGENT, connection=connection)
    job_id = f"outbox-{row_id}"
    for _attempt in range(2):
        try:
            queue.enqueue_call(
                "eventhub.jobs.queue.perform",
                args=(row_id,),
                job_id=job_id,
                unique=True,
                timeout=JOB_TIMEOUT,
                result_ttl=0,
                failure_ttl=FAILURE_TTL,
                description=f"{task} {row_id}",
            )
        except DuplicateJobError:
            status = _state_of(job_id, queue)
            if status != "lost":
                return status == "queued"
        else:
            return True
    return False


def perform(row_id: int) -> None:
    """Do one outbox row: what RQ calls in a work-horse."""
    tasks.run_task(row_id)


def tick() -> None:
    """Do what is due every minute: what RQ's timetable calls in a work-horse."""
    tasks.run_ticks()


def relay(connection: "redis.Redis") -> int:
    """Put what is due in the queue; return how many rows. Raises redis.RedisError."""
    connection.ping()
    if outbox.oldest_due() is None:  # a look that takes no lock
        return 0
    with transaction():
        due = outbox.claim_due()
    early: list[int] = []
    waiting = list(due)
    try:
        while waiting:
            row_id, task = waiting[0]
            if not enqueue(row_id, task, connection):
                early.append(row_id)
            waiting.pop(0)
    finally:
        early += [row_id for row_id, _task in waiting]
        if early:
            with transaction():
                for row_id in early:
                    outbox.postpone(row_id, LOOK_AGAIN)
    return len(due)


def run_scheduler(app: Flask) -> None:
    """Relay what is owed every second and keep the timetable, until SIGTERM or Ctrl-C."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    settings = _settings(app)
    connection = redis.Redis.from_url(
        settings.redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
    )
    timetable = CronScheduler(connection, logging_level=logging.WARNING)
    timetable.register(
        tick, URGENT, cron="* * * * *", job_timeout=JOB_TIMEOUT, result_ttl=0, ttl=TICK_TTL
    )
    born = away = False
    while not stop.is_set():
        try:
            if not born:
                timetable.register_birth()
                born = True
            with app.app_context():
                relay(connection)
            if timetable.enqueue_jobs():
                timetable.save()
                timetable.heartbeat()
            away = False
        except (redis.RedisError, OSError) as error:
            if not away:
                log.warning("relay.redis_away", error=type(error).__name__)
            away = True
        except Exception:  # the next second tries again
            log.exception("relay.failed")
        stop.wait(RELAY_PAUSE)
    if born and not away:
        timetable.register_death()


def run_worker(app: Flask, name: str | None = None) -> bool:
    """Do what is in the queue until SIGTERM or Ctrl-C; False when it ended by itself."""
    settings = _settings(app)
    connection = redis.Redis.from_url(settings.redis_url)
    queues = [Queue(queue, connection=connection) for queue in (URGENT, BULK)]
    beat = max(1, min(LONGEST_HEARTBEAT, settings.lease_seconds // 4))
    worker = HubWorker(queues, connection=connection, name=name, job_monitoring_interval=beat)
    worker.app = app
    render.warm()
    worker.work(logging_level="WARNING")
    return worker.was_asked_to_stop


class HubWorker(Worker):
    """RQ's worker, whose work-horses have an application and stop at the end of a step."""

    app: Flask
    was_asked_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop after the job in hand, and ask the work-horse to cut it short."""
        self.was_asked_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def handle_warm_shutdown_request(self) -> None:
        """Pass the request on to the work-horse."""
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)

    def setup_work_horse_signals(self) -> None:
        """In the work-horse: SIGTERM (also when the worker dies) ends the step in hand."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda _number, _frame: tasks.stop_requested.set())
        processes.die_with_parent(signal.SIGTERM)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """In the work-horse: its own connections, its own application context."""
        with self.app.app_context():
            drop_inherited_connections()
            super().main_work_horse(job, queue)


def check(url: str) -> None:
    """Raise Unreachable, with one line that says why, when Redis does not answer."""
    try:
        with redis.Redis.from_url(url, **_IMPATIENT) as connection:
            connection.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        raise Unreachable(f"Redis can't be reached ({type(error).__name__})") from None


def _state_of(job_id: str, queue: Queue) -> str:
    """Return what became of a job that has an entry: queued, running, or lost."""
    try:
        job = Job.fetch(job_id, connection=queue.connection)
    except NoSuchJobError:
        return "lost"
    status = job.get_status(refresh=False)
    if status == JobStatus.QUEUED and queue.get_job_position(job_id) is not None:
        return "queued"
    seen = job.last_heartbeat or job.enqueued_at
    lease = timedelta(seconds=current_settings().lease_seconds)
    alive = seen is not None and clock.now() - seen.replace(tzinfo=UTC) < lease
    if alive and status in {JobStatus.QUEUED, JobStatus.STARTED}:
        return "running"
    job.delete()
    return "lost"


def _settings(app: Flask) -> Settings:
    settings: Settings = app.extensions["eventhub_settings"]
    return settings


@cache
def _bell(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, **_IMPATIENT)
