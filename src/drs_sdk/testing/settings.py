"""What a user may set on an emulated account: its identity, quotas, pace and quirks."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from drs_sdk.testing.job_durations import JobDurations
from drs_sdk.testing.quirks import Quirks


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """The quotas of one account in one Region, with the service's defaults.

    Every refusal by quota is a `ServiceQuotaExceededException` (HTTP 402).

    Attributes:
        source_servers: Source servers in the account.
        replicating_servers: Source servers that replicate at the same time.
        servers_in_one_job: Servers in a single job (the request shape admits more).
        servers_in_all_jobs: Servers in all running jobs together.
        concurrent_jobs: Jobs that run at the same time.
        launch_actions: Post-launch actions of one resource.
        source_networks: Source networks in the account.
        launch_configuration_templates: Launch configuration templates in the account.
        replication_configuration_templates: Replication configuration templates in the account.
        recovery_plans: Recovery plans in the Region.
        steps_per_recovery_plan: Steps in one recovery plan.
        servers_per_recovery_plan: Servers over all steps of a recovery plan.
        servers_per_recovery_plan_step: Servers in one step of a recovery plan.
        concurrent_recovery_plan_executions: Executions of one plan at the same time.
    """

    source_servers: int = 4000
    replicating_servers: int = 300
    servers_in_one_job: int = 100
    servers_in_all_jobs: int = 500
    concurrent_jobs: int = 20
    launch_actions: int = 200
    source_networks: int = 100
    launch_configuration_templates: int = 1
    replication_configuration_templates: int = 1
    recovery_plans: int = 1000
    steps_per_recovery_plan: int = 20
    servers_per_recovery_plan: int = 100
    servers_per_recovery_plan_step: int = 100
    concurrent_recovery_plan_executions: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: A quota below zero.
        """
        for name, limit in asdict(self).items():
            if limit < 0:
                raise ValueError(f"the quota {name} cannot be below zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is set on one emulated account in one Region.

    Attributes:
        region: The Region in ARNs and zones.
        origin_region: The Region that made-up machines in EC2 come from, unless told otherwise.
        account_id: The twelve digits in ARNs.
        seed: Decides identifiers, fleets and the dice of faults.
        page_size: Items on a page when the request does not say.
        sync_bytes_per_second: How fast one server's initial sync moves.
        recovery_instance_ids_in_jobs: Whether launch jobs name the recovery instances they made,
            as the service model says; in practice they do not.
        reverse_drill_instances: Whether the replication of a drill's instance can be reversed;
            nothing public says.
        quotas: The account's quotas.
        quirks: What the service does at times.
        job_durations: How long the steps of jobs take.
    """

    region: str = "us-east-1"
    origin_region: str = "us-west-2"
    account_id: str = "111122223333"
    seed: int = 0
    page_size: int = 200
    sync_bytes_per_second: int = 128 * 1024 * 1024
    recovery_instance_ids_in_jobs: bool = False
    reverse_drill_instances: bool = True
    quotas: Quotas = field(default_factory=Quotas)
    quirks: Quirks = field(default_factory=Quirks)
    job_durations: JobDurations = field(default_factory=JobDurations)

    def arn(self, resource_type: str, resource_id: str) -> str:
        """Return the ARN of a resource of this account."""
        partition = "aws-cn" if self.region.startswith("cn-") else "aws"
        if self.region.startswith("us-gov-"):
            partition = "aws-us-gov"
        return f"arn:{partition}:drs:{self.region}:{self.account_id}:{resource_type}/{resource_id}"
