"""What must hold of the way back, whatever is done: judged by what the places show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_STANDS_STILL = {"STOPPED", "DISCONNECTED"}
_GOES_AWAY = {"SHUTTING-DOWN", "TERMINATED"}


class WayBackWatch:
    """Knows which instances are live primaries, and which servers belong together."""

    def __init__(self) -> None:
        self._given_up: set[str] = set()
        self._live: dict[str, str] = {}
        self._opposites: dict[str, str] = {}

    def give_up(self, instances: Iterable[str]) -> None:
        """Note that a command that was rightly accepted takes these instances away."""
        self._given_up.update(instances)

    def check_primaries(
        self, servers: Iterable[dict[str, Any]], instances: Iterable[dict[str, Any]]
    ) -> None:
        """Check that no instance that was replicated, and still is, goes away."""
        machines = machines_replicated(servers)
        shown = {instance["recoveryInstanceID"]: instance for instance in instances}
        for name, machine in self._live.items():
            if machine in machines and name not in self._given_up:
                state = shown[name]["ec2InstanceState"] if name in shown else "TERMINATED"
                assert state not in _GOES_AWAY, f"{name} was the live primary"
        self._live = {
            name: instance["ec2InstanceID"]
            for name, instance in shown.items()
            if instance["ec2InstanceID"] in machines
        }

    def check_reversal(self, before: dict[str, dict[str, Any]], of: str, made: str) -> None:
        """Check which server goes on with an instance.

        Args:
            before: All source servers as they were, by ARN.
            of: The ARN of the server that the instance was launched from.
            made: The ARN of the server that replicates the instance now.
        """
        server = before[of]
        if server["replicationDirection"] == "FAILBACK" and self._opposites.get(of) in before:
            # Protected again: the original goes on, and no other one appears.
            assert made == self._opposites[of]
        if made in before:
            # It stays the server it was; `AccountDriver.check` looks at the rest.
            return
        origin = server.get("sourceCloudProperties", {})
        assert made.split(":")[3:5] == [origin["originRegion"], origin["originAccountID"]]
        self._opposites[made] = of


def machines_replicated(servers: Iterable[dict[str, Any]]) -> set[str]:
    """Return the EC2 identifiers of the machines that a source server replicates."""
    return {
        server["sourceProperties"]["identificationHints"].get("awsInstanceID", "")
        for server in servers
        if server["dataReplicationInfo"]["dataReplicationState"] not in _STANDS_STILL
    }
