"""A real DNS server on a UDP socket (RFC 1035) whose answers change from one question to the next."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Sequence
from typing import Any

A, AAAA = 1, 28

_system = socket.getaddrinfo


class NameServer:
    """Gives the first of `answers` (lists of addresses) for the first look-up, and the last for all further ones.

    A look-up is a question for A and one for AAAA records.
    """

    def __init__(self, answers: Sequence[Sequence[str]]) -> None:
        self.answers = list(answers)
        self.asked: list[int] = []
        self.port = 0

    def reply(self, question: bytes) -> bytes:
        """Return the answer to a packet with one question."""
        end = question.index(b"\0", 12) + 5
        kind = struct.unpack("!H", question[end - 4 : end - 2])[0]
        number = min(self.asked.count(kind), len(self.answers) - 1)
        self.asked.append(kind)
        records = b""
        for text in self.answers[number]:
            address = ipaddress.ip_address(text)
            if (address.version == 4) == (kind == A):
                records += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(address.packed)) + address.packed
        count = records.count(b"\xc0\x0c" + struct.pack("!HH", kind, 1))
        return question[:2] + struct.pack("!HHHHH", 0x8180, 1, count, 0, 0) + question[12:end] + records

    def getaddrinfo(self, host: str, *args: Any, **options: Any) -> Any:
        """Ask over the network as the system's resolver would, were it configured to ask this server.

        As that does, it asks nobody about a literal address, and the pinned connection is opened to one.
        """
        if not host.endswith(".test"):
            return _system(host, *args, **options)
        found: list[tuple[object, ...]] = []
        for kind, family in ((AAAA, socket.AF_INET6), (A, socket.AF_INET)):
            labels = b"".join(bytes([len(part)]) + part.encode() for part in host.split("."))
            query = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
                asking.settimeout(10)
                asking.sendto(query, ("127.0.0.1", self.port))
                answer = asking.recv(4096)
            position = len(query)
            for _number in range(struct.unpack("!H", answer[6:8])[0]):
                size = struct.unpack("!H", answer[position + 10 : position + 12])[0]
                packed = answer[position + 12 : position + 12 + size]
                position += 12 + size
                found.append((family, socket.SOCK_STREAM, 6, "", (str(ipaddress.ip_address(packed)), 0)))
        return found


@contextlib.contextmanager
def answering(*answers: Sequence[str]) -> Iterator[NameServer]:
    """Run a name server while the block lasts."""
    names = NameServer(answers)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, sock = self.request
            sock.sendto(names.reply(data), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        names.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield names
        finally:
            server.shutdown()
