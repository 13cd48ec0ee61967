"""The SMTP sink: postfix's `smtp-sink` where it is installed, ours in C elsewhere."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from bench.house import free_port

SOURCE = Path(__file__).parent / "sink.c"


class NoSink(Exception):
    """Neither `smtp-sink` nor a C compiler is here."""


class Sink:
    """A running sink. ``count()`` is None where it can't tell how many messages came."""

    def __init__(self, process: subprocess.Popen[str], port: int, *, counts: bool) -> None:
        self.port = port
        self._process, self._counts = process, counts

    def count(self) -> int | None:
        """Return how many messages came so far."""
        if not self._counts:
            return None
        self._process.send_signal(signal.SIGUSR1)
        assert self._process.stdout is not None
        return int(self._process.stdout.readline().split()[1])


@contextlib.contextmanager
def sink(folder: Path) -> Iterator[Sink]:
    """Run a sink on a free port. Raises NoSink."""
    installed = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin")
    if installed:
        port = free_port()
        options = ["-u", "nobody"] if os.geteuid() == 0 else []
        process = subprocess.Popen(
            [installed, *options, f"127.0.0.1:{port}", "512"], stdout=subprocess.PIPE, text=True
        )
        time.sleep(0.5)  # it tells nobody when it listens
    else:
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if not compiler:
            raise NoSink("neither smtp-sink nor a C compiler is installed")
        binary = folder / "sink"
        subprocess.run([compiler, "-O2", "-o", binary, SOURCE], check=True)
        process = subprocess.Popen([binary, "0"], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        port = int(process.stdout.readline().split()[1])
    try:
        yield Sink(process, port, counts=not installed)
    finally:
        process.terminate()
        process.wait()
