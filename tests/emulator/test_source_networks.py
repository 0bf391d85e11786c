# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Source networks: protecting VPCs over time, and recovering them by jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from drs_sdk.testing import DRSEmulator, Quotas

if TYPE_CHECKING:
    from collections.abc import Callable

NOWHERE = "sn-" + "9" * 17
VPC: dict[str, Any] = {
    "vpcID": "vpc-1234567890abcdef0",
    "originAccountID": "111122223333",
    "originRegion": "eu-west-1",
}


async def _code(call: Any) -> str:
    with pytest.raises(ClientError) as caught:
        await call
    return caught.value.response["Error"]["Code"]


async def _one(raw: Any, network_id: str) -> dict[str, Any]:
    found = await raw.describe_source_networks(filters={"sourceNetworkIDs": [network_id]})
    (network,) = found["items"]
    return network


async def _log(raw: Any, job_id: str) -> list[tuple[str, dict[str, Any]]]:
    listed = await raw.describe_job_log_items(jobID=job_id)
    return [(item["event"], item["eventData"]) for item in listed["items"]]


async def _run(emulator: DRSEmulator, raw: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Let a job come to its end, and return it; its status may only move forwards."""
    seen = [job["status"]]
    while job["status"] != "COMPLETED":
        await emulator.clock.advance(10)
        (job,) = (await raw.describe_jobs(filters={"jobIDs": [job["jobID"]]}))["items"]
        seen.append(job["status"])
    order = ["PENDING", "STARTED", "COMPLETED"]
    assert seen == sorted(seen, key=order.index)
    return job


async def test_protecting_a_vpc(emulator: DRSEmulator, raw: Any) -> None:
    made = await raw.create_source_network(**VPC, tags={"team": "dr"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    network_id = made["sourceNetworkID"]
    network = await _one(raw, network_id)
    assert (
        network.items()
        >= {
            "sourceVpcID": VPC["vpcID"],
            "sourceAccountID": VPC["originAccountID"],
            "sourceRegion": VPC["originRegion"],
            "replicationStatus": "STOPPED",
            "tags": {"team": "dr"},
        }.items()
    )
    assert network["arn"].endswith(f":source-network/{network_id}")
    assert await _code(raw.create_source_network(**VPC)) == "ConflictException"
    for call in (
        raw.export_source_network_cfn_template(sourceNetworkID=network_id),
        raw.start_source_network_recovery(sourceNetworks=[{"sourceNetworkID": network_id}]),
    ):
        assert await _code(call) == "ConflictException"
    started = await raw.start_source_network_replication(sourceNetworkID=network_id)
    assert started["sourceNetwork"]["replicationStatus"] == "IN_PROGRESS"
    await emulator.clock.advance(119)
    assert (await _one(raw, network_id))["replicationStatus"] == "IN_PROGRESS"
    await emulator.clock.advance(1)
    assert (await _one(raw, network_id))["replicationStatus"] == "PROTECTED"
    for call in (
        raw.start_source_network_replication(sourceNetworkID=network_id),
        raw.delete_source_network(sourceNetworkID=network_id),
    ):
        assert await _code(call) == "ConflictException"
    exported = await raw.export_source_network_cfn_template(sourceNetworkID=network_id)
    assert network_id in exported["s3DestinationUrl"]
    await raw.create_launch_configuration_template(exportBucketArn="arn:aws:s3:::our-templates")
    exported = await raw.export_source_network_cfn_template(sourceNetworkID=network_id)
    assert exported["s3DestinationUrl"].startswith("https://our-templates.s3.")
    for _ in range(2):
        stopped = await raw.stop_source_network_replication(sourceNetworkID=network_id)
        assert stopped["sourceNetwork"]["replicationStatus"] == "STOPPED"
    deleted = await raw.delete_source_network(sourceNetworkID=network_id)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert (await raw.describe_source_networks())["items"] == []


async def test_stopping_half_way(emulator: DRSEmulator, raw: Any) -> None:
    network_id = emulator.add_source_network(status="IN_PROGRESS")
    await raw.stop_source_network_replication(sourceNetworkID=network_id)
    await emulator.clock.advance(600)
    assert (await _one(raw, network_id))["replicationStatus"] == "STOPPED"


async def test_replication_that_fails(emulator: DRSEmulator, raw: Any) -> None:
    for network_id in (
        emulator.add_source_network(status="IN_PROGRESS"),
        emulator.add_source_network(status="PROTECTED"),
    ):
        emulator.fail_network_replication(network_id, details="No access.")
        network = await _one(raw, network_id)
        assert (network["replicationStatus"], network["replicationStatusDetails"]) == (
            "ERROR",
            "No access.",
        )
    stopped = emulator.add_source_network(status="STOPPED")
    emulator.fail_network_replication(stopped)
    await raw.start_source_network_replication(sourceNetworkID=stopped)
    await emulator.clock.advance(120)
    assert (await _one(raw, stopped))["replicationStatus"] == "ERROR"
    await raw.start_source_network_replication(sourceNetworkID=stopped)
    assert "replicationStatusDetails" not in await _one(raw, stopped)
    await emulator.clock.advance(120)
    assert (await _one(raw, stopped))["replicationStatus"] == "PROTECTED"
    failed = await _one(raw, emulator.add_source_network(status="ERROR"))
    assert failed["replicationStatus"] == "ERROR"


async def test_filters(emulator: DRSEmulator, raw: Any) -> None:
    own = [emulator.add_source_network() for _ in range(3)]
    other = (await raw.create_source_network(**VPC))["sourceNetworkID"]
    for filters, expected in (
        ({}, [*own, other]),
        ({"sourceNetworkIDs": [other, NOWHERE, own[0]]}, [own[0], other]),
        ({"originRegion": "eu-west-1"}, [other]),
        ({"originAccountID": "111122223333"}, [*own, other]),
        ({"originAccountID": "999999999999"}, []),
        ({"sourceNetworkIDs": own, "originRegion": "eu-west-1"}, []),
    ):
        found = await raw.describe_source_networks(filters=filters)
        assert [network["sourceNetworkID"] for network in found["items"]] == expected


async def test_what_is_not_there(raw: Any) -> None:
    for call in (
        raw.delete_source_network,
        raw.start_source_network_replication,
        raw.stop_source_network_replication,
        raw.export_source_network_cfn_template,
    ):
        assert await _code(call(sourceNetworkID=NOWHERE)) == "ResourceNotFoundException"
    associate = raw.associate_source_network_stack(sourceNetworkID=NOWHERE, cfnStackName="a")
    assert await _code(associate) == "ResourceNotFoundException"
    recover = raw.start_source_network_recovery(sourceNetworks=[{"sourceNetworkID": NOWHERE}])
    assert await _code(recover) == "ValidationException"


async def test_recovering_networks(emulator: DRSEmulator, raw: Any) -> None:
    servers = emulator.add_source_servers(2)
    first = emulator.add_source_network(source_server_ids=servers)
    second = emulator.add_source_network()
    answer = await raw.start_source_network_recovery(
        sourceNetworks=[
            {"sourceNetworkID": first, "cfnStackName": "ours"},
            {"sourceNetworkID": second},
        ],
        tags={"drill": "1"},
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    job = answer["job"]
    assert (job["type"], job["initiatedBy"]) == ("LAUNCH", "CREATE_NETWORK_RECOVERY")
    assert job["tags"] == {"drill": "1"}
    assert job["participatingResources"] == [
        {"participatingResourceID": {"sourceNetworkID": n}, "launchStatus": "PENDING"}
        for n in (first, second)
    ]
    network = await _one(raw, first)
    assert network["lastRecovery"]["jobID"] == job["jobID"]
    assert network["lastRecovery"]["lastRecoveryResult"] == "IN_PROGRESS"
    for call in (
        raw.start_source_network_recovery(sourceNetworks=[{"sourceNetworkID": first}]),
        raw.associate_source_network_stack(sourceNetworkID=first, cfnStackName="other"),
        raw.stop_source_network_replication(sourceNetworkID=first),
        raw.start_source_network_replication(sourceNetworkID=first),
        raw.delete_source_network(sourceNetworkID=first),
    ):
        assert await _code(call) == "ConflictException"
    twice = [{"sourceNetworkID": second}] * 2
    assert await _code(raw.start_source_network_recovery(sourceNetworks=twice)) == (
        "ValidationException"
    )

    job = await _run(emulator, raw, job)
    statuses = {entry["launchStatus"] for entry in job["participatingResources"]}
    assert statuses == {"LAUNCHED"}
    network = await _one(raw, first)
    assert network["cfnStackName"] == "ours"
    assert network["lastRecovery"]["lastRecoveryResult"] == "SUCCESS"
    assert (await _one(raw, second))["cfnStackName"].startswith("drs-sn-")
    log = await _log(raw, job["jobID"])
    of_first = [
        event
        for event, data in log
        if data.get("eventResourceData", {}).get("sourceNetworkData", {}).get("sourceNetworkID")
        == first
    ]
    assert of_first == [
        "DEPLOY_NETWORK_CONFIGURATION_START",
        "DEPLOY_NETWORK_CONFIGURATION_END",
        *["UPDATE_LAUNCH_TEMPLATE_START"] * 2,
        *["UPDATE_LAUNCH_TEMPLATE_END"] * 2,
    ]
    assert (log[0][0], log[-1][0]) == ("JOB_START", "JOB_END")
    assert {data["sourceServerID"] for _, data in log if "sourceServerID" in data} == set(servers)

    again = await raw.start_source_network_recovery(sourceNetworks=[{"sourceNetworkID": first}])
    assert again["job"]["initiatedBy"] == "UPDATE_NETWORK_RECOVERY"
    job = await _run(emulator, raw, again["job"])
    assert (await _log(raw, job["jobID"]))[1][0] == "UPDATE_NETWORK_CONFIGURATION_START"
    updated = await _one(raw, first)
    assert updated["launchedVpcID"] == network["launchedVpcID"]
    anew = await raw.start_source_network_recovery(
        sourceNetworks=[{"sourceNetworkID": first}], deployAsNew=True
    )
    await _run(emulator, raw, anew["job"])
    deployed = await _one(raw, first)
    assert deployed["cfnStackName"] != "ours"
    assert deployed["launchedVpcID"] != network["launchedVpcID"]


async def test_associating_a_stack(emulator: DRSEmulator, raw: Any) -> None:
    network_id = emulator.add_source_network()
    for fails, result in ((False, "ASSOCIATE_SUCCESS"), (True, "ASSOCIATE_FAIL")):
        if fails:
            emulator.fail_network_recovery(network_id)
        answer = await raw.associate_source_network_stack(
            sourceNetworkID=network_id, cfnStackName="theirs"
        )
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
        assert answer["job"]["initiatedBy"] == "ASSOCIATE_NETWORK_RECOVERY"
        await _run(emulator, raw, answer["job"])
        network = await _one(raw, network_id)
        assert network["cfnStackName"] == "theirs"
        assert network["lastRecovery"]["lastRecoveryResult"] == result


@pytest.mark.parametrize(
    ("stage", "status", "result", "event"),
    [
        ("NETWORK", "FAILED", "FAIL", "DEPLOY_NETWORK_CONFIGURATION_FAILED"),
        ("LAUNCH_TEMPLATE", "LAUNCHED", "PARTIAL_SUCCESS", "UPDATE_LAUNCH_TEMPLATE_FAILED"),
    ],
)
async def test_a_recovery_that_fails(
    emulator: DRSEmulator, raw: Any, stage: str, status: str, result: str, event: str
) -> None:
    network_id = emulator.add_source_network(source_server_ids=emulator.add_source_servers(1))
    emulator.fail_network_recovery(network_id, stage=stage, error="No quota.")
    networks = [{"sourceNetworkID": network_id}]
    started = await raw.start_source_network_recovery(sourceNetworks=networks)
    job = await _run(emulator, raw, started["job"])
    assert job["participatingResources"][0]["launchStatus"] == status
    assert (await _one(raw, network_id))["lastRecovery"]["lastRecoveryResult"] == result
    log = dict(await _log(raw, job["jobID"]))
    assert log[event]["rawError"] == "No quota."
    assert ("NETWORK_RECOVERY_FAIL" in log) == (stage == "NETWORK")
    started = await raw.start_source_network_recovery(sourceNetworks=networks)
    await _run(emulator, raw, started["job"])
    network = await _one(raw, network_id)
    assert network["lastRecovery"]["lastRecoveryResult"] == "SUCCESS"


async def test_a_recovery_goes_on_after_a_restart(emulator: DRSEmulator, raw: Any) -> None:
    network_id = emulator.add_source_network()
    started = await raw.start_source_network_recovery(
        sourceNetworks=[{"sourceNetworkID": network_id}]
    )
    await emulator.clock.advance(30)
    saved = emulator.snapshot()
    await _run(emulator, raw, started["job"])
    after = await _one(raw, network_id)
    emulator.restore(saved)
    assert (await _one(raw, network_id))["lastRecovery"]["lastRecoveryResult"] == "IN_PROGRESS"
    await _run(emulator, raw, started["job"])
    assert await _one(raw, network_id) == after


async def test_servers_of_a_deleted_network(emulator: DRSEmulator, raw: Any) -> None:
    servers = emulator.add_source_servers(2)
    network_id = emulator.add_source_network(status="STOPPED", source_server_ids=servers[:1])
    shown = (await raw.describe_source_servers())["items"]
    assert [server.get("sourceNetworkID") for server in shown] == [network_id, None]
    await raw.delete_source_network(sourceNetworkID=network_id)
    shown = (await raw.describe_source_servers())["items"]
    assert not any("sourceNetworkID" in server for server in shown)


def test_what_the_stage_hands_refuse() -> None:
    emulator = DRSEmulator()
    with pytest.raises(ValueError, match="GONE"):
        emulator.add_source_network(status="GONE")  # type: ignore[arg-type]
    network_id = emulator.add_source_network()
    with pytest.raises(ValueError, match="LAUNCH"):
        emulator.fail_network_recovery(network_id, stage="LAUNCH")


async def test_quotas(raw_of: Callable[..., Any]) -> None:
    quotas = Quotas(source_networks=1, concurrent_jobs=1)
    async with (
        DRSEmulator(quotas=quotas, check_answers=True) as emulator,
        raw_of(emulator) as raw,
    ):
        first, second = (emulator.add_source_network() for _ in range(2))
        assert await _code(raw.create_source_network(**VPC)) == "ServiceQuotaExceededException"
        await raw.start_source_network_recovery(sourceNetworks=[{"sourceNetworkID": first}])
        busy = raw.start_source_network_recovery(sourceNetworks=[{"sourceNetworkID": second}])
        assert await _code(busy) == "ServiceQuotaExceededException"
        assert emulator.defects == []
