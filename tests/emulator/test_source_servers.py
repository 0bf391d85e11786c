# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Source servers: listing, and the life of their replication."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args

import pytest
from botocore.exceptions import ClientError

from drs_sdk.testing import DRSEmulator, Quotas
from drs_sdk.testing.life.replication import INITIATION_STEPS
from drs_sdk.testing.service.isotime import format_duration
from drs_sdk.testing.service.model import load_service
from drs_sdk.testing.service.refusals import QUOTA_CODES, quota_exceeded
from drs_sdk.testing.state.source_servers import ReplicationState, is_launchable, is_replicating

if TYPE_CHECKING:
    from collections.abc import Callable

NOWHERE = "s-" + "9" * 17


async def _one(raw: Any, server_id: str) -> dict[str, Any]:
    page = await raw.describe_source_servers(filters={"sourceServerIDs": [server_id]})
    (server,) = page["items"]
    return server


async def _state(raw: Any, server_id: str) -> str:
    return (await _one(raw, server_id))["dataReplicationInfo"]["dataReplicationState"]


async def _code(call: Any) -> str:
    with pytest.raises(ClientError) as caught:
        await call
    return caught.value.response["Error"]["Code"]


def test_the_states_are_those_of_the_service_model() -> None:
    servers = load_service().operations["DisconnectSourceServer"].output
    assert servers is not None
    info = servers.members["dataReplicationInfo"].shape
    assert info.members["dataReplicationState"].shape.enum == set(get_args(ReplicationState))
    step = info.members["dataReplicationInitiation"].shape.members["steps"].shape.element
    assert step is not None
    assert step.members["name"].shape.enum == {name for name, _ in INITIATION_STEPS}


async def test_every_state_can_be_made_and_is_valid(emulator: DRSEmulator, raw: Any) -> None:
    for state in get_args(ReplicationState):
        (server_id,) = emulator.add_source_servers(1, state=state)
        assert await _state(raw, server_id) == state
    with pytest.raises(ValueError, match="no data replication state"):
        emulator.add_source_servers(1, state="LOST")  # pyright: ignore[reportArgumentType]


async def test_a_healthy_disk_is_rescanned_to_its_last_byte(
    emulator: DRSEmulator, raw: Any
) -> None:
    for state in ("CREATING_SNAPSHOT", "CONTINUOUS", "BACKLOG", "PAUSED", "STALLED"):
        (server_id,) = emulator.add_source_servers(1, state=state)
        for disk in (await _one(raw, server_id))["dataReplicationInfo"]["replicatedDisks"]:
            assert disk["rescannedStorageBytes"] == disk["totalStorageBytes"] > 0, state
    for state in ("INITIATING", "INITIAL_SYNC", "RESCAN"):
        (server_id,) = emulator.add_source_servers(1, state=state)
        for disk in (await _one(raw, server_id))["dataReplicationInfo"]["replicatedDisks"]:
            assert disk["rescannedStorageBytes"] == 0, state
        await emulator.clock.advance(timedelta(days=1))
        for disk in (await _one(raw, server_id))["dataReplicationInfo"]["replicatedDisks"]:
            assert disk["rescannedStorageBytes"] == disk["totalStorageBytes"], state


async def test_the_same_seed_makes_the_same_fleet(raw_of: Callable[..., Any]) -> None:
    fleets: list[Any] = []
    for seed in (1, 1, 2):
        async with DRSEmulator(seed=seed, check_answers=True) as emulator, raw_of(emulator) as raw:
            emulator.add_source_servers(50)
            fleets.append((await raw.describe_source_servers())["items"])
            assert emulator.defects == []
    assert fleets[0] == fleets[1] != fleets[2]
    properties = [server["sourceProperties"] for server in fleets[0]]
    assert {len(p["disks"]) for p in properties} == {1, 2, 3}
    assert 0 < sum("fqdn" in p["identificationHints"] for p in properties) < 50
    assert len({len(p["networkInterfaces"][0]["macAddress"]) for p in properties}) == 2


async def test_filters(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(20)
    page = await raw.describe_source_servers()
    hints = page["items"][3]["sourceProperties"]["identificationHints"]
    hardware = hints.get("awsInstanceID") or hints["vmWareUuid"]
    found = await raw.describe_source_servers(filters={"hardwareId": hardware})
    assert [server["sourceServerID"] for server in found["items"]] == [ids[3]]
    (arn,) = emulator.add_staging_account("444455556666")
    extended = (await raw.create_extended_source_server(sourceServerArn=arn))["sourceServer"]
    for accounts, expected in ((["444455556666"], [extended]), (["000000000000"], [])):
        found = await raw.describe_source_servers(filters={"stagingAccountIDs": accounts})
        assert found["items"] == expected
    found = await raw.describe_source_servers(filters={"sourceServerIDs": [NOWHERE]})
    assert found["items"] == []
    assert len((await raw.describe_source_servers(filters={}))["items"]) == 21


async def test_the_life_of_a_server(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1, state="INITIATING")
    server = await _one(raw, server_id)
    assert "firstByteDateTime" not in server["lifeCycle"]
    finished: list[int] = []
    while (await _state(raw, server_id)) == "INITIATING":
        info = (await _one(raw, server_id))["dataReplicationInfo"]
        statuses = [step["status"] for step in info["dataReplicationInitiation"]["steps"]]
        done = statuses.count("SUCCEEDED")
        assert statuses == ["SUCCEEDED"] * done + ["IN_PROGRESS"] + ["NOT_STARTED"] * (10 - done)
        finished.append(done)
        await emulator.clock.advance(5)
    assert sorted(set(finished)) == list(range(11))

    moved: list[int] = []
    while (await _state(raw, server_id)) == "INITIAL_SYNC":
        server = await _one(raw, server_id)
        disks = server["dataReplicationInfo"]["replicatedDisks"]
        moved.append(sum(disk["replicatedStorageBytes"] for disk in disks))
        assert (
            server["dataReplicationInfo"]["etaDateTime"] > server["lifeCycle"]["firstByteDateTime"]
        )
        assert "lagDuration" not in server["dataReplicationInfo"]
        await emulator.clock.advance(timedelta(seconds=20))
    assert len(moved) > 2
    assert all(before < after for before, after in pairwise(moved))

    assert await _state(raw, server_id) == "CREATING_SNAPSHOT"
    await emulator.clock.advance(60)
    server = await _one(raw, server_id)
    info = server["dataReplicationInfo"]
    assert (info["dataReplicationState"], info["lagDuration"]) == ("CONTINUOUS", "P0D")
    assert "etaDateTime" not in info
    for disk in info["replicatedDisks"]:
        assert disk["replicatedStorageBytes"] == disk["totalStorageBytes"] > 0
    elapsed = server["lifeCycle"]["elapsedReplicationDuration"]
    await emulator.clock.advance(60)
    assert (await _one(raw, server_id))["lifeCycle"]["elapsedReplicationDuration"] != elapsed


async def test_stop_and_start(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1)
    account = emulator._account
    server = account.source_servers.require(server_id)
    assert is_launchable(server)
    assert is_replicating(server)
    assert await _code(raw.start_replication(sourceServerID=server_id)) == "ConflictException"
    for _ in range(2):
        answer = await raw.stop_replication(sourceServerID=server_id)
        info = answer["sourceServer"]["dataReplicationInfo"]
        assert (info["dataReplicationState"], info["replicatedDisks"]) == ("STOPPED", [])
        assert "lagDuration" not in info
    assert not is_launchable(server)
    assert not is_replicating(server)
    answer = await raw.start_replication(sourceServerID=server_id)
    info = answer["sourceServer"]["dataReplicationInfo"]
    assert info["dataReplicationState"] == "INITIATING"
    await emulator.clock.advance(timedelta(hours=12))
    assert await _state(raw, server_id) == "CONTINUOUS"
    assert is_launchable(server)


async def test_retries_are_for_replication_that_does_not_run(
    emulator: DRSEmulator, raw: Any
) -> None:
    for state in get_args(ReplicationState):
        (server_id,) = emulator.add_source_servers(1, state=state)
        call = raw.retry_data_replication(sourceServerID=server_id)
        if state not in {"STALLED", "STOPPED", "DISCONNECTED"}:
            assert await _code(call) == "ValidationException"
            assert await _state(raw, server_id) == state
            continue
        server = await call
        assert server["dataReplicationInfo"]["dataReplicationState"] == "INITIATING"
        await emulator.clock.advance(timedelta(hours=12))
        assert await _state(raw, server_id) == "CONTINUOUS"


async def test_stopping_in_the_middle_ends_what_was_to_come(
    emulator: DRSEmulator, raw: Any
) -> None:
    (server_id,) = emulator.add_source_servers(1, state="INITIATING")
    await emulator.clock.advance(30)
    await raw.stop_replication(sourceServerID=server_id)
    await emulator.clock.advance(timedelta(days=1))
    assert await _state(raw, server_id) == "STOPPED"


async def test_disconnect_and_delete(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1)
    assert await _code(raw.delete_source_server(sourceServerID=server_id)) == "ConflictException"
    await emulator.clock.advance(60)
    disks = (await _one(raw, server_id))["dataReplicationInfo"]["replicatedDisks"]
    for _ in range(2):
        server = await raw.disconnect_source_server(sourceServerID=server_id)
        assert server["dataReplicationInfo"]["dataReplicationState"] == "DISCONNECTED"
        assert "lagDuration" not in server["dataReplicationInfo"]
        after = server["dataReplicationInfo"]["replicatedDisks"]
        assert after == [{**disk, "totalStorageBytes": 0} for disk in disks] != []
        assert server["lifeCycle"]["lastSeenByServiceDateTime"] == "2024-01-01T00:01:00.000000Z"
        await emulator.clock.advance(60)
    assert await _code(raw.stop_replication(sourceServerID=server_id)) == "ConflictException"
    assert await _code(raw.start_replication(sourceServerID=server_id)) == "ConflictException"
    await raw.delete_source_server(sourceServerID=server_id)
    for operation in (
        raw.delete_source_server,
        raw.disconnect_source_server,
        raw.start_replication,
        raw.stop_replication,
        raw.retry_data_replication,
    ):
        assert await _code(operation(sourceServerID=server_id)) == "ResourceNotFoundException"


async def test_a_server_in_a_job_is_left_alone(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1)
    server = emulator._account.source_servers.require(server_id)
    server.state["job"] = "drsjob-" + "0" * 17
    for operation in (
        raw.stop_replication,
        raw.disconnect_source_server,
        raw.delete_source_server,
    ):
        with pytest.raises(ClientError) as caught:
            await operation(sourceServerID=server_id)
        assert caught.value.response["Error"]["Code"] == "ConflictException"
        assert caught.value.response["resourceId"] == server_id
        assert caught.value.response["resourceType"] == "source-server"


async def test_a_stopped_server_in_a_job_is_not_retried(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1, state="STOPPED")
    emulator._account.source_servers.require(server_id).state["job"] = "drsjob-" + "0" * 17
    assert await _code(raw.retry_data_replication(sourceServerID=server_id)) == "ConflictException"


async def test_a_stall_in_the_sync_goes_on_where_it_stood(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1, state="INITIAL_SYNC")

    async def replicated() -> int:
        info = (await _one(raw, server_id))["dataReplicationInfo"]
        return sum(disk["replicatedStorageBytes"] for disk in info["replicatedDisks"])

    await emulator.clock.advance(30)
    before = await replicated()
    emulator.stall_replication(server_id, error="NOT_CONVERGING")
    await emulator.clock.advance(timedelta(hours=1))
    assert await replicated() == before > 0
    info = (await _one(raw, server_id))["dataReplicationInfo"]
    assert info["dataReplicationState"] == "STALLED"
    assert info["dataReplicationError"] == {"error": "NOT_CONVERGING"}
    emulator.resume_replication(server_id)
    assert await replicated() == before
    await emulator.clock.advance(10)
    assert await replicated() > before
    await emulator.clock.advance(timedelta(hours=12))
    info = (await _one(raw, server_id))["dataReplicationInfo"]
    assert info["dataReplicationState"] == "CONTINUOUS"
    assert "dataReplicationError" not in info


async def test_a_silent_agent_makes_the_lag_grow(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1)
    emulator.stall_replication(server_id)
    await emulator.clock.advance(timedelta(minutes=11))
    server = await _one(raw, server_id)
    assert server["dataReplicationInfo"]["lagDuration"] == "PT11M"
    assert server["dataReplicationInfo"]["dataReplicationError"] == {"error": "AGENT_NOT_SEEN"}
    assert server["lifeCycle"]["lastSeenByServiceDateTime"] == "2024-01-01T00:00:00.000000Z"
    assert is_launchable(emulator._account.source_servers.require(server_id))
    await raw.retry_data_replication(sourceServerID=server_id)
    assert await _state(raw, server_id) == "INITIATING"
    await emulator.clock.advance(sum(seconds for _, seconds in INITIATION_STEPS))
    server = await _one(raw, server_id)
    assert server["dataReplicationInfo"]["dataReplicationState"] == "RESCAN"
    await emulator.clock.advance(20)
    disk = (await _one(raw, server_id))["dataReplicationInfo"]["replicatedDisks"][0]
    assert disk["rescannedStorageBytes"] > 0
    await emulator.clock.advance(timedelta(hours=12))
    assert await _state(raw, server_id) == "CONTINUOUS"


async def test_lag_as_told(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1)
    emulator.set_lag(server_id, timedelta(minutes=10), growth=-0.5, state="BACKLOG")
    info = (await _one(raw, server_id))["dataReplicationInfo"]
    assert (info["dataReplicationState"], info["lagDuration"]) == ("BACKLOG", "PT10M")
    assert info["replicatedDisks"][0]["backloggedStorageBytes"] > 0
    await emulator.clock.advance(timedelta(minutes=10))
    assert (await _one(raw, server_id))["dataReplicationInfo"]["lagDuration"] == "PT5M"
    await emulator.clock.advance(timedelta(minutes=30))
    assert (await _one(raw, server_id))["dataReplicationInfo"]["lagDuration"] == "P0D"
    emulator.resume_replication(server_id)
    assert await _state(raw, server_id) == "CONTINUOUS"


async def test_quotas(raw_of: Callable[..., Any]) -> None:
    quotas = Quotas(source_servers=3, replicating_servers=1)
    async with (
        DRSEmulator(quotas=quotas, check_answers=True) as emulator,
        raw_of(emulator) as raw,
    ):
        stopped, _ = emulator.add_source_servers(2, state="STOPPED")
        emulator.add_source_servers(1)
        with pytest.raises(ClientError) as caught:
            await raw.start_replication(sourceServerID=stopped)
        response = caught.value.response
        assert response["Error"]["Code"] == "ServiceQuotaExceededException"
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 402
        assert response["serviceCode"] == "drs"
        assert response["quotaCode"] == "L-C1D14A2B"
        assert await _code(raw.retry_data_replication(sourceServerID=stopped)) == (
            "ServiceQuotaExceededException"
        )
        assert emulator.defects == []


@pytest.mark.parametrize(("quota", "code"), QUOTA_CODES.items())
def test_quota_codes_are_the_public_ones(quota: str, code: str) -> None:
    assert quota in {field.name for field in fields(Quotas)}
    assert quota_exceeded(quota, 1, "job").members["quotaCode"] == code


async def test_an_account_must_be_initialised(raw_of: Callable[..., Any]) -> None:
    async with (
        DRSEmulator(initialized=False, check_answers=True) as emulator,
        raw_of(emulator) as raw,
    ):
        assert await _code(raw.describe_source_servers()) == "UninitializedAccountException"
        assert await _code(raw.list_tags_for_resource(resourceArn="arn:" + "x" * 30)) == (
            "ResourceNotFoundException"
        )
        for _ in range(2):
            await raw.initialize_service()
        assert (await raw.describe_source_servers())["items"] == []
        assert emulator.defects == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "P0D"),
        (-5, "P0D"),
        (660, "PT11M"),
        (152 * 86400, "P152D"),
        (2 * 86400 + 5532.136909, "P2DT1H32M12.136909S"),
        (3601, "PT1H1S"),
        (0.25, "PT0.25S"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text
