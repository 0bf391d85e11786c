"""What a test does to source networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from drs_sdk.testing.life import network_replication
from drs_sdk.testing.scenario.stage import Stage
from drs_sdk.testing.state import source_networks
from drs_sdk.testing.state.source_networks import NetworkStatus

if TYPE_CHECKING:
    from collections.abc import Iterable


class NetworkScenario(Stage):
    """The part of `DRSEmulator` about source networks."""

    def add_source_network(
        self, *, status: NetworkStatus = "PROTECTED", source_server_ids: Iterable[str] = ()
    ) -> str:
        """Add a made-up source network; quotas are not asked.

        Args:
            status: How far its replication has come.
            source_server_ids: The source servers that stand in it.

        Returns:
            Its identifier.

        Raises:
            ValueError: No such status.
        """
        if status not in get_args(NetworkStatus):
            raise ValueError(f"{status!r} is no replication status of a source network")
        account = self._settled()
        servers = [account.source_servers.require(i) for i in source_server_ids]
        network = network_replication.add_made_up(account, status)
        for server in servers:
            server.doc["sourceNetworkID"] = network.id
        return network.id

    def fail_network_replication(
        self, source_network_id: str, *, details: str = "The network cannot be read."
    ) -> None:
        """Let the replication of a source network end in ERROR.

        At once if it runs; a stopped one fails when it is started next. Starting it again
        after that heals it.

        Args:
            source_network_id: The source network.
            details: What the service says of it.
        """
        account = self._settled()
        network = source_networks.networks_of(account).require(source_network_id)
        network_replication.fail(account, network, details)

    def fail_network_recovery(
        self,
        source_network_id: str,
        *,
        stage: str = "NETWORK",
        error: str = "The stack could not be deployed.",
    ) -> None:
        """Let the next recovery of a source network fail; its job completes all the same.

        Args:
            source_network_id: The source network.
            stage: Where it fails: `NETWORK` (the stack; nothing is recovered) or
                `LAUNCH_TEMPLATE` (the network is there, the servers' launch templates do not
                use it: a partial success).
            error: The raw error in the job log; empty leaves it out.

        Raises:
            ValueError: No such stage.
        """
        if stage not in {"NETWORK", "LAUNCH_TEMPLATE"}:
            raise ValueError(f"{stage!r} is no stage of a network's recovery")
        network = source_networks.networks_of(self._settled()).require(source_network_id)
        network.state["recovery_fault"] = {"stage": stage, "error": error}
