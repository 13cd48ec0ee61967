"""No test opens a socket to the outside, looks a name up, or reaches a mail server of the machine.

The guard stands in the way of Python's own sockets. libpq is only ever handed a Unix socket, and
Chromium is started with every name but localhost unresolvable.
"""

import ipaddress
import socket
from typing import Any

MAIL_PORTS = {25, 465, 587, 2525}


class OutsideSocket(AssertionError):
    """A test tried to leave this machine, or to reach a mail server that is not the test's."""


def _is_local(host: str) -> bool:
    if host in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _check(family: int, address: Any) -> None:
    if family == socket.AF_UNIX:
        return
    host, port = str(address[0]), address[1]
    if not _is_local(host):
        raise OutsideSocket(f"a test tried to connect to {host}:{port}")
    if port in MAIL_PORTS:
        raise OutsideSocket(f"a test tried to reach a real mail server at {host}:{port}")


def install(monkeypatch: Any) -> None:
    """Guard every socket of this process until the patch is undone."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    sendto, getaddrinfo = socket.socket.sendto, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _check(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _check(self.family, address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: Any, *arguments: Any) -> int:
        _check(self.family, arguments[-1])
        return sendto(self, data, *arguments)

    def guarded_getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not _is_local(name):
            raise OutsideSocket(f"a test tried to look up {name}")
        return getaddrinfo(host, *arguments, **named)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket.socket, "sendto", guarded_sendto)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
