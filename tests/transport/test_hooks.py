"""Every hook of a session: called once an attempt, in order, and unable to send a second time."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.config import AioConfig
from botocore.exceptions import ClientError, NoCredentialsError
from loopback import (
    answer,
    client_for,
    hang_up,
    loopback,
    new_session,
    refuse,
    stay_silent,
    truncate,
)

from drs_sdk.errors import (
    AmbiguousOutcomeError,
    APIError,
    ConflictException,
    ConnectionFailedError,
    CredentialsError,
    DRSError,
    ResponseDecodeError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiobotocore.session import AioSession
    from loopback import Step

pytestmark = pytest.mark.usefixtures("own_environment")

SERVERS = [{"source_server_id": "s-0123456789abcdef0"}]
JOB = {"jobID": "drsjob-0123456789abcdef0", "arn": "arn:aws:drs:eu-west-1:111122223333:job/x"}
LAUNCHED = answer({"job": JOB})
THROTTLE = refuse(429, "ThrottlingException")


def moved(status: int) -> Step:
    return refuse(status, headers={"Location": "/StartRecovery"})


BEFORE_SIGNING = [
    "provide-client-params",
    "before-parameter-build",
    "before-endpoint-resolution",
    "before-call",
    "request-created",
    "choose-signer",
    "before-sign",
]
BEFORE_SENDING = [*BEFORE_SIGNING, "before-send"]
AFTER_SENDING = ["response-received", "after-call"]
CALLED = [*BEFORE_SENDING, *AFTER_SENDING]
NEVER = ["needs-retry", "before-parse"]
EVENTS = [*CALLED, "after-call-error", *NEVER]
LEVELS = ["{0}.drs.StartRecovery", "{0}.drs", "{0}", "{0}.*.*"]
PLACES = ["register_first", "register", "register_last"]


def emitter(session: AioSession) -> Any:  # noqa: ANN401 - botocore has no types
    return session.get_component("event_emitter")


def hooked(event: str, hook: Callable[..., object], place: str = "register") -> AioSession:
    session = new_session()
    getattr(emitter(session), place)(event, hook)
    return session


def with_every_hook(calls: list[tuple[str, str, str]]) -> AioSession:
    """Register one hook for each event, level and place."""
    session = new_session()
    for event in EVENTS:
        for level in LEVELS:
            for place in PLACES:

                def note(
                    *, event: str = event, level: str = level, place: str = place, **_: object
                ) -> None:
                    calls.append((event, level, place))

                getattr(emitter(session), place)(level.format(event), _accepting(note))
    return session


def _accepting(note: Callable[..., None]) -> Callable[..., None]:
    def hook(**arguments: object) -> None:
        del arguments  # the emitter's own names must not take the place of ours
        note()

    return hook


async def _as_botocore_does(*steps: Step) -> list[tuple[str, str, str]]:
    calls: list[tuple[str, str, str]] = []
    config = AioConfig(proxies={}, retries={"mode": "standard", "total_max_attempts": len(steps)})
    async with (
        loopback(*steps) as server,
        with_every_hook(calls).create_client(
            "drs",
            region_name="eu-west-1",
            endpoint_url=server.url,
            aws_access_key_id="AKID",
            aws_secret_access_key="secret",
            config=config,
        ) as raw,
    ):
        try:
            await raw.start_recovery(sourceServers=[{"sourceServerID": "s-0123456789abcdef0"}])
        except Exception:  # noqa: BLE001 - only the hooks count
            assert "after-call-error" in {event for event, _, _ in calls}
    return [call for call in calls if call[0] not in NEVER]


async def test_every_hook_is_called_once_an_attempt_in_botocores_order() -> None:
    calls: list[tuple[str, str, str]] = []
    async with (
        loopback(THROTTLE, THROTTLE, LAUNCHED) as server,
        client_for(server, session=with_every_hook(calls)) as drs,
    ):
        await drs.start_recovery(SERVERS)
        assert len(server.requests) == 3
    one = len(calls) // 3
    first = calls[:one]
    assert calls == 3 * first
    assert len(set(first)) == one, "each once"
    assert {event for event, _, _ in first} == set(CALLED)
    assert first == await _as_botocore_does(LAUNCHED)


async def test_the_hooks_of_a_failed_attempt_are_botocores_too() -> None:
    calls: list[tuple[str, str, str]] = []
    async with (
        loopback(hang_up) as server,
        client_for(server, session=with_every_hook(calls)) as drs,
    ):
        with pytest.raises(AmbiguousOutcomeError):
            await drs.start_recovery(SERVERS)
        assert len(server.requests) == 1
    called = {event for event, _, _ in calls}
    assert called == {*CALLED, "after-call-error"} - {"after-call"}
    assert calls == await _as_botocore_does(hang_up)


# -- a hook that raises ----------------------------------------------------------------------

RAISED = {
    "KeyError": lambda: KeyError("theirs"),
    "TypeError": lambda: TypeError("theirs"),
    "ValueError": lambda: ValueError("theirs"),
    "TimeoutError": lambda: TimeoutError("theirs"),
    "ConnectionResetError": lambda: ConnectionResetError("theirs"),
    "NoCredentialsError": NoCredentialsError,
    "ClientError": lambda: ClientError(
        {"Error": {"Code": "Throttling"}, "ResponseMetadata": {"HTTPStatusCode": 503}}, "GetItem"
    ),
    "ConnectionFailedError": lambda: ConnectionFailedError("theirs"),
    "ConflictException": lambda: ConflictException({}, "DescribeJobs"),
}


def raising(error: Exception) -> Callable[..., object]:
    def hook(**_: object) -> None:
        raise error

    return hook


@pytest.mark.parametrize(
    ("kind", "place"),
    [*((kind, "register") for kind in RAISED), *(("KeyError", place) for place in PLACES)],
)
@pytest.mark.parametrize("event", BEFORE_SENDING)
async def test_what_a_hook_raises_before_the_sending_is_its_own_and_nothing_leaves(
    event: str, place: str, kind: str
) -> None:
    error = RAISED[kind]()
    session = hooked(event, raising(error), place)
    async with loopback(LAUNCHED) as server, client_for(server, session=session) as drs:
        with pytest.raises(DRSError) as caught:
            await drs.start_recovery(SERVERS)
        assert not server.requests
    assert error in {caught.value, caught.value.__cause__}
    assert not isinstance(caught.value, AmbiguousOutcomeError | CredentialsError)
    if caught.value is not error:
        assert "StartRecovery was not sent" in str(caught.value)


@pytest.mark.parametrize("kind", RAISED)
@pytest.mark.parametrize("event", AFTER_SENDING)
async def test_what_a_hook_raises_after_a_launch_does_not_lose_the_job(
    event: str, kind: str
) -> None:
    error = RAISED[kind]()
    session = hooked(event, raising(error))
    async with loopback(LAUNCHED) as server, client_for(server, session=session) as drs:
        with pytest.raises(AmbiguousOutcomeError) as caught:
            await drs.start_recovery(SERVERS)
        assert len(server.requests) == 1
        found: Any = await drs.find_outcome(caught.value)
        assert len(server.requests) == 1, "the answer is at hand"
    assert caught.value.__cause__ is error
    assert found.job_id == JOB["jobID"]


@pytest.mark.parametrize("kind", RAISED)
@pytest.mark.parametrize("event", AFTER_SENDING)
async def test_what_a_hook_raises_after_a_read_is_not_repeated(event: str, kind: str) -> None:
    error = RAISED[kind]()
    session = hooked(event, raising(error))
    async with loopback(answer()) as server, client_for(server, session=session) as drs:
        with pytest.raises(DRSError) as caught:
            await drs.describe_jobs()
        assert len(server.requests) == 1
    assert error in {caught.value, caught.value.__cause__}


@pytest.mark.parametrize("event", AFTER_SENDING)
@pytest.mark.parametrize(("status", "is_known"), [(409, True), (429, True), (500, False)])
async def test_a_hook_that_raises_after_a_refusal_makes_no_riddle_of_it(
    status: int, event: str, *, is_known: bool
) -> None:
    error = KeyError("theirs")
    session = hooked(event, raising(error))
    async with loopback(refuse(status)) as server, client_for(server, session=session) as drs:
        with pytest.raises(DRSError) as caught:
            await drs.start_recovery(SERVERS)
        assert len(server.requests) == 1
    assert caught.value.__cause__ is error
    assert isinstance(caught.value, AmbiguousOutcomeError) is not is_known


@pytest.mark.parametrize("event", ["after-call-error", "response-received"])
async def test_a_hook_that_raises_on_a_lost_answer_does_not_hide_that_it_is_lost(
    event: str,
) -> None:
    error = KeyError("theirs")
    session = hooked(event, raising(error))
    async with loopback(hang_up) as server, client_for(server, session=session) as drs:
        with pytest.raises(AmbiguousOutcomeError) as caught:
            await drs.start_recovery(SERVERS)
        assert len(server.requests) == 1
    assert caught.value.__cause__ is error


# -- a hook that answers ---------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("place", PLACES)
async def test_what_a_hook_answers_before_the_call_is_the_answer(place: str, level: str) -> None:
    parsed = {"job": JOB, "ResponseMetadata": {"HTTPStatusCode": 202, "RequestId": "stub"}}
    session = hooked(
        level.format("before-call"),
        lambda **_: (SimpleNamespace(status_code=202, headers={}), parsed),
        place,
    )
    async with loopback() as server, client_for(server, session=session) as drs:
        response = await drs.start_recovery(SERVERS)
        assert not server.requests
    assert response.job is not None
    assert response.job.job_id == JOB["jobID"]
    assert response.response_metadata.request_id == "stub"
    assert response.response_metadata.http_status == 202


@pytest.mark.parametrize("status", [400, 409, 429, 500, 503])
async def test_a_refusal_that_a_hook_answers_is_final(status: int) -> None:
    calls: list[object] = []
    parsed = {
        "Error": {"Code": "ConflictException", "Message": "stubbed"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }

    def refused(**_: object) -> object:
        calls.append(1)
        return SimpleNamespace(status_code=status, headers={}), parsed

    session = hooked("before-call.drs.StartRecovery", refused)
    async with loopback() as server, client_for(server, session=session) as drs:
        with pytest.raises(DRSError) as caught:
            await drs.start_recovery(SERVERS)
        assert not server.requests
    assert len(calls) == 1
    expected = AmbiguousOutcomeError if status >= 500 else ConflictException
    assert type(caught.value) is expected, "whoever answered may have sent it"


@pytest.mark.parametrize("is_awaited", [True, False])
async def test_what_a_hook_answers_before_the_sending_is_the_answer(*, is_awaited: bool) -> None:
    body = json.dumps({"job": JOB}).encode()

    async def later() -> bytes:
        return body

    def taken(**_: object) -> object:
        content = later() if is_awaited else body
        return SimpleNamespace(status_code=200, headers={"x-amzn-requestid": "m"}, content=content)

    session = hooked("before-send.drs.StartRecovery", taken)
    async with loopback() as server, client_for(server, session=session) as drs:
        response = await drs.start_recovery(SERVERS)
        assert not server.requests
    assert response.job is not None
    assert response.job.job_id == JOB["jobID"]
    assert response.response_metadata.request_id == "m"


@pytest.mark.parametrize("kind", [*RAISED, "broken answer"])
async def test_a_launch_that_a_hook_sent_by_itself_is_not_lost_either(kind: str) -> None:
    """A client of its own may have sent it: what comes after that is about a launch."""
    is_broken = kind == "broken answer"
    error = ValueError("unused") if is_broken else RAISED[kind]()
    content = b"<" if is_broken else json.dumps({"job": JOB}).encode()
    session = hooked(
        "before-send.drs.StartRecovery",
        lambda **_: SimpleNamespace(status_code=200, headers={}, content=content),
    )
    if not is_broken:
        session.register("after-call.drs", raising(error))
    async with loopback() as server, client_for(server, session=session) as drs:
        with pytest.raises(AmbiguousOutcomeError) as caught:
            await drs.start_recovery(SERVERS)
        assert not server.requests
    assert (caught.value.response is None) is is_broken


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "event", sorted(set(EVENTS) - {"before-call", "before-send", "provide-client-params"})
)
async def test_what_a_hook_answers_elsewhere_sends_nothing_twice(
    event: str, level: str, place: str
) -> None:
    answers = {"choose-signer": "v4"}
    session = hooked(level.format(event), lambda **_: answers.get(event, 0), place)
    async with loopback(refuse(503)) as server, client_for(server, session=session) as drs:
        with pytest.raises(AmbiguousOutcomeError):
            await drs.start_recovery(SERVERS)
        assert len(server.requests) == 1


# -- a hook that changes its arguments -------------------------------------------------------


async def test_parameters_that_a_hook_gives_are_sent() -> None:
    given = {"sourceServers": [{"sourceServerID": "s-0123456789abcdef1"}], "isDrill": True}
    session = hooked("provide-client-params.drs.StartRecovery", lambda **_: given)
    async with loopback(LAUNCHED) as server, client_for(server, session=session) as drs:
        await drs.start_recovery(SERVERS)
        assert server.requests[0].json == given


async def test_what_a_hook_changes_is_changed_for_its_own_attempt_only() -> None:
    def build(params: dict[str, Any], **_: object) -> None:
        params["sourceServers"].append({"sourceServerID": "s-0123456789abcdef1"})

    def call(params: dict[str, Any], **_: object) -> None:
        params["headers"]["X-Call"] = params["headers"].get("X-Call", "") + "c"

    def send(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore has no types
        assert isinstance(request.headers["Authorization"], bytes)
        request.headers["X-Send"] = b"s"

    session = hooked("before-parameter-build.drs.StartRecovery", build)
    session.register("before-call.drs", call)
    session.register("before-send.drs", send)
    async with (
        loopback(THROTTLE, THROTTLE, LAUNCHED) as server,
        client_for(server, session=session) as drs,
    ):
        await drs.start_recovery(SERVERS)
        sent = server.requests
    assert [len(seen.json["sourceServers"]) for seen in sent] == [2, 2, 2]
    assert [seen.headers["x-call"] for seen in sent] == ["c", "c", "c"]
    assert [seen.headers["x-send"] for seen in sent] == ["s", "s", "s"]


@pytest.mark.parametrize("event", AFTER_SENDING)
async def test_what_a_hook_does_to_an_answer_does_not_touch_the_model(event: str) -> None:
    def spoil(
        parsed: dict[str, Any] | None = None,
        parsed_response: dict[str, Any] | None = None,
        response_dict: dict[str, Any] | None = None,
        **_: object,
    ) -> None:
        for each in (parsed, parsed_response, response_dict):
            if each is not None:
                each.clear()

    session = hooked(event, spoil)
    async with loopback(LAUNCHED) as server, client_for(server, session=session) as drs:
        response = await drs.start_recovery(SERVERS)
    assert response.job is not None
    assert response.job.job_id == JOB["jobID"]
    assert response.response_metadata.request_id == "req-1"


async def test_hooks_see_metadata_and_bytes_of_each_attempt() -> None:
    seen: list[tuple[int, object, object]] = []

    def received(parsed_response: Any, response_dict: Any, **_: object) -> None:  # noqa: ANN401
        metadata = parsed_response["ResponseMetadata"]
        seen.append((metadata["HTTPStatusCode"], metadata["RetryAttempts"], response_dict["body"]))

    session = hooked("response-received.drs", received)
    async with (
        loopback(THROTTLE, answer({"items": []})) as server,
        client_for(server, session=session) as drs,
    ):
        await drs.describe_jobs()
    assert [(status, retries) for status, retries, _ in seen] == [(429, 0), (200, 1)]
    assert json.loads(seen[1][2]) == {"items": []}  # type: ignore[call-overload]


async def test_a_hook_may_set_the_time_to_wait_for_an_answer() -> None:
    def patient(context: dict[str, Any], **_: object) -> None:
        context["read_timeout"] = 0.05

    async def never(_: object) -> None:
        await server.released.wait()

    session = hooked("before-parameter-build.drs.DescribeJobs", patient)
    async with loopback(never) as server, client_for(server, session=session) as drs:
        with pytest.raises(ConnectionFailedError, match="no answer in time"):
            await drs.with_options(max_attempts=1).describe_jobs()
        server.released.set()


# -- a class that the session puts in --------------------------------------------------------


def inserting(kind: type) -> AioSession:
    def insert(base_classes: list[type], **_: object) -> None:
        base_classes.insert(0, kind)

    return hooked("creating-client-class.drs", insert)


class CopiesAnswers:
    async def _make_api_call(self, operation: str, parameters: Any) -> object:  # noqa: ANN401
        answered = await super()._make_api_call(operation, parameters)  # type: ignore[misc]
        return {"job": None, **answered}


async def test_a_class_that_hands_back_a_copy_does_not_lose_the_job() -> None:
    session = inserting(CopiesAnswers)
    async with loopback(LAUNCHED) as server, client_for(server, session=session) as drs:
        response = await drs.start_recovery(SERVERS)
    assert response.job is not None
    assert response.job.job_id == JOB["jobID"]


class KeepsQuiet:
    """Makes an empty answer of whatever goes wrong."""

    async def _make_api_call(self, operation: str, parameters: Any) -> object:  # noqa: ANN401
        try:
            return await super()._make_api_call(operation, parameters)  # type: ignore[misc]
        except Exception:  # noqa: BLE001 - that is what it is here for
            return {}


class KeepsQuietOnBeingStopped:
    async def _make_api_call(self, operation: str, parameters: Any) -> object:  # noqa: ANN401
        try:
            return await super()._make_api_call(operation, parameters)  # type: ignore[misc]
        except asyncio.CancelledError:
            return {}


KEPT_QUIET: list[tuple[Step, type[DRSError], type[DRSError]]] = [
    (hang_up, AmbiguousOutcomeError, ConnectionFailedError),
    (truncate, AmbiguousOutcomeError, ConnectionFailedError),
    (answer(b"<html>"), AmbiguousOutcomeError, ResponseDecodeError),
    (refuse(500), AmbiguousOutcomeError, APIError),
    (refuse(409, "ConflictException"), ConflictException, ConflictException),
]


@pytest.mark.parametrize(("step", "of_a_launch", "of_a_read"), KEPT_QUIET)
async def test_what_a_class_keeps_quiet_about_is_told(
    step: Step, of_a_launch: type[DRSError], of_a_read: type[DRSError]
) -> None:
    session = inserting(KeepsQuiet)
    async with loopback(step) as server, client_for(server, session=session) as drs:
        with pytest.raises(of_a_launch):
            await drs.start_recovery(SERVERS)
        assert len(server.requests) == 1
        with pytest.raises(of_a_read):
            await drs.describe_jobs()


async def test_a_class_that_keeps_a_refusal_quiet_does_not_hinder_another_attempt() -> None:
    session = inserting(KeepsQuiet)
    async with loopback(THROTTLE, LAUNCHED) as server, client_for(server, session=session) as drs:
        response = await drs.start_recovery(SERVERS)
    assert response.job is not None
    assert len(server.requests) == 2


async def test_a_class_that_keeps_quiet_about_being_stopped_loses_no_launch() -> None:
    session = inserting(KeepsQuietOnBeingStopped)
    async with loopback(stay_silent) as server, client_for(server, session=session) as drs:
        task = asyncio.create_task(drs.start_recovery(SERVERS))
        await server.arrived.acquire()
        task.cancel()
        with pytest.raises(AmbiguousOutcomeError, match="kept its answer to itself"):
            await task


class AsksFirst:
    async def _make_api_call(self, operation: str, parameters: Any) -> object:  # noqa: ANN401
        call: Callable[..., Any] = super()._make_api_call  # type: ignore[misc]
        await call("StartRecovery" if operation != "StartRecovery" else "DescribeJobs", {})
        return await call(operation, parameters)


@pytest.mark.parametrize("method", ["start_recovery", "describe_jobs"])
async def test_a_class_sends_nothing_else_on_a_calls_permit(method: str) -> None:
    session = inserting(AsksFirst)
    async with loopback() as server, client_for(server, session=session) as drs:
        with pytest.raises(DRSError, match="needs a client of its own") as caught:
            await (
                drs.start_recovery(SERVERS) if method == "start_recovery" else drs.describe_jobs()
            )
        assert not server.requests
    assert not isinstance(caught.value, AmbiguousOutcomeError)


class SendsByItself:
    """Goes around `before-call`, to botocore's own endpoint."""

    async def _make_api_call(self, operation: str, parameters: Any) -> object:  # noqa: ANN401
        me: Any = self
        events = me.meta.events

        async def past(model: Any, params: Any, **_: object) -> object:  # noqa: ANN401
            for _ in range(3):
                try:
                    await me._endpoint.make_request(model, params)
                except Exception as error:  # noqa: BLE001 - whatever it is, once more
                    last = error
            raise last

        events.register_first("before-call", past)
        return await super()._make_api_call(operation, parameters)  # type: ignore[misc]


async def test_botocores_own_endpoint_sends_nothing() -> None:
    session = inserting(SendsByItself)
    async with loopback() as server, client_for(server, session=session) as drs:
        with pytest.raises(DRSError, match="past the client's own loop"):
            await drs.start_recovery(SERVERS)
        assert not server.requests


@pytest.mark.parametrize(
    "step",
    [moved(301), moved(307), moved(308), truncate, hang_up, refuse(503), answer(b"<")],
    ids=["301", "307", "308", "truncated", "closed", "503", "no JSON"],
)
async def test_every_kind_of_hook_at_once_sends_one_launch(step: Step) -> None:
    """All hooks answer "again", and a class calls twice."""

    class Twice:
        async def _make_api_call(self, operation: str, parameters: Any) -> object:  # noqa: ANN401
            call: Callable[..., Any] = super()._make_api_call  # type: ignore[misc]
            try:
                return await call(operation, parameters)
            except Exception:  # noqa: BLE001 - whatever it is, once more
                return await call(operation, parameters)

    session = inserting(Twice)
    for event in ["needs-retry", "response-received", "after-call", "after-call-error"]:
        for level in LEVELS:
            for place in PLACES:
                getattr(emitter(session), place)(level.format(event), lambda **_: 0)
    async with loopback(step) as server, client_for(server, session=session) as drs:
        with pytest.raises(DRSError):
            await drs.start_recovery(SERVERS)
        assert len(server.requests) == 1


async def test_a_refusal_of_the_service_is_no_hooks_doing() -> None:
    calls: list[tuple[str, str, str]] = []
    async with (
        loopback(refuse(409, "ConflictException")) as server,
        client_for(server, session=with_every_hook(calls)) as drs,
    ):
        with pytest.raises(APIError) as caught:
            await drs.start_recovery(SERVERS)
    assert type(caught.value) is ConflictException
