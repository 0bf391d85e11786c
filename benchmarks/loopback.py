"""The loopback service: an HTTP server in a process of its own that answers ready-made bytes.

    python benchmarks/loopback.py CERTIFICATE KEY

Prints its port for http and the one for https, then serves until it is ended or its standard
input closes.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import sys
from typing import cast

from answers import Answers

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """One connection: as little HTTP as the peers need."""

    def __init__(self, answers: Answers) -> None:
        """Share the answers."""
        self._answers = answers
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._received += data
        while (end := self._received.find(_HEAD_END)) >= 0:
            head = self._received[:end]
            length = _LENGTH.search(head)
            size = end + len(_HEAD_END) + (int(length[1]) if length else 0)
            if len(self._received) < size:
                return
            body = self._received[end + len(_HEAD_END) : size]
            self._received = self._received[size:]
            self._transport.write(self._answers.find(head.split(b" ", 2)[1], body))


async def main(cert: str, key: str) -> None:
    """Serve."""
    answers = Answers()
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    servers = [
        await loop.create_server(lambda: Connection(answers), "127.0.0.1", 0, ssl=tls)
        for tls in (None, context)
    ]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for server in servers:
        server.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
