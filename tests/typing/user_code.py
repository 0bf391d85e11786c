"""What users write, in all styles. It is type-checked in strict mode; it is never run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar, assert_type

from drs_sdk import JSON, APIError, Clock, DRSClient, DRSError, Pager, ResponseMetadata, SystemClock
from drs_sdk._core.base import Response
from drs_sdk.errors import (
    AmbiguousOutcomeError,
    ConflictException,
    ConnectionFailedError,
    FleetError,
    PaginationError,
    RequestValidationError,
    ResourceNotFoundException,
    RunbookError,
    ServiceQuotaExceededException,
    ThrottlingException,
    UninitializedAccountException,
    ValidationException,
)
from drs_sdk.eventbridge import DetailType, Event, SourceServerLaunchResult, parse_event
from drs_sdk.events import RequestEvent, RequestFailed, RequestRetried, RequestSucceeded
from drs_sdk.fleet import Fleet, Outcomes, Target, Walk
from drs_sdk.iam import actions_for, policy_for
from drs_sdk.models import (
    DataReplicationState,
    DescribeJobsRequest,
    DescribeJobsRequestFilters,
    DescribeJobsRequestFiltersDict,
    DescribeJobsResponse,
    DescribeSourceServersRequest,
    DescribeSourceServersRequestFilters,
    DescribeSourceServersResponse,
    DisconnectSourceServerResponse,
    Job,
    JobLog,
    JobStatus,
    LaunchConfiguration,
    LaunchDisposition,
    LaunchStatus,
    Licensing,
    ParticipatingServer,
    PITPolicyRule,
    PITPolicyRuleUnits,
    RecoveryInstance,
    RecoverySnapshot,
    SourceServer,
    StartRecoveryRequest,
    StartRecoveryRequestSourceServer,
    StartRecoveryResponse,
)
from drs_sdk.recovery import Runbook, Servers, ServersDict, TargetPattern, Wave, WaveDict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiobotocore.config import AioConfig  # type: ignore[import-untyped]
    from aiobotocore.session import AioSession  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]

    from drs_sdk._core.base import Request
    from drs_sdk.testing import DRSEmulator

logger = logging.getLogger(__name__)


# Making clients


def with_static_keys() -> DRSClient:
    return DRSClient(
        region_name="eu-west-1",
        aws_access_key_id="AKID",
        aws_secret_access_key="SECRET",
        aws_session_token=None,
        endpoint_url="http://127.0.0.1:5000",
        verify=False,
        clock=SystemClock(),
        on_request=on_request,
    )


def in_a_role(session: AioSession) -> DRSClient:
    return DRSClient(
        session=session,
        role_arn="arn:aws:iam::111122223333:role/Recovery",
        external_id="x",
        role_session_name="drill",
        max_response_bytes=1_000_000,
    )


def configured(config: Config, ours: AioConfig) -> list[DRSClient | Fleet]:
    targets = [Target(region_name="eu-west-1")]
    return [
        *(DRSClient(config=given) for given in (config, ours)),
        *(Fleet(targets, config=given) for given in (config, ours)),
        Fleet.across(regions=["eu-west-1"], config=config),
    ]


def on_request(event: RequestEvent) -> None:
    if isinstance(event, RequestRetried):
        logger.info("%s again in %.1f s: %s", event.operation, event.delay, event.reason)
    elif isinstance(event, RequestSucceeded):
        assert_type(event.duration, timedelta)
    elif isinstance(event, RequestFailed) and event.error is not None:
        assert_type(event.error, DRSError)


class FrozenClock:
    """A clock needs no base class."""

    def now(self) -> datetime:
        return datetime.fromisoformat("2026-01-02T03:04:05+00:00")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds * 0)


def on_other_time() -> DRSClient:
    clock: Clock = FrozenClock()
    return DRSClient(clock=clock)


async def long_lived() -> None:
    drs = await DRSClient(profile_name="recovery").open()
    assert_type(drs, DRSClient)
    try:
        logger.info("%s %s", drs.region_name, drs.endpoint_url)
    finally:
        await drs.aclose()


# Pages


async def pages(drs: DRSClient) -> list[SourceServer]:
    pager = drs.describe_source_servers(max_results=50)
    assert_type(pager, Pager[DescribeSourceServersResponse, SourceServer])
    assert_type(pager.request, "Request[DescribeSourceServersResponse]")
    page = await pager
    assert_type(page, DescribeSourceServersResponse)
    assert_type(page.items, list[SourceServer])
    assert_type(page.next_token, str | None)
    async for server in pager:
        assert_type(server, SourceServer)
    async for one in pager.pages(starting_token=page.next_token):
        assert_type(one, DescribeSourceServersResponse)
        logger.info("%s", one.response_metadata.request_id)
    async for server in pager.prefetch():
        logger.info("%s", server.name)
    assert_type(await pager.collect(limit=10), list[SourceServer])
    return [server async for server in pager if server.is_launchable]


async def other_pagers(drs: DRSClient) -> None:
    async for job in drs.describe_jobs(filters={"job_ids": ["drsjob-1"]}):
        assert_type(job, Job)
        async for log in drs.describe_job_log_items(job.job_id or ""):
            assert_type(log, JobLog)
    async for instance in drs.describe_recovery_instances():
        assert_type(instance, RecoveryInstance)
    snapshots = await drs.describe_recovery_snapshots("s-1", order="DESC").collect()
    assert_type(snapshots, list[RecoverySnapshot])


# Nested input: models, dicts, a mix


async def nested_input(drs: DRSClient, since: datetime) -> None:
    await drs.describe_source_servers(
        filters=DescribeSourceServersRequestFilters(source_server_ids=["s-1"])
    )
    await drs.describe_source_servers(filters={"source_server_ids": ("s-1", "s-2")})
    await drs.describe_jobs(filters={"from_date": since, "to_date": None})
    chosen: DescribeJobsRequestFiltersDict = {"job_ids": ["drsjob-1"]}
    await drs.describe_jobs(filters=chosen)
    await drs.start_recovery([{"source_server_id": "s-1"}], is_drill=True)
    await drs.start_recovery(
        source_servers=[
            StartRecoveryRequestSourceServer(source_server_id="s-1"),
            {"source_server_id": "s-2", "recovery_snapshot_id": "pit-1"},
        ],
        tags={"team": "dr"},
    )
    models = [StartRecoveryRequestSourceServer(source_server_id="s-1")]
    await drs.start_recovery(models)
    await drs.update_launch_configuration("s-1", licensing=Licensing(os_byol=True))
    await drs.update_launch_configuration("s-1", licensing={"os_byol": True})
    await drs.create_recovery_plan_step(
        recovery_plan_arn="arn",
        step_name="pause",
        configuration={"wait_step_configuration": {"wait_duration_minutes": 5}},
    )
    await drs.update_replication_configuration_template(
        "rct-1",
        pit_policy=[
            PITPolicyRule(interval=10, retention_duration=60, units=PITPolicyRuleUnits.MINUTE),
            {"interval": 1, "retention_duration": 24, "units": "HOUR", "enabled": True},
        ],
        staging_area_tags={"team": "dr"},
    )


# Enums: members, their strings, their openness


async def enums(drs: DRSClient, server: SourceServer, job: Job) -> str:
    await drs.update_launch_configuration("s-1", launch_disposition=LaunchDisposition.STARTED)
    changed = await drs.update_launch_configuration("s-1", launch_disposition="STOPPED")
    assert isinstance(changed, LaunchConfiguration)
    state = server.replication_state
    assert_type(state, DataReplicationState | None)
    if state == "CONTINUOUS" or state is DataReplicationState.BACKLOG:
        return str(state)
    if state is not None and not state.is_known:
        return f"new: {state.value}"
    failed = [
        part for part in job.participating_servers if part.launch_status == LaunchStatus.FAILED
    ]
    assert_type(failed, list[ParticipatingServer])
    return job.status or "?"


# Any request, generically


async def sending(drs: DRSClient) -> None:
    started = await drs.send(
        StartRecoveryRequest(
            source_servers=[StartRecoveryRequestSourceServer(source_server_id="s-1")],
            is_drill=True,
        )
    )
    assert_type(started, StartRecoveryResponse)
    assert_type(started.job, Job | None)
    assert_type(await drs.send(DescribeJobsRequest(max_results=5)), DescribeJobsResponse)
    filters = DescribeJobsRequestFilters(job_ids=["drsjob-1"])
    jobs = await send_politely(drs, DescribeJobsRequest(filters=filters))
    assert_type(jobs, DescribeJobsResponse)
    await send_politely(drs, DescribeSourceServersRequest())


ResponseT = TypeVar("ResponseT", bound=Response)


async def send_politely(drs: DRSClient, request: Request[ResponseT]) -> ResponseT:
    response = await drs.send(request)
    assert_type(response.response_metadata, ResponseMetadata)
    if request.safety == "unsafe":
        logger.info("%s is unsafe", request.operation)
    return response


async def send_again(drs: DRSClient, error: AmbiguousOutcomeError) -> None:
    assert_type(await drs.send(error.request), Response)


# Beyond the model


async def beyond_the_model(drs: DRSClient, later: Mapping[str, JSON]) -> None:
    answer = await drs.call("NewOperation", {"ids": ["a"], "depth": 1}, safety="read")
    assert_type(answer, dict[str, JSON])
    items = answer["items"]
    if isinstance(items, list):
        logger.info("%d items", len(items))
    await drs.call("OtherOperation", later, method="PUT", path="/things/{id}")
    found = await drs.send(DescribeJobsRequest(), extra_members={"later": later})
    assert_type(found, DescribeJobsResponse)
    assert_type(LaunchDisposition.unknown("HIBERNATED"), LaunchDisposition)


# Views


async def views(drs: DRSClient) -> None:
    patient = drs.with_options(read_timeout=120, max_attempts=8)
    assert_type(patient, DRSClient)
    await patient.initialize_service()


# Traits


def report(server: SourceServer, job: Job, instance: RecoveryInstance) -> str:
    assert_type(server.name, str | None)
    assert_type(server.lag, timedelta | None)
    assert_type(server.initial_sync_progress, float | None)
    assert_type(server.backlog_bytes, int)
    assert_type(server.is_replicating, bool)
    assert_type(job.duration, timedelta | None)
    assert_type(job.failed_servers, list[ParticipatingServer])
    assert_type(job.succeeded, bool)
    assert_type(instance.is_running, bool)
    assert_type(instance.lag, timedelta | None)
    assert_type(server.tags, dict[str, str])
    info = server.data_replication_info
    if info is not None and info.lag_duration is not None:
        return f"{info.lag_duration.total_seconds():.0f} s, eta {info.eta_date_time}"
    return "unknown"


# Answers that are a resource


async def resources(drs: DRSClient) -> SourceServer:
    gone = await drs.disconnect_source_server("s-1")
    assert_type(gone, DisconnectSourceServerResponse)
    server: SourceServer = gone
    return server


# Fakes for tests


def fakes() -> DescribeSourceServersResponse:
    server = SourceServer(source_server_id="s-1", tags={"Name": "db"})
    job = Job(job_id="drsjob-1", status=JobStatus.COMPLETED)
    logger.info("%s", job.is_completed)
    return DescribeSourceServersResponse(items=[server])


# Errors


async def errors(drs: DRSClient) -> Job | None:  # noqa: C901 - it shows them all
    try:
        return (await drs.start_recovery([{"source_server_id": "s-1"}])).job
    except RequestValidationError as error:
        logger.info("%s", [problem.path for problem in error.problems])
    except ConflictException as error:
        assert_type(error.resource_id, str | None)
    except ThrottlingException as error:
        assert_type(error.retry_after, float | None)
    except ServiceQuotaExceededException as error:
        logger.info("%s %s", error.service_code, error.quota_code)
    except ValidationException as error:
        logger.info("%s %s", error.reason, [field.name for field in error.field_list])
    except (ResourceNotFoundException, UninitializedAccountException):
        return None
    except APIError as error:
        assert_type(error.code, str)
        assert_type(error.http_status, int)
        assert_type(error.request_id, str | None)
        logger.info("%s %s %s", error.operation, error.fault, error.is_throttling)
    except AmbiguousOutcomeError as error:
        assert_type(error.sent_at, datetime)
        logger.info("%s", error.request.operation)
    except ConnectionFailedError as error:
        assert_type(error.maybe_sent, bool)
    except PaginationError as error:
        logger.info("%s", error.next_token)
    except DRSError as error:
        logger.info("%s", error.operation)
    return None


# Waiting


async def waiting(drs: DRSClient, job: Job) -> None:
    assert_type(await drs.wait_until_job_completed(job.job_id or "", timeout=60), Job)
    async for seen in drs.watch_job(job.job_id or ""):
        assert_type(seen, Job)
    servers = await drs.wait_until_source_servers_launchable(["s-1"], timeout=timedelta(hours=1))
    assert_type(servers, list[SourceServer])


# Events and rights


def handler(payload: Mapping[str, object], context: object) -> str | None:
    event = parse_event(payload)
    assert_type(event, Event)
    assert_type(event.time, datetime | None)
    assert_type(event.resources, tuple[str, ...])
    assert_type(event.detail_type, DetailType)
    logger.info("%s %s %s", context, event.source_server_id, event.unparsed)
    match event.detail:
        case SourceServerLaunchResult(is_drill=False, job_id=job_id):
            assert_type(job_id, str | None)
            return job_id
        case _:
            return event.detail.model_extra["state"] if event.detail.model_extra else None


def faked_event() -> Event:
    detail = SourceServerLaunchResult(job_id="drsjob-1", is_drill=True)
    return Event(detail_type=DetailType.SOURCE_SERVER_LAUNCH_RESULT, detail=detail)


def rights() -> dict[str, object]:
    assert_type(actions_for(StartRecoveryRequest.operation), frozenset[str])
    return policy_for({"StartRecovery", DescribeJobsRequest.operation})


# Fleets


async def over_a_fleet(emulator: DRSEmulator) -> None:
    fleet = Fleet.across(
        accounts=["111122223333"], regions=("eu-west-1",), role_name="R", external_id="42"
    )
    async with fleet:
        walk = fleet.walk(lambda drs: drs.describe_source_servers(), timeout=timedelta(minutes=1))
        assert_type(walk, Walk[SourceServer])
        async with walk:
            async for target, server in walk:
                assert_type(target, Target)
                assert_type(server, SourceServer)
        assert_type(walk.failures, Mapping[Target, DRSError])
        assert_type(walk.absent, frozenset[Target])
        walk.raise_if_failed()
        assert_type(fleet.walk(lambda drs: drs.describe_jobs().prefetch()), Walk[Job])
        outcomes = await fleet.run(lambda drs, _: count(drs), timeout_per_target=3)
        assert_type(outcomes, Outcomes[int])
        assert_type(outcomes.results, Mapping[Target, int])
        jobs = await fleet.run(lambda drs, _: drs.describe_jobs().collect())
        assert_type(jobs.results[fleet.targets[0]], list[Job])
        page = await fleet.run(lambda drs, _: drs.describe_jobs())
        assert_type(page, Outcomes[DescribeJobsResponse])
        assert_type(await fleet.client(fleet.targets[0]), DRSClient)
        part = fleet.subset(regions=["eu-west-1"], where=lambda target: target.role_arn is not None)
        assert_type(part, Fleet)
    assert_type(emulator.fleet(concurrency=3), Fleet)
    try:
        outcomes.raise_if_failed()
    except FleetError as error:
        assert_type(error.failures, dict[Target, DRSError])
        assert_type(error.exceptions[0], DRSError | ExceptionGroup[DRSError])


async def count(drs: DRSClient) -> int:
    return len(await drs.describe_source_servers().collect())


async def matching(drs: DRSClient) -> AsyncIterator[str]:
    async for server in drs.describe_source_servers():
        yield server.source_server_id or ""


def walk_over_what_a_function_yields(fleet: Fleet) -> None:
    assert_type(fleet.walk(matching), Walk[str])


# Runbooks


def runbooks(server: SourceServer) -> Runbook | None:
    everything: ServersDict = {"all": True, "targets": [{"region_name": "eu-*"}]}
    last: WaveDict = {"name": "rest", "servers": everything, "after": []}
    targets = [TargetPattern(account_id="111122223333")]
    try:
        plan = Runbook(
            name="erp",
            waves=[
                Wave(
                    name="database",
                    servers={"tags": {"app": "erp", "tier": "db"}},
                    recovery_point_objective=timedelta(minutes=5),
                    recovery_time_objective=900,
                    point_in_time=datetime.fromisoformat("2026-01-02T03:04:05+00:00"),
                ),
                Wave(name="app", servers=Servers(names=("app-*",), targets=targets), attempts=2),
                {
                    "name": "web",
                    "servers": {"source_server_ids": ["s-1"]},
                    "on_failure": "continue",
                },
                last,
            ],
        )
    except RunbookError as error:
        assert_type(error.line, int | None)
        logger.info("%s %s", error.file, [problem.path for problem in error.problems])
        return None
    assert_type(plan.waves, tuple[Wave, ...])
    assert_type(plan.order, tuple[Wave, ...])
    assert_type(plan.waves[0].servers, Servers)
    assert_type(plan.waves[0].recovery_time_objective, timedelta | None)
    assert_type(plan.digest, str)
    selector = plan.wave("app").servers
    assert_type(selector.matches(server, region_name="eu-west-1", account_id=None), bool)
    logger.info(plan.run_tag("2026-q4"))
    return Runbook.load("erp.toml")
