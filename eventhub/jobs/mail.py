"""Sending: one owed mail, or a slice of a batch. Each step is one transaction.

Render and SMTP happen outside of transactions. A process may die anywhere: see
``mail/sending.py`` for what each state then means.
"""

import time
from datetime import timedelta

import structlog

from eventhub import clock
from eventhub.db import transaction
from eventhub.errors import NotFound
from eventhub.jobs import registry
from eventhub.jobs.tasks import stop_requested
from eventhub.mail import batch as batches
from eventhub.mail import emails, mime, render, sending
from eventhub.mail.message import Unneeded
from eventhub.mail.models import Batch, Delivery
from eventhub.mail.rules import UNAVAILABLE_PAUSE, Reply
from eventhub.mail.transport import SmtpRun

log = structlog.get_logger()

#: How long one drain works before it comes back through the queue, behind what is more urgent.
SLICE_SECONDS = 15.0
AT_ONCE = timedelta(0)
UNSAFE = "a header holds a character that no mail may carry"


def deliver(delivery_id: int) -> timedelta | None:
    """Send one owed mail; return how long to wait when it could not leave now."""
    with transaction():
        held = sending.claim(delivery_id)
    if not isinstance(held, Delivery):
        return held
    try:
        message = registry.MESSAGES[held.message](held)
        ready = mime.build(
            message, render.render(message), public_id=held.public_id, date=clock.now()
        )
    except (Unneeded, NotFound):
        with transaction():
            sending.close(held, "cancelled", "no longer needed")
        return None
    except mime.UnsafeHeader:
        with transaction():
            sending.close(held, "refused", UNSAFE)
        return None
    except Exception:
        with transaction():
            sending.release([held])
        raise
    with transaction():
        started = sending.start(held)
    if not started:
        return None
    with SmtpRun() as smtp:
        reply = smtp.send(message.sender.addr_spec, held.address, ready)
    with transaction():
        pause = sending.record(held, reply)
    log.info(
        "mail.attempted",
        message=held.message,
        delivery=held.public_id,
        outcome=reply.outcome,
        code=reply.code,
    )
    return pause


def drain(batch_id: int, lane: int) -> timedelta | None:
    """Send a slice of a batch; return when to come back, None when this lane is not needed.

    Lane 0 stays until the batch is done; the others leave when nothing can be claimed now.
    """
    with transaction():
        sending.reap(batch_id)
    batch = batches.get_batch(batch_id)
    if batch is None or batch.state != "running":
        return None
    source = registry.BATCHES[batch.message]
    with SmtpRun() as smtp:
        piece = _Slice(batch, source, smtp)
        while piece.goes_on():
            with transaction():
                claimed = sending.claim_some(batch_id)
            if not claimed:
                return _rest(batch_id, source, stays=lane == 0)
            piece.send(claimed)
    return UNAVAILABLE_PAUSE if piece.server_is_away else AT_ONCE


def reap() -> None:
    """Take back what vanished senders held, and owe again the jobs of every running batch."""
    with transaction():
        lost = sending.reap()
        for batch_id in batches.list_running():
            batches.owe_lanes(batch_id)
    if lost:
        log.warning("mail.taken_back", deliveries=lost)


class _Slice:
    """A few seconds of one batch: a kept connection, a template per language, the last reply.

    The record of one message and the start of the next share a transaction.
    """

    def __init__(self, batch: Batch, source: batches.BatchSource, smtp: SmtpRun) -> None:
        self._batch, self._source, self._smtp = batch, source, smtp
        self._templates: dict[str, tuple[batches.Template, str]] = {}
        self._sent: tuple[Delivery, Reply] | None = None
        self._ends = time.monotonic() + SLICE_SECONDS
        self.server_is_away = False

    def goes_on(self) -> bool:
        """Tell whether there is time left, a server that answers, and no request to stop."""
        in_time = time.monotonic() < self._ends
        return in_time and not self.server_is_away and not stop_requested.is_set()

    def send(self, claimed: list[Delivery]) -> None:
        """Send what was claimed; what could not be sent in time is put back."""
        personal = self._source.personal(claimed)
        waiting = list(reversed(claimed))
        try:
            while waiting and self.goes_on():
                delivery = waiting.pop()
                self._send_one(delivery, personal.get(delivery.id))
        finally:
            with transaction():
                self._record_last()
                sending.release(claimed)

    def _send_one(self, delivery: Delivery, own: batches.Personal | None) -> None:
        ready, sender = b"", ""
        refusal: tuple[str, str] | None = None
        if own is None:
            refusal = "cancelled", "no longer wanted"
        else:
            template, sender = self._template(delivery.locale)
            try:
                ready = template.assemble(own, public_id=delivery.public_id, date=clock.now())
            except mime.UnsafeHeader:
                refusal = "refused", UNSAFE
        with transaction():
            self._record_last()
            if refusal is not None:
                sending.close(delivery, *refusal)
                return
            started = sending.start(delivery)
        if started:
            reply = self._smtp.send(sender, delivery.address, ready)
            self._sent = delivery, reply
            self.server_is_away = reply.outcome == "unavailable"

    def _template(self, locale: str) -> tuple[batches.Template, str]:
        if locale not in self._templates:
            prepared = self._source.prepare(self._batch, locale)
            sender = prepared.message.sender.addr_spec
            self._templates[locale] = batches.Template(prepared), sender
        return self._templates[locale]

    def _record_last(self) -> None:
        if self._sent is not None:
            sending.record(*self._sent)
            self._sent = None


def _rest(batch_id: int, source: batches.BatchSource, *, stays: bool) -> timedelta | None:
    """Return when the next open delivery is due; close the batch when there is none."""
    due = batches.next_due(batch_id)
    if due is not None:
        return max(due - clock.now(), timedelta(seconds=1)) if stays else None
    with transaction():
        if batches.finish(batch_id):
            batch = batches.get_batch(batch_id)
            if batch is not None:
                source.finished(batch)
    return None


registry.MESSAGES["mail.test"] = emails.test
registry.LONG_TASKS["mail.deliver"] = deliver
registry.LONG_TASKS["mail.drain"] = drain
registry.TICKS["mail.reap"] = reap
