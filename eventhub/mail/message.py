"""The value that one e-mail is before it is rendered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from typing import Any

from eventhub.errors import DomainError


class Unneeded(DomainError):
    """Raised by a message's builder: what it would say is no longer so, the mail is dropped."""


@dataclass(frozen=True)
class CalendarPart:
    """A ``text/calendar`` alternative: the serialised VCALENDAR and its iTIP method."""

    content: bytes
    method: str  # REQUEST or CANCEL; must equal METHOD in the content (M1)


@dataclass(frozen=True)
class Message:
    """One e-mail to one person: which three files, in which language, with which values.

    ``name`` is "<subject>/<name>" under ``emails/``. ``values`` must satisfy the templates
    (StrictUndefined). ``bulk`` marks newsletters (W5-W7), which carry ``unsubscribe_url`` (W6).
    """

    name: str
    locale: str
    sender: Address
    recipient: Address
    values: Mapping[str, Any]
    reply_to: Address | None = None
    calendar: CalendarPart | None = None
    unsubscribe_url: str | None = None
    list_id: str | None = None
    archive_url: str | None = None
    bulk: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
