"""EventHub as it really runs: `eventhub up`, with its web server, workers, relay and scheduler.

Used by tests/journeys. Its mail goes to the tests' SMTP server; nothing of it outlives the test.
"""

import http.client
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from eventhub.app import create_app
from eventhub.settings import Settings
from tests.mailserver import MailServer, free_port

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 60  # seconds, on a machine that is busy with the rest of the suite
STOPS_WITHIN = 30
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


@contextmanager
def running(database_url: str, folder: Path) -> Iterator["LiveServer"]:
    """A started house with an SMTP server of its own, stopped at the end of the block."""
    smtp = MailServer()
    smtp.start()
    server = LiveServer(database_url, folder, smtp)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        smtp.stop()


class LiveServer:
    """A supervisor and its processes. `url` is the site; `app` is the same application, here.

    With `factories.use(live.app)` the factories put things in its database.
    """

    def __init__(
        self, database_url: str, folder: Path, smtp: MailServer, **environment: str
    ) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.database_url = database_url
        self.smtp = smtp
        self.log_path = folder / "up.log"
        self.environment = {
            "PORT": str(self.port),
            "DATA_DIR": str(folder / "var"),
            "DATABASE_URL": database_url,
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": str(smtp.port),
            "MAIL_DOMAIN": "hub.example",
            "SECRET_KEY": "a key for tests only",
            "RATE_LIMITS": "false",
        } | environment
        self.app = self._same_application()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The supervisor's process."""
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self) -> None:
        """Start everything and wait until `/readyz` answers 200."""
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "eventhub", "up"],
                cwd=ROOT,
                env=self._whole_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_WITHIN
        while not self.is_ready():
            ended = self._process.poll()
            assert ended is None, f"`eventhub up` ended with {ended}:\n{self.log()}"
            assert time.monotonic() < deadline, f"not ready in {READY_WITHIN} s:\n{self.log()}"
            time.sleep(0.1)  # between two looks; the deadline decides

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Stop as Ctrl-C does; the supervisor's exit code. What hangs is killed and reported."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            return self._process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise AssertionError(
                f"`eventhub up` did not stop in {STOPS_WITHIN} s:\n{self.log()}"
            ) from None
        finally:
            self._process = None

    def is_ready(self) -> bool:
        """Whether `/readyz` answers 200."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == http.HTTPStatus.OK)
        except (urllib.error.URLError, OSError, http.client.HTTPException):
            return False

    def command(self, *arguments: str) -> str:
        """Run `eventhub ...` beside it, with the same settings; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "eventhub", *arguments],
            cwd=ROOT,
            env=self._whole_environment(),
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{arguments} ended with {done.returncode}: {done.stderr}"
        return done.stdout

    def log(self) -> str:
        """The end of what its processes wrote."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")[-8000:]

    def _whole_environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        return kept | {"PYTHONUNBUFFERED": "1"} | self.environment

    def _same_application(self) -> Flask:
        values = {
            name.lower(): value
            for name, value in self.environment.items()
            if name.lower() in Settings.model_fields
        }
        return create_app(Settings(**values))
