"""Finding the resource that an ambiguous request made or changed."""

from __future__ import annotations

from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from drs_sdk._core.base import Shape
from drs_sdk._transport.api_errors import ResourceNotFoundException
from drs_sdk._transport.skew import SKEW_ERROR

if TYPE_CHECKING:
    from datetime import datetime

    import drs_sdk.models as models
    from drs_sdk._outcomes.look import Look


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


async def launch_template(look: Look) -> models.LaunchConfigurationTemplate | None:
    """Find the template of a CreateLaunchConfigurationTemplate."""
    asked = cast("models.CreateLaunchConfigurationTemplateRequest", look.request)
    pager = look.drs.describe_launch_configuration_templates()
    found = await look.walk(pager, lambda page: page.items)
    same = [each for each in found if _has_settings(each, asked)]
    return look.choose(same, tags=lambda each: each.tags, asked=asked.tags)


async def replication_template(look: Look) -> models.ReplicationConfigurationTemplate | None:
    """Find the template of a CreateReplicationConfigurationTemplate."""
    asked = cast("models.CreateReplicationConfigurationTemplateRequest", look.request)
    pager = look.drs.describe_replication_configuration_templates()
    found = await look.walk(pager, lambda page: page.items)
    same = [each for each in found if _has_settings(each, asked)]
    return look.choose(same, tags=lambda each: each.tags, asked=asked.tags)


async def source_network(look: Look) -> models.SourceNetwork | None:
    """Find the network of a CreateSourceNetwork."""
    asked = cast("models.CreateSourceNetworkRequest", look.request)
    pager = look.drs.describe_source_networks(
        filters={"origin_account_id": asked.origin_account_id, "origin_region": asked.origin_region}
    )
    found = await look.walk(pager, lambda page: page.items)
    same = [each for each in found if each.source_vpc_id == asked.vpc_id]
    return look.choose(same, tags=lambda each: each.tags, asked=asked.tags)


async def extended_server(look: Look) -> models.SourceServer | None:
    """Find the server of a CreateExtendedSourceServer."""
    asked = cast("models.CreateExtendedSourceServerRequest", look.request)
    # One server is extended once, so its age says nothing: it may count from the staging account.
    async with aclosing(look.drs.describe_source_servers().pages()) as pages:
        async for page in pages:
            for server in page.items:
                area = server.staging_area
                if (
                    area is not None
                    and area.staging_source_server_arn == asked.source_server_arn
                    and (asked.tags or {}).items() <= server.tags.items()
                ):
                    return server
    return None


async def replication_retry(look: Look) -> models.SourceServer | None:
    """Find the server whose replication a RetryDataReplication began anew."""
    asked = cast("models.RetryDataReplicationRequest", look.request)
    pager = look.drs.describe_source_servers(
        filters={"source_server_ids": [asked.source_server_id]}
    )
    servers = await look.walk(pager, lambda page: page.items)
    return look.choose([each for each in servers if _initiated_at(each)], at=_initiated_at)


def _initiated_at(server: models.SourceServer) -> datetime | None:
    info = server.data_replication_info
    initiation = info and info.data_replication_initiation
    return (initiation and initiation.start_date_time) or None


async def step_retry(look: Look) -> models.RecoveryPlanExecutionStep | None:
    """Find the step that a RetryRecoveryPlanExecutionStep began anew."""
    asked = cast("models.RetryRecoveryPlanExecutionStepRequest", look.request)
    asked_at = look.clock.now()
    try:
        answer = await look.drs.get_recovery_plan_execution_step(
            asked.recovery_plan_execution_step_arn
        )
    except ResourceNotFoundException:
        return None
    look.measure(answer, asked_at)
    step = answer.recovery_plan_execution_step
    if step is None or step.updated_at is None or (step.attempt or 1) == 1:
        return None
    if step.status == "SKIPPED":
        return None
    # One that has failed may have done so before the request; what goes on was begun anew.
    has_failed = step.status in {"FAILED", "TIMED_OUT"}
    if step.updated_at >= look.expected_at - (timedelta(0) if has_failed else SKEW_ERROR):
        return step
    is_near = has_failed and step.updated_at >= look.expected_at - SKEW_ERROR
    if is_near or (not look.knows_skew and look.is_possible(step.updated_at)):
        raise look.unknown([step])
    return None
