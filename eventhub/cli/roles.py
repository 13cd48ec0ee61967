"""`eventhub web`, `worker`, `scheduler`, `migrate`: the roles of the several-machine form."""

import errno
import multiprocessing
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from eventhub import db, processes
from eventhub.jobs import queue
from eventhub.settings import Settings, current_settings

GRACE = 3  # seconds that requests have to end when the web server stops


@click.command()
@with_appcontext
def web() -> None:
    """Serve the pages."""
    settings = current_settings()
    refuse_taken_port(settings)
    _check_database()
    serve(_app(), settings)


@click.command()
@with_appcontext
def worker() -> None:
    """Send mails and do what else is owed."""
    check_redis(current_settings().redis_url)
    _check_database()
    sys.exit(0 if queue.run_worker(_app()) else 1)


@click.command()
@with_appcontext
def scheduler() -> None:
    """Put what is owed in the queue, and keep the timetable."""
    check_redis(current_settings().redis_url)
    _check_database()
    queue.run_scheduler(_app())


@click.command()
@with_appcontext
def migrate() -> None:
    """Bring the database to the present form."""
    db.upgrade()
    click.echo("The database is up to date.")


def serve(app: Flask, settings: Settings) -> None:
    """Serve the pages with granian, in processes forked from this one, until SIGTERM."""
    multiprocessing.set_start_method("fork", force=True)  # so that the loaded code is shared
    from granian.constants import Interfaces
    from granian.server import Server

    def load() -> Callable[..., Any]:
        """In the forked process: forget the parent's connections, hand over the application."""
        processes.die_with_parent(signal.SIGTERM)
        with app.app_context():
            db.drop_inherited_connections()
        return app

    server = Server(
        "eventhub",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_workers,
        blocking_threads=settings.web_threads,
        websockets=False,
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE,
    )
    server.serve(target_loader=load, wrap_loader=False)


def refuse_taken_port(settings: Settings) -> None:
    """Raise ClickException, with one line, when HOST and PORT can't be listened on."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
            probe.listen()
    except (OSError, OverflowError) as error:
        number = error.errno if isinstance(error, OSError) else None
        if number == errno.EADDRINUSE:
            reason = f"PORT: {settings.port} is taken by another program"
        elif number == errno.EACCES:
            reason = f"PORT: {settings.port} may not be opened by this user"
        else:
            reason = f"HOST: can't listen on {settings.host}"
        raise click.ClickException(reason) from None


def _check_database() -> None:
    db.check()
    if not db.is_migrated():
        raise click.ClickException("the database is not up to date: run `eventhub migrate` first")


def check_redis(url: str) -> None:
    """Raise ClickException, with one line, when Redis does not answer."""
    if not url:
        raise click.ClickException("REDIS_URL: no address is set (`eventhub up` brings its own)")
    try:
        queue.check(url)
    except queue.Unreachable as error:
        raise click.ClickException(f"REDIS_URL: {error}") from None


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app
