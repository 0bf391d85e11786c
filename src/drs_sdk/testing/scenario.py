"""What a test does to the emulated account from behind the service's back."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from drs_sdk.testing import fleet, loading, replication
from drs_sdk.testing.account import Account
from drs_sdk.testing.replication import ReplicationState

if TYPE_CHECKING:
    from datetime import timedelta
    from os import PathLike

    from drs_sdk.testing.clock import EmulatorClock
    from drs_sdk.testing.documents import Doc


class Scenario:
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

    def load(self, source: str | PathLike[str] | object) -> list[str]:
        """Take over source servers from describe answers.

        Args:
            source: The path of a JSON file, or a JSON value, in which they stand at any depth:
                what `aws drs describe-source-servers` prints, for one.

        Returns:
            Their identifiers.
        """
        return loading.load_resources(self._settled(), loading.read_source(source))

    def fail_launch(
        self,
        source_server_id: str,
        *,
        stage: str = "LAUNCH",
        error: str = "The instance failed to launch.",
        times: int | None = 1,
    ) -> None:
        """Let the next launches of a source server fail.

        The job completes all the same, as the service's jobs do; the server's launch status
        is FAILED and the job log says why.

        Args:
            source_server_id: The server.
            stage: Where it fails: `SNAPSHOT`, `CONVERSION` or `LAUNCH`.
            error: The raw error in the job log; empty leaves it out.
            times: How many launches fail; None means all.

        Raises:
            ValueError: No such stage.
        """
        if stage not in {"SNAPSHOT", "CONVERSION", "LAUNCH"}:
            raise ValueError(f"{stage!r} is no stage of a launch")
        self._settled().launch_faults[source_server_id] = {
            "stage": stage,
            "error": error,
            "left": times,
        }

    def stall_replication(self, source_server_id: str, *, error: str = "AGENT_NOT_SEEN") -> None:
        """Let a server's replication stall: bytes stand still, the lag grows.

        Args:
            source_server_id: The server.
            error: The service's data replication error.
        """
        account = self._settled()
        replication.stall(account, account.source_servers.require(source_server_id), error)

    def resume_replication(self, source_server_id: str) -> None:
        """End a stall or a lag."""
        account = self._settled()
        replication.resume(account, account.source_servers.require(source_server_id))

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
        """
        account = self._settled()
        server = account.source_servers.require(source_server_id)
        replication.set_lag(account, server, lag, growth, state)

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
