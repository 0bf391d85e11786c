"""The client under the client, and the life of one call.

botocore resolves endpoints, serialises and signs. It neither checks parameters, as the request
models have, nor parses answers: a ``before-parse`` handler takes the bytes away, and pydantic-core
reads them straight into models. Attempts are repeated by our own rules, in a ``needs-retry``
handler that answers before botocore's.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar, cast
from uuid import uuid4

from botocore import xform_name  # pyright: ignore[reportUnknownVariableType]
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    NoRegionError,
    ProfileNotFound,
)

from drs_sdk._core.base import Request, Response, ResponseMetadata, unread_of
from drs_sdk._core.errors import ClientClosedError, DRSError, RequestValidationError
from drs_sdk._transport import retrying
from drs_sdk._transport.aws.roles import working_session
from drs_sdk._transport.aws.sessions import (
    config_for,
    find_credentials,
    max_attempts_for,
    region_for,
    require_secure,
    signs_with_found_credentials,
    static_keys,
    verify_for,
    with_session_config,
)
from drs_sdk._transport.beyond import botocore_call, put_in
from drs_sdk._transport.call import Call
from drs_sdk._transport.decoding import decode
from drs_sdk._transport.error_answers import tame
from drs_sdk._transport.explaining import (
    explain,
    failure_of,
    lost_answer,
    no_credentials,
    not_opened,
)
from drs_sdk._transport.http import MAX_RESPONSE_BYTES, PERMIT
from drs_sdk._transport.permit import Permit

if TYPE_CHECKING:
    from drs_sdk._transport.beyond import Service
    from drs_sdk._transport.explaining import Answer
    from drs_sdk._transport.settings import AioSession, CallOptions, ClientSettings

ResponseT = TypeVar("ResponseT", bound=Response)

logger: logging.Logger = logging.getLogger("drs_sdk")

_BODY = "drs_sdk.body"
_FIRST_ERROR_STATUS = 300

_inherited: list[object] = []
"""What a forked process must neither close nor drop."""

_current: ContextVar[Call] = ContextVar("drs_sdk.call")


_Method: TypeAlias = Callable[..., Awaitable[dict[str, object]]]


class _Events(Protocol):
    def register(self, event_name: str, handler: Callable[..., object]) -> None: ...
    def register_first(self, event_name: str, handler: Callable[..., object]) -> None: ...


class _Meta(Protocol):
    events: _Events
    endpoint_url: str
    region_name: str
    service_model: Service


class _Client(Protocol):
    """What is used of an aiobotocore client, besides its methods."""

    meta: _Meta


class _Operation(Protocol):
    service_model: Service


class _Request(Protocol):
    """What is used of a request that botocore is about to sign."""

    context: dict[str, object]


class Connection:
    """One connection pool, its credentials, and the calls that are under way on it."""

    def __init__(self, settings: ClientSettings) -> None:
        """Take the options; nothing is opened, nothing resolved."""
        self._settings = settings
        self._quota = retrying.RetryQuota()
        self._max_attempts = retrying.DEFAULT_MAX_ATTEMPTS
        self._stack = AsyncExitStack()
        self._client: _Client | None = None
        self._opening: asyncio.Lock | None = None
        self._openers = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0
        self._closed = False
        self._under_way: set[Call] = set()

    @property
    def region_name(self) -> str | None:
        """The Region that requests are signed for; before opening, the one that was given."""
        return self._client.meta.region_name if self._client else self._settings.region_name

    @property
    def endpoint_url(self) -> str | None:
        """Where requests go; before opening, the endpoint that was given."""
        return self._client.meta.endpoint_url if self._client else self._settings.endpoint_url

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent."""
        return self._client is not None

    async def open(self) -> None:
        """Resolve credentials, Region and endpoint. Once open, it does nothing.

        Raises:
            ClientClosedError: It was closed before, or belongs to another loop or process.
            ConfigurationError: No Region, no such profile, a bad endpoint or option.
            CredentialsError: A credential provider failed.
        """
        if self._opening is None:
            self._opening = asyncio.Lock()
            self._loop = asyncio.get_running_loop()
            self._pid = os.getpid()
        self._check_usable()
        self._openers += 1
        try:
            async with self._opening:
                if self._client is None:
                    self._client = await self._opened()
        finally:
            self._openers -= 1
            if self._client is None and not self._openers:  # it failed: any loop may try again
                self._opening = self._loop = None
                self._pid = 0

    async def aclose(self) -> None:
        """Close the connections; calls under way end with `ClientClosedError`.

        In a process that was forked since, nothing is closed: the connections are the parent's.

        Raises:
            ClientClosedError: It belongs to another event loop, which still lives.
        """
        loop = asyncio.get_running_loop()
        if self._pid and self._pid != os.getpid():
            # Its sockets are the parent's, too. What lets go of them would close them there.
            _inherited.append((self._client, self._stack))
            self._closed, self._client = True, None
            return
        if self._loop is not None and self._loop is not loop and not self._loop.is_closed():
            raise ClientClosedError("the client belongs to another event loop; close it there")
        self._closed = True
        self._client = None
        try:
            if self._loop is loop:
                under_way = list(self._under_way)
                for call in under_way:
                    if not call.scope.expired():  # else it is being ended already
                        call.scope.reschedule(loop.time())
                await asyncio.gather(*(call.ended.wait() for call in under_way))
        finally:
            await self._stack.aclose()

    async def send(self, request: Request[ResponseT], options: CallOptions) -> ResponseT:
        """Send a request and return its response, after as many attempts as it takes."""
        if not isinstance(request, Request):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            raise _no_request(request)
        self._check_usable()
        if (client := self._client) is None:
            raise ClientClosedError(
                "the client is not open: use `async with DRSClient(...) as drs`, or "
                "`await drs.open()`"
            )
        request = _with_client_token(request)
        operation, parameters = botocore_call(
            cast("Request[Response]", request), options.extra_members, client.meta.service_model
        )
        call = Call(
            request=cast("Request[Response]", request),
            options=options,
            max_attempts=options.max_attempts or self._max_attempts,
            sent_at=self._settings.clock.now(),
            permit=Permit() if request.safety == "unsafe" else None,
            hook=self._settings.on_request,
        )
        call.started(client.meta.endpoint_url, client.meta.region_name)
        reset = _current.set(call)
        self._under_way.add(call)
        try:
            async with call.scope:
                answer = await _method(client, operation)(**parameters)
                response = _read(request, answer)
        except Exception as error:
            cut_off = self._closed and call.scope.expired()
            explained = explain(_closed_in_flight() if cut_off else error, call)
            if cut_off:
                explained.__cause__ = lost_answer(call, "the client was closed") or error
            call.failed(explained)
            if explained is error:
                raise
        except BaseException as stopped:
            call.failed(None)
            lost = lost_answer(call, f"{type(stopped).__name__} came first")
            if lost is not None and stopped.__cause__ is None:
                stopped.__cause__ = lost  # what a look for the outcome needs
            raise
        else:
            self._quota.give_back(call.tokens)
            call.succeeded(response.response_metadata)
            return response
        finally:
            self._under_way.discard(call)
            call.ended.set()
            _current.reset(reset)
        raise explained  # out here, so that no context is chained but the cause that it names

    async def _opened(self) -> _Client:
        async with AsyncExitStack() as failed:
            failed.push_async_callback(self._stack.aclose)
            client = await self._create_client()
            if self._closed:
                raise ClientClosedError("the client was closed while it was opening")
            failed.pop_all()
        return client

    async def _create_client(self) -> _Client:
        try:
            settings = with_session_config(self._settings)
            session = working_session(settings)
            self._max_attempts = max_attempts_for(session, settings)
            config = config_for(session, settings)
            if signs_with_found_credentials(config, settings):
                await _find_credentials(session, settings)
            context = session.create_client(  # pyright: ignore[reportUnknownMemberType]
                "drs",
                region_name=region_for(settings),
                endpoint_url=settings.endpoint_url,
                verify=verify_for(session, settings),
                config=config,
                **static_keys(settings),
            )
            client = cast("_Client", await self._stack.enter_async_context(context))
        except (BotoCoreError, ClientError, ValueError, TypeError) as error:
            raise not_opened(error) from error
        require_secure(client.meta.endpoint_url, allowed=settings.allow_insecure_endpoint)
        events = client.meta.events
        events.register("before-parameter-build.drs", self._before_build)
        events.register_first("before-call.drs", _go_beyond)
        events.register_first("needs-retry.drs", self._needs_retry)
        events.register("request-created.drs", _count_to)
        events.register("before-sign.drs", _signing)
        events.register("before-send.drs", self._leaving)
        events.register("before-parse.drs", _take_body)
        return client

    def _check_usable(self) -> None:
        if self._closed:
            raise ClientClosedError("the client is closed; make a new one")
        if self._pid and self._pid != os.getpid():
            raise ClientClosedError("the client was opened before a fork; open one in each process")
        if self._loop is not None and self._loop is not asyncio.get_running_loop():
            raise ClientClosedError("the client belongs to another event loop; open one in each")

    def _before_build(self, context: dict[str, object], **_: object) -> None:
        context[MAX_RESPONSE_BYTES] = self._settings.max_response_bytes
        call = _current.get()
        context[PERMIT] = call.permit
        read_timeout = call.options.read_timeout
        if read_timeout is not None:
            context["read_timeout"] = read_timeout

    def _leaving(self, **_: object) -> None:
        _current.get().leaves(self._settings.clock.now())

    async def _needs_retry(
        self,
        attempts: int,
        response: tuple[Answer, dict[str, object]] | None = None,
        caught_exception: Exception | None = None,
        **_: object,
    ) -> float | None:
        """Answer botocore's question: None for no, else the seconds to sleep, already slept."""
        call = _current.get()
        call.attempt = attempts
        if response is not None and response[0].status_code < _FIRST_ERROR_STATUS:
            return None
        failure = failure_of(response, caught_exception)
        call.attempt_failed(failure)
        safe = retrying.may_resend(call.request.safety, failure)
        if not safe or (call.permit and call.is_ambiguous) or attempts >= call.max_attempts:
            return None
        call.tokens = self._quota.take(is_timeout=failure.is_timeout)
        if not call.tokens:
            logger.warning(
                "%s is not retried: too many calls fail, the retry quota is used up",
                call.operation,
                extra={"operation": call.operation, "attempt": attempts},
            )
            return None
        delay = retrying.backoff(attempts, failure.retry_after)
        call.retried(failure, delay)
        await self._settings.clock.sleep(delay)
        call.attempt = attempts + 1
        if call.permit is not None:
            call.permit.grant()
        return 0


async def _find_credentials(session: AioSession, settings: ClientSettings) -> None:
    """Ask the providers, as botocore is about to: here, what fails is known to be theirs."""
    try:
        await find_credentials(session, settings)
    except (DRSError, ConfigParseError, NoRegionError, ProfileNotFound):
        raise
    except Exception as error:
        raise no_credentials(error) from error


def _no_request(given: object) -> RequestValidationError:
    what = "a request object, such as StartRecoveryRequest(...)"
    return RequestValidationError.of("request", f"must be {what}, got {type(given).__name__}")


def _closed_in_flight() -> ClientClosedError:
    return ClientClosedError("the client was closed while the call was under way")


def _method(client: _Client, operation: str) -> Callable[..., Awaitable[dict[str, object]]]:
    return cast("_Method", getattr(client, xform_name(operation)))


def _with_client_token(request: Request[ResponseT]) -> Request[ResponseT]:
    """Fill in the idempotency token where there is one and the caller gave none."""
    member = request.token_member
    if member is None or getattr(request, member) is not None:
        return request
    return request.model_copy(update={member: str(uuid4())})


def _count_to(request: _Request, **_: object) -> None:
    """Tell the service of how many attempts this is one: botocore knows of a single one."""
    retries = cast("dict[str, object]", request.context.setdefault("retries", {}))
    retries["max"] = _current.get().max_attempts


def _go_beyond(params: dict[str, object], model: _Operation, **_: object) -> None:
    """Put in what the service model lacks, before anybody looks at the request."""
    call = _current.get()
    put_in(params, call.request, call.options.extra_members, model.service_model)


def _signing(**_: object) -> None:
    _current.get().is_signing = True


def _take_body(
    response_dict: dict[str, object], customized_response_dict: dict[str, object], **_: object
) -> None:
    """Keep the bytes of a success from botocore's parser, for ours; make an error safe for it."""
    status = cast("int", response_dict["status_code"])
    if status < _FIRST_ERROR_STATUS:
        customized_response_dict[_BODY] = response_dict["body"]
        response_dict["body"] = b""
    elif status == _FIRST_ERROR_STATUS:  # botocore's parser reads it as a success
        response_dict["body"] = b"{}"
    else:
        customized_response_dict.update(tame(response_dict))


def _read(request: Request[ResponseT], answer: dict[str, object]) -> ResponseT:
    metadata = cast("dict[str, object]", answer["ResponseMetadata"])
    request_id = cast("str | None", metadata.get("RequestId"))
    status = cast("int", metadata["HTTPStatusCode"])
    response, unparsed = decode(
        cast("type[ResponseT]", request.response_type),
        cast("bytes", answer[_BODY]),
        operation=request.operation,
        request_id=request_id,
        http_status=status,
        unread=unread_of(cast("Request[Response]", request)),
    )
    return response.with_metadata(
        ResponseMetadata(
            request_id=request_id,
            http_status=status,
            headers=cast("dict[str, str]", metadata["HTTPHeaders"]),
            retry_attempts=cast("int", metadata["RetryAttempts"]),
            unparsed=unparsed,
        )
    )
