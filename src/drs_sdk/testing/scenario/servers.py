"""What a test does to source servers and their replication."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from drs_sdk.testing.life import adding_servers, stalling
from drs_sdk.testing.scenario.stage import Stage
from drs_sdk.testing.state import staging_accounts
from drs_sdk.testing.state.source_servers import ReplicationState

if TYPE_CHECKING:
    from datetime import timedelta

    from drs_sdk.testing.state.staging_accounts import EbsEncryption


class ServerScenario(Stage):
    """The part of `DRSEmulator` about source servers."""

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
        return [adding_servers.add_source_server(account, state).id for _ in range(count)]

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
            ValueError: No such state.
        """
        if state not in get_args(ReplicationState):
            raise ValueError(f"{state!r} is no data replication state of a source server")
        account = self._settled()
        server = account.source_servers.require(source_server_id)
        stalling.set_lag(account, server, lag, growth, state)
