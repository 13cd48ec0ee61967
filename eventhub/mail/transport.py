"""SMTP: hands ready bytes to a server, and says what the server answered.

Flask-Mail opens the connection from its own settings; we give it what it leaves out (a time limit,
a certificate that is verified) and speak the dialogue ourselves, so that every answer is known.
"""

import smtplib
import ssl
import time
from collections.abc import Callable
from types import TracebackType

from flask_mail import Connection, Mail

from eventhub.mail.rules import Reply, Stage, classify
from eventhub.settings import Settings, current_settings

MESSAGES_PER_CONNECTION = 100
#: How many times the time limit a server may take before the content: a claim outlives no slower
#: dialogue (``sending.DIALOGUE``), and a mail whose claim was lost would leave twice.
PATIENCE = 3


class SmtpRun:
    """A run of messages over one kept connection. Use it as a context manager.

    The connection is opened by the first message, renewed every 100 messages and after it broke.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or current_settings()
        self._host: smtplib.SMTP | None = None
        self._sent = 0
        self._gives_up_at = 0.0

    def __enter__(self) -> "SmtpRun":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, sender: str, recipient: str, message: bytes) -> Reply:
        """Hand one message, as bytes with CRLF line ends, to the server. Never raises."""
        self._gives_up_at = time.monotonic() + PATIENCE * self._settings.mail_timeout
        if self._sent >= MESSAGES_PER_CONNECTION:
            self.close()
        if self._host is None:
            refusal = self._open()
            if refusal is not None:
                return refusal
        reply = self._dialogue(sender, recipient, message)
        self._sent += 1
        return reply

    def close(self) -> None:
        """Take leave of the server."""
        host, self._host, self._sent = self._host, None, 0
        if host is not None:
            try:
                host.quit()
            except (OSError, smtplib.SMTPException):
                host.close()

    def _open(self) -> Reply | None:
        """Connect; the reply that says why when that fails."""
        if not self._settings.mail_server:
            return Reply("unavailable", text="no mail server is set")
        try:
            self._host = _TimedConnection(self._settings).configure_host()
            self._host.ehlo_or_helo_if_needed()
        except smtplib.SMTPResponseException as error:
            self._drop()
            return classify("connect", error.smtp_code, _words(error.smtp_error))
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Reply("unavailable", text=type(error).__name__)
        return None

    def _dialogue(self, sender: str, recipient: str, message: bytes) -> Reply:
        host = self._host
        assert host is not None  # noqa: S101  opened by send()
        stage: Stage = "sender"
        try:
            size = [f"size={len(message)}"] if host.has_extn("size") else []
            steps: list[tuple[Stage, Callable[[], tuple[int, bytes]]]] = [
                ("sender", lambda: host.mail(sender, size)),
                ("recipient", lambda: host.rcpt(recipient)),
                ("content", lambda: host.docmd("data")),
            ]
            for stage, step in steps:
                code, answer = step()
                if not 200 <= code < 400:
                    return self._refused(classify(stage, code, _words(answer)))
            if time.monotonic() > self._gives_up_at:
                raise TimeoutError
            host.send(_quoted(message) + b".\r\n")  # when it raises, the dot did not leave
            stage = "answer"
            code, answer = host.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            words = f"{stage}: {type(error).__name__}"
            return Reply("uncertain" if stage == "answer" else "temporary", text=words)
        reply = classify(stage, code, _words(answer))
        return reply if reply.outcome == "sent" else self._refused(reply)

    def _refused(self, reply: Reply) -> Reply:
        """Leave the connection clean for the next message."""
        host = self._host
        if host is None or reply.outcome == "unavailable":
            self._drop()
            return reply
        try:
            host.rset()
        except (OSError, smtplib.SMTPException):
            self._drop()
        return reply

    def _drop(self) -> None:
        host, self._host, self._sent = self._host, None, 0
        if host is not None:
            host.close()


class _TimedConnection(Connection):
    """Flask-Mail's connection, with a time limit and a verified certificate."""

    def __init__(self, settings: Settings) -> None:
        config = {
            "MAIL_SERVER": settings.mail_server,
            "MAIL_PORT": settings.mail_port,
            "MAIL_USERNAME": settings.mail_username,
            "MAIL_PASSWORD": settings.mail_password,
            "MAIL_USE_TLS": settings.mail_use_tls,
            "MAIL_USE_SSL": settings.mail_use_ssl,
            "MAIL_DEFAULT_SENDER": settings.mail_default_sender,
        }
        super().__init__(Mail().init_mail(config))  # type: ignore[arg-type]
        self._timeout = settings.mail_timeout

    def configure_host(self) -> smtplib.SMTP:
        """Open the connection: TLS verified, signed in."""
        mail = self.mail
        host: smtplib.SMTP
        if mail.use_ssl:
            host = smtplib.SMTP_SSL(
                mail.server,
                mail.port,
                timeout=self._timeout,
                context=ssl.create_default_context(),
            )
        else:
            host = smtplib.SMTP(mail.server, mail.port, timeout=self._timeout)
        try:
            if mail.use_tls:
                host.starttls(context=ssl.create_default_context())
            if mail.username and mail.password:
                host.login(mail.username, mail.password)
        except BaseException:
            host.close()
            raise
        return host


def _quoted(message: bytes) -> bytes:
    """Double the dot of the lines that begin with one (RFC 5321, section 4.5.2)."""
    quoted = message.replace(b"\r\n.", b"\r\n..")
    if quoted.startswith(b"."):
        quoted = b"." + quoted
    return quoted if quoted.endswith(b"\r\n") else quoted + b"\r\n"


def _words(answer: bytes | str) -> str:
    return answer.decode("ascii", "replace") if isinstance(answer, bytes) else answer
