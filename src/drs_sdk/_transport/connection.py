"""The client under the client: its life, and the calls that are made on it.

botocore resolves endpoints, serialises and signs. It neither checks parameters, as the request
models have, nor sends, repeats or parses: `retrying` has the loop over attempts, `attempt` what
happens in one of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, cast
from uuid import uuid4

from botocore import xform_name  # pyright: ignore[reportUnknownVariableType]
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    NoRegionError,
    ProfileNotFound,
)

from drs_sdk._core.base import Request, Response
from drs_sdk._core.errors import ClientClosedError, DRSError, RequestValidationError
from drs_sdk._core.home import Home
from drs_sdk._transport import attempt, retrying
from drs_sdk._transport.attempt import Attempts, response_of
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
from drs_sdk._transport.beyond import botocore_call
from drs_sdk._transport.call import Call, current_call
from drs_sdk._transport.explaining import (
    explain,
    failure_of,
    lost_answer,
    no_credentials,
    not_opened,
)
from drs_sdk._transport.http import HTTPSession
from drs_sdk._transport.permit import Permit

if TYPE_CHECKING:
    from drs_sdk._transport.attempt import Events
    from drs_sdk._transport.beyond import Service
    from drs_sdk._transport.settings import AioSession, CallOptions, ClientSettings

ResponseT = TypeVar("ResponseT", bound=Response)

_inherited: list[object] = []
"""What a forked process must neither close nor drop."""

_Method: TypeAlias = Callable[..., Awaitable[dict[str, object]]]


class _Meta(Protocol):
    events: Events
    endpoint_url: str
    region_name: str
    service_model: Service


class _Client(Protocol):
    """What is used of an aiobotocore client, besides its methods."""

    meta: _Meta


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
        self._home = Home("client")
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
            self._home.settle()
        self.require_usable()
        self._openers += 1
        try:
            async with self._opening:
                if self._client is None:
                    self._client = await self._opened()
        finally:
            self._openers -= 1
            if self._client is None and not self._openers:  # it failed: any loop may try again
                self._opening = None
                self._home.leave()

    async def aclose(self) -> None:
        """Close the connections; calls under way end with `ClientClosedError`.

        In a process that was forked since, nothing is closed: the connections are the parent's.

        Raises:
            ClientClosedError: It belongs to another event loop, which still lives.
        """
        if self._home.is_in_a_fork:
            # Its sockets are the parent's, too. What lets go of them would close them there.
            _inherited.append((self._client, self._stack))
            self._closed, self._client = True, None
            return
        self._home.require_closable()
        self._closed = True
        self._client = None
        try:
            if self._home.is_here:
                ends: list[asyncio.Event] = []
                for call in self._under_way:
                    call.end()
                    call.ended = call.ended or asyncio.Event()
                    ends.append(call.ended)
                await asyncio.gather(*(ended.wait() for ended in ends))
        finally:
            await self._stack.aclose()

    async def send(self, request: Request[ResponseT], options: CallOptions) -> ResponseT:
        """Send a request and return its response, after as many attempts as it takes."""
        if not isinstance(request, Request):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            raise _no_request(request)
        self.require_usable()
        if (client := self._client) is None:
            raise ClientClosedError(
                "the client is not open: use `async with DRSClient(...) as drs`, or "
                "`await drs.open()`"
            )
        call, once = self._begun(client, cast("Request[Response]", request), options)
        call.started(client.meta.endpoint_url, client.meta.region_name)
        reset = current_call.set(call)
        self._under_way.add(call)
        try:
            async with call.scope:
                response = await retrying.repeat(
                    once, call, judge=failure_of, quota=self._quota, clock=call.clock
                )
        except Exception as error:
            ended = self._why_ended(call)
            explained = explain(ended or error, call)
            if ended is not None:
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
            call.succeeded(response.response_metadata)
            return cast("ResponseT", response)
        finally:
            self._under_way.discard(call)
            if call.ended is not None:
                call.ended.set()
            current_call.reset(reset)
        raise explained  # out here, so that no context is chained but the cause that it names

    def _why_ended(self, call: Call) -> DRSError | None:
        """Say why a call was ended from outside; None where it was not."""
        if not call.scope.expired():
            return None
        if self._closed:
            return ClientClosedError("the client was closed while the call was under way")
        return attempt.no_credentials_in_time(call.operation) if call.is_unsigned else None

    def _begun(
        self, client: _Client, request: Request[Response], options: CallOptions
    ) -> tuple[Call, Callable[[], Awaitable[Response]]]:
        """Make a call of a request, and what makes one attempt of it."""
        request = _with_client_token(request)
        extra, service = options.extra_members, client.meta.service_model
        sent_as, parameters = botocore_call(request, extra, service)
        call = Call(
            request=request,
            options=options,
            max_attempts=options.max_attempts or self._max_attempts,
            sent_at=self._settings.clock.now(),
            sent_as=sent_as,
            permit=Permit() if request.safety == "unsafe" else None,
            hook=self._settings.on_request,
            clock=self._settings.clock,
        )
        method = _method(client, sent_as)

        async def once() -> Response:
            given = parameters
            if call.attempt > 1:  # dumped anew: a hook may have changed what it was shown
                _, given = botocore_call(call.request, extra, service)
            return response_of(call, await method(**given))

        return call, once

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
            opened, kind = _noted()
            config = config_for(session, settings, kind)
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
            if not client.meta.region_name:  # the profile says so: botocore would sign for it
                raise NoRegionError
        except (BotoCoreError, ClientError, ValueError, TypeError) as error:
            raise not_opened(error) from error
        require_secure(client.meta.endpoint_url, allowed=settings.allow_insecure_endpoint)
        # After every hook of the session's, and after botocore's own.
        Attempts(
            client.meta.events,
            opened[-1],
            clock=settings.clock,
            max_response_bytes=settings.max_response_bytes,
        )
        return client

    @property
    def is_at_home(self) -> bool:
        """Whether this is the event loop and the process that opened it, if any did."""
        return self._home.is_here

    def require_usable(self) -> None:
        """Refuse to work once it is closed, and elsewhere than where it was opened.

        Raises:
            ClientClosedError: It is closed, or belongs to another event loop or process.
        """
        if self._closed:
            raise ClientClosedError("the client is closed; make a new one")
        self._home.require()


def _noted() -> tuple[list[HTTPSession], type[HTTPSession]]:
    """Make a kind of session that notes what is made of it: aiobotocore makes and keeps it."""
    made: list[HTTPSession] = []

    class Noted(HTTPSession):
        def __init__(self, **options: Any) -> None:  # noqa: ANN401 - botocore's own options
            super().__init__(**options)
            made.append(self)

    return made, Noted


async def _find_credentials(session: AioSession, settings: ClientSettings) -> None:
    """Ask the providers, as botocore is about to: here, what fails is known to be theirs."""
    deadline = asyncio.timeout(attempt.CREDENTIALS_TIMEOUT)
    try:
        async with deadline:
            await find_credentials(session, settings)
    except (DRSError, ConfigParseError, NoRegionError, ProfileNotFound):
        raise
    except Exception as error:
        if deadline.expired():
            raise attempt.no_credentials_in_time() from error
        raise no_credentials(error) from error


def _no_request(given: object) -> RequestValidationError:
    what = "a request object, such as StartRecoveryRequest(...)"
    return RequestValidationError.of("request", f"must be {what}, got {type(given).__name__}")


def _method(client: _Client, operation: str) -> Callable[..., Awaitable[dict[str, object]]]:
    return cast("_Method", getattr(client, xform_name(operation)))


def _with_client_token(request: Request[ResponseT]) -> Request[ResponseT]:
    """Fill in the idempotency token where there is one and the caller gave none."""
    member = request.token_member
    if member is None or getattr(request, member) is not None:
        return request
    return request.model_copy(update={member: str(uuid4())})
