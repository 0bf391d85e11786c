"""A clock that is set back: whatever was under way is shown as the service could show it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

import pytest

from drs_sdk.testing import DRSEmulator
from drs_sdk.testing.service.model import load_service
from drs_sdk.testing.state.source_servers import ReplicationState

if TYPE_CHECKING:
    from collections.abc import Callable

ON = [timedelta(seconds=5), timedelta(minutes=7), timedelta(hours=2)]
BACK = [timedelta(seconds=1), timedelta(minutes=20), timedelta(days=2), timedelta(days=900 * 365)]


class Stage:
    """An emulator in which everything that moves is under way."""

    def __init__(self) -> None:
        self.emulator = DRSEmulator(check_answers=True)
        (cellar,) = self.emulator.add_source_servers(1, origin="ON_PREMISES")
        self.call("StartRecovery", sourceServers=[{"sourceServerID": cellar}], isDrill=False)
        self.move(timedelta(minutes=20))
        for state in get_args(ReplicationState):
            self.emulator.add_source_servers(2, state=state)
        lagging, slow, failed, launched = self.emulator.add_source_servers(4)
        self.emulator.set_lag(lagging, timedelta(minutes=3), growth=2.0)
        self.emulator.set_lag(slow, timedelta(minutes=3), growth=-2.0, state="BACKLOG")
        self.emulator.stall_replication(failed)
        self.emulator.add_source_network(status="IN_PROGRESS")
        (instance,) = self.call("DescribeRecoveryInstances")["items"]
        self.emulator.pair_failback_client(instance["recoveryInstanceID"])
        self.call("StartRecovery", sourceServers=[{"sourceServerID": launched}], isDrill=True)
        for server_id in (launched, cellar):
            self.call("DescribeRecoverySnapshots", sourceServerID=server_id)

    def move(self, by: timedelta) -> None:
        self.emulator.clock.set(self.emulator.clock.now() + by)

    def call(self, operation: str, **params: Any) -> Any:  # noqa: ANN401 - answers have no types
        front = self.emulator._front
        described = load_service().operations[operation]
        answer = front.dispatch(self.emulator._account, described, params)
        front.check(described, answer)
        return answer

    def look(self) -> None:
        servers = self.call("DescribeSourceServers")["items"]
        for operation in ("Jobs", "RecoveryInstances", "SourceNetworks"):
            self.call(f"Describe{operation}")
        for server in servers:
            self.call("DescribeRecoverySnapshots", sourceServerID=server["sourceServerID"])
        for job in self.call("DescribeJobs")["items"]:
            self.call("DescribeJobLogItems", jobID=job["jobID"])


@pytest.mark.parametrize("back", BACK, ids=str)
@pytest.mark.parametrize(
    "on", [timedelta(seconds=5), timedelta(minutes=7), timedelta(hours=2)], ids=str
)
def test_what_is_under_way_shows_nothing_that_cannot_be(on: timedelta, back: timedelta) -> None:
    """By checked answers: no bytes below none, no length of time below zero."""
    stage = Stage()
    stage.move(on)
    stage.look()
    stage.move(-back)
    stage.look()
    stage.move(back + timedelta(days=3))
    stage.look()
    assert {j["status"] for j in stage.call("DescribeJobs")["items"]} == {"COMPLETED"}
    assert stage.emulator.defects == []


def _stopped(stage: Stage, server_id: str) -> None:
    stage.call("StopReplication", sourceServerID=server_id)


def _stalled(stage: Stage, server_id: str) -> None:
    stage.emulator.stall_replication(server_id)
    stage.emulator.resume_replication(server_id)


@pytest.mark.parametrize("happens", [_stopped, _stalled])
def test_what_happens_after_it_was_set_back(happens: Callable[[Stage, str], None]) -> None:
    stage = Stage()
    stage.move(timedelta(minutes=7))
    stage.move(-timedelta(days=1))
    for server in stage.call("DescribeSourceServers")["items"]:
        if server["dataReplicationInfo"]["dataReplicationState"] in {"INITIAL_SYNC", "RESCAN"}:
            happens(stage, server["sourceServerID"])
    stage.look()
    assert stage.emulator.defects == []
