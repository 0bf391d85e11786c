"""A fleet's watch tells what appears, changes and goes in every target, until it is left."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from drs_sdk.errors import (
    AccessDeniedException,
    ClientClosedError,
    CredentialsError,
    FleetError,
    InternalServerException,
    RequestValidationError,
    TargetFailedError,
)
from drs_sdk.testing import DRSEmulator, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drs_sdk.fleet import Fleet, FleetWatch, Target
    from drs_sdk.models import SourceServer
    from drs_sdk.testing.front.place import Place

ACCOUNTS = ["111122223333", "444455556666"]
REGIONS = ["eu-west-1", "us-east-1"]


def role_of(account_id: str) -> str:
    return f"arn:aws:iam::{account_id}:role/DisasterRecovery"


@pytest.fixture
async def world() -> AsyncIterator[DRSEmulator]:
    """Two accounts in two Regions, a server in each place."""
    async with DRSEmulator(accounts=ACCOUNTS, regions=REGIONS) as emulator:
        for place in places_of(emulator):
            place.add_source_servers(1)
        yield emulator


def places_of(emulator: DRSEmulator) -> list[Place]:
    return [emulator.at(account_id=a, region=r) for a in ACCOUNTS for r in REGIONS]


def target_of(fleet: Fleet, place: Place) -> Target:
    (target,) = (
        each
        for each in fleet.targets
        if (each.account_id, each.region_name) == (place.account_id, place.region)
    )
    return target


async def take(
    world: DRSEmulator, watch: FleetWatch, seconds: float
) -> list[tuple[str, str, str | None]]:
    """What a watch yields for a while of virtual time: where, what, whose.

    A healthy server changes at every look, as it was seen again; that is left out.
    """
    seen: list[tuple[str, str, str | None]] = []

    async def walk() -> None:
        async for target, change in watch:
            before = change.previous and change.previous.replication_state
            if change.kind == "changed" and change.subject.replication_state == before:
                continue
            seen.append((str(target), change.kind, change.subject.source_server_id))

    walking = asyncio.create_task(walk())
    await world.clock.sleep(seconds)
    walking.cancel()
    await asyncio.wait({walking})
    if not walking.cancelled():
        walking.result()
    return seen


def calls(place: Place, operation: str = "DescribeSourceServers") -> int:
    return sum(request.operation == operation for request in place.requests)


async def test_it_tells_what_appears_changes_and_goes_everywhere(world: DRSEmulator) -> None:
    here, *others = places_of(world)
    async with world.fleet() as fleet, fleet.watch_source_servers() as watch:
        assert watch.up_to_date == frozenset()
        first = await take(world, watch, 90)
        assert Counter(kind for _, kind, _ in first) == {"appeared": 4}
        assert {where for where, _, _ in first} == {str(target) for target in fleet.targets}
        assert watch.up_to_date == set(fleet.targets)
        (old,) = (name for where, _, name in first if where == f"{here.account_id}/{here.region}")
        assert old is not None
        (new,) = others[0].add_source_servers(1)
        here.set_lag(old, timedelta(hours=1), state="STALLED")
        assert sorted(kind for _, kind, _ in await take(world, watch, 90)) == [
            "appeared",
            "changed",
        ]
        drs = await fleet.client(target_of(fleet, others[0]))
        await drs.disconnect_source_server(new)
        await drs.delete_source_server(new)
        told = [each for each in await take(world, watch, 90) if each[1] == "gone"]
        assert told == [(f"{others[0].account_id}/{others[0].region}", "gone", new)]
        assert watch.failures == {}
        watch.raise_if_failed()


async def test_one_that_is_denied_is_told_and_does_not_hide_the_others(
    world: DRSEmulator,
) -> None:
    world.deny_role(role_of(ACCOUNTS[1]))
    nowhere = "xx-never-1"
    targets = [*world.fleet().targets]
    absent = type(targets[0])(nowhere, role_arn=role_of(ACCOUNTS[0]))
    async with world.fleet([*targets, absent]) as fleet, fleet.watch_source_servers() as watch:
        seen = await take(world, watch, 90)
        assert len(seen) == 2
        assert {str(target) for target in watch.failures} == {
            f"{ACCOUNTS[1]}/{region}" for region in REGIONS
        }
        assert {type(error) for error in watch.failures.values()} == {CredentialsError}
        assert watch.absent == {absent}
        assert len(watch.up_to_date) == 2
        with pytest.raises(FleetError, match="2 of 5"):
            watch.raise_if_failed()


async def test_a_refusal_that_ends_heals_the_watch_and_nothing_appears_twice(
    world: DRSEmulator,
) -> None:
    here, *_ = places_of(world)
    async with world.fleet() as fleet, fleet.watch_source_servers() as watch:
        assert len(await take(world, watch, 90)) == 4
        before = calls(here)
        here.inject("DescribeSourceServers", Fault.error("AccessDeniedException"), times=3)
        (new,) = here.add_source_servers(1)
        assert await take(world, watch, 700) == []
        (error,) = watch.failures.values()
        assert isinstance(error, AccessDeniedException)
        assert list(watch.failures) == [target_of(fleet, here)]
        assert calls(here) - before <= 5  # it is not hammered meanwhile
        told = await take(world, watch, 700)
        assert told == [(f"{here.account_id}/{here.region}", "appeared", new)]
        assert watch.failures == {}
        assert watch.up_to_date == set(fleet.targets)


async def test_an_outage_is_told_while_it_lasts(world: DRSEmulator) -> None:
    here, *_ = places_of(world)
    async with world.fleet() as fleet, fleet.watch_source_servers() as watch:
        assert len(await take(world, watch, 90)) == 4
        here.inject("DescribeSourceServers", Fault.server_error(), times=60)
        assert await take(world, watch, 300) == []
        assert {type(error) for error in watch.failures.values()} == {InternalServerException}
        assert target_of(fleet, here) not in watch.up_to_date
        (new,) = here.add_source_servers(1)
        told = await take(world, watch, 1500)
        assert told == [(f"{here.account_id}/{here.region}", "appeared", new)]
        assert watch.failures == {}


async def test_what_is_not_the_packages_is_a_failure_of_its_target(
    world: DRSEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.fleet() as fleet, fleet.watch_source_servers() as watch:
        whole = fleet._hub.clients._make

        def make(target: Target) -> object:
            if target is fleet.targets[0]:
                raise KeyError("a slip")
            return whole(target)

        monkeypatch.setattr(fleet._hub.clients, "_make", make)
        assert len(await take(world, watch, 90)) == 3
        (error,) = watch.failures.values()
        assert isinstance(error, TargetFailedError)
        assert isinstance(error.__cause__, KeyError)


@pytest.mark.parametrize("seconds", [0.5, 7.0, 45.0])
async def test_a_heartbeat_that_gives_up_loses_nothing(world: DRSEmulator, seconds: float) -> None:
    here, *_ = places_of(world)
    seen: list[str | None] = []
    added: list[str] = []
    async with world.fleet() as fleet, fleet.watch_source_servers() as watch:
        end = world.clock.now() + timedelta(hours=1)
        while len(seen) < 10 and world.clock.now() < end:  # one change a beat, at most
            stepping = asyncio.ensure_future(anext(watch))
            sleeping = asyncio.ensure_future(world.clock.sleep(seconds))
            await asyncio.wait({stepping, sleeping}, return_when=asyncio.FIRST_COMPLETED)
            if not stepping.done():
                stepping.cancel()
            await asyncio.wait({stepping, sleeping})
            if not stepping.cancelled() and stepping.result()[1].kind == "appeared":
                seen.append(stepping.result()[1].subject.source_server_id)
            if len(added) < 6:
                added += here.add_source_servers(1)
    assert len(seen) == len(set(seen)) == 10
    assert set(added) <= set(seen)


async def test_it_shares_the_polls_of_each_client(world: DRSEmulator) -> None:
    here, *_ = places_of(world)
    async with world.fleet() as fleet:
        drs = await fleet.client(target_of(fleet, here))
        watches = [fleet.watch_source_servers(min_delay=30, max_delay=30) for _ in range(3)]
        async with drs.watch_source_servers(min_delay=30, max_delay=30) as own:
            before = calls(here)
            taken = asyncio.gather(*(take(world, watch, 3600) for watch in watches))
            assert (await anext(own)).kind == "appeared"
            assert [len(each) for each in await taken] == [4, 4, 4]
            # Those that join at different moments may need a poll each; then all are in step.
            assert 115 <= calls(here) - before <= 126
        for watch in watches:
            await watch.aclose()


async def test_more_targets_than_clients_may_be_open(world: DRSEmulator) -> None:
    async with (
        world.fleet(max_open_clients=1, concurrency=1) as fleet,
        fleet.watch_source_servers() as watch,
    ):
        assert len(await take(world, watch, 90)) == 4
        assert all(calls(place) for place in places_of(world))


async def test_a_slow_reader_is_told_the_newest_state_once(world: DRSEmulator) -> None:
    here, *_ = places_of(world)
    async with world.fleet() as fleet, fleet.watch_source_servers() as watch:
        target, change = await anext(watch)
        name = here.add_source_servers(1)[0]
        for minutes in range(1, 30):
            here.set_lag(name, timedelta(minutes=minutes), state="BACKLOG")
            await world.clock.sleep(60)
        assert change.kind == "appeared"
        told = [(target, change)]
        while len(told) < 6:  # one is there already, and may have changed once
            told.append(await anext(watch))
        assert Counter(change.kind for _, change in told) == {"appeared": 5, "changed": 1}
        assert len({change.subject.source_server_id for _, change in told}) >= 4
        (late,) = (each for _, each in told if each.subject.source_server_id == name)
        assert late.subject.lag is not None
        assert late.subject.lag >= timedelta(minutes=28)


async def test_it_leaves_nothing_behind_however_it_is_left(world: DRSEmulator) -> None:
    before = asyncio.all_tasks()
    async with world.fleet() as fleet:
        watch = fleet.watch_source_servers()
        await anext(watch)
        del watch
        gc.collect()
        await world.clock.sleep(1)
        asked = [calls(place) for place in places_of(world)]
        await world.clock.sleep(3600)
        assert [calls(place) for place in places_of(world)] == asked

        async for _ in fleet.watch_source_servers():
            break
        entered = fleet.watch_source_servers()
        async with entered:
            await anext(entered)
        with pytest.raises(StopAsyncIteration):
            await anext(entered)

        left = fleet.watch_source_servers()
        await anext(left)
        stepping = asyncio.create_task(take(world, left, 3600))
        await world.clock.sleep(100)
        await fleet.aclose()
        with pytest.raises(ClientClosedError, match="closed while"):
            await stepping
    gc.collect()
    await asyncio.sleep(0.01)
    left_over = {
        task
        for task in asyncio.all_tasks() - before
        if "RequestHandler" not in getattr(task.get_coro(), "__qualname__", "")
    }
    assert left_over == set()


async def test_what_it_refuses(world: DRSEmulator) -> None:
    fleet = world.fleet()
    with pytest.raises(RequestValidationError, match="min_delay"):
        fleet.watch_source_servers(min_delay=0)
    with pytest.raises(ClientClosedError, match="not open"):
        await anext(fleet.watch_source_servers())


class Story:
    """What happens in a world, and what a reader of its watch knows of it."""

    def __init__(self, world: DRSEmulator, fleet: Fleet) -> None:
        self.world = world
        self.fleet = fleet
        self.servers: list[tuple[Place, str]] = []
        self.known: dict[tuple[str, str | None], SourceServer] = {}

    async def read(self, watch: FleetWatch, slowness: float) -> None:
        """Take changes; each must follow from the one before."""
        async for target, change in watch:
            key = (str(target), change.subject.source_server_id)
            assert self.known.get(key) == change.previous
            if change.kind == "gone":
                self.known.pop(key)
            else:
                assert (change.kind == "appeared") is (key not in self.known)
                self.known[key] = change.subject
            await self.world.clock.sleep(slowness)

    async def happen(self, what: str, place: Place, seconds: float) -> None:
        if what in FAULTS:
            fault, times = FAULTS[what]
            place.inject("DescribeSourceServers", fault, times=times)
        mine = [name for at, name in self.servers if at is place]
        if what == "add":
            self.servers += [(place, name) for name in place.add_source_servers(2)]
        elif mine and what == "lag":
            place.set_lag(mine[0], timedelta(seconds=seconds), state="BACKLOG")
        elif mine and what == "remove":
            self.servers.remove((place, mine[0]))
            drs = await self.fleet.client(target_of(self.fleet, place))
            await drs.disconnect_source_server(mine[0])
            await drs.delete_source_server(mine[0])
        await self.world.clock.sleep(seconds)


FAULTS = {
    "throttle": (Fault.throttle(), 7),
    "deny": (Fault.error("AccessDeniedException"), 1),
    "drop": (Fault.drop_after(), 4),
}
event = st.tuples(
    st.sampled_from(["add", "add", "lag", "remove", *FAULTS]),
    st.integers(0, 3),
    st.integers(1, 400),
)


@settings(max_examples=8)
@given(st.lists(event, max_size=8), st.integers(1, 200))
def test_whatever_happens_it_ends_up_knowing_what_there_is(
    events: list[tuple[str, int, int]], slowness: int
) -> None:
    async def run() -> None:
        async with (
            DRSEmulator(accounts=ACCOUNTS, regions=REGIONS) as world,
            world.fleet() as fleet,
            fleet.watch_source_servers() as watch,
        ):
            story = Story(world, fleet)
            reading = asyncio.create_task(story.read(watch, slowness / 100))
            for what, where, seconds in events:
                await story.happen(what, places_of(world)[where], seconds)
            await world.clock.sleep(900)  # what was refused is asked for again in the meantime
            assert not reading.done(), reading.exception()
            reading.cancel()
            await asyncio.wait({reading})
            assert watch.failures == {}
            assert sorted(str(name) for _, name in story.known) == sorted(
                name for _, name in story.servers
            )

    asyncio.run(run())
