# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Stalls and lag: replication stops where it is, and goes on from there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from launch_runner import Launches, code

from drs_sdk.testing.life.replication import INITIATION_STEPS

if TYPE_CHECKING:
    from drs_sdk.testing import DRSEmulator

INITIATION = timedelta(seconds=sum(seconds for _, seconds in INITIATION_STEPS))
A_SYNC = timedelta(hours=12)


@pytest.fixture
def launches(emulator: DRSEmulator, raw: Any) -> Launches:
    return Launches(emulator, raw)


async def _info(launches: Launches, server_id: str) -> dict[str, Any]:
    return (await launches.server(server_id))["dataReplicationInfo"]


async def _state(launches: Launches, server_id: str) -> str:
    return (await _info(launches, server_id))["dataReplicationState"]


def _statuses(info: dict[str, Any]) -> list[str]:
    return [step["status"] for step in info["dataReplicationInitiation"]["steps"]]


@pytest.mark.parametrize(
    ("error", "status"),
    [("AGENT_NOT_SEEN", "IN_PROGRESS"), ("FAILED_TO_LAUNCH_REPLICATION_SERVER", "FAILED")],
)
async def test_a_stall_in_the_initiation(launches: Launches, error: str, status: str) -> None:
    emulator = launches.emulator
    (server_id,) = emulator.add_source_servers(1, state="INITIATING")
    await emulator.clock.advance(30)
    before = _statuses(await _info(launches, server_id))
    assert before[:3] == ["SUCCEEDED", "SUCCEEDED", "IN_PROGRESS"]
    emulator.stall_replication(server_id, error=error)
    await emulator.clock.advance(A_SYNC)
    info = await _info(launches, server_id)
    assert info["dataReplicationState"] == "STALLED"
    assert _statuses(info) == [*before[:2], status, *before[3:]]
    assert "lagDuration" not in info
    assert await code(launches.start([server_id])) == "ConflictException"

    emulator.resume_replication(server_id)
    info = await _info(launches, server_id)
    assert info["dataReplicationState"] == "INITIATING"
    assert _statuses(info) == before
    await emulator.clock.advance(INITIATION - timedelta(seconds=20))
    info = await _info(launches, server_id)
    assert info["dataReplicationState"] == "INITIAL_SYNC"
    assert set(_statuses(info)) == {"SUCCEEDED"}
    await emulator.clock.advance(A_SYNC)
    assert await _state(launches, server_id) == "CONTINUOUS"


async def test_a_stall_in_a_rescan(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1, state="RESCAN")
    await launches.emulator.clock.advance(10)
    (before, *_) = (await _info(launches, server_id))["replicatedDisks"]
    launches.emulator.stall_replication(server_id)
    await launches.emulator.clock.advance(timedelta(minutes=11))
    info = await _info(launches, server_id)
    assert info["lagDuration"] == "PT11M"
    assert (
        info["replicatedDisks"][0]["rescannedStorageBytes"] == before["rescannedStorageBytes"] > 0
    )
    assert info["replicatedDisks"][0]["backloggedStorageBytes"] > 0
    launches.emulator.resume_replication(server_id)
    assert await _state(launches, server_id) == "RESCAN"
    await launches.emulator.clock.advance(A_SYNC)
    assert await _state(launches, server_id) == "CONTINUOUS"


async def test_a_stall_before_the_first_snapshot(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1, state="CREATING_SNAPSHOT")
    launches.emulator.stall_replication(server_id)
    await launches.emulator.clock.advance(A_SYNC)
    assert "lagDuration" not in await _info(launches, server_id)
    launches.emulator.resume_replication(server_id)
    assert await _state(launches, server_id) == "CREATING_SNAPSHOT"
    await launches.emulator.clock.advance(60)
    assert await _state(launches, server_id) == "CONTINUOUS"


@pytest.mark.parametrize("state", ["INITIATING", "INITIAL_SYNC", "RESCAN", "CREATING_SNAPSHOT"])
async def test_what_runs_is_not_resumed(launches: Launches, state: Any) -> None:
    emulator = launches.emulator
    (server_id,) = emulator.add_source_servers(1, state=state)
    await emulator.clock.advance(20)
    before = emulator.snapshot()

    async def life() -> list[Any]:
        seen: list[Any] = []
        for _ in range(30):
            seen.append(await launches.server(server_id))
            await emulator.clock.advance(20)
        return seen

    undisturbed = await life()
    emulator.restore(before)
    emulator.resume_replication(server_id)
    assert await life() == undisturbed


@pytest.mark.parametrize("state", ["STOPPED", "DISCONNECTED"])
async def test_what_does_not_replicate_neither_stalls_nor_resumes(
    launches: Launches, state: Any
) -> None:
    (server_id,) = launches.emulator.add_source_servers(1, state=state)
    for method in (launches.emulator.stall_replication, launches.emulator.resume_replication):
        with pytest.raises(ValueError, match=f"{server_id} is {state}"):
            method(server_id)
    assert await _state(launches, server_id) == state


async def test_a_lag_ends_the_stall(launches: Launches) -> None:
    emulator = launches.emulator
    (server_id,) = emulator.add_source_servers(1)
    emulator.stall_replication(server_id)
    await emulator.clock.advance(60)
    emulator.set_lag(server_id, timedelta(minutes=5))
    server = await launches.server(server_id)
    assert server["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS"
    assert "dataReplicationError" not in server["dataReplicationInfo"]
    assert server["lifeCycle"]["lastSeenByServiceDateTime"] == "2024-01-01T00:01:00.000000Z"


async def test_a_stall_adds_to_the_lag(launches: Launches) -> None:
    emulator = launches.emulator
    (server_id,) = emulator.add_source_servers(1)
    emulator.set_lag(server_id, timedelta(minutes=5), growth=-1.0, state="BACKLOG")
    await emulator.clock.advance(60)
    emulator.stall_replication(server_id, error="NOT_CONVERGING")
    await emulator.clock.advance(60)
    emulator.stall_replication(server_id)
    assert (await _info(launches, server_id))["lagDuration"] == "PT5M"
    emulator.resume_replication(server_id)
    assert (await _info(launches, server_id))["lagDuration"] == "P0D"


async def test_a_lag_in_a_sync_ends_in_the_sync(launches: Launches) -> None:
    emulator = launches.emulator
    (server_id,) = emulator.add_source_servers(1, state="INITIAL_SYNC")
    emulator.set_lag(server_id, timedelta(minutes=5), state="BACKLOG")
    emulator.resume_replication(server_id)
    info = await _info(launches, server_id)
    assert info["dataReplicationState"] == "INITIAL_SYNC"
    assert "lagDuration" not in info


async def test_a_loaded_sync_goes_on_where_it_stood(launches: Launches) -> None:
    emulator = launches.emulator
    disk = {"deviceName": "/dev/sda", "totalStorageBytes": 2**40, "replicatedStorageBytes": 2**39}
    server = {
        "sourceServerID": "s-" + "5" * 17,
        "sourceProperties": {"disks": [{"deviceName": "/dev/sda", "bytes": 2**40}]},
        "dataReplicationInfo": {"dataReplicationState": "INITIAL_SYNC", "replicatedDisks": [disk]},
    }
    (server_id,) = emulator.load(server)
    emulator.resume_replication(server_id)
    assert (await _info(launches, server_id)) == server["dataReplicationInfo"]
    emulator.stall_replication(server_id)
    emulator.resume_replication(server_id)
    info = await _info(launches, server_id)
    assert info["dataReplicationState"] == "INITIAL_SYNC"
    assert info["replicatedDisks"][0]["replicatedStorageBytes"] == 2**39


async def test_a_loaded_disk_may_be_sparse(launches: Launches) -> None:
    disks = [{"deviceName": "/dev/sda"}]
    server = {
        "sourceServerID": "s-" + "5" * 17,
        "arn": "arn:aws:drs:us-east-1:111122223333:source-server/s-" + "5" * 17,
        "dataReplicationInfo": {"dataReplicationState": "RESCAN", "replicatedDisks": disks},
    }
    (server_id,) = launches.emulator.load(server)
    launches.emulator.stall_replication(server_id)
    (disk,) = (await _info(launches, server_id))["replicatedDisks"]
    assert disk["backloggedStorageBytes"] == disk["rescannedStorageBytes"] == 0


async def test_a_loaded_initiation_without_steps_begins_anew(launches: Launches) -> None:
    emulator = launches.emulator
    (server_id,) = emulator.load(
        {
            "sourceServerID": "s-" + "5" * 17,
            "dataReplicationInfo": {"dataReplicationState": "INITIATING"},
            "sourceProperties": {},
        }
    )
    emulator.stall_replication(server_id, error="FAILED_TO_BOOT_REPLICATION_SERVER")
    emulator.resume_replication(server_id)
    assert await _state(launches, server_id) == "INITIATING"
    await emulator.clock.advance(A_SYNC)
    assert await _state(launches, server_id) == "CONTINUOUS"
