"""What a test does to the emulated account from behind the service's back."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from drs_sdk.testing import fleet, loading, networks, plan_runs, plans, staging, stalling
from drs_sdk.testing.account import Account
from drs_sdk.testing.launch_scenario import LaunchScenario
from drs_sdk.testing.networks import NetworkStatus
from drs_sdk.testing.replication import ReplicationState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta
    from os import PathLike

    from drs_sdk.testing.clock import EmulatorClock
    from drs_sdk.testing.documents import Doc


class Scenario(LaunchScenario):
    """The part of `DRSEmulator` that sets the stage: resources, mishaps, saving and loading.

    Attributes:
        clock: The clock the account lives by; by default virtual time (see `EmulatorClock`).
    """

    def __init__(self, clock: EmulatorClock, account: Account) -> None:
        """Take charge of an account."""
        self.clock = clock
        self._account = account

    def add_source_servers(
        self, count: int, *, state: ReplicationState = "CONTINUOUS"
    ) -> list[str]:
        """Add made-up source servers; quotas are not asked.

        Args:
            count: How many.
            state: How far their replication has come. From INITIATING and INITIAL_SYNC they
                go on by themselves until CONTINUOUS.

        Returns:
            Their identifiers.

        Raises:
            ValueError: No such state.
        """
        if state not in get_args(ReplicationState):
            raise ValueError(f"{state!r} is no data replication state of a source server")
        account = self._settled()
        return [fleet.add_source_server(account, state).id for _ in range(count)]

    def add_staging_account(self, account_id: str, *, servers: int = 1) -> list[str]:
        """Let another account trust this one, so that its source servers can be extended.

        Args:
            account_id: Its twelve digits; an account that trusts already gets more servers.
            servers: How many made-up source servers it has.

        Returns:
            Their ARNs, as CreateExtendedSourceServer takes them.

        Raises:
            ValueError: No account identifier, or the emulator's own.
        """
        return staging.add_staging_account(self._settled(), account_id, servers)

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
        network = networks.add_made_up(account, status)
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
        network = networks.source_networks(account).require(source_network_id)
        networks.fail(account, network, details)

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
        network = networks.source_networks(self._settled()).require(source_network_id)
        network.state["recovery_fault"] = {"stage": stage, "error": error}

    def load(self, source: str | PathLike[str] | object) -> list[str]:
        """Take over source servers, jobs, recovery instances and others from describe answers.

        What comes without its owner needs a word more. The log of a job is given to the job
        whose time and servers it fits, launch actions need `resourceId` beside their `items`,
        steps go to the plan or execution whose ARN begins theirs, or to the only one there is.
        The owner's identifier, written into the object around, comes before all this.

        Args:
            source: The path of a JSON file, or a JSON value, in which they stand at any depth:
                what `aws drs describe-source-servers` prints, for one.

        Returns:
            The identifiers of what was loaded.

        Raises:
            ValueError: Something belongs to a resource that is not there or cannot be told, or
                is not what the service describes. Nothing was loaded then.
        """
        value = loading.read_source(source)
        self._account, loaded = loading.load_resources(self._settled(), value)
        return loaded

    def stall_replication(self, source_server_id: str, *, error: str = "AGENT_NOT_SEEN") -> None:
        """Let a server's replication stall: bytes stand still, the lag grows.

        In the initiation a `FAILED_TO_...` error fails the step under way. Lag has only a
        server whose initial sync is done.

        Args:
            source_server_id: The server.
            error: The service's data replication error.

        Raises:
            ValueError: The server is not replicating.
        """
        account = self._settled()
        stalling.stall(account, account.source_servers.require(source_server_id), error)

    def resume_replication(self, source_server_id: str) -> None:
        """End a stall or a lag: what was not finished goes on where it stood.

        Raises:
            ValueError: The server is not replicating.
        """
        account = self._settled()
        stalling.resume(account, account.source_servers.require(source_server_id))

    def set_lag(
        self,
        source_server_id: str,
        lag: timedelta,
        *,
        growth: float = 0.0,
        state: ReplicationState = "CONTINUOUS",
    ) -> None:
        """Let a server lag behind.

        Args:
            source_server_id: The server.
            lag: The lag now.
            growth: Seconds by which it grows each second; below zero it is caught up.
            state: The data replication state shown meanwhile, such as `BACKLOG`.

        Raises:
            ValueError: No such state.
        """
        if state not in get_args(ReplicationState):
            raise ValueError(f"{state!r} is no data replication state of a source server")
        account = self._settled()
        server = account.source_servers.require(source_server_id)
        stalling.set_lag(account, server, lag, growth, state)

    def time_out_recovery_plan_execution(
        self, execution_arn: str, *, step_only: bool = False
    ) -> None:
        """Let the execution of a recovery plan take too long; what it launched stays.

        Args:
            execution_arn: The execution, which must not have ended.
            step_only: Whether only the step under way is given up as TIMED_OUT: the execution
                is FAILED then, and goes on once the step is skipped. Otherwise the execution
                is TIMED_OUT as well, for good.

        Raises:
            ValueError: Nothing is under way.
        """
        account = self._settled()
        execution = plans.all_executions(account).require(execution_arn)
        plan_runs.time_out(account, execution, step_only=step_only)

    def snapshot(self) -> dict[str, object]:
        """Return the account, its future and its time as JSON; faults are not part of it."""
        return cast("dict[str, object]", self._settled().snapshot())

    def restore(self, data: dict[str, object]) -> None:
        """Go back to what `snapshot` returned; virtual time is set to its time, too.

        Raises:
            ValueError: The data is not a snapshot.
        """
        account = Account.restore(cast("Doc", data))
        if self.clock.mode == "virtual":
            self.clock.set(account.now)
        self._account = account

    def _settled(self) -> Account:
        self._account.settle(self.clock.now())
        return self._account
