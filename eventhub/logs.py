"""Structured logs, without personal data: one JSON line each, or words on a terminal.

An error is logged as its class and the places it went through. Messages of exceptions hold values
(addresses, names), so they are never written.
"""

import logging
import sys
import traceback
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor

from eventhub.settings import PACKAGE, Settings

#: Libraries whose warnings would name people, or repeat what we log.
QUIET = ("aiosmtpd", "mail.log", "flask_limiter")


def init_logs(settings: Settings) -> None:
    """Have every log of this process, ours and the libraries', written to stderr."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _without_exception_text,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.set_name("eventhub")
    root = logging.getLogger()
    for known in [known for known in root.handlers if known.get_name() == "eventhub"]:
        root.removeHandler(known)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("eventhub").setLevel(settings.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever stderr is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def describe(error: BaseException) -> str:
    """Return the class of an error and where it came from, without its message.

    Its innermost place, then ours, from the inside out.
    """
    frames = list(reversed(traceback.extract_tb(error.__traceback__)))
    ours = [frame for frame in frames[1:] if frame.filename.startswith(str(PACKAGE))]
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in [*frames[:1], *ours[:5]])
    return f"{type(error).__name__} in {where}" if where else type(error).__name__


def _without_exception_text(_logger: Any, _method: str, event: EventDict) -> EventDict:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = describe(error)
    return event
