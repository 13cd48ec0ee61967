"""What a mail server's answers mean, and when to try again. Pure: no database, no clock."""

import random
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Outcome = Literal["sent", "temporary", "unavailable", "bad_address", "refused", "uncertain"]
Stage = Literal["connect", "sender", "recipient", "content", "answer"]

GIVE_UP_AFTER = timedelta(hours=48)
LEAST_ATTEMPTS = 3  # before that: an issue may have been paused for longer
UNAVAILABLE_PAUSE = timedelta(seconds=30)
UNCERTAIN_PAUSE = timedelta(minutes=15)
# RFC 5321 and 4954: the server goes away, or wants us to sign in. Neither is about this mail.
NOT_AVAILABLE = frozenset({421, 530, 534, 535, 538})
RETRIES = [
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
]

# RFC 3463: the mailbox or its domain does not exist, moved away, or accepts nothing any more.
BAD_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.10", "5.2.1"})
# RFC 2034: it opens the text. Further on, the same figures are a piece of an IP address.
_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?![\d.])")


@dataclass(frozen=True)
class Reply:
    """What became of one attempt to hand a message to a server.

    ``sent``: accepted. ``temporary``: try again later. ``unavailable``: the server can't be
    reached or used; says nothing about the person. ``bad_address``: the person can't be written
    to any more. ``refused``: this message was refused for good, the address may be fine.
    ``uncertain``: the connection broke after the final dot, the server may have taken it.
    """

    outcome: Outcome
    code: int | None = None
    text: str = ""


def classify(stage: Stage, code: int, text: str) -> Reply:
    """Return what a server's answer at one stage of the dialogue means.

    Only a permanent answer to the recipient with an address code (RFC 3463) blames the address:
    policy and reputation (5.7.x) never do.
    """
    return Reply(_outcome(stage, code, text), code, text[:300])


def retry_after(attempts: int) -> timedelta:
    """Return the pause after this many failed attempts, within 20 % so that mails spread."""
    pause = RETRIES[min(max(attempts, 1), len(RETRIES)) - 1]
    return pause * random.uniform(0.8, 1.2)  # noqa: S311  spreads load, guards nothing


def _outcome(stage: Stage, code: int, text: str) -> Outcome:
    if 200 <= code < 300:
        return "sent"
    if code < 200:  # not an answer of SMTP
        return "uncertain" if stage == "answer" else "temporary"
    if stage == "connect" or code in NOT_AVAILABLE:
        return "unavailable"
    if code < 500:
        return "temporary"
    enhanced = _ENHANCED.match(text)
    if stage == "recipient" and enhanced and enhanced[1] in BAD_ADDRESS:
        return "bad_address"
    return "refused"
