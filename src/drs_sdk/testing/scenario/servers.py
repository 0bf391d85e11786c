"""What a test does to source servers and their replication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from drs_sdk.testing.life import adding_servers, stalling
from drs_sdk.testing.ranges import require_seconds
from drs_sdk.testing.scenario.stage import Stage
from drs_sdk.testing.state import staging_accounts
from drs_sdk.testing.state.made_up_servers import CloudOrigin, Machine
from drs_sdk.testing.state.source_servers import ReplicationState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from drs_sdk.testing.state.staging_accounts import EbsEncryption


Origin: TypeAlias = Literal["EC2", "ON_PREMISES"]
"""Where machines come from."""

_FASTEST_GROWTH = 10_000


class ServerScenario(Stage):
    """The part of `DRSEmulator` about source servers."""

    def add_source_servers(
        self,
        count: int,
        *,
        state: ReplicationState = "CONTINUOUS",
        origin: Origin = "EC2",
        origin_region: str | None = None,
        origin_account_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        os: str | None = None,
    ) -> list[str]:
        """Add made-up source servers; quotas are not asked.

        Args:
            count: How many.
            state: How far their replication has come. From INITIATING and INITIAL_SYNC they
                go on by themselves until CONTINUOUS.
            origin: Whether they are EC2 instances, or machines that DRS can only fail back to
                by a failback client.
            origin_region: The Region of the EC2 instances: by default the next one of the
                emulator's `regions`, or another Region where it has only one. The place's own
                Region makes it a recovery from one Availability Zone to another.
            origin_account_id: The account of the EC2 instances; by default the place's own.
            tags: The tags of each, besides a made-up `Name`; by default made-up ones.
            os: Their operating system, as agents report it, `Microsoft Windows Server 2022`
                for one; by default a mix.

        Returns:
            Their identifiers.

        Raises:
            ValueError: Fewer than none, no such state or origin, or a Region or an account of
                machines that are not in EC2.
        """
        if count < 0:
            raise ValueError("count cannot be below zero")
        if state not in get_args(ReplicationState):
            raise ValueError(f"{state!r} is no data replication state of a source server")
        if origin not in get_args(Origin):
            raise ValueError(f"{origin!r} is no origin of a source server")
        account = self._settled()
        cloud: CloudOrigin | None = None
        if origin == "EC2":
            cloud = CloudOrigin(
                region=origin_region or account.settings.origin_region,
                account_id=origin_account_id or account.settings.account_id,
            )
        elif origin_region is not None or origin_account_id is not None:
            raise ValueError("machines that are not in EC2 have no Region and no account of origin")
        machine = Machine(origin=cloud, os=os, tags=tags)
        add = adding_servers.add_source_server
        return [add(account, state, machine=machine).id for _ in range(count)]

    def add_staging_account(
        self, account_id: str, *, servers: int = 1, ebs_encryption: EbsEncryption = "CUSTOM"
    ) -> list[str]:
        """Let another account trust this one, so that its source servers can be extended.

        Args:
            account_id: Its twelve digits; an account that trusts already gets more servers.
            servers: How many made-up source servers it has.
            ebs_encryption: How their staging disks are encrypted. A server with the `DEFAULT`
                key cannot be extended, as no other account may use that key.

        Returns:
            Their ARNs, as CreateExtendedSourceServer takes them.

        Raises:
            ValueError: No account identifier, or the emulator's own; no such encryption.
        """
        return staging_accounts.add_staging_account(
            self._settled(), account_id, servers, ebs_encryption
        )

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
            ValueError: No such state, a lag below zero or over a century, or one that grows or
                shrinks ten thousand times as fast as time.
        """
        if state not in get_args(ReplicationState):
            raise ValueError(f"{state!r} is no data replication state of a source server")
        require_seconds("lag", lag.total_seconds())
        if not abs(growth) <= _FASTEST_GROWTH:
            raise ValueError(f"growth must be a number up to {_FASTEST_GROWTH:,} either way")
        account = self._settled()
        server = account.source_servers.require(source_server_id)
        stalling.set_lag(account, server, lag, growth, state)
