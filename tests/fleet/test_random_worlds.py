"""Random worlds: every item exactly once, every target accounted for, nothing left behind."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given, settings, strategies as st
from worlds import DEADLINE, FAILURES, Place, World, places, region_of

from drs_sdk.errors import ClientClosedError, FleetError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drs_sdk import DRSClient
    from drs_sdk.fleet import Fleet, Target, Walk
    from drs_sdk.models import SourceServer

Leaving = Literal["break", "raise", "cancel", "close", "block"]
room = st.integers(1, 5)


class LeftError(Exception):
    """Why a loop was left."""


def in_world(
    given_places: list[Place],
    work: Callable[[World, Fleet], Awaitable[None]],
    *,
    concurrency: int,
    max_open_clients: int,
) -> None:
    """Run a test in a world, and see that it leaves nothing behind."""

    async def run() -> None:
        before = asyncio.all_tasks()
        world = World.of(given_places)
        async with world.emulator:
            fleet = world.emulator.fleet(
                world.targets(), concurrency=concurrency, max_open_clients=max_open_clients
            )
            async with fleet:
                await work(world, fleet)
                # No more than may be open, once nothing goes on.
                assert fleet._hub.clients.number <= max_open_clients
            left = {
                task
                for task in asyncio.all_tasks() - before
                if "RequestHandler" not in getattr(task.get_coro(), "__qualname__", "")
            }
            assert left == set()

    asyncio.run(run())


@settings(max_examples=15)
@given(places, room, room)
def test_a_walk_to_its_end(given_places: list[Place], concurrency: int, max_open: int) -> None:
    async def work(world: World, fleet: Fleet) -> None:
        walk = fleet.walk(world.servers, timeout_per_target=DEADLINE)
        found = Counter([(t.region_name, s.source_server_id) async for t, s in walk])
        world.check(fleet, dict(walk.failures), set(walk.absent))
        ways = (walk.finished, frozenset(walk.failures), walk.absent)
        assert sum(map(len, ways)) == len(fleet.targets)
        assert frozenset().union(*ways) == set(fleet.targets)
        for number, place in enumerate(world.places):
            of_target = {i: n for (region, i), n in found.items() if region == region_of(number)}
            if place.fate == "endless":
                assert set(of_target) <= world.ids[region_of(number)]  # a page came twice
                continue
            assert set(of_target.values()) <= {1}
            if place.fails:
                assert set(of_target) <= world.ids[region_of(number)]
            else:
                assert set(of_target) == world.ids[region_of(number)]
        if walk.failures:
            with pytest.raises(FleetError) as caught:
                walk.raise_if_failed()
            assert set(caught.value.exceptions) == set(walk.failures.values())
        else:
            walk.raise_if_failed()

    in_world(given_places, work, concurrency=concurrency, max_open_clients=max_open)


@settings(max_examples=15)
@given(places, room, room)
def test_a_run_to_its_end(given_places: list[Place], concurrency: int, max_open: int) -> None:
    async def work(world: World, fleet: Fleet) -> None:
        async def gather(drs: DRSClient, target: Target) -> set[str | None]:
            assert target.region_name == drs.region_name
            return {server.source_server_id async for server in world.servers(drs)}

        outcomes = await fleet.run(gather, timeout_per_target=DEADLINE)
        world.check(fleet, dict(outcomes.failures), set(outcomes.absent))
        assert {target.region_name: ids for target, ids in outcomes.results.items()} == {
            region_of(number): world.ids[region_of(number)]
            for number, place in enumerate(world.places)
            if not place.fails and place.fate != "absent"
        }

    in_world(given_places, work, concurrency=concurrency, max_open_clients=max_open)


@settings(max_examples=15)
@given(
    places,
    room,
    room,
    st.integers(0, 8),
    st.sampled_from(["break", "raise", "cancel", "close", "block"]),
)
def test_a_walk_that_is_left_early(
    given_places: list[Place], concurrency: int, max_open: int, after: int, leaving: Leaving
) -> None:
    async def work(world: World, fleet: Fleet) -> None:
        walk = fleet.walk(world.servers, timeout_per_target=DEADLINE)
        seen = await left_early(walk, after, leaving)
        well = {n for n, place in enumerate(world.places) if place.fate != "endless"}
        for (region, server_id), times in Counter(seen).items():
            assert server_id in world.ids[region]
            assert times == 1 or int(region.rpartition("-")[2]) not in well
        # A walk that was left does not harm the next one.
        found = Counter([(t.region_name, s.source_server_id) async for t, s in walk])
        assert {s for r, s in found if r == region_of(0)} <= world.ids[region_of(0)]
        world.check(fleet, dict(walk.failures), set(walk.absent))

    in_world(given_places, work, concurrency=concurrency, max_open_clients=max_open)


async def left_early(
    walk: Walk[SourceServer], after: int, leaving: Leaving
) -> list[tuple[str, str | None]]:
    """Walk a while, and leave."""
    seen: list[tuple[str, str | None]] = []

    async def leave() -> None:
        if leaving == "raise":
            raise LeftError
        if leaving == "cancel":
            raise asyncio.CancelledError
        await walk.aclose()

    async def loop() -> None:
        async for target, server in walk:
            seen.append((target.region_name, server.source_server_id))
            if len(seen) <= after:
                continue
            if leaving in {"break", "block"}:
                break
            await leave()

    if leaving == "block":
        async with walk:
            await loop()
        assert not any("fleet" in task.get_name() for task in asyncio.all_tasks())
        return seen
    looping = asyncio.create_task(loop())
    await asyncio.wait({looping})
    if not looping.cancelled() and (error := looping.exception()) is not None:
        assert isinstance(error, LeftError if leaving == "raise" else ClientClosedError)
    await nothing_goes_on()
    return seen


async def nothing_goes_on() -> None:
    """See that what was left has ended, once the loop of asyncio has come round."""
    for _ in range(100):
        if not any("fleet" in task.get_name() for task in asyncio.all_tasks()):
            return
        await asyncio.sleep(0)
    pytest.fail("a walk goes on although it was left")


@settings(max_examples=15)
@given(places, room, room, st.integers(0, 400))
def test_a_walk_or_run_that_is_cancelled_from_outside(
    given_places: list[Place], concurrency: int, max_open: int, rounds: int
) -> None:
    async def work(world: World, fleet: Fleet) -> None:
        async def walking() -> None:
            async for _ in fleet.walk(world.servers, timeout_per_target=None):
                pass

        async def hang(drs: DRSClient, _: Target) -> None:
            async for _server in world.servers(drs):
                pass

        for work in (walking(), fleet.run(hang)):
            task = asyncio.ensure_future(work)
            for _ in range(rounds):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled() or task.exception() is None
            assert not any("fleet" in each.get_name() for each in asyncio.all_tasks())

    in_world(given_places, work, concurrency=concurrency, max_open_clients=max_open)


@settings(max_examples=15)
@given(places, room, st.integers(0, 2000))
def test_a_deadline_for_all_accounts_for_all(
    given_places: list[Place], concurrency: int, seconds: int
) -> None:
    async def work(world: World, fleet: Fleet) -> None:
        walk = fleet.walk(world.servers, timeout=seconds + 1, timeout_per_target=None)
        begun = fleet.clock.now()
        async for _ in walk:
            pass
        assert (fleet.clock.now() - begun).total_seconds() <= seconds + 1
        ways = (walk.finished, frozenset(walk.failures), walk.absent)
        assert sum(map(len, ways)) == len(fleet.targets)
        for target, place in zip(fleet.targets, world.places, strict=True):
            if place.fate == "hangs":
                assert isinstance(walk.failures[target], FAILURES["hangs"])

    in_world(given_places, work, concurrency=concurrency, max_open_clients=9)


@settings(max_examples=15)
@given(
    st.lists(
        st.builds(Place, fate=st.sampled_from(["well", "slow"]), servers=st.integers(1, 6)),
        min_size=1,
        max_size=5,
    ),
    room,
    st.lists(st.tuples(st.sampled_from(["grow", "shrink"]), st.integers(0, 4)), max_size=12),
)
def test_what_is_there_all_along_is_found_once_in_fleets_that_grow_and_shrink(
    given_places: list[Place], concurrency: int, changes: list[tuple[str, int]]
) -> None:
    async def work(world: World, fleet: Fleet) -> None:
        there = {region: set(ids) for region, ids in world.ids.items()}
        ever = {region: set(ids) for region, ids in world.ids.items()}
        upcoming = iter(changes)
        found: Counter[tuple[str, str | None]] = Counter()
        async for target, server in fleet.walk(lambda drs: drs.describe_source_servers()):
            found[target.region_name, server.source_server_id] += 1
            change, at = next(upcoming, (None, 0))
            other = fleet.targets[at % len(fleet.targets)]
            region = other.region_name
            place = world.emulator.at(region=region, account_id=other.account_id)
            if change == "grow":
                ever[region].update(place.add_source_servers(1))
            elif change == "shrink" and there[region]:
                drs = await fleet.client(other)
                gone = there[region].pop()
                await drs.disconnect_source_server(gone)
                await drs.delete_source_server(gone)
        assert set(found.values()) == {1}
        for region, ids in there.items():
            seen = {server_id for where, server_id in found if where == region}
            assert ids <= seen <= ever[region]

    in_world(given_places, work, concurrency=concurrency, max_open_clients=9)
