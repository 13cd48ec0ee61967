"""`eventhub up` with nothing but a folder: what it brings, what it survives, what it refuses."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.mailserver import free_port

ROOT = Path(__file__).resolve().parents[2]
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
PATIENCE = 60  # seconds, on a machine that is busy with the rest of the suite


class Up:
    """A supervisor on its own folder, with its embedded Valkey and mail catcher."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "var"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._output = folder / "output.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return once the terminal says that it is ready."""
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "eventhub", "up"],
                cwd=ROOT,
                env=environment(PORT=str(self.port), DATA_DIR=str(self.data_dir)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait(lambda: "EventHub is ready" in self.output(), "ready", self.output)

    def output(self) -> str:
        """What the terminal shows."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def value(self, label: str) -> str:
        """What stands after a label on the terminal."""
        line = next(line for line in self.output().splitlines() if line.strip().startswith(label))
        return line.split()[-1]

    def get(self, path: str) -> str:
        """A page."""
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return answer.read().decode()

    def answers(self) -> bool:
        """Whether the site answers."""
        try:
            return bool(self.get("/healthz"))
        except (urllib.error.URLError, OSError, http.client.HTTPException):
            return False

    def family(self) -> list[int]:
        """The supervisor and every process below it."""
        assert self.process is not None
        found, ahead = [], [self.process.pid]
        while ahead:
            pid = ahead.pop()
            found.append(pid)
            below = subprocess.run(
                ["pgrep", "-P", str(pid)], check=False, capture_output=True, text=True
            )
            ahead += [int(child) for child in below.stdout.split()]
        return found

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Stop; the exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(20)


def environment(**changed: str) -> dict[str, str]:
    """The little that the processes of a test may know of the machine's settings."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return kept | changed


def wait(until: Callable[[], bool], what: str, shown: Callable[[], str]) -> None:
    """Return once something is so; a failure that shows the terminal otherwise."""
    deadline = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < deadline, f"{what}: not in {PATIENCE} s\n{shown()}"
        time.sleep(0.05)  # between two looks; the deadline decides


def lives(pid: int) -> bool:
    """Whether a process is there and is not a zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    found = Up(tmp_path)
    found.start()
    family = found.family()
    yield found
    if found.process is not None and found.process.poll() is None:
        found.process.kill()
        found.process.wait()
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_the_first_start_says_where_everything_is_and_the_next_one_finds_it_again(up: Up):
    assert "EventHub" in up.get("/")
    assert "BEGIN:VCALENDAR" in up.get(urllib.parse.urlsplit(up.value("A calendar")).path)
    assert "<h1" in up.get("/dev/mailbox")
    password = up.value("password")
    assert (up.data_dir / "organiser-password").read_text() == password
    assert up.stop() == 0
    assert not up.answers()
    up.start()
    assert up.value("password") == password


def test_a_child_that_is_killed_is_started_again(up: Up):
    assert up.process is not None
    before = [pid for pid in up.family() if pid != up.process.pid]
    for pid in before:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait(lambda: not any(lives(pid) for pid in before), "all gone", up.output)
    wait(up.answers, "the site again", up.output)
    wait(lambda: '"ready":true' in ready(up), "everything again", up.output)
    assert not set(before) & set(up.family())
    assert up.stop() == 0


def ready(up: Up) -> str:
    """What `/readyz` says, without its spaces."""
    with suppress(urllib.error.URLError, OSError, http.client.HTTPException):
        return up.get("/readyz").replace(" ", "")
    return ""


def test_nothing_outlives_a_supervisor_that_is_killed(up: Up):
    family = up.family()
    assert len(family) >= 8, "supervisor, valkey, catcher, web (2), scheduler, two workers"
    assert up.process is not None
    up.process.kill()
    up.process.wait()
    wait(lambda: not any(lives(pid) for pid in family), "nobody left", up.output)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_within_seconds_and_leaves_nobody_behind(up: Up, how: signal.Signals):
    family = up.family()
    started = time.monotonic()
    assert up.stop(how) == 0
    assert time.monotonic() - started < 8
    assert not any(lives(pid) for pid in family)


def refused(*arguments: str, **settings: str) -> str:
    """Run a command that must refuse: one line on stderr, nothing else, a non-zero exit."""
    done = subprocess.run(
        [sys.executable, "-m", "eventhub", *arguments],
        cwd=ROOT,
        env=environment(**settings),
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode != 0
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "var")


def test_a_taken_port_is_one_clear_line(folder: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"PORT: {port} is taken" in refused("up", PORT=port, DATA_DIR=folder)


def test_a_wrong_value_is_one_clear_line(folder: str):
    assert "PORT: " in refused("up", PORT="many", DATA_DIR=folder)
    assert "DATABASE_URL: " in refused("up", DATABASE_URL="mysql://a/b", DATA_DIR=folder)


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path):
    (tmp_path / "file").write_text("a file, not a folder")
    line = refused("up", PORT=str(free_port()), DATA_DIR=str(tmp_path / "file" / "var"))
    assert "DATA_DIR: " in line
    assert "can't be written" in line


@pytest.mark.parametrize("command", ["up", "migrate"])
def test_a_database_that_does_not_answer_is_one_clear_line(folder: str, command: str):
    address = f"postgresql://eventhub@127.0.0.1:{free_port()}/eventhub"
    line = refused(command, PORT=str(free_port()), DATA_DIR=folder, DATABASE_URL=address)
    assert "DATABASE_URL: " in line


@pytest.mark.parametrize("command", ["up", "worker", "scheduler"])
def test_a_redis_that_does_not_answer_is_one_clear_line(folder: str, command: str):
    address = f"redis://127.0.0.1:{free_port()}"
    line = refused(command, PORT=str(free_port()), DATA_DIR=folder, REDIS_URL=address)
    assert "REDIS_URL: " in line


@pytest.mark.parametrize("command", ["web", "scheduler", "worker"])
def test_a_database_that_was_not_migrated_is_one_clear_line(
    folder: str, command: str, valkey_url: str
):
    line = refused(command, PORT=str(free_port()), DATA_DIR=folder, REDIS_URL=valkey_url)
    assert "eventhub migrate" in line


def test_a_second_supervisor_in_the_same_folder_is_refused(up: Up):
    line = refused("up", PORT=str(free_port()), DATA_DIR=str(up.data_dir))
    assert "another `eventhub up`" in line
