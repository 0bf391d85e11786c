"""The way back where things fail, and where other people act: what stands, stands."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from ways import KEY, a_world, machine, stages

from drs_sdk.errors import RecoveryError, WrongOrderError
from drs_sdk.recovery import Recovery, Runbook
from drs_sdk.testing import DRSEmulator, Fault, Quirks


async def test_a_server_that_did_not_launch_does_not_hold_up_the_others() -> None:
    async with a_world() as sides:
        bad = sides.b1s[3]
        sides.there.fail_launch(bad, times=None)
        recovery = sides.recovery()
        await recovery.launch()
        ready = await recovery.reprotect()
        assert [one.source_server_id for one in ready.behind] == [bad]
        home = await recovery.fail_back()
        assert Counter(stages(home)) == {"done": 3, "not launched": 1}
        assert not home.succeeded
        await sides.require_home(came=3)


async def test_a_launch_home_that_fails_is_told_and_attempted_again() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        await recovery.reprotect()
        a2s = {machine(a2): a2.source_server_id for a2 in await sides.a2s()}
        (b2,) = [i for i in await sides.b2s() if i.source_server_id == sides.b1s[0]]
        sides.home.fail_launch(a2s[b2.ec2_instance_id], error="InsufficientInstanceCapacity")

        report = await recovery.fail_back()

        (failed,) = report.behind
        assert failed.source_server_id == sides.b1s[0]
        assert failed.stage == "failed home"
        assert "InsufficientInstanceCapacity" in (failed.reason or "")
        assert stages(report).count("done") == 3
        assert [i.recovery_instance_id for i in await sides.b2s()] == [b2.recovery_instance_id]
        assert (await recovery.fail_back()).behind
        (await recovery.fail_back(attempts=2)).raise_if_failed()
        await sides.require_home()
        assert Counter(sides.changes)["StartRecovery"] == 5


async def test_the_first_wave_home_fails_and_the_next_waits() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        await recovery.reprotect()
        b2s = {i.ec2_instance_id: i.source_server_id for i in await sides.b2s()}
        for a2 in await sides.a2s():
            if b2s[machine(a2)] in sides.waves[1]:
                sides.home.fail_launch(a2.source_server_id)
        report = await recovery.fail_back()
        assert Counter(stages(report)) == {"failed home": 2, "ready": 2}
        assert {one.wave: one.reason for one in report.servers}["db"] == "comes after app"
        (await recovery.fail_back(attempts=2)).raise_if_failed()
        await sides.require_home()


async def test_the_service_refuses_one_reversal_for_good() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        sides.there.inject("ReverseReplication", Fault.error("ValidationException", "no EBS root"))
        report = await recovery.reprotect()
        assert Counter(stages(report)) == {"ready": 3, "launched": 1}
        (bad,) = report.behind
        assert "no EBS root" in (bad.reason or "")
        with pytest.raises(WrongOrderError, match=bad.source_server_id):
            await recovery.fail_back()
        home = await recovery.fail_back(leaving=[bad.source_server_id])
        assert Counter(stages(home)) == {"done": 3, "launched": 1}
        left = [i.recovery_instance_id for i in await sides.b2s()]
        assert left == [bad.recovery_instance_id]


async def test_an_instance_that_was_stopped_is_not_waited_for_without_end() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        b2 = (await sides.b2s())[0]
        sides.there.set_instance_state(b2.recovery_instance_id, "STOPPED")
        began = sides.emulator.clock.now()
        report = await recovery.reprotect()
        assert Counter(stages(report)) == {"ready": 3, "launched": 1}
        assert "not running" in (report.behind[0].reason or "")
        assert sides.emulator.clock.now() - began < timedelta(hours=2)
        sides.there.set_instance_state(b2.recovery_instance_id, "RUNNING")
        (await recovery.reprotect()).raise_if_failed()


async def test_the_answer_of_a_reversal_is_lost() -> None:
    for fault in (Fault.drop_before(), Fault.drop_after()):
        async with a_world() as sides:
            recovery = sides.recovery()
            await recovery.launch()
            sides.there.inject("ReverseReplication", fault, times=4)
            (await recovery.reprotect()).raise_if_failed()
            sides.home.inject("ReverseReplication", fault, times=4)
            (await recovery.fail_back()).raise_if_failed()
            await sides.require_home()
            for place in (sides.there, sides.home):
                sent: dict[str, list[object]] = {}
                for one in place.requests:
                    if one.operation == "ReverseReplication":
                        name = one.params["recoveryInstanceID"]
                        sent.setdefault(name, []).append(one.received_at)
                assert len(sent) == 4
                for times in sent.values():
                    gaps = [b - a for a, b in pairwise(times)]  # type: ignore[operator]
                    assert all(gap >= timedelta(minutes=6) for gap in gaps)


async def test_another_process_does_not_send_a_reversal_again_at_once() -> None:
    async with a_world() as sides:
        first = sides.recovery()
        await first.launch()
        # It was sent, and the answer did not come; A2 is not to be seen.
        sides.there.inject("ReverseReplication", Fault.drop_before(), probability=1.0)
        await first.reprotect(timeout=60)
        sent = Counter(sides.changes)["ReverseReplication"]
        assert sent == 4
        sides.there.clear_faults()
        await sides.recovery().reprotect(timeout=120)
        assert Counter(sides.changes)["ReverseReplication"] == sent
        (await sides.recovery().reprotect()).raise_if_failed()
        assert Counter(sides.changes)["ReverseReplication"] == sent + 4


async def test_somebody_else_has_reversed() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        for b2 in (await sides.b2s())[:2]:
            await sides.drs.reverse_replication(b2.recovery_instance_id)
        (await recovery.reprotect()).raise_if_failed()
        assert Counter(sides.changes)["ReverseReplication"] == 4
        (await recovery.fail_back()).raise_if_failed()
        await sides.require_home()


async def test_somebody_deletes_a2() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        await recovery.reprotect()
        a2 = (await sides.a2s())[0]
        await sides.at_home.stop_replication(a2.source_server_id)
        await sides.at_home.disconnect_source_server(a2.source_server_id)
        await sides.at_home.delete_source_server(a2.source_server_id)
        with pytest.raises(WrongOrderError, match="A2"):
            await recovery.fail_back()
        (await recovery.reprotect()).raise_if_failed()
        (await recovery.fail_back()).raise_if_failed()
        await sides.require_home()


async def test_somebody_stops_a2() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        await recovery.reprotect()
        a2 = (await sides.a2s())[0]
        await sides.at_home.stop_replication(a2.source_server_id)
        began = sides.emulator.clock.now()
        report = await recovery.reprotect()
        assert "STOPPED" in (report.behind[0].reason or "")
        assert sides.emulator.clock.now() - began < timedelta(hours=1)
        await sides.at_home.start_replication(a2.source_server_id)
        (await recovery.reprotect()).raise_if_failed()


async def test_b2_is_lost_once_it_is_replicated_home() -> None:
    """Its last point in time is at home, and is launched."""
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        await recovery.reprotect()
        b2 = (await sides.b2s())[0]
        sides.there.set_instance_state(b2.recovery_instance_id, "TERMINATED")
        report = await recovery.fail_back()
        report.raise_if_failed()
        servers = [await sides.b1(number) for number in range(4)]
        assert all(one.is_replicating for one in servers)
        assert await sides.a2s() == []


async def test_b2_is_lost_and_a2_was_stopped_so_that_nothing_is_left_to_come_home() -> None:
    """B1 replicates, but the machine of before: nobody may take that for a server at home."""
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        await recovery.reprotect()
        b2 = (await sides.b2s())[0]
        (a2,) = [one for one in await sides.a2s() if machine(one) == b2.ec2_instance_id]
        await sides.at_home.stop_replication(a2.source_server_id)
        sides.there.set_instance_state(b2.recovery_instance_id, "TERMINATED")
        lost = b2.source_server_id
        with pytest.raises(WrongOrderError, match=lost):
            await recovery.fail_back()
        report = await recovery.fail_back(leaving=[lost])
        assert Counter(stages(report)) == {"done": 3, "syncing": 1}
        (behind,) = report.behind
        assert behind.source_server_id == lost
        assert "(B2) stands no more" in (behind.reason or "")
        assert [one.source_server_id for one in await sides.a2s()] == [a2.source_server_id]
        again = await sides.recovery().fail_back(leaving=[lost])
        assert [one.source_server_id for one in again.behind] == [lost]


async def test_b2_is_lost_before_it_is_reversed() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        b2 = (await sides.b2s())[0]
        sides.there.start_foreign_termination([b2.recovery_instance_id])
        await sides.emulator.clock.advance(600)
        await recovery.reprotect()
        report = await recovery.fail_back()
        behind = {one.source_server_id: one for one in report.behind}
        assert set(behind) == {b2.source_server_id}
        assert behind[b2.source_server_id].stage == "not launched"
        assert stages(report).count("done") == 3
        again = await recovery.fail_back()
        assert {one.source_server_id for one in again.behind} == {b2.source_server_id}


@pytest.mark.parametrize("way", ["two Regions", "one Region"])
async def test_a3_is_lost_before_it_is_protected(way: str) -> None:
    """B2 stays, whatever is asked, and only a person's word launches anew."""
    async with a_world(way) as sides:
        recovery = sides.recovery()
        await recovery.launch()
        await recovery.reprotect()
        sides.home.inject("ReverseReplication", Fault.drop_before(), probability=1.0)
        await recovery.fail_back(timeout=timedelta(hours=1))
        sides.home.clear_faults()
        b2s = {
            i.recovery_instance_id for i in await sides.b2s() if i.tags["drs-sdk:step"] == "launch"
        }
        a3 = next(i for i in await sides.a3s() if i.tags["drs-sdk:step"] == "launch-back")
        sides.home.set_instance_state(a3.recovery_instance_id, "TERMINATED")

        report = await recovery.fail_back(attempts=5)

        (behind,) = report.behind
        assert behind.stage == "failed home"
        assert "launch_again" in (behind.reason or "")
        assert behind.recovery_instance_id in b2s
        left = {i.recovery_instance_id for i in await sides.b2s()}
        assert behind.recovery_instance_id in left
        again = await recovery.fail_back(launch_again=[behind.source_server_id])
        again.raise_if_failed()
        await sides.require_home()
        assert (await recovery.fail_back(launch_again=[behind.source_server_id])).succeeded


async def test_somebody_else_launches_home() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        await recovery.reprotect()
        a2 = (await sides.a2s())[0]
        sides.home.start_foreign_launch([a2.source_server_id], is_drill=False)
        await sides.emulator.clock.advance(900)
        (await recovery.fail_back()).raise_if_failed()
        await sides.require_home()
        started = [
            server["sourceServerID"]
            for one in sides.home.requests
            if one.operation == "StartRecovery"
            for server in one.params["sourceServers"]
        ]
        assert a2.source_server_id not in started


async def test_somebody_elses_drill_at_home_is_not_taken_for_the_launch_home() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        await recovery.reprotect()
        a2s = [a2.source_server_id for a2 in await sides.a2s()]
        sides.home.start_foreign_launch(a2s, is_drill=True)
        await sides.emulator.clock.advance(900)
        drills = {i.recovery_instance_id for i in await sides.a3s()}
        (await recovery.fail_back()).raise_if_failed()
        await sides.require_home()
        reversed_ = {
            one.params["recoveryInstanceID"]
            for one in sides.home.requests
            if one.operation == "ReverseReplication"
        }
        assert not reversed_ & drills


async def test_weeks_later_in_another_process() -> None:
    async with a_world() as sides:
        await sides.recovery().launch()
        await sides.emulator.clock.advance(timedelta(days=40))
        (await sides.recovery(by_fleet=True).reprotect()).raise_if_failed()
        await sides.emulator.clock.advance(timedelta(days=40))
        began = sides.recovery(by_fleet=True)
        await began.fail_back(timeout=timedelta(minutes=12))
        (await sides.recovery(by_fleet=True).fail_back()).raise_if_failed()
        await sides.require_home()


@pytest.mark.parametrize("way", ["two Regions", "one Region"])
@pytest.mark.parametrize("when", ["launched", "reversed", "at home"])
async def test_days_later_with_the_jobs_gone(way: str, when: str) -> None:
    async with a_world(way) as sides:
        recovery = sides.recovery()
        await recovery.launch()
        b2s = {i.source_server_id: i.recovery_instance_id for i in await sides.b2s()}
        if when != "launched":
            await recovery.reprotect()
        if when == "at home":
            sides.home.inject("ReverseReplication", Fault.drop_before(), probability=1.0)
            await recovery.fail_back(timeout=timedelta(hours=1))
            sides.home.clear_faults()
        await sides.emulator.clock.advance(timedelta(days=3))
        for place in {sides.there, sides.home}:
            async with place.client() as drs:
                async for job in drs.describe_jobs():
                    place.forget_job(job.job_id)
        before = sides.changes
        later = sides.recovery()
        with pytest.raises(RecoveryError) as caught:
            await later.fail_back()
        for b2 in b2s.values():
            assert b2 in str(caught.value)
        assert sides.changes == before
        if when != "at home":
            (await later.reprotect(instances=b2s)).raise_if_failed()
        (await later.fail_back(instances=b2s)).raise_if_failed()
        await sides.require_home()
        assert Counter(sides.changes)["StartRecovery"] == 4
        assert Counter(sides.changes)["ReverseReplication"] >= 8


async def test_jobs_go_while_it_is_under_way() -> None:
    async with a_world() as sides:
        for place in (sides.there, sides.home):
            place.quirks = Quirks(job_retention=3 * 3600, job_listing_delay=30)
        recovery = sides.recovery()
        (await recovery.launch()).raise_if_failed()
        (await recovery.reprotect()).raise_if_failed()
        (await recovery.fail_back()).raise_if_failed()
        await sides.require_home()


async def test_a_named_instance_has_to_be_one_of_the_server() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        b2s = {i.source_server_id: i.recovery_instance_id for i in await sides.b2s()}
        first, second = sides.b1s[:2]
        before = sides.changes
        await recovery.reprotect(instances={first: b2s[first]}, timeout=1)
        with pytest.raises(RecoveryError, match=b2s[second]):
            await recovery.reprotect(instances={first: b2s[second]})
        assert len(sides.changes) == len(before) + 4


async def test_launched_into_the_source_instance() -> None:
    """B1 names A1 before and after: B2 is not let go before A3 is replicated."""
    async with a_world() as sides:
        await sides.at_home.create_launch_configuration_template(
            launch_into_source_instance=True, copy_tags=False, copy_private_ip=False
        )
        for number in range(4):
            sides.home.describe_ec2_instance(
                machine(await sides.b1(number)),
                tags={"AWSDRS": "AllowLaunchingIntoThisInstance"},
                state="STOPPED",
            )
        recovery = sides.recovery()
        await recovery.launch()
        (await recovery.reprotect()).raise_if_failed()
        report = await recovery.fail_back()
        report.raise_if_failed()
        assert Counter(sides.changes)["ReverseReplication"] == 8
        live = {machine(await sides.b1(number)) for number in range(4)}
        for one in report.servers:
            assert "never the one that lives" in (one.for_a_person or "")
            assert any((name or "?") in (one.for_a_person or "") for name in live)
        await sides.require_home(came=0)


@pytest.mark.parametrize("reverses", [True, False])
async def test_whether_a_drills_instance_is_reversed_is_a_guess(reverses: bool) -> None:  # noqa: FBT001
    async with a_world(reverse_drill_instances=reverses) as sides:
        drill = sides.recovery(mode="drill")
        await drill.launch()
        if reverses:
            (await drill.rehearse_way_back()).raise_if_failed()
        else:
            with pytest.raises(RecoveryError, match="guess"):
                await drill.rehearse_way_back()
            assert (await drill.clean_up()).is_clean
        await sides.require_untouched()


async def test_a_rehearsal_that_fails_is_told_and_removed() -> None:
    async with a_world() as sides:
        drill = sides.recovery(mode="drill")
        await drill.launch()
        await drill.rehearse_way_back(timeout=timedelta(minutes=4))
        for a2 in await sides.a2s():
            sides.home.fail_launch(a2.source_server_id, error="no capacity")
        report = await drill.rehearse_way_back()
        assert not report.succeeded
        assert any("no capacity" in why for why in report.failed.values())
        await sides.require_untouched()


async def test_who_comes_when_the_last_instance_is_just_going_waits_until_it_is_gone() -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        await recovery.launch()
        await recovery.reprotect()
        coming = asyncio.create_task(recovery.fail_back())
        while sides.changes.count("DeleteSourceServer") < len(sides.b1s):  # noqa: ASYNC110
            await asyncio.sleep(0)
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        assert {str(one.ec2_instance_state) for one in await sides.b2s()} == {"SHUTTING-DOWN"}
        (await recovery.fail_back()).raise_if_failed()
        await sides.require_home()


async def test_a_rehearsal_that_was_closed_waits_for_its_launch_home_and_removes_it() -> None:
    async with a_world() as sides:
        drill = sides.recovery(mode="drill")
        await drill.launch()
        while "StartRecovery" not in {one.operation for one in sides.home.requests}:
            await drill.rehearse_way_back(timeout=timedelta(minutes=20))
        await drill.close(reason="not today")
        with pytest.raises(WrongOrderError, match="A2"):
            await drill.clean_up()
        assert await sides.a3s() == []  # still on its way
        report = await drill.rehearse_way_back()
        assert report.left == {}
        await sides.require_untouched()
        assert Counter(one.operation for one in sides.home.requests)["StartRecovery"] == 1


async def test_a_drill_within_one_region_cannot_be_practised() -> None:
    async with a_world("one Region") as sides:
        drill = sides.recovery(mode="drill")
        await drill.launch()
        before = sides.changes
        with pytest.raises(RecoveryError, match="one Region"):
            await drill.rehearse_way_back()
        assert sides.changes == before


async def test_on_premises_a_person_boots_the_failback_client() -> None:
    async with DRSEmulator() as emulator, emulator.client() as drs:
        ids = emulator.add_source_servers(4, origin="ON_PREMISES")
        runbook = Runbook(
            name="plant",
            waves=[
                {"name": "db", "servers": {"source_server_ids": ids[:2]}},
                {"name": "app", "servers": {"source_server_ids": ids[2:]}},
            ],
        )
        recovery = Recovery(drs, runbook, key=KEY, mode="recovery")
        (await recovery.launch()).raise_if_failed()
        waiting = await recovery.reprotect(timeout=60)
        assert stages(waiting) == ["waiting for a person"] * 4
        assert "failback client" in next(iter(waiting.for_people.values()))
        with pytest.raises(WrongOrderError, match="A1"):
            await recovery.fail_back()
        async for b2 in drs.describe_recovery_instances():
            emulator.pair_failback_client(b2.recovery_instance_id)
        (await recovery.reprotect()).raise_if_failed()
        emulator.fail_launch(ids[3], error="disk is full")
        order: list[str] = []
        report = await recovery.fail_back(after_wave=lambda it: order.append(it.wave.name))
        assert order == ["app"]
        behind = {one.source_server_id: one.reason or "" for one in report.behind}
        assert set(behind) == {ids[0], ids[1], ids[3]}
        assert "disk is full" in behind[ids[3]]
        assert "comes after app" in behind[ids[0]]
        report = await recovery.fail_back(
            attempts=2, after_wave=lambda it: order.append(it.wave.name)
        )
        report.raise_if_failed()
        assert order == ["app", "app", "db"]
        assert await drs.describe_recovery_instances().collect() == []
        starts = [one for one in emulator.requests if one.operation == "StartFailbackLaunch"]
        assert len(starts) == 3
        assert all(one.params["tags"]["drs-sdk:step"] == "launch-back" for one in starts)
        (await recovery.fail_back()).raise_if_failed()
