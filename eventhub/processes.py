"""Processes that end with their parent: nothing stays behind when a supervisor is killed."""

import ctypes
import os
import platform
import signal
import threading
import time

PR_SET_PDEATHSIG = 1
WATCH_PAUSE = 1.0


def die_with_parent(number: signal.Signals, parent: int | None = None) -> None:
    """Have the system signal this process when its parent dies. Call it in the child.

    Linux does it itself (``PR_SET_PDEATHSIG``); elsewhere a thread watches the parent's id.
    ``parent``: its id as known before the fork, for a parent that is already gone.
    """
    known = parent if parent is not None else os.getppid()
    if platform.system() == "Linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != known:
            os.kill(os.getpid(), number)
        return
    threading.Thread(target=_watch, args=(known, number), daemon=True).start()


def _watch(parent: int, number: signal.Signals) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_PAUSE)
    os.kill(os.getpid(), number)
