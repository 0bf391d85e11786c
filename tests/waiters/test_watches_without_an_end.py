"""`watch_source_servers` tells what appears, changes and goes until it is left."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st
from scripted import (
    ScriptedService,
    broken,
    calls_per_moment,
    denied,
    is_idle,
    job,
    reset,
    server,
    server_id,
    settle,
    throttled,
)

from drs_sdk.errors import AccessDeniedException, RequestValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.models import SourceServer
    from drs_sdk.waiters import Change
    from drs_sdk.waiters.watch import Watch

OPEN: dict[str, Callable[[ScriptedService], Watch[Change[SourceServer]]]] = {
    "all": lambda service: service.watch_source_servers(),
    "ids": lambda service: service.watch_source_servers([server_id(n) for n in range(4)]),
}
each_way = pytest.mark.parametrize("way", OPEN)


def told(change: Change[SourceServer]) -> tuple[str, str, str, str | None]:
    before = change.previous
    return (
        change.kind,
        change.subject.source_server_id or "",
        str(change.subject.replication_state),
        None if before is None else str(before.replication_state),
    )


async def take(
    service: ScriptedService, watch: Watch[Change[SourceServer]], until: float
) -> list[tuple[str, str, str, str | None]]:
    """What the watch yields until a moment of the clock."""
    seen: list[tuple[str, str, str, str | None]] = []

    async def walk() -> None:
        async for change in watch:
            seen.append(told(change))  # noqa: PERF401 - what came before an error counts

    walking = asyncio.create_task(walk())
    sleeping = asyncio.create_task(service.clock.sleep(until - service.elapsed))
    await asyncio.wait({walking, sleeping}, return_when=asyncio.FIRST_COMPLETED)
    if walking.done():
        sleeping.cancel()
        await asyncio.wait({sleeping})
        await walking
    walking.cancel()
    await asyncio.wait({walking, sleeping})
    return seen


@each_way
async def test_it_tells_what_appears_changes_and_goes(way: str, service: ScriptedService) -> None:
    one, two = server_id(1), server_id(2)
    service.put(one, (0, server("CONTINUOUS")), (200, server("STALLED")), (600, None))
    service.put(two, (400, server("INITIAL_SYNC", number=2)))
    async with OPEN[way](service) as watch:
        assert await take(service, watch, 900) == [
            ("appeared", one, "CONTINUOUS", None),
            ("changed", one, "STALLED", "CONTINUOUS"),
            ("appeared", two, "INITIAL_SYNC", None),
            ("gone", one, "STALLED", "STALLED"),
        ]
        service.put(one, (0, server("DISCONNECTED")))
        assert await take(service, watch, 1100) == [("appeared", one, "DISCONNECTED", None)]
    assert is_idle(service)


@each_way
@pytest.mark.parametrize("failure", [throttled(20.0), broken(), reset()], ids=repr)
async def test_it_outlives_an_outage_however_long(
    failure: Exception, way: str, service: ScriptedService
) -> None:
    service.put(server_id(1), (0, server("CONTINUOUS")), (10_000, server("STALLED")))
    service.fails = lambda _: failure if 100 < service.elapsed < 200_000 else None
    async with OPEN[way](service) as watch:
        seen = await take(service, watch, 210_000)
    assert [kind for kind, *_ in seen] == ["appeared", "changed"]
    assert is_idle(service)


@each_way
async def test_an_outage_at_the_beginning_is_waited_out(way: str, service: ScriptedService) -> None:
    service.put(server_id(1), (0, server("CONTINUOUS")))
    service.failures = [broken(), reset(), throttled()]
    async with OPEN[way](service) as watch:
        assert (await anext(watch)).kind == "appeared"


@each_way
async def test_what_will_not_heal_is_raised_after_what_was_seen(
    way: str, service: ScriptedService
) -> None:
    service.put(server_id(1), (0, server("CONTINUOUS")))
    service.fails = lambda _: denied() if service.elapsed > 100 else None
    watch = OPEN[way](service)
    await asyncio.sleep(0)
    with pytest.raises(AccessDeniedException):
        await take(service, watch, 900)
    with pytest.raises(StopAsyncIteration):
        await anext(watch)
    assert is_idle(service)


@each_way
@pytest.mark.parametrize("seconds", [0.5, 7.0, 45.0])
async def test_a_heartbeat_that_gives_up_loses_nothing(
    seconds: float, way: str, service: ScriptedService
) -> None:
    states = ["CONTINUOUS", "STALLED", "CONTINUOUS", "BACKLOG"]
    service.put(
        server_id(1), *((200 * number, server(state)) for number, state in enumerate(states))
    )
    seen: list[str] = []
    async with OPEN[way](service) as watch:
        while service.elapsed < 800:
            stepping = asyncio.ensure_future(anext(watch))
            sleeping = asyncio.ensure_future(service.clock.sleep(seconds))
            await asyncio.wait({stepping, sleeping}, return_when=asyncio.FIRST_COMPLETED)
            if not stepping.done():
                stepping.cancel()
            await asyncio.wait({stepping, sleeping})
            if not stepping.cancelled():
                seen.append(str(stepping.result().subject.replication_state))
    assert seen == states
    assert is_idle(service)


@each_way
async def test_a_slow_reader_is_told_the_newest_state_once(
    way: str, service: ScriptedService
) -> None:
    """However much happens meanwhile, there is one change of a server to be told."""
    for number in range(3):
        service.put(
            server_id(number),
            *(
                (30 * step, server("CONTINUOUS", number=number, lag=f"PT{step}M"))
                for step in range(100)
            ),
        )
    service.states[server_id(2)].append((2000, None))
    async with OPEN[way](service) as watch:
        first = await anext(watch)
        assert first.subject.source_server_id == server_id(0)
        await service.clock.sleep(5000)
        seen = await take(service, watch, 5001)
    assert sorted((kind, name) for kind, name, *_ in seen) == [
        ("appeared", server_id(1)),
        ("changed", server_id(0)),
    ]
    assert is_idle(service)


async def test_watches_and_waits_share_their_polls(service: ScriptedService) -> None:
    ids = [server_id(number) for number in range(450)]
    for number, name in enumerate(ids):
        service.put(name, (0, server("INITIAL_SYNC", number=number)))
    watches = [service.watch_source_servers(ids, min_delay=30, max_delay=30) for _ in range(5)]
    taking = [asyncio.create_task(take(service, watch, 3600)) for watch in watches]
    waiting = asyncio.create_task(
        service.wait_until_source_servers_replicating(ids[:10], min_delay=30, max_delay=30)
    )
    seen = await asyncio.gather(*taking)
    assert all(len(each) == 450 for each in seen)
    assert set(calls_per_moment(service, "DescribeSourceServers")) == {3}
    waiting.cancel()
    await asyncio.wait({waiting})
    for watch in watches:
        await watch.aclose()
    assert is_idle(service)


async def test_watches_of_all_share_one_listing(service: ScriptedService) -> None:
    service.put(server_id(1), (0, server("CONTINUOUS")))
    watches = [service.watch_source_servers() for _ in range(5)]
    seen = await asyncio.gather(*(take(service, watch, 3600) for watch in watches))
    assert all(len(each) == 1 for each in seen)
    assert set(calls_per_moment(service, "DescribeSourceServers")) == {1}
    assert all(call.ids == () for call in service.calls)
    for watch in watches:
        await watch.aclose()
    assert is_idle(service)


@each_way
async def test_one_that_is_dropped_stops_the_polls(way: str, service: ScriptedService) -> None:
    service.put(server_id(1), (0, server("CONTINUOUS")))
    watch = OPEN[way](service)
    assert (await anext(watch)).kind == "appeared"
    del watch
    gc.collect()
    await settle(service)
    assert is_idle(service)


async def test_one_about_nothing_is_done(service: ScriptedService) -> None:
    assert [each async for each in service.watch_source_servers([])] == []
    assert service.calls == []


async def test_what_it_refuses(service: ScriptedService) -> None:
    with pytest.raises(RequestValidationError, match="min_delay"):
        service.watch_source_servers(min_delay=0)
    with pytest.raises(RequestValidationError, match="max_delay"):
        service.watch_source_servers(min_delay=60, max_delay=30)
    with pytest.raises(RequestValidationError, match="the id of a source server"):
        service.watch_source_servers(5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    with pytest.raises(RequestValidationError, match="the id of a source server"):
        service.watch_source_servers(job(number=1))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


SCHEDULES = st.lists(
    st.lists(
        st.tuples(
            st.integers(0, 1000), st.sampled_from(["CONTINUOUS", "STALLED", "BACKLOG", None])
        ),
        max_size=6,
    ),
    max_size=4,
)


@given(
    schedules=SCHEDULES,
    way=st.sampled_from(sorted(OPEN)),
    pauses=st.lists(st.floats(0, 300), max_size=10),
)
@settings(max_examples=60, deadline=None)
async def test_who_follows_the_changes_knows_how_everything_is(
    schedules: list[list[tuple[int, str | None]]], way: str, pauses: list[float]
) -> None:
    """Whatever happens, and however slowly they are taken."""
    service = ScriptedService()
    for number, schedule in enumerate(schedules):
        service.put(
            server_id(number),
            *(
                (since, None if state is None else server(state, number=number))
                for since, state in sorted(schedule, key=lambda each: each[0])
            ),
        )
    known: dict[str, SourceServer] = {}

    async def follow(watch: Watch[Change[SourceServer]]) -> None:
        left = list(pauses)
        async for change in watch:
            name = change.subject.source_server_id or ""
            assert known.get(name) == change.previous
            if change.kind == "gone":
                assert known.pop(name) == change.subject
            else:
                assert (change.kind == "appeared") is (name not in known)
                assert known.get(name) != change.subject
                known[name] = change.subject
            await service.clock.sleep(left.pop() if left else 0)

    async with OPEN[way](service) as watch:
        following = asyncio.create_task(follow(watch))
        await service.clock.sleep(6000)
        assert not following.done()
        following.cancel()
        await asyncio.wait({following})
    now = {name: service.state(name) for name in service.states}
    assert known == {name: state for name, state in now.items() if state is not None}
    assert is_idle(service)
