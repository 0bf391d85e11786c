"""Finding the job that an ambiguous request began."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from drs_sdk._transport.skew import SKEW_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import drs_sdk.models as models
    from drs_sdk._outcomes.look import Look


_ENDED = {"TERMINATED", "NOT_FOUND"}
_GONE = "the recovery instances are gone, and which of these jobs terminated them is not told"


async def _jobs_of(look: Look, fits: Callable[[models.Job], bool]) -> list[models.Job]:
    """List the jobs that may come of a request, but for their tags and the clocks."""
    pager = look.drs.describe_jobs(filters={"from_date": look.sent_at - 2 * SKEW_LIMIT})
    jobs = await look.walk(pager, lambda page: page.items)
    return [job for job in jobs if fits(job)]


async def _job_of(
    look: Look, fits: Callable[[models.Job], bool], asked: Mapping[str, str] | None
) -> models.Job | None:
    return look.choose(
        await _jobs_of(look, fits),
        at=lambda job: job.creation_date_time,
        tags=lambda job: job.tags,
        asked=asked,
    )


def _servers_of(job: models.Job) -> set[str | None]:
    return {server.source_server_id for server in job.participating_servers}


def _instances_of(job: models.Job) -> set[str | None]:
    return {server.recovery_instance_id for server in job.participating_servers}


def _networks_of(job: models.Job) -> set[str | None]:
    ids = (resource.participating_resource_id for resource in job.participating_resources)
    return {each.source_network_id for each in ids if each is not None}


async def recovery(look: Look) -> models.Job | None:
    """Find the job of a StartRecovery."""
    asked = cast("models.StartRecoveryRequest", look.request)
    wanted = {server.source_server_id for server in asked.source_servers}
    initiator = "START_DRILL" if asked.is_drill else "START_RECOVERY"
    return await _job_of(
        look,
        lambda job: job.initiated_by == initiator and _servers_of(job) == wanted,
        asked.tags,
    )


async def _listed(look: Look, ids: Iterable[str]) -> list[models.RecoveryInstance]:
    pager = look.drs.describe_recovery_instances(filters={"recovery_instance_ids": [*ids]})
    return await look.walk(pager, lambda page: page.items)


async def termination(look: Look) -> models.Job | None:
    """Find the job of a TerminateRecoveryInstances."""
    asked = cast("models.TerminateRecoveryInstancesRequest", look.request)
    instances = set(asked.recovery_instance_ids)
    # Those that are terminated are listed no more, and old jobs may name no instances, or be
    # emptied by the service once they have completed: then the instances tell.
    listed = await _listed(look, instances)
    sources = {instance.source_server_id for instance in listed}
    alive = {each.recovery_instance_id for each in listed if each.ec2_instance_state not in _ENDED}

    def fits(job: models.Job) -> bool:
        of_as_many = len(job.participating_servers) == len(instances)
        nameless = None in _instances_of(job)
        similar = nameless and of_as_many and sources <= _servers_of(job)
        emptied = job.status == "COMPLETED" and not job.participating_servers
        return job.type == "TERMINATE" and (
            _instances_of(job) == instances or similar or (emptied and not instances <= alive)
        )

    found = await _jobs_of(look, fits)
    named = [job for job in found if _instances_of(job) == instances]
    if not named:
        found = [job for job in found if look.is_possible(job.creation_date_time)]
        emptied = [job for job in found if not job.participating_servers]
        if len(found) > 1 and (emptied or not sources):
            raise look.unknown(found, _GONE)
        if emptied and alive:
            raise look.unknown(found, f"{', '.join(sorted(map(str, alive)))} still runs")
    return look.choose(named or found, at=lambda job: job.creation_date_time)


async def failback(look: Look) -> models.Job | None:
    """Find the job of a StartFailbackLaunch."""
    asked = cast("models.StartFailbackLaunchRequest", look.request)
    instances = set(asked.recovery_instance_ids)
    sources = {instance.source_server_id for instance in await _listed(look, instances)}

    def fits(job: models.Job) -> bool:
        same = _instances_of(job) == instances or (bool(sources) and _servers_of(job) == sources)
        return job.initiated_by == "FAILBACK" and same

    return await _job_of(look, fits, asked.tags)


async def network_recovery(look: Look) -> models.Job | None:
    """Find the job of a StartSourceNetworkRecovery."""
    asked = cast("models.StartSourceNetworkRecoveryRequest", look.request)
    wanted = {entry.source_network_id for entry in asked.source_networks}
    initiators = {"CREATE_NETWORK_RECOVERY", "UPDATE_NETWORK_RECOVERY"}
    return await _job_of(
        look,
        lambda job: job.initiated_by in initiators and _networks_of(job) == wanted,
        asked.tags,
    )


async def stack_association(look: Look) -> models.Job | None:
    """Find the job of an AssociateSourceNetworkStack."""
    asked = cast("models.AssociateSourceNetworkStackRequest", look.request)
    return await _job_of(
        look,
        lambda job: (
            job.initiated_by == "ASSOCIATE_NETWORK_RECOVERY"
            and _networks_of(job) == {asked.source_network_id}
        ),
        None,
    )
