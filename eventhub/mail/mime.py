"""From a rendered mail to the bytes that SMTP carries: 7-bit, lines of 78, headers that hold.

The tree is the standard library's. Headers are encoded and folded here, because the library's own
folding turns a long URL (``List-Unsubscribe``) into an encoded-word that nobody can follow.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from eventhub.errors import DomainError
from eventhub.mail.message import Message
from eventhub.mail.render import Rendered
from eventhub.settings import current_settings

LINE = 78
LONGEST_LINE = 998  # RFC 5322, section 2.1.1
ENCODED_WORD = 64  # RFC 2047 allows 75; the header's name stands on the same line

_POLICY = SMTP.clone(max_line_length=LINE, cte_type="7bit")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ATOMS = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+")


class UnsafeHeader(DomainError):
    """A header's value holds a line break or a control character, or can't be written (W3)."""


def build(message: Message, rendered: Rendered, *, public_id: str, date: datetime) -> bytes:
    """Return one mail, ready for SMTP.

    ``public_id`` is the delivery's: the same at every attempt, so that a receiver can merge two
    copies (W1). ``date`` is an aware moment. Raises UnsafeHeader.
    """
    own = personal_headers(
        message.recipient,
        public_id=public_id,
        date=date,
        unsubscribe_url=message.unsubscribe_url,
    )
    body = EmailMessage(policy=_POLICY)
    body.set_content(rendered.text, cte="quoted-printable")
    body.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    if message.calendar is not None:
        body.add_alternative(
            message.calendar.content.decode(),
            subtype="calendar",
            cte="base64",
            params={"method": message.calendar.method},
        )
    head = [fold(*header) for header in (*headers(message, rendered.subject), *own)]
    return b"".join(head) + body.as_bytes()


def headers(message: Message, subject: str) -> Iterator[tuple[str, str]]:
    """Yield the headers that are the same for everyone a message goes to (W3, W5, W7)."""
    yield "From", address_words(message.sender)
    if message.reply_to is not None:
        yield "Reply-To", address_words(message.reply_to)
    yield "Subject", words(subject)
    if message.list_id:
        label, _, identifier = message.list_id.rpartition("<")
        identifier = f"<{identifier.strip('<> ')}>"
        yield "List-Id", f"{phrase(label.strip())} {ascii_value(identifier)}".strip()
        yield "List-Post", "NO"
    if message.archive_url:
        yield "List-Archive", f"<{ascii_value(message.archive_url)}>"
    usual = (
        {"Precedence": "bulk", "X-Auto-Response-Suppress": "OOF, AutoReply"}
        if message.bulk
        else {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    )
    for name, value in (usual | dict(message.headers)).items():
        yield ascii_value(name), words(value)


def personal_headers(
    recipient: Address, *, public_id: str, date: datetime, unsubscribe_url: str | None
) -> Iterator[tuple[str, str]]:
    """Yield the headers that differ from one recipient to the next (W1, W6)."""
    yield "To", address_words(recipient)
    yield "Date", format_datetime(date)
    yield "Message-ID", f"<{ascii_value(public_id)}@{current_settings().identity_domain}>"
    if unsubscribe_url:
        yield "List-Unsubscribe", f"<{ascii_value(unsubscribe_url)}>"
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"


def fold(name: str, value: str) -> bytes:
    """Return one header of an ASCII value, folded at its spaces, with its end of line."""
    first, *rest = value.split(" ")
    lines = [f"{name}: {first}"]  # never an empty first line: it would not unfold everywhere
    for word in rest:
        if len(lines[-1]) + 1 + len(word) > LINE:
            lines.append("")
        lines[-1] += f" {word}"
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def address_words(address: Address) -> str:
    """Return an address with its display name, encoded. Raises UnsafeHeader."""
    local, at, domain = address.addr_spec.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise UnsafeHeader("address") from None
    spec = ascii_value(f"{local}{at}{ascii_domain}")
    return f"{phrase(address.display_name)} <{spec}>" if address.display_name else spec


def phrase(name: str) -> str:
    """Return a display name fit for a header: bare, quoted or encoded. Raises UnsafeHeader."""
    _refuse_controls(name)
    if not name or (_ATOMS.fullmatch(name) and _is_plain(name)):
        return name
    if name.isascii() and _is_plain(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return _encoded(name)


def words(text: str) -> str:
    """Return a text fit for an unstructured header. Raises UnsafeHeader."""
    _refuse_controls(text)
    return text if text.isascii() and _is_plain(text) else _encoded(text)


def ascii_value(value: str) -> str:
    """Return a value that must be ASCII and on one line as it is. Raises UnsafeHeader."""
    _refuse_controls(value)
    if not value.isascii() or len(value) > LONGEST_LINE - LINE or " " in value:
        raise UnsafeHeader("a value that must be plain ASCII is not")
    return value


def _is_plain(text: str) -> bool:
    """Tell whether a text reads back as it is: nothing like an encoded-word, no endless word."""
    return (
        "=?" not in text
        and "  " not in text
        and text == text.strip()
        and all(len(word) < ENCODED_WORD for word in text.split(" "))
    )


def _encoded(text: str) -> str:
    encoded = Header(text, "utf-8", maxlinelen=ENCODED_WORD).encode(linesep="\n")
    return re.sub(r"\n[ \t]+", " ", encoded)


def _refuse_controls(value: str) -> None:
    if _UNSAFE.search(value):
        raise UnsafeHeader("a header's value holds a line break or a control character")
