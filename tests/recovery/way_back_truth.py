"""What the service has on both sides, and what nobody may do to it: kept apart from the SDK."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk.testing import Place

GONE = frozenset({"TERMINATED", "SHUTTING-DOWN", "NOT_FOUND"})
CHANGES = frozenset(
    {
        "DeleteRecoveryInstance",
        "DeleteSourceServer",
        "DisconnectSourceServer",
        "ReverseReplication",
        "StartRecovery",
        "StopReplication",
        "TagResource",
        "TerminateRecoveryInstances",
    }
)


@dataclass
class Side:
    """What one place has.

    Attributes:
        servers: Its source servers.
        instances: Its recovery instances that stand.
        jobs: Its jobs.
    """

    servers: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    instances: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    @classmethod
    def of(cls, place: Place) -> Side:
        """Read it from the emulator itself."""
        kinds: Any = place.snapshot()["resources"]
        found = {
            kind: {one["id"]: one for one in kinds.get(kind, ())}
            for kind in ("source_servers", "recovery_instances", "jobs")
        }
        standing = {
            name: one
            for name, one in found["recovery_instances"].items()
            if one["doc"]["ec2InstanceState"] not in GONE
        }
        return cls(found["source_servers"], standing, found["jobs"])


@dataclass
class Truth:
    """Both sides at one moment.

    Attributes:
        run: The run's tag.
        b1s: The source servers of the run.
        there: The recovery side.
        home: The origin side: the same one within one Region.
        dead: The ARNs of instances whose machine somebody has terminated.
    """

    run: str
    b1s: frozenset[str]
    there: Side
    home: Side
    dead: frozenset[str] = frozenset()

    @property
    def is_one_place(self) -> bool:
        """Whether origin and recovery are in one Region."""
        return self.there is self.home

    def is_protected(self, b1: str) -> bool:
        """Whether B1 replicates, in full, the machine that was launched home, and that lives."""
        server = self.there.servers[b1]
        replica = server["state"].get("reverses")
        state = server["doc"]["dataReplicationInfo"]["dataReplicationState"]
        if replica is None or state != "CONTINUOUS" or replica in self.dead:
            return False
        is_turned = server["doc"]["replicationDirection"] == "FAILBACK"
        return not is_turned and replica not in {one["arn"] for one in self._b2s(b1)}

    def _b2s(self, b1: str) -> list[dict[str, Any]]:
        return [one for one in self.there.instances.values() if self.is_b2(one, b1)]

    def is_b2(self, instance: dict[str, Any], b1: str) -> bool:
        """Whether it was launched from B1 there: within one Region A3 is one of B1's, too."""
        is_there = instance["doc"]["sourceServerID"] == b1
        return is_there and instance["state"].get("direction", "FAILOVER") == "FAILOVER"

    def own_launches(self, step: str) -> list[dict[str, Any]]:
        """The jobs of the run's launches, there or home."""
        jobs = (self.there if step == "launch" else self.home).jobs.values()
        return [
            one["doc"]
            for one in jobs
            if one["doc"]["type"] == "LAUNCH"
            and one["doc"].get("tags", {}).get("drs-sdk:run") == self.run
            and one["doc"]["tags"].get("drs-sdk:step") == step
        ]

    def b1_of(self, a2: str) -> str | None:
        """The source server that A2 goes with."""
        opposite: str = self.home.servers[a2]["state"].get("opposite", "")
        name = opposite.rpartition("/")[2]
        return name if name in self.b1s else None

    # -- what may be done ------------------------------------------------------------------------

    def harm(
        self, operation: str, params: Mapping[str, Any], *, at_home: bool, is_drill: bool
    ) -> str | None:
        """Say what a request of the run would destroy; None where it does no harm."""
        if operation not in CHANGES:
            return f"{operation} is no business of the way back"
        side = self.home if at_home else self.there
        if operation == "TerminateRecoveryInstances":
            told = [
                self._termination(name, side, is_drill=is_drill)
                for name in params["recoveryInstanceIDs"]
            ]
        elif operation in {"StopReplication", "DisconnectSourceServer", "DeleteSourceServer"}:
            told = [self._ending(params["sourceServerID"], side, is_drill=is_drill)]
        elif operation == "DeleteRecoveryInstance":
            told = [self._deletion(params["recoveryInstanceID"], side, is_drill=is_drill)]
        elif operation == "ReverseReplication":
            told = [self._reversal(params["recoveryInstanceID"], side, is_drill=is_drill)]
        elif operation == "StartRecovery":
            told = [self._launch(params, side, at_home=at_home, is_drill=is_drill)]
        else:
            told = [None]
        return next((f"{operation}: {why}" for why in told if why is not None), None)

    def _termination(self, name: str, side: Side, *, is_drill: bool) -> str | None:
        instance = side.instances.get(name)
        if instance is None:
            return None
        doc = instance["doc"]
        if is_drill:
            own = {job["jobID"] for s in ("launch", "launch-back") for job in self.own_launches(s)}
            return None if doc["isDrill"] and doc.get("jobID") in own else f"{name} is not its own"
        b1 = next((one for one in self.b1s if self.is_b2(instance, one)), None)
        if b1 is None or side is not self.there:
            return f"{name} is at home"
        return None if self.is_protected(b1) else f"{name} is live: {b1} protects nothing at home"

    def _ending(self, name: str, side: Side, *, is_drill: bool) -> str | None:
        if name in self.b1s:
            return f"{name} is B1: its points in time would go"
        if side is not self.home or name not in side.servers:
            return None if name not in side.servers else f"{name} is not at home"
        b1 = self.b1_of(name)
        if b1 is None:
            return f"{name} is not of the run"
        state = side.servers[name]["doc"]["dataReplicationInfo"]["dataReplicationState"]
        is_idle = state in {"STOPPED", "DISCONNECTED"} and not self._b2s(b1)
        if is_drill or is_idle or self.is_protected(b1):
            return None
        return f"{name} replicates what is live, and {b1} protects nothing at home"

    def _deletion(self, name: str, side: Side, *, is_drill: bool) -> str | None:
        instance = side.instances.get(name)
        if instance is None:
            return None
        if is_drill or side is not self.home:
            return f"{name} is no A3 of a recovery"
        protecting = {
            server["state"].get("reverses")
            for b1, server in self.there.servers.items()
            if b1 in self.b1s and self.is_protected(b1)
        }
        return None if instance["arn"] in protecting else f"{name} is not protected"

    def _reversal(self, name: str, side: Side, *, is_drill: bool) -> str | None:
        instance = side.instances.get(name)
        if instance is None:
            return None
        is_b2 = any(self.is_b2(instance, b1) for b1 in self.b1s)
        if is_drill and not (is_b2 and instance["doc"]["isDrill"]):
            return f"{name} is no B2 of a drill: B1 would be pointed away"
        return None if instance["doc"]["isDrill"] is is_drill else f"{name} is of the other kind"

    def _launch(
        self, params: Mapping[str, Any], side: Side, *, at_home: bool, is_drill: bool
    ) -> str | None:
        if bool(params.get("isDrill")) is not is_drill:
            return "of the other kind"
        is_back = params.get("tags", {}).get("drs-sdk:step") == "launch-back"
        if is_back is not at_home and not self.is_one_place:
            return "on the wrong side"
        names = {one["sourceServerID"] for one in params["sourceServers"]}
        for name, instance in side.instances.items():
            turned = is_back and self.is_one_place
            if turned and any(self.is_b2(instance, b1) for b1 in names & self.b1s):
                continue  # there the launch home is one of the same server
            if instance["doc"]["sourceServerID"] in names and not instance["doc"]["isDrill"]:
                return f"{name} is live, and would be removed"
        return None
