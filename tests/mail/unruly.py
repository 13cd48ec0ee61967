"""An SMTP server that misbehaves on request, spoken by hand so that it may break anywhere."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import BinaryIO

Script = Callable[[str], str | None]


class UnrulyServer:
    """Answers each command through ``script(command)``: a reply, or None to hang up.

    The content of a mail is given to the script as the command ``CONTENT``. With ``secure`` it
    speaks TLS from the first byte.
    """

    def __init__(self, script: Script, secure: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.secure = secure
        self.contents: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> "UnrulyServer":
        return self

    def __exit__(self, *_error: object) -> None:
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._listening.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), connection:
                talking = connection
                if self.secure is not None:
                    talking = self.secure.wrap_socket(connection, server_side=True)
                with talking, talking.makefile("rwb", buffering=0) as stream:
                    self._talk(stream)

    def _talk(self, stream: BinaryIO) -> None:
        if not self._say(stream, "GREETING", "220 ready"):
            return
        while line := stream.readline():
            command = line.decode("ascii").strip().split(" ")[0].split(":")[0].upper()
            usual = {"EHLO": "250 hello", "DATA": "354 go on", "QUIT": "221 bye"}
            said = self._say(stream, command, usual.get(command, "250 ok"))
            if not said or command == "QUIT":
                return
            if said.startswith("354"):
                content = b""
                while not content.endswith(b"\r\n.\r\n"):
                    piece = stream.readline()
                    if not piece:
                        return
                    content += piece
                self.contents.append(content)
                if not self._say(stream, "CONTENT", "250 kept"):
                    return

    def _say(self, stream: BinaryIO, command: str, usual: str) -> str:
        """What was answered; nothing when the script wants to hang up."""
        answer = self.script(command)
        if answer is None:
            return ""
        stream.write(f"{answer or usual}\r\n".encode("ascii"))
        return answer or usual
