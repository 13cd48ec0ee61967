"""Ways to send the same bytes, without a database: ready, pipelined, and the naive way.

    python -m bench.references.smtp WAY PORT COUNT PROCESSES FILE

sends the message of FILE that many times and prints the messages per second of all processes
together. ``ready``: ``smtplib`` on one kept connection, bytes made before the clock. ``pipelined``:
the same on a raw socket, MAIL, RCPT and DATA in one write (RFC 2920). ``naive``: a Flask-Mail
message made for each recipient, on one kept connection.
"""

import email
import email.policy
import multiprocessing
import smtplib
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from flask import Flask
from flask_mail import Mail, Message

SENDER = "infolettre@example.org"


def ready(port: int, count: int, content: bytes, start: Barrier) -> float:
    """Hand over ready bytes with smtplib; each way returns when it began."""
    with smtplib.SMTP("127.0.0.1", port) as connection:
        start.wait()
        began = time.monotonic()
        for number in range(count):
            connection.sendmail(SENDER, [f"personne-{number}@example.org"], content)
        return began


def pipelined(port: int, count: int, content: bytes, start: Barrier) -> float:
    """Write the envelope at once, then the bytes."""
    body = content.replace(b"\r\n.", b"\r\n..").rstrip(b"\r\n") + b"\r\n.\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies = connection.makefile("rb")
        replies.readline()
        connection.sendall(b"EHLO bench\r\n")
        while replies.readline()[3:4] == b"-":
            pass
        start.wait()
        began = time.monotonic()
        for number in range(count):
            envelope = (
                f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<personne-{number}@example.org>\r\nDATA\r\n"
            )
            connection.sendall(envelope.encode())
            for expected in (b"250", b"250", b"354"):
                _check(replies.readline(), expected)
            connection.sendall(body)
            _check(replies.readline(), b"250")
        return began


def naive(port: int, count: int, content: bytes, start: Barrier) -> float:
    """Make a Flask-Mail message for each recipient."""
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert text is not None
    assert html is not None
    words, page = text.get_content(), html.get_content()
    app = Flask("bench")
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_DEFAULT_SENDER=SENDER)
    mail = Mail(app)
    with app.app_context(), mail.connect() as connection:
        start.wait()
        began = time.monotonic()
        for number in range(count):
            message = Message(
                subject=parsed["Subject"],
                recipients=[f"personne-{number}@example.org"],
                body=words,
                html=page,
                extra_headers={"List-Unsubscribe": f"<http://localhost/u/{number}>"},
            )
            connection.send(message)
        return began


WAYS: dict[str, Callable[[int, int, bytes, Barrier], float]] = {
    "ready": ready,
    "pipelined": pipelined,
    "naive": naive,
}


def _check(reply: bytes, expected: bytes) -> None:
    if not reply.startswith(expected):
        raise ConnectionError(f"the sink said {reply!r}")


def main() -> None:
    """Send, and print messages per second."""
    way, port, count, processes, path = sys.argv[1:]
    content, each = Path(path).read_bytes(), int(count) // int(processes)
    context = multiprocessing.get_context("fork")
    start = context.Barrier(int(processes))
    times: SimpleQueue[tuple[float, float]] = context.SimpleQueue()
    senders = [
        context.Process(target=_timed, args=(way, int(port), each, content, start, times))
        for _ in range(int(processes))
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    if any(sender.exitcode for sender in senders):
        sys.exit("a sender failed")
    spans = [times.get() for _ in senders]
    elapsed = max(ended for _, ended in spans) - min(began for began, _ in spans)
    print(each * int(processes) / elapsed)


def _timed(
    way: str,
    port: int,
    count: int,
    content: bytes,
    start: Barrier,
    times: "SimpleQueue[tuple[float, float]]",
) -> None:
    """Send in this process, and tell when the sending began and ended (CLOCK_MONOTONIC)."""
    began = WAYS[way](port, count, content, start)
    times.put((began, time.monotonic()))


if __name__ == "__main__":
    main()
