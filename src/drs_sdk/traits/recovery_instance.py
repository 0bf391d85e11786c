"""What a recovery instance can be asked beyond its members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import timedelta

    from drs_sdk.enums import EC2InstanceState, FailbackState


class _Failback(Protocol):
    @property
    def state(self) -> FailbackState | None: ...


class _ReplicationInfo(Protocol):
    @property
    def lag_duration(self) -> timedelta | None: ...


class HasEC2State(Protocol):
    """What tells whether the instance runs."""

    @property
    def ec2_instance_state(self) -> EC2InstanceState | None:
        """What EC2 says."""
        ...


class HasFailback(Protocol):
    """What tells how the way back stands."""

    @property
    def failback(self) -> _Failback | None:
        """The state of the failback."""
        ...


class HasReplication(Protocol):
    """What tells how the instance replicates."""

    @property
    def data_replication_info(self) -> _ReplicationInfo | None:
        """The lag, among others."""
        ...


class RecoveryInstanceTraits:
    """Derived facts of a `RecoveryInstance`."""

    @property
    def is_running(self: HasEC2State) -> bool:
        """Whether EC2 says that the instance runs; from ``ec2_instance_state``."""
        return self.ec2_instance_state == "RUNNING"

    @property
    def is_ready_for_failback(self: HasFailback) -> bool:
        """Whether a failback launch can start: ``failback.state`` is the ready one."""
        return self.failback is not None and self.failback.state == "FAILBACK_READY_FOR_LAUNCH"

    @property
    def lag(self: HasReplication) -> timedelta | None:
        """How far the way back is behind; None when nothing replicates.

        From ``data_replication_info.lag_duration``, a duration although the service model calls
        it a date-time.
        """
        info = self.data_replication_info
        return info.lag_duration if info else None
