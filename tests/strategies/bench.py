"""Our client and a raw aiobotocore client, side by side on one recording loopback server.

Everything lives on one event loop that tests enter with `run`, so that one server and one pair
of clients serve a whole module, also under hypothesis.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from loopback import Exchange, Loopback, Seen, answer, client_for, loopback

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from drs_sdk import DRSClient

T = TypeVar("T")


class Bench:
    """One server, two clients."""

    def __init__(self, runner: asyncio.Runner, stack: AsyncExitStack) -> None:
        self._runner = runner
        self._stack = stack
        self.status = 200
        self.body: bytes = b"{}"
        self.server: Loopback
        self.ours: DRSClient
        self.raw: Any

    async def open(self) -> None:
        enter = self._stack.enter_async_context
        self.server = await enter(loopback(self._answer))
        self.ours = await enter(client_for(self.server))
        self.raw = await enter(
            AioSession().create_client(
                "drs",
                region_name="eu-west-1",
                endpoint_url=self.server.url,
                aws_access_key_id="AKIDRAWEXAMPLE000001",
                aws_secret_access_key="fake",
                config=AioConfig(proxies={}, retries={"mode": "standard", "total_max_attempts": 1}),
            )
        )

    async def close(self) -> None:
        await self._stack.aclose()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def answers(self, content: object, *, status: int = 200) -> None:
        """Answer from now on with JSON, or with bytes as they are; a 204 has no body."""
        self.status = status
        self.body = content if isinstance(content, bytes) else json.dumps(content).encode()
        if status == 204:
            assert content == {}
            self.body = b""

    def ask_ours(self, method: str, **members: Any) -> Any:  # noqa: ANN401 - any response
        """Call our method, and wait for its answer."""

        async def ask() -> Any:  # noqa: ANN401 - any response
            return await getattr(self.ours, method)(**members)

        return self.run(ask())

    def ask_raw(self, method: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - any value
        """Call botocore's method, and wait for its answer."""

        async def ask() -> dict[str, Any]:
            return await getattr(self.raw, method)(**members)

        return self.run(ask())

    def last_request(self) -> Seen:
        """The request that came last; the record is cleared."""
        seen = self.server.requests[-1]
        self.server.requests.clear()
        return seen

    async def _answer(self, exchange: Exchange) -> None:
        await answer(self.body, status=self.status)(exchange)


@contextmanager
def open_bench() -> Iterator[Bench]:
    """Open server and clients; all are closed at the end."""
    with asyncio.Runner() as runner:
        bench = Bench(runner, AsyncExitStack())
        bench.run(bench.open())
        try:
            yield bench
        finally:
            bench.run(bench.close())
