"""What a recovery instance can be asked beyond its members."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from drs_sdk.models import (
        EC2InstanceState,
        RecoveryInstanceDataReplicationInfo,
        RecoveryInstanceFailback,
    )


class RecoveryInstanceTraits:
    """Derived facts of a `RecoveryInstance`."""

    if TYPE_CHECKING:
        ec2_instance_state: EC2InstanceState | None
        data_replication_info: RecoveryInstanceDataReplicationInfo | None
        failback: RecoveryInstanceFailback | None

    @property
    def is_running(self) -> bool:
        """Whether EC2 says that the instance runs; from ``ec2_instance_state``."""
        return self.ec2_instance_state == "RUNNING"

    @property
    def is_ready_for_failback(self) -> bool:
        """Whether a failback launch can start: ``failback.state`` is the ready one."""
        return self.failback is not None and self.failback.state == "FAILBACK_READY_FOR_LAUNCH"

    @property
    def lag(self) -> timedelta | None:
        """How far the way back is behind; None when nothing replicates.

        From ``data_replication_info.lag_duration``, a duration although the service model calls
        it a date-time.
        """
        info = self.data_replication_info
        return info.lag_duration if info else None
