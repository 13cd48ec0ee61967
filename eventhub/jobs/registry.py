"""What the workers know by name. Each subject's module in ``jobs/`` adds its own on import.

A subject with something to register has a module ``eventhub/jobs/<subject>.py`` named in
``SUBJECTS``, for example::

    from eventhub.jobs.registry import BATCHES, LONG_TASKS, MESSAGES, TASKS, TICKS
    from eventhub.registrations import emails, service

    MESSAGES["registrations.confirmation"] = emails.confirmation
    TASKS["registrations.promote"] = service.promote
    TICKS["registrations.expire"] = expire      # a function here, with its own transaction()
"""

import importlib
from collections.abc import Callable
from datetime import timedelta

from eventhub.mail.batch import BatchSource
from eventhub.mail.message import Message
from eventhub.mail.models import Delivery

#: Modules of ``eventhub.jobs`` that register something.
SUBJECTS = (
    "accounts",
    "mail",
    "newsletters",
    "registrations",
)

#: Name in the outbox -> a service function, called with the row's arguments **inside** the
#: transaction that also forgets the row: done exactly once.
TASKS: dict[str, Callable[..., object]] = {}

#: Name in the outbox -> a function that opens its own transactions, for work in several steps.
#: It may run twice. It returns None when done, or how long to wait before it is called again.
LONG_TASKS: dict[str, Callable[..., timedelta | None]] = {}

#: Name given to ``mail.service.owe`` -> the builder of the message. It reads, and writes nothing;
#: it raises ``mail.message.Unneeded`` (or ``NotFound``) when the mail has become pointless.
MESSAGES: dict[str, Callable[[Delivery], Message]] = {}

#: Name of a batch's message -> where its contents come from.
BATCHES: dict[str, BatchSource] = {}

#: Called every minute, each alone, without a transaction: it opens its own. It looks up what is
#: due in the database, so that a minute missed (or a second scheduler) changes nothing.
TICKS: dict[str, Callable[[], None]] = {}


def load() -> None:
    """Import every subject's module, so that the tables above are full."""
    for subject in SUBJECTS:
        importlib.import_module(f"eventhub.jobs.{subject}")
