"""Batches: the deliveries of one issue, rendered once per language and personalised by tokens.

A domain registers a ``BatchSource`` under its message's name (``jobs/registry.py`` BATCHES), then:
``batch = open_batch("newsletters.issue", issue.id)``, inserts its deliveries with ``batch_id``,
and ``run(batch)``. Tokens are opaque words, ``@@name-1f2e3d@@`` (see ``token``): the value of a
person replaces them, escaped in HTML and as it is in text.
"""

import binascii
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from eventhub import clock, outbox, tokens
from eventhub.db import session
from eventhub.mail import mime
from eventhub.mail.message import Message
from eventhub.mail.models import OPEN_STATES, Batch, Delivery
from eventhub.mail.render import Rendered

#: How many drain jobs a batch may keep busy at once; a job runs for seconds, then comes back.
LANES = 8

_TOKEN = re.compile(r"(@@[a-z0-9_-]{1,64}@@)")
_SOFT_BREAK = b"=\r\n"


@dataclass(frozen=True)
class Prepared:
    """One language of a batch: everything but what differs from person to person.

    ``message`` gives the headers (its ``recipient``, ``values`` and ``unsubscribe_url`` are not
    looked at); ``rendered`` holds the tokens. Its subject holds none.
    """

    message: Message
    rendered: Rendered


@dataclass(frozen=True)
class Personal:
    """What one person's copy needs: the value of each token, and the headers' own values."""

    recipient: Address
    unsubscribe_url: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class BatchSource:
    """How a domain feeds its batches.

    ``prepare(batch, locale)``: once per language and run. ``personal(deliveries)``: for a claim
    of up to 50 at a time, by the delivery's id; a delivery left out is cancelled (its person is
    not to receive it any more). ``finished(batch)``: in the transaction in which nothing is open
    any more.
    """

    prepare: Callable[[Batch, str], Prepared]
    personal: Callable[[Sequence[Delivery]], Mapping[int, Personal]]
    finished: Callable[[Batch], None]


def token(name: str, secret_id: str) -> str:
    """Return the token ``name`` of one issue: nobody who writes in it can guess the word."""
    return f"@@{name}-{tokens.digest('mail.token', secret_id)[:12]}@@"


def open_batch(message: str, subject_id: int) -> Batch:
    """Return a new batch to which deliveries are being added. Nothing leaves before ``run``."""
    batch = Batch(message=message, subject_id=subject_id, state="preparing", created_at=clock.now())
    session.add(batch)
    session.flush()
    return batch


def run(batch: Batch) -> None:
    """Begin to send, or go on after a pause."""
    if batch.state in {"preparing", "paused", "running"}:
        batch.state = "running"
        owe_lanes(batch.id)


def owe_lanes(batch_id: int) -> None:
    """Owe the jobs that send a running batch; those already owed stay as they are."""
    for lane in range(LANES):
        outbox.add("mail.drain", key=f"mail.drain:{batch_id}:{lane}", batch_id=batch_id, lane=lane)


def pause(batch: Batch) -> None:
    """Hold what has not begun to leave; each sender finishes the message in hand at most."""
    if batch.state == "running":
        batch.state = "paused"


def cancel(batch: Batch) -> None:
    """Stop for good: what has not begun to leave never does."""
    if batch.state not in {"preparing", "running", "paused"}:
        return
    batch.state = "cancelled"
    batch.finished_at = clock.now()
    session.execute(
        update(Delivery)
        .where(Delivery.batch_id == batch.id, Delivery.state != "sending", _open())
        .values(state="cancelled", claim=None, lease_until=None, next_at=None)
        .execution_options(synchronize_session=False)
    )


def progress(batch_id: int) -> dict[str, int]:
    """Return how many deliveries of a batch are in each state."""
    counts = (
        select(Delivery.state, func.count())
        .where(Delivery.batch_id == batch_id)
        .group_by(Delivery.state)
    )
    return {row[0]: row[1] for row in session.execute(counts)}


def get_batch(batch_id: int) -> Batch | None:
    """Return a batch as the database has it now, or None."""
    return session.get(Batch, batch_id, populate_existing=True)


def list_running() -> list[int]:
    """Return the ids of the batches that are being sent."""
    return list(session.scalars(select(Batch.id).where(Batch.state == "running")))


def next_due(batch_id: int) -> datetime | None:
    """Return when the next open delivery of a batch can be tried; None when none is open."""
    waiting = and_(Delivery.batch_id == batch_id, _open())
    due = func.coalesce(Delivery.next_at, Delivery.lease_until, Delivery.created_at)
    # The column's own type reads the moment: an aggregate of an expression has none.
    return session.scalar(select(func.min(due, type_=Delivery.created_at.type)).where(waiting))


def finish(batch_id: int) -> bool:
    """Mark a running batch done when nothing of it is open; True for the one that did it."""
    anything = select(Delivery.id).where(Delivery.batch_id == batch_id, _open()).exists()
    done = session.execute(
        update(Batch)
        .where(Batch.id == batch_id, Batch.state == "running", ~anything)
        .values(state="done", finished_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


class Template:
    """The bytes of one language of a batch, encoded once, with gaps for the tokens."""

    def __init__(self, prepared: Prepared) -> None:
        rendered = prepared.rendered
        mark = f"=_{tokens.digest('mail.boundary', rendered.html)[:24]}".encode()
        shared = mime.headers(prepared.message, rendered.subject)
        head = b"".join(mime.fold(name, value) for name, value in shared)
        self._head = head + (
            b"MIME-Version: 1.0\r\n"
            b'Content-Type: multipart/alternative; boundary="' + mark + b'"\r\n\r\n'
        )
        self._pieces: list[bytes | tuple[str, bool]] = [
            *_part(b"plain", mark),
            *_pieces(rendered.text, is_html=False),
            *_part(b"html", mark),
            *_pieces(rendered.html, is_html=True),
            b"\r\n--" + mark + b"--\r\n",
        ]

    def assemble(self, personal: Personal, *, public_id: str, date: datetime) -> bytes:
        """Return one person's copy, ready for SMTP. Raises mime.UnsafeHeader."""
        own = mime.personal_headers(
            personal.recipient,
            public_id=public_id,
            date=date,
            unsubscribe_url=personal.unsubscribe_url,
        )
        parts = [mime.fold(name, value) for name, value in own]
        parts.append(self._head)
        for piece in self._pieces:
            if isinstance(piece, bytes):
                parts.append(piece)
            else:
                word, is_html = piece
                value = personal.values.get(word, word)
                parts += [_quoted(html.escape(value) if is_html else value), _SOFT_BREAK]
        return b"".join(parts)


def _part(subtype: bytes, mark: bytes) -> list[bytes]:
    return [
        b"\r\n--" + mark + b"\r\nContent-Type: text/" + subtype + b'; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ]


def _pieces(body: str, *, is_html: bool) -> list[bytes | tuple[str, bool]]:
    """Cut a body at its tokens. A soft line break around each keeps the encoding right."""
    pieces: list[bytes | tuple[str, bool]] = []
    for number, piece in enumerate(_TOKEN.split(body)):
        if number % 2:
            pieces.append((piece, is_html))
        elif piece:
            pieces += [_quoted(piece), _SOFT_BREAK]
    return pieces


def _quoted(text: str) -> bytes:
    encoded = binascii.b2a_qp(text.replace("\r\n", "\n").encode(), istext=True)
    return encoded.replace(b"\n", b"\r\n")


def _open() -> Any:
    """Open: still to be sent, or to be tried again."""
    return or_(
        Delivery.state.in_(OPEN_STATES),
        and_(Delivery.state == "uncertain", Delivery.next_at.is_not(None)),
    )
