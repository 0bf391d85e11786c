"""Requests share a pool of connections: who finds none waits, and that is no slow connection."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest
from aiobotocore.config import AioConfig
from loopback import answer, client_for, hang_up, loopback, reset, stay_silent, truncate

from drs_sdk.errors import ConfigurationError, DRSError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from loopback import Exchange, Loopback

    from drs_sdk import DRSClient

ARN = "arn:aws:drs:eu-west-1:123456789012:job/drsjob-0123456789abcdef0"
SERVER = "s-0123456789abcdef0"


async def _later(exchange: Exchange) -> None:
    await asyncio.sleep(0.15)
    await answer()(exchange)


async def _arrive(server: Loopback, count: int) -> None:
    for _ in range(count):
        await server.arrived.acquire()


async def test_waiting_for_a_connection_is_not_making_one() -> None:
    config = AioConfig(max_pool_connections=1, connect_timeout=0.2, read_timeout=10)
    async with loopback(_later) as server, client_for(server, config=config) as drs:
        once = drs.with_options(max_attempts=1)
        await asyncio.gather(*(once.describe_jobs() for _ in range(4)))
        assert server.connections == 1
        assert len(server.requests) == 4


async def test_who_stops_waiting_leaves_the_place_to_others() -> None:
    config = AioConfig(max_pool_connections=1)
    async with loopback(stay_silent) as server, client_for(server, config=config) as drs:
        holds = asyncio.create_task(drs.initialize_service())
        await _arrive(server, 1)
        waits = [asyncio.create_task(drs.initialize_service()) for _ in range(3)]
        await asyncio.sleep(0.02)
        assert len(server.requests) == 1
        waits[0].cancel()
        holds.cancel()  # it sits on the connection
        await _arrive(server, 1)
        server.released.set()
        await asyncio.gather(*waits[1:])
        for task in (holds, waits[0]):
            with pytest.raises(asyncio.CancelledError):
                await task
        assert len(server.requests) == 3


@pytest.mark.parametrize("size", [0, None])
async def test_a_pool_may_have_no_limit(size: int | None) -> None:
    config = AioConfig(max_pool_connections=size)
    async with loopback(stay_silent) as server, client_for(server, config=config) as drs:
        calls = [asyncio.create_task(drs.initialize_service()) for _ in range(60)]
        await _arrive(server, 60)
        server.released.set()
        await asyncio.gather(*calls)


@pytest.mark.parametrize("size", [-1, "3", 1.5])
async def test_a_pool_that_is_none_is_refused(size: object) -> None:
    drs = client_for("http://127.0.0.1:9", config=AioConfig(max_pool_connections=size))
    with pytest.raises(ConfigurationError, match="max_pool_connections must be"):
        await drs.open()


async def _slow(exchange: Exchange) -> None:
    await asyncio.sleep(0.005)
    await answer()(exchange)


@pytest.mark.parametrize("seed", range(3))
async def test_the_pool_is_whole_after_whatever_happened(seed: int) -> None:
    chance = random.Random(seed)
    steps = [answer(), _slow, _slow, reset, hang_up, truncate]

    async def anything(exchange: Exchange) -> None:
        await chance.choice(steps)(exchange)

    async def ask(drs: DRSClient) -> None:
        view = drs.with_options(max_attempts=1, read_timeout=chance.choice([0.002, 0.01, None]))
        calls: list[Callable[[], Awaitable[object]]] = [
            view.initialize_service,
            lambda: view.list_tags_for_resource(resource_arn=ARN),  # a GET
            lambda: view.start_recovery(source_servers=[{"source_server_id": SERVER}]),
        ]
        async with asyncio.timeout(chance.choice([0.001, 0.005, 0.02, 10])):
            await chance.choice(calls)()

    config = AioConfig(max_pool_connections=3)
    async with loopback(anything) as server, client_for(server, config=config) as drs:
        for _ in range(5):
            ends = await asyncio.gather(*(ask(drs) for _ in range(40)), return_exceptions=True)
            assert {type(each) for each in ends if not isinstance(each, DRSError)} <= {
                type(None), TimeoutError
            }  # fmt: skip
        server.steps[:] = [stay_silent]
        server.arrived = asyncio.Semaphore(0)
        calls = [asyncio.create_task(drs.initialize_service()) for _ in range(3)]
        async with asyncio.timeout(5):
            await _arrive(server, 3)
        server.released.set()
        await asyncio.gather(*calls)
