"""An unsafe operation is sent once, whatever a session's handlers and classes do."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from aiobotocore.session import AioSession
from loopback import Exchange, answer, client_for, hang_up, loopback, refuse, stay_silent, truncate

from drs_sdk.errors import AmbiguousOutcomeError, ClientClosedError, RequestValidationError
from drs_sdk.models import (
    DescribeJobsRequest,
    DescribeJobsRequestFilters,
    StartRecoveryRequest,
    StartRecoveryRequestSourceServer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from loopback import Loopback, Step

pytestmark = pytest.mark.usefixtures("own_environment")

ID = "s-0123456789abcdef0"
SERVERS = [{"source_server_id": ID}]
LEVELS = ["needs-retry", "needs-retry.drs", "needs-retry.drs.StartRecovery"]
PLACES = ["register_first", "register", "register_last"]
FAULTS: dict[str, Step] = {
    "500": refuse(500),
    "503": refuse(503),
    "no answer": hang_up,
    "half an answer": truncate,
    "no JSON": answer(b"<html>"),
}


def eager(attempts: int, **_: object) -> float | None:
    """Ask for the attempt to be made again, whatever became of it."""
    return 0 if attempts < 4 else None


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("level", LEVELS)
async def test_a_retry_handler_of_the_session_sends_no_second_launch(
    level: str, place: str, fault: str
) -> None:
    session = AioSession()
    getattr(session.get_component("event_emitter"), place)(level, eager)
    async with loopback(FAULTS[fault]) as server, client_for(server, session=session) as drs:
        with pytest.raises(AmbiguousOutcomeError) as caught:
            await drs.start_recovery(SERVERS)
        assert len(server.requests) == 1
        assert caught.value.request.operation == "StartRecovery"


async def test_a_retry_handler_of_the_session_may_repeat_what_does_no_harm() -> None:
    session = AioSession()
    session.register("needs-retry.drs", eager)
    async with loopback(refuse(503), answer()) as server, client_for(server, session=session) as d:
        await d.describe_source_servers()
        assert len(server.requests) > 1


@pytest.mark.parametrize("fault", ["none", *FAULTS])
async def test_a_class_that_calls_twice_sends_no_second_launch(fault: str) -> None:
    class Twice:
        async def _make_api_call(self, operation: str, parameters: dict[str, Any]) -> object:
            call: Callable[..., Any] = super()._make_api_call  # type: ignore[misc]
            with contextlib.suppress(Exception):
                await call(operation, parameters)
            return await call(operation, parameters)

    def insert(base_classes: list[type], **_: object) -> None:
        base_classes.insert(0, Twice)

    session = AioSession()
    session.register("creating-client-class.drs", insert)
    step = FAULTS.get(fault, answer())
    async with loopback(step) as server, client_for(server, session=session) as drs:
        with pytest.raises(AmbiguousOutcomeError):
            await drs.start_recovery(SERVERS)
        assert len(server.requests) == 1


async def test_a_refusal_is_still_tried_again() -> None:
    throttle = refuse(429, "ThrottlingException")
    async with loopback(throttle, throttle, answer()) as server, client_for(server) as drs:
        await drs.start_recovery(SERVERS)
        assert len(server.requests) == 3


async def test_a_launch_never_uses_a_connection_that_has_stood_idle() -> None:
    async with loopback() as server, client_for(server) as drs:
        for _ in range(3):
            await drs.describe_source_servers()
        assert server.connections == 1
        for sent in range(1, 7):
            await drs.start_recovery(SERVERS)
            assert server.connections == 1 + sent
        await drs.describe_source_servers()
        assert server.connections == 7


# What the object says is what goes on the wire


class Drill(StartRecoveryRequest, frozen=True):
    is_drill: bool | None = True


class Labelled(StartRecoveryRequest, frozen=True):
    label: str = "mine"


class Pinned(StartRecoveryRequestSourceServer, frozen=True):
    recovery_snapshot_id: str | None = "pit-0123456789abcdef0"


def _requests() -> dict[str, StartRecoveryRequest]:
    plain = StartRecoveryRequest(source_servers=SERVERS, is_drill=True)
    real = StartRecoveryRequest(source_servers=SERVERS)
    servers = plain.source_servers
    return {
        "built": plain,
        "subclass": Drill(source_servers=SERVERS),
        "subclass, copied": Drill(source_servers=SERVERS).model_copy(),
        "copied": real.model_copy(update={"is_drill": True}),
        "copied deeply": plain.model_copy(deep=True),
        "constructed": StartRecoveryRequest.model_construct(source_servers=servers, is_drill=True),
        "constructed, nothing set": StartRecoveryRequest.model_construct(
            set(), source_servers=servers, is_drill=True
        ),
        "unpickled": pickle.loads(pickle.dumps(plain)),  # noqa: S301 - our own
        "subclass, unpickled": pickle.loads(pickle.dumps(Drill(source_servers=SERVERS))),  # noqa: S301
        "validated": StartRecoveryRequest.model_validate(
            {"sourceServers": [{"sourceServerID": ID}], "isDrill": True}
        ),
    }


@pytest.mark.parametrize("how", _requests())
async def test_a_drill_is_sent_as_a_drill_however_it_was_made(how: str) -> None:
    async with loopback() as server, client_for(server) as drs:
        await drs.send(_requests()[how])
    assert server.requests[0].json == {
        "sourceServers": [{"sourceServerID": ID}],
        "isDrill": True,
    }


async def test_a_default_of_a_nested_subclass_is_sent() -> None:
    async with loopback() as server, client_for(server) as drs:
        await drs.start_recovery([Pinned(source_server_id=ID)])
    sent = {"sourceServerID": ID, "recoverySnapshotID": "pit-0123456789abcdef0"}
    assert server.requests[0].json == {"sourceServers": [sent]}


@pytest.mark.parametrize(
    "request_",
    [
        Labelled(source_servers=SERVERS),
        StartRecoveryRequest.model_construct(source_servers="all", is_drill=True),
        StartRecoveryRequest(source_servers=SERVERS).model_copy(update={"is_drill": "yes"}),
    ],
    ids=["a field of its own", "no list", "no bool"],
)
async def test_what_cannot_be_sent_as_it_is_is_refused(request_: StartRecoveryRequest) -> None:
    async with loopback() as server, client_for(server) as drs:
        with pytest.raises(RequestValidationError) as caught:
            await drs.send(request_)
    assert not server.requests
    assert caught.value.operation == "StartRecovery"
    assert caught.value.problems[0].path in {"label", "source_servers", "is_drill"}


class Covered(StartRecoveryRequest, frozen=True):
    is_drill: ClassVar[bool] = True  # type: ignore[misc]  # pyright: ignore[reportIncompatibleVariableOverride]


class AlwaysDrill:
    @property
    def is_drill(self) -> bool:
        return True


class Hidden(AlwaysDrill, StartRecoveryRequest, frozen=True):  # type: ignore[misc]  # pyright: ignore[reportIncompatibleVariableOverride]
    pass


class Loose(StartRecoveryRequest, frozen=True, extra="allow"):
    pass


class Named(StartRecoveryRequestSourceServer, frozen=True):
    label: str = "mine"


def _set(name: str) -> StartRecoveryRequest:
    request = StartRecoveryRequest(source_servers=SERVERS)
    object.__setattr__(request, name, True)
    return request


def _copied(**update: object) -> StartRecoveryRequest:
    return StartRecoveryRequest(source_servers=SERVERS).model_copy(update=update)


def _with(server: StartRecoveryRequestSourceServer) -> StartRecoveryRequest:
    return StartRecoveryRequest(source_servers=[server], is_drill=True)


def _server(**update: object) -> StartRecoveryRequestSourceServer:
    return StartRecoveryRequestSourceServer(source_server_id=ID).model_copy(update=update)


UNSAID: dict[str, tuple[str, Callable[[], StartRecoveryRequest]]] = {
    "copied, misspelt": ("is_dril", lambda: _copied(is_dril=True)),
    "copied by the service's name": ("isDrill", lambda: _copied(isDrill=True)),
    "copied, then deeply": ("isDrill", lambda: copy.deepcopy(_copied(isDrill=True))),
    "copied, then unpickled": (
        "isDrill",
        lambda: pickle.loads(pickle.dumps(_copied(isDrill=True))),  # noqa: S301 - our own
    ),
    "set past the model": ("isDrill", lambda: _set("isDrill")),
    "covered by a class variable": ("is_drill", lambda: Covered(source_servers=SERVERS)),
    "covered by a property": (
        "is_drill",
        lambda: Hidden(source_servers=SERVERS, is_drill=False),
    ),
    "an extra": ("is_dril", lambda: Loose.model_validate({"is_dril": 1, "sourceServers": SERVERS})),
    "constructed, misspelt": (
        "is_dril",
        lambda: StartRecoveryRequest.model_construct(source_servers=SERVERS, is_dril=True),
    ),
    "nested, a field of its own": (
        "source_servers[0].label",
        lambda: _with(Named(source_server_id=ID)),
    ),
    "nested, by the service's name": (
        "source_servers[0].recoverySnapshotID",
        lambda: _with(_server(recoverySnapshotID="pit-0123456789abcdef0")),
    ),
}


@pytest.mark.parametrize("how", UNSAID)
async def test_what_an_object_says_and_would_not_be_sent_is_refused(how: str) -> None:
    path, make = UNSAID[how]
    async with loopback() as server, client_for(server) as drs:
        with pytest.raises(RequestValidationError) as caught:
            await drs.send(make())
    assert not server.requests
    assert [problem.path for problem in caught.value.problems] == [path]


async def test_what_a_structure_in_it_says_and_would_not_be_sent_is_refused() -> None:
    filters = DescribeJobsRequestFilters(job_ids=["drsjob-0123456789abcdef0"])
    asks = DescribeJobsRequest(filters=filters.model_copy(update={"job_idz": []}))
    async with loopback() as server, client_for(server) as drs:
        with pytest.raises(RequestValidationError) as caught:
            await drs.send(asks)
    assert not server.requests
    assert [problem.path for problem in caught.value.problems] == ["filters.job_idz"]


async def test_constructed_by_the_services_names_it_is_sent() -> None:
    made = StartRecoveryRequest.model_construct(sourceServers=[_server()], isDrill=True)
    async with loopback() as server, client_for(server) as drs:
        await drs.send(made)
    assert server.requests[0].json["isDrill"] is True


# Cut short


def _lost(error: BaseException) -> AmbiguousOutcomeError:
    cause = error.__cause__
    assert isinstance(cause, AmbiguousOutcomeError)
    assert cause.request.operation == "StartRecovery"
    return cause


async def _under_way(server: Loopback, call: Any) -> asyncio.Task[object]:  # noqa: ANN401
    task = asyncio.ensure_future(call)
    await server.arrived.acquire()
    return task


async def test_a_launch_that_is_cancelled_keeps_what_a_look_for_it_needs() -> None:
    async with loopback(stay_silent) as server, client_for(server) as drs:
        task = await _under_way(server, drs.start_recovery(SERVERS))
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert _lost(caught.value).sent_at.tzinfo is not None


async def _in_a_task_group(launch: Any, sent: Any) -> None:  # noqa: ANN401 - awaitables
    async with asyncio.TaskGroup() as group:
        group.create_task(launch)
        await sent
        raise LookupError("another task failed")


async def _gathered(launch: Any, sent: Any) -> None:  # noqa: ANN401
    task = asyncio.ensure_future(launch)
    await sent
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _by_the_clock(launch: Any, sent: Any) -> None:  # noqa: ANN401
    task = asyncio.ensure_future(launch)
    await sent
    async with asyncio.timeout(0):
        await task


async def _dropped(launch: Any, sent: Any) -> None:  # noqa: ANN401
    task = asyncio.ensure_future(launch)
    await sent
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.parametrize("end", [_in_a_task_group, _gathered, _by_the_clock, _dropped])
async def test_a_cancelled_launch_that_nobody_hears_of_is_told_by_event_and_log(
    end: Any,  # noqa: ANN401
    caplog: pytest.LogCaptureFixture,
) -> None:
    events: list[Any] = []
    async with (
        loopback(stay_silent) as server,
        client_for(server, on_request=events.append) as drs,
    ):
        with contextlib.suppress(ExceptionGroup, TimeoutError):
            await end(drs.start_recovery(SERVERS), server.arrived.acquire())
    assert events[-1].request.operation == "StartRecovery"
    assert events[-1].sent_at is not None
    (told,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "StartRecovery was cancelled after it was sent at" in told.getMessage()
    assert "not known" in told.getMessage()


@pytest.mark.parametrize("end", [_in_a_task_group, _gathered])
async def test_a_cancelled_call_that_may_be_repeated_warns_of_nothing(
    end: Any,  # noqa: ANN401
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with loopback(stay_silent) as server, client_for(server) as drs:
        with contextlib.suppress(ExceptionGroup):
            await end(drs.initialize_service(), server.arrived.acquire())
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


async def test_a_launch_that_is_cut_off_by_closing_keeps_it_too() -> None:
    async with loopback(stay_silent) as server, client_for(server) as drs:
        task = await _under_way(server, drs.start_recovery(SERVERS))
        await drs.aclose()
        with pytest.raises(ClientClosedError) as caught:
            await task
        _lost(caught.value)


async def test_a_read_that_is_cancelled_has_no_outcome_to_look_for() -> None:
    async with loopback(stay_silent) as server, client_for(server) as drs:
        task = await _under_way(server, drs.describe_source_servers())
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert caught.value.__cause__ is None


async def test_a_launch_that_is_cancelled_before_it_leaves_did_not_happen() -> None:
    async def throttle_then_wait(exchange: Exchange) -> None:
        await refuse(429, "ThrottlingException", headers={"Retry-After": "60"})(exchange)

    class StandingClock:
        def __init__(self) -> None:
            self.sleeps = asyncio.Event()

        def now(self) -> Any:  # noqa: ANN401
            from datetime import UTC, datetime

            return datetime.now(UTC)

        async def sleep(self, _: float) -> None:
            self.sleeps.set()
            await asyncio.Event().wait()

    clock = StandingClock()
    async with loopback(throttle_then_wait) as server, client_for(server, clock=clock) as drs:
        task = asyncio.ensure_future(drs.start_recovery(SERVERS))
        await clock.sleeps.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert caught.value.__cause__ is None


def test_an_aiohttp_that_sends_in_another_way_is_refused() -> None:
    code = "import aiohttp; del aiohttp.ClientRequest.send; import drs_sdk._transport.http"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)  # noqa: PLW1510, S603
    assert done.returncode == 1
    assert "could not tell whether a launch has left" in done.stderr
