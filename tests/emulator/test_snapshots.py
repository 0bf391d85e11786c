"""Snapshots of a place and of a world: where they can be restored, and what they bring back."""

from __future__ import annotations

import gc
import json
import weakref
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from letters import EAST, ELSEWHERE, ONE, TWO, WEST, Way, id_of, world

from drs_sdk.errors import UninitializedAccountException
from drs_sdk.testing import DRSEmulator, EmulatorClock, Quotas

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER_WORLDS = {
    "another Region": lambda: DRSEmulator(regions=[EAST, ELSEWHERE], accounts=[ONE, TWO]),
    "another account": lambda: DRSEmulator(regions=[EAST, WEST], accounts=[ONE, "9" * 12]),
    "one place less": lambda: DRSEmulator(regions=[EAST], accounts=[ONE, TWO]),
    "one place": DRSEmulator,
}


def _as_text(data: dict[str, object]) -> dict[str, Any]:
    return json.loads(json.dumps(data))


def _everywhere(emulator: DRSEmulator) -> list[dict[str, object]]:
    return [place.snapshot() for place in emulator.places]


@pytest.mark.parametrize("there", [(WEST, ONE), (EAST, TWO), (WEST, TWO)])
def test_a_snapshot_is_refused_in_every_place_but_its_own(there: tuple[str, str]) -> None:
    emulator = world()
    place = emulator.at(region=there[0], account_id=there[1])
    place.add_source_servers(1)
    saved = _as_text(place.snapshot())
    emulator.add_source_servers(2)
    emulator.clock.set(emulator.clock.now() + timedelta(hours=1))
    before = _everywhere(emulator)
    told = (
        f"snapshot of account {there[1]} in {there[0]}, and this place is account {ONE} in {EAST}"
    )
    for other in (p for p in emulator.places if p is not place):
        with pytest.raises(ValueError, match="restore it in the place it was taken of"):
            other.restore(saved)
    with pytest.raises(ValueError, match=told):
        emulator.restore(saved)
    assert _everywhere(emulator) == before
    place.restore(saved)


def test_the_one_place_of_a_small_world_is_a_place_too() -> None:
    saved = DRSEmulator(region=WEST).snapshot()
    with pytest.raises(ValueError, match=f"account {ONE} in {WEST}"):
        DRSEmulator().restore(saved)
    with pytest.raises(ValueError, match=f"account {ONE} in {WEST}"):
        DRSEmulator(account_id=TWO, region=WEST).restore(saved)
    other = DRSEmulator(region=WEST)
    other.restore(saved)
    assert other.snapshot() == saved


async def test_a_world_comes_back_with_its_clock_and_goes_on() -> None:
    """In the middle of a launch at home: all that is to come is to come again."""
    async with world() as emulator:
        sides = Way.between(emulator, "two Regions and two accounts")
        b1 = await sides.add_b1()
        b2 = await sides.recovery.launch(b1)
        a2 = id_of(await sides.recovery.reverse(b2))
        await emulator.clock.advance(timedelta(hours=12))
        sides.origin.place.quotas = Quotas(concurrent_jobs=3)
        servers = [{"sourceServerID": a2}]
        await sides.origin.call("start_recovery", sourceServers=servers, isDrill=False)
        await emulator.clock.advance(timedelta(minutes=4))
        saved, began = _as_text(emulator.snapshot_world()), emulator.clock.now()
        await emulator.clock.advance(timedelta(hours=2))
        later = _everywhere(emulator)
        await sides.recovery.call("stop_replication", sourceServerID=b1)

        async with world(seed=5) as other:
            for again in (emulator, other):
                again.restore_world(saved)
                assert again.clock.now() == began
                assert again.snapshot_world() == saved
                await again.clock.advance(timedelta(hours=2))
                assert _everywhere(again) == later
                way = Way.between(again, "two Regions and two accounts")
                assert way.origin.place.quotas == Quotas(concurrent_jobs=3)
                a3 = (await way.origin.server(a2))["recoveryInstanceId"]
                assert id_of(await way.origin.reverse(a3)) == b1


@pytest.mark.parametrize("make", OTHER_WORLDS.values(), ids=OTHER_WORLDS)
def test_another_world_is_refused(make: Callable[[], DRSEmulator]) -> None:
    emulator, other = world(), make()
    for place in (*emulator.places, *other.places):
        place.add_source_servers(1)
    saved, before = emulator.snapshot_world(), _everywhere(other)
    other.clock.set(other.clock.now() + timedelta(seconds=1))
    now = other.clock.now()
    with pytest.raises(ValueError, match=f"snapshot of a world of account {ONE} in {EAST}, "):
        other.restore_world(saved)
    assert other.clock.now() == now
    assert [s["resources"] for s in _everywhere(other)] == [s["resources"] for s in before]


def _twice(saved: dict[str, Any]) -> None:
    saved["places"][1] = saved["places"][0]


def _missing(saved: dict[str, Any]) -> None:
    del saved["places"][1]


def _broken(saved: dict[str, Any]) -> None:
    del saved["places"][-1]["settings"]


def _old(saved: dict[str, Any]) -> None:
    saved["places"][-1]["version"] = 1


def _timeless(saved: dict[str, Any]) -> None:
    saved["now"] = 7


@pytest.mark.parametrize("damage", [_twice, _missing, _broken, _old, _timeless])
def test_a_damaged_world_is_refused_whole(damage: Callable[[dict[str, Any]], None]) -> None:
    emulator = world()
    saved = _as_text(emulator.snapshot_world())
    emulator.add_source_servers(1)
    before = _everywhere(emulator)
    damage(saved)
    with pytest.raises(ValueError, match="snapshot"):
        emulator.restore_world(saved)
    assert _everywhere(emulator) == before


def test_a_place_and_a_world_are_not_taken_for_each_other() -> None:
    emulator = world()
    with pytest.raises(ValueError, match="restore_world"):
        emulator.restore(emulator.snapshot_world())
    with pytest.raises(ValueError, match="no snapshot of a whole world"):
        emulator.restore_world(emulator.snapshot())


async def test_what_was_asked_for_since_is_as_if_nobody_had() -> None:
    async with world() as emulator, emulator.client(region_name=ELSEWHERE) as drs:
        early = emulator.snapshot_world()
        await drs.initialize_service()
        place = emulator.at(region=ELSEWHERE)
        place.add_source_servers(1)
        late = emulator.snapshot_world()
        emulator.restore_world(early)
        with pytest.raises(UninitializedAccountException):
            await drs.describe_source_servers()
        assert emulator.at(region=ELSEWHERE) is place
        async with world() as other, other.client(region_name=ELSEWHERE) as there:
            other.restore_world(late)
            assert len(await there.describe_source_servers().collect()) == 1


def test_a_clock_that_moves_by_itself_is_left_alone() -> None:
    emulator = DRSEmulator(clock=EmulatorClock.scaled(60))
    saved = emulator.snapshot_world()
    emulator.restore_world(saved)
    assert emulator.clock.mode == "scaled"


async def test_the_endpoint_saves_and_restores_a_world() -> None:
    options: dict[str, Any] = {"regions": [EAST, WEST], "accounts": [ONE, TWO]}
    async with DRSEmulator(**options, admin_port=0) as emulator, aiohttp.ClientSession() as http:
        region, account_id = WEST, TWO
        place = emulator.at(region=region, account_id=account_id)
        (kept,) = place.add_source_servers(1)

        async def call(path: str, **arguments: object) -> tuple[int, Any]:
            async with http.post(f"{emulator.admin_url}/{path}", json=arguments) as answer:
                return answer.status, await answer.json()

        _, answer = await call("snapshot_world")
        _, of_place = await call(f"snapshot?region={region}&account_id={account_id}")
        place.add_source_servers(3)
        assert await call("restore_world", data=answer["result"]) == (200, {"result": None})
        assert [server.id for server in place.desk.account().source_servers] == [kept]
        for path, data, told in (
            ("restore", of_place["result"], "restore it in the place it was taken of"),
            ("restore", answer["result"], "restore_world"),
            ("restore_world", of_place["result"], "no snapshot of a whole world"),
            ("restore_world", {}, "no snapshot of a whole world"),
        ):
            status, refused = await call(path, data=data)
            assert (status, refused["error"]["code"]) == (400, "BadArguments")
            assert told in refused["error"]["message"]


async def test_what_was_replaced_is_not_kept_until_its_last_event() -> None:
    emulator = world()
    emulator.add_source_servers(1)
    saved = emulator.snapshot_world()
    gone = weakref.ref(emulator.desk.account())
    emulator.restore_world(saved)
    gc.collect()
    assert gone() is None
