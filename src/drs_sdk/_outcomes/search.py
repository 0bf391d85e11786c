"""Looking for what an ambiguous request made: a finder for each unsafe operation.

The service takes no idempotency token for these, so their traces are looked for: a job begun since
then on the same servers, a resource with the same origin, settings or tags. Times are compared
with a margin, as the clock of the client and that of the service may differ. Tags that were asked
for must be there, so a tag of its own makes a request unmistakable.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from drs_sdk._core.base import Shape
from drs_sdk._outcomes.errors import OutcomeUnknownError
from drs_sdk._transport.api_errors import ResourceNotFoundException

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import datetime

    import drs_sdk.models as models
    from drs_sdk._core.base import Request, Response
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
    return await finder(drs, request, sent_at)


def _has_tags(found: Mapping[str, str], asked: Mapping[str, str] | None) -> bool:
    return (asked or {}).items() <= found.items()


def _begun(at: datetime | None, sent_at: datetime) -> bool:
    """Whether something of this time, if it has one, can come of the request."""
    return at is None or at >= sent_at - CLOCK_MARGIN


# -- jobs ------------------------------------------------------------------------------------


async def _jobs_since(
    drs: Operations, sent_at: datetime, fits: Callable[[models.Job], bool]
) -> list[models.Job]:
    """List the jobs that may come of a request, the likeliest first."""
    pager = drs.describe_jobs(filters={"from_date": sent_at - CLOCK_MARGIN})
    found = [job async for job in pager if _begun(job.creation_date_time, sent_at) and fits(job)]

    def remoteness(job: models.Job) -> tuple[bool, timedelta]:
        at = job.creation_date_time or sent_at
        return at < sent_at, abs(at - sent_at)

    return sorted(found, key=remoteness)


async def _job_since(
    drs: Operations, sent_at: datetime, fits: Callable[[models.Job], bool]
) -> models.Job | None:
    return next(iter(await _jobs_since(drs, sent_at, fits)), None)


def _servers_of(job: models.Job) -> set[str | None]:
    return {server.source_server_id for server in job.participating_servers}


def _instances_of(job: models.Job) -> set[str | None]:
    return {server.recovery_instance_id for server in job.participating_servers}


def _networks_of(job: models.Job) -> set[str | None]:
    ids = (resource.participating_resource_id for resource in job.participating_resources)
    return {each.source_network_id for each in ids if each is not None}


async def _recovery(
    drs: Operations, request: Request[Response], sent_at: datetime
) -> models.Job | None:
    asked = cast("models.StartRecoveryRequest", request)
    wanted = {server.source_server_id for server in asked.source_servers}
    initiator = "START_DRILL" if asked.is_drill else "START_RECOVERY"
    return await _job_since(
        drs,
        sent_at,
        lambda job: (
            job.initiated_by == initiator
            and _servers_of(job) == wanted
            and _has_tags(job.tags, asked.tags)
        ),
    )


async def _sources_of(drs: Operations, instance_ids: Iterable[str]) -> set[str | None]:
    pager = drs.describe_recovery_instances(filters={"recovery_instance_ids": [*instance_ids]})
    return {instance.source_server_id async for instance in pager}


async def _termination(
    drs: Operations, request: Request[Response], sent_at: datetime
) -> models.Job | None:
    asked = cast("models.TerminateRecoveryInstancesRequest", request)
    instances = set(asked.recovery_instance_ids)
    # Those that are terminated are listed no more, and old jobs may name no instances.
    sources = await _sources_of(drs, instances)

    def fits(job: models.Job) -> bool:
        of_as_many = len(job.participating_servers) == len(instances)
        nameless = None in _instances_of(job)
        similar = nameless and of_as_many and sources <= _servers_of(job)
        return job.type == "TERMINATE" and (_instances_of(job) == instances or similar)

    found = await _jobs_since(drs, sent_at, fits)
    named = [job for job in found if _instances_of(job) == instances]
    if not named and not sources and len(found) > 1:
        raise OutcomeUnknownError(
            f"the recovery instances are gone, but which of the jobs "
            f"{', '.join(str(job.job_id) for job in found)} has terminated them cannot be known",
            operation=request.operation,
        )
    return next(iter(named or found), None)


async def _failback(
    drs: Operations, request: Request[Response], sent_at: datetime
) -> models.Job | None:
    asked = cast("models.StartFailbackLaunchRequest", request)
    instances = set(asked.recovery_instance_ids)
    sources = await _sources_of(drs, instances)

    def fits(job: models.Job) -> bool:
        same = _instances_of(job) == instances or (bool(sources) and _servers_of(job) == sources)
        return job.initiated_by == "FAILBACK" and same and _has_tags(job.tags, asked.tags)

    return await _job_since(drs, sent_at, fits)


async def _network_recovery(
    drs: Operations, request: Request[Response], sent_at: datetime
) -> models.Job | None:
    asked = cast("models.StartSourceNetworkRecoveryRequest", request)
    wanted = {entry.source_network_id for entry in asked.source_networks}
    initiators = {"CREATE_NETWORK_RECOVERY", "UPDATE_NETWORK_RECOVERY"}
    return await _job_since(
        drs,
        sent_at,
        lambda job: (
            job.initiated_by in initiators
            and _networks_of(job) == wanted
            and _has_tags(job.tags, asked.tags)
        ),
    )


async def _stack_association(
    drs: Operations, request: Request[Response], sent_at: datetime
) -> models.Job | None:
    asked = cast("models.AssociateSourceNetworkStackRequest", request)
    return await _job_since(
        drs,
        sent_at,
        lambda job: (
            job.initiated_by == "ASSOCIATE_NETWORK_RECOVERY"
            and _networks_of(job) == {asked.source_network_id}
        ),
    )


# -- resources -------------------------------------------------------------------------------


def _has_settings(found: object, asked: object) -> bool:
    """Whether something has every setting that was asked for; it may have more."""
    if isinstance(asked, Shape):
        given = {name: getattr(asked, name) for name in asked.model_fields_set}
        return all(
            _has_settings(getattr(found, name, None), value)
            for name, value in given.items()
            if value is not None
        )
    if isinstance(asked, list) and isinstance(found, list):
        items, wanted = cast("list[object]", found), cast("list[object]", asked)
        return len(items) == len(wanted) and all(
            any(_has_settings(item, each) for item in items) for each in wanted
        )
    if isinstance(asked, dict) and isinstance(found, dict):
        return cast("dict[str, object]", asked).items() <= cast("dict[str, object]", found).items()
    return found == asked


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
            if network.source_vpc_id == asked.vpc_id and _has_tags(network.tags, asked.tags)
        ),
        None,
    )


async def _extended_server(
    drs: Operations, request: Request[Response], _: datetime
) -> models.SourceServer | None:
    asked = cast("models.CreateExtendedSourceServerRequest", request)
    # One server is extended once, so its age says nothing: it may count from the staging account.
    async for server in drs.describe_source_servers():
        area = server.staging_area
        if (
            area is not None
            and area.staging_source_server_arn == asked.source_server_arn
            and _has_tags(server.tags, asked.tags)
        ):
            return server
    return None


async def _reversed_server(
    drs: Operations, request: Request[Response], sent_at: datetime
) -> models.SourceServer | None:
    asked = cast("models.ReverseReplicationRequest", request)
    instances = await drs.describe_recovery_instances(
        filters={"recovery_instance_ids": [asked.recovery_instance_id]}
    ).collect()
    ec2_ids = {instance.ec2_instance_id for instance in instances} - {None}
    async for server in drs.describe_source_servers():
        hints = server.source_properties and server.source_properties.identification_hints
        added = server.life_cycle and server.life_cycle.added_to_service_date_time
        if (
            server.replication_direction == "FAILBACK"
            and hints is not None
            and hints.aws_instance_id in ec2_ids
            and _begun(added or None, sent_at)
        ):
            return server
    return None


async def _replication_retry(
    drs: Operations, request: Request[Response], sent_at: datetime
) -> models.SourceServer | None:
    asked = cast("models.RetryDataReplicationRequest", request)
    servers = await drs.describe_source_servers(
        filters={"source_server_ids": [asked.source_server_id]}
    )
    for server in servers.items:
        info = server.data_replication_info
        initiation = info and info.data_replication_initiation
        started = initiation and initiation.start_date_time
        if started and _begun(started, sent_at):
            return server
    return None


async def _step_retry(
    drs: Operations, request: Request[Response], sent_at: datetime
) -> models.RecoveryPlanExecutionStep | None:
    asked = cast("models.RetryRecoveryPlanExecutionStepRequest", request)
    try:
        answer = await drs.get_recovery_plan_execution_step(asked.recovery_plan_execution_step_arn)
    except ResourceNotFoundException:
        return None
    step = answer.recovery_plan_execution_step
    if step is None or step.updated_at is None or (step.attempt or 1) == 1:
        return None
    if step.status in {"FAILED", "TIMED_OUT"}:  # as it was before the request, if it is older
        return step if step.updated_at >= sent_at else None
    return step if step.status != "SKIPPED" and _begun(step.updated_at, sent_at) else None


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
