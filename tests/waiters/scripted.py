"""A service that follows a script on virtual time, and what the tests of the waits say about it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from drs_sdk.errors import (
    AccessDeniedException,
    APIError,
    ConnectionFailedError,
    DRSError,
    RequestTimeoutError,
    ResourceNotFoundException,
    ThrottlingException,
)
from drs_sdk.models import (
    DescribeJobLogItemsResponse,
    DescribeJobsResponse,
    DescribeRecoveryInstancesResponse,
    DescribeSourceNetworksResponse,
    DescribeSourceServersResponse,
    GetRecoveryPlanExecutionResponse,
    Job,
    JobLog,
    RecoveryInstance,
    RecoveryPlanExecution,
    SourceNetwork,
    SourceServer,
)
from drs_sdk.testing import EmulatorClock
from drs_sdk.testing.clock import DEFAULT_START
from drs_sdk.waiters.methods import Waits
from drs_sdk.waiters.polling import PollerHub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from drs_sdk._core.base import Request, Response, Shape
    from drs_sdk.waiters.watch import Watch

    ResponseT = TypeVar("ResponseT", bound=Response)
    SubjectT = TypeVar("SubjectT")

START = DEFAULT_START
EXECUTION_ARN = (
    "arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/rp-{0:017x}/rpe-{0:017x}"
)


def job_id(number: int = 1) -> str:
    return f"drsjob-{number:017x}"


def server_id(number: int = 1) -> str:
    return f"s-{number:017x}"


def instance_id(number: int = 1) -> str:
    return f"i-{number:017x}"


def network_id(number: int = 1) -> str:
    return f"sn-{number:017x}"


def execution_arn(number: int = 1) -> str:
    return EXECUTION_ARN.format(number)


def at(seconds: float) -> datetime:
    """The moment so many seconds after the beginning."""
    return START + timedelta(seconds=seconds)


def job(
    status: str = "STARTED",
    servers: Sequence[str | None] = ("PENDING",),
    *,
    number: int = 1,
    type: str = "LAUNCH",  # noqa: A002 - the service's name
    runs: Sequence[Sequence[dict[str, Any]] | None] = (),
    resources: Sequence[str] = (),
) -> Job:
    """A job with servers 1, 2, ... in these launch statuses, and with these launch action runs."""
    participating: list[dict[str, Any]] = []
    for index, launch_status in enumerate(servers):
        server: dict[str, Any] = {"sourceServerID": server_id(index + 1)}
        if launch_status is not None:
            server["launchStatus"] = launch_status
        if index < len(runs) and runs[index] is not None:
            server["launchActionsStatus"] = {"runs": list(runs[index] or ())}
        participating.append(server)
    return Job.model_validate(
        {
            "jobID": job_id(number),
            "type": type,
            "status": status,
            "participatingServers": participating,
            "participatingResources": [
                {
                    "launchStatus": each,
                    "participatingResourceID": {"sourceNetworkID": network_id(index + 1)},
                }
                for index, each in enumerate(resources)
            ],
        }
    )


def run_of(
    status: str, *, name: str = "patch", reason: str = "", optional: bool = False
) -> dict[str, Any]:
    """A run of a launch action, as the service shows it."""
    action = {"name": name, "optional": optional}
    return {"status": status, "action": action, **({"failureReason": reason} if reason else {})}


def server(
    state: str,
    *,
    number: int = 1,
    lag: str | None = None,
    copied: float | None = None,
    error: str = "",
) -> SourceServer:
    info: dict[str, Any] = {"dataReplicationState": state}
    if lag is not None:
        info["lagDuration"] = lag
    if copied is not None:
        info["replicatedDisks"] = [
            {"totalStorageBytes": 1000, "replicatedStorageBytes": int(1000 * copied)}
        ]
    if error:
        info["dataReplicationError"] = {"error": error}
    return SourceServer.model_validate(
        {"sourceServerID": server_id(number), "dataReplicationInfo": info}
    )


def instance(
    state: str = "RUNNING", *, number: int = 1, failback: str | None = None, **members: object
) -> RecoveryInstance:
    shown: dict[str, Any] = {
        "recoveryInstanceID": instance_id(number),
        "ec2InstanceState": state,
        **members,
    }
    if failback is not None:
        shown["failback"] = {"state": failback}
    return RecoveryInstance.model_validate(shown)


def network(status: str, *, number: int = 1, details: str = "") -> SourceNetwork:
    return SourceNetwork.model_validate(
        {
            "sourceNetworkID": network_id(number),
            "replicationStatus": status,
            **({"replicationStatusDetails": details} if details else {}),
        }
    )


def execution(status: str, *, number: int = 1, message: str = "") -> RecoveryPlanExecution:
    return RecoveryPlanExecution.model_validate(
        {
            "recoveryPlanExecutionArn": execution_arn(number),
            "status": status,
            **({"errorDetail": {"message": message}} if message else {}),
        }
    )


def event(
    name: str, seconds: float = 0, server: str | None = None, **data: object
) -> JobLog:  # a log item
    members = {"sourceServerID": server, **data} if server else dict(data)
    return JobLog.model_validate(
        {"event": name, "logDateTime": at(seconds).isoformat(), "eventData": members}
    )


def api_error(
    kind: type[APIError], status: int, *, retry_after: float | None = None, operation: str = ""
) -> APIError:
    answer = {
        "Error": {"Code": kind.__name__, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return kind(answer, operation or "Describe", retry_after=retry_after)


def throttled(retry_after: float | None = None) -> APIError:
    return api_error(ThrottlingException, 429, retry_after=retry_after)


def broken(status: int = 503) -> APIError:
    return api_error(APIError, status)


def reset() -> DRSError:
    return ConnectionFailedError("the connection was reset")


def timed_out() -> DRSError:
    return RequestTimeoutError("no answer in time")


def denied() -> APIError:
    return api_error(AccessDeniedException, 403)


@dataclass(frozen=True)
class Call:
    """A call as it arrived."""

    at: datetime
    operation: str
    ids: tuple[str, ...]


@dataclass
class ScriptedService(Waits):
    """A client without a network: what it answers stands in a script, by the virtual clock.

    Attributes:
        clock: The time it all happens on.
        states: Of each subject, from when on it is in which state; None means it is not there.
        failures: The errors of the next calls, in order; None lets a call through.
        fails: Says whether a call fails, and how.
        latency: How long a call takes.
        hangs: Says whether a call never ends.
        logs: The log of each job.
        calls: What was asked.
        under_way: How many calls are in work now.
    """

    clock: EmulatorClock = field(default_factory=EmulatorClock)
    states: dict[str, list[tuple[float, Shape | None]]] = field(default_factory=dict)
    failures: list[BaseException | None] = field(default_factory=list)
    fails: Callable[[Call], Exception | None] = lambda _: None
    latency: float = 0.0
    hangs: Callable[[Call], bool] = lambda _: False
    logs: dict[str, list[JobLog]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    under_way: int = 0

    def __post_init__(self) -> None:
        self.hub = PollerHub(self, self.clock)

    @property
    def _pollers(self) -> PollerHub:
        return self.hub

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return (self.clock.now() - START).total_seconds()

    @property
    def polled_at(self) -> list[float]:
        """When calls were made, in seconds since the beginning."""
        return [(call.at - START).total_seconds() for call in self.calls]

    def put(self, subject: str, *states: tuple[float, Shape | None]) -> None:
        """Write the script of a subject."""
        self.states[subject] = list(states)

    def state(self, subject: str) -> Shape | None:
        """What a subject is in now."""
        past = [shown for since, shown in self.states.get(subject, []) if since <= self.elapsed]
        return past[-1] if past else None

    def show(self, ids: Iterable[str]) -> list[Any]:
        """What the service has of some ids."""
        return [found for found in map(self.state, ids) if found is not None]

    async def send(self, request: Request[ResponseT]) -> ResponseT:
        ids = _ids_in(request)
        call = Call(self.clock.now(), request.operation, tuple(ids))
        self.calls.append(call)
        self.under_way += 1
        try:
            with self.clock.busy():  # as the clients of the emulator do
                await self.clock.sleep(365 * 86400 if self.hangs(call) else self.latency)
                failure = self.failures.pop(0) if self.failures else self.fails(call)
                if failure is not None:
                    raise failure
                return cast("ResponseT", self._answer(request, ids))
        finally:
            self.under_way -= 1

    def _answer(self, request: Request[Any], ids: list[str]) -> Response:
        if request.operation == "DescribeJobLogItems":
            return DescribeJobLogItemsResponse(items=self.logs.get(ids[0], []))
        if request.operation == "GetRecoveryPlanExecution":
            found = self.show(ids)
            if not found:
                raise api_error(ResourceNotFoundException, 404)
            return GetRecoveryPlanExecutionResponse(recovery_plan_execution=found[0])
        if request.operation == "DescribeRecoveryInstances" and ids[0].startswith("s-"):
            instances = [self.state(name) for name in self.states if name.startswith("i-")]
            return DescribeRecoveryInstancesResponse(
                items=[
                    each
                    for each in instances
                    if isinstance(each, RecoveryInstance) and each.source_server_id in ids
                ]
            )
        if request.operation == "DescribeSourceServers" and not ids:
            ids = [name for name in self.states if name.startswith("s-")]
        return _DESCRIBES[request.operation](items=self.show(ids))


_DESCRIBES: dict[str, Callable[..., Response]] = {
    "DescribeJobs": DescribeJobsResponse,
    "DescribeSourceServers": DescribeSourceServersResponse,
    "DescribeSourceNetworks": DescribeSourceNetworksResponse,
    "DescribeRecoveryInstances": DescribeRecoveryInstancesResponse,
}


def _ids_in(request: Request[Any]) -> list[str]:
    members = request.model_dump(exclude_none=True)
    filters = members.get("filters") or {}
    for value in filters.values():
        if isinstance(value, list):
            return value
    return [members[name] for name in ("job_id", "recovery_plan_execution_arn") if name in members]


def calls_per_moment(service: ScriptedService, operation: str) -> list[int]:
    """How many calls of an operation were made at each moment that had any."""
    counted = Counter(call.at for call in service.calls if call.operation == operation)
    return [counted[moment] for moment in sorted(counted)]


def is_idle(service: ScriptedService) -> bool:
    """Whether nothing of a wait is left: no call, no sleeper, no task but the caller's."""
    return not service.under_way and not service.clock.sleepers and len(asyncio.all_tasks()) == 1


async def settle(service: ScriptedService) -> None:
    """Let what is ending end, without time passing."""
    with service.clock.busy():
        for _ in range(100):
            if is_idle(service):
                return
            await asyncio.sleep(0)


async def walk(watch: Watch[SubjectT], seen: list[SubjectT]) -> None:
    """Note what a watch yields."""
    async for each in watch:
        seen.append(each)  # noqa: PERF401 - what came before an error counts
