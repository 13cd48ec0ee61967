"""A real SMTP server that keeps what it accepts, so that tests read the mail that was sent."""

import contextlib
import random
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

LINK = re.compile(r"https?://[^\s<>\"']+")
MAX_SIZE = 32 * 1024 * 1024


@dataclass(frozen=True)
class ReceivedMail:
    """One message as it arrived: its envelope, its bytes, and its parts decoded."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The parsed message."""
        parsed = BytesParser(policy=policy.default).parsebytes(self.raw)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def subject(self) -> str:
        """The decoded subject."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """The text part."""
        return self._part("text/plain")

    @property
    def html(self) -> str:
        """The HTML part."""
        return self._part("text/html")

    @property
    def calendar(self) -> bytes:
        """The calendar part's bytes, decoded from the transfer encoding only."""
        for part in self.message.walk():
            if part.get_content_type() == "text/calendar":
                payload = part.get_payload(decode=True)
                assert isinstance(payload, bytes)
                return payload
        raise AssertionError(f"no calendar part in {self.subject!r}")

    @property
    def links(self) -> list[str]:
        """The addresses in the text part, in its order."""
        return LINK.findall(self.text)

    def link(self, containing: str) -> str:
        """The one address of the text part with these characters in it."""
        found = sorted({link for link in self.links if containing in link})
        assert len(found) == 1, f"{len(found)} links with {containing!r} in {self.subject!r}"
        return found[0]

    @property
    def faults(self) -> list[str]:
        """What a strict server or reader would hold against this message (W1, W2, J2)."""
        found = []
        if any(octet > 126 or (octet < 32 and octet not in b"\t\r\n") for octet in self.raw):
            found.append("an octet that 7-bit mail may not carry")
        if any(len(line) > 998 for line in self.raw.split(b"\r\n")):
            found.append("a line over 998 octets")
        if b"\n" in self.raw.replace(b"\r\n", b"") or b"\r" in self.raw.replace(b"\r\n", b""):
            found.append("a line that does not end with CRLF")
        found += [
            f"not exactly one {header}"
            for header in ("From", "To", "Subject", "Date", "Message-ID")
            if len(self.message.get_all(header, [])) != 1
        ]
        html = [part for part in self.message.walk() if part.get_content_type() == "text/html"]
        if any("<mj-" in str(part.get_content()) for part in html):
            found.append("MJML that was not compiled")
        return [f"{self.subject!r}: {fault}" for fault in found]

    def _part(self, content_type: str) -> str:
        for part in self.message.walk():
            if part.get_content_type() == content_type:
                return str(part.get_content())
        raise AssertionError(f"no {content_type} part in {self.subject!r}")


#: Looks at an address (RCPT) or at a whole mail (DATA) and may answer with an SMTP reply.
Answer = Callable[[str], str | None]


class MailServer:
    """The server. `refuse_recipient` lets a test answer RCPT for some addresses.

    A message is in `mails` before the client reads its `250`, so nothing has to wait for it. What
    is wrong with any message stands in `faults`, and fails the test that had it sent.
    """

    def __init__(self) -> None:
        self.mails: list[ReceivedMail] = []
        self.faults: list[str] = []
        self.refuse_recipient: Answer = lambda _address: None
        self._arrival = threading.Condition()
        self._controller = Controller(
            self, hostname="127.0.0.1", port=free_port(), data_size_limit=MAX_SIZE
        )

    @property
    def port(self) -> int:
        """The port it listens on, at 127.0.0.1."""
        return int(self._controller.port)

    def start(self) -> None:
        """Listen, in a thread."""
        self._controller.start()

    def stop(self) -> None:
        """Stop listening; what arrived stays."""
        self._controller.stop()

    def reset(self) -> None:
        """Forget the mails and accept everyone again."""
        self.mails.clear()
        self.faults.clear()
        self.refuse_recipient = lambda _address: None

    def to(self, address: str) -> list[ReceivedMail]:
        """The mails to one address, in the order of arrival."""
        return [mail for mail in self.mails if address in mail.recipients]

    def only(self, address: str | None = None) -> ReceivedMail:
        """The one mail (to an address); a failure that names what came otherwise."""
        mails = self.mails if address is None else self.to(address)
        came = [f"{mail.recipients}: {mail.subject}" for mail in self.mails]
        assert len(mails) == 1, f"{len(mails)} mails to {address or 'anyone'}; all: {came}"
        return mails[0]

    def wait_for(self, address: str, count: int = 1, seconds: float = 30) -> list[ReceivedMail]:
        """Wait until that many mails to an address are here (sent by another process)."""
        with self._arrival:
            self._arrival.wait_for(lambda: len(self.to(address)) >= count, timeout=seconds)
        mails = self.to(address)
        came = [f"{mail.recipients}: {mail.subject}" for mail in self.mails]
        assert len(mails) >= count, f"{len(mails)} mails to {address} in {seconds} s; all: {came}"
        return mails

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer RCPT TO."""
        refusal = self.refuse_recipient(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a message."""
        content = envelope.original_content
        assert content is not None
        mail = ReceivedMail(envelope.mail_from or "", list(envelope.rcpt_tos), content)
        with self._arrival:
            self.mails.append(mail)
            self.faults += mail.faults
            self._arrival.notify_all()
        return "250 OK"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now.

    It lies below the range from which the system gives ports to clients, so that no passing
    connection takes it before the server does.
    """
    while True:
        port = random.SystemRandom().randint(10_240, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
