"""The local mailbox: mails kept as files in a folder, for the form that sends nothing outside."""

import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path
from zoneinfo import ZoneInfo

from eventhub.errors import NotFound

SUFFIX = ".eml"
TIME_ZONE = ZoneInfo("America/Toronto")
LISTED = 200


@dataclass(frozen=True)
class Kept:
    """A mail in the mailbox: its file's name, when it came (local time), its headers or all."""

    name: str
    came_at: datetime
    message: EmailMessage


def folder(data_dir: Path) -> Path:
    """Return the folder of the mails."""
    return data_dir / "mailbox"


def keep(mailbox: Path, content: bytes) -> None:
    """Write one mail, whole or not at all."""
    mailbox.mkdir(parents=True, exist_ok=True)
    name = f"{time.time_ns():020d}-{secrets.token_hex(3)}"
    draft = mailbox / f".{name}"
    draft.write_bytes(content)
    draft.rename(mailbox / f"{name}{SUFFIX}")


def list_mails(mailbox: Path) -> list[Kept]:
    """Return the newest mails, headers only, the last to come first."""
    parser = BytesHeaderParser(policy=policy.default)
    kept = []
    for name in sorted(_names(mailbox), reverse=True)[:LISTED]:
        with (mailbox / f"{name}{SUFFIX}").open("rb") as file:
            message = parser.parse(file)
        if isinstance(message, EmailMessage):
            kept.append(Kept(name, _came_at(name), message))
    return kept


def read(mailbox: Path, name: str) -> bytes:
    """Return the bytes of one mail. Raises NotFound."""
    if name not in set(_names(mailbox)):
        raise NotFound
    return (mailbox / f"{name}{SUFFIX}").read_bytes()


def get(mailbox: Path, name: str) -> Kept:
    """Return one mail, parsed. Raises NotFound."""
    message = BytesParser(policy=policy.default).parsebytes(read(mailbox, name))
    if not isinstance(message, EmailMessage):
        raise NotFound
    return Kept(name, _came_at(name), message)


def _names(mailbox: Path) -> Iterator[str]:
    if mailbox.is_dir():
        with os.scandir(mailbox) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX):
                    yield entry.name.removesuffix(SUFFIX)


def _came_at(name: str) -> datetime:
    nanoseconds = name.partition("-")[0]
    seconds = int(nanoseconds) / 1e9 if nanoseconds.isdigit() else 0.0
    return datetime.fromtimestamp(seconds, TIME_ZONE)
