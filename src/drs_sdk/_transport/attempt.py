"""One attempt: what happens in botocore's place between ``before-call`` and ``after-call``.

botocore resolves the endpoint and serialises, then asks the hooks of ``before-call`` for an
answer, the least specific and the last ones last: that is where ours stands, so every hook of the
session is asked before. It emits what botocore's own endpoint layer would have emitted. The
client's signer is a hook of ``request-created``, so nothing is signed here. Retries are asked of
nobody, and the body of a success is not shown to botocore's parser: it becomes a model at once,
which travels on the call.
"""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, cast

from botocore.awsrequest import create_request_object  # pyright: ignore[reportUnknownVariableType]
from botocore.exceptions import ClientError
from botocore.hooks import first_non_none_response  # pyright: ignore[reportUnknownVariableType]
from pydantic_core import to_json

from drs_sdk._core.base import ResponseMetadata, unread_of
from drs_sdk._core.errors import CredentialsError, DRSError
from drs_sdk._transport.beyond import put_in
from drs_sdk._transport.call import Stage, call_under_way, current_call
from drs_sdk._transport.deadlines import Deadlines
from drs_sdk._transport.decoding import decode
from drs_sdk._transport.error_answers import parse_error
from drs_sdk._transport.explaining import refusal_of
from drs_sdk._transport.freshness import RequestExpiredError
from drs_sdk._transport.http import HTTPResponse
from drs_sdk._transport.skew import Sample

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    from drs_sdk._core.base import Response
    from drs_sdk._transport.beyond import Service
    from drs_sdk._transport.call import Call
    from drs_sdk._transport.error_answers import OperationModel
    from drs_sdk._transport.http import HTTPSession, PreparedRequest
    from drs_sdk.clock import Clock

CREDENTIALS_TIMEOUT = 60.0
"""Seconds that the providers of credentials have, when a client opens or a call is signed."""

_FIRST_ERROR_STATUS = 300


class Events(Protocol):
    """What is used of a client's hooks."""

    def register(self, event_name: str, handler: Callable[..., object]) -> None:
        """Call a handler in the order of registration."""
        ...

    def register_first(self, event_name: str, handler: Callable[..., object]) -> None:
        """Call a handler before all that are registered otherwise."""
        ...

    def register_last(self, event_name: str, handler: Callable[..., object]) -> None:
        """Call a handler after all that are registered otherwise."""
        ...

    async def emit(self, event_name: str, **arguments: object) -> list[tuple[object, object]]:
        """Call the handlers, the most specific first; give each with its answer."""
        ...


class _Answer(Protocol):
    """What is used of an HTTP answer, ours or a hook's."""

    status_code: int
    headers: Mapping[str, str]

    @property
    def content(self) -> bytes | Awaitable[bytes]: ...


class _Request(Protocol):
    """What is used of a request that botocore is about to sign."""

    context: dict[str, object]
    headers: MutableMapping[str, str | bytes]

    def prepare(self) -> _Prepared: ...


class _Prepared(Protocol):
    method: str
    url: str
    headers: MutableMapping[str, str | bytes]
    body: bytes | None


class Attempts:
    """Makes the attempts of one client."""

    def __init__(
        self, events: Events, http: HTTPSession, *, clock: Clock, max_response_bytes: int
    ) -> None:
        """Take botocore's place from now on."""
        self._last_answer: Sample | None = None
        self._events = events
        self._http = http
        self._clock = clock
        self._max_bytes = max_response_bytes
        self._signing: Deadlines[Call] = Deadlines(_nobody_signs)
        events.register_first("before-call.drs", _go_beyond)
        events.register_last("before-call", self._answer)
        events.register_last("before-sign", self._begins_signing)
        events.register("request-created.drs", self._has_signed)  # right after the client's signer

    async def _answer(
        self,
        model: OperationModel,
        params: dict[str, object],
        context: dict[str, object],
        **_: object,
    ) -> tuple[object, dict[str, object]]:
        call = call_under_way()
        if model.name != call.sent_as:
            raise DRSError(
                f"{model.name} was called in the midst of a {call.operation}, and not sent; a "
                "class or a hook that has to ask the service needs a client of its own"
            )
        call.stage = Stage.HOOKS
        call.broke = None
        try:
            return await self._exchange(call, model, params, context)
        except Exception as error:
            call.broke = error
            stage, call.stage = call.stage, Stage.HOOKS
            await self._events.emit(
                f"after-call-error.drs.{model.name}", exception=error, context=context
            )
            call.stage = stage
            raise

    async def _exchange(
        self,
        call: Call,
        model: OperationModel,
        params: dict[str, object],
        context: dict[str, object],
    ) -> tuple[object, dict[str, object]]:
        self._count(call, context)
        request = cast("_Request", create_request_object(params))
        await self._sign(request, call)
        prepared = request.prepare()
        for name, value in request.headers.items():
            if isinstance(value, str):  # hooks find bytes there, as botocore's endpoint has them
                prepared.headers[name] = value.encode("utf-8")
        event = f"response-received.drs.{model.name}"
        try:
            http = await self._sent(call, prepared, context)
        except Exception as error:
            stage, call.stage = call.stage, Stage.HOOKS
            await self._events.emit(
                event, response_dict=None, parsed_response=None, context=context, exception=error
            )
            call.stage = stage
            raise
        call.stage = Stage.SENDING
        answer: dict[str, object] = {
            "headers": http.headers,
            "status_code": http.status_code,
            "context": {"operation_name": model.name},
            "body": http.body if isinstance(http, HTTPResponse) else await _content_of(http),
        }
        parsed = _parsed(call, answer, model)
        call.stage = Stage.HOOKS
        await self._events.emit(
            event, response_dict=answer, parsed_response=parsed, context=context, exception=None
        )
        return http, parsed

    def _count(self, call: Call, context: dict[str, object]) -> None:
        """Have the service told which attempt this is, as botocore's endpoint would."""
        retries = cast("dict[str, object]", context.setdefault("retries", {}))
        retries["attempt"] = call.attempt
        retries["invocation-id"] = call.invocation_id
        skew = self._last_answer.skew if call.attempt > 1 and self._last_answer else None
        if skew is None:
            return
        wait = _read_timeout(call, context)
        if wait is None:
            wait = cast("_Config", context["client_config"]).read_timeout
        if wait is not None:
            ends = self._clock.now() + timedelta(seconds=wait) + skew
            retries["ttl"] = ends.strftime("%Y%m%dT%H%M%SZ")

    async def _sign(self, request: _Request, call: Call) -> None:
        """Emit ``request-created``: a hook of botocore's own signs there."""
        try:
            await self._events.emit(
                f"request-created.drs.{call.sent_as}",
                request=request,
                operation_name=call.sent_as,
            )
        finally:
            self._signing.clear(call)
        if call.is_unsigned:  # it is being ended for that, so it must not leave any more
            raise no_credentials_in_time(call.operation)

    def _begins_signing(self, **_: object) -> None:
        """Stand behind every hook of ``before-sign``: what fails from now on is the signer's."""
        call = call_under_way()
        call.stage = Stage.SIGNING
        self._signing.set(call, CREDENTIALS_TIMEOUT)

    def _has_signed(self, request: _Request, **_: object) -> None:
        """Stand right behind the signer: what fails from now on is a hook's."""
        call = call_under_way()
        call.stage = Stage.HOOKS
        self._signing.clear(call)
        # botocore has put the attempts there that it knows of: one.
        retries = cast("dict[str, object]", request.context.setdefault("retries", {}))
        retries["max"] = call.max_attempts

    async def _sent(
        self, call: Call, prepared: _Prepared, context: Mapping[str, object]
    ) -> _Answer:
        """Ask the hooks of ``before-send`` for an answer, else the service."""
        answered = await self._events.emit(f"before-send.drs.{call.sent_as}", request=prepared)
        found = cast("_Answer | None", first_non_none_response(answered))
        if found is not None:
            call.has_left = call.in_flight = True  # whoever answers may have asked the service
            return found
        still_valid = call.options.still_valid
        if still_valid is not None and not still_valid():
            raise RequestExpiredError(
                f"{call.operation} was not sent: what it stands on held no longer",
                operation=call.operation,
            )
        call.stage = Stage.SENDING
        call.answered_before = self._last_answer
        # aiohttp's timers and connections keep the context that they were made in: without the
        # call, as they would keep it alive, and its answer.
        aside = current_call.set(None)
        try:
            answer = await self._http.exchange(
                cast("PreparedRequest", prepared),
                leaves=call.leaves,
                once=call.permit is not None,
                max_bytes=self._max_bytes,
                read_timeout=_read_timeout(call, context),
            )
        finally:
            current_call.reset(aside)
        date = answer.headers.get("Date")
        self._last_answer = Sample(date, call.sent_at, self._clock.now())
        return answer


def _nobody_signs(call: Call) -> None:
    call.is_unsigned = True
    call.end()


class _Operation(Protocol):
    """What is used of what botocore knows of an operation."""

    service_model: Service


def _go_beyond(params: dict[str, object], model: _Operation, **_: object) -> None:
    """Put in what the service model lacks, before anybody looks at the request."""
    call = call_under_way()
    put_in(params, call.request, call.options.extra_members, model.service_model)


async def _content_of(http: _Answer) -> bytes:
    content = http.content
    return await content if inspect.isawaitable(content) else content


class _Config(Protocol):
    read_timeout: float | None


def _read_timeout(call: Call, context: Mapping[str, object]) -> float | None:
    """Find how long to wait: as the view says, or a hook that has put it into the context."""
    given = call.options.read_timeout
    return given if given is not None else cast("float | None", context.get("read_timeout"))


def no_credentials_in_time(operation: str | None = None) -> CredentialsError:
    """Make the error of a credential provider that hangs."""
    what = "no credentials" if operation is None else f"{operation} was not sent"
    return CredentialsError(
        f"{what}: the credential provider has not answered within {CREDENTIALS_TIMEOUT:g} s; look "
        "at its command (credential_process), or at the way to the service that it asks",
        operation=operation,
    )


def _parsed(call: Call, answer: dict[str, object], model: OperationModel) -> dict[str, object]:
    """Read an answer, and give what hooks and botocore look at."""
    headers = cast("Mapping[str, str]", answer["headers"])
    status = cast("int", answer["status_code"])
    parsed: dict[str, object]
    metadata: dict[str, object]
    if status >= _FIRST_ERROR_STATUS:
        parsed = parse_error(answer, model)
        call.refusal = refusal_of(parsed, headers)
        call.broke = ClientError(parsed, call.sent_as)  # pyright: ignore[reportArgumentType]
        metadata = cast("dict[str, object]", parsed.setdefault("ResponseMetadata", {}))
    else:
        metadata = {
            "HTTPStatusCode": status,
            "HTTPHeaders": {name.lower(): value for name, value in headers.items()},
        }
        if "x-amzn-requestid" in headers:
            metadata["RequestId"] = headers["x-amzn-requestid"]
        parsed = {"ResponseMetadata": metadata}
        call.response = _read(call, cast("bytes", answer["body"]), metadata)
    metadata["RetryAttempts"] = call.attempt - 1
    return parsed


def response_of(call: Call, parsed: Mapping[str, object]) -> Response:
    """Give the response of an attempt: the service's answer, if there is one.

    Args:
        call: What was called.
        parsed: What botocore handed back: of no interest, unless a hook has answered in the
            service's place. A class of the session's may have copied or changed it.

    Raises:
        Exception: What ended the attempt, where a class of the session's keeps it to itself.
    """
    if call.response is not None:
        return call.response
    if call.broke is not None:
        raise call.broke
    if call.has_left:
        raise DRSError(
            f"{call.operation} was sent, and a class of the session has kept its answer to itself"
        )
    metadata = cast("Mapping[str, object]", parsed.get("ResponseMetadata") or {})
    members = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    return _read(call, to_json(members), metadata)


def _read(call: Call, body: bytes, metadata: Mapping[str, object]) -> Response:
    """Turn the JSON of a success into the response, with what botocore tells beside it."""
    request_id = cast("str | None", metadata.get("RequestId"))
    status = cast("int", metadata.get("HTTPStatusCode", 200))
    response, unparsed = decode(
        call.request.response_type,
        body,
        operation=call.operation,
        request_id=request_id,
        http_status=status,
        unread=unread_of(call.request),
    )
    return response.with_metadata(
        ResponseMetadata(
            request_id=request_id,
            http_status=status,
            headers=cast("dict[str, str]", metadata.get("HTTPHeaders", {})),
            retry_attempts=call.attempt - 1,
            unparsed=unparsed,
        )
    )
