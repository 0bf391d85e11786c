"""A scripted HTTP server on the loopback interface, a clock, and clients wired to both.

Each request is answered by the next step of the script; the last step is repeated. Steps work on
the raw connection, so they can break it in every way that a network can.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.loaders import create_loader

from drs_sdk import DRSClient

if TYPE_CHECKING:
    import ssl


ACCESS_KEY = "AKIDLOOPBACKEXAMPLE1"
SECRET_KEY = "s3cr3tKeyThatMustNotShow/loopback+0123456"
_LOADER = create_loader()  # keeps the service model that it has read
SESSION_TOKEN = "t0kenThatMustNotShow//////////loopback=="


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def operation(self) -> str:
        return self.path.lstrip("/")


@dataclass
class Exchange:
    """A request and the connection to answer it on."""

    seen: Seen
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: Loopback

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Close with a TCP reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Step = Callable[[Exchange], Awaitable[None]]


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer(
    content: object = None, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Step:
    """Answer with JSON, or with bytes as they are."""
    if isinstance(content, bytes):
        body = content
    else:
        body = json.dumps({} if content is None else content).encode()
    given = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "x-amzn-RequestId": "req-1",
        **(headers or {}),
    }

    async def step(exchange: Exchange) -> None:
        await exchange.write(_head(status, given) + body)

    return step


def refuse(
    status: int,
    code: str = "SomeException",
    *,
    message: str = "no",
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> Step:
    """Answer with an error of the service."""
    return answer(
        {"message": message, **members},
        status=status,
        headers={"x-amzn-ErrorType": code, **(headers or {})},
    )


def chunked(*parts: bytes, end: bool = True) -> Step:
    """Answer in chunks, without a Content-Length."""

    async def step(exchange: Exchange) -> None:
        head = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
        await exchange.write(_head(200, head))
        for part in parts:
            await exchange.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        if end:
            await exchange.write(b"0\r\n\r\n")
        else:
            exchange.close()

    return step


async def reset(exchange: Exchange) -> None:
    """Take the request and reset the connection."""
    exchange.reset()


async def hang_up(exchange: Exchange) -> None:
    """Take the request and close the connection without a word."""
    exchange.close()


async def truncate(exchange: Exchange) -> None:
    """Promise more than is sent."""
    await exchange.write(_head(200, {"Content-Length": "1000"}) + b'{"items": [')
    exchange.close()


async def reset_in_body(exchange: Exchange) -> None:
    """Send a part of the answer and reset the connection."""
    await exchange.write(_head(200, {"Content-Length": "1000"}) + b'{"items": [')
    await asyncio.sleep(0.05)  # let the part arrive: a reset throws away what was not read yet
    exchange.reset()


async def stay_silent(exchange: Exchange) -> None:
    """Answer only when the test releases the server, or never, if the client hangs up first."""
    release = asyncio.create_task(exchange.server.released.wait())
    gone = asyncio.create_task(exchange.reader.read(1))
    try:
        await asyncio.wait([release, gone], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (release, gone):
            task.cancel()
        await asyncio.wait([release, gone])
    if gone.cancelled():
        await answer()(exchange)
    else:
        exchange.close()


@dataclass
class Loopback:
    """A server that follows a script."""

    steps: list[Step]
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    port: int = 0
    scheme: str = "http"
    open_connections: int = 0
    listener: asyncio.Server = field(init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def operations(self) -> list[str]:
        return [seen.operation for seen in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open_connections += 1
        try:
            while (seen := await _read_request(reader)) is not None:
                index = len(self.requests)
                self.requests.append(seen)
                self.arrived.release()
                step = self.steps[min(index, len(self.steps) - 1)]
                await step(Exchange(seen, reader, writer, self))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client is gone
        finally:
            self.open_connections -= 1
            self._tasks.discard(task)
            writer.close()

    async def stop(self) -> None:
        for task in (tasks := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read_request(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().rstrip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method, path, headers, body)


@asynccontextmanager
async def loopback(*steps: Step, tls: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
    """Run a server with a script; without one every answer is ``{}``."""
    server = Loopback(list(steps) or [answer()], scheme="https" if tls else "http")
    server.listener = listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await server.stop()


def unused_port() -> int:
    """Find a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class VirtualClock:
    """Time that passes only in `sleep`, at once."""

    def __init__(self) -> None:
        self.start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.start + timedelta(seconds=sum(self.slept))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


def new_session() -> AioSession:
    """Make a session that shares what was loaded of botocore's data."""
    session = AioSession()
    session.register_component("data_loader", _LOADER)
    return session


def client_for(
    server: Loopback | str,
    **options: Any,  # noqa: ANN401 - whatever the client takes
) -> DRSClient:
    """Make a client for a loopback server: static keys, a virtual clock, no environment proxy."""
    given: dict[str, Any] = {
        "endpoint_url": server if isinstance(server, str) else server.url,
        "region_name": "eu-west-1",
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "clock": VirtualClock(),
        **options,
    }
    if "session" not in given and "profile_name" not in given:
        given["session"] = new_session()
    config = AioConfig(proxies={})
    given["config"] = config.merge(given["config"]) if given.get("config") else config
    return DRSClient(**given)
