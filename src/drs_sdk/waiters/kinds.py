"""What can be waited for: how each kind of subject is asked for, and found in the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import drs_sdk.models as models
from drs_sdk._transport.api_errors import ResourceNotFoundException

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from drs_sdk.models import (
        Job,
        RecoveryInstance,
        RecoveryPlanExecution,
        SourceNetwork,
        SourceServer,
    )
    from drs_sdk.operations import Operations

SubjectT = TypeVar("SubjectT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[SubjectT]):
    """A kind of subject.

    Attributes:
        name: What one is called, in words.
        shape: Gives its model.
        operation: The operation that is polled.
        batch: How many ids one call may filter by.
        describe: Asks for so many ids, all pages of them.
        id_of: Finds the id in a subject.
        walks: Whether a poll walks over pages, so that each call had better be repeated.
    """

    name: str
    shape: Callable[[], type[SubjectT]]
    operation: str
    batch: int
    describe: Callable[[Operations, Sequence[str]], Awaitable[list[SubjectT]]]
    id_of: Callable[[SubjectT], str | None]
    walks: bool = False


def _jobs(drs: Operations, ids: Sequence[str]) -> Awaitable[list[Job]]:
    return drs.describe_jobs(filters={"job_ids": ids}, max_results=len(ids)).collect()


def _source_servers(drs: Operations, ids: Sequence[str]) -> Awaitable[list[SourceServer]]:
    pager = drs.describe_source_servers(filters={"source_server_ids": ids}, max_results=len(ids))
    return pager.collect()


def _recovery_instances(drs: Operations, ids: Sequence[str]) -> Awaitable[list[RecoveryInstance]]:
    pager = drs.describe_recovery_instances(
        filters={"recovery_instance_ids": ids}, max_results=len(ids)
    )
    return pager.collect()


def _source_networks(drs: Operations, ids: Sequence[str]) -> Awaitable[list[SourceNetwork]]:
    pager = drs.describe_source_networks(filters={"source_network_ids": ids}, max_results=len(ids))
    return pager.collect()


async def _plan_executions(drs: Operations, ids: Sequence[str]) -> list[RecoveryPlanExecution]:
    found: list[RecoveryPlanExecution] = []
    for arn in ids:
        try:
            answer = await drs.get_recovery_plan_execution(arn)
        except ResourceNotFoundException:
            continue  # as a describe leaves out what is not there
        if answer.recovery_plan_execution is not None:
            found.append(answer.recovery_plan_execution)
    return found


# The batches are the bounds of the filters; the service model has them too.
JOBS: Kind[Job] = Kind(
    name="job",
    shape=lambda: models.Job,
    operation="DescribeJobs",
    batch=1000,
    describe=_jobs,
    id_of=lambda job: job.job_id,
)
SOURCE_SERVERS: Kind[SourceServer] = Kind(
    name="source server",
    shape=lambda: models.SourceServer,
    operation="DescribeSourceServers",
    batch=200,
    describe=_source_servers,
    id_of=lambda server: server.source_server_id,
)
RECOVERY_INSTANCES: Kind[RecoveryInstance] = Kind(
    name="recovery instance",
    shape=lambda: models.RecoveryInstance,
    operation="DescribeRecoveryInstances",
    batch=200,
    describe=_recovery_instances,
    id_of=lambda instance: instance.recovery_instance_id,
)
SOURCE_NETWORKS: Kind[SourceNetwork] = Kind(
    name="source network",
    shape=lambda: models.SourceNetwork,
    operation="DescribeSourceNetworks",
    batch=100,
    describe=_source_networks,
    id_of=lambda network: network.source_network_id,
)
PLAN_EXECUTIONS: Kind[RecoveryPlanExecution] = Kind(
    name="recovery plan execution",
    shape=lambda: models.RecoveryPlanExecution,
    operation="GetRecoveryPlanExecution",
    batch=1,  # the service has no call that describes several
    describe=_plan_executions,
    id_of=lambda execution: execution.recovery_plan_execution_arn,
)
