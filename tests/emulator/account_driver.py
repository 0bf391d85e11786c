# ruff: noqa: ANN401 - parameters of operations have no types
"""Drives an emulated account without HTTP, and knows what must always hold of it."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

from drs_sdk.testing import DRSEmulator, Quotas
from drs_sdk.testing.front import wire
from drs_sdk.testing.service.model import load_service
from drs_sdk.testing.service.refusals import ServiceError
from drs_sdk.testing.state.predefined_actions import IDENTIFIERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

QUOTAS = Quotas(
    source_servers=10,
    replicating_servers=7,
    servers_in_one_job=3,
    servers_in_all_jobs=4,
    concurrent_jobs=3,
    launch_actions=3,
    source_networks=2,
    recovery_plans=2,
    steps_per_recovery_plan=3,
    servers_per_recovery_plan_step=2,
)
_ANY = {"STOPPED", "DISCONNECTED", "STALLED"}
REPLICATION = {
    "STOPPED": {"INITIATING", "DISCONNECTED"},
    "INITIATING": {"INITIAL_SYNC", "RESCAN", *_ANY},
    "INITIAL_SYNC": {"CREATING_SNAPSHOT", *_ANY},
    "RESCAN": {"CONTINUOUS", *_ANY},
    "CREATING_SNAPSHOT": {"CONTINUOUS", *_ANY},
    "CONTINUOUS": _ANY,
    "STALLED": {
        "INITIATING",
        "INITIAL_SYNC",
        "RESCAN",
        "CREATING_SNAPSHOT",
        "CONTINUOUS",
        *_ANY,
    },
    "DISCONNECTED": {"INITIATING"},
}
NETWORK = {
    "STOPPED": {"IN_PROGRESS"},
    "IN_PROGRESS": {"PROTECTED", "ERROR", "STOPPED"},
    "PROTECTED": {"ERROR", "STOPPED"},
    "ERROR": {"IN_PROGRESS", "STOPPED"},
}
JOB = {"PENDING": {"STARTED"}, "STARTED": {"COMPLETED"}, "COMPLETED": set[str]()}
LAUNCH = {
    # A server's launch stays PENDING until it is over; terminations and networks do not.
    "PENDING": {"IN_PROGRESS", "LAUNCHED", "FAILED"},
    "IN_PROGRESS": {"LAUNCHED", "FAILED", "TERMINATED"},
    "LAUNCHED": set[str](),
    "FAILED": set[str](),
    "TERMINATED": set[str](),
}
# An execution passes IN_PROGRESS in no time where nothing is left to do, or nothing can be done.
EXECUTION = {
    "CREATED": {"IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLING"},
    "IN_PROGRESS": {"COMPLETED", "FAILED", "CANCELLING"},
    "FAILED": {"IN_PROGRESS", "COMPLETED"},
    "CANCELLING": {"CANCELLED"},
    "CANCELLED": set[str](),
    "COMPLETED": set[str](),
}
STEP = {
    "NOT_STARTED": {"EXECUTING", "WAITING", "COMPLETED", "FAILED", "SKIPPED"},
    "EXECUTING": {"COMPLETED", "FAILED"},
    "WAITING": {"COMPLETED", "SKIPPED"},
    "FAILED": {"EXECUTING", "COMPLETED", "SKIPPED"},
    "COMPLETED": set[str](),
    "SKIPPED": set[str](),
}
LISTINGS = {
    "DescribeSourceServers": "items",
    "DescribeJobs": "items",
    "DescribeRecoveryInstances": "items",
    "DescribeSourceNetworks": "items",
    "ListRecoveryPlans": "recoveryPlans",
    "ListRecoveryPlanExecutions": "recoveryPlanExecutions",
    "ListStagingAccounts": "accounts",
}


class AccountDriver:
    """One account, called operation by operation; each answer is held to the service model."""

    def __init__(self) -> None:
        self.emulator = DRSEmulator(check_answers=True, quotas=QUOTAS)
        self.deleted: set[str] = set()
        self.tags: dict[str, dict[str, str]] = {}
        self._seen: dict[str, str] = {}

    def call(self, operation: str, **params: Any) -> dict[str, Any] | None:
        """Return the answer as it goes over the wire, or None when the service refuses."""
        front = self.emulator._front
        described = load_service().operations[operation]
        try:
            answer = front.dispatch(self.emulator._account, described, params)
            front.check(described, answer)
        except ServiceError as refusal:
            if refusal.status is not None:
                raise
            front.check_error(described, refusal)
            if front.defects:
                raise AssertionError(front.defects) from refusal
            return None
        body = wire.render_answer(described, answer).body
        return json.loads(body) if body else {}

    def items(self, operation: str, size: int | None = None, **params: Any) -> list[dict[str, Any]]:
        """Return all items of a listing, page by page."""
        found: list[dict[str, Any]] = []
        if size is not None:
            params["maxResults"] = size
        for _ in count():
            page = self.call(operation, **params)
            assert page is not None, operation
            items: list[dict[str, Any]] = page[LISTINGS.get(operation, "items")]
            assert size is None or len(items) <= size
            found += items
            if "nextToken" not in page:
                break
            params["nextToken"] = page["nextToken"]
        return found

    def advance(self, delta: timedelta) -> None:
        """Let time pass, looking at the account at each moment at which something happens."""
        target = self.emulator.clock.now() + delta
        for _ in range(400):
            coming = self.emulator._account.timeline._heap
            if not coming or coming[0].at > target:
                break
            self.emulator.clock.set(coming[0].at)
            self.check_arrows()
        self.emulator.clock.set(target)

    def move_house(self) -> None:
        """Save the account as text and load it again."""
        self.emulator.restore(json.loads(json.dumps(self.emulator.snapshot())))

    def check(self) -> None:
        """Check everything that must hold at any time."""
        self.check_arrows()
        jobs = self.items("DescribeJobs")
        running = [job for job in jobs if job["status"] != "COMPLETED"]
        self._check_jobs(running)
        servers = self.items("DescribeSourceServers")
        networks = self.items("DescribeSourceNetworks")
        instances = self.items("DescribeRecoveryInstances")
        assert len(networks) <= QUOTAS.source_networks
        assert len(self.items("ListRecoveryPlans")) <= QUOTAS.recovery_plans
        self._check_servers(servers)
        shown = {
            *(server["sourceServerID"] for server in servers),
            *(network["sourceNetworkID"] for network in networks),
            *(instance["recoveryInstanceID"] for instance in instances),
            *(job["jobID"] for job in jobs),
        }
        assert not shown & self.deleted
        for arn, tags in self.tags.items():
            listed = self.call("ListTagsForResource", resourceArn=arn)
            assert listed == (None if arn.rpartition("/")[2] in self.deleted else {"tags": tags})

    def check_arrows(self) -> None:
        """Check that each status is where it was, or one documented arrow further."""
        for name, status, arrows in self._statuses():
            before = self._seen.get(name, status)
            assert status == before or status in arrows[before], f"{name}: {before} -> {status}"
            self._seen[name] = status

    def _statuses(self) -> Iterator[tuple[str, str, dict[str, set[str]]]]:
        for server in self.items("DescribeSourceServers"):
            info = server["dataReplicationInfo"]
            yield server["sourceServerID"], info["dataReplicationState"], REPLICATION
        for network in self.items("DescribeSourceNetworks"):
            yield network["sourceNetworkID"], network["replicationStatus"], NETWORK
        for job in self.items("DescribeJobs"):
            yield job["jobID"], job["status"], JOB
            for server in job.get("participatingServers", []):
                name = server.get("sourceServerID") or server["recoveryInstanceID"]
                yield f"{job['jobID']}/{name}", server["launchStatus"], LAUNCH
            for resource in job.get("participatingResources", []):
                name = resource["participatingResourceID"]["sourceNetworkID"]
                yield f"{job['jobID']}/{name}", resource["launchStatus"], LAUNCH
        for execution in self.items("ListRecoveryPlanExecutions"):
            arn = execution["recoveryPlanExecutionArn"]
            yield arn, execution["status"], EXECUTION
            steps = self.call("ListRecoveryPlanExecutionSteps", recoveryPlanExecutionArn=arn)
            for step in (steps or {})["recoveryPlanExecutionSteps"]:
                yield step["recoveryPlanExecutionStepArn"], step["status"], STEP

    def _check_jobs(self, running: list[dict[str, Any]]) -> None:
        assert len(running) <= QUOTAS.concurrent_jobs
        servers = [server for job in running for server in job.get("participatingServers", [])]
        # One job may terminate two instances of one server.
        held = [
            server_id
            for job in running
            for server_id in {s.get("sourceServerID") for s in job.get("participatingServers", [])}
            if server_id
        ]
        assert len(set(held)) == len(held), f"a server is in two jobs: {held}"
        assert len(servers) <= QUOTAS.servers_in_all_jobs
        for job in running:
            assert len(job.get("participatingServers", [])) <= QUOTAS.servers_in_one_job
        resources = [
            resource["participatingResourceID"]["sourceNetworkID"]
            for job in running
            for resource in job.get("participatingResources", [])
        ]
        assert len(set(resources)) == len(resources), f"a network is in two jobs: {resources}"

    def _check_servers(self, servers: list[dict[str, Any]]) -> None:
        assert len(servers) <= QUOTAS.source_servers
        replicating = [
            server
            for server in servers
            if server["dataReplicationInfo"]["dataReplicationState"]
            not in {"STOPPED", "DISCONNECTED"}
            and server.get("stagingArea", {}).get("status") != "EXTENDED"
        ]
        assert len(replicating) <= QUOTAS.replicating_servers
        for server in servers:
            actions = self.items("ListLaunchActions", resourceId=server["sourceServerID"])
            own = [action for action in actions if action["actionId"] not in IDENTIFIERS]
            assert len(own) <= QUOTAS.launch_actions
            orders = [action["order"] for action in actions]
            assert orders == sorted(set(orders))
