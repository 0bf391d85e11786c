"""Looking for what an ambiguous request made: a finder for each unsafe operation.

The service takes no idempotency token for these, so their traces are looked for: a job begun since
then on the same servers, a resource with the same origin, settings or tags. Times are compared
with a margin, as the clock of the client and that of the service may differ.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from drs_sdk.errors import OutcomeUnknownError, ResourceNotFoundException

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from drs_sdk import models
    from drs_sdk.base import Request, Response, Shape
    from drs_sdk.operations import Operations

CLOCK_MARGIN = timedelta(minutes=1)
"""How far the client's clock may be ahead of the service's."""


async def find_outcome(
    drs: Operations, request: Request[Response], sent_at: datetime
) -> Shape | None:
    """Find what a request made, if it happened.

    Args:
        drs: An open client of the same account and Region.
        request: What was sent.
        sent_at: When it was sent.

    Returns:
        What it made, or None where there is nothing of the kind (yet).

    Raises:
        OutcomeUnknownError: The operation leaves nothing that could be found.
    """
    finder = _FINDERS.get(request.operation)
    if finder is None:
        raise OutcomeUnknownError(
            f"whether {request.operation} happened cannot be known: it leaves nothing that the "
            "service would list",
            operation=request.operation,
        )
    return await finder(drs, request, sent_at - CLOCK_MARGIN)


# -- jobs ------------------------------------------------------------------------------------


async def _job_since(
    drs: Operations, since: datetime, fits: Callable[[models.Job], bool]
) -> models.Job | None:
    pager = drs.describe_jobs(filters={"from_date": since})
    found = [job async for job in pager if (job.creation_date_time or since) >= since and fits(job)]
    return min(found, key=lambda job: job.creation_date_time or since, default=None)


def _servers_of(job: models.Job) -> set[str | None]:
    return {server.source_server_id for server in job.participating_servers}


def _networks_of(job: models.Job) -> set[str | None]:
    ids = (resource.participating_resource_id for resource in job.participating_resources)
    return {each.source_network_id for each in ids if each is not None}


async def _recovery(
    drs: Operations, request: Request[Response], since: datetime
) -> models.Job | None:
    asked = cast("models.StartRecoveryRequest", request)
    wanted = {server.source_server_id for server in asked.source_servers}
    initiator = "START_DRILL" if asked.is_drill else "START_RECOVERY"
    return await _job_since(
        drs, since, lambda job: job.initiated_by == initiator and _servers_of(job) == wanted
    )


async def _sources_of(drs: Operations, instance_ids: Iterable[str]) -> set[str | None]:
    pager = drs.describe_recovery_instances(filters={"recovery_instance_ids": [*instance_ids]})
    return {instance.source_server_id async for instance in pager}


async def _termination(
    drs: Operations, request: Request[Response], since: datetime
) -> models.Job | None:
    asked = cast("models.TerminateRecoveryInstancesRequest", request)
    instances = set(asked.recovery_instance_ids)
    sources = await _sources_of(drs, instances)

    def fits(job: models.Job) -> bool:
        named = {server.recovery_instance_id for server in job.participating_servers}
        return job.type == "TERMINATE" and (named == instances or _servers_of(job) == sources)

    return await _job_since(drs, since, fits)


async def _failback(
    drs: Operations, request: Request[Response], since: datetime
) -> models.Job | None:
    asked = cast("models.StartFailbackLaunchRequest", request)
    instances = set(asked.recovery_instance_ids)
    sources = await _sources_of(drs, instances)

    def fits(job: models.Job) -> bool:
        named = {server.recovery_instance_id for server in job.participating_servers}
        same = named == instances or (bool(sources) and _servers_of(job) == sources)
        return job.initiated_by == "FAILBACK" and same

    return await _job_since(drs, since, fits)


async def _network_recovery(
    drs: Operations, request: Request[Response], since: datetime
) -> models.Job | None:
    asked = cast("models.StartSourceNetworkRecoveryRequest", request)
    wanted = {entry.source_network_id for entry in asked.source_networks}
    initiators = {"CREATE_NETWORK_RECOVERY", "UPDATE_NETWORK_RECOVERY"}
    return await _job_since(
        drs, since, lambda job: job.initiated_by in initiators and _networks_of(job) == wanted
    )


async def _stack_association(
    drs: Operations, request: Request[Response], since: datetime
) -> models.Job | None:
    asked = cast("models.AssociateSourceNetworkStackRequest", request)
    return await _job_since(
        drs,
        since,
        lambda job: (
            job.initiated_by == "ASSOCIATE_NETWORK_RECOVERY"
            and _networks_of(job) == {asked.source_network_id}
        ),
    )


# -- resources -------------------------------------------------------------------------------


def _has_settings(found: Shape, asked: Request[Response]) -> bool:
    """Whether a resource has every setting that a request gave, tags included."""
    return all(
        getattr(found, name, None) == getattr(asked, name)
        for name in asked.model_fields_set
        if getattr(asked, name) is not None
    )


async def _launch_template(
    drs: Operations, request: Request[Response], _: datetime
) -> models.LaunchConfigurationTemplate | None:
    pager = drs.describe_launch_configuration_templates()
    return await anext((each async for each in pager if _has_settings(each, request)), None)


async def _replication_template(
    drs: Operations, request: Request[Response], _: datetime
) -> models.ReplicationConfigurationTemplate | None:
    pager = drs.describe_replication_configuration_templates()
    return await anext((each async for each in pager if _has_settings(each, request)), None)


async def _source_network(
    drs: Operations, request: Request[Response], _: datetime
) -> models.SourceNetwork | None:
    asked = cast("models.CreateSourceNetworkRequest", request)
    pager = drs.describe_source_networks(
        filters={"origin_account_id": asked.origin_account_id, "origin_region": asked.origin_region}
    )
    return await anext(
        (
            network
            async for network in pager
            if network.source_vpc_id == asked.vpc_id
            and (asked.tags or {}).items() <= network.tags.items()
        ),
        None,
    )


async def _extended_server(
    drs: Operations, request: Request[Response], _: datetime
) -> models.SourceServer | None:
    asked = cast("models.CreateExtendedSourceServerRequest", request)
    return await anext(
        (
            server
            async for server in drs.describe_source_servers()
            if server.staging_area is not None
            and server.staging_area.staging_source_server_arn == asked.source_server_arn
        ),
        None,
    )


async def _reversed_server(
    drs: Operations, request: Request[Response], since: datetime
) -> models.SourceServer | None:
    asked = cast("models.ReverseReplicationRequest", request)
    instances = await drs.describe_recovery_instances(
        filters={"recovery_instance_ids": [asked.recovery_instance_id]}
    ).collect()
    ec2_ids = {instance.ec2_instance_id for instance in instances}
    async for server in drs.describe_source_servers():
        hints = server.source_properties and server.source_properties.identification_hints
        added = server.life_cycle and server.life_cycle.added_to_service_date_time
        if (
            server.replication_direction == "FAILBACK"
            and hints is not None
            and hints.aws_instance_id in ec2_ids
            and (added is None or added >= since)
        ):
            return server
    return None


async def _replication_retry(
    drs: Operations, request: Request[Response], since: datetime
) -> models.SourceServer | None:
    asked = cast("models.RetryDataReplicationRequest", request)
    servers = await drs.describe_source_servers(
        filters={"source_server_ids": [asked.source_server_id]}
    )
    for server in servers.items:
        info = server.data_replication_info
        begun = info and info.data_replication_initiation
        if begun is not None and begun.start_date_time and begun.start_date_time >= since:
            return server
    return None


async def _step_retry(
    drs: Operations, request: Request[Response], since: datetime
) -> models.RecoveryPlanExecutionStep | None:
    asked = cast("models.RetryRecoveryPlanExecutionStepRequest", request)
    try:
        answer = await drs.get_recovery_plan_execution_step(asked.recovery_plan_execution_step_arn)
    except ResourceNotFoundException:
        return None
    step = answer.recovery_plan_execution_step
    if step is None or step.updated_at is None or step.updated_at < since:
        return None
    return step if (step.attempt or 1) > 1 else None


_FINDERS: dict[
    str, Callable[[Operations, Request[Response], datetime], Awaitable[Shape | None]]
] = {
    "AssociateSourceNetworkStack": _stack_association,
    "CreateExtendedSourceServer": _extended_server,
    "CreateLaunchConfigurationTemplate": _launch_template,
    "CreateReplicationConfigurationTemplate": _replication_template,
    "CreateSourceNetwork": _source_network,
    "RetryDataReplication": _replication_retry,
    "RetryRecoveryPlanExecutionStep": _step_retry,
    "ReverseReplication": _reversed_server,
    "StartFailbackLaunch": _failback,
    "StartRecovery": _recovery,
    "StartSourceNetworkRecovery": _network_recovery,
    "TerminateRecoveryInstances": _termination,
}
