"""There and back: two Regions, two accounts, one Region, on-premises, drills."""

from __future__ import annotations

from collections import Counter

import pytest
from ways import ELSEWHERE, KEY, WAYS, a_world, stages

from drs_sdk.errors import OriginNeededError, OriginNotReadyError, RunClosedError
from drs_sdk.recovery import Recovery, Runbook
from drs_sdk.testing import DRSEmulator, Fault


@pytest.mark.parametrize("by_fleet", [False, True], ids=["origin=", "fleet"])
@pytest.mark.parametrize("way", WAYS)
async def test_there_and_back(way: str, by_fleet: bool) -> None:  # noqa: FBT001
    async with a_world(way) as sides:
        recovery = sides.recovery(by_fleet=by_fleet)
        traffic: list[str] = []
        (await recovery.launch()).raise_if_failed()

        ready = await recovery.reprotect()
        ready.raise_if_failed()
        assert stages(ready) == ["ready"] * 4
        home = await recovery.fail_back(after_wave=lambda it: traffic.append(it.wave.name))
        home.raise_if_failed()

        assert stages(home) == ["done"] * 4
        assert traffic == ["app", "db"]
        assert all(one.home_at and one.data_lost is not None for one in home.servers)
        assert set(home.for_people) == set(sides.b1s)
        await sides.require_home()
        sent = Counter(sides.changes)
        assert sent["StartRecovery"] == 4
        assert sent["ReverseReplication"] == 8

        again = await recovery.fail_back()
        again.raise_if_failed()
        assert Counter(sides.changes) == sent
        with pytest.raises(RunClosedError):
            await recovery.launch()


@pytest.mark.parametrize("way", ELSEWHERE)
async def test_a_drill_there_and_back(way: str) -> None:
    async with a_world(way) as sides:
        drill = sides.recovery(mode="drill", by_fleet=way == "two accounts")
        (await drill.launch()).raise_if_failed()

        report = await drill.rehearse_way_back()

        report.raise_if_failed()
        assert stages(report) == ["done"] * 4
        assert not report.for_people
        await sides.require_untouched()
        sent = Counter(sides.changes)
        assert sent["ReverseReplication"] == 4
        (await drill.rehearse_way_back()).raise_if_failed()
        assert Counter(sides.changes) == sent
        with pytest.raises(RunClosedError):
            await drill.launch()


async def test_the_next_cycle_under_a_new_key() -> None:
    async with a_world() as sides:
        for key in ("one", "two", "three"):
            recovery = sides.recovery(key=key)
            (await recovery.launch()).raise_if_failed()
            (await recovery.reprotect()).raise_if_failed()
            (await recovery.fail_back()).raise_if_failed()
            await sides.require_home()
            assert stages(await recovery.fail_back()) == ["done"] * 4


async def test_home_in_the_order_that_the_runbook_says() -> None:
    async with a_world() as sides:
        recovery = sides.recovery(db={"fail_back_after": []}, app={"fail_back_after": ["db"]})
        await recovery.launch()
        await recovery.reprotect()
        order: list[str] = []
        await recovery.fail_back(before_wave=lambda it: order.append(it.wave.name))
        assert order == ["db", "app"]
        await sides.require_home()


async def test_a_point_in_time_of_the_way_out_is_not_one_of_the_way_home() -> None:
    async with a_world() as sides:
        moment = sides.emulator.clock.now().isoformat()
        await sides.emulator.clock.advance(3600)
        later = sides.emulator.clock.now().isoformat()
        assert moment < later
        recovery = sides.recovery(db={"point_in_time": later})
        (await recovery.launch()).raise_if_failed()
        (await recovery.reprotect()).raise_if_failed()
        (await recovery.fail_back()).raise_if_failed()
        await sides.require_home()


async def test_a_wave_waits_for_an_approval_of_its_own_on_the_way_home() -> None:
    async with a_world("one Region") as sides:
        recovery = sides.recovery(db={"pause_before": True})
        (await recovery.launch(approved=["db"])).raise_if_failed()
        await recovery.reprotect()
        asked: list[str] = []

        def deny(gate: object) -> bool:
            asked.append(gate.wave.name)  # type: ignore[attr-defined]
            return False

        report = await recovery.fail_back(approve=deny)
        assert asked == ["db"]
        assert not report.succeeded
        behind = {one.wave: one.reason or "" for one in report.behind}
        assert set(behind) == {"db"}
        assert "approval" in behind["db"]
        (await recovery.fail_back(approved=["db"])).raise_if_failed()
        await sides.require_home()


@pytest.mark.parametrize("step", ["reprotect", "fail_back"])
async def test_an_origin_that_nobody_gave(step: str) -> None:
    async with a_world("two Regions and two accounts") as sides:
        recovery = sides.recovery(origin=None)
        found = await recovery.preflight()
        assert "origin" in [finding.check for finding in found.findings]
        await recovery.launch()
        before = sides.changes
        with pytest.raises(OriginNeededError) as caught:
            await getattr(recovery, step)()
        assert (caught.value.account_id, caught.value.region_name) == (
            sides.home.account_id,
            sides.home.region,
        )
        assert sides.changes == before


async def test_an_origin_of_the_wrong_account() -> None:
    async with a_world("two Regions") as sides:
        wrong = sides.emulator.at(region=sides.home.region, account_id="444455556666")
        wrong.add_source_servers(1)
        async with wrong.client() as stranger:
            recovery = sides.recovery(origin=stranger)
            await recovery.launch()
            before = sides.changes
            with pytest.raises(OriginNeededError):
                await recovery.reprotect()
            assert sides.changes == before


async def test_an_origin_that_was_never_initialised() -> None:
    emulator = DRSEmulator(regions=["us-west-2"])
    async with emulator, emulator.client() as drs, emulator.client(region_name="eu-west-1") as home:
        ids = emulator.add_source_servers(2, origin_region="eu-west-1")
        runbook = Runbook(name="erp", waves=[{"name": "all", "servers": {"all": True}}])
        recovery = Recovery(drs, runbook, key=KEY, mode="recovery", origin=home)
        (await recovery.launch()).raise_if_failed()
        with pytest.raises(OriginNotReadyError, match="eu-west-1"):
            await recovery.reprotect()
        assert "ReverseReplication" not in [one.operation for one in emulator.requests]
        await home.initialize_service()
        report = await recovery.reprotect()
        report.raise_if_failed()
        assert {one.source_server_id for one in report.servers} == set(ids)


async def test_tags_help_whoever_comes_next() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        b2s = await sides.b2s()
        assert {b2.tags.get("drs-sdk:run") for b2 in b2s} == {recovery.name}
        assert {b2.tags.get("drs-sdk:step") for b2 in b2s} == {"launch"}
        await recovery.reprotect()
        assert {a2.tags.get("drs-sdk:step") for a2 in await sides.a2s()} == {"launch-back"}
        b1s = [await sides.b1(number) for number in range(4)]
        assert not any(name.startswith("drs-sdk") for b1 in b1s for name in b1.tags)


async def test_a_caller_who_may_not_tag_gets_home_all_the_same() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        for place in (sides.there, sides.home):
            place.inject("TagResource", Fault.error("AccessDeniedException"), probability=1.0)
        (await recovery.reprotect()).raise_if_failed()
        (await recovery.fail_back()).raise_if_failed()
        await sides.require_home()
