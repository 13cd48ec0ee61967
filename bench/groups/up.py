"""`eventhub up`, on a data folder that knows its demonstration: how soon, how much memory."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from bench import load
from bench.house import House, memory_of, scratch
from bench.report import Line, at_most, median

RUNS = 5
SETTLES_IN = 3.0  # seconds until the workers have started their first job


def run(full: bool) -> Iterator[Line]:
    """Measure the first start (with the demonstration's load), later starts, and memory."""
    with scratch() as folder:
        first, _ = _start(folder)
        later, memory = [], []
        for _ in range(RUNS):
            seconds, megabytes = _start(folder)
            later.append(seconds)
            memory.append(megabytes)
        yield at_most("up.ready", later, "s", 5, f"first start, with its load: {first:.1f} s")
        yield at_most("up.memory", memory, "MB", 400, f"PSS of all; median {median(memory):.0f}")


def _start(folder: Path) -> tuple[float, float]:
    """Start it; return the seconds to its first answer and its memory some seconds later."""
    house = House(folder, database_url="")
    began = time.perf_counter()
    process = house.run("eventhub", "up")
    try:
        house.wait(process)
        answer = load.Connection(house.port).ask(load.get("/", house.port))
        assert answer.status == 200, answer.status
        seconds = time.perf_counter() - began
        time.sleep(SETTLES_IN)
        megabytes, _processes = memory_of(process.pid)
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGINT)
        house.stop()
    return seconds, megabytes
