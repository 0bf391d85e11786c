"""Launches that lose their answer, under every handler, option and proxy that could repeat them.

    python benchmarks/sends.py

Prints the most often that one launch was sent, and how many launches were tried. The service takes
the request and fails in some way; whatever comes after would be answered with success.
"""

from __future__ import annotations

import asyncio
import json
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.loaders import create_loader
from sizes import POOL

from drs_sdk import DRSClient
from drs_sdk.errors import DRSError

if TYPE_CHECKING:
    from collections.abc import Callable

Writer: TypeAlias = asyncio.StreamWriter
_LOADER = create_loader()  # keeps the service model that it has read
_ATTEMPTS = 3
_SERVER = "s-1111111111111111a"


def _answer(status: int, *headers: str, body: bytes = b"{}", length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {length or len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


_OK = _answer(200)
FAULTS: dict[str, bytes | None] = {
    "closed": None,
    "cut short": _answer(200, length=100),
    "no JSON": _answer(200, body=b"<html>"),
    "500": _answer(500, "x-amzn-ErrorType: InternalServerException"),
    "503": _answer(503),
    "504": _answer(504),
    "408": _answer(408, "x-amzn-ErrorType: RequestTimeout"),
    "redirect": _answer(307, "Location: /StartRecovery"),
    "password": _answer(407, "Proxy-Authenticate: Basic realm=x"),
}


class Service:
    """Fails once, then never."""

    def __init__(self, fault: bytes | None) -> None:
        """Take the first answer."""
        self.fault = fault
        self.launches = 0

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        """Answer the requests of a connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                _, _, rest = head.lower().partition(b"content-length:")
                await reader.readexactly(int(rest.split(b"\r\n")[0] or 0))
                self.launches += b"/StartRecovery" in head
                answer = self.fault if self.launches == 1 else _OK
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
                if answer is FAULTS["cut short"]:
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def _handler(name: str) -> Callable[[AioSession], None]:
    def again(attempts: int, **_: object) -> int | None:
        return 0 if attempts < _ATTEMPTS else None

    def register(session: AioSession) -> None:
        events: Any = session.get_component("event_emitter")
        events.register_first(name, again)

    return register


def _twice(session: AioSession) -> None:
    """Insert a class that repeats each call that fails."""

    class Twice:
        async def _make_api_call(self, *arguments: object) -> object:
            parent: Any = super()
            try:
                return await parent._make_api_call(*arguments)  # noqa: SLF001
            except Exception:  # noqa: BLE001 - as such classes do
                return await parent._make_api_call(*arguments)  # noqa: SLF001

    def insert(base_classes: list[type], **_: object) -> None:
        base_classes.insert(0, Twice)

    events: Any = session.get_component("event_emitter")
    events.register("creating-client-class.drs", insert)


HANDLERS: dict[str, Callable[[AioSession], None]] = {
    "none": lambda _: None,
    "needs-retry": _handler("needs-retry"),
    "needs-retry of the service": _handler("needs-retry.drs"),
    "needs-retry of the operation": _handler("needs-retry.drs.StartRecovery"),
    "a class that repeats": _twice,
}
OPTIONS: dict[str, dict[str, object]] = {
    "none": {},
    **{
        mode: {"retries": {"mode": mode, "total_max_attempts": 5}}
        for mode in ("legacy", "standard", "adaptive")
    },
}


async def launch(fault: bytes | None, handler: str, option: str, *, proxied: bool) -> int:
    """Launch once, and count what arrives."""
    service = Service(fault)
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    session = AioSession()
    session.register_component("data_loader", _LOADER)
    HANDLERS[handler](session)
    proxies = {"http": url} if proxied else {}
    options: Any = {"max_pool_connections": POOL, "proxies": proxies, **OPTIONS[option]}
    drs = DRSClient(
        endpoint_url="http://127.0.0.1:9" if proxied else url,
        session=session,
        config=AioConfig(**options),
    )
    try:
        async with drs:
            await drs.start_recovery([{"source_server_id": _SERVER}], is_drill=True)
    except DRSError:
        pass
    finally:
        server.close()
    return service.launches


async def main() -> None:
    """Try every combination."""
    counts = [
        await launch(fault, handler, option, proxied=proxied)
        for fault, handler, option, proxied in product(
            FAULTS.values(), HANDLERS, OPTIONS, (False, True)
        )
    ]
    assert min(counts) == 1, json.dumps(counts)
    print(max(counts), len(counts))


if __name__ == "__main__":
    asyncio.run(main())
