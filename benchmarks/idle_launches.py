"""Launches, each after the service closed the idle connection while the event loop stood still.

    python benchmarks/idle_launches.py

Prints how many went through, of how many.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time

from drs_sdk import DRSClient
from drs_sdk.errors import DRSError

_LAUNCHES = 6
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}"
_STANDSTILL = 0.2


def serve(listener: socket.socket) -> None:
    """Answer one request of each connection, keep it open for a moment, and close it."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            received = b""
            while b"\r\n\r\n" not in received:
                received += connection.recv(65536)
            connection.sendall(_ANSWER)
            time.sleep(_STANDSTILL / 4)


async def main() -> None:
    """Poll, stand still, launch."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    went = 0
    async with DRSClient(endpoint_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as drs:
        for _ in range(_LAUNCHES):
            await drs.describe_jobs()
            time.sleep(_STANDSTILL)  # noqa: ASYNC251 - the loop stands still
            try:
                await drs.start_recovery([{"source_server_id": "s-1111111111111111a"}])
                went += 1
            except DRSError as error:
                print(error)
    listener.close()
    print(went, _LAUNCHES)


if __name__ == "__main__":
    asyncio.run(main())
