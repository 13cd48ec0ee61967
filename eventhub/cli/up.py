"""`eventhub up`: everything under one supervisor, on one machine, with what it needs."""

import contextlib
import fcntl
import gc
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask
from flask.cli import ScriptInfo

from eventhub import db, links
from eventhub.accounts import service as accounts
from eventhub.cli import embedded, roles
from eventhub.cli.supervisor import Child, Supervisor
from eventhub.db import transaction
from eventhub.errors import Conflict
from eventhub.jobs import queue
from eventhub.mail import render
from eventhub.networks import service as networks
from eventhub.programme import demonstration
from eventhub.programme import service as programme
from eventhub.settings import Settings, SettingsError, current_settings, load_settings

READY_WITHIN = 60.0  # seconds for the first answer, on a slow machine
ORGANISER = "organisation@example.org"
ORGANISER_NAME = "Organisation"
PASSWORD_FILE = "organiser-password"  # noqa: S105  the name of a file


@click.command()
@click.pass_obj
def up(info: ScriptInfo) -> None:
    """Start EventHub here, with everything it needs. Ctrl-C stops it."""
    settings = load_settings()
    with _alone_in(settings.data_dir):
        roles.refuse_taken_port(settings)
        supervisor = Supervisor()
        try:
            _start(info, settings, supervisor)
        finally:
            supervisor.stop()


def _start(info: ScriptInfo, settings: Settings, supervisor: Supervisor) -> None:
    """Start what is needed, in its order, and stay until the end."""
    valkey = _embedded_valkey(settings, supervisor)
    catcher = None
    if not settings.mail_server:
        catcher = embedded.MailCatcher(settings.data_dir)
        os.environ.update(
            MAIL_SERVER="127.0.0.1", MAIL_PORT=str(catcher.port), LOCAL_MAILBOX="true"
        )
    wants_demonstration = settings.demonstration
    if wants_demonstration is None:
        wants_demonstration = catcher is not None
    app = info.load_app()
    with app.app_context():
        db.check()
        db.upgrade()
        db.close_connections()
    _share_memory()
    if catcher is not None:
        supervisor.start(Child("mail catcher", catcher.run, stops_last=True))
    supervisor.start(Child("web", lambda: roles.serve(app, settings)))
    render.warm()
    if valkey is not None:
        embedded.wait_for(valkey)
    _share_memory()
    _start_workers(app, supervisor)
    if wants_demonstration and not supervisor.is_stopping():
        with app.app_context():
            _load_demonstration()
            db.close_connections()
    if supervisor.watch(until=lambda: _answers(settings), seconds=READY_WITHIN):
        with app.app_context():
            for line in _welcome(has_mailbox=catcher is not None):
                click.echo(line)
            db.close_connections()
        supervisor.watch()
    elif not supervisor.is_stopping():
        raise click.ClickException(f"the site did not answer within {READY_WITHIN:.0f} seconds")
    click.echo("EventHub stops.")


def _share_memory() -> None:
    """Keep what is loaded by now shared between the processes forked from here."""
    gc.collect()
    gc.freeze()


def _start_workers(app: Flask, supervisor: Supervisor) -> None:
    settings: Settings = app.extensions["eventhub_settings"]
    supervisor.start(Child("scheduler", lambda: queue.run_scheduler(app)))
    for number in range(1, settings.workers + 1):
        supervisor.start(Child(f"worker {number}", lambda: queue.run_worker(app)))


def _embedded_valkey(settings: Settings, supervisor: Supervisor) -> embedded.EmbeddedValkey | None:
    """Start Valkey, or check the Redis that REDIS_URL names."""
    if settings.redis_url:
        roles.check_redis(settings.redis_url)
        return None
    valkey = embedded.EmbeddedValkey(settings.data_dir)
    valkey.end_orphan()
    supervisor.start(Child("valkey", valkey.run, stops_last=True))
    os.environ["REDIS_URL"] = valkey.url
    return valkey


def _load_demonstration() -> None:
    """Load the demonstration the first time, with an organiser of all its networks."""
    if programme.find_offset() is not None:
        return
    path = current_settings().data_dir / PASSWORD_FILE
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(accounts.generate_password())
    password = path.read_text().strip()
    try:
        with transaction():
            demonstration.load_demonstration()
            slugs = [network.slug for network in networks.list_networks()]
            accounts.create_organiser(ORGANISER, ORGANISER_NAME, slugs, password)
    except Conflict:
        raise click.ClickException(
            "DEMONSTRATION: real networks are here already; nothing was loaded"
        ) from None


def _welcome(*, has_mailbox: bool) -> Iterator[str]:
    """Say where everything is."""
    settings = current_settings()
    known = networks.list_networks()
    password = settings.data_dir / PASSWORD_FILE
    rows = [("The site", links.home())]
    if password.exists() and accounts.find_by_email(ORGANISER) is not None:
        rows += [
            ("Organisers", links.organiser()),
            ("  e-mail", ORGANISER),
            ("  password", password.read_text().strip()),
        ]
    else:
        rows.append(("Organisers", f"{links.organiser()}  (eventhub create-organiser adds one)"))
    if has_mailbox:
        rows.append(("The mailbox", links.mailbox()))
    if known:
        rows.append(("A calendar", links.calendar(known[0].slug)))
    yield ""
    yield "EventHub is ready."
    for name, value in rows:
        yield f"  {name:<12} {value}"
    yield f"Ctrl-C stops it. Its data stay in {settings.data_dir}."
    yield ""


def _answers(settings: Settings) -> bool:
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextlib.contextmanager
def _alone_in(data_dir: Path) -> Iterator[None]:
    """Make the data folder, and be the only supervisor in it."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "up.lock").open("w")
    except OSError as error:
        raise SettingsError(
            f"DATA_DIR: the folder {data_dir} can't be written ({error.strerror})"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise click.ClickException(
                f"DATA_DIR: another `eventhub up` runs in {data_dir}"
            ) from None
        yield
