# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Recovery instances: how they come, are shown, and go."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

import pytest
from botocore.exceptions import ClientError
from launch_runner import Launches, code

from drs_sdk.testing import DRSEmulator, Quotas
from drs_sdk.testing.service.model import load_service
from drs_sdk.testing.state.recovery_instances import InstanceState

if TYPE_CHECKING:
    from collections.abc import Callable

NOWHERE = "i-" + "9" * 17


@pytest.fixture
def launches(emulator: DRSEmulator, raw: Any) -> Launches:
    return Launches(emulator, raw)


def test_the_states_are_those_of_the_service_model() -> None:
    answer = load_service().operations["DescribeRecoveryInstances"].output
    assert answer is not None
    instance = answer.members["items"].shape.element
    assert instance is not None
    assert instance.members["ec2InstanceState"].shape.enum == set(get_args(InstanceState))


async def test_an_instance_is_pending_then_runs(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    job_id = await launches.start([server_id])
    states: list[str] = []
    while (await launches.job(job_id))["status"] != "COMPLETED":
        states += [i["ec2InstanceState"] for i in await launches.instances(server_id)]
        await launches.emulator.clock.advance(20)
    assert states[0] == "PENDING"
    instance = await launches.instance(server_id)
    server = await launches.server(server_id)
    snapshot = next(i for i in await launches.log(job_id) if i["event"] == "SNAPSHOT_END")
    assert instance["ec2InstanceState"] == "RUNNING"
    assert instance["jobID"] == job_id
    assert instance["isDrill"] is True
    assert instance["pointInTimeSnapshotDateTime"] == snapshot["logDateTime"]
    assert instance["failback"]["state"] == "FAILBACK_NOT_STARTED"
    assert "agentLastSeenByServiceDateTime" in instance["failback"]
    assert instance["dataReplicationInfo"]["dataReplicationState"] == "NOT_STARTED"
    assert server["recoveryInstanceId"] == instance["recoveryInstanceID"]
    properties, source = instance["recoveryInstanceProperties"], server["sourceProperties"]
    assert properties["identificationHints"]["awsInstanceID"] == instance["ec2InstanceID"]
    assert [d["bytes"] for d in properties["disks"]] == [d["bytes"] for d in source["disks"]]
    assert instance["originEnvironment"] == (
        "AWS" if "awsInstanceID" in source["identificationHints"] else "ON_PREMISES"
    )


async def test_listing_by_identifier_and_by_server(launches: Launches) -> None:
    ids = launches.emulator.add_source_servers(5)
    await launches.run(ids)
    whole = (await launches.raw.describe_recovery_instances())["items"]
    assert {instance["sourceServerID"] for instance in whole} == set(ids)
    names = [instance["recoveryInstanceID"] for instance in whole]

    async def found(**params: Any) -> list[str]:
        page = await launches.raw.describe_recovery_instances(**params)
        return [instance["recoveryInstanceID"] for instance in page["items"]]

    assert await found(filters={"recoveryInstanceIDs": [names[3], names[1], NOWHERE]}) == [
        names[1],
        names[3],
    ]
    wanted = [whole[0]["sourceServerID"], whole[4]["sourceServerID"]]
    assert await found(filters={"sourceServerIDs": wanted}) == [names[0], names[4]]
    assert await found(filters={"sourceServerIDs": wanted, "recoveryInstanceIDs": names[1:3]}) == []
    assert await found(filters={"sourceServerIDs": []}) == names
    page = await launches.raw.describe_recovery_instances(maxResults=3)
    rest = await launches.raw.describe_recovery_instances(maxResults=3, nextToken=page["nextToken"])
    assert page["items"] + rest["items"] == whole


async def test_launch_configuration_decides_on_start_and_tags(launches: Launches) -> None:
    stopped, tagged = launches.emulator.add_source_servers(2)
    await launches.raw.update_launch_configuration(
        sourceServerID=stopped, launchDisposition="STOPPED"
    )
    await launches.raw.update_launch_configuration(sourceServerID=tagged, copyTags=True)
    await launches.run([stopped, tagged])
    instance = await launches.instance(stopped)
    assert (instance["ec2InstanceState"], instance["tags"]) == ("STOPPED", {})
    assert "agentLastSeenByServiceDateTime" not in instance["failback"]
    assert (await launches.instance(tagged))["tags"] == (await launches.server(tagged))["tags"]


async def test_a_terminate_job(launches: Launches) -> None:
    ids = launches.emulator.add_source_servers(2)
    await launches.run(ids)
    instances = await launches.instances(*ids)
    names = [instance["recoveryInstanceID"] for instance in instances]
    answer = await launches.raw.terminate_recovery_instances(recoveryInstanceIDs=names)
    job = answer["job"]
    assert (job["type"], job["initiatedBy"]) == ("TERMINATE", "TERMINATE_RECOVERY_INSTANCES")
    assert job["participatingServers"] == [
        {
            "sourceServerID": instance["sourceServerID"],
            "recoveryInstanceID": instance["recoveryInstanceID"],
            "launchStatus": "PENDING",
        }
        for instance in instances
    ]
    assert await code(launches.start(ids[:1])) == "ConflictException"
    assert (
        await code(launches.raw.terminate_recovery_instances(recoveryInstanceIDs=names[:1]))
        == "ConflictException"
    )
    seen: list[tuple[str, str, str]] = []
    while (job := await launches.job(job["jobID"]))["status"] != "COMPLETED":
        instance = await launches.instance(ids[0])
        status = job["participatingServers"][0]["launchStatus"]
        state = (job["status"], status, instance["ec2InstanceState"])
        if not seen or seen[-1] != state:
            seen.append(state)
        await launches.emulator.clock.advance(0.5)
    assert seen == [
        ("PENDING", "PENDING", "RUNNING"),
        ("STARTED", "PENDING", "RUNNING"),
        ("STARTED", "IN_PROGRESS", "SHUTTING-DOWN"),
        ("STARTED", "TERMINATED", "TERMINATED"),
    ]
    assert {entry["launchStatus"] for entry in job["participatingServers"]} == {"TERMINATED"}
    assert await launches.events(job["jobID"]) == [
        "JOB_START",
        *["CLEANUP_START"] * 2,
        *["CLEANUP_END"] * 2,
        "JOB_END",
    ]
    assert await launches.instances(*ids) == []
    assert "recoveryInstanceId" not in await launches.server(ids[0])
    assert await code(launches.raw.terminate_recovery_instances(recoveryInstanceIDs=names[:1])) == (
        "ResourceNotFoundException"
    )
    assert await launches.statuses(await launches.run(ids)) == ["LAUNCHED", "LAUNCHED"]


async def test_an_instance_that_has_not_initialised_is_left_alone(launches: Launches) -> None:
    server_id = await launches.add_server(in_ec2=True)
    launches.emulator.delay_initialization(server_id, timedelta(minutes=15))
    await launches.run([server_id])
    name = (await launches.instance(server_id))["recoveryInstanceID"]
    calls = (
        lambda: launches.raw.terminate_recovery_instances(recoveryInstanceIDs=[name]),
        lambda: launches.raw.disconnect_recovery_instance(recoveryInstanceID=name),
        lambda: launches.raw.delete_recovery_instance(recoveryInstanceID=name),
        lambda: launches.raw.reverse_replication(recoveryInstanceID=name),
    )
    for call in calls:
        with pytest.raises(ClientError, match="has not finished initializing") as caught:
            await call()
        response = caught.value.response
        assert response["Error"]["Code"] == "ConflictException"
        assert (response["resourceId"], response["resourceType"]) == (name, "recovery-instance")
    await launches.emulator.clock.advance(timedelta(minutes=15))
    await calls[0]()


async def test_termination_counts_against_the_quotas(raw_of: Callable[..., Any]) -> None:
    quotas = Quotas(concurrent_jobs=1)
    async with DRSEmulator(check_answers=True, quotas=quotas) as emulator, raw_of(emulator) as raw:
        launches = Launches(emulator, raw)
        ids = emulator.add_source_servers(2)
        await launches.run(ids[:1])
        await launches.start(ids[1:])
        name = (await launches.instance(ids[0]))["recoveryInstanceID"]
        assert await code(raw.terminate_recovery_instances(recoveryInstanceIDs=[name])) == (
            "ServiceQuotaExceededException"
        )
        assert emulator.defects == []


async def test_disconnecting_and_deleting(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    await launches.run([server_id], is_drill=False)
    name = (await launches.instance(server_id))["recoveryInstanceID"]
    assert await code(launches.raw.delete_recovery_instance(recoveryInstanceID=name)) == (
        "ConflictException"
    )
    for _ in range(2):
        await launches.raw.disconnect_recovery_instance(recoveryInstanceID=name)
        info = (await launches.instance(server_id))["dataReplicationInfo"]
        assert info["dataReplicationState"] == "DISCONNECTED"
    await launches.raw.delete_recovery_instance(recoveryInstanceID=name)
    assert await launches.instances(server_id) == []
    assert "recoveryInstanceId" not in await launches.server(server_id)


async def test_what_does_not_exist(launches: Launches) -> None:
    raw = launches.raw
    for call in (
        raw.delete_recovery_instance,
        raw.disconnect_recovery_instance,
        raw.reverse_replication,
        raw.stop_failback,
        raw.get_failback_replication_configuration,
        raw.update_failback_replication_configuration,
    ):
        assert await code(call(recoveryInstanceID=NOWHERE)) == "ResourceNotFoundException"
    for call in (raw.terminate_recovery_instances, raw.start_failback_launch):
        assert await code(call(recoveryInstanceIDs=[NOWHERE])) == "ResourceNotFoundException"
        assert await code(call(recoveryInstanceIDs=[NOWHERE] * 2)) == "ValidationException"


async def test_tags(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    await launches.run([server_id])
    instance = await launches.instance(server_id)
    await launches.raw.tag_resource(resourceArn=instance["arn"], tags={"keep": "yes"})
    assert (await launches.instance(server_id))["tags"] == {"keep": "yes"}


async def test_loaded_instances(launches: Launches) -> None:
    instance = {
        "recoveryInstanceID": "i-" + "1" * 17,
        "ec2InstanceID": "i-" + "1" * 17,
        "ec2InstanceState": "RUNNING",
        "isDrill": True,
        "dataReplicationInfo": {"dataReplicationState": "NOT_STARTED", "lagDuration": "PT11M"},
    }
    log = [{"event": "JOB_START", "logDateTime": "2024-01-01T00:00:00Z", "eventData": {}}]
    older = {"jobID": "drsjob-" + "1" * 17, "creationDateTime": "2023-01-01T00:00:00Z"}
    newer = {"jobID": "drsjob-" + "2" * 17, "creationDateTime": "2023-01-02T00:00:00Z"}
    jobs = [{**job, "initiatedBy": "START_DRILL", "status": "STARTED"} for job in (newer, older)]
    loaded = launches.emulator.load(
        {"a": {"items": [instance]}, "b": jobs, "c": {"jobID": older["jobID"], "items": log}}
    )
    assert loaded == [instance["recoveryInstanceID"], newer["jobID"], older["jobID"]]
    (shown,) = (await launches.raw.describe_recovery_instances())["items"]
    assert instance == shown
    listed = (await launches.raw.describe_jobs())["items"]
    assert [job["jobID"] for job in listed] == [newer["jobID"], older["jobID"]]
    assert await launches.log(older["jobID"]) == log
    assert await launches.log(newer["jobID"]) == []
    await launches.raw.delete_job(jobID=newer["jobID"])
    job = (await launches.raw.terminate_recovery_instances(recoveryInstanceIDs=loaded[:1]))["job"]
    await launches.emulator.clock.advance(60)
    assert await launches.statuses(job["jobID"]) == ["TERMINATED"]
    assert (await launches.raw.describe_recovery_instances())["items"] == []


async def test_a_server_with_an_instance_is_not_disconnected(launches: Launches) -> None:
    instance = await launches.failed_over()
    server_id, name = instance["sourceServerID"], instance["recoveryInstanceID"]
    disconnect = launches.raw.disconnect_source_server
    with pytest.raises(ClientError) as caught:
        await disconnect(sourceServerID=server_id)
    assert caught.value.response["Error"]["Code"] == "ConflictException"
    assert caught.value.response["resourceId"] == server_id
    assert (await launches.server(server_id))["recoveryInstanceId"] == name
    await launches.raw.terminate_recovery_instances(recoveryInstanceIDs=[name])
    await launches.emulator.clock.advance(120)
    for _ in range(2):
        cut_off = await disconnect(sourceServerID=server_id)
        assert cut_off["dataReplicationInfo"]["dataReplicationState"] == "DISCONNECTED"
