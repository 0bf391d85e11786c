"""Failover and failback by letters, over two Regions, two accounts, and within one Region."""

from __future__ import annotations

from datetime import timedelta

import pytest
from aws_cli import aws_cli, needs_aws_cli
from letters import (
    A1,
    A_SYNC,
    CONFLICT,
    EAST,
    ELSEWHERE,
    INVALID,
    ONE,
    TWO,
    WAYS,
    WEST,
    Side,
    Way,
    hint_of,
    id_of,
    world,
)

from drs_sdk.testing import DRSEmulator

INITIAL = ["INITIATING", "INITIAL_SYNC", "CREATING_SNAPSHOT", "CONTINUOUS"]
AGAIN = ["STALLED", "RESCAN", "CONTINUOUS"]


@pytest.mark.parametrize("way", WAYS)
async def test_each_step_and_each_wrong_order(way: str) -> None:
    async with world() as emulator:
        await there_and_back(Way.between(emulator, way))
        assert emulator.defects == []


@needs_aws_cli
async def test_the_aws_cli_goes_there_and_back(model_folder: str) -> None:
    async with (
        world(check_signatures=True) as emulator,
        aws_cli(emulator, model_folder) as cli,
    ):
        await there_and_back(Way.between(emulator, "two Regions", cli))
        assert emulator.defects == []


async def there_and_back(sides: Way) -> None:  # noqa: PLR0915 - one story
    """Take each step, and each wrong one."""
    there, home = sides.recovery, sides.origin
    b1 = await sides.add_b1()
    before = await there.server(b1)

    b2 = await there.launch(b1)
    b3 = (await there.instance(b2))["ec2InstanceID"]
    await there.refused("delete_recovery_instance", recoveryInstanceID=b2)
    await there.refused("disconnect_source_server", sourceServerID=b1)
    await there.refused("delete_source_server", sourceServerID=b1)

    arn = await there.reverse(b2)
    assert arn.split(":")[3:5] == [home.place.region, home.place.account_id]
    a2 = id_of(arn)
    assert [server["sourceServerID"] for server in await there.servers()] == [b1]
    (shown,) = await home.servers()
    assert (shown["sourceServerID"], shown["replicationDirection"]) == (a2, "FAILBACK")
    assert hint_of(shown) == b3
    cloud = shown["sourceCloudProperties"]
    assert cloud["originRegion"] == there.place.region
    assert cloud["originAccountID"] == there.place.account_id
    assert (await there.server(b1))["reversedDirectionSourceServerArn"] == arn
    assert (await there.server(b1))["replicationDirection"] == "FAILOVER"
    await there.refused("reverse_replication", recoveryInstanceID=b2)
    await there.refused("terminate_recovery_instances", recoveryInstanceIDs=[b2])
    await there.refused("disconnect_recovery_instance", recoveryInstanceID=b2)
    await there.refused("start_failback_launch", recoveryInstanceIDs=[b2])
    await home.refused("start_recovery", sourceServers=[{"sourceServerID": a2}])
    assert await home.states(a2) == INITIAL
    failback = (await there.instance(b2))["failback"]
    assert failback["state"] == "FAILBACK_READY_FOR_LAUNCH"

    a3 = await home.launch(a2)
    a4 = (await home.instance(a3))["ec2InstanceID"]
    assert [i["recoveryInstanceID"] for i in await there.instances()] == [b2]
    failback = (await there.instance(b2))["failback"]
    assert failback["state"] == "FAILBACK_COMPLETED"
    assert failback["failbackJobID"] == (await home.instance(a3))["jobID"]
    await there.refused("terminate_recovery_instances", recoveryInstanceIDs=[b2])
    await home.refused("disconnect_source_server", sourceServerID=a2)
    await home.refused("delete_recovery_instance", recoveryInstanceID=a3)

    assert await home.reverse(a3) == before["arn"]
    after = await there.server(b1)
    assert hint_of(before) == A1
    assert hint_of(after) == a4
    assert after["tags"] == before["tags"]
    added = "addedToServiceDateTime"
    assert after["lifeCycle"][added] == before["lifeCycle"][added]
    assert after["replicationDirection"] == "FAILOVER"
    assert [server["sourceServerID"] for server in await there.servers()] == [b1]
    assert [server["sourceServerID"] for server in await home.servers()] == [a2]
    await home.refused("reverse_replication", recoveryInstanceID=a3)
    await home.refused("disconnect_recovery_instance", recoveryInstanceID=a3)
    await home.refused("terminate_recovery_instances", recoveryInstanceIDs=[a3])
    await there.refused("terminate_recovery_instances", recoveryInstanceIDs=[b2])
    assert await there.states(b1) == AGAIN

    await there.place.clock.advance(timedelta(hours=1))
    assert await home.snapshots(a2)
    await home.call("stop_replication", sourceServerID=a2)
    assert await home.snapshots(a2) == []
    assert await there.snapshots(b1)
    await home.refused("disconnect_source_server", sourceServerID=a2)
    await there.terminate(b2)
    await home.refused("delete_source_server", sourceServerID=a2)
    await home.call("delete_recovery_instance", recoveryInstanceID=a3)
    await home.refused("delete_source_server", sourceServerID=a2)
    await home.call("disconnect_source_server", sourceServerID=a2)
    await home.call("delete_source_server", sourceServerID=a2)

    assert await home.servers() == await home.instances() == await there.instances() == []
    (left,) = await there.servers()
    assert (left["sourceServerID"], hint_of(left)) == (b1, a4)
    assert await there.state(b1) == "CONTINUOUS"


async def test_the_next_cycle_and_the_name_that_goes_stale() -> None:
    async with world() as emulator:
        sides = Way.between(emulator, "two Regions")
        b1 = await sides.add_b1()
        made: list[str] = []
        for _ in range(2):
            b2, a2, a3 = await sides.out_and_back(b1)
            assert id_of(await sides.origin.reverse(a3)) == b1
            assert await sides.recovery.states(b1) == AGAIN
            a4 = (await sides.origin.instance(a3))["ec2InstanceID"]
            await sides.clean_up(b2, a2, a3)
            server = await sides.recovery.server(b1)
            assert hint_of(server) == a4
            made.append(a2)
            # It names what the first cycle made, and that is deleted.
            assert id_of(server["reversedDirectionSourceServerArn"]) == made[0]
        assert len(set(made)) == 2


async def test_a_server_that_was_stopped_begins_anew_when_it_is_pointed_home() -> None:
    async with world() as emulator:
        sides = Way.between(emulator, "two Regions")
        b1 = await sides.add_b1()
        _, _, a3 = await sides.out_and_back(b1)
        await sides.recovery.call("stop_replication", sourceServerID=b1)
        assert await sides.recovery.snapshots(b1) == []
        assert id_of(await sides.origin.reverse(a3)) == b1
        assert await sides.recovery.states(b1) == INITIAL


async def test_a_server_in_a_job_is_not_pointed_elsewhere() -> None:
    async with world() as emulator:
        sides = Way.between(emulator, "two Regions")
        b1 = await sides.add_b1()
        _, _, a3 = await sides.out_and_back(b1)
        servers = [{"sourceServerID": b1}]
        await sides.recovery.call("start_recovery", sourceServers=servers, isDrill=True)
        await sides.origin.refused("reverse_replication", recoveryInstanceID=a3)
        assert hint_of(await sides.recovery.server(b1)) == A1


async def test_a_server_that_is_gone_is_made_again() -> None:
    async with world() as emulator:
        sides = Way.between(emulator, "two Regions")
        there = sides.recovery
        b1 = await sides.add_b1()
        b2, a2, a3 = await sides.out_and_back(b1)
        await sides.origin.call("stop_replication", sourceServerID=a2)
        await there.terminate(b2)
        await there.call("disconnect_source_server", sourceServerID=b1)
        await there.call("delete_source_server", sourceServerID=b1)
        made = id_of(await sides.origin.reverse(a3))
        (server,) = await there.servers()
        assert (server["sourceServerID"], server["replicationDirection"]) == (made, "FAILOVER")
        assert made != b1


async def test_a_drills_way_back() -> None:
    async with world() as emulator:
        sides = Way.between(emulator, "two Regions")
        there, home = sides.recovery, sides.origin
        b1 = await sides.add_b1()
        before = await there.server(b1)
        b2, a2, a3 = await sides.out_and_back(b1, is_drill=True)
        failback = (await there.instance(b2))["failback"]
        assert failback["failbackLaunchType"] == "DRILL"
        assert failback["state"] == "FAILBACK_READY_FOR_LAUNCH"
        await there.refused("terminate_recovery_instances", recoveryInstanceIDs=[b2])
        await home.call("stop_replication", sourceServerID=a2)
        await home.terminate(a3)
        await there.terminate(b2)
        await home.call("disconnect_source_server", sourceServerID=a2)
        await home.call("delete_source_server", sourceServerID=a2)
        after = await there.server(b1)
        for name in ("sourceProperties", "sourceCloudProperties", "tags", "replicationDirection"):
            assert after.get(name) == before.get(name), name
        assert await there.state(b1) == "CONTINUOUS"
        assert await home.servers() == await home.instances() == await there.instances() == []


async def test_the_instance_of_a_drill_may_be_one_that_is_never_reversed() -> None:
    async with world(reverse_drill_instances=False) as emulator:
        sides = Way.between(emulator, "two accounts")
        b1 = await sides.add_b1()
        b2 = await sides.recovery.launch(b1, is_drill=True)
        why = await sides.recovery.refused("reverse_replication", INVALID, recoveryInstanceID=b2)
        assert "drill" in why
        assert await sides.origin.servers() == []
        live = await sides.recovery.launch(b1)
        await sides.recovery.reverse(live)


@pytest.mark.parametrize(
    ("region", "account_id", "code"),
    [
        (ELSEWHERE, ONE, "UninitializedAccountException"),
        (WEST, TWO, "UninitializedAccountException"),
        (EAST, "999999999999", "AccessDeniedException"),
    ],
)
async def test_a_place_that_cannot_be_gone_back_to(region: str, account_id: str, code: str) -> None:
    """A Region that nobody named, one that was not initialised, an account that is not there."""
    async with world(initialized=False) as emulator:
        there = Side(emulator)
        await there.call("initialize_service")
        b1 = await there.add_b1(region, account_id)
        b2 = await there.launch(b1)
        await there.refused("reverse_replication", code, recoveryInstanceID=b2)
        assert (await there.instance(b2))["failback"]["state"] == "FAILBACK_NOT_STARTED"
        if (region, account_id) == (WEST, TWO):
            place = emulator.at(region=WEST, account_id=TWO)
            await Side(place).call("initialize_service")
            assert (
                id_of(await there.reverse(b2)) == (await Side(place).servers())[0]["sourceServerID"]
            )


async def test_within_one_region_no_second_server_appears() -> None:
    async with DRSEmulator(regions=[EAST], check_answers=True) as emulator:
        side = Side(emulator)
        b1 = await side.add_b1(EAST, ONE)
        before = await side.server(b1)
        b2 = await side.launch(b1)
        assert await side.reverse(b2) == before["arn"]
        (server,) = await side.servers()
        assert server["replicationDirection"] == "FAILBACK"
        assert hint_of(server) == (await side.instance(b2))["ec2InstanceID"]
        zone = server["sourceCloudProperties"]["originAvailabilityZone"]
        assert zone != before["sourceCloudProperties"]["originAvailabilityZone"]
        assert (await side.instance(b2))["failback"]["state"] == "FAILBACK_IN_PROGRESS"
        assert await side.states(b1) == AGAIN
        assert (await side.instance(b2))["failback"]["state"] == "FAILBACK_READY_FOR_LAUNCH"
        await side.refused("terminate_recovery_instances", recoveryInstanceIDs=[b2])

        a3 = await side.launch(b1)
        # The primary until now is not cleaned up by the launch that replaces it.
        assert {i["recoveryInstanceID"] for i in await side.instances()} == {b2, a3}
        assert (await side.instance(b2))["failback"]["state"] == "FAILBACK_COMPLETED"
        await side.refused("terminate_recovery_instances", recoveryInstanceIDs=[b2])

        assert await side.reverse(a3) == before["arn"]
        await side.refused("terminate_recovery_instances", recoveryInstanceIDs=[a3])
        await side.refused("disconnect_recovery_instance", recoveryInstanceID=a3)
        assert await side.states(b1) == AGAIN
        await side.terminate(b2)
        await side.call("delete_recovery_instance", recoveryInstanceID=a3)
        (left,) = await side.servers()
        assert (left["sourceServerID"], left["replicationDirection"]) == (b1, "FAILOVER")
        assert hint_of(left) == a3
        assert left["tags"] == before["tags"]
        assert await side.state(b1) == "CONTINUOUS"
        assert emulator.defects == []


async def test_an_emulator_of_one_place_stands_for_the_origin_too() -> None:
    async with DRSEmulator(check_answers=True) as emulator:
        side = Side(emulator)
        b1 = await side.add_b1(ELSEWHERE, "999999999999")
        sides = Way(emulator, side, side)
        b2, a2, a3 = await sides.out_and_back(b1)
        assert {s["sourceServerID"] for s in await side.servers()} == {b1, a2}
        assert id_of(await side.reverse(a3)) == b1
        await sides.clean_up(b2, a2, a3)
        assert [s["sourceServerID"] for s in await side.servers()] == [b1]


async def test_what_happens_elsewhere_happens_in_order() -> None:
    """The launch at home shows on the recovery side though nobody has asked there since."""
    async with world() as emulator:
        sides = Way.between(emulator, "two Regions")
        b1 = await sides.add_b1()
        b2 = await sides.recovery.launch(b1)
        a2 = id_of(await sides.recovery.reverse(b2))
        await emulator.clock.advance(A_SYNC)
        servers = [{"sourceServerID": a2}]
        await sides.origin.call("start_recovery", sourceServers=servers, isDrill=False)
        await emulator.clock.advance(timedelta(minutes=20))
        failback = (await sides.recovery.instance(b2))["failback"]
        assert failback["state"] == "FAILBACK_COMPLETED"


async def test_a_stopped_failback_that_is_started_again_guards_its_instance() -> None:
    async with world() as emulator:
        sides = Way.between(emulator, "two Regions")
        there, home = sides.recovery, sides.origin
        b2 = await there.launch(await sides.add_b1())
        stopped = id_of(await there.reverse(b2))
        await there.call("stop_failback", recoveryInstanceID=b2)
        assert await home.state(stopped) == "STOPPED"
        other = id_of(await there.reverse(b2))
        await home.call("start_replication", sourceServerID=stopped)
        for server_id in (other, stopped):
            await there.refused("terminate_recovery_instances", recoveryInstanceIDs=[b2])
            await home.call("stop_replication", sourceServerID=server_id)
        await there.terminate(b2)


async def test_a_launch_leaves_the_instance_of_a_failback_that_was_started_again() -> None:
    """The failback was stopped, but its server goes on: the instance may be the primary."""
    async with world() as emulator:
        sides = Way.between(emulator, "two Regions")
        there, home = sides.recovery, sides.origin
        b1 = await sides.add_b1()
        b2 = await there.launch(b1)
        await there.reverse(b2)
        await there.call("stop_failback", recoveryInstanceID=b2)
        stopped = await there.launch(b1)
        # Nobody replicates it, so that the next launch replaces it.
        assert [i["recoveryInstanceID"] for i in await there.instances()] == [stopped]

        a2 = id_of(await there.reverse(stopped))
        await there.call("stop_failback", recoveryInstanceID=stopped)
        await home.call("start_replication", sourceServerID=a2)
        assert await home.states(a2) == INITIAL
        again = await there.launch(b1, is_drill=True)
        shown = {i["recoveryInstanceID"] for i in await there.instances()}
        assert shown == {stopped, again}
        assert await home.state(a2) == "CONTINUOUS"


async def test_saved_places_go_on_together() -> None:
    async with world() as emulator:
        sides = Way.between(emulator, "two Regions and two accounts")
        b1 = await sides.add_b1()
        b2, a2, a3 = await sides.out_and_back(b1)
        saved = [side.place.snapshot() for side in (sides.recovery, sides.origin)]
        async with world() as other:
            again = Way.between(other, "two Regions and two accounts")
            for side, data in zip((again.recovery, again.origin), saved, strict=True):
                side.place.restore(data)
            await again.recovery.refused(
                "terminate_recovery_instances", CONFLICT, recoveryInstanceIDs=[b2]
            )
            assert id_of(await again.origin.reverse(a3)) == b1
            assert await again.recovery.states(b1) == AGAIN
            await again.clean_up(b2, a2, a3)
            assert await again.origin.servers() == []


async def test_captured_places_know_each_other() -> None:
    """Each side is loaded from what its describe calls printed, in either order."""
    async with world() as emulator:
        sides = Way.between(emulator, "two Regions")
        b1 = await sides.add_b1()
        b2, _, a3 = await sides.out_and_back(b1)
        captured = [
            (side.place.region, [await side.servers(), await side.instances()])
            for side in (sides.recovery, sides.origin)
        ]
        for order in (captured, captured[::-1]):
            async with world() as other:
                again = Way.between(other, "two Regions")
                for region, answers in order:
                    other.at(region=region).load(answers)
                assert await again.recovery.servers() == captured[0][1][0]
                await again.recovery.refused(
                    "terminate_recovery_instances", recoveryInstanceIDs=[b2]
                )
                assert id_of(await again.origin.reverse(a3)) == b1
