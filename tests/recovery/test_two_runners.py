"""Two runners over one wave: every interleaving of their requests, one of them killed or not."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

import pytest
from runs import a_run, client_with, launched, states

from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from drs_sdk import DRSClient

UNHINDERED = 5  # requests of a runner in whose way nobody is; a conflict makes them more


class Turns:
    """Lets two runners make their requests in an order that is said beforehand."""

    def __init__(self, order: Sequence[int]) -> None:
        self._order = order
        self._waiting: dict[int, asyncio.Event] = {}
        self.made = [0, 0]

    async def before(self, runner: int, killed_at: int | None) -> None:
        """Wait for this runner's turn; killed, it never comes back."""
        if killed_at is not None and self.made[runner] >= killed_at:
            raise asyncio.CancelledError
        self._waiting[runner] = event = asyncio.Event()
        await event.wait()
        self.made[runner] += 1

    async def serve(self, tasks: Sequence[asyncio.Task[object]]) -> list[int]:
        """Let one request after the other pass; returns who went when it was his choice."""
        went: list[int] = []
        turn = 0
        while True:
            live = [n for n, task in enumerate(tasks) if not task.done()]
            if not live:
                return went
            if any(n not in self._waiting for n in live):
                await asyncio.sleep(0)
                continue
            wanted = self._order[turn] if turn < len(self._order) else live[0]
            chosen = wanted if wanted in live else live[0]
            if len(live) == 2:
                turn += 1
                went.append(chosen)
            self._waiting.pop(chosen).set()
            await self._come_to_rest(tasks[chosen], chosen)

    async def _come_to_rest(self, task: asyncio.Task[object], runner: int) -> None:
        while not task.done() and runner not in self._waiting:  # noqa: ASYNC110 - round by round
            await asyncio.sleep(0)


class Stage:
    """A world that goes back to its beginning for every order."""

    def __init__(self, world: DRSEmulator, clients: Sequence[DRSClient]) -> None:
        self._world = world
        self._clients = clients
        self._ids = world.add_source_servers(2)
        self._begin = world.snapshot()
        self.turns = Turns(())
        self.killed_at: int | None = None
        self.most = 0

    async def play(self, order: Sequence[int]) -> list[int]:
        """Run two runners in an order, then a third; returns the order as it was."""
        self._world.restore(self._begin)
        self.turns = Turns(order)
        tasks = [asyncio.create_task(self._run(number)) for number in (0, 1)]
        went = await self.turns.serve(tasks)
        await asyncio.gather(*tasks)
        self.most = max(self.most, self.turns.made[0])
        third = self._clients[2]
        status = await a_run(third, self._ids).advance()
        at = (went, self.killed_at)
        assert set(states(status).values()) == {"launching"}, at
        assert await launched(third) == {(name, "w0", "1"): 1 for name in self._ids}, at
        return went

    async def _run(self, number: int) -> None:
        with suppress(asyncio.CancelledError):
            await a_run(self._clients[number], self._ids).advance()

    async def before(self, number: int) -> None:
        """Wait for a runner's turn."""
        await self.turns.before(number, self.killed_at if number == 0 else None)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with DRSEmulator() as world, AsyncExitStack() as stack:
        holder: list[Stage] = []

        def gate(number: int) -> Callable[[str], Awaitable[None]]:
            async def before(_: str) -> None:
                await holder[0].before(number)

            return before

        gated = [client_with(world, gate(number)) for number in (0, 1)]
        clients = [await stack.enter_async_context(c) for c in [*gated, world.client()]]
        holder.append(Stage(world, clients))
        yield holder[0]


@pytest.mark.parametrize("killed_at", [None, *range(UNHINDERED)])
async def test_every_interleaving(stage: Stage, killed_at: int | None) -> None:
    """Goes through all orders, each time by the next choice that was not tried."""
    stage.killed_at = killed_at
    order: list[int] = []
    tried: set[tuple[int, ...]] = set()
    while True:
        went = await stage.play(order)
        assert tuple(went) not in tried
        tried.add(tuple(went))
        while went and went[-1] == 1:
            went.pop()
        if not went or (len(went) == 1 and killed_at is None):
            break  # where nobody is killed, the other half is the same with names changed
        order = [*went[:-1], 1]
    if killed_at is None:
        assert len(tried) > 100
    else:
        assert stage.most == killed_at, "the kill came"


async def test_a_runner_makes_as_many_requests_as_kills_are_tried(stage: Stage) -> None:
    """One runner after the other: the first is not hindered, and each of its requests counts."""
    await stage.play([0] * 100)
    assert stage.most == UNHINDERED
