# ruff: noqa: ANN401 - parameters of operations have no types
"""Drives two places of an emulator without HTTP, and knows what must always hold of them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from way_back_watch import WayBackWatch, machines_replicated

from drs_sdk.testing import DRSEmulator, Quotas
from drs_sdk.testing.front import wire
from drs_sdk.testing.service.model import load_service
from drs_sdk.testing.service.refusals import ServiceError
from drs_sdk.testing.state.predefined_actions import IDENTIFIERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from drs_sdk.testing import Place

REGIONS = ("us-east-1", "us-west-2")
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
    # A server that is pointed to another machine before it is in sync begins at the beginning.
    "INITIAL_SYNC": {"CREATING_SNAPSHOT", "INITIATING", *_ANY},
    "RESCAN": {"CONTINUOUS", *_ANY},
    "CREATING_SNAPSHOT": {"CONTINUOUS", "INITIATING", *_ANY},
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
    """One account in two Regions, called operation by operation in the one or the other.

    Each answer is held to the service model.
    """

    def __init__(self) -> None:
        self.emulator = DRSEmulator(check_answers=True, quotas=QUOTAS, regions=REGIONS)
        self.places: list[Place] = [self.emulator.at(region=region) for region in REGIONS]
        self.here: Place = self.emulator
        self.deleted: set[str] = set()
        self.tags: dict[str, dict[str, str]] = {}
        self.way_back = WayBackWatch()
        self._seen: dict[str, str] = {}
        self._added: dict[str, str] = {}
        self._homes: dict[str, str] = {}

    @property
    def there(self) -> Place:
        """The other place."""
        return next(place for place in self.places if place is not self.here)

    def cross(self) -> None:
        """Go to the other place; what was known there is unknown here."""
        self.here = self.there

    def has(self, resource_id: str) -> bool:
        """Tell whether a source server or a source network is in this place."""
        account = self.here._account
        return resource_id in account.source_servers or resource_id in account.collection(
            "source_networks"
        )

    @contextmanager
    def standing(self, place: Place) -> Iterator[None]:
        """Call in a place for a while."""
        before, self.here = self.here, place
        yield
        self.here = before

    def call(self, operation: str, **params: Any) -> dict[str, Any] | None:
        """Return the answer as it goes over the wire, or None when the service refuses."""
        front = self.emulator._front
        described = load_service().operations[operation]
        try:
            # As a request's signature would find it.
            desk = self.emulator._desk_for(self.here.access_key_id, self.here.region)
            answer = front.dispatch(desk.account(), described, params)
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
        """Let time pass, looking at both places at each moment at which something happens."""
        target = self.emulator.clock.now() + delta
        for _ in range(400):
            coming = self.emulator._world._coming
            if not coming or coming[0][0] > target:
                break
            self.emulator.clock.set(coming[0][0])
            self.check_arrows()
        self.emulator.clock.set(target)

    def move_house(self) -> None:
        """Save both places as text and load them again."""
        for place, saved in [(place, json.dumps(place.snapshot())) for place in self.places]:
            place.restore(json.loads(saved))

    def everywhere(self, operation: str) -> list[dict[str, Any]]:
        """Return all items of a listing, of both places."""
        found: list[dict[str, Any]] = []
        for place in self.places:
            with self.standing(place):
                found += self.items(operation)
        return found

    def primaries(self, place: Place | None = None) -> list[str]:
        """Return the instances whose machines are replicated, in a place or in all."""
        machines = machines_replicated(self.everywhere("DescribeSourceServers"))
        return [
            instance["recoveryInstanceID"]
            for instance in self.everywhere("DescribeRecoveryInstances")
            if instance["ec2InstanceID"] in machines
            and (place is None or instance["arn"].split(":")[3] == place.region)
        ]

    def go_on_after_stop_failback(self, instance: str) -> None:
        """Stop the failback of an instance here, and start what replicates it again."""
        (shown,) = self.items(
            "DescribeRecoveryInstances", filters={"recoveryInstanceIDs": [instance]}
        )
        replicas = [
            server
            for server in self.everywhere("DescribeSourceServers")
            if machines_replicated([server]) == {shown["ec2InstanceID"]}
        ]
        self.call("StopFailback", recoveryInstanceID=instance)
        self.check_arrows()
        for server in replicas:
            (place,) = (p for p in self.places if p.region == server["arn"].split(":")[3])
            with self.standing(place):
                self.call("StartReplication", sourceServerID=server["sourceServerID"])

    def check(self) -> None:
        """Check everything that must hold at any time."""
        self.check_arrows()
        for place in self.places:
            with self.standing(place):
                self._check_place()
                for instance in self.primaries(place):
                    # Whatever it went through, nobody can terminate what may be the primary.
                    answer = self.call("TerminateRecoveryInstances", recoveryInstanceIDs=[instance])
                    assert answer is None
        for server in self.everywhere("DescribeSourceServers"):
            added = server["lifeCycle"]["addedToServiceDateTime"]
            # Whatever a server is pointed to, it is as old as it was.
            assert self._added.setdefault(server["sourceServerID"], added) == added
        for arn, tags in self.tags.items():
            (place,) = (place for place in self.places if place.region == arn.split(":")[3])
            with self.standing(place):
                listed = self.call("ListTagsForResource", resourceArn=arn)
            assert listed == (None if arn.rpartition("/")[2] in self.deleted else {"tags": tags})

    def _check_place(self) -> None:
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
        # A place shows nothing of another one, and what it shows never moves.
        for resource in (*servers, *networks, *instances, *jobs):
            assert resource["arn"].split(":")[3] == self.here.region
        for name in shown:
            assert self._homes.setdefault(name, self.here.region) == self.here.region

    def check_arrows(self) -> None:
        """Check that each status is where it was, or one documented arrow further."""
        for place in self.places:
            with self.standing(place):
                for name, status, arrows in self._statuses():
                    before = self._seen.get(name, status)
                    arrow = f"{name}: {before} -> {status}"
                    assert status == before or status in arrows[before], arrow
                    self._seen[name] = status
        self.way_back.check_primaries(
            self.everywhere("DescribeSourceServers"), self.everywhere("DescribeRecoveryInstances")
        )

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
