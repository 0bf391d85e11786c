"""After a lost answer: what the request made is found, and nothing else is taken for it."""

from __future__ import annotations

import asyncio
import pickle
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.session import AioSession
from valid_calls import UNSAFE, valid_calls

from drs_sdk import DRSClient, models
from drs_sdk._transport.skew import measure_skew
from drs_sdk.clock import Clock
from drs_sdk.errors import (
    AmbiguousOutcomeError,
    APIError,
    ConnectionFailedError,
    OutcomeUnknownError,
    RequestValidationError,
    UninitializedAccountException,
)
from drs_sdk.events import RequestEvent, RequestFailed
from drs_sdk.testing import DRSEmulator, Fault, Quotas

if TYPE_CHECKING:
    from drs_sdk._core.base import Request, Response

A_WHILE = timedelta(minutes=10)
FINDABLE = [name for name in UNSAFE if name != "ExportSourceNetworkCfnTemplate"]
TIMELESS = [
    "CreateExtendedSourceServer",
    "CreateLaunchConfigurationTemplate",
    "CreateReplicationConfigurationTemplate",
    "CreateSourceNetwork",
]
"""What these make carries no time of its own: origin, settings and tags are all to go by."""

LOST = {
    "dropped": Fault.drop_after(),
    "truncated": Fault.truncate(),
    "not json": Fault.not_json(),
    "failed after the fact": Fault.server_error(after=True),
}
NEVER_DONE = {"dropped": Fault.drop_before(), "failed": Fault.server_error()}


@pytest.fixture
def emulator(drs_emulator: DRSEmulator) -> DRSEmulator:
    return drs_emulator


async def prepare(emulator: DRSEmulator, operation: str) -> Request[Response]:
    """Put the account where the operation is valid, with nothing just begun in it."""
    call = valid_calls()[operation]
    emulator.restore(call.account)
    await emulator.clock.advance(A_WHILE)
    return call.request


async def lose(
    drs: DRSClient, emulator: DRSEmulator, request: Request[Response], fault: Fault
) -> AmbiguousOutcomeError:
    emulator.inject(request.operation, fault)
    with pytest.raises(AmbiguousOutcomeError) as caught:
        await drs.send(request)
    return caught.value


def sent_now(emulator: DRSEmulator, request: Request[Response]) -> AmbiguousOutcomeError:
    """The error of a request that is sent now, and does not arrive."""
    return AmbiguousOutcomeError("lost", request=request, sent_at=emulator.clock.now())


def made_by(answer: Any) -> str:  # noqa: ANN401 - any response
    """Read off an answer what was made."""
    if isinstance(answer, models.ReverseReplicationResponse):
        return answer.reversed_direction_source_server_arn or ""
    for name in ("job", "launch_configuration_template", "source_server"):
        if getattr(answer, name, None) is not None:
            return name_of(getattr(answer, name))
    return name_of(answer)


def name_of(found: Any) -> str:  # noqa: ANN401 - any resource
    """Tell resources apart by what the service calls them."""
    if isinstance(found, models.CreateSourceNetworkResponse | models.SourceNetwork):
        return found.source_network_id or ""
    return getattr(found, "arn", None) or ""


# -- every unsafe operation ------------------------------------------------------------------


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("operation", FINDABLE)
async def test_what_a_lost_request_made_is_found(
    operation: str, lost: str, drs: DRSClient, emulator: DRSEmulator
) -> None:
    request = await prepare(emulator, operation)
    answer = await drs.send(request)
    await prepare(emulator, operation)  # the same account makes the same identifiers

    error = await lose(drs, emulator, request, LOST[lost])
    found = await error.find_outcome(drs)

    assert found is not None
    if isinstance(found, models.RecoveryPlanExecutionStep):
        assert isinstance(request, models.RetryRecoveryPlanExecutionStepRequest)
        assert found.recovery_plan_execution_step_arn == request.recovery_plan_execution_step_arn
        assert found.attempt == 2
    else:
        assert name_of(found) == made_by(answer) != ""


@pytest.mark.parametrize("operation", FINDABLE)
async def test_it_is_found_a_while_later_too(
    operation: str, drs: DRSClient, emulator: DRSEmulator
) -> None:
    request = await prepare(emulator, operation)
    error = await lose(drs, emulator, request, Fault.drop_after())
    await emulator.clock.advance(A_WHILE)
    assert await error.find_outcome(drs) is not None


@pytest.mark.parametrize("never_done", NEVER_DONE)
@pytest.mark.parametrize("operation", FINDABLE)
async def test_nothing_is_found_of_a_request_that_was_never_handled(
    operation: str, never_done: str, drs: DRSClient, emulator: DRSEmulator
) -> None:
    request = await prepare(emulator, operation)
    error = await lose(drs, emulator, request, NEVER_DONE[never_done])
    await emulator.clock.advance(A_WHILE)
    assert await error.find_outcome(drs) is None


@pytest.mark.parametrize("operation", [name for name in FINDABLE if name not in TIMELESS])
async def test_what_an_older_request_made_is_not_taken_for_it(
    operation: str, drs: DRSClient, emulator: DRSEmulator
) -> None:
    request = await prepare(emulator, operation)
    await drs.send(request)
    await emulator.clock.advance(A_WHILE)
    assert await sent_now(emulator, request).find_outcome(drs) is None


@pytest.mark.parametrize("fault", [Fault.drop_before(), Fault.drop_after()])
async def test_an_export_leaves_nothing_to_be_found(
    fault: Fault, drs: DRSClient, emulator: DRSEmulator
) -> None:
    request = await prepare(emulator, "ExportSourceNetworkCfnTemplate")
    error = await lose(drs, emulator, request, fault)
    with pytest.raises(OutcomeUnknownError, match="ExportSourceNetworkCfnTemplate") as caught:
        await error.find_outcome(drs)
    assert caught.value.operation == "ExportSourceNetworkCfnTemplate"


async def test_an_error_that_has_travelled_can_still_look(
    drs: DRSClient, emulator: DRSEmulator
) -> None:
    request = await prepare(emulator, "StartRecovery")
    error = await lose(drs, emulator, request, Fault.drop_after())
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert await again.find_outcome(drs) == await error.find_outcome(drs) is not None


async def test_a_search_that_fails_says_so(drs: DRSClient, emulator: DRSEmulator) -> None:
    """None would read as: it did not happen."""
    request = await prepare(emulator, "StartRecovery")
    error = await lose(drs, emulator, request, Fault.drop_after())
    emulator.inject("DescribeJobs", Fault.drop_before(), times=5)
    with pytest.raises(ConnectionFailedError):
        await error.find_outcome(drs)
    emulator.inject("DescribeJobs", Fault.error("AccessDeniedException"))
    with pytest.raises(APIError):
        await error.find_outcome(drs)
    assert await error.find_outcome(drs) is not None


# -- launches --------------------------------------------------------------------------------


def launch(
    *ids: str, is_drill: bool | None = None, tags: dict[str, str] | None = None
) -> models.StartRecoveryRequest:
    servers = [models.StartRecoveryRequestSourceServer(source_server_id=each) for each in ids]
    return models.StartRecoveryRequest(source_servers=servers, is_drill=is_drill, tags=tags)


@pytest.mark.parametrize(
    "others",
    ["another server", "one of the servers", "more servers", "a drill", "other tags", "no tags"],
)
async def test_a_launch_of_another_kind_is_not_taken_for_it(
    others: str, drs: DRSClient, emulator: DRSEmulator
) -> None:
    a, b, c = emulator.add_source_servers(3)
    asked = launch(a, b, tags={"run": "1"})
    error = sent_now(emulator, asked)
    other = {
        "another server": launch(c, tags={"run": "1"}),
        "one of the servers": launch(a, tags={"run": "1"}),
        "more servers": launch(a, b, c, tags={"run": "1"}),
        "a drill": launch(a, b, is_drill=True, tags={"run": "1"}),
        "other tags": launch(a, b, tags={"run": "2"}),
        "no tags": launch(a, b),
    }[others]
    await drs.send(other)
    assert await error.find_outcome(drs) is None


@pytest.mark.parametrize("asked", [None, {"run": "1"}], ids=str)
async def test_a_job_with_tags_nobody_asked_for_is_named_not_taken(
    asked: dict[str, str] | None, drs: DRSClient, emulator: DRSEmulator
) -> None:
    """A colleague's drill of the same server; ours never arrived."""
    (a,) = emulator.add_source_servers(1)
    await drs.start_recovery(
        [{"source_server_id": a}], is_drill=True, tags={**(asked or {}), "who": "colleague"}
    )
    await emulator.clock.advance(45)
    error = await lose(drs, emulator, launch(a, is_drill=True, tags=asked), Fault.drop_before())
    theirs = await drs.describe_jobs().collect()
    with pytest.raises(OutcomeUnknownError, match=theirs[0].job_id or "-") as caught:
        await error.find_outcome(drs)
    assert caught.value.candidates == tuple(theirs)
    assert caught.value.operation == "StartRecovery"
    travelled = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert travelled.candidates == tuple(theirs)


async def test_exact_tags_come_first(drs: DRSClient, emulator: DRSEmulator) -> None:
    now = await _a_day_later(emulator)
    server = "s-" + "1" * 17
    error = sent_now(emulator, launch(server, tags={"run": "1"}))
    emulator.load(
        [
            job_of(1, now, tags={"run": "1", "who": "colleague"}),
            job_of(2, now - timedelta(seconds=200), tags={"run": "1", "aws:made": "by AWS"}),
        ]
    )
    found = await error.find_outcome(drs)
    assert isinstance(found, models.Job)
    assert found.job_id == f"drsjob-{2:017x}"


async def _a_day_later(emulator: DRSEmulator) -> datetime:
    await emulator.clock.advance(timedelta(days=1))
    return emulator.clock.now()


async def test_the_order_of_the_servers_does_not_matter(
    drs: DRSClient, emulator: DRSEmulator
) -> None:
    a, b = emulator.add_source_servers(2)
    error = sent_now(emulator, launch(a, b))
    await drs.send(launch(b, a))
    assert await error.find_outcome(drs) is not None


def job_of(number: int, at: datetime, **members: object) -> dict[str, object]:
    server = "s-" + "1" * 17
    return {
        "jobID": f"drsjob-{number:017x}",
        "type": "LAUNCH",
        "initiatedBy": "START_RECOVERY",
        "status": "COMPLETED",
        "creationDateTime": at.isoformat(),
        "participatingServers": [{"sourceServerID": server, "launchStatus": "LAUNCHED"}],
        **members,
    }


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([-301], None),
        ([0], 0),
        ([-4], -4),
        ([5, -5], 5),
        ([300, 5], 5),
        ([-59, -2], -2),
        ([-301, 60], 60),
    ],
)
async def test_the_likeliest_of_several_jobs_is_taken(
    seconds: list[int], expected: int | None, drs: DRSClient, emulator: DRSEmulator
) -> None:
    """A job after the request is likelier than one before."""
    await _a_day_later(emulator)
    error = sent_now(emulator, launch("s-" + "1" * 17))
    times = [error.sent_at + timedelta(seconds=each) for each in seconds]
    emulator.load([job_of(number, at) for number, at in enumerate(times, 1)])

    found = await error.find_outcome(drs)

    if expected is None:
        assert found is None
    else:
        assert isinstance(found, models.Job)
        assert found.creation_date_time == error.sent_at + timedelta(seconds=expected)


@pytest.mark.parametrize("seconds", [-299, -45, -7, 301, 3600])
async def test_an_older_or_much_younger_job_is_named_not_taken(
    seconds: int, drs: DRSClient, emulator: DRSEmulator
) -> None:
    await _a_day_later(emulator)
    error = sent_now(emulator, launch("s-" + "1" * 17))
    emulator.load([job_of(1, error.sent_at + timedelta(seconds=seconds))])
    with pytest.raises(OutcomeUnknownError) as caught:
        await error.find_outcome(drs)
    assert [getattr(each, "job_id", None) for each in caught.value.candidates] == [
        f"drsjob-{1:017x}"
    ]


# -- clocks that differ ----------------------------------------------------------------------


class OffClock(Clock):
    """The emulator's clock, as a machine sees it whose own is so much ahead."""

    def __init__(self, emulator: DRSEmulator, ahead: timedelta) -> None:
        self._clock = emulator.clock
        self.ahead = ahead

    def now(self) -> datetime:
        return self._clock.now() + self.ahead

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


def off_client(emulator: DRSEmulator, seconds: float) -> tuple[DRSClient, OffClock]:
    clock = OffClock(emulator, timedelta(seconds=seconds))
    client = DRSClient(
        region_name=emulator.region,
        endpoint_url=emulator.url,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        clock=clock,
    )
    return client, clock


@pytest.mark.parametrize("tags", [None, {"run": "1"}], ids=str)
@pytest.mark.parametrize("ahead", [-290, -61, 0, 61, 290])
async def test_a_lost_launch_is_found_whatever_the_clocks(
    ahead: int, tags: dict[str, str] | None, emulator: DRSEmulator
) -> None:
    (a,) = emulator.add_source_servers(1)
    client, _ = off_client(emulator, ahead)
    async with client as drs:
        error = await lose(drs, emulator, launch(a, tags=tags), Fault.drop_after())
        assert isinstance(await error.find_outcome(drs), models.Job)


@pytest.mark.parametrize("ahead", [61, 290])
async def test_a_clock_that_was_set_since_rules_nothing_out(
    ahead: int, emulator: DRSEmulator
) -> None:
    """Exact tags are enough; without them the job is named."""
    a, b = emulator.add_source_servers(2)
    client, clock = off_client(emulator, ahead)
    async with client as drs:
        tagged = await lose(drs, emulator, launch(a, tags={"run": "1"}), Fault.drop_after())
        plain = await lose(drs, emulator, launch(b), Fault.drop_after())
        clock.ahead = timedelta(0)
        assert isinstance(await tagged.find_outcome(drs), models.Job)
        with pytest.raises(OutcomeUnknownError) as caught:
            await plain.find_outcome(drs)
        assert len(caught.value.candidates) == 1
        plain.clock_skew = -timedelta(seconds=ahead)  # as measured before the request
        travelled = pickle.loads(pickle.dumps(plain))  # noqa: S301 - our own
        assert travelled.clock_skew == plain.clock_skew
        assert isinstance(await travelled.find_outcome(drs), models.Job)


async def test_an_older_job_is_ruled_out_where_both_skews_are_known(
    drs: DRSClient, emulator: DRSEmulator
) -> None:
    (a,) = emulator.add_source_servers(1)
    await drs.send(launch(a))
    await emulator.clock.advance(45)
    error = sent_now(emulator, launch(a))
    with pytest.raises(OutcomeUnknownError):
        await error.find_outcome(drs)
    error.clock_skew = timedelta(0)
    assert await error.find_outcome(drs) is None


@pytest.mark.parametrize(
    ("date", "took", "expected"),
    [
        ("Thu, 01 Jan 2026 00:01:00 GMT", 2, 59),
        ("Wed, 31 Dec 2025 23:59:00 GMT", 0, -60),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 11, None),  # a wait that long tells nothing
        ("Thu, 01 Jan 2026 00:06:00 GMT", 0, None),  # would have been refused: not its clock
        ("yesterday", 0, None),
        ("", 0, None),
    ],
)
def test_the_skew_is_read_off_an_answer(date: str, took: int, expected: int | None) -> None:
    asked_at = datetime(2026, 1, 1, tzinfo=UTC)
    skew = measure_skew(date, asked_at, asked_at + timedelta(seconds=took))
    assert skew == (None if expected is None else timedelta(seconds=expected))


@pytest.mark.parametrize("sent_at", [None, datetime(2026, 1, 1)])  # noqa: DTZ001 - the point
async def test_a_request_needs_a_time_that_can_be_compared(
    sent_at: Any,  # noqa: ANN401 - also what is wrong
    drs: DRSClient,
) -> None:
    with pytest.raises(RequestValidationError, match="sent_at"):
        await drs.find_outcome(launch("s-" + "1" * 17), sent_at=sent_at)


# -- terminations ----------------------------------------------------------------------------


def termination_of(number: int, at: datetime, *servers: dict[str, str]) -> dict[str, object]:
    return job_of(
        number,
        at,
        type="TERMINATE",
        initiatedBy="TERMINATE_RECOVERY_INSTANCES",
        participatingServers=list(servers),
    )


GONE = "i-" + "a" * 17
TERMINATE = models.TerminateRecoveryInstancesRequest(recovery_instance_ids=[GONE])


async def test_a_termination_is_found_by_the_instances_that_it_names(
    drs: DRSClient, emulator: DRSEmulator
) -> None:
    error = sent_now(emulator, TERMINATE)
    named = {"recoveryInstanceID": GONE, "sourceServerID": "s-" + "1" * 17}
    other = {"recoveryInstanceID": "i-" + "b" * 17, "sourceServerID": "s-" + "2" * 17}
    now = emulator.clock.now()
    emulator.load([termination_of(1, now, other), termination_of(2, now, named)])
    found = await error.find_outcome(drs)
    assert isinstance(found, models.Job)
    assert found.job_id == f"drsjob-{2:017x}"


async def test_a_termination_that_names_no_instances_is_found_if_it_is_the_only_one(
    drs: DRSClient, emulator: DRSEmulator
) -> None:
    """Jobs that have ended name no instances in practice, and the instances are gone."""
    error = sent_now(emulator, TERMINATE)
    now = emulator.clock.now()
    two = [{"sourceServerID": "s-" + "2" * 17}, {"sourceServerID": "s-" + "3" * 17}]
    emulator.load([termination_of(1, now, *two)])
    assert await error.find_outcome(drs) is None
    emulator.load([termination_of(2, now, {"sourceServerID": "s-" + "1" * 17})])
    found = await error.find_outcome(drs)
    assert isinstance(found, models.Job)
    assert found.job_id == f"drsjob-{2:017x}"
    emulator.load([termination_of(3, now, {"sourceServerID": "s-" + "4" * 17})])
    with pytest.raises(OutcomeUnknownError, match="drsjob-"):
        await error.find_outcome(drs)


async def test_a_termination_that_the_service_has_emptied_is_judged_by_the_instances(
    drs: DRSClient, emulator: DRSEmulator
) -> None:
    """Completed jobs may name no server at all."""
    for server in emulator.add_source_servers(2):
        launched = await drs.start_recovery([{"source_server_id": server}], is_drill=True)
        await drs.wait_until_job_completed(launched.job or "")
    one, other = [
        each.recovery_instance_id or ""
        for each in await drs.describe_recovery_instances().collect()
    ]
    await emulator.clock.advance(A_WHILE)

    def ask(*ids: str) -> AmbiguousOutcomeError:
        request = models.TerminateRecoveryInstancesRequest(recovery_instance_ids=[*ids])
        return AmbiguousOutcomeError("lost", request=request, sent_at=emulator.clock.now())

    alive, gone, partly = ask(one), ask(GONE), ask(GONE, other)
    emulator.load([termination_of(1, emulator.clock.now())])
    assert await alive.find_outcome(drs) is None
    found = await gone.find_outcome(drs)
    assert isinstance(found, models.Job)
    assert found.participating_servers == []
    with pytest.raises(OutcomeUnknownError, match=other) as caught:
        await partly.find_outcome(drs)
    assert caught.value.candidates == (found,)
    emulator.load([termination_of(2, emulator.clock.now())])
    with pytest.raises(OutcomeUnknownError) as caught:
        await gone.find_outcome(drs)
    assert len(caught.value.candidates) == 2


async def test_a_termination_that_goes_on_and_names_nothing_is_not_taken(
    drs: DRSClient, emulator: DRSEmulator
) -> None:
    error = sent_now(emulator, TERMINATE)
    emulator.load([{**termination_of(1, emulator.clock.now()), "status": "STARTED"}])
    assert await error.find_outcome(drs) is None


async def test_a_termination_of_other_instances_is_not_taken_for_it(
    drs: DRSClient, emulator: DRSEmulator
) -> None:
    a, b = emulator.add_source_servers(2)
    launched = await drs.start_recovery([{"source_server_id": a}, {"source_server_id": b}])
    await drs.wait_until_job_completed(launched.job or "")
    of_a, of_b = [
        instance.recovery_instance_id or ""
        for instance in await drs.describe_recovery_instances().collect()
    ]
    await emulator.clock.advance(A_WHILE)
    request = models.TerminateRecoveryInstancesRequest(recovery_instance_ids=[of_a])
    error = sent_now(emulator, request)
    await drs.terminate_recovery_instances(recovery_instance_ids=[of_b])
    assert await error.find_outcome(drs) is None


# -- resources -------------------------------------------------------------------------------

NETWORK = {
    "vpc_id": "vpc-1234567890abcdef0",
    "origin_account_id": "111122223333",
    "origin_region": "eu-west-1",
}


@pytest.mark.parametrize(
    "others",
    [
        {"vpc_id": "vpc-0000000000abcdef0"},
        {"origin_account_id": "999988887777"},
        {"origin_region": "eu-west-2"},
        {"tags": {"run": "2"}},
        {"tags": None},
    ],
    ids=str,
)
async def test_another_source_network_is_not_taken_for_it(
    others: dict[str, Any], drs: DRSClient, emulator: DRSEmulator
) -> None:
    members: dict[str, Any] = {**NETWORK, "tags": {"run": "1"}}
    error = sent_now(emulator, models.CreateSourceNetworkRequest(**members))
    given = {name: value for name, value in {**members, **others}.items() if value is not None}
    await drs.send(models.CreateSourceNetworkRequest(**given))
    assert await error.find_outcome(drs) is None


async def test_a_template_with_other_settings_or_tags_is_not_taken_for_it() -> None:
    call = valid_calls()["CreateReplicationConfigurationTemplate"]
    asked = call.request.model_copy(update={"tags": {"run": "1"}})
    assert isinstance(asked, models.CreateReplicationConfigurationTemplateRequest)
    *minutes, hours, days = asked.pit_policy
    changes: list[dict[str, Any]] = [
        {"tags": {"run": "2"}},
        {"bandwidth_throttling": 9},
        {"pit_policy": [*minutes, hours, days.model_copy(update={"retention_duration": 9})]},
    ]
    quotas = Quotas(replication_configuration_templates=10)
    async with DRSEmulator(quotas=quotas) as emulator, emulator.client() as drs:
        error = sent_now(emulator, asked)
        for change in changes:
            await drs.send(asked.model_copy(update=change))
            assert await error.find_outcome(drs) is None
        await drs.send(asked)
        found = await error.find_outcome(drs)
    assert isinstance(found, models.ReplicationConfigurationTemplate)
    assert found.tags == {"run": "1"}
    assert found.bandwidth_throttling == 0
    assert len(found.pit_policy) == 3


@pytest.mark.parametrize("operation", TIMELESS)
async def test_a_tag_tells_resources_without_a_time_from_older_ones(
    operation: str, drs: DRSClient, emulator: DRSEmulator
) -> None:
    request = await prepare(emulator, operation)
    await drs.send(request)
    await emulator.clock.advance(A_WHILE)
    assert await sent_now(emulator, request).find_outcome(drs) is not None
    tagged = request.model_copy(update={"tags": {"run": "1"}})
    assert await sent_now(emulator, tagged).find_outcome(drs) is None


async def test_another_extended_server_is_not_taken_for_it(
    drs: DRSClient, emulator: DRSEmulator
) -> None:
    one, other = emulator.add_staging_account("444455556666", servers=2)
    request = models.CreateExtendedSourceServerRequest(source_server_arn=one)
    error = sent_now(emulator, request)
    await drs.create_extended_source_server(other)
    assert await error.find_outcome(drs) is None


async def test_a_step_that_failed_again_before_the_request_was_not_retried_by_it(
    drs: DRSClient, emulator: DRSEmulator
) -> None:
    request = await prepare(emulator, "RetryRecoveryPlanExecutionStep")
    assert isinstance(request, models.RetryRecoveryPlanExecutionStepRequest)
    step_arn = request.recovery_plan_execution_step_arn

    async def step() -> models.RecoveryPlanExecutionStep:
        answer = await drs.get_recovery_plan_execution_step(step_arn)
        assert answer.recovery_plan_execution_step is not None
        return answer.recovery_plan_execution_step

    first = await step()
    assert first.configuration is not None
    servers = first.configuration.execution_server_step_configuration
    assert servers is not None
    (server,) = servers.servers
    emulator.fail_launch((server.server_arn or "").rpartition("/")[2])
    await drs.send(request)
    while (await step()).status != "FAILED":
        await emulator.clock.advance(10)
    again = await lose(drs, emulator, request, Fault.drop_before())
    assert await again.find_outcome(drs) is None
    again = await lose(drs, emulator, request, Fault.drop_after())
    found = await again.find_outcome(drs)
    assert isinstance(found, models.RecoveryPlanExecutionStep)
    assert found.attempt == 3


# -- reversals across Regions ----------------------------------------------------------------

B3 = "i-" + "e" * 17


def reversal_at_home(direction: str, **hints: str) -> dict[str, object]:
    """A server on the origin side, with a date long past."""
    return {
        "sourceServerID": "s-" + "a" * 17,
        "arn": "arn:aws:drs:us-east-1:123456789012:source-server/s-" + "a" * 17,
        "replicationDirection": direction,
        "sourceProperties": {"identificationHints": hints},
        "lifeCycle": {"addedToServiceDateTime": "2020-01-01T00:00:00+00:00"},
    }


async def away_from_home(emulator: DRSEmulator, cloud: dict[str, str]) -> AmbiguousOutcomeError:
    """Lose the reversal of an instance whose machine came from elsewhere."""
    server, instance = "s-" + "b" * 17, "i-" + "b" * 17
    place = "arn:aws:drs:eu-west-1:111122223333:"
    emulator.load(
        [
            {
                "sourceServerID": server,
                "arn": f"{place}source-server/{server}",
                "sourceCloudProperties": cloud,
            },
            {
                "recoveryInstanceID": instance,
                "arn": f"{place}recovery-instance/{instance}",
                "sourceServerID": server,
                "ec2InstanceID": B3,
                "ec2InstanceState": "RUNNING",
                "originEnvironment": "AWS",
            },
        ]
    )
    return sent_now(emulator, models.ReverseReplicationRequest(recovery_instance_id=instance))


@pytest.mark.parametrize("direction", ["FAILBACK", "FAILOVER"])
async def test_a_reversal_is_found_on_the_origin_side(
    direction: str, drs: DRSClient, emulator: DRSEmulator
) -> None:
    """A new server, or one that is pointed to the instance anew and keeps its old date."""
    error = await away_from_home(emulator, {"originRegion": "us-east-1"})
    async with DRSEmulator() as other, other.client() as home:
        assert await drs.find_outcome(error, origin=home) is None
        other.load([reversal_at_home(direction, awsInstanceID="i-" + "f" * 17)])
        assert await drs.find_outcome(error, origin=home) is None
    async with DRSEmulator() as other, other.client() as home:
        other.load([reversal_at_home(direction, awsInstanceID=B3)])
        found = await drs.find_outcome(error, origin=home)
    assert isinstance(found, models.SourceServer)
    assert found.source_server_id == "s-" + "a" * 17


@pytest.mark.parametrize(
    ("cloud", "place"),
    [
        ({"originAccountID": "444455556666"}, "444455556666, Region eu-west-1"),
        (
            {"originAccountID": "444455556666", "originRegion": "us-east-1"},
            "444455556666, Region us-east-1",
        ),
        ({"originAccountID": "111122223333", "originRegion": "eu-west-1"}, None),
    ],
    ids=str,
)
async def test_a_reversal_elsewhere_cannot_be_known_here(
    cloud: dict[str, str], place: str | None, drs: DRSClient, emulator: DRSEmulator
) -> None:
    error = await away_from_home(emulator, cloud)
    if place is None:
        assert await drs.find_outcome(error) is None
        return
    with pytest.raises(OutcomeUnknownError, match=place) as caught:
        await drs.find_outcome(error)
    assert caught.value.candidates == ()
    assert caught.value.operation == "ReverseReplication"


@pytest.mark.parametrize("direction", ["FAILBACK", "FAILOVER"])
async def test_the_origin_side_of_the_same_account_is_asked_by_itself(direction: str) -> None:
    async with DRSEmulator(regions=["eu-west-1", "us-east-1"]) as emulator:
        error = await away_from_home(emulator, {"originRegion": "us-east-1"})
        home = emulator.at(region="us-east-1")
        async with emulator.client() as drs:
            assert await error.find_outcome(drs) is None
            home.load([reversal_at_home(direction, awsInstanceID=B3)])
            found = await error.find_outcome(drs)
        assert isinstance(found, models.SourceServer)
        assert found.source_server_id == "s-" + "a" * 17
        assert {seen.operation for seen in home.requests} == {"DescribeSourceServers"}


async def test_an_origin_side_that_cannot_be_asked_is_named() -> None:
    async with DRSEmulator(regions=["eu-west-1", "us-west-2"]) as emulator:
        error = await away_from_home(emulator, {"originRegion": "us-east-1"})
        async with emulator.client() as drs:
            with pytest.raises(OutcomeUnknownError, match=r"111122223333, Region us-east-1") as no:
                await error.find_outcome(drs)
        assert isinstance(no.value.__cause__, UninitializedAccountException)


def test_an_endpoint_of_one_region_is_not_asked_about_another() -> None:
    one = DRSClient(region_name="eu-west-1", endpoint_url="https://x.drs.eu-west-1.vpce.example")
    assert one._at_region("us-east-1").endpoint_url is None
    every = DRSClient(region_name="eu-west-1", endpoint_url="http://127.0.0.1:1")
    assert every._at_region("us-east-1").endpoint_url == "http://127.0.0.1:1"
    assert every._at_region("us-east-1").region_name == "us-east-1"


# -- what the client knows by itself -----------------------------------------------------------


@pytest.mark.parametrize("ahead", [-290, 0, 290])
async def test_the_error_knows_the_skew_of_the_answers_before(
    ahead: int, emulator: DRSEmulator
) -> None:
    a, b = emulator.add_source_servers(2)
    client, _ = off_client(emulator, ahead)
    async with client as drs:
        error = await lose(drs, emulator, launch(a), Fault.drop_after())
        assert error.clock_skew is None  # nothing was answered before
        await drs.describe_jobs()
        error = await lose(drs, emulator, launch(b), Fault.drop_after())
        assert error.clock_skew is not None
        assert abs(error.clock_skew + timedelta(seconds=ahead)) <= timedelta(seconds=5)
        assert isinstance(await error.find_outcome(drs), models.Job)


async def test_a_launch_that_gather_forgot_is_found_by_its_event(
    emulator: DRSEmulator,
) -> None:
    (a,) = emulator.add_source_servers(1)
    failed: list[RequestFailed] = []

    def note(event: RequestEvent) -> None:
        if isinstance(event, RequestFailed):
            failed.append(event)

    async with emulator.client(on_request=note) as drs:
        await drs.describe_jobs()
        emulator.inject("StartRecovery", Fault.delay(3600))
        call = asyncio.ensure_future(drs.send(launch(a, tags={"run": "1"})))
        while not any(  # noqa: ASYNC110 - the emulator tells of a request by its list alone
            seen.operation == "StartRecovery" for seen in emulator.requests
        ):
            await asyncio.sleep(0)
        call.cancel()
        (gone,) = await asyncio.gather(call, return_exceptions=True)
        assert isinstance(gone, asyncio.CancelledError)
        (event,) = failed
        assert event.error is None
        assert event.request is not None
        assert event.sent_at is not None
        assert event.clock_skew is not None
        assert "run" not in repr(event)
        await drs.send(event.request)  # as if it had arrived
        found = await drs.find_outcome(
            event.request, sent_at=event.sent_at, clock_skew=event.clock_skew
        )
        assert isinstance(found, models.Job)


async def test_an_event_of_what_is_known_carries_no_request(emulator: DRSEmulator) -> None:
    failed: list[RequestEvent] = []
    async with emulator.client(on_request=failed.append) as drs:
        with pytest.raises(APIError):
            await drs.send(launch("s-" + "1" * 17))
    assert isinstance(failed[-1], RequestFailed)
    assert failed[-1].request is failed[-1].sent_at is failed[-1].clock_skew is None


@pytest.mark.parametrize("operation", UNSAFE)
async def test_an_answer_that_a_hook_took_away_is_given_back(
    operation: str, emulator: DRSEmulator
) -> None:
    request = await prepare(emulator, operation)
    session = AioSession()
    boom = RuntimeError("the hook")

    def after(**_: object) -> None:
        raise boom

    session.register("after-call.drs", after)
    async with emulator.client(session=session) as drs:
        with pytest.raises(AmbiguousOutcomeError, match="a hook of the session") as caught:
            await drs.send(request)
    assert caught.value.__cause__ is boom
    answer = caught.value.response
    assert isinstance(answer, type(request).response_type)
    assert pickle.loads(pickle.dumps(caught.value)).response == answer  # noqa: S301 - our own
    if operation == "ExportSourceNetworkCfnTemplate":
        return
    async with emulator.client() as drs:
        found = await caught.value.find_outcome(drs)
    assert found is not None
    if operation != "ReverseReplication":
        assert name_of(found) == made_by(answer)
