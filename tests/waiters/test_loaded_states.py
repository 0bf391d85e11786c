"""States that the emulator does not reach by itself, loaded as the AWS CLI would print them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drs_sdk.errors import WaiterFailedError, WaiterTimeoutError

if TYPE_CHECKING:
    from drs_sdk import DRSClient
    from drs_sdk.testing import DRSEmulator

SERVER = "s-1111111111111111a"
INSTANCE = "i-1111111111111111a"


def server(state: str) -> dict[str, object]:
    return {
        "sourceServerID": SERVER,
        "arn": f"arn:aws:drs:us-east-1:111122223333:source-server/{SERVER}",
        "sourceProperties": {},
        "dataReplicationInfo": {"dataReplicationState": state},
    }


def instance(failback: str, ec2: str = "RUNNING") -> dict[str, object]:
    return {
        "recoveryInstanceID": INSTANCE,
        "arn": f"arn:aws:drs:us-east-1:111122223333:recovery-instance/{INSTANCE}",
        "sourceServerID": SERVER,
        "ec2InstanceID": INSTANCE,
        "ec2InstanceState": ec2,
        "failback": {"state": failback},
    }


@pytest.mark.parametrize("state", ["STOPPED", "DISCONNECTED"])
async def test_a_server_that_stays_cut_off_fails_the_wait(
    drs_emulator: DRSEmulator, drs: DRSClient, state: str
) -> None:
    drs_emulator.load({"items": [server(state)]})
    with pytest.raises(WaiterFailedError, match=state):
        await drs.wait_until_source_servers_replicating(SERVER)


@pytest.mark.parametrize("state", ["STALLED", "PAUSED", "RESCAN", "BACKLOG", "CREATING_SNAPSHOT"])
async def test_a_server_that_may_recover_is_waited_for(
    drs_emulator: DRSEmulator, drs: DRSClient, state: str
) -> None:
    drs_emulator.load({"items": [server(state)]})
    with pytest.raises(WaiterTimeoutError) as caught:
        await drs.wait_until_source_servers_replicating(SERVER, timeout=600)
    assert [last.replication_state for last in caught.value.last] == [state]


@pytest.mark.parametrize("state", ["FAILBACK_ERROR", "FAILBACK_COMPLETED"])
async def test_a_failback_that_cannot_be_launched_fails_the_wait(
    drs_emulator: DRSEmulator, drs: DRSClient, state: str
) -> None:
    drs_emulator.load({"items": [instance(state)]})
    with pytest.raises(WaiterFailedError, match=state):
        await drs.wait_until_failback_ready(INSTANCE)
    seen = [
        each.failback and each.failback.state async for each in drs.watch_failback_ready(INSTANCE)
    ]
    assert seen == [state]


@pytest.mark.parametrize(
    "state",
    [
        "FAILBACK_NOT_STARTED",
        "FAILBACK_IN_PROGRESS",
        "FAILBACK_NOT_READY_FOR_LAUNCH",
        "FAILBACK_LAUNCH_STATE_NOT_AVAILABLE",
    ],
)
async def test_a_failback_that_may_become_ready_is_waited_for(
    drs_emulator: DRSEmulator, drs: DRSClient, state: str
) -> None:
    drs_emulator.load({"items": [instance(state)]})
    with pytest.raises(WaiterTimeoutError):
        await drs.wait_until_failback_ready(INSTANCE, timeout=600)


@pytest.mark.parametrize("state", ["TERMINATED", "SHUTTING-DOWN", "NOT_FOUND"])
async def test_an_instance_that_is_gone_fails_the_wait(
    drs_emulator: DRSEmulator, drs: DRSClient, state: str
) -> None:
    drs_emulator.load({"items": [instance("FAILBACK_NOT_STARTED", state)]})
    with pytest.raises(WaiterFailedError, match=state):
        await drs.wait_until_recovery_instances_running(INSTANCE)
