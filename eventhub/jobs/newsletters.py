"""Newsletters: the drafts of the month, and the mails of an issue that leaves."""

import time
from datetime import timedelta

import structlog

from eventhub.db import transaction
from eventhub.jobs import registry
from eventhub.jobs.tasks import stop_requested
from eventhub.mail.batch import BatchSource
from eventhub.newsletters import emails
from eventhub.newsletters.service import composing, sending
from eventhub.subscriptions import emails as subscription_emails
from eventhub.subscriptions import service as subscriptions

log = structlog.get_logger()

#: Seconds between two chunks, in which who waits to write on SQLite gets the turn.
BREATH = 0.1


def freeze(issue_id: int) -> timedelta | None:
    """Owe the mails of an issue, chunk by chunk: each in a transaction of its own."""
    while not stop_requested.is_set():
        with transaction():
            more = sending.owe_deliveries(issue_id)
        if not more:
            return None
        time.sleep(BREATH)
    return timedelta(0)


def compose_due() -> None:
    """Compose the drafts of the month that are not there yet. Nothing is sent by it."""
    for newsletter_id in composing.list_due():
        with transaction():
            issue = composing.compose_due(newsletter_id)
        if issue is not None:
            log.info("newsletters.composed", issue=issue.public_id)


registry.MESSAGES[subscriptions.CONFIRMATION] = subscription_emails.confirm
registry.MESSAGES[composing.DRAFT_READY] = emails.draft_ready
registry.MESSAGES[sending.TEST] = emails.test
registry.BATCHES[subscriptions.ISSUE] = BatchSource(
    prepare=emails.prepare, personal=emails.personal, finished=sending.finish
)
registry.LONG_TASKS[sending.FREEZE] = freeze
registry.TICKS["newsletters.compose_due"] = compose_due
