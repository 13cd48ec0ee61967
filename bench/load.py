"""Asking over HTTP, cheaply: raw sockets, connections kept, requests made before the clock.

Each client is a thread with a connection of its own. Python's clients would be the limit of a
fast server: what they can ask at most is told by the reference, which is asked the same way.
"""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Asked:
    """What came back: seconds of each answer, its status, and the seconds of the whole."""

    seconds: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.seconds) / self.elapsed


@dataclass(frozen=True)
class Answer:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """A kept connection to one server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = self._connect()
        self._rest = b""

    def ask(self, request: bytes) -> Answer:
        """Send a request and return its answer."""
        self._socket.sendall(request)
        while b"\r\n\r\n" not in self._rest:
            self._rest += self._receive()
        head, self._rest = self._rest.split(b"\r\n\r\n", 1)
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        number = int(status.split()[1])
        if headers.get("transfer-encoding") == "chunked":
            body = self._chunks()
        elif number in (204, 304):
            body = b""
        else:
            body = self._exactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            self._socket.close()
            self._socket = self._connect()
        return Answer(number, headers, body)

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def _chunks(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self._rest:
                self._rest += self._receive()
            size, self._rest = self._rest.split(b"\r\n", 1)
            chunk = self._exactly(int(size.split(b";")[0], 16) + 2)[:-2]
            if not chunk:
                return body
            body += chunk

    def _exactly(self, length: int) -> bytes:
        parts, have = [self._rest], len(self._rest)
        while have < length:
            part = self._receive()
            parts.append(part)
            have += len(part)
        whole = b"".join(parts)
        self._rest = whole[length:]
        return whole[:length]

    def _receive(self) -> bytes:
        part = self._socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part

    def _connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self._port), timeout=120)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


def get(path: str, port: int, **headers: str) -> bytes:
    """Return the bytes of a GET request; ``if_none_match=...`` becomes a header."""
    lines = [f"GET {path} HTTP/1.1", f"Host: localhost:{port}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def post(path: str, port: int, body: bytes, cookie: str) -> bytes:
    """Return the bytes of a form's POST."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: localhost:{port}",
        f"Origin: http://localhost:{port}",
        f"Referer: http://localhost:{port}{path}",
        f"Cookie: {cookie}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def ask_all(port: int, requests: Sequence[Sequence[bytes]]) -> Asked:
    """Ask, with one client for each list of requests, all at once; each in its order."""
    asked = Asked()
    lock, start = threading.Lock(), threading.Barrier(len(requests) + 1)

    def client(mine: Sequence[bytes]) -> None:
        connection = Connection(port)
        seconds, statuses = [], []
        start.wait()
        for request in mine:
            began = time.perf_counter()
            answer = connection.ask(request)
            seconds.append(time.perf_counter() - began)
            statuses.append(answer.status)
        connection.close()
        with lock:
            asked.seconds += seconds
            asked.statuses += statuses

    threads = [threading.Thread(target=client, args=(mine,)) for mine in requests]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    asked.elapsed = time.perf_counter() - began
    return asked
