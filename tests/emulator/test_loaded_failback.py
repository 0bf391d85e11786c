# ruff: noqa: ANN401 - aiobotocore clients have no types
"""A fleet that was captured on its way back goes on from there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest_asyncio
from launch_runner import Launches, code

from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

A_SYNC = timedelta(hours=12)


@pytest_asyncio.fixture
async def copy(emulator: DRSEmulator, raw: Any, raw_of: Callable[..., Any]) -> AsyncIterator[Any]:
    """A copy of an account with two servers that are replicated back, one of them stopped."""
    origin = Launches(emulator, raw)
    for _ in range(2):
        instance = await origin.failed_over()
        await raw.reverse_replication(recoveryInstanceID=instance["recoveryInstanceID"])
    await emulator.clock.advance(A_SYNC)
    await raw.stop_failback(recoveryInstanceID=instance["recoveryInstanceID"])
    answers = [await raw.describe_recovery_instances(), await raw.describe_source_servers()]
    async with DRSEmulator(check_answers=True) as other, raw_of(other) as client:
        other.load(answers)
        shown = [await client.describe_recovery_instances(), await client.describe_source_servers()]
        assert [a["items"] for a in shown] == [a["items"] for a in answers]
        yield Launches(other, client)
        assert other.defects == []


async def _instance(launches: Launches) -> dict[str, Any]:
    items = (await launches.raw.describe_recovery_instances())["items"]
    (instance,) = (i for i in items if i["failback"]["state"] != "FAILBACK_NOT_STARTED")
    return instance


async def _reverse(launches: Launches) -> str:
    hint = (await _instance(launches))["ec2InstanceID"]
    found = await launches.raw.describe_source_servers(filters={"hardwareId": hint})
    return found["items"][0]["sourceServerID"]


async def test_it_is_launched_back(copy: Launches) -> None:
    instance = await _instance(copy)
    assert instance["failback"]["state"] == "FAILBACK_READY_FOR_LAUNCH"
    named = {"recoveryInstanceID": instance["recoveryInstanceID"]}
    assert await code(copy.raw.reverse_replication(**named)) == "ConflictException"
    job_id = await copy.run([await _reverse(copy)], is_drill=False)
    failback = (await _instance(copy))["failback"]
    assert (failback["state"], failback["failbackJobID"]) == ("FAILBACK_COMPLETED", job_id)


async def test_it_is_not_terminated_while_it_is_replicated(copy: Launches) -> None:
    instance_id = (await _instance(copy))["recoveryInstanceID"]
    named = {"recoveryInstanceIDs": [instance_id]}
    assert await code(copy.raw.terminate_recovery_instances(**named)) == "ConflictException"
    await copy.raw.stop_replication(sourceServerID=await _reverse(copy))
    await copy.raw.terminate_recovery_instances(**named)


async def test_what_happens_to_the_server_shows_on_the_instance(copy: Launches) -> None:
    server_id = await _reverse(copy)
    copy.emulator.stall_replication(server_id)
    info = (await _instance(copy))["dataReplicationInfo"]
    assert info["dataReplicationError"] == {"error": "AGENT_NOT_SEEN"}
    await copy.raw.stop_replication(sourceServerID=server_id)
    failback = (await _instance(copy))["failback"]
    assert failback["state"] == "FAILBACK_NOT_READY_FOR_LAUNCH"


async def test_a_part_of_it_loaded_again_stays_linked(copy: Launches) -> None:
    server_id, instance = await _reverse(copy), await _instance(copy)
    for again in (await copy.server(server_id), instance):
        copy.emulator.load(again)
        named = {"recoveryInstanceID": instance["recoveryInstanceID"]}
        assert await code(copy.raw.reverse_replication(**named)) == "ConflictException"
    job_id = await copy.run([server_id], is_drill=False)
    assert (await _instance(copy))["failback"]["failbackJobID"] == job_id
