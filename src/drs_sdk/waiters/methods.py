"""All waits, as the client has them."""

from __future__ import annotations

from drs_sdk.waiters.job_waits import JobWaits
from drs_sdk.waiters.network_and_plan_waits import NetworkAndPlanWaits
from drs_sdk.waiters.recovery_instance_waits import RecoveryInstanceWaits
from drs_sdk.waiters.source_server_waits import SourceServerWaits


class Waits(JobWaits, SourceServerWaits, RecoveryInstanceWaits, NetworkAndPlanWaits):
    """Every ``wait_until_*`` and ``watch_*``, and ``explain_job``."""
