"""A small supervisor: forks children from this loaded process and keeps them running.

Forked children share the memory of the code that is loaded already. A child that ends is started
again, later each time; when this process ends in whatever way, the children end too.
"""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

import structlog

from eventhub import processes

log = structlog.get_logger()

FIRST_PAUSE = 0.2  # seconds before a child that ended is started again
LONGEST_PAUSE = 10.0
PROVEN_AFTER = 20.0  # seconds after which a child counts as healthy again
PATIENCE = 5.0  # seconds that children have to end when asked
TURN = 0.5


@dataclass(eq=False)
class Child:
    """Something to keep running. ``run`` is called in the forked process.

    ``stops_last``: what the others still need while they end.
    """

    name: str
    run: Callable[[], object]
    stops_last: bool = False
    pid: int = 0
    failures: int = 0
    started_at: float = 0.0
    starts_at: float = field(default=0.0)


class Supervisor:
    """Starts, watches, restarts and stops children. One per process, in its main thread."""

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._asked_to_stop = 0
        self._wakes, self._wake = os.pipe()
        for end in (self._wakes, self._wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)

    def is_stopping(self) -> bool:
        """Whether somebody asked for the end (Ctrl-C, SIGTERM)."""
        return self._asked_to_stop > 0

    def start(self, child: Child) -> None:
        """Start a child and keep it running from now on."""
        self._children.append(child)
        self._fork(child)

    def watch(self, until: Callable[[], bool] | None = None, seconds: float = 0.0) -> bool:
        """Look after the children until asked to stop, or ``until()`` is true, or time is over.

        Returns whether ``until()`` became true.
        """
        ends = time.monotonic() + seconds if seconds else float("inf")
        while not self.is_stopping() and time.monotonic() < ends:
            if until is not None and until():
                return True
            self._look()
            select.select([self._wakes], [], [], 0.05 if until is not None else TURN)
            self._drain_wakes()
        return False

    def stop(self) -> None:
        """End every child: asked first, killed after a few seconds."""
        for last in (False, True):
            self._end([child for child in self._children if child.stops_last is last])

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._asked_to_stop += 1

    def _look(self) -> None:
        """Notice who ended, and start again who has waited long enough."""
        for pid, status in _ended():
            for child in self._children:
                if child.pid == pid:
                    self._note_end(child, status)
        now = time.monotonic()
        for child in self._children:
            if not child.pid and now >= child.starts_at:
                self._fork(child)

    def _note_end(self, child: Child, status: int) -> None:
        now = time.monotonic()
        if now - child.started_at > PROVEN_AFTER:
            child.failures = 0
        child.pid = 0
        pause = min(FIRST_PAUSE * 2**child.failures, LONGEST_PAUSE)
        child.failures += 1
        child.starts_at = now + pause
        if not self.is_stopping():
            code = os.waitstatus_to_exitcode(status)
            log.warning("child.ended", child=child.name, code=code, again_in=round(pause, 1))

    def _fork(self, child: Child) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become(child, parent)
        child.pid, child.started_at = pid, time.monotonic()

    def _become(self, child: Child, parent: int) -> None:
        """In the forked process: be the child, then end. Never returns."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.setsid()  # the terminal's Ctrl-C is for the supervisor, which ends us in order
            processes.die_with_parent(signal.SIGTERM, parent)
            result = child.run()
            code = 0 if result is None or result is True else 1
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        except KeyboardInterrupt:
            code = 0
        except BaseException:
            log.exception("child.failed", child=child.name)
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _end(self, children: list[Child]) -> None:
        asked = self._asked_to_stop
        ends = time.monotonic() + PATIENCE
        for child in children:
            _signal(child, signal.SIGTERM)
        while any(child.pid for child in children):
            for pid, _status in _ended():
                for child in self._children:
                    if child.pid == pid:
                        child.pid = 0
            if time.monotonic() > ends or self._asked_to_stop > asked + 1:
                for child in children:
                    if child.pid:
                        log.warning("child.killed", child=child.name)
                    _signal(child, signal.SIGKILL)
                ends = float("inf")
            select.select([self._wakes], [], [], 0.05)
            self._drain_wakes()

    def _drain_wakes(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakes, 4096)


def _signal(child: Child, number: signal.Signals) -> None:
    if child.pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, number)


def _ended() -> list[tuple[int, int]]:
    """Return the children that ended since the last look, with their status."""
    found = []
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            found.append((pid, status))
    return found
