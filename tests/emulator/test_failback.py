# ruff: noqa: ANN401 - aiobotocore clients have no types
"""The way back of a failed-over server: reversed replication, failback clients, launches."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from launch_runner import A_LAUNCH, Launches, code

from drs_sdk.testing.life.replication import INITIATION_STEPS

A_SYNC = timedelta(hours=12)


@pytest.fixture
def launches(emulator: Any, raw: Any) -> Launches:
    return Launches(emulator, raw)


async def _shown(launches: Launches, instance: dict[str, Any]) -> dict[str, Any]:
    return await launches.instance(instance["sourceServerID"])


async def _state(launches: Launches, instance: dict[str, Any]) -> str:
    return (await _shown(launches, instance))["failback"]["state"]


async def _reverse(launches: Launches, instance: dict[str, Any]) -> str:
    answer = await launches.raw.reverse_replication(
        recoveryInstanceID=instance["recoveryInstanceID"]
    )
    return answer["reversedDirectionSourceServerArn"].rpartition("/")[2]


async def _fail_back(launches: Launches, instance: dict[str, Any]) -> dict[str, Any]:
    answer = await launches.raw.start_failback_launch(
        recoveryInstanceIDs=[instance["recoveryInstanceID"]], tags={"way": "back"}
    )
    return answer["job"]


async def test_reversed_replication(launches: Launches) -> None:
    instance = await launches.failed_over()
    server_id = await _reverse(launches, instance)
    server = await launches.server(server_id)
    origin = await launches.server(instance["sourceServerID"])
    assert server["replicationDirection"] == "FAILBACK"
    hints = server["sourceProperties"]["identificationHints"]
    assert hints["awsInstanceID"] == instance["ec2InstanceID"]
    assert server["reversedDirectionSourceServerArn"] == origin["arn"]
    assert origin["reversedDirectionSourceServerArn"] == server["arn"]
    assert [d["bytes"] for d in server["sourceProperties"]["disks"]] == [
        d["bytes"] for d in origin["sourceProperties"]["disks"]
    ]
    seen: list[tuple[str, str]] = []
    for _ in range(400):
        shown = await _shown(launches, instance)
        state = (shown["dataReplicationInfo"]["dataReplicationState"], shown["failback"]["state"])
        if not seen or seen[-1] != state:
            seen.append(state)
        await launches.emulator.clock.advance(60)
    assert seen == [
        ("INITIATING", "FAILBACK_IN_PROGRESS"),
        ("INITIAL_SYNC", "FAILBACK_IN_PROGRESS"),
        ("CREATING_SNAPSHOT", "FAILBACK_IN_PROGRESS"),
        ("CONTINUOUS", "FAILBACK_READY_FOR_LAUNCH"),
    ]
    failback = (await _shown(launches, instance))["failback"]
    assert failback["elapsedReplicationDuration"].startswith("PT")
    assert failback["failbackToOriginalServer"] is False
    assert await code(_reverse(launches, instance)) == "ConflictException"


async def test_a_reversed_instance_has_no_failback_client_to_launch(launches: Launches) -> None:
    instance = await launches.failed_over()
    server_id = await _reverse(launches, instance)
    await launches.emulator.clock.advance(A_SYNC)
    with pytest.raises(ClientError, match=server_id) as caught:
        await _fail_back(launches, instance)
    assert caught.value.response["Error"]["Code"] == "ConflictException"


async def test_a_launch_by_start_failback_launch(launches: Launches) -> None:
    instance = await launches.failed_over(in_ec2=False)
    server_id = instance["sourceServerID"]
    launches.emulator.pair_failback_client(instance["recoveryInstanceID"])
    assert await code(_fail_back(launches, instance)) == "ConflictException"
    await launches.emulator.clock.advance(A_SYNC)
    job = await _fail_back(launches, instance)
    assert (job["type"], job["initiatedBy"]) == ("LAUNCH", "FAILBACK")
    assert job["tags"] == {"way": "back"}
    assert job["participatingServers"] == [
        {
            "sourceServerID": server_id,
            "recoveryInstanceID": instance["recoveryInstanceID"],
            "launchStatus": "PENDING",
        }
    ]
    for call in (
        _fail_back(launches, instance),
        launches.start([server_id]),
        launches.raw.disconnect_recovery_instance(
            recoveryInstanceID=instance["recoveryInstanceID"]
        ),
        launches.raw.stop_replication(sourceServerID=server_id),
        launches.raw.terminate_recovery_instances(
            recoveryInstanceIDs=[instance["recoveryInstanceID"]]
        ),
    ):
        assert await code(call) == "ConflictException"
    seen: set[str] = set()
    while (await launches.job(job["jobID"]))["status"] != "COMPLETED":
        seen.update(await launches.statuses(job["jobID"]))
        await launches.emulator.clock.advance(5)
    assert seen == {"PENDING", "LAUNCHED"}
    assert await launches.statuses(job["jobID"]) == ["LAUNCHED"]
    assert await launches.events(job["jobID"]) == [
        "JOB_START",
        "CONVERSION_START",
        "CONVERSION_END",
        "LAUNCH_START",
        "LAUNCH_END",
        "JOB_END",
    ]
    failback = (await _shown(launches, instance))["failback"]
    assert failback["state"] == "FAILBACK_COMPLETED"
    assert (failback["failbackJobID"], failback["failbackLaunchType"]) == (
        job["jobID"],
        "RECOVERY",
    )
    assert (await launches.server(server_id))["lastLaunchResult"] == "SUCCEEDED"


async def test_a_launch_of_the_reversed_server(launches: Launches) -> None:
    instance = await launches.failed_over()
    server_id = await _reverse(launches, instance)
    await launches.emulator.clock.advance(A_SYNC)
    await launches.run([server_id], is_drill=True)
    failback = (await _shown(launches, instance))["failback"]
    assert failback["state"] == "FAILBACK_READY_FOR_LAUNCH"
    assert failback["failbackLaunchType"] == "DRILL"
    job_id = await launches.run([server_id], is_drill=False)
    failback = (await _shown(launches, instance))["failback"]
    assert (failback["state"], failback["failbackJobID"]) == ("FAILBACK_COMPLETED", job_id)
    back = await launches.instance(server_id)
    assert await _reverse(launches, back) == instance["sourceServerID"]


async def test_a_failback_launch_fails(launches: Launches) -> None:
    instance = await launches.failed_over(in_ec2=False)
    server_id = instance["sourceServerID"]
    launches.emulator.pair_failback_client(instance["recoveryInstanceID"])
    await launches.emulator.clock.advance(A_SYNC)
    for stage, event in (("CONVERSION", "CONVERSION_FAIL"), ("LAUNCH", "LAUNCH_FAILED")):
        launches.emulator.fail_launch(server_id, stage=stage, error="no boot")
        job_id = (await _fail_back(launches, instance))["jobID"]
        await launches.emulator.clock.advance(A_LAUNCH)
        assert await launches.statuses(job_id) == ["FAILED"]
        failed = next(i for i in await launches.log(job_id) if i["event"] == event)
        assert failed["eventData"] == {"sourceServerID": server_id, "rawError": "no boot"}
        assert await _state(launches, instance) == "FAILBACK_READY_FOR_LAUNCH"
    assert (await launches.server(server_id))["lastLaunchResult"] == "FAILED"
    launches.emulator.fail_launch(server_id, silently=True)
    job_id = (await _fail_back(launches, instance))["jobID"]
    await launches.emulator.clock.advance(A_LAUNCH)
    assert await launches.statuses(job_id) == ["FAILED"]
    assert await launches.events(job_id) == ["JOB_START", "JOB_END"]
    assert await _state(launches, instance) == "FAILBACK_READY_FOR_LAUNCH"


async def test_a_stall_on_the_way_back(launches: Launches) -> None:
    instance = await launches.failed_over()
    server_id = await _reverse(launches, instance)
    await launches.emulator.clock.advance(sum(seconds for _, seconds in INITIATION_STEPS) + 1)
    launches.emulator.stall_replication(server_id)
    assert await _state(launches, instance) == "FAILBACK_ERROR"
    info = (await _shown(launches, instance))["dataReplicationInfo"]
    assert info["dataReplicationError"] == {"error": "AGENT_NOT_SEEN"}
    launches.emulator.resume_replication(server_id)
    await launches.emulator.clock.advance(A_SYNC)
    assert await _state(launches, instance) == "FAILBACK_READY_FOR_LAUNCH"


async def test_stopping_the_failback(launches: Launches) -> None:
    instance = await launches.failed_over()
    server_id = await _reverse(launches, instance)
    await launches.emulator.clock.advance(A_SYNC)
    for _ in range(2):
        await launches.raw.stop_failback(recoveryInstanceID=instance["recoveryInstanceID"])
        assert (await _shown(launches, instance))["failback"]["state"] == "FAILBACK_NOT_STARTED"
    info = (await launches.server(server_id))["dataReplicationInfo"]
    assert info["dataReplicationState"] == "STOPPED"
    assert await _reverse(launches, instance) != server_id


async def test_stopping_the_failback_while_it_is_launched(launches: Launches) -> None:
    instance = await launches.failed_over()
    server_id = await _reverse(launches, instance)
    await launches.emulator.clock.advance(A_SYNC)
    job_id = await launches.start([server_id], is_drill=False)
    await launches.raw.stop_failback(recoveryInstanceID=instance["recoveryInstanceID"])
    await launches.emulator.clock.advance(A_LAUNCH)
    assert await launches.statuses(job_id) == ["LAUNCHED"]
    assert await _state(launches, instance) == "FAILBACK_NOT_STARTED"
    info = (await launches.server(server_id))["dataReplicationInfo"]
    assert info["dataReplicationState"] == "CONTINUOUS"


async def test_a_reversed_server_in_a_job_is_not_cut_off(launches: Launches) -> None:
    instance = await launches.failed_over()
    server_id = await _reverse(launches, instance)
    await launches.emulator.clock.advance(A_SYNC)
    await launches.start([server_id])
    name = instance["recoveryInstanceID"]
    assert await code(launches.raw.disconnect_recovery_instance(recoveryInstanceID=name)) == (
        "ConflictException"
    )


async def test_the_reversed_server_is_stopped_and_deleted(launches: Launches) -> None:
    instance = await launches.failed_over()
    server_id = await _reverse(launches, instance)
    await launches.raw.stop_replication(sourceServerID=server_id)
    assert await _state(launches, instance) == "FAILBACK_NOT_READY_FOR_LAUNCH"
    await launches.raw.disconnect_source_server(sourceServerID=server_id)
    await launches.raw.delete_source_server(sourceServerID=server_id)
    assert await _state(launches, instance) == "FAILBACK_NOT_STARTED"
    # The original keeps the name of what is gone.
    origin = await launches.server(instance["sourceServerID"])
    assert origin["reversedDirectionSourceServerArn"].endswith(server_id)
    await _reverse(launches, instance)


async def test_what_is_replicated_is_neither_terminated_nor_let_go(launches: Launches) -> None:
    instance = await launches.failed_over()
    name = instance["recoveryInstanceID"]
    server_id = await _reverse(launches, instance)
    calls = (
        lambda: launches.raw.terminate_recovery_instances(recoveryInstanceIDs=[name]),
        lambda: launches.raw.disconnect_recovery_instance(recoveryInstanceID=name),
        lambda: launches.raw.delete_recovery_instance(recoveryInstanceID=name),
    )
    for _ in ("INITIATING", "CONTINUOUS"):
        assert [await code(call()) for call in calls] == ["ConflictException"] * 3
        await launches.emulator.clock.advance(A_SYNC)
    launches.emulator.stall_replication(server_id)
    assert [await code(call()) for call in calls] == ["ConflictException"] * 3
    await launches.raw.stop_replication(sourceServerID=server_id)
    await launches.raw.disconnect_recovery_instance(recoveryInstanceID=name)
    info = (await _shown(launches, instance))["dataReplicationInfo"]
    assert info["dataReplicationState"] == "DISCONNECTED"
    assert "lagDuration" not in info
    assert {disk["totalStorageBytes"] for disk in info["replicatedDisks"]} <= {0}
    assert await code(_reverse(launches, instance)) == "ConflictException"
    await launches.raw.terminate_recovery_instances(recoveryInstanceIDs=[name])


async def test_a_server_that_is_started_again_loses_its_terminated_instance(
    launches: Launches,
) -> None:
    instance = await launches.failed_over()
    server_id = await _reverse(launches, instance)
    await launches.emulator.clock.advance(A_SYNC)
    await launches.raw.stop_replication(sourceServerID=server_id)
    await launches.raw.terminate_recovery_instances(
        recoveryInstanceIDs=[instance["recoveryInstanceID"]]
    )
    await launches.raw.start_replication(sourceServerID=server_id)
    await launches.emulator.clock.advance(60)
    info = (await launches.server(server_id))["dataReplicationInfo"]
    assert info["dataReplicationError"] == {"error": "AGENT_NOT_SEEN"}


async def test_a_new_launch_leaves_what_is_on_its_way_back(launches: Launches) -> None:
    instance = await launches.failed_over()
    await _reverse(launches, instance)
    await launches.run([instance["sourceServerID"]])
    names = {i["recoveryInstanceID"] for i in await launches.instances(instance["sourceServerID"])}
    assert len(names) == 2
    assert instance["recoveryInstanceID"] in names


async def test_only_ec2_instances_that_run_are_reversed(launches: Launches) -> None:
    elsewhere = await launches.failed_over(in_ec2=False)
    assert await code(_reverse(launches, elsewhere)) == "ValidationException"
    stopped = await launches.failed_over()
    launches.emulator.set_instance_state(stopped["recoveryInstanceID"], "STOPPED")
    assert await code(_reverse(launches, stopped)) == "ConflictException"


async def test_a_failback_client(launches: Launches) -> None:
    instance = await launches.failed_over(in_ec2=False)
    launches.emulator.pair_failback_client(instance["recoveryInstanceID"])
    seen: list[tuple[str, str]] = []
    for _ in range(3000):
        shown = await _shown(launches, instance)
        state = (shown["dataReplicationInfo"]["dataReplicationState"], shown["failback"]["state"])
        if not seen or seen[-1] != state:
            seen.append(state)
        if state[0] == "CONTINUOUS":
            break
        await launches.emulator.clock.advance(30)
    assert seen == [
        ("INITIATING", "FAILBACK_IN_PROGRESS"),
        ("INITIAL_SYNC", "FAILBACK_IN_PROGRESS"),
        ("CONTINUOUS", "FAILBACK_READY_FOR_LAUNCH"),
    ]
    for disk in (await _shown(launches, instance))["dataReplicationInfo"]["replicatedDisks"]:
        assert disk["rescannedStorageBytes"] == disk["totalStorageBytes"] > 0
    job_id = (await _fail_back(launches, instance))["jobID"]
    await launches.emulator.clock.advance(A_LAUNCH)
    job = await launches.job(job_id)
    assert job["participatingServers"][0]["sourceServerID"] == instance["sourceServerID"]
    failback = (await _shown(launches, instance))["failback"]
    assert failback["state"] == "FAILBACK_COMPLETED"
    assert failback["failbackToOriginalServer"] is True
    assert failback["failbackClientID"]


async def test_a_failback_whose_source_server_is_not_there(launches: Launches) -> None:
    made = await launches.failed_over(in_ec2=False)
    instance = {**made, "sourceServerID": "s-" + "9" * 17}
    launches.emulator.load(instance)
    launches.emulator.pair_failback_client(instance["recoveryInstanceID"])
    await launches.emulator.clock.advance(A_SYNC)
    job = await _fail_back(launches, instance)
    assert job["participatingServers"] == [
        {"recoveryInstanceID": instance["recoveryInstanceID"], "launchStatus": "PENDING"}
    ]
    await launches.emulator.clock.advance(A_LAUNCH)
    assert await _state(launches, instance) == "FAILBACK_COMPLETED"


async def test_the_failback_replication_configuration(launches: Launches) -> None:
    instance = await launches.failed_over()
    name = instance["recoveryInstanceID"]

    async def shown() -> dict[str, Any]:
        answer = await launches.raw.get_failback_replication_configuration(recoveryInstanceID=name)
        del answer["ResponseMetadata"]
        return answer

    before = await shown()
    assert before["recoveryInstanceID"] == name
    await launches.raw.update_failback_replication_configuration(
        recoveryInstanceID=name, bandwidthThrottling=100, usePrivateIP=True
    )
    assert await shown() == {**before, "bandwidthThrottling": 100, "usePrivateIP": True}
    await launches.raw.update_failback_replication_configuration(
        recoveryInstanceID=name, usePrivateIP=False, name="slow"
    )
    assert await shown() == {**before, "bandwidthThrottling": 100, "name": "slow"}
